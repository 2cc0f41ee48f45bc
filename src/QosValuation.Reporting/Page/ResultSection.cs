using System.Reflection;

namespace QosValuation.Reporting.Page;

/// <summary>A section of the results of one type.</summary>
/// <typeparam name="TResult">The result type.</typeparam>
/// <param name="place">The place on the page, see <see cref="IReportSection.Place"/>.</param>
/// <param name="required">The properties by which a row without type is told; name them with <c>nameof</c>.</param>
public abstract class ResultSection<TResult>(int place, params string[] required) : IReportSection
{
    /// <inheritdoc/>
    public string TypeName => typeof(TResult).Name;

    /// <inheritdoc/>
    public Type? ResultType => typeof(TResult);

    /// <inheritdoc/>
    public IReadOnlyList<string> Required { get; } = required;

    /// <inheritdoc/>
    public virtual IReadOnlyCollection<string> Properties =>
        [.. typeof(TResult).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(property => property.Name)];

    /// <inheritdoc/>
    public int Place { get; } = place;

    /// <inheritdoc/>
    public abstract ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context);

    /// <inheritdoc/>
    public virtual IEnumerable<PrivacyTerms> Terms(IReadOnlyList<ReportRecord> records) => [];

    /// <inheritdoc/>
    public virtual IEnumerable<SummarySentence> Summarise(IReadOnlyList<ReportRecord> records, PrivacyTerms terms) => [];
}
