using System.Globalization;
using System.Management.Automation;
using QosValuation.Foundation.IO;

namespace QosValuation.Cmdlets;

/// <summary>Reads properties of objects that are not of the module's types, such as rows of Import-Csv.</summary>
internal static class RecordProperties
{
    /// <summary>Reads a numeric property.</summary>
    /// <param name="record">The object; may be null.</param>
    /// <param name="name">The property's name.</param>
    /// <param name="value">The number; texts are read as by <see cref="TryRead"/>.</param>
    /// <returns>False where the object lacks the property or it holds no number.</returns>
    public static bool TryGetNumber(PSObject? record, string name, out double value)
    {
        return TryRead(record?.Properties[name]?.Value, out value);
    }

    /// <summary>Reads a number, or a text that holds one.</summary>
    /// <param name="raw">The number or text; may be null.</param>
    /// <param name="value">The number. Texts are read by <see cref="NumberText.TryParse"/>, because PowerShell's own conversion
    /// takes "2,5" for 25, and an empty text for 0.</param>
    /// <returns>False where it is no number.</returns>
    public static bool TryRead(object? raw, out double value)
    {
        value = 0;
        object? given = raw is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : raw;
        return given is string text
            ? NumberText.TryParse(text, out value)
            : given is not null && LanguagePrimitives.TryConvertTo(given, CultureInfo.InvariantCulture, out value);
    }
}
