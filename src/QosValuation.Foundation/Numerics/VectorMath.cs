using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace QosValuation.Foundation.Numerics;

/// <summary>
/// Logarithm, exponential, sine and cosine of eight numbers at a time, bit for bit those of <see cref="Math"/>, which asks the C library.
/// </summary>
/// <remarks>
/// Each is computed to about 2⁻⁶⁰ in two doubles. The C library's result is the nearest double unless the true value lies close to the middle of two:
/// glibc and musl promise 0.52 units in the last place for logarithm and exponential, and 0.55 for sine and cosine. Where the value lies
/// so close, the C library is asked for that one number; everywhere else the nearest double is what it gives. Tables hold 32 points of each
/// function, and what is left is a short polynomial (Gal 1991; Tang 1989).
/// </remarks>
internal static class VectorMath
{
    /// <summary>The numbers of one step: lengths must be multiples of it.</summary>
    public const int Lanes = 8;

    // The numbers after which those are computed that lie too close: one bit of a word each. A loop over few at a time would be predicted badly.
    private const int Group = 64;

    // How far from the middle of two doubles a value has to be, in units in the last place, beyond half a unit.
    private const double LogMargin = 0.03;
    private const double ExpMargin = 0.02;
    private const double SinCosMargin = 0.07;

    private const double Ln2High = 0.6931471805598903;
    private const double Ln2Low = 5.497923018708371e-14;
    private const double StepOfPowerHigh = 0.021660849392446835;
    private const double StepOfPowerLow = 5.145609244655338e-14;
    private const double StepOfAngleHigh = 0.1963495408493685;
    private const double StepOfAngleLow = -6.431639500331237e-15;

    // Adding it rounds to an integer, which then stands in the last bits.
    private const double Rounder = 6755399441055744;

    private const long FirstMantissa = 0x3FE6000000000000;

    private static readonly double[] Reciprocals =
    [
        1.4382022471910112, 1.4065934065934067, 1.3763440860215055, 1.3473684210526315,
        1.3195876288659794, 1.292929292929293, 1.2673267326732673, 1.2427184466019416,
        1.2190476190476192, 1.1962616822429906, 1.1743119266055047, 1.1531531531531531,
        1.1327433628318584, 1.1130434782608696, 1.0940170940170941, 1.0756302521008403,
        1.0578512396694215, 1.0406504065040652, 1.024, 1.0,
        1.0, 0.9552238805970149, 0.927536231884058, 0.9014084507042254,
        0.8767123287671232, 0.8533333333333334, 0.8311688311688312, 0.810126582278481,
        0.7901234567901234, 0.7710843373493976, 0.7529411764705882, 0.735632183908046,
    ];

    private static readonly double[] Logs =
    [
        -0.36339389418753854, -0.3411707574027787, -0.3194307707663029, -0.29815337231912054,
        -0.27731928541629713, -0.25691041378513546, -0.2369097470784709, -0.21730127569003344,
        -0.19806991376208316, -0.17920142945763473, -0.16068238169054894, -0.14250006260726877,
        -0.12464244520720058, -0.10709813555627079, -0.08985632912185793, -0.07290677080800378,
        -0.05623971832278585, -0.039845908547249564, -0.023716526617363343, 0,
        0, 0.0458095360313564, 0.07522342123752424, 0.10379679368156758,
        0.13157635778861732, 0.15860503017665906, 0.18492233849406148, 0.21056476910735,
        0.23556607131286, 0.25995752443691345, 0.28376817313073843, 0.30702503529482783,
    ];

    private static readonly double[] LogErrors =
    [
        6.123548693617075e-14, 1.1487623689745274e-14, -5.842337148080417e-14, 4.4226634743943384e-14,
        6.280963928484419e-14, 1.0813671501766838e-13, 1.1317312605590504e-13, 5.212682360785768e-14,
        -1.0724333925019129e-14, -7.618694366482639e-14, 7.541554913121681e-14, -1.424776586081915e-14,
        -7.600283491072084e-14, -9.632225339952401e-14, -3.2224888423485385e-15, -8.395257465354395e-14,
        -9.025784838704466e-14, 4.97879585847387e-14, 4.727973103862077e-14, 0,
        0, -6.217926003652218e-14, 6.32785165229136e-14, 7.596381456675372e-14,
        1.0201286338831599e-13, -2.0536542569073097e-14, -4.9551087153338115e-14, -3.494593770341145e-16,
        -9.303908380073764e-14, 1.2569687694606012e-14, -9.382029444882919e-14, 8.404544083573206e-14,
    ];

    private static readonly double[] Powers =
    [
        1.0, 1.0218971486541166, 1.0442737824274138, 1.0671404006768237,
        1.0905077326652577, 1.1143867425958924, 1.1387886347566916, 1.1637248587775775,
        1.189207115002721, 1.215247359980469, 1.241857812073484, 1.2690509571917332,
        1.2968395546510096, 1.3252366431597413, 1.3542555469368927, 1.383909881963832,
        1.4142135623730951, 1.4451808069770467, 1.4768261459394993, 1.5091644275934228,
        1.5422108254079407, 1.5759808451078865, 1.6104903319492543, 1.645755478153965,
        1.681792830507429, 1.718619298122478, 1.7562521603732995, 1.7947090750031072,
        1.8340080864093424, 1.8741676341103, 1.9152065613971474, 1.9571441241754002,
    ];

    private static readonly double[] PowerErrors =
    [
        0, 5.109225028973444e-17, 8.551889705537965e-17, -7.899853966841582e-17,
        -3.046782079812471e-17, 1.0410278456845571e-16, 8.912812676025408e-17, 3.8292048369240935e-17,
        3.982015231465646e-17, -7.712630692681488e-17, 4.658027591836937e-17, 2.667932131342186e-18,
        2.5382502794888315e-17, -2.8587312100388614e-17, 7.70094837980299e-17, -6.770511658794786e-17,
        -9.667293313452913e-17, -3.0237581349939873e-17, -3.483994556892796e-17, -1.016455327754295e-16,
        7.949834809697621e-17, -1.0136916471278304e-17, 2.4707192569797888e-17, -1.0125679913674773e-16,
        8.199010020581497e-17, -1.851380418263111e-17, 2.960140695448873e-17, 1.8227458427912087e-17,
        3.283107224245627e-17, -6.122763413004143e-17, -1.0619946056195963e-16, 8.960767791036668e-17,
    ];

    private static readonly double[] Sines =
    [
        0, 0.19509032201612828, 0.3826834323650898, 0.5555702330196022,
        0.7071067811865476, 0.8314696123025452, 0.9238795325112867, 0.9807852804032304,
        1.0, 0.9807852804032304, 0.9238795325112867, 0.8314696123025452,
        0.7071067811865476, 0.5555702330196022, 0.3826834323650898, 0.19509032201612828,
        0, -0.19509032201612828, -0.3826834323650898, -0.5555702330196022,
        -0.7071067811865476, -0.8314696123025452, -0.9238795325112867, -0.9807852804032304,
        -1.0, -0.9807852804032304, -0.9238795325112867, -0.8314696123025452,
        -0.7071067811865476, -0.5555702330196022, -0.3826834323650898, -0.19509032201612828,
    ];

    private static readonly double[] SineErrors =
    [
        0, -7.991079068461731e-18, -1.0050772696461588e-17, 4.709410940561677e-17,
        -4.833646656726457e-17, 1.4073856984728024e-18, 1.7645047084336677e-17, 1.8546939997825006e-17,
        0, 1.8546939997825006e-17, 1.7645047084336677e-17, 1.4073856984728024e-18,
        -4.833646656726457e-17, 4.709410940561677e-17, -1.0050772696461588e-17, -7.991079068461731e-18,
        0, 7.991079068461731e-18, 1.0050772696461588e-17, -4.709410940561677e-17,
        4.833646656726457e-17, -1.4073856984728024e-18, -1.7645047084336677e-17, -1.8546939997825006e-17,
        0, -1.8546939997825006e-17, -1.7645047084336677e-17, -1.4073856984728024e-18,
        4.833646656726457e-17, -4.709410940561677e-17, 1.0050772696461588e-17, 7.991079068461731e-18,
    ];

    /// <summary>Whether this machine multiplies and adds in one rounding; elsewhere <see cref="Math"/> does all.</summary>
    private static bool IsFast => Vector512.IsHardwareAccelerated || Fma.IsSupported || AdvSimd.Arm64.IsSupported;

    /// <summary>ln x. O(n).</summary>
    /// <param name="values">x, replaced by ln x; a multiple of <see cref="Lanes"/> numbers.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Log(Span<double> values)
    {
        ref double first = ref MemoryMarshal.GetReference(values);
        if (!IsFast)
        {
            foreach (ref double value in values)
            {
                value = Math.Log(value);
            }

            return;
        }

        Vector512<double> one = Vector512<double>.One;
        Span<double> given = stackalloc double[Group];
        ulong open = 0;
        for (int i = 0; i < values.Length; i += Lanes)
        {
            Vector512<double> x = Vector512.LoadUnsafe(ref first, (nuint)i);
            x.StoreUnsafe(ref MemoryMarshal.GetReference(given), (nuint)(i % Group));

            // x = 2^k·z with z in [0.6875, 1.375), and ln x = k ln 2 − ln(1/c) + ln(1 + r) where 1 + r = z/c. Around 1, c is 1.
            Vector512<long> offset = x.AsInt64() - Vector512.Create(FirstMantissa);
            Vector512<long> exponent = Vector512.ShiftRightArithmetic(offset, 52);
            Vector512<long> interval = Vector512.ShiftRightLogical(offset, 47) & Vector512.Create(31L);
            Vector512<double> z = (x.AsInt64() - Vector512.ShiftLeft(exponent, 52)).AsDouble();
            Vector512<double> k = Vector512.ConvertToDouble(exponent);
            Vector512<double> reciprocal = Lookup(Reciprocals, interval);
            Vector512<double> product = z * reciprocal;
            Vector512<double> r = product - one;
            Vector512<double> rest = Vector512.FusedMultiplyAdd(z, reciprocal, -product);
            rest = Vector512.FusedMultiplyAdd(-r, rest, rest);

            Vector512<double> square = r * r;
            Vector512<double> squareRest = Vector512.FusedMultiplyAdd(r, r, -square);
            Vector512<double> q = Vector512.Create(1.0 / 13);
            q = Vector512.FusedMultiplyAdd(q, r, Vector512.Create(-1.0 / 12));
            q = Vector512.FusedMultiplyAdd(q, r, Vector512.Create(1.0 / 11));
            q = Vector512.FusedMultiplyAdd(q, r, Vector512.Create(-1.0 / 10));
            q = Vector512.FusedMultiplyAdd(q, r, Vector512.Create(1.0 / 9));
            q = Vector512.FusedMultiplyAdd(q, r, Vector512.Create(-1.0 / 8));
            q = Vector512.FusedMultiplyAdd(q, r, Vector512.Create(1.0 / 7));
            q = Vector512.FusedMultiplyAdd(q, r, Vector512.Create(-1.0 / 6));
            q = Vector512.FusedMultiplyAdd(q, r, Vector512.Create(1.0 / 5));
            q = Vector512.FusedMultiplyAdd(q, r, Vector512.Create(-1.0 / 4));
            q = Vector512.FusedMultiplyAdd(q, r, Vector512.Create(1.0 / 3));

            Vector512<double> table = Vector512.FusedMultiplyAdd(k, Vector512.Create(Ln2High), Lookup(Logs, interval));
            Vector512<double> low = Vector512.FusedMultiplyAdd(k, Vector512.Create(Ln2Low), Lookup(LogErrors, interval));
            Vector512<double> high = table + r;
            low += (table - high) + r;
            Vector512<double> half = square * 0.5;
            Vector512<double> next = high - half;
            low += (high - next) - half;
            low += Vector512.FusedMultiplyAdd(square * r, q, rest - (squareRest * 0.5));
            Vector512<double> result = next + low;
            result.StoreUnsafe(ref first, (nuint)i);

            Vector512<double> isOrdinary = Vector512.GreaterThanOrEqual(x, Vector512.Create(2.2250738585072014e-308))
                & Vector512.LessThan(x, Vector512.Create(double.PositiveInfinity));
            open |= Open(result, (next - result) + low, LogMargin, isOrdinary) << (i % Group);
            if (IsLastOfGroup(i, values.Length))
            {
                for (int start = i & -Group; open != 0; open &= open - 1)
                {
                    int place = BitOperations.TrailingZeroCount(open);
                    Unsafe.Add(ref first, start + place) = Math.Log(given[place]);
                }
            }
        }
    }

    /// <summary>exp x. O(n).</summary>
    /// <param name="values">x, replaced by exp x; a multiple of <see cref="Lanes"/> numbers.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Exp(Span<double> values)
    {
        ref double first = ref MemoryMarshal.GetReference(values);
        if (!IsFast)
        {
            foreach (ref double value in values)
            {
                value = Math.Exp(value);
            }

            return;
        }

        Vector512<double> rounder = Vector512.Create(Rounder);
        Span<double> given = stackalloc double[Group];
        ulong open = 0;
        for (int i = 0; i < values.Length; i += Lanes)
        {
            // x = n·(ln 2)/32 + r, and exp x = 2^(n/32)·exp r.
            Vector512<double> x = Vector512.LoadUnsafe(ref first, (nuint)i);
            x.StoreUnsafe(ref MemoryMarshal.GetReference(given), (nuint)(i % Group));
            Vector512<double> shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(46.16624130844683), rounder);
            Vector512<double> n = shifted - rounder;
            Vector512<double> coarse = Vector512.FusedMultiplyAdd(-n, Vector512.Create(StepOfPowerHigh), x);
            Vector512<double> r = Vector512.FusedMultiplyAdd(-n, Vector512.Create(StepOfPowerLow), coarse);
            Vector512<double> rest = Vector512.FusedMultiplyAdd(-n, Vector512.Create(StepOfPowerLow), coarse - r);
            Vector512<long> whole = shifted.AsInt64() - rounder.AsInt64();
            Vector512<long> interval = whole & Vector512.Create(31L);
            Vector512<double> power = Lookup(Powers, interval);

            Vector512<double> q = Vector512.Create(1.0 / 5040);
            q = Vector512.FusedMultiplyAdd(q, r, Vector512.Create(1.0 / 720));
            q = Vector512.FusedMultiplyAdd(q, r, Vector512.Create(1.0 / 120));
            q = Vector512.FusedMultiplyAdd(q, r, Vector512.Create(1.0 / 24));
            q = Vector512.FusedMultiplyAdd(q, r, Vector512.Create(1.0 / 6));
            q = Vector512.FusedMultiplyAdd(q, r, Vector512.Create(0.5));
            q = Vector512.FusedMultiplyAdd(q, r * r, rest);

            Vector512<double> product = power * r;
            Vector512<double> high = power + product;
            Vector512<double> error = Lookup(PowerErrors, interval);
            Vector512<double> low = Vector512.FusedMultiplyAdd(power, r, -product) + Vector512.FusedMultiplyAdd(error, r, error);
            low = ((power - high) + product) + Vector512.FusedMultiplyAdd(power, q, low);
            Vector512<double> result = high + low;
            Vector512<long> exponent = Vector512.ShiftLeft(Vector512.ShiftRightArithmetic(whole, 5), 52);
            (result.AsInt64() + exponent).AsDouble().StoreUnsafe(ref first, (nuint)i);

            Vector512<double> isOrdinary = Vector512.LessThanOrEqual(Vector512.Abs(x), Vector512.Create(700.0));
            open |= Open(result, (high - result) + low, ExpMargin, isOrdinary) << (i % Group);
            if (IsLastOfGroup(i, values.Length))
            {
                for (int start = i & -Group; open != 0; open &= open - 1)
                {
                    int place = BitOperations.TrailingZeroCount(open);
                    Unsafe.Add(ref first, start + place) = Math.Exp(given[place]);
                }
            }
        }
    }

    /// <summary>sin x and cos x. O(n).</summary>
    /// <param name="angles">x in [0, 2π], replaced by sin x; a multiple of <see cref="Lanes"/> numbers.</param>
    /// <param name="cosines">Receives cos x.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void SinCos(Span<double> angles, Span<double> cosines)
    {
        cosines = cosines[..angles.Length];
        ref double first = ref MemoryMarshal.GetReference(angles);
        ref double second = ref MemoryMarshal.GetReference(cosines);
        if (!IsFast)
        {
            for (int i = 0; i < angles.Length; i++)
            {
                (angles[i], cosines[i]) = Math.SinCos(angles[i]);
            }

            return;
        }

        Vector512<double> rounder = Vector512.Create(Rounder);
        Span<double> given = stackalloc double[Group];
        ulong openSines = 0;
        ulong openCosines = 0;
        for (int i = 0; i < angles.Length; i += Lanes)
        {
            // x = n·π/16 + r.
            Vector512<double> x = Vector512.LoadUnsafe(ref first, (nuint)i);
            x.StoreUnsafe(ref MemoryMarshal.GetReference(given), (nuint)(i % Group));
            Vector512<double> shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(5.092958178940651), rounder);
            Vector512<double> n = shifted - rounder;
            Vector512<double> coarse = Vector512.FusedMultiplyAdd(-n, Vector512.Create(StepOfAngleHigh), x);
            Vector512<double> r = Vector512.FusedMultiplyAdd(-n, Vector512.Create(StepOfAngleLow), coarse);
            Vector512<double> rest = Vector512.FusedMultiplyAdd(-n, Vector512.Create(StepOfAngleLow), coarse - r);
            Vector512<long> whole = shifted.AsInt64() - rounder.AsInt64();
            Vector512<long> interval = whole & Vector512.Create(31L);
            Vector512<long> quarter = (whole + Vector512.Create(8L)) & Vector512.Create(31L);
            Vector512<double> sine = Lookup(Sines, interval);
            Vector512<double> sineError = Lookup(SineErrors, interval);
            Vector512<double> cosine = Lookup(Sines, quarter);
            Vector512<double> cosineError = Lookup(SineErrors, quarter);

            // sin r = r + s and cos r = 1 + c.
            Vector512<double> square = r * r;
            Vector512<double> s = Vector512.Create(-1.0 / 39916800);
            s = Vector512.FusedMultiplyAdd(s, square, Vector512.Create(1.0 / 362880));
            s = Vector512.FusedMultiplyAdd(s, square, Vector512.Create(-1.0 / 5040));
            s = Vector512.FusedMultiplyAdd(s, square, Vector512.Create(1.0 / 120));
            s = Vector512.FusedMultiplyAdd(s, square, Vector512.Create(-1.0 / 6));
            s = Vector512.FusedMultiplyAdd(s * square, r, rest);
            Vector512<double> c = Vector512.Create(1.0 / 479001600);
            c = Vector512.FusedMultiplyAdd(c, square, Vector512.Create(-1.0 / 3628800));
            c = Vector512.FusedMultiplyAdd(c, square, Vector512.Create(1.0 / 40320));
            c = Vector512.FusedMultiplyAdd(c, square, Vector512.Create(-1.0 / 720));
            c = Vector512.FusedMultiplyAdd(c, square, Vector512.Create(1.0 / 24));
            c = Vector512.FusedMultiplyAdd(c, square, Vector512.Create(-0.5));
            c *= square;

            // Nearer than 2⁻³⁰ to a multiple of π/16 too few digits of r are left.
            Vector512<double> isOrdinary = Vector512.GreaterThan(Vector512.Abs(r), Vector512.Create(9.313225746154785e-10))
                & Vector512.LessThan(x, Vector512.Create(6.3));
            openSines |= Turn(sine, sineError, cosine, cosineError, r, s, c, isOrdinary, ref Unsafe.Add(ref first, i)) << (i % Group);
            openCosines |= Turn(cosine, cosineError, -sine, -sineError, r, s, c, isOrdinary, ref Unsafe.Add(ref second, i)) << (i % Group);
            if (!IsLastOfGroup(i, angles.Length))
            {
                continue;
            }

            int start = i & -Group;
            for (; openSines != 0; openSines &= openSines - 1)
            {
                int place = BitOperations.TrailingZeroCount(openSines);
                Unsafe.Add(ref first, start + place) = Math.Sin(given[place]);
            }

            for (; openCosines != 0; openCosines &= openCosines - 1)
            {
                int place = BitOperations.TrailingZeroCount(openCosines);
                Unsafe.Add(ref second, start + place) = Math.Cos(given[place]);
            }
        }
    }

    // Whether the vector at a place ends a group of numbers, or all of them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsLastOfGroup(int place, int count) => place % Group == Group - Lanes || place + Lanes >= count;

    // a·cos r + b·sin r with a and b in two doubles each; the lanes that are open.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Turn(
        Vector512<double> a,
        Vector512<double> aError,
        Vector512<double> b,
        Vector512<double> bError,
        Vector512<double> r,
        Vector512<double> s,
        Vector512<double> c,
        Vector512<double> isOrdinary,
        ref double target)
    {
        Vector512<double> product = b * r;
        Vector512<double> high = a + product;
        Vector512<double> low = Vector512.FusedMultiplyAdd(b, r, -product) + Vector512.FusedMultiplyAdd(bError, r, aError);
        low = Vector512.FusedMultiplyAdd(a, c, Vector512.FusedMultiplyAdd(b, s, low));
        low += (a - high) + product;
        Vector512<double> result = high + low;
        result.StoreUnsafe(ref target);
        return Open(result, (high - result) + low, SinCosMargin, isOrdinary);
    }

    // A bit for each lane whose value lies too close to the middle of two doubles, or is none of those that are computed here.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Open(Vector512<double> result, Vector512<double> rest, double margin, Vector512<double> isOrdinary)
    {
        Vector512<double> binade = (result.AsInt64() & Vector512.Create(0x7FF0000000000000)).AsDouble();
        Vector512<double> limit = binade * Vector512.Create((0.5 - margin) * (1.0 / (1L << 52)));
        Vector512<double> isKnown = Vector512.LessThanOrEqual(Vector512.Abs(rest), limit) & isOrdinary;
        return ~isKnown.ExtractMostSignificantBits() & 0xFF;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Lookup(double[] table, Vector512<long> index)
    {
        ref double first = ref MemoryMarshal.GetArrayDataReference(table);
        if (Avx512F.IsSupported)
        {
            Vector512<double> low = Avx512F.PermuteVar8x64x2(Vector512.LoadUnsafe(ref first), index, Vector512.LoadUnsafe(ref first, 8));
            Vector512<double> high = Avx512F.PermuteVar8x64x2(Vector512.LoadUnsafe(ref first, 16), index, Vector512.LoadUnsafe(ref first, 24));
            return Vector512.ConditionalSelect(Vector512.GreaterThan(index, Vector512.Create(15L)).AsDouble(), high, low);
        }

        return Vector512.Create(
            Unsafe.Add(ref first, (nint)index.GetElement(0)),
            Unsafe.Add(ref first, (nint)index.GetElement(1)),
            Unsafe.Add(ref first, (nint)index.GetElement(2)),
            Unsafe.Add(ref first, (nint)index.GetElement(3)),
            Unsafe.Add(ref first, (nint)index.GetElement(4)),
            Unsafe.Add(ref first, (nint)index.GetElement(5)),
            Unsafe.Add(ref first, (nint)index.GetElement(6)),
            Unsafe.Add(ref first, (nint)index.GetElement(7)));
    }
}
