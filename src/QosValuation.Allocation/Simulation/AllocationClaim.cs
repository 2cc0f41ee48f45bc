using System.Globalization;
using QosValuation.Allocation.Schemes;
using QosValuation.Reporting.Page;

namespace QosValuation;

/// <summary>
/// The paper's claim of Figs. 4 and 5: of its four schemes (Proposed, Random, RoundRobin, MaxMin), Proposed has the largest Jain's
/// index and the smallest Gini coefficient of the reward rates at every number of agents and every α.
/// </summary>
/// <param name="Holds">The points at which it holds.</param>
/// <param name="Points">The points that can tell: those with Proposed and at least one of the others.</param>
public sealed record AllocationClaim(int Holds, int Points)
{
    private const string Claimed = nameof(AllocationScheme.Proposed);

    private static readonly string[] Schemes = [.. AllocationSchemes.InPaper.Select(scheme => scheme.ToString())];

    /// <summary>Whether it holds at every point.</summary>
    public bool IsShown => Holds == Points;

    /// <summary>Measures the claim on the rows of a simulation.</summary>
    /// <param name="rows">The rows, in any order.</param>
    /// <returns>The claim; null where no point can tell.</returns>
    public static AllocationClaim? Of(IEnumerable<AllocationSimulationResult> rows) =>
        Of(rows.Select(row => (row.Scheme.ToString(), Point: (row.Agents, row.Alpha, row.Supply, row.Capacity), row.Jain, row.Gini)));

    /// <summary>The claim in a sentence of a report.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"As measured here, the paper's proposed scheme is the fairest of its four by both indices at {Holds} of {Points} points.");

    /// <summary>The claim in a sentence about a figure's abscissas.</summary>
    /// <param name="variable">What is varied, such as Alpha.</param>
    public string Over(string variable) => string.Create(
        CultureInfo.InvariantCulture,
        $"Proposed is the fairest of the paper's schemes by both indices at {Holds} of {Points} values of {variable}.");

    /// <summary>Measures the claim on the rows of a report.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="run">The name of a row's run.</param>
    internal static AllocationClaim? Of(IEnumerable<ReportRecord> rows, Func<ReportRecord, string> run) =>
        Of(rows.Select(row => (row.Text("Scheme"), Point: (row.Number("Agents"), row.Number("Alpha"), run(row)), row.Number("Jain"), row.Number("Gini"))));

    private static AllocationClaim? Of<TPoint>(IEnumerable<(string Scheme, TPoint Point, double Jain, double Gini)> rows)
    {
        var points = rows.Where(row => Schemes.Contains(row.Scheme))
            .GroupBy(row => row.Point)
            .Where(point => point.Any(row => row.Scheme == Claimed) && point.Any(row => row.Scheme != Claimed))
            .ToArray();
        int holds = points.Count(point =>
        {
            (_, _, double jain, double gini) = point.First(row => row.Scheme == Claimed);
            return point.Where(row => row.Scheme != Claimed).All(other => other.Jain < jain && other.Gini > gini);
        });
        return points.Length == 0 ? null : new(holds, points.Length);
    }
}
