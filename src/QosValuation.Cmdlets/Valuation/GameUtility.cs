using System.Collections;
using System.Management.Automation;
using QosValuation.Valuation.MarginalUtility;

namespace QosValuation.Cmdlets.Valuation;

/// <summary>Reads a game as a user gives it: a table of coalitions, or a script block.</summary>
internal static class GameUtility
{
    /// <summary>Reads a table of coalitions.</summary>
    /// <param name="given">A dictionary from coalition to worth, or rows with the properties Coalition and Value.</param>
    /// <returns>The game.</returns>
    /// <exception cref="QosValuationException"><c>UtilityTableNotValid</c>.</exception>
    public static TableUtility ReadTable(object given)
    {
        object value = given is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : given;
        IEnumerable<KeyValuePair<string, double>> rows = value is IDictionary table
            ? table.Cast<DictionaryEntry>().Select(entry => Row(entry.Key, entry.Value, entry.Key))
            : (value is IEnumerable list and not string ? list.Cast<object?>() : [value]).Select(row =>
            {
                PSObject? item = row is null ? null : PSObject.AsPSObject(row);
                return Row(item?.Properties["Coalition"]?.Value, item?.Properties["Value"]?.Value, row);
            });
        return new TableUtility(rows);
    }

    private static KeyValuePair<string, double> Row(object? coalition, object? worth, object? row)
    {
        object? members = coalition is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : coalition;
        string? name = members is IEnumerable list and not string ? string.Join(',', list.Cast<object?>().Select(ItemLabel.Text)) : ItemLabel.Text(members);
        return name is not null && RecordProperties.TryRead(worth, out double number)
            ? new(name, number)
            : throw new QosValuationException(
                Faults.UtilityTableNotValid,
                $"The coalition '{name ?? row}' is worth '{worth}': -UtilityTable takes a hashtable from coalition to number, rows with the properties "
                + "Coalition and Value, or a script block.",
                row);
    }
}
