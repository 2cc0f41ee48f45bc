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
    /// <param name="list">
    /// A file that <see cref="List"/> made when the module was built. Every import needs it, and to find it out takes as long as half of one.
    /// </param>
    /// <returns>Two entries a type: of the type, and of what remoting leaves of it.</returns>
    public static TypeData[] TypeData(string list)
    {
        string[] lines = File.ReadAllLines(list);
        var entries = new List<TypeData>(2 * lines.Length);
        foreach (string line in lines)
        {
            string[] parts = line.Split('\t');
            Type type = Type.GetType(parts[0], throwOnError: true)!;
            var whole = new TypeData(type.FullName) { SerializationDepth = 5, TypeConverter = typeof(RecordConverter) };
            for (int i = 1; i < parts.Length; i += 2)
            {
                whole.Members.Add(parts[i], new AliasPropertyData(parts[i], parts[i + 1]));
            }

            entries.Add(whole);
            entries.Add(new TypeData("Deserialized." + type.FullName) { TargetTypeForDeserialization = type });
        }

        return [.. entries];
    }

    /// <summary>The record types that can be made of their properties, found out by looking at all cmdlets.</summary>
    /// <returns>A line a type: its name with its assembly's, then each former name of a property and the present one, with tabulators between.</returns>
    public static IReadOnlyList<string> List() =>
    [
        .. from type in RecordTypes.Records
           where RecordReader.CanMake(type)
           let former = RecordTypes.FormerNames
               .Where(names => type.GetProperty(names.Value) is not null && type.GetProperty(names.Key) is null)
               .SelectMany(names => new[] { names.Key, names.Value })
           select string.Join('\t', [$"{type.FullName}, {type.Assembly.GetName().Name}", .. former]),
    ];
}
