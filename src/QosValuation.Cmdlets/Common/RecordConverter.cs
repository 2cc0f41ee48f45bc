using System.Management.Automation;

namespace QosValuation.Cmdlets;

/// <summary>
/// PowerShell's way to make records again: Import-Clixml, Receive-Job and remoting give back live records by it, and a cast such as
/// <c>[QosValuation.DpPrototype] $row</c> reads a row of ConvertFrom-Json. What the user added to a record stays on it.
/// </summary>
public sealed class RecordConverter : PSTypeConverter
{
    /// <inheritdoc/>
    public override bool CanConvertFrom(object sourceValue, Type destinationType) => RecordReader.TypeOf(sourceValue) == destinationType;

    /// <inheritdoc/>
    /// <exception cref="InvalidCastException">The object cannot be read as the record.</exception>
    public override object ConvertFrom(object sourceValue, Type destinationType, IFormatProvider formatProvider, bool ignoreCase)
    {
        try
        {
            return RecordReader.TryRestore(sourceValue, destinationType, out PSObject? record)
                ? record.BaseObject
                : throw new InvalidCastException($"The object is no {destinationType?.Name}.");
        }
        catch (QosValuationException fault)
        {
            throw new InvalidCastException(fault.Message, fault);
        }
    }

    /// <inheritdoc/>
    public override bool CanConvertTo(object sourceValue, Type destinationType) => false;

    /// <inheritdoc/>
    public override object ConvertTo(object sourceValue, Type destinationType, IFormatProvider formatProvider, bool ignoreCase) =>
        throw new InvalidCastException();

    /// <summary>The names that properties of a record type had before.</summary>
    /// <param name="type">The record type.</param>
    /// <returns>Each former name with the present one.</returns>
    public static IEnumerable<KeyValuePair<string, string>> FormerNames(Type type) =>
        RecordTypes.FormerNames.Where(name => type?.GetProperty(name.Value) is not null && type.GetProperty(name.Key) is null);

    /// <summary>The record types that can be made of their properties.</summary>
    /// <returns>The types.</returns>
    public static IReadOnlyList<Type> Types => [.. RecordTypes.Records.Where(RecordReader.CanMake)];
}
