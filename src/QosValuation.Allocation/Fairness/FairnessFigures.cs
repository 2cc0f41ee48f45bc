using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Allocation.Fairness;

/// <summary>Figures of fairness that several sections of a report share.</summary>
public static class FairnessFigures
{
    private static readonly FigureSeries Equality = new("Perfect equality", [new(0, 0), new(1, 1)]) { IsReference = true };

    /// <summary>Lorenz curves with the line of equality.</summary>
    /// <param name="curves">The curves.</param>
    public static ReportFigure Lorenz(IEnumerable<FigureSeries> curves) => new()
    {
        Name = "lorenz",
        Title = "Lorenz curve of the reward rates",
        Kind = FigureKind.Line,
        X = new FigureAxis("Part of the agents, the least rewarded first") { Min = 0, Max = 1 },
        Y = new FigureAxis("Part of all reward") { Min = 0, Max = 1 },
        Series = [.. curves, Equality],
    };

    /// <summary>A Lorenz curve's points, at most 400.</summary>
    /// <param name="curve">A <see cref="LorenzCurve"/>.</param>
    public static FigurePoint[] Points(ReportRecord curve) =>
        SectionParts.Thin([.. curve.Numbers("Population").Zip(curve.Numbers("Share"), (x, y) => new FigurePoint(x, y))], 400);

    /// <summary>Bars of Jain's index and the Gini coefficient side by side.</summary>
    /// <param name="name">A file name without extension.</param>
    /// <param name="rows">The rows with their names.</param>
    public static ReportFigure Indices(string name, IReadOnlyList<(string Name, ReportRecord Record)> rows) => new()
    {
        Name = name,
        Title = "Jain's index and Gini coefficient",
        Kind = FigureKind.Bar,
        Horizontal = ReportFigure.LieDown(rows.Select(row => row.Name)),
        X = new FigureAxis(string.Empty, FigureScale.Category) { Categories = [.. rows.Select(row => row.Name)] },
        Y = new FigureAxis("Index, from 0 to 1") { Min = 0, Max = 1, Zero = true },
        Series = [Index(rows, "Jain", "Jain's index"), Index(rows, "Gini", "Gini coefficient")],
    };

    private static FigureSeries Index(IReadOnlyList<(string Name, ReportRecord Record)> rows, string property, string name) => new(
        name,
        [
            .. rows.Select((row, i) => FigurePoint.WithError(i, row.Record.Number(property), row.Record.Number(property + "StandardError")))
                .Where(point => double.IsFinite(point.Y)),
        ]);
}
