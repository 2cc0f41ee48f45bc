using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Privacy.Budgets;

/// <summary>
/// What totals cost at a budget's δ, and which of them it allows. Samples are counted by the distribution of their loss
/// (<see cref="SampledComposition"/>), or by divergences where those prove less or other releases are in them. Not thread-safe.
/// </summary>
/// <remarks>
/// Samples that are the same are composed once, in some 10 to 300 ms; Gaussian releases beside them cost nothing further. Of many totals those that are within
/// another one (<see cref="BudgetTotal.IsWithin"/>) are allowed with it.
/// </remarks>
internal sealed class BudgetLosses(PrivacyBudget budget)
{
    // Each takes some 32 KiB.
    private const int MostKept = 512;

    private readonly Dictionary<Samples, SampledComposition> _compositions = [];
    private readonly Dictionary<(Samples, double), (double Spent, double Remaining)> _known = [];
    private readonly Dictionary<double, (double Spent, double Remaining)> _gaussian = [];

    /// <summary>ε of a total.</summary>
    /// <param name="total">The total.</param>
    /// <returns>ε ≥ 0.</returns>
    public double Epsilon(BudgetTotal total) => Of(total).Spent;

    /// <summary>The largest ε of one more Gaussian release beside a total.</summary>
    /// <param name="total">The total.</param>
    /// <returns>ε ≥ 0.</returns>
    public double Remaining(BudgetTotal total) => Of(total).Remaining;

    /// <summary>Whether the budget allows each of some totals. Those that are not within another one are looked at alone.</summary>
    /// <param name="totals">The totals.</param>
    /// <returns>An answer for each.</returns>
    public bool[] Allows(IReadOnlyList<BudgetTotal> totals)
    {
        bool[] answers = new bool[totals.Count];
        var kept = new List<BudgetTotal>();
        var refused = new List<BudgetTotal>();
        foreach (int i in Enumerable.Range(0, answers.Length).OrderByDescending(i => ByDivergence(totals[i])))
        {
            BudgetTotal total = totals[i];
            if (total.Curve is null)
            {
                answers[i] = Allows(total);
            }
            else if (kept.Exists(total.IsWithin))
            {
                answers[i] = true;
            }
            else if (!refused.Exists(other => other.IsWithin(total)))
            {
                answers[i] = Allows(total);
                (answers[i] ? kept : refused).Add(total);
            }
        }

        return answers;
    }

    /// <summary>The totals that are not within another one: one of them has spent most, and has least left.</summary>
    /// <param name="totals">The totals.</param>
    /// <returns>Some of them.</returns>
    public IReadOnlyList<BudgetTotal> Largest(IReadOnlyList<BudgetTotal> totals)
    {
        var gaussian = new BudgetTotal(totals.Where(total => total.Curve is null).Select(total => total.SquaredMu).DefaultIfEmpty().Max(), null);
        var largest = new List<BudgetTotal> { gaussian };
        foreach (BudgetTotal total in totals.Where(total => total.Curve is not null).OrderByDescending(ByDivergence))
        {
            if (!largest.Exists(total.IsWithin))
            {
                largest.Add(total);
            }
        }

        return largest;
    }

    private bool Allows(BudgetTotal total)
    {
        if (total.Curve is null)
        {
            return total.SquaredMu <= budget.SquaredMu;
        }

        return ByDivergence(total) <= budget.Epsilon
            || (total.Samples is { } samples
                && (CompositionOf(samples).Keeps(budget.Epsilon, total.SquaredMu)
                    || PrivacyLossDistribution.Epsilon(total.SquaredMu, samples, budget.Delta) <= budget.Epsilon));
    }

    private (double Spent, double Remaining) Of(BudgetTotal total)
    {
        if (total.Curve is null)
        {
            if (!_gaussian.TryGetValue(total.SquaredMu, out (double, double) found))
            {
                Trim(_gaussian);
                double epsilon = GaussianCalibration.EpsilonOfSquaredMu(total.SquaredMu, budget.Delta);

                // ε of the budget's own μ² may round up to more than the ε that it was made of.
                found = (Allows(total) ? Math.Min(epsilon, budget.Epsilon) : epsilon, budget.RemainingOf(total.SquaredMu));
                _gaussian.Add(total.SquaredMu, found);
            }

            return found;
        }

        if (total.Samples is not { } samples)
        {
            return (ByDivergence(total), EpsilonOf(LeftByDivergence(total)));
        }

        (Samples, double) key = (new Samples(samples), total.SquaredMu);
        if (!_known.TryGetValue(key, out (double, double) known))
        {
            Trim(_known);
            SampledComposition composition = CompositionOf(samples);
            double left = Math.Max(LeftByDivergence(total), composition.LargestSquaredMu(budget.Epsilon) - total.SquaredMu);
            double spent = Math.Min(ByDivergence(total), composition.Epsilon(total.SquaredMu));

            // What is left was found from the budget's side, and the answer from the other: within 10⁻⁸.
            spent = composition.Keeps(budget.Epsilon, total.SquaredMu) ? Math.Min(spent, budget.Epsilon) : spent;

            // In the last thousandth the composition of the accountant may prove what this one does not.
            if (!(left > 0) && spent > budget.Epsilon)
            {
                spent = Math.Min(spent, PrivacyLossDistribution.Epsilon(total.SquaredMu, samples, budget.Delta));
            }

            known = (spent, EpsilonOf(left));
            _known.Add(key, known);
        }

        return known;
    }

    private double ByDivergence(BudgetTotal total) =>
        PrivacyCost.EpsilonOfCurve(total.SquaredMu, total.Curve ?? new double[PrivacyCost.Orders.Count], budget.Delta);

    // The Σμ² that divergences still allow.
    private double LeftByDivergence(BudgetTotal total) => GaussianCalibration.LargestSatisfying(
        square => ByDivergence(total with { SquaredMu = BudgetTotal.Sum(total.SquaredMu, square) }) <= budget.Epsilon);

    private double EpsilonOf(double squaredMu) => GaussianCalibration.EpsilonOfSquaredMu(Math.Max(0, squaredMu), budget.Delta);

    private SampledComposition CompositionOf(SampledRelease[] samples)
    {
        var key = new Samples(samples);
        if (!_compositions.TryGetValue(key, out SampledComposition? composition))
        {
            Trim(_compositions);
            composition = new SampledComposition(samples, budget.Epsilon, budget.Delta);
            _compositions.Add(key, composition);
        }

        return composition;
    }

    private static void Trim<TKey, TValue>(Dictionary<TKey, TValue> known) where TKey : notnull
    {
        if (known.Count >= MostKept)
        {
            known.Clear();
        }
    }

    /// <summary>Samples that are equal where all of them are.</summary>
    private readonly struct Samples(SampledRelease[] all) : IEquatable<Samples>
    {
        private readonly SampledRelease[] _all = all;

        public bool Equals(Samples other) => _all.AsSpan().SequenceEqual(other._all);

        public override bool Equals(object? obj) => obj is Samples other && Equals(other);

        public override int GetHashCode() => _all.Aggregate(17, HashCode.Combine);
    }
}
