namespace QosValuation.Foundation.Numerics;

/// <summary>
/// The standard normal distribution far into its tails: Mills' ratio R(x) = Φ(−x)/φ(x), its slope, and log Φ,
/// each to about 10⁻¹⁵ relative. Nothing underflows: R falls like 1/x where Φ(−x) falls like exp(−x²/2).
/// </summary>
public static class NormalTail
{
    /// <summary>ln √(2π).</summary>
    public const double LogSqrtTwoPi = 0.91893853320467274178;

    private const double SqrtHalfPi = 1.2533141373155002512;

    // The step of the quadrature; its error is exp(−(π/h)²) ≈ 7·10⁻¹⁸.
    private const double Step = 0.5;
    private const double PoleLimit = Math.PI / Step;

    private static readonly double[] NodeSquares = [.. Enumerable.Range(0, 14).Select(k => (k + 0.5) * Step * (k + 0.5) * Step)];
    private static readonly double[] NodeWeights = [.. NodeSquares.Select(square => Math.Exp(-square))];

    /// <summary>The scaled complementary error function exp(z²)·erfc(z). O(1).</summary>
    /// <param name="z">Any number; below −26.6 the result is infinite.</param>
    /// <returns>erfcx(z), about 10⁻¹⁵ relative.</returns>
    /// <remarks>
    /// The midpoint rule on erfcx(z) = (2z/π)·∫₀^∞ exp(−t²)/(z² + t²) dt with the residue of its poles added back
    /// (Matta and Reichel 1971; Hunter and Regan 1972), which converges like exp(−(π/h)²).
    /// </remarks>
    public static double Erfcx(double z)
    {
        if (z < 0)
        {
            return 2 * Math.Exp(z * z) - Erfcx(-z);
        }

        if (double.IsPositiveInfinity(z))
        {
            return 0;
        }

        double square = z * z;
        if (square > 1e16)
        {
            return 1 / (z * Math.Sqrt(Math.PI));
        }

        double sum = 0;
        for (int k = 0; k < NodeSquares.Length; k++)
        {
            sum += NodeWeights[k] / (square + NodeSquares[k]);
        }

        double result = sum * (2 * Step / Math.PI) * z;
        return z < PoleLimit ? result + 2 * Math.Exp(square) / (1 + Math.Exp(2 * PoleLimit * z)) : result;
    }

    /// <summary>Mills' ratio R(x) = Φ(−x)/φ(x) = √(π/2)·erfcx(x/√2). O(1).</summary>
    /// <param name="x">Any number; below −37.6 the result is infinite.</param>
    /// <returns>R(x) &gt; 0, decreasing.</returns>
    public static double MillsRatio(double x) => SqrtHalfPi * Erfcx(x * (1 / Math.Sqrt(2)));

    /// <summary>−R′(x) = 1 − x·R(x), without the cancellation of that formula at large x. O(1).</summary>
    /// <param name="x">Any number from −37 upwards.</param>
    /// <returns>−R′(x) &gt; 0, decreasing like 1/x².</returns>
    public static double MillsSlope(double x)
    {
        if (x < 12)
        {
            return 1 - x * MillsRatio(x);
        }

        // 1/x² − 3/x⁴ + 15/x⁶ − …: alternating; at x = 12 the terms fall below 10⁻¹⁷ of the first long before they grow.
        double inverseSquare = 1 / x / x;
        double term = inverseSquare;
        double sum = 0;
        for (int k = 3; k < 60 && Math.Abs(term) > 1e-18 * inverseSquare; k += 2)
        {
            sum += term;
            term *= -k * inverseSquare;
        }

        return sum;
    }

    /// <summary>R(x₁) − R(x₂) for x₁ ≤ x₂ without cancellation: Gauss and Legendre's rule on the slope where the two are close. O(1).</summary>
    /// <param name="x1">The smaller argument, from −37 upwards.</param>
    /// <param name="width">x₂ − x₁ ≥ 0, given apart because it may be far below the spacing of doubles around x₁.</param>
    /// <returns>A number ≥ 0, relative error about 10⁻¹³ at most.</returns>
    public static double MillsDifference(double x1, double width)
    {
        if (width > 1 && !(x1 > 12 && width < x1 / 10))
        {
            return MillsRatio(x1) - MillsRatio(x1 + width);
        }

        double half = width / 2;
        double centre = x1 + half;
        double sum = 0;
        for (int i = 0; i < GaussNodes.Length; i++)
        {
            double offset = half * GaussNodes[i];
            sum += GaussWeights[i] * (MillsSlope(centre - offset) + MillsSlope(centre + offset));
        }

        return sum * half;
    }

    /// <summary>ln φ(x). O(1).</summary>
    /// <param name="x">Any number.</param>
    /// <returns>−x²/2 − ln √(2π).</returns>
    public static double LogDensity(double x) => -0.5 * x * x - LogSqrtTwoPi;

    /// <summary>ln Φ(x), finite down to x = −10¹⁵⁴. O(1).</summary>
    /// <param name="x">Any number.</param>
    /// <returns>The logarithm of the cumulative probability; −0 for large x.</returns>
    public static double LogCdf(double x) =>
        x > 0 ? LogOnePlus(-Math.Exp(LogDensity(x)) * MillsRatio(x)) : LogDensity(x) + Math.Log(MillsRatio(-x));

    /// <summary>ln(1 + y) without loss for small y. O(1).</summary>
    /// <param name="y">A number above −1.</param>
    /// <returns>ln(1 + y).</returns>
    public static double LogOnePlus(double y)
    {
        if (!(Math.Abs(y) <= 0.1))
        {
            return Math.Log(1 + y);
        }

        // ln(1 + y) = 2·artanh(y/(2 + y)); the series in t² ≤ (1/19)² ends after a few terms.
        double t = y / (2 + y);
        double square = t * t;
        double power = t;
        double sum = 0;
        for (int k = 1; k < 40 && Math.Abs(power) > 1e-18 * Math.Abs(t); k += 2)
        {
            sum += power / k;
            power *= square;
        }

        return 2 * sum;
    }

    // Gauss and Legendre's rule of 16 points on [−1, 1]; the positive half of the symmetric nodes.
    private static readonly double[] GaussNodes =
    [
        0.0950125098376374402, 0.2816035507792589132, 0.4580167776572273863, 0.6178762444026437484,
        0.7554044083550030339, 0.8656312023878317439, 0.9445750230732325761, 0.9894009349916499326,
    ];

    private static readonly double[] GaussWeights =
    [
        0.1894506104550684963, 0.1826034150449235889, 0.1691565193950025382, 0.1495959888165767321,
        0.1246289712555338720, 0.0951585116824927848, 0.0622535239386478929, 0.0271524594117540949,
    ];
}
