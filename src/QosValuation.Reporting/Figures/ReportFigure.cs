using System.Globalization;
using System.Text;
using QosValuation.Reporting.Page;

namespace QosValuation.Reporting.Figures;

/// <summary>What a figure is drawn with.</summary>
public enum FigureKind
{
    /// <summary>Lines through points, with bands for their intervals.</summary>
    Line,

    /// <summary>Bars over categories, with whiskers for their intervals.</summary>
    Bar,

    /// <summary>Points alone.</summary>
    Scatter,
}

/// <summary>How an axis is divided.</summary>
public enum FigureScale
{
    /// <summary>Even steps.</summary>
    Linear,

    /// <summary>Powers of ten; positive values only.</summary>
    Log,

    /// <summary>Names; a point's coordinate is the number of its category.</summary>
    Category,
}

/// <summary>One axis of a figure.</summary>
/// <param name="Title">What is measured, with its unit.</param>
/// <param name="Scale">How it is divided.</param>
public sealed record FigureAxis(string Title, FigureScale Scale = FigureScale.Linear)
{
    /// <summary>The names of a category axis.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>The lower end; null follows the data.</summary>
    public double? Min { get; init; }

    /// <summary>The upper end; null follows the data.</summary>
    public double? Max { get; init; }

    /// <summary>Whether it counts, so that no mark lies between two whole numbers.</summary>
    public bool IsWhole { get; init; }

    /// <summary>Whether zero is always shown, as lengths of bars need it.</summary>
    public bool Zero { get; init; }
}

/// <summary>A point with its interval.</summary>
/// <param name="X">The abscissa, or the category's number.</param>
/// <param name="Y">The ordinate.</param>
/// <param name="Low">The lower end of its interval; NaN without.</param>
/// <param name="High">The upper end of its interval; NaN without.</param>
/// <param name="Label">Its own name, where it has one.</param>
public readonly record struct FigurePoint(double X, double Y, double Low = double.NaN, double High = double.NaN, string? Label = null)
{
    /// <summary>The standard normal distribution's 97.5 % quantile.</summary>
    private const double Confidence95 = 1.959964;

    /// <summary>A point with the 95 % confidence interval of a mean.</summary>
    /// <param name="x">The abscissa.</param>
    /// <param name="y">The mean.</param>
    /// <param name="standardError">Its standard error; NaN without.</param>
    public static FigurePoint WithError(double x, double y, double standardError) =>
        double.IsFinite(standardError) ? new(x, y, y - Confidence95 * standardError, y + Confidence95 * standardError) : new(x, y);

    /// <summary>The point with an interval that does not reach beyond what its quantity can be.</summary>
    /// <param name="lowest">The least possible value.</param>
    /// <param name="highest">The greatest possible value.</param>
    public FigurePoint Within(double lowest, double highest) => this with { Low = Math.Max(Low, lowest), High = Math.Min(High, highest) };

    /// <summary>A proportion with its 95 % confidence interval (Wilson 1927), which lies within [0, 1] and is not empty at its ends.</summary>
    /// <param name="x">The abscissa.</param>
    /// <param name="successes">The number of successes, from 0 to <paramref name="trials"/>.</param>
    /// <param name="trials">The number of trials; at least 1.</param>
    public static FigurePoint Proportion(double x, int successes, int trials)
    {
        double part = (double)successes / trials;
        double square = Confidence95 * Confidence95;
        double centre = (part + square / (2 * trials)) / (1 + square / trials);
        double half = Confidence95 / (1 + square / trials) * Math.Sqrt(part * (1 - part) / trials + square / (4.0 * trials * trials));
        return new(x, part, Math.Max(0, centre - half), Math.Min(1, centre + half));
    }
}

/// <summary>Points that belong together.</summary>
/// <param name="Name">The name in the legend.</param>
/// <param name="Points">The points in order.</param>
public sealed record FigureSeries(string Name, IReadOnlyList<FigurePoint> Points)
{
    /// <summary>Whether it is a line to compare with, such as equality, and no data.</summary>
    public bool IsReference { get; init; }
}

/// <summary>A figure as data: what is drawn, not how.</summary>
public sealed record ReportFigure
{
    /// <summary>A file name without extension, such as <c>jain-over-alpha</c>; made unique by the report.</summary>
    public required string Name { get; init; }

    /// <summary>The caption.</summary>
    public required string Title { get; init; }

    /// <summary>What it is drawn with.</summary>
    public required FigureKind Kind { get; init; }

    /// <summary>The horizontal axis; of horizontal bars the vertical one.</summary>
    public required FigureAxis X { get; init; }

    /// <summary>The axis of the values.</summary>
    public required FigureAxis Y { get; init; }

    /// <summary>What is drawn.</summary>
    public required IReadOnlyList<FigureSeries> Series { get; init; }

    /// <summary>Whether bars lie, which leaves room for long names.</summary>
    public bool Horizontal { get; init; }

    /// <summary>Whether the bars of a category stand on one another.</summary>
    public bool Stacked { get; init; }

    /// <summary>What the intervals are, and other fine print.</summary>
    public string Note { get; init; } = string.Empty;

    /// <summary>A figure of bars, one a category; they lie where there are many or their names are long.</summary>
    /// <param name="name">A file name without extension.</param>
    /// <param name="title">The caption.</param>
    /// <param name="quantity">What the bars measure.</param>
    /// <param name="bars">Names, values and standard errors (NaN without).</param>
    /// <param name="lowest">The least that the quantity can be; no whisker reaches beyond.</param>
    /// <param name="highest">The greatest that it can be.</param>
    public static ReportFigure Bars(
        string name,
        string title,
        string quantity,
        IEnumerable<(string Name, double Value, double StandardError)> bars,
        double lowest = double.NegativeInfinity,
        double highest = double.PositiveInfinity)
    {
        (string Name, double Value, double StandardError)[] all = [.. bars];
        IEnumerable<FigurePoint> points = all.Select((bar, i) => FigurePoint.WithError(i, bar.Value, bar.StandardError).Within(lowest, highest));
        return new ReportFigure
        {
            Name = name,
            Title = title,
            Kind = FigureKind.Bar,
            Horizontal = LieDown(all.Select(bar => bar.Name)),
            X = new FigureAxis(string.Empty, FigureScale.Category) { Categories = [.. all.Select(bar => bar.Name)] },
            Y = new FigureAxis(quantity) { Zero = true },
            Series = [new FigureSeries(quantity, [.. points.Where(point => double.IsFinite(point.Y))])],
        };
    }

    /// <summary>Whether bars of these names should lie.</summary>
    /// <param name="names">The categories.</param>
    public static bool LieDown(IEnumerable<string> names)
    {
        string[] all = [.. names];
        return all.Length > 8 || all.Any(name => name.Length > 14);
    }

    /// <summary>The figure in words, for those who hear the page.</summary>
    /// <returns>Its kind, axes, and each series's ends and extremes.</returns>
    public string Describe()
    {
        var text = new StringBuilder();
        text.Append(Kind switch { FigureKind.Line => "Line plot", FigureKind.Bar => "Bar chart", _ => "Scatter plot" });
        text.Append(" of ").Append(Y.Title.Length == 0 ? Title : Y.Title);
        if (X.Title.Length > 0)
        {
            text.Append(" against ").Append(X.Title);
        }

        text.Append('.');
        foreach (FigureSeries series in Series.Where(series => !series.IsReference && series.Points.Count > 0))
        {
            text.Append(' ').Append(series.Name).Append(": ");
            if (Y.Scale == FigureScale.Category)
            {
                text.Append(CultureInfo.InvariantCulture, $"{series.Points.Count} points");
            }
            else if (series.Points.Count <= 6)
            {
                text.AppendJoin(", ", series.Points.Select(point => ReportNumber.Format(point.Y) + " at " + Place(point)));
            }
            else
            {
                FigurePoint lowest = series.Points.MinBy(point => point.Y);
                FigurePoint highest = series.Points.MaxBy(point => point.Y);
                text.Append(CultureInfo.InvariantCulture, $"{series.Points.Count} points from {ReportNumber.Format(lowest.Y)} at {Place(lowest)} ")
                    .Append(CultureInfo.InvariantCulture, $"to {ReportNumber.Format(highest.Y)} at {Place(highest)}");
            }

            text.Append('.');
        }

        return text.ToString();
    }

    private string Place(FigurePoint point) => point.Label
        ?? (X.Scale == FigureScale.Category && point.X >= 0 && point.X < X.Categories.Count ? X.Categories[(int)point.X] : ReportNumber.Format(point.X));
}
