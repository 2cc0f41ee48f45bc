using System.Globalization;
using System.Management.Automation;

namespace QosValuation.Cmdlets;

/// <summary>Reads properties of objects that are not of the module's types, such as rows of Import-Csv.</summary>
internal static class RecordProperties
{
    /// <summary>Reads a numeric property.</summary>
    /// <param name="record">The object; may be null.</param>
    /// <param name="name">The property's name.</param>
    /// <param name="value">The number; texts are read in the invariant culture.</param>
    /// <returns>False where the object lacks the property or it holds no number.</returns>
    public static bool TryGetNumber(PSObject? record, string name, out double value)
    {
        value = 0;
        return record?.Properties[name]?.Value is object raw && LanguagePrimitives.TryConvertTo(raw, CultureInfo.InvariantCulture, out value);
    }
}
