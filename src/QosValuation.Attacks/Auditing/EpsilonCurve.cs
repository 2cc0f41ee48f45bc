using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Attacks.Auditing;

/// <summary>Figures over ε that several sections of a report share.</summary>
internal static class EpsilonCurve
{
    /// <summary>A curve over ε for each name; rows without ε become levels.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="name">The name of a row's series.</param>
    /// <param name="metric">The ordinate's property.</param>
    /// <param name="axis">The title of its axis.</param>
    /// <param name="file">A file name without extension.</param>
    /// <param name="title">The caption.</param>
    /// <param name="levels">Levels to compare with; those of NaN are left out.</param>
    /// <returns>The figure; without series where there are not two values of ε.</returns>
    public static ReportFigure Of(
        IReadOnlyList<ReportRecord> rows,
        Func<ReportRecord, string> name,
        string metric,
        string axis,
        string file,
        string title,
        params (string Name, double Value)[] levels)
    {
        double[] epsilons = [.. rows.Where(row => double.IsFinite(row.Number(metric))).Select(row => row.Number("Epsilon")).Where(double.IsFinite).Distinct()];
        bool sweep = epsilons.Length > 1;
        var series = new List<FigureSeries>();
        foreach (IGrouping<string, ReportRecord> group in sweep ? rows.GroupBy(name) : [])
        {
            FigurePoint[] points = SectionParts.Points(group, "Epsilon", metric);
            if (metric != "Cosine")
            {
                // The others are parts of one, and so are the ends of their intervals.
                points = Array.ConvertAll(points, point => point.Within(0, 1));
            }

            double level = group.Select(row => row.Number(metric)).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();
            if (points.Length > 0)
            {
                series.Add(new FigureSeries(group.Key, points));
            }
            else if (double.IsFinite(level))
            {
                series.Add(Level(group.Key + " (no ε)", level));
            }
        }

        if (series.Count > 0)
        {
            series.AddRange(levels.Where(level => double.IsFinite(level.Value)).Select(level => Level(level.Name, level.Value)));
        }

        // A cosine may be negative, but where it is not, nothing beyond 0 and 1 is shown.
        bool isPart = metric == "Cosine" && series.Count > 0
            && series.SelectMany(item => item.Points).All(point => point.Y is >= 0 and <= 1 && !(point.Low < 0) && !(point.High > 1));
        return new ReportFigure
        {
            Name = file,
            Title = title,
            Kind = FigureKind.Line,
            X = new FigureAxis("ε (smaller is more private)", SectionParts.ScaleOf(epsilons)),
            Y = new FigureAxis(axis) { Min = isPart ? 0 : null, Max = isPart ? 1 : null },
            Series = series,
            Note = SectionParts.ErrorNote,
        };

        FigureSeries Level(string label, double value) => new(label, [new(epsilons.Min(), value), new(epsilons.Max(), value)]) { IsReference = true };
    }
}
