using QosValuation.Reporting.Figures;

namespace QosValuation.Reporting.Page;

/// <summary>A picture in a report.</summary>
/// <param name="Caption">What it shows; also read aloud in its place.</param>
/// <param name="MediaType">Such as <c>image/png</c>.</param>
/// <param name="Content">The file's bytes.</param>
public sealed record ReportPicture(string Caption, string MediaType, byte[] Content);

/// <summary>A part of a report's summary.</summary>
/// <param name="Heading">Such as <c>It costs</c>.</param>
/// <param name="Sentences">What is known.</param>
public sealed record SummaryPart(string Heading, IReadOnlyList<string> Sentences);

/// <summary>One kind of result in a report.</summary>
public sealed record ReportSection
{
    /// <summary>The heading.</summary>
    public required string Title { get; init; }

    /// <summary>How to read what follows, in a sentence or two.</summary>
    public required string HowToRead { get; init; }

    /// <summary>The figures.</summary>
    public IReadOnlyList<ReportFigure> Figures { get; init; } = [];

    /// <summary>The pictures.</summary>
    public IReadOnlyList<ReportPicture> Pictures { get; init; } = [];

    /// <summary>The numbers behind the figures.</summary>
    public required ReportTable Table { get; init; }

    /// <summary>What was the same for all rows.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Parameters { get; init; } = [];
}

/// <summary>A report: what an HTML page, or any other form, is written from.</summary>
public sealed record Report
{
    /// <summary>The title.</summary>
    public required string Title { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset GeneratedAt { get; init; }

    /// <summary>What privacy costs and buys here, in sentences; empty where the results do not tell.</summary>
    public IReadOnlyList<SummaryPart> Summary { get; init; } = [];

    /// <summary>The heading over <see cref="Summary"/>.</summary>
    public string SummaryTitle { get; init; } = string.Empty;

    /// <summary>The results, a kind a section.</summary>
    public required IReadOnlyList<ReportSection> Sections { get; init; }

    /// <summary>Seeds, versions, timings and whatever else tells how it came about.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Facts { get; init; } = [];

    /// <summary>All figures with the names of their files, unique within the report.</summary>
    public IEnumerable<(string Id, ReportFigure Figure)> Figures()
    {
        var taken = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (ReportFigure figure in Sections.SelectMany(section => section.Figures))
        {
            int count = taken[figure.Name] = taken.GetValueOrDefault(figure.Name) + 1;
            yield return (count == 1 ? figure.Name : figure.Name + "-" + count.ToString(System.Globalization.CultureInfo.InvariantCulture), figure);
        }
    }
}
