using System.Collections;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Management.Automation;
using System.Reflection;
using System.Runtime.CompilerServices;
using QosValuation.Embeddings.Datasets;
using QosValuation.Foundation.IO;

namespace QosValuation.Cmdlets;

/// <summary>
/// Makes records of the module again of what Import-Clixml, jobs, remoting, ConvertFrom-Json and Import-Csv give back, and of other objects
/// and hashtables with the same properties. One reader for all types, by their properties.
/// </summary>
/// <remarks>
/// <para>An object says what it is by the name that serialisation leaves in its type names. Where there is none, as after JSON and CSV, it is
/// the type of which it has all required properties and the most properties in all.</para>
/// <para>Enumerations come back as numbers or names, lists as arrays of objects, NaN and infinity as texts: all read back to the same value.
/// A list or an inner record that has become a text was cut off by -Depth, and costs the fault <see cref="Faults.RecordIncomplete"/>.</para>
/// </remarks>
internal static class RecordReader
{
    private static readonly ConcurrentDictionary<Type, RecordShape> Shapes = new();

    // Shapes of objects without a type's name come by the thousand: each is matched once.
    private static readonly ConcurrentDictionary<string, Type?> Matches = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads an object as a record.</summary>
    /// <typeparam name="T">The record type.</typeparam>
    /// <param name="value">The object; may be null, wrapped, or a record already.</param>
    /// <param name="record">The record.</param>
    /// <returns>False where the object is something else.</returns>
    /// <exception cref="QosValuationException"><c>RecordIncomplete</c>, <c>RecordNotValid</c>: it is such a record, but cannot be read.</exception>
    public static bool TryRead<T>(object? value, [NotNullWhen(true)] out T? record)
        where T : class
    {
        record = TryRead(value, typeof(T), out object? read) ? (T)read : null;
        return record is not null;
    }

    /// <summary>Reads an object as a record.</summary>
    /// <param name="value">The object; may be null, wrapped, or a record already.</param>
    /// <param name="type">The record type.</param>
    /// <param name="record">The record.</param>
    /// <returns>False where the object is something else.</returns>
    /// <exception cref="QosValuationException"><c>RecordIncomplete</c>, <c>RecordNotValid</c>: it is such a record, but cannot be read.</exception>
    public static bool TryRead(object? value, Type type, [NotNullWhen(true)] out object? record)
    {
        object? bare = Bare(value);
        if (type.IsInstanceOfType(bare))
        {
            record = bare!;
            return true;
        }

        record = null;
        if (TypeOf(value) != type)
        {
            return false;
        }

        record = ShapeOf(type).Read(Properties(value!));
        return true;
    }

    /// <summary>Reads an object as a record, which keeps what the user added to the object.</summary>
    /// <param name="value">The object; may be null, wrapped, or a record already.</param>
    /// <param name="type">The record type.</param>
    /// <param name="record">The record with the added properties.</param>
    /// <returns>False where the object is something else.</returns>
    /// <exception cref="QosValuationException"><c>RecordIncomplete</c>, <c>RecordNotValid</c>: it is such a record, but cannot be read.</exception>
    public static bool TryRestore(object? value, Type type, [NotNullWhen(true)] out PSObject? record)
    {
        record = TryRead(value, type, out object? read) ? PSObject.AsPSObject(read) : null;
        if (record is not null && value is PSObject { BaseObject: PSCustomObject } saved)
        {
            foreach (PSPropertyInfo property in saved.Properties)
            {
                if (property is PSNoteProperty && record.Properties[property.Name] is null)
                {
                    record.Properties.Add(new PSNoteProperty(property.Name, property.Value));
                }
            }
        }

        return record is not null;
    }

    /// <summary>The record type that an object is of, or was before it was saved.</summary>
    /// <param name="value">The object; may be null.</param>
    /// <returns>Null where it is none of the module's records.</returns>
    public static Type? TypeOf(object? value)
    {
        switch (Bare(value))
        {
            case null or string or ValueType:
                return null;
            case var bare when RecordTypes.IsRecord(bare.GetType()):
                return bare.GetType();
            case IList:
                return null;
            case var bare and (PSCustomObject or PSObject):
                return NamedType(value as PSObject ?? (PSObject)bare) ?? Match(PropertiesOf(value as PSObject ?? (PSObject)bare));
            case IDictionary entries:
                return Match(Properties(entries));
            case var other:
                return Match(PropertiesOf(PSObject.AsPSObject(other)));
        }
    }

    /// <summary>A value without PowerShell's wrapping.</summary>
    /// <param name="value">The value; may be null.</param>
    /// <returns>The base object; an object of properties alone stays as it is.</returns>
    public static object? Bare(object? value) => value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;

    /// <summary>Whether records of a type can be made of their properties.</summary>
    /// <param name="type">The record type.</param>
    /// <returns>False for what stands for something else, such as a file.</returns>
    public static bool CanMake(Type type) => ShapeOf(type).CanMake;

    private static RecordShape ShapeOf(Type type) => Shapes.GetOrAdd(type, static key => new RecordShape(key));

    private static Type? NamedType(PSObject item)
    {
        const string Prefix = nameof(QosValuation) + ".";
        foreach (string name in item.TypeNames)
        {
            // What Select-Object leaves need not be whole: its properties tell.
            int start = name.LastIndexOf(Prefix, StringComparison.Ordinal);
            if (start >= 0 && !name.StartsWith("Selected.", StringComparison.Ordinal))
            {
                ReadOnlySpan<char> plain = name.AsSpan(start + Prefix.Length);
                int variant = plain.IndexOf('#');
                string known = (variant < 0 ? plain : plain[..variant]).ToString();
                return RecordTypes.Records.FirstOrDefault(type => type.Name == known);
            }
        }

        return null;
    }

    private static Type? Match(Dictionary<string, object?> properties)
    {
        string key = string.Join('\n', properties.Select(property => property.Key + (IsEmpty(property.Value) ? "-" : "+")));
        return Matches.GetOrAdd(key, static (_, given) => RecordTypes.Records
            .Select(type => (Type: type, Score: ShapeOf(type).Score(given)))
            .Where(candidate => candidate.Score > 0)
            .OrderByDescending(candidate => candidate.Score)
            .Select(candidate => candidate.Type)
            .FirstOrDefault(), properties);
    }

    private static bool IsEmpty(object? value) => Bare(value) is null or "";

    private static Dictionary<string, object?> Properties(object value) =>
        Bare(value) is IDictionary entries ? Properties(entries) : PropertiesOf(PSObject.AsPSObject(value));

    private static Dictionary<string, object?> Properties(IDictionary entries)
    {
        var properties = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase);
        foreach (DictionaryEntry entry in entries)
        {
            properties[Convert.ToString(entry.Key, CultureInfo.InvariantCulture) ?? string.Empty] = entry.Value;
        }

        return properties;
    }

    private static Dictionary<string, object?> PropertiesOf(PSObject item)
    {
        var properties = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase);
        foreach (PSPropertyInfo property in item.Properties)
        {
            if (property is PSNoteProperty or PSProperty)
            {
                try
                {
                    properties[property.Name] = property.Value;
                }
                catch (GetValueException)
                {
                    // A property of some other object that cannot be read says nothing about a record.
                }
            }
        }

        return properties;
    }

    /// <summary>The properties of a record type, and how it is made of them.</summary>
    private sealed class RecordShape
    {
        private readonly Type _type;
        private readonly ConstructorInfo? _constructor;
        private readonly ParameterInfo[] _parameters = [];
        private readonly PropertyInfo[] _properties;
        private readonly HashSet<string> _settable;
        private readonly HashSet<string> _required;
        private readonly Dictionary<string, bool> _mayBeNull = new(StringComparer.OrdinalIgnoreCase);

        public RecordShape(Type type)
        {
            _type = type;
            _properties = [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.GetIndexParameters().Length == 0)];
            ConstructorInfo[] constructors = type.GetConstructors();
            _constructor = constructors.FirstOrDefault(constructor => constructor.GetParameters().Length == 0)
                ?? constructors.OrderByDescending(constructor => constructor.GetParameters().Length)
                    .FirstOrDefault(constructor => constructor.GetParameters().All(parameter => Property(parameter.Name!) is not null));
            _parameters = _constructor?.GetParameters() ?? [];
            _settable = new(
                _properties.Where(property => property.SetMethod?.IsPublic == true).Select(property => property.Name)
                    .Concat(_parameters.Select(parameter => parameter.Name!)),
                StringComparer.OrdinalIgnoreCase);
            _required = new(
                _properties.Where(property => property.IsDefined(typeof(RequiredMemberAttribute))).Select(property => property.Name)
                    .Concat(_parameters.Where(parameter => !parameter.HasDefaultValue).Select(parameter => parameter.Name!)),
                StringComparer.OrdinalIgnoreCase);
            var nullability = new NullabilityInfoContext();
            foreach (PropertyInfo property in _properties)
            {
                _mayBeNull[property.Name] = nullability.Create(property).ReadState == NullabilityState.Nullable;
            }
        }

        public bool CanMake => _constructor is not null && _settable.Count > 0;

        /// <summary>How many properties of the type an object has; 0 where it lacks one without which there is no such record.</summary>
        public int Score(Dictionary<string, object?> given)
        {
            bool Has(string name) => given.TryGetValue(name, out object? value) && !IsEmpty(value);

            // An embedding from elsewhere may have a vector alone, and a table of labels no vectors.
            bool isSuch = _type == typeof(ClipEmbedding)
                ? Has(nameof(ClipEmbedding.Vector)) || Has(nameof(ClipEmbedding.Novelty)) || Has(nameof(ClipEmbedding.ClusterId))
                : _constructor is not null && _required.Count > 0 && _required.All(given.ContainsKey);
            return isSuch ? _properties.Count(property => given.ContainsKey(property.Name)) : 0;
        }

        public object Read(Dictionary<string, object?> given)
        {
            if (_constructor is null)
            {
                throw NotValid(string.Empty, "cannot be made of its properties; get it again from where it came");
            }

            bool isTable = given.Values.All(value => Bare(value) is null or string);
            var values = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase);
            foreach (PropertyInfo property in _properties)
            {
                if (!_settable.Contains(property.Name))
                {
                    continue;
                }

                if (!given.TryGetValue(property.Name, out object? value) && !TryFormer(given, property.Name, out value))
                {
                    if (_required.Contains(property.Name))
                    {
                        if (_type == typeof(ClipEmbedding))
                        {
                            values[property.Name] = EmbeddingDefault(property.Name, given);
                            continue;
                        }

                        throw NotValid(property.Name, "is missing");
                    }

                    continue;
                }

                if (TryRead(property, value, isTable, out object? read))
                {
                    values[property.Name] = read;
                }
                else if (_type == typeof(ClipEmbedding) && _required.Contains(property.Name))
                {
                    values[property.Name] = EmbeddingDefault(property.Name, given);
                }
            }

            object record = _constructor.Invoke([.. _parameters.Select(parameter =>
                values.TryGetValue(parameter.Name!, out object? value) ? value : parameter.DefaultValue)]);
            foreach (PropertyInfo property in _properties)
            {
                if (property.SetMethod?.IsPublic == true && values.TryGetValue(property.Name, out object? value))
                {
                    property.SetValue(record, value);
                }
            }

            return record;
        }

        // Saved before the property had its present name.
        private bool TryFormer(Dictionary<string, object?> given, string name, out object? value)
        {
            value = null;
            string? former = RecordTypes.FormerNames.FirstOrDefault(pair => pair.Value == name).Key;
            return former is not null && Property(former) is null && given.TryGetValue(former, out value);
        }

        // What embeddings from elsewhere need not say.
        private static object EmbeddingDefault(string name, Dictionary<string, object?> given) => name switch
        {
            nameof(ClipEmbedding.Source) => Convert.ToString(Bare(given.GetValueOrDefault(nameof(ClipEmbedding.Item))), CultureInfo.InvariantCulture)!,
            nameof(ClipEmbedding.Modality) => Modality.Image,
            nameof(ClipEmbedding.Vector) => Array.Empty<float>(),
            _ => string.Empty,
        };

        private PropertyInfo? Property(string name) => Array.Find(_properties, property => property.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

        /// <summary>Reads a property.</summary>
        /// <returns>False where the property keeps its default.</returns>
        private bool TryRead(PropertyInfo property, object? value, bool isTable, out object? read)
        {
            Type type = property.PropertyType;
            object? bare = Bare(value);
            read = null;
            bool isNested = (!type.IsValueType || RecordTypes.IsRecordOrPart(type)) && type != typeof(string) && type != typeof(object);
            if (isNested && bare is "" && !isTable && _type != typeof(ClipEmbedding))
            {
                // An empty list that -Depth cut off: what was absent is null.
                throw Incomplete(property.Name, isTable);
            }

            if (bare is null || (bare is "" && (type != typeof(string) || (isTable && _mayBeNull[property.Name]))))
            {
                if (_mayBeNull[property.Name] || Nullable.GetUnderlyingType(type) is not null)
                {
                    return true;
                }

                return _type == typeof(ClipEmbedding) || !_required.Contains(property.Name) ? false
                    : isNested && bare is "" ? throw Incomplete(property.Name, isTable)
                    : throw NotValid(property.Name, "is empty");
            }

            // A row of Import-Csv has the name of the type in place of a list: what is not needed stays away.
            // JSON whose numbers are all NaN looks like one, but what it cuts off is the items between blanks.
            if (isNested && bare is string text && isTable && !char.IsAsciiDigit(text[^1])
                && (!_required.Contains(property.Name) || _type == typeof(ClipEmbedding)))
            {
                return false;
            }

            read = ValueOf(value!, type, property.Name, isTable);
            return true;
        }

        private object ValueOf(object value, Type declared, string name, bool isTable)
        {
            Type type = Nullable.GetUnderlyingType(declared) ?? declared;
            object bare = Bare(value)!;
            if (type.IsEnum)
            {
                return Enumeration(bare, type, name);
            }

            if (type == typeof(string))
            {
                return bare is string or IFormattable or bool or char
                    ? Convert.ToString(bare, CultureInfo.InvariantCulture)!
                    : throw NotValid(name, "is no text");
            }

            if (type.IsInstanceOfType(bare) && !RecordTypes.IsRecordOrPart(type) && bare is not object?[])
            {
                return bare;
            }

            if (RecordTypes.IsRecordOrPart(type))
            {
                return type.IsInstanceOfType(bare) ? bare
                    : bare is string ? throw Incomplete(name, isTable)
                    : ShapeOf(type).Read(Properties(value));
            }

            if (ElementOf(type) is { } element)
            {
                return bare is string ? throw Incomplete(name, isTable) : List(bare, element, name, isTable);
            }

            return Scalar(bare, type) ?? throw NotValid(name, $"is '{Short(bare)}', which is no {type.Name}");
        }

        private static Type? ElementOf(Type type) =>
            type.IsArray ? type.GetElementType()
            : type.IsGenericType && type.GetGenericArguments() is [var element] && type.IsAssignableFrom(element.MakeArrayType()) ? element
            : null;

        private object List(object bare, Type element, string name, bool isTable)
        {
            object?[] items = bare is IEnumerable list and not IDictionary ? [.. list.Cast<object?>()] : [bare];
            if (element == typeof(float))
            {
                return Floats(Array.ConvertAll(
                    items, item => Scalar(Bare(item), typeof(double)) is double number ? number : throw NotValid(name, "holds no numbers")));
            }

            var array = Array.CreateInstance(element, items.Length);
            for (int i = 0; i < items.Length; i++)
            {
                array.SetValue(items[i] is { } item ? ValueOf(item, element, name, isTable) : null, i);
            }

            return array;
        }

        private object Enumeration(object bare, Type type, string name)
        {
            object? member = bare switch
            {
                string text => Enum.TryParse(type, text, ignoreCase: true, out object? parsed) ? parsed : null,
                _ when bare.GetType().IsEnum => Enum.TryParse(type, bare.ToString(), out object? same) ? same : null,
                IConvertible => Scalar(bare, typeof(long)) is long number and >= int.MinValue and <= int.MaxValue ? Enum.ToObject(type, (int)number) : null,
                _ => null,
            };
            return member is not null && Enum.IsDefined(type, member)
                ? member
                : throw NotValid(name, $"is '{Short(bare)}', and must be {string.Join(", ", Enum.GetNames(type))}");
        }

        private static string Short(object value)
        {
            string text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty;
            return text.Length <= 40 ? text : text[..40] + "…";
        }

        private QosValuationException Incomplete(string property, bool isTable) => new(
            Faults.RecordIncomplete,
            $"The {_type.Name} lost its {property} when it was saved: only the text that stands for it is left. "
                + (isTable
                    ? "A table such as CSV has no place for it; save with Export-Clixml or ConvertTo-Json, with -Depth 5."
                    : "Save it again with -Depth 5 (Export-Clixml -Depth 5, ConvertTo-Json -Depth 5)."));

        private QosValuationException NotValid(string property, string problem) => new(
            Faults.RecordNotValid, $"The object has the properties of a {_type.Name}, but {(property.Length > 0 ? property : "it")} {problem}.");
    }

    /// <summary>Reads one number, truth value or time.</summary>
    /// <param name="value">The value or its text.</param>
    /// <param name="type">The type, not nullable.</param>
    /// <returns>Null where it is none.</returns>
    private static object? Scalar(object? value, Type type)
    {
        if (value is null)
        {
            return null;
        }

        if (type.IsInstanceOfType(value))
        {
            return value;
        }

        if (type == typeof(bool))
        {
            return value is string flag && bool.TryParse(flag, out bool isTrue) ? isTrue : null;
        }

        if (type == typeof(DateTime) || type == typeof(DateTimeOffset) || type == typeof(TimeSpan) || type == typeof(Guid) || type == typeof(Uri))
        {
            return Moment(value, type);
        }

        if (value is string text)
        {
            if (type == typeof(double) || type == typeof(float) || type == typeof(decimal))
            {
                return !NumberText.TryParse(text, out double parsed) ? null
                    : type == typeof(double) ? parsed
                    : type == typeof(float) ? Single(parsed)
                    : (decimal)parsed;
            }

            return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole)
                || long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.CurrentCulture, out whole)
                ? Whole(whole, type)
                : null;
        }

        if (value is bool or char or DateTime || value is not (IConvertible or System.Numerics.BigInteger or Half))
        {
            return null;
        }

        if (type == typeof(double) || type == typeof(float))
        {
            double wide = value switch
            {
                Half half => (double)half,
                System.Numerics.BigInteger big => (double)big,
                _ => Convert.ToDouble(value, CultureInfo.InvariantCulture),
            };
            return type == typeof(double) ? wide : Single(wide);
        }

        return type == typeof(decimal) && value is IConvertible ? Convert.ToDecimal(value, CultureInfo.InvariantCulture) : Whole(value, type);
    }

    // The float whose shortest decimal the double was read from. Rounding twice differs from rounding once where the double lies in the
    // middle between two floats, as for 7.038531E-26.
    private static float Single(double wide)
    {
        const long Below = (1L << 29) - 1;
        return (BitConverter.DoubleToInt64Bits(wide) & Below) == 1L << 28 && double.IsFinite(wide)
            ? float.Parse(wide.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)
            : (float)wide;
    }

    // Vectors beyond the range of floats keep their direction; those that were floats come back bit for bit.
    private static float[] Floats(double[] wide)
    {
        float[] single = Array.ConvertAll(wide, Single);
        for (int i = 0; i < wide.Length; i++)
        {
            bool isOutside = double.IsFinite(wide[i]) && Math.Abs(wide[i]) is > float.MaxValue or (> 0 and < 1e-30);
            string decimals = isOutside ? single[i].ToString("R", CultureInfo.InvariantCulture) : string.Empty;
            if (isOutside && wide[i] != single[i] && wide[i] != double.Parse(decimals, CultureInfo.InvariantCulture))
            {
                return WideVector.Narrow(wide);
            }
        }

        return single;
    }

    private static object? Whole(object value, Type type)
    {
        if (value is double or float or decimal)
        {
            double number = Convert.ToDouble(value, CultureInfo.InvariantCulture);
            if (number != Math.Truncate(number) || Math.Abs(number) > 1L << 53)
            {
                return null;
            }

            value = (long)number;
        }

        try
        {
            return Convert.ChangeType(value is System.Numerics.BigInteger big ? (ulong)big : value, type, CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is OverflowException or InvalidCastException or FormatException)
        {
            return null;
        }
    }

    private static object? Property(object? value, string name) => value switch
    {
        PSObject parts => parts.Properties[name]?.Value,
        IDictionary parts => parts[name],
        _ => null,
    };

    private static long? Part(object? value, string name) => Scalar(Bare(Property(value, name)), typeof(long)) as long?;

    private static object? Moment(object? value, Type type)
    {
        if (type == typeof(DateTime))
        {
            return value is DateTimeOffset offset ? offset.UtcDateTime
                : value is string text && (DateTime.TryParse(text, CultureInfo.CurrentCulture, DateTimeStyles.RoundtripKind, out DateTime time)
                    || DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out time)) ? time : null;
        }

        if (type == typeof(DateTimeOffset))
        {
            // Clixml holds the parts of a time with an offset, and its ticks among them.
            return value is DateTime time ? new DateTimeOffset(time)
                : Part(value, "Ticks") is { } local && Moment(Bare(Property(value, "Offset")), typeof(TimeSpan)) is TimeSpan shift
                    ? new DateTimeOffset(local, shift)
                : value is string text && (DateTimeOffset.TryParse(text, CultureInfo.CurrentCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset parsed)
                    || DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out parsed)) ? parsed
                : null;
        }

        if (type == typeof(TimeSpan))
        {
            // JSON holds the parts of a span, and its ticks among them.
            return value is TimeSpan same ? same
                : Part(value, "Ticks") is { } ticks ? new TimeSpan(ticks)
                : value is string text && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan span) ? span : null;
        }

        return type == typeof(Guid)
            ? value is string id && Guid.TryParse(id, out Guid guid) ? guid : null
            : value is string address && Uri.TryCreate(address, UriKind.RelativeOrAbsolute, out Uri? uri) ? uri : null;
    }
}
