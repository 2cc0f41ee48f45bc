using System.Collections;
using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using QosValuation.Foundation.IO;

namespace QosValuation.Reporting.Page;

/// <summary>
/// One result as a report sees it: a type's name and named properties. Results of the engine, objects of a host and rows of
/// a CSV file are all read the same way, so that numbers may come as texts.
/// </summary>
public sealed class ReportRecord
{
    private static readonly ConcurrentDictionary<Type, PropertyInfo[]> PropertiesOf = new();

    private readonly Dictionary<string, object?> _values = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> _names = [];
    private readonly HashSet<string> _added = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Creates a record.</summary>
    /// <param name="typeName">The type's name without namespace; empty where the properties alone tell what it is.</param>
    /// <param name="properties">Names and values, in the order in which a table shows them; of a repeated name the first counts.</param>
    public ReportRecord(string typeName, IEnumerable<KeyValuePair<string, object?>> properties)
    {
        TypeName = typeName;
        foreach ((string name, object? value) in properties)
        {
            if (_values.TryAdd(name, value))
            {
                _names.Add(name);
            }
        }
    }

    /// <summary>The type's name without namespace.</summary>
    public string TypeName { get; }

    /// <summary>The properties' names in order.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>The value of a property; null where there is none.</summary>
    /// <param name="name">The property, in any case.</param>
    public object? this[string name] => _values.GetValueOrDefault(name);

    /// <summary>Reads the public properties of an object.</summary>
    /// <param name="instance">A result of the engine.</param>
    /// <param name="more">Properties that the user added to it; of a name that the object has itself the object's counts.</param>
    /// <returns>The record.</returns>
    public static ReportRecord From(object instance, params IEnumerable<KeyValuePair<string, object?>> more)
    {
        Type type = instance.GetType();
        PropertyInfo[] properties = PropertiesOf.GetOrAdd(type, static key =>
        [
            .. key.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(property => property.CanRead && property.GetIndexParameters().Length == 0),
        ]);
        return new ReportRecord(type.Name, properties.Select(property => KeyValuePair.Create(property.Name, property.GetValue(instance))).Concat(more));
    }

    /// <summary>Whether a property is none of the result type's own, so that the user added it.</summary>
    /// <param name="name">The property.</param>
    public bool IsAdded(string name) => _added.Contains(name);

    /// <summary>Gives the values the types that the section's result type declares, and notes which properties are the user's.</summary>
    /// <param name="section">The section that the record belongs to.</param>
    internal void Declare(IReportSection section)
    {
        IReadOnlyDictionary<string, Type>? types = section.ResultType is Type type ? RecordSchema.Of(type) : null;
        foreach (string name in _names)
        {
            if (types is not null && types.TryGetValue(name, out Type? declared))
            {
                _values[name] = RecordSchema.Convert(_values[name], declared);
            }
            else if (!section.Properties.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                _added.Add(name);
            }
        }
    }

    /// <summary>Whether a value is one number, text, date or the like, as opposed to a list or an object.</summary>
    /// <param name="value">The value.</param>
    public static bool IsScalar(object? value) => value is null or string or IFormattable or bool;

    /// <summary>A value as text, in the invariant culture.</summary>
    /// <param name="value">The value.</param>
    public static string TextOf(object? value) => value switch
    {
        null => string.Empty,
        string text => text,
        bool flag => flag ? "True" : "False",
        DateTime { Kind: DateTimeKind.Utc } time => time.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        DateTime time => time.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
        DateTimeOffset time => time.ToString("yyyy-MM-dd HH:mm:sszzz", CultureInfo.InvariantCulture),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        IEnumerable list => string.Join("; ", list.Cast<object?>().Select(TextOf)),
        _ => value.ToString() ?? string.Empty,
    };

    /// <summary>A value as a number.</summary>
    /// <param name="value">A number, or its text as <see cref="NumberText"/> reads it.</param>
    /// <param name="number">The number; it may be infinite or NaN.</param>
    /// <returns>False for what is no number.</returns>
    public static bool TryNumber(object? value, out double number)
    {
        switch (value)
        {
            case double or float or decimal or long or int or short or sbyte or byte or ulong or uint or ushort:
                number = Convert.ToDouble(value, CultureInfo.InvariantCulture);
                return true;
            case string text:
                return NumberText.TryParse(text, out number);
            default:
                number = double.NaN;
                return false;
        }
    }

    /// <summary>Whether every one of some properties exists.</summary>
    /// <param name="names">The properties.</param>
    public bool Has(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (!_values.ContainsKey(name))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A property as a number; NaN where it is none.</summary>
    /// <param name="names">The property, or the names it may go by; the first that is a number counts.</param>
    public double Number(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (TryNumber(this[name], out double number) && !double.IsNaN(number))
            {
                return number;
            }
        }

        return double.NaN;
    }

    /// <summary>A property as text; empty where there is none.</summary>
    /// <param name="name">The property.</param>
    public string Text(string name) => TextOf(this[name]);

    /// <summary>A property as a truth value; false where it is none.</summary>
    /// <param name="name">The property.</param>
    public bool Flag(string name) => this[name] is true || string.Equals(Text(name), "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>A property as a list of numbers; empty where it is none.</summary>
    /// <param name="name">The property.</param>
    public double[] Numbers(string name) =>
        this[name] is IEnumerable list and not string ? [.. list.Cast<object?>().Select(item => TryNumber(item, out double number) ? number : double.NaN)] : [];

    /// <summary>How many items a property's list holds; 0 where it is none.</summary>
    /// <param name="name">The property.</param>
    public int Length(string name) => this[name] switch
    {
        string => 0,
        ICollection list => list.Count,
        IEnumerable list => list.Cast<object?>().Count(),
        _ => 0,
    };

    /// <summary>A property as bytes; empty where it is none.</summary>
    /// <param name="name">The property.</param>
    public byte[] Bytes(string name)
    {
        if (this[name] is byte[] bytes)
        {
            return bytes;
        }

        double[] numbers = Numbers(name);
        return numbers.All(number => number is >= 0 and <= 255 && number == Math.Truncate(number)) ? Array.ConvertAll(numbers, number => (byte)number) : [];
    }

    /// <summary>A property that is itself a result, such as the curve of a fairness report; null where there is none.</summary>
    /// <param name="name">The property.</param>
    public ReportRecord? Inner(string name) => AsRecord(this[name]);

    /// <summary>A property that is a list of results; empty where it is none.</summary>
    /// <param name="name">The property.</param>
    public IEnumerable<ReportRecord> Inners(string name) =>
        this[name] is IEnumerable list and not string ? list.Cast<object?>().Select(AsRecord).OfType<ReportRecord>() : [];

    private static ReportRecord? AsRecord(object? value) => value is null || IsScalar(value) ? null : value as ReportRecord ?? From(value);
}
