using System.Numerics;
using MathNet.Numerics.IntegralTransforms;
using QosValuation.Foundation.Numerics;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Privacy.Accounting;

/// <summary>
/// What Gaussian releases of Poisson samples cost together, numerically: the distribution of the privacy loss is put on a grid and composed by
/// Fourier transforms (Koskela, Jälkö and Honkela, AISTATS 2020). The result is an upper bound, within about 0.1 % of the exact ε; Rényi
/// divergences of whole orders are off by 5 to 20 %.
/// </summary>
/// <remarks>
/// <para>For a unit added or removed, N(0, 1) is set against (1 − q)·N(0, 1) + q·N(μ, 1), in both directions, and the larger ε counts
/// (Zhu, Dong and Wang 2022, theorem 11). The loss at x is ±ln(1 − q + q·e^(μx − μ²/2)), monotone in x, so that the probabilities of
/// an interval of losses are differences of normal tails.</para>
/// <para>An interval's mass is split over its two ends such that both probabilities are kept ("Connect the Dots", Doroshenko et al. 2022,
/// PoPETs): δ as a function of e^ε becomes the chords of a convex curve, so that it is nowhere too small, and the error falls with the
/// square of the step. Losses above the last interval count as infinite.</para>
/// <para>Masses are tilted by e^(θ·loss) before they are transformed, with θ the best order of the Chernoff bound, so that the losses near ε
/// are the likely ones, and rounding is relative to δ, however small δ is. What rounding and the end of the window may hide is added to δ.</para>
/// </remarks>
public static class PrivacyLossDistribution
{
    // Variance that the grid may add, as a part of the variance of the loss.
    private const double AddedVariance = 5e-4;
    private const int MostPoints = 1 << 21;
    private const int LeastPoints = 1 << 12;

    // Points to which a composed distribution is thinned out before noise is added to it.
    private const int CoarsePoints = 1 << 13;

    // −ln of the tilted probability that the window may leave out, and of what rounding adds to it.
    private const double WindowExponent = 34;
    private const double Rounding = 1e-12;

    /// <summary>The smallest ε that all releases together keep at δ. O(n·log n) for n points of the grid, some 10⁴ to 10⁶.</summary>
    /// <param name="squaredMu">Σμ² ≥ 0 of releases that were not sampled, under AddRemove.</param>
    /// <param name="samples">The releases of samples.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <returns>ε ≥ 0; +∞ where none is found.</returns>
    /// <exception cref="QosValuationException"><c>DeltaOutOfRange</c>.</exception>
    public static double Epsilon(double squaredMu, IReadOnlyList<SampledRelease> samples, double delta)
    {
        ArgumentNullException.ThrowIfNull(samples);
        GaussianCalibration.RequireDelta(delta);
        List<SampledRelease> parts = [.. samples.Where(sample => sample is { Rate: > 0 and < 1, SquaredMu: > 0, Count: > 0 })];
        squaredMu += samples.Where(sample => sample.Rate == 1).Sum(sample => sample.SquaredMu * sample.Count);
        if (parts.Count == 0)
        {
            return GaussianCalibration.EpsilonOfSquaredMu(squaredMu, delta);
        }

        if (!double.IsFinite(squaredMu) || parts.Any(part => !double.IsFinite(part.SquaredMu)))
        {
            return double.PositiveInfinity;
        }

        // A Gaussian release is a sample that everyone is in.
        if (squaredMu > 0)
        {
            parts.Add(new SampledRelease(1, squaredMu, 1));
        }

        (Masses[] removed, Masses[] added) = OnGrid(parts, delta);
        return Math.Max(Epsilon(removed, delta), Epsilon(added, delta));
    }

    /// <summary>The loss of samples composed, both directions, exact where they have a probability of δ near ε. O(n·log n) for n points of the grid.</summary>
    /// <param name="parts">Releases of samples, with rates between 0 and 1, both excluded, and μ² above 0; at least one.</param>
    /// <param name="epsilon">ε &gt; 0.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <returns>The losses; null where no bound is found.</returns>
    internal static (TiltedLoss Removed, TiltedLoss Added)? Tilt(List<SampledRelease> parts, double epsilon, double delta)
    {
        (Masses[] removed, Masses[] added) = OnGrid(parts, delta);
        return Tilt(removed, epsilon, delta) is TiltedLoss first && Tilt(added, epsilon, delta) is TiltedLoss second ? (first, second) : null;
    }

    private static (Masses[] Removed, Masses[] Added) OnGrid(List<SampledRelease> parts, double delta)
    {
        double count = parts.Sum(part => (double)part.Count);
        double variance = parts.Sum(part => part.Count * SquareOfLoss(part));
        double step = Math.Sqrt(6 * AddedVariance * variance / count);
        double tail = Math.Min(delta * 1e-6, 1e-6) / count;
        while (parts.Any(part => Range(part, tail) / step > MostPoints / 2))
        {
            step *= 2;
        }

        return Masses.Of(parts, step, tail);
    }

    private static TiltedLoss? Tilt(Masses[] parts, double epsilon, double delta)
    {
        double infinite = parts.Sum(part => part.Count * part.Infinite);
        if (!(infinite < delta))
        {
            return null;
        }

        // Chernoff's bound with noise added is K(θ) + θ(θ + 1)·μ²/2 − θε: the order at which it proves the largest μ², or else the least δ.
        double Spare(double order) => Math.Log(delta - infinite) + (order * epsilon) - Cumulant(parts, order);
        double order = Minimize(order => -Spare(order));
        if (Spare(order) > 0)
        {
            // Beyond the other order what is spared falls.
            order = Minimize(order => -Spare(order) / (order * (order + 1)), Math.Log(order));
        }

        double cumulant = Cumulant(parts, order);
        (double bottom, double top) = Window(parts, order, cumulant);
        if (!double.IsFinite(cumulant) || !double.IsFinite(top - bottom))
        {
            return null;
        }

        double step = parts[0].Step;
        int points = LeastPoints;
        while (points < MostPoints && points * step < top - bottom + (2 * step))
        {
            points *= 2;
        }

        if (points * step < top - bottom)
        {
            return Tilt([.. parts.Select(part => part.Coarser())], epsilon, delta);
        }

        long first = (long)Math.Floor(bottom / step);
        double[] masses = Compose(parts, order, points, first);
        return new TiltedLoss(masses, first, step, order, cumulant, infinite, Rounding).Trimmed(Rounding / 4).Thinned(CoarsePoints);
    }

    // Where the tilted losses lie, but for a part of e^(−WindowExponent) at each end.
    private static (double Bottom, double Top) Window(Masses[] parts, double order, double cumulant)
    {
        double up = Minimize(shift => (Cumulant(parts, order + shift) - cumulant + WindowExponent) / shift);
        double down = Minimize(shift => (Cumulant(parts, order - shift) - cumulant + WindowExponent) / shift);
        return (
            -(Cumulant(parts, order - down) - cumulant + WindowExponent) / down,
            (Cumulant(parts, order + up) - cumulant + WindowExponent) / up);
    }

    // The ε of one direction.
    private static double Epsilon(Masses[] parts, double delta)
    {
        double target = delta - parts.Sum(part => part.Count * part.Infinite);
        if (!(target > 0))
        {
            return double.PositiveInfinity;
        }

        // The order θ at which Chernoff's bound P(S > ε) ≤ e^(K(θ) − θε) proves the least ε, and that ε.
        double order = Minimize(order => (Cumulant(parts, order) - Math.Log(target)) / order);
        double cumulant = Cumulant(parts, order);
        double centre = (cumulant - Math.Log(target)) / order;
        if (!double.IsFinite(centre))
        {
            return double.PositiveInfinity;
        }

        (double bottom, double top) = Window(parts, order, cumulant);
        double step = parts[0].Step;
        top = Math.Max(top, centre + 1);
        bottom = Math.Min(bottom, centre - 1);
        int points = LeastPoints;
        while (points < MostPoints && points * step < (top - bottom) + (2 * step))
        {
            points *= 2;
        }

        if (points * step < top - bottom)
        {
            // Coarser: two neighbours' masses on one place would not be pessimistic, so all is put on a grid of twice the step first.
            return Epsilon([.. parts.Select(part => part.Coarser())], delta);
        }

        long first = (long)Math.Floor(bottom / step);
        double[] masses = Compose(parts, order, points, first);
        return Find(masses, first, step, order, cumulant, target);
    }

    // The tilted masses of the sum, at (first + k)·step.
    private static double[] Compose(Masses[] parts, double order, int points, long first)
    {
        var product = new Complex[points];
        Array.Fill(product, Complex.One);
        var transform = new Complex[points];
        foreach (Masses part in parts)
        {
            Array.Clear(transform);
            double log = part.Cumulant(order);
            for (int k = 0; k < part.Values.Length; k++)
            {
                long place = part.First + k;
                double tilted = part.Values[k] * Math.Exp((order * place * part.Step) - log);
                transform[(int)(((place % points) + points) % points)] += tilted;
            }

            Fourier.Forward(transform, FourierOptions.AsymmetricScaling);
            for (int k = 0; k < points; k++)
            {
                product[k] *= Power(transform[k], part.Count);
            }
        }

        Fourier.Inverse(product, FourierOptions.AsymmetricScaling);
        double[] masses = new double[points];
        for (int k = 0; k < points; k++)
        {
            masses[k] = Math.Max(0, product[(int)((((first + k) % points) + points) % points)].Real);
        }

        return masses;
    }

    // δ at a place of the grid is e^(K − θε)·Σ r·(e^(−θ(l − ε)) − e^(−(θ + 1)(l − ε))) over the losses l above ε; between two places it is a
    // straight line in e^ε.
    private static double Find(double[] masses, long first, double step, double order, double cumulant, double target)
    {
        double shrink = Math.Exp(-order * step);
        double shrinkMore = Math.Exp(-(order + 1) * step);
        double sum = 0;
        double sumMore = 0;
        double above = 0;
        for (int k = masses.Length - 1; k >= 0; k--)
        {
            double epsilon = (first + k) * step;
            double log = cumulant - (order * epsilon);
            double here = Math.Exp(log + Math.Log(Math.Max(0, sum - sumMore) + Rounding));
            if (here > target)
            {
                if (k == masses.Length - 1)
                {
                    return double.PositiveInfinity;
                }

                double part = Math.Clamp((here - target) / (here - above), 0, 1);
                double found = epsilon + NormalTail.LogOnePlus(part * ExpMinusOne(step));
                return Math.Max(0, found) * (1 + 1e-10);
            }

            if (epsilon <= 0)
            {
                return 0;
            }

            above = here;
            sum = shrink * (sum + masses[k]);
            sumMore = shrinkMore * (sumMore + masses[k]);
        }

        return Math.Max(0, first * step);
    }

    private static double Cumulant(Masses[] parts, double order) => parts.Sum(part => part.Count * part.Cumulant(order));

    // The place of the least value over (0, ∞) of a function that falls and then rises, in ln x.
    private static double Minimize(Func<double, double> function, double high = 12)
    {
        const double golden = 0.6180339887498949;
        double low = -12;
        double first = high - (golden * (high - low));
        double second = low + (golden * (high - low));
        double atFirst = function(Math.Exp(first));
        double atSecond = function(Math.Exp(second));
        for (int i = 0; i < 40; i++)
        {
            // Beyond some order the moments overflow.
            if (atFirst <= atSecond || !double.IsFinite(atSecond))
            {
                (high, second, atSecond) = (second, first, atFirst);
                first = high - (golden * (high - low));
                atFirst = function(Math.Exp(first));
            }
            else
            {
                (low, first, atFirst) = (first, second, atSecond);
                second = low + (golden * (high - low));
                atSecond = function(Math.Exp(second));
            }
        }

        return Math.Exp(atFirst <= atSecond ? first : second);
    }

    private static Complex Power(Complex value, long count)
    {
        double magnitude = value.Magnitude;
        return magnitude == 0 ? Complex.Zero
            : Complex.FromPolarCoordinates(Math.Exp(count * Math.Log(magnitude)), Math.IEEERemainder(count * value.Phase, 2 * Math.PI));
    }

    private static double Loss(SampledRelease part, double x)
    {
        double exponent = (Math.Sqrt(part.SquaredMu) * x) - (part.SquaredMu / 2);
        return exponent > 700 ? exponent + Math.Log(part.Rate) : NormalTail.LogOnePlus(part.Rate * ExpMinusOne(exponent));
    }

    // E[loss²] of one release, over the mixture: the scale that the grid has to resolve.
    private static double SquareOfLoss(SampledRelease part)
    {
        const double width = 0.02;
        double mu = Math.Sqrt(part.SquaredMu);
        double sum = 0;
        for (double x = -10; x < mu + 10; x += width)
        {
            double loss = Loss(part, x);
            double density = ((1 - part.Rate) * Math.Exp(NormalTail.LogDensity(x))) + (part.Rate * Math.Exp(NormalTail.LogDensity(x - mu)));
            sum += density * loss * loss * width;
        }

        return sum;
    }

    private static double Reach(double tail) => Math.Sqrt(-2 * Math.Log(tail));

    private static double Range(SampledRelease part, double tail)
    {
        double top = Loss(part, Math.Sqrt(part.SquaredMu) + Reach(tail));
        return top - (part.Rate < 1 ? NormalTail.LogOnePlus(-part.Rate) : Loss(part, -Reach(tail)));
    }

    // e^x − 1 without cancellation (Kahan).
    internal static double ExpMinusOne(double x)
    {
        double power = Math.Exp(x);
        return power == 1 ? x : double.IsInfinity(power) || power == 0 ? power - 1 : (power - 1) * x / Math.Log(power);
    }

    /// <summary>The masses of one release's losses on a grid.</summary>
    private sealed class Masses(double step, long first, double[] values, double infinite, long count)
    {
        private readonly int _lowest = Array.FindIndex(values, value => value > 0);
        private readonly int _highest = Array.FindLastIndex(values, value => value > 0);

        public double Step { get; } = step;

        /// <summary>The place of the first mass: its loss is <see cref="First"/>·<see cref="Step"/>.</summary>
        public long First { get; } = first;

        public double[] Values { get; } = values;

        public double Infinite { get; } = infinite;

        public long Count { get; } = count;

        public static (Masses[] Removed, Masses[] Added) Of(List<SampledRelease> parts, double step, double tail)
        {
            (Masses, Masses)[] both = [.. parts.Select(part => Of(part, step, tail))];
            return ([.. both.Select(pair => pair.Item1)], [.. both.Select(pair => pair.Item2)]);
        }

        /// <summary>ln E[e^(order·loss)] over the finite losses.</summary>
        public double Cumulant(double order)
        {
            // Exponents are linear in the place, so that the largest that counts is at the first or the last mass; powers go on by products, from an
            // exact one every so often.
            const int run = 128;
            double slope = order * Step;
            double begin = slope * First;
            double largest = begin + Math.Max(slope * _lowest, slope * _highest);
            double factor = Math.Exp(slope);
            double sum = 0;
            for (int k = _lowest; k <= _highest; k += run)
            {
                double power = Math.Exp(begin + (slope * k) - largest);
                int end = Math.Min(k + run, _highest + 1);
                for (int m = k; m < end; m++)
                {
                    sum += Values[m] * power;
                    power *= factor;
                }
            }

            return largest + Math.Log(sum);
        }

        /// <summary>The same on a grid of twice the step: masses between two places are split over them, both probabilities kept.</summary>
        public Masses Coarser()
        {
            long start = (long)Math.Floor(First / 2.0);
            double[] coarse = new double[(Values.Length / 2) + 2];
            double half = Math.Exp(-Step);
            for (int k = 0; k < Values.Length; k++)
            {
                long place = First + k;
                int target = (int)((long)Math.Floor(place / 2.0) - start);
                if (place % 2 == 0)
                {
                    coarse[target] += Values[k];
                }
                else
                {
                    // p = a + b and p·e^(−l) = a·e^(−(l − h)) + b·e^(−(l + h)).
                    double upper = Values[k] / (1 + half);
                    coarse[target + 1] += upper;
                    coarse[target] += Values[k] - upper;
                }
            }

            return new Masses(2 * Step, start, coarse, Infinite, Count);
        }

        private static (Masses Removed, Masses Added) Of(SampledRelease part, double step, double tail)
        {
            double mu = Math.Sqrt(part.SquaredMu);
            double reach = Reach(tail);
            double lowest = part.Rate < 1 ? NormalTail.LogOnePlus(-part.Rate) : Loss(part, -reach);
            long first = (long)Math.Floor(lowest / step);
            long last = (long)Math.Ceiling(Loss(part, mu + reach) / step);
            int cells = checked((int)(last - first));
            double[] removed = new double[cells + 1];
            double[] added = new double[cells + 1];
            double grow = ExpMinusOne(step);
            double shrink = -ExpMinusOne(-step);
            double left = part.Rate < 1 ? double.NegativeInfinity : Inverse(first * step);
            double lost = part.Rate < 1 ? 0 : Upper(-left);
            for (int k = 0; k < cells; k++)
            {
                double low = (first + k) * step;
                double right = Inverse(low + step);
                double plain = Between(left, right);
                double mixed = ((1 - part.Rate) * plain) + (part.Rate * Between(left - mu, right - mu));

                // The mixture against the plain: a = p + p', b = e^(−l)·p + e^(−l − h)·p'.
                double rise = mixed == 0 ? 0 : Math.Clamp((mixed - (Math.Exp(low) * plain)) / shrink, 0, mixed);
                removed[k] += mixed - rise;
                removed[k + 1] += rise;

                // The plain against the mixture: losses from −l − h to −l, which is the same cell from its other end.
                double drop = plain == 0 ? 0 : ((Math.Exp(step) * plain) - (mixed * Math.Exp(-low))) / grow;
                drop = double.IsNaN(drop) ? plain : Math.Clamp(drop, 0, plain);
                added[cells - k] += drop;
                added[cells - k - 1] += plain - drop;
                left = right;
            }

            // What lies below the first place is moved up to it, and what lies above the last counts as infinite.
            removed[0] += part.Rate < 1 ? 0 : part.Rate * Upper(mu - Inverse(first * step));
            added[0] += Upper(left);
            double over = ((1 - part.Rate) * Upper(left)) + (part.Rate * Upper(left - mu));
            return (new Masses(step, first, removed, over, part.Count), new Masses(step, -last, added, lost, part.Count));

            double Inverse(double loss)
            {
                double likelihood = (ExpMinusOne(loss) + part.Rate) / part.Rate;
                return likelihood <= 0
                    ? double.NegativeInfinity
                    : ((loss > 700 ? loss - Math.Log(part.Rate) : Math.Log(likelihood)) + (part.SquaredMu / 2)) / mu;
            }
        }

        private static double Upper(double x) =>
            double.IsNegativeInfinity(x) ? 1 : double.IsPositiveInfinity(x) ? 0 : x < 0 ? 1 - Upper(-x)
                : Math.Exp(NormalTail.LogDensity(x)) * NormalTail.MillsRatio(x);

        // P(low < X < high).
        private static double Between(double low, double high) =>
            high <= low ? 0 : low >= 0 ? Upper(low) - Upper(high) : high <= 0 ? Upper(-high) - Upper(-low) : 1 - Upper(-low) - Upper(high);
    }
}
