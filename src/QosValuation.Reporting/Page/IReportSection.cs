namespace QosValuation.Reporting.Page;

/// <summary>
/// A kind of result that a report knows how to show. An implementation lies beside its result type, has a constructor without
/// parameters, and is found by <see cref="ReportSectionRegistry"/>; nothing else has to name it.
/// </summary>
/// <remarks>Where the results are a type of the engine, derive from <see cref="ResultSection{TResult}"/> instead.</remarks>
public interface IReportSection
{
    /// <summary>The name of the result type, without namespace.</summary>
    string TypeName { get; }

    /// <summary>The type of the results; null where they are rows of a script.</summary>
    Type? ResultType { get; }

    /// <summary>The properties by which a row is told that has lost its type, as in a CSV file; all must be there.</summary>
    IReadOnlyList<string> Required { get; }

    /// <summary>The properties that results have of themselves. Any other was added by the user and tells runs apart.</summary>
    IReadOnlyCollection<string> Properties { get; }

    /// <summary>
    /// The place on the page: smaller numbers come first, and of two kinds whose <see cref="Required"/> fit a row the first counts.
    /// The module's own sections are 100 apart, in the order of the pipeline. Equal places are ordered by type name.
    /// </summary>
    int Place { get; }

    /// <summary>Makes the section.</summary>
    /// <param name="records">All rows of this kind, at least one.</param>
    /// <param name="context">What is known of the report.</param>
    ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context);

    /// <summary>The guarantees that the rows tell of: a report's summary speaks of one of them. None by default.</summary>
    /// <param name="records">All rows of this kind.</param>
    IEnumerable<PrivacyTerms> Terms(IReadOnlyList<ReportRecord> records) => [];

    /// <summary>What the rows add to the report's summary. Nothing by default.</summary>
    /// <param name="records">All rows of this kind.</param>
    /// <param name="terms">The guarantee that the summary speaks of.</param>
    IEnumerable<SummarySentence> Summarise(IReadOnlyList<ReportRecord> records, PrivacyTerms terms) => [];
}
