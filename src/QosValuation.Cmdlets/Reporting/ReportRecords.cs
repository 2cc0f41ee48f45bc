using System.Collections;
using System.Management.Automation;
using QosValuation.Reporting.Page;

namespace QosValuation.Cmdlets;

/// <summary>Objects of the pipeline as records of a report.</summary>
internal static class ReportRecords
{
    /// <summary>Reads an object: a result of the module, or any other by its properties.</summary>
    /// <param name="item">The object.</param>
    /// <returns>The record. Properties that cannot be read count as empty.</returns>
    public static ReportRecord From(PSObject item)
    {
        object instance = item.BaseObject;
        if (instance is IDictionary entries)
        {
            // A hashtable's entries are what was meant, not the properties that every hashtable has.
            return new ReportRecord(string.Empty, entries.Keys.Cast<object>().Select(key => KeyValuePair.Create(key.ToString() ?? string.Empty, entries[key] is PSObject wrapped ? wrapped.BaseObject : entries[key])));
        }

        if (instance.GetType().Namespace == nameof(QosValuation))
        {
            return ReportRecord.From(instance);
        }

        string typeName = instance is PSCustomObject ? CustomName(item) : instance.GetType().Name;
        return new ReportRecord(typeName, item.Properties.Where(property => property.IsGettable).Select(property => KeyValuePair.Create(property.Name, Value(property))));
    }

    // Select-Object, Import-Csv and remoting keep the name of the type and put a word before it.
    private static string CustomName(PSObject item)
    {
        string name = item.TypeNames.FirstOrDefault() ?? string.Empty;
        int start = name.LastIndexOf("QosValuation.", StringComparison.Ordinal);
        return start < 0 ? string.Empty : name[(start + "QosValuation.".Length)..];
    }

    private static object? Value(PSPropertyInfo property)
    {
        try
        {
            return property.Value is PSObject wrapped ? wrapped.BaseObject : property.Value;
        }
        catch (GetValueException)
        {
            return null;
        }
    }
}
