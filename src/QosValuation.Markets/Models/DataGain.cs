namespace QosValuation.Markets.Models;

/// <summary>
/// What data are worth to a client (seed 003): with n rows in reach instead of its own N it gains √(K/N) − √(K/n), K its gain scale. All
/// differences are taken without cancellation. O(1).
/// </summary>
public static class DataGain
{
    /// <summary>√(K/before) − √(K/after): what more data add.</summary>
    /// <param name="scale">K, at least 0.</param>
    /// <param name="before">The rows before, above 0.</param>
    /// <param name="added">The rows that are added, at least 0.</param>
    /// <returns>At least 0, in the unit of costs.</returns>
    public static double Of(double scale, double before, double added)
    {
        if (added == 0)
        {
            return 0;
        }

        double root = Math.Sqrt(before);
        double next = Math.Sqrt(before + added);
        return Math.Sqrt(scale) * (added / (root * next * (root + next)));
    }

    /// <summary>
    /// The threshold of an import: the x at which its marginal gain √(K/(x−N)) − √(K/x) has fallen to its price b. The import pays while the data in
    /// reach, its own included, are less.
    /// </summary>
    /// <remarks>
    /// With s = (√x − √(x−N))/√N the equation is the quartic s⁴ + κ·s³ = 1, κ = 4·√K/(b·√N), which has one positive root; x = N·((1/s + s)/2)²
    /// (markets.md, section 7). The left side is convex and rising there, so that Newton's steps from min(1, κ^(−1/3)) fall to the root and stop at it.
    /// The authors' code looks for it with a general root finder, which misses about a quarter of the thresholds.
    /// </remarks>
    /// <param name="scale">K, above 0.</param>
    /// <param name="size">N: the rows of the import, above 0.</param>
    /// <param name="price">b: the cost of the import and the penalty of its distance.</param>
    /// <returns>x, at least N; ∞ where the price is not above 0.</returns>
    public static double Threshold(double scale, double size, double price)
    {
        if (!(price > 0))
        {
            return double.PositiveInfinity;
        }

        double kappa = 4 * (Math.Sqrt(scale / size) / price);
        double root = Math.Min(1, 1 / Math.Cbrt(kappa));
        while (true)
        {
            double square = root * root;
            double next = root - (((square * square) + (kappa * square * root) - 1) / (square * ((4 * root) + (3 * kappa))));
            if (!(next < root))
            {
                double half = ((1 / root) + root) / 2;
                return size * half * half;
            }

            root = next;
        }
    }
}
