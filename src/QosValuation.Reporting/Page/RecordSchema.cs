using System.Collections;
using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;

namespace QosValuation.Reporting.Page;

/// <summary>
/// Gives the values of a row back the types that its result type declares. A row of a CSV file holds texts, one of JSON numbers
/// in place of enumerations; with their types back, saved results make the same report as live ones.
/// </summary>
internal static class RecordSchema
{
    private static readonly ConcurrentDictionary<Type, Dictionary<string, Type>> TypesOf = new();

    /// <summary>The declared types of a result type's public properties.</summary>
    /// <param name="resultType">The result type.</param>
    public static IReadOnlyDictionary<string, Type> Of(Type resultType) => TypesOf.GetOrAdd(resultType, static type =>
    {
        var types = new Dictionary<string, Type>(StringComparer.OrdinalIgnoreCase);
        foreach (PropertyInfo property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            types[property.Name] = property.PropertyType;
        }

        return types;
    });

    /// <summary>A value as its property declares it.</summary>
    /// <param name="value">The value as it came.</param>
    /// <param name="declared">The property's type.</param>
    /// <returns>The value in the declared type; as it came where it cannot be read so.</returns>
    public static object? Convert(object? value, Type declared)
    {
        Type type = Nullable.GetUnderlyingType(declared) ?? declared;
        if (value is null || type.IsInstanceOfType(value))
        {
            return value;
        }

        if (value is string text)
        {
            if (text.Length == 0)
            {
                return type != declared ? null : value;
            }

            // Export-Csv writes the name of the type where a list or an object was.
            if (!type.IsValueType && type != typeof(string))
            {
                return null;
            }
        }

        return type.IsEnum ? Enumeration(value, type)
            : type == typeof(bool) ? Truth(value)
            : IsNumber(type) ? Number(value, type)
            : value;
    }

    private static bool IsNumber(Type type) => Type.GetTypeCode(type) is >= TypeCode.SByte and <= TypeCode.Decimal;

    private static object Enumeration(object value, Type type)
    {
        if (value is string name && Enum.TryParse(type, name, ignoreCase: true, out object? parsed) && Enum.IsDefined(type, parsed!))
        {
            return parsed!;
        }

        if (ReportRecord.TryNumber(value, out double number) && number == Math.Truncate(number) && Math.Abs(number) <= int.MaxValue)
        {
            object named = Enum.ToObject(type, (int)number);
            return Enum.IsDefined(type, named) ? named : value;
        }

        return value;
    }

    private static object Truth(object value) => value is string text && bool.TryParse(text, out bool flag) ? flag : value;

    private static object Number(object value, Type type)
    {
        if (value is IEnumerable and not string || !ReportRecord.TryNumber(value, out double number))
        {
            return value;
        }

        if (type == typeof(double) || type == typeof(float) || type == typeof(decimal))
        {
            return number;
        }

        try
        {
            bool isWhole = number == Math.Truncate(number) && Math.Abs(number) < 1L << 53;
            return isWhole ? System.Convert.ChangeType(number, type, CultureInfo.InvariantCulture) : value;
        }
        catch (OverflowException)
        {
            return value;
        }
    }
}
