using System.Collections;
using System.Management.Automation;
using QosValuation.Reporting.Page;

namespace QosValuation.Cmdlets;

/// <summary>Objects of the pipeline as records of a report.</summary>
internal static class ReportRecords
{
    private const string EnginePrefix = "QosValuation.";

    // What jobs and remoting add to every object.
    private static readonly HashSet<string> HostProperties = new(StringComparer.OrdinalIgnoreCase)
    {
        "PSComputerName", "PSShowComputerName", "PSSourceJobInstanceId", "RunspaceId",
    };

    /// <summary>
    /// Reads an object: a result of the module with what the user added to it, one that was saved and read again, or any other by its
    /// properties.
    /// </summary>
    /// <param name="item">The object.</param>
    /// <returns>The record. Properties that cannot be read count as empty.</returns>
    public static ReportRecord From(PSObject item)
    {
        object instance = item.BaseObject;
        if (instance is IDictionary entries)
        {
            // A hashtable's entries are what was meant, not the properties that every hashtable has.
            IEnumerable<object> keys = entries.Keys.Cast<object>();
            return new ReportRecord(string.Empty, keys.Select(key => KeyValuePair.Create(key.ToString() ?? string.Empty, Plain(entries[key]))));
        }

        IEnumerable<PSPropertyInfo> properties = item.Properties.Where(property =>
            property.IsGettable && !HostProperties.Contains(property.Name) && !IsFormerName(property.Name, item));
        if (instance.GetType().Namespace == nameof(QosValuation))
        {
            return ReportRecord.From(instance, Read(properties.Where(property => property.IsInstance)));
        }

        return new ReportRecord(instance is PSCustomObject ? CustomName(item) : instance.GetType().Name, Read(properties));
    }

    // Former names stay as aliases and so are saved beside the present ones.
    private static bool IsFormerName(string name, PSObject item) =>
        RecordTypes.FormerNames.TryGetValue(name, out string? present) && item.Properties[present] is not null;

    // Select-Object, Import-Clixml and remoting keep the name of the type and put a word before it.
    private static string CustomName(PSObject item)
    {
        string name = item.TypeNames.FirstOrDefault() ?? string.Empty;
        int start = name.LastIndexOf(EnginePrefix, StringComparison.Ordinal);
        return start < 0 ? string.Empty : name[(start + EnginePrefix.Length)..];
    }

    private static IEnumerable<KeyValuePair<string, object?>> Read(IEnumerable<PSPropertyInfo> properties) =>
        properties.Select(property => KeyValuePair.Create(property.Name, Value(property)));

    private static object? Value(PSPropertyInfo property)
    {
        try
        {
            return Plain(property.Value);
        }
        catch (GetValueException)
        {
            return null;
        }
    }

    // A value without PowerShell's wrapping, in lists too. Saved enumerations come back as a number that only its text names.
    private static object? Plain(object? value)
    {
        if (value is PSObject wrapped)
        {
            return wrapped.BaseObject switch
            {
                PSCustomObject => From(wrapped),
                IList list => Plain(list),
                _ when wrapped.TypeNames.Any(name => name == "Deserialized.System.Enum") => wrapped.ToString(),
                object instance => instance,
            };
        }

        return value is IList items && value is not Array ? Unwrapped(items) : value is object?[] array ? Unwrapped(array) : value;
    }

    private static object Unwrapped(IList items) =>
        items.Cast<object?>().Any(item => item is PSObject) ? items.Cast<object?>().Select(Plain).ToArray() : items;
}
