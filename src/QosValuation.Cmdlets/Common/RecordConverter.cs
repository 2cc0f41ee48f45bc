using System.Management.Automation;
using System.Management.Automation.Runspaces;

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

    /// <summary>
    /// What PowerShell has to know of the record types that can be made of their properties: they come whole out of jobs and remoting, are records
    /// again when they are read back, and keep the names that properties had before.
    /// </summary>
    /// <returns>Two entries a type: of the type, and of what remoting leaves of it.</returns>
    public static TypeData[] TypeData()
    {
        var entries = new List<TypeData>();
        foreach (Type type in RecordTypes.Records.Where(RecordReader.CanMake))
        {
            var whole = new TypeData(type.FullName) { SerializationDepth = 5, TypeConverter = typeof(RecordConverter) };
            foreach ((string former, string present) in RecordTypes.FormerNames)
            {
                if (type.GetProperty(present) is not null && type.GetProperty(former) is null)
                {
                    whole.Members.Add(former, new AliasPropertyData(former, present));
                }
            }

            entries.Add(whole);
            entries.Add(new TypeData("Deserialized." + type.FullName) { TargetTypeForDeserialization = type });
        }

        return [.. entries];
    }
}
