using System.Collections;
using System.Management.Automation;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>
/// Reads a property of a release so that no release can fail to bind and slip out of a total: what cannot be read becomes a value
/// that Measure-PrivacyLoss knows as unusable (NaN, or an undefined value of an enumeration), or the unfavourable one (no cluster, seeded).
/// </summary>
/// <param name="type">The parameter's type.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ReleaseValueAttribute(Type type) : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? given = inputData is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : inputData;
        if (given is IList { Count: 1 } list)
        {
            given = list[0] is PSObject element ? element.BaseObject : list[0];
        }

        return type == typeof(double) ? Number(given)
            : type == typeof(bool) ? Truth(given)
            : type == typeof(int?) ? RecordProperties.TryReadWhole(given, out long id) && id is >= int.MinValue and <= int.MaxValue ? (int)id : null
            : Name(given);
    }

    private static double Number(object? given) => given is not IList && RecordProperties.TryRead(given, out double number) ? number : double.NaN;

    private static bool Truth(object? given) => given switch
    {
        null => false,
        bool known => known,
        SwitchParameter known => known,
        string text => !bool.TryParse(text, out bool read) || read,
        _ => true,
    };

    // A list of names, which Enum.Parse would take for a union of their bits, is no name.
    private object Name(object? given) =>
        given is not null and not IList && !(given is string text && text.Contains(',', StringComparison.Ordinal))
            && LanguagePrimitives.TryConvertTo(given, type, out object name)
            ? name
            : Enum.ToObject(type, -1);
}
