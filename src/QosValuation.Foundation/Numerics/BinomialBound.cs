using MathNet.Numerics;

namespace QosValuation.Foundation.Numerics;

/// <summary>
/// Exact one-sided confidence bounds on the probability of a binomial (Clopper and Pearson 1934): each is wrong with at most the
/// stated probability, whatever the true value and however few the trials.
/// </summary>
public static class BinomialBound
{
    /// <summary>The lower bound: the p at which this many successes or more have the probability <paramref name="error"/>. O(√trials) at most.</summary>
    /// <param name="successes">From 0 to <paramref name="trials"/>.</param>
    /// <param name="trials">At least 1.</param>
    /// <param name="error">The probability of the bound lying above the truth, in (0, 1).</param>
    /// <returns>p in [0, 1); rounded down.</returns>
    public static double Lower(long successes, long trials, double error)
    {
        Validate(successes, trials, error);
        if (successes == 0)
        {
            return 0;
        }

        if (successes == trials)
        {
            return Math.Exp(Math.Log(error) / trials) * (1 - 1e-14);
        }

        // P(X ≥ k) = I_p(k, n − k + 1), increasing in p: keep the end at which it is still at most the error.
        return Bisect(p => SpecialFunctions.BetaRegularized(successes, trials - successes + 1, p) <= error).Below;
    }

    /// <summary>The upper bound: the p at which this many successes or fewer have the probability <paramref name="error"/>. O(√trials) at most.</summary>
    /// <param name="successes">From 0 to <paramref name="trials"/>.</param>
    /// <param name="trials">At least 1.</param>
    /// <param name="error">The probability of the bound lying below the truth, in (0, 1).</param>
    /// <returns>p in (0, 1]; rounded up.</returns>
    public static double Upper(long successes, long trials, double error)
    {
        Validate(successes, trials, error);
        if (successes == trials)
        {
            return 1;
        }

        if (successes == 0)
        {
            return Math.Min(1, -Expm1(Math.Log(error) / trials) * (1 + 1e-14));
        }

        // P(X ≤ k) = 1 − I_p(k + 1, n − k), decreasing in p.
        return Bisect(p => SpecialFunctions.BetaRegularized(trials - successes, successes + 1, 1 - p) > error).Above;
    }

    // exp(x) − 1 for small |x|: Kahan's correction of the rounding of exp.
    private static double Expm1(double x)
    {
        double y = Math.Exp(x);
        if (y == 1)
        {
            return x;
        }

        return (y - 1) * x / Math.Log(y);
    }

    // The last p that satisfies a predicate true for small p, and the first found that does not.
    private static (double Below, double Above) Bisect(Func<double, bool> holds)
    {
        double below = 0;
        double above = 1;
        for (int i = 0; i < 200 && above - below > 1e-13 * above; i++)
        {
            double middle = below + (above - below) / 2;
            if (holds(middle))
            {
                below = middle;
            }
            else
            {
                above = middle;
            }
        }

        return (below, above);
    }

    private static void Validate(long successes, long trials, double error)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(trials);
        ArgumentOutOfRangeException.ThrowIfNegative(successes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(successes, trials);
        if (!(error > 0 && error < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(error), error, "The error lies between 0 and 1, both excluded.");
        }
    }
}
