using QosValuation.Allocation.Schemes;

namespace QosValuation;

/// <summary>
/// The paper's claim of Figs. 4 and 5, as measured: among its schemes, Proposed has the largest Jain's index and the smallest Gini
/// coefficient at every point.
/// </summary>
/// <param name="Holds">The number of points where it holds.</param>
/// <param name="Points">The number of points at which Proposed and another of the paper's schemes were simulated.</param>
public sealed record AllocationClaim(int Holds, int Points)
{
    /// <summary>Measures the claim on rows of a simulation.</summary>
    /// <param name="rows">The rows; schemes that the paper does not compare are left out.</param>
    /// <returns>The claim; null where no point has Proposed and another scheme of the paper.</returns>
    public static AllocationClaim? Measure(AllocationSimulationResult[] rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return Measure(rows, row => (row.Agents, row.Alpha), row => row.Scheme.ToString(), row => row.Jain, row => row.Gini);
    }

    /// <summary>Measures the claim on rows of any type.</summary>
    /// <typeparam name="TRow">The rows.</typeparam>
    /// <param name="rows">The rows; schemes that the paper does not compare are left out.</param>
    /// <param name="point">The number of agents and the concentration that a row belongs to.</param>
    /// <param name="scheme">The name of a row's scheme.</param>
    /// <param name="jain">A row's mean of Jain's index.</param>
    /// <param name="gini">A row's mean Gini coefficient.</param>
    /// <returns>The claim; null where no point has Proposed and another scheme of the paper.</returns>
    public static AllocationClaim? Measure<TRow>(
        IEnumerable<TRow> rows, Func<TRow, (double Agents, double Alpha)> point, Func<TRow, string> scheme, Func<TRow, double> jain, Func<TRow, double> gini)
    {
        string proposed = nameof(AllocationScheme.Proposed);
        HashSet<string> paper = [.. AllocationSchemes.InPaper.Select(name => name.ToString())];
        int holds = 0;
        int points = 0;
        foreach (IGrouping<(double, double), TRow> group in rows.Where(row => paper.Contains(scheme(row))).GroupBy(point))
        {
            TRow[] own = [.. group.Where(row => scheme(row) == proposed)];
            TRow[] others = [.. group.Where(row => scheme(row) != proposed)];
            if (own.Length > 0 && others.Length > 0)
            {
                points++;
                holds += Array.TrueForAll(others, other => jain(other) < jain(own[0]) && gini(other) > gini(own[0])) ? 1 : 0;
            }
        }

        return points > 0 ? new AllocationClaim(holds, points) : null;
    }
}
