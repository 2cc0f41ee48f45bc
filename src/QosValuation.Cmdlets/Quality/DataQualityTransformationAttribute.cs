using System.Collections;
using System.Globalization;
using System.Management.Automation;
using QosValuation.Valuation.Quality;

namespace QosValuation.Cmdlets.Quality;

/// <summary>Takes scores that were saved and read again, by Import-Clixml or ConvertFrom-Json, for scores.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class DataQualityTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? given = inputData is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : inputData;
        return given is IList list ? list.Cast<object?>().Select(Convert).ToArray() : Convert(inputData);
    }

    private static object? Convert(object? item)
    {
        object? given = item is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : item;
        if (given is null or DataQuality || item is not PSObject record || Nested(record, nameof(DataQuality.Parameters)) is not { } parameters
            || record.Properties[nameof(DataQuality.Hash)] is null)
        {
            return given;
        }

        return new DataQuality
        {
            Contributor = Text(record, nameof(DataQuality.Contributor)),
            Quality = Number(record, nameof(DataQuality.Quality)),
            Cleanliness = Number(record, nameof(DataQuality.Cleanliness)),
            Errors = (long)Number(record, nameof(DataQuality.Errors)),
            Tokens = (long)Number(record, nameof(DataQuality.Tokens)),
            Documents = (long)Number(record, nameof(DataQuality.Documents)),
            Entropy = Number(record, nameof(DataQuality.Entropy)),
            NormalizedEntropy = Number(record, nameof(DataQuality.NormalizedEntropy)),
            GiniSimpson = Number(record, nameof(DataQuality.GiniSimpson)),
            Novelty = Number(record, nameof(DataQuality.Novelty)),
            Recency = Number(record, nameof(DataQuality.Recency)),
            Duplication = Number(record, nameof(DataQuality.Duplication)),
            Metadata = Number(record, nameof(DataQuality.Metadata)),
            ErrorCounts = default,
            ReferenceRecall = Number(record, nameof(DataQuality.ReferenceRecall)),
            Hash = Text(record, nameof(DataQuality.Hash)),
            InputHash = Text(record, nameof(DataQuality.InputHash)),
            Epsilon = Plain(record, nameof(DataQuality.Epsilon)) is null ? null : Number(record, nameof(DataQuality.Epsilon)),
            Parameters = new DataQualityParameters
            {
                Version = (int)Number(parameters, nameof(DataQualityParameters.Version)),
                ErrorFactor = Number(parameters, nameof(DataQualityParameters.ErrorFactor)),
                ClusterCount = (int)Number(parameters, nameof(DataQualityParameters.ClusterCount)),
                Weight = [.. List(parameters, nameof(DataQualityParameters.Weight)).Select(ToNumber)],
                NoveltyDefinition = Value<NoveltyDefinition>(parameters, nameof(DataQualityParameters.NoveltyDefinition)),
                DiversityDefinition = Value<DiversityDefinition>(parameters, nameof(DataQualityParameters.DiversityDefinition)),
                RequiredField = [.. List(parameters, nameof(DataQualityParameters.RequiredField)).Select(name => name?.ToString() ?? string.Empty)],
                AsOf = Date(Plain(parameters, nameof(DataQualityParameters.AsOf))),
                MaxAge = Span(Plain(parameters, nameof(DataQualityParameters.MaxAge))),
                DuplicateThreshold = Number(parameters, nameof(DataQualityParameters.DuplicateThreshold)),
                Seed = (int)Number(parameters, nameof(DataQualityParameters.Seed)),
                DictionaryHash = Text(parameters, nameof(DataQualityParameters.DictionaryHash)),
                ReferenceHash = Text(parameters, nameof(DataQualityParameters.ReferenceHash)),
                Model = Text(parameters, nameof(DataQualityParameters.Model)),
            },
        };
    }

    private static object? Plain(PSObject record, string name) =>
        record.Properties[name]?.Value is { } value ? value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value : null;

    private static PSObject? Nested(PSObject record, string name) =>
        record.Properties[name]?.Value is { } value && value is not string ? PSObject.AsPSObject(value) : null;

    private static string Text(PSObject record, string name) => Plain(record, name)?.ToString() ?? string.Empty;

    private static double Number(PSObject record, string name) => ToNumber(Plain(record, name));

    // NaN is written as text by ConvertTo-Json.
    private static double ToNumber(object? value) => value is PSObject wrapped ? ToNumber(wrapped.BaseObject)
        : value is string text && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number
        : RecordProperties.TryRead(value, out number) ? number
        : double.NaN;

    private static IEnumerable<object?> List(PSObject record, string name) =>
        Plain(record, name) switch { null => [], string text => [text], IEnumerable list => list.Cast<object?>(), var single => [single] };

    private static T Value<T>(PSObject record, string name)
        where T : struct =>
        LanguagePrimitives.TryConvertTo(Plain(record, name), out T value) ? value : default;

    private static DateTimeOffset? Date(object? value) => value switch
    {
        null => null,
        DateTimeOffset date => date,
        DateTime date => new DateTimeOffset(date.ToUniversalTime()),
        string text => QualityDocument.ParseDate(text),
        _ => Date(PSObject.AsPSObject(value).Properties["UtcDateTime"]?.Value is { } utc ? utc is PSObject inner ? inner.BaseObject : utc : null),
    };

    private static TimeSpan? Span(object? value) => value switch
    {
        null => null,
        TimeSpan span => span,
        string text => TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan span) ? span : null,
        _ => RecordProperties.TryGetNumber(PSObject.AsPSObject(value), "Ticks", out double ticks) ? TimeSpan.FromTicks((long)ticks) : null,
    };
}
