using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace QosValuation.Cmdlets.Valuation;

/// <summary>Reads the class of an item, as -Label says.</summary>
internal static class ItemLabel
{
    /// <summary>The class of an item.</summary>
    /// <param name="given">The parameter's value: a property's name, a script block in which $_ is the item, or a table from Item to class.</param>
    /// <param name="item">The item.</param>
    /// <returns>The class as a text, numbers in the invariant culture; null or empty where there is none.</returns>
    /// <exception cref="QosValuationException"><c>LabelScriptFailed</c>.</exception>
    public static string? Of(object given, PSObject item)
    {
        object? value = given is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : given;
        return value switch
        {
            ScriptBlock script => Run(script, item),
            IDictionary table => Text(Read(item, "Item") is { } name ? table[name] : null),
            _ => Text(Read(item, Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty)),
        };
    }

    /// <summary>A property of an object, or an entry of a hashtable, by its name.</summary>
    /// <param name="item">The object.</param>
    /// <param name="name">The name.</param>
    /// <returns>Its value; null where there is none.</returns>
    public static object? Read(PSObject item, string name) =>
        name.Length == 0 ? null
        : item.BaseObject is IDictionary entries ? entries[name]
        : item.Properties[name]?.Value;

    /// <summary>A value as a text.</summary>
    /// <param name="value">The value; may be null.</param>
    /// <returns>The text, numbers in the invariant culture.</returns>
    public static string? Text(object? value)
    {
        object? given = value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;
        return given is null ? null : Convert.ToString(given, CultureInfo.InvariantCulture);
    }

    private static string? Run(ScriptBlock script, PSObject item)
    {
        try
        {
            return script.InvokeWithContext(null, [new PSVariable("_", item)]).Select(Text).FirstOrDefault(text => !string.IsNullOrEmpty(text));
        }
        catch (PipelineStoppedException)
        {
            throw;
        }
        catch (RuntimeException exception)
        {
            throw new QosValuationException(
                Faults.LabelScriptFailed, $"The script block of -Label failed for '{item}': {exception.Message}", item, exception);
        }
    }
}
