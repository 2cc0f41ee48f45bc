using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Numerics;
using QosValuation.Foundation.IO;

namespace QosValuation.Cmdlets;

/// <summary>Reads properties of objects that are not of the module's types, such as rows of Import-Csv.</summary>
internal static class RecordProperties
{
    /// <summary>Takes PowerShell's wrapping off a value.</summary>
    /// <param name="value">The value; may be null.</param>
    /// <returns>What it wraps; an object made of properties stays as it is.</returns>
    public static object? Unwrap(object? value) => value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;

    /// <summary>Whether a value is of one of the types of numbers.</summary>
    /// <param name="value">The value, unwrapped.</param>
    /// <returns>False for enums, texts, bool and char as well.</returns>
    public static bool IsNumber(object? value) =>
        value is not null and not Enum
        && (value is BigInteger or Half || Type.GetTypeCode(value.GetType()) is >= TypeCode.SByte and <= TypeCode.Decimal);

    /// <summary>Finds a property by the first of its names that an object has, as PowerShell binds a parameter and its aliases.</summary>
    /// <param name="record">The object; may be null.</param>
    /// <param name="names">The names, in the order in which they are looked for.</param>
    /// <returns>Null where the object has none of them.</returns>
    public static PSPropertyInfo? Find(PSObject? record, params ReadOnlySpan<string> names)
    {
        if (record is not null)
        {
            PSMemberInfoCollection<PSPropertyInfo> properties = record.Properties;
            foreach (string name in names)
            {
                if (properties[name] is { } property)
                {
                    return property;
                }
            }
        }

        return null;
    }

    /// <summary>Reads a numeric property.</summary>
    /// <param name="record">The object; may be null.</param>
    /// <param name="name">The property's name.</param>
    /// <param name="value">The number; texts are read as by <see cref="TryRead"/>.</param>
    /// <returns>False where the object lacks the property or it holds no number.</returns>
    public static bool TryGetNumber(PSObject? record, string name, out double value) => TryRead(record?.Properties[name]?.Value, out value);

    /// <summary>Reads a number, or a text that holds one.</summary>
    /// <param name="raw">The number or text; may be null.</param>
    /// <param name="value">The number. Texts are read by <see cref="NumberText"/>, because PowerShell's own conversion
    /// takes "2,5" for 25, and an empty text for 0.</param>
    /// <returns>False where it is no number; $true is none.</returns>
    public static bool TryRead(object? raw, out double value)
    {
        object? given = Unwrap(raw);

        // The commonest types need no look at what PowerShell converts.
        switch (given)
        {
            case double number:
                value = number;
                return true;
            case int whole:
                value = whole;
                return true;
            case null:
                value = 0;
                return false;
        }

        value = 0;
        return given is string text
            ? NumberText.TryParse(text, out value)
            : given is not bool and not char and not SwitchParameter && LanguagePrimitives.TryConvertTo(given, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>Reads a whole number, or a text that holds one.</summary>
    /// <param name="raw">The number or text; may be null.</param>
    /// <param name="value">The number.</param>
    /// <returns>False where it is no number, has a fraction or is beyond 64 bits.</returns>
    public static bool TryReadWhole(object? raw, out long value)
    {
        object? given = Unwrap(raw);
        switch (given)
        {
            case string text:
                return NumberText.TryParseWhole(text, out value);
            case double or float or Half:
                return NumberText.TryRound(System.Convert.ToDouble(given, CultureInfo.InvariantCulture), out value);
            case decimal exact when exact != decimal.Truncate(exact):
                value = 0;
                return false;
            default:
                value = 0;
                return given is not null and not bool and not char and not SwitchParameter
                    && LanguagePrimitives.TryConvertTo(given, CultureInfo.InvariantCulture, out value);
        }
    }

    /// <summary>Reads a list of numbers, or one number.</summary>
    /// <param name="raw">The list; its elements may be texts. May be null.</param>
    /// <param name="values">The numbers.</param>
    /// <returns>False where there is none, or one of them is no number.</returns>
    public static bool TryReadList(object? raw, out double[] values)
    {
        object? given = Unwrap(raw);
        switch (given)
        {
            case double[] doubles:
                values = doubles;
                return true;
            case float[] floats:
                values = Array.ConvertAll(floats, x => (double)x);
                return true;
        }

        object?[] elements = given is IList list ? [.. list] : [given];
        double[] read = new double[elements.Length];
        for (int i = 0; i < read.Length; i++)
        {
            if (!TryRead(elements[i], out read[i]))
            {
                values = [];
                return false;
            }
        }

        values = read;
        return true;
    }
}
