using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;
using System.Runtime.CompilerServices;
using QosValuation.Cmdlets;

namespace QosValuation.Tests;

/// <summary>Every type that a cmdlet emits or takes goes through every form in which PowerShell saves objects, and comes back the same.</summary>
public sealed class RecordReaderTests
{
    private const string Sample = "José; \"x\", 1,5";

    private static readonly Lazy<Runspace> Session = new(() =>
    {
        Runspace session = RunspaceFactory.CreateRunspace(InitialSessionState.CreateDefault2());
        session.Open();
        return session;
    });

    public static TheoryData<Type> Types => [.. RecordTypes.Records.Where(RecordReader.CanMake)];

    [Fact]
    public void KnowsTheTypesThatCmdletsEmitAndTake()
    {
        Assert.True(RecordTypes.Records.Count > 20);
        Assert.Contains(typeof(SemanticCluster), RecordTypes.Records);

        // A budget is a file and a job a folder; their properties are what stood in it.
        Assert.Equal([typeof(PrivacyBudget), typeof(QosJob)], RecordTypes.Records.Where(type => !RecordReader.CanMake(type)));
        Assert.Equal(["Group-Embedding"], RecordTypes.MakersOf(typeof(SemanticCluster)));
        Assert.Equal(["Get-ClipEmbedding", "Import-Embedding"], RecordTypes.MakersOf(typeof(ClipEmbedding)));
        Assert.Equal(["Group-Embedding"], RecordTypes.Between(typeof(ClipEmbedding), typeof(SemanticCluster)));
    }

    /// <summary>A parameter of records takes saved records too, and explains what it does not take.</summary>
    [Fact]
    public void ParametersForRecordsSayWhichTheyTake()
    {
        string[] typed =
        [
            .. from cmdlet in RecordTypes.Cmdlets
               from property in cmdlet.Type.GetProperties()
               where property.GetCustomAttributes<ParameterAttribute>().Any(parameter => parameter.ValueFromPipeline)
               let type = property.PropertyType.IsArray ? property.PropertyType.GetElementType()! : property.PropertyType
               where RecordTypes.IsRecord(type) && RecordReader.CanMake(type)
               select $"{cmdlet.Name} -{property.Name}: give it the type PSObject[] and [Accepts(typeof({type.Name}))], and read it by Records<{type.Name}>",
        ];
        Assert.Empty(typed);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void ComesBackFromClixmlAndJobs(Type type)
    {
        foreach (object record in Instances(type))
        {
            // Import-Clixml, jobs and remoting read what this writes.
            object back = PSSerializer.Deserialize(PSSerializer.Serialize(PSObject.AsPSObject(record), 5));
            Same(record, Read(back, type), type.Name);
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void ComesBackFromJson(Type type)
    {
        foreach (object record in Instances(type))
        {
            foreach (bool names in new[] { false, true })
            {
                using var shell = PowerShell.Create(Session.Value);
                shell.AddCommand("ConvertTo-Json").AddParameter("Depth", 5).AddParameter("EnumsAsStrings", names).AddCommand("ConvertFrom-Json");
                Same(record, Read(Assert.Single(shell.Invoke(new[] { record })), type), type.Name);
            }

            using var table = PowerShell.Create(Session.Value);
            table.AddCommand("ConvertTo-Json").AddParameter("Depth", 5).AddCommand("ConvertFrom-Json").AddParameter("AsHashtable");
            Same(record, Read(Assert.Single(table.Invoke(new[] { record })), type), type.Name);
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void ComesBackFromCsvWhereItIsFlat(Type type)
    {
        if (!type.GetProperties().All(property => IsFlat(property.PropertyType) || MayBeNull(property)))
        {
            return;
        }

        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            foreach (string culture in new[] { string.Empty, "de-DE", "fa-IR" })
            {
                CultureInfo.CurrentCulture = new CultureInfo(culture);
                foreach (object record in Instances(type, flat: true))
                {
                    using var shell = PowerShell.Create(Session.Value);
                    shell.AddCommand("ConvertTo-Csv").AddCommand("ConvertFrom-Csv");
                    Same(record, Read(Assert.Single(shell.Invoke(new[] { record })), type), type.Name, isText: true);
                }
            }
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    /// <summary>What was cut off by -Depth is an error that says so, or comes back whole; never another value.</summary>
    [Theory]
    [MemberData(nameof(Types))]
    public void IsNeverReadWrongWhereDepthCutItOff(Type type)
    {
        object record = Instances(type).First();
        for (int depth = 0; depth < 4; depth++)
        {
            using var shell = PowerShell.Create(Session.Value);
            shell.AddCommand("ConvertTo-Json").AddParameter("Depth", depth).AddParameter("WarningAction", "Ignore").AddCommand("ConvertFrom-Json");
            object[] cut =
            [
                Assert.Single(shell.Invoke(new[] { record })),
                PSSerializer.Deserialize(PSSerializer.Serialize(PSObject.AsPSObject(record), depth + 1)),
            ];
            foreach (object back in cut)
            {
                try
                {
                    Same(record, Read(back, type), type.Name);
                }
                catch (QosValuationException fault)
                {
                    Assert.True(fault.Is(Faults.RecordIncomplete), fault.Message);
                    Assert.Contains("-Depth 5", fault.Message, StringComparison.Ordinal);
                }
            }
        }
    }

    [Fact]
    public void TellsTypesApartByTheirProperties()
    {
        foreach (Type type in RecordTypes.Records.Where(RecordReader.CanMake))
        {
            using var shell = PowerShell.Create(Session.Value);
            shell.AddCommand("ConvertTo-Json").AddParameter("Depth", 5).AddCommand("ConvertFrom-Json");
            Assert.Equal(type, RecordReader.TypeOf(Assert.Single(shell.Invoke(new[] { Instances(type).First() }))));
        }

        Assert.Null(RecordReader.TypeOf(null));
        Assert.Null(RecordReader.TypeOf("text"));
        Assert.Null(RecordReader.TypeOf(new FileInfo("x")));
        Assert.Null(RecordReader.TypeOf(new Hashtable { ["Name"] = 1 }));
        Assert.Equal(typeof(ClipEmbedding), RecordReader.TypeOf(new Hashtable { ["Vector"] = new[] { 1.0 } }));
    }

    [Fact]
    public void SaysWhatIsWrongWithAValue()
    {
        var row = new PSObject();
        foreach ((string name, object value) in new (string, object)[] { ("Contributor", "a"), ("Quantity", 1.5), ("Novel", 1), ("Normal", 0), ("Noise", 0) })
        {
            row.Properties.Add(new PSNoteProperty(name, value));
        }

        row.TypeNames.Insert(0, "Deserialized.QosValuation.DataValue");
        QosValuationException fault = Assert.Throws<QosValuationException>(() => RecordReader.TryRead(row, typeof(DataValue), out _));
        Assert.True(fault.Is(Faults.RecordNotValid));
        Assert.Contains("Quantity is '1.5'", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FloatsOfJsonAreRoundedOnce()
    {
        // The shortest decimal of this float is, as a double, the middle between two floats.
        const float Middle = 7.038531E-26f;
        Assert.NotEqual(Middle, (float)7.038531E-26);
        var row = new Hashtable { ["Vector"] = new object[] { 7.038531E-26, 1.0 }, ["Source"] = "x" };
        Assert.True(RecordReader.TryRead(row, out ClipEmbedding? embedding));
        Assert.Equal([Middle, 1], embedding.Vector);
    }

    /// <summary>Records with ordinary and extreme values in every property.</summary>
    internal static IEnumerable<object> Instances(Type type, bool flat = false)
    {
        for (int seed = 0; seed < 3; seed++)
        {
            yield return Make(type, new Random(seed), flat);
        }
    }

    private static object Make(Type type, Random random, bool flat)
    {
        ConstructorInfo constructor = type.GetConstructors().OrderBy(candidate => candidate.GetParameters().Length).First();
        object record = constructor.Invoke([.. constructor.GetParameters().Select(parameter => Value(parameter.ParameterType, random, flat, mayBeNull: false))]);
        foreach (PropertyInfo property in type.GetProperties().Where(property => property.SetMethod?.IsPublic == true))
        {
            bool isRequired = property.IsDefined(typeof(RequiredMemberAttribute));
            if (flat && !IsFlat(property.PropertyType))
            {
                continue;
            }

            property.SetValue(record, Value(property.PropertyType, random, flat, mayBeNull: !isRequired && MayBeNull(property)));
        }

        return record;
    }

    private static bool MayBeNull(PropertyInfo property) =>
        Nullable.GetUnderlyingType(property.PropertyType) is not null || new NullabilityInfoContext().Create(property).ReadState == NullabilityState.Nullable;

    private static bool IsFlat(Type type) => type == typeof(string) || (type.IsValueType && type != typeof(TimeSpan));

    private static object? Value(Type declared, Random random, bool flat, bool mayBeNull)
    {
        Type type = Nullable.GetUnderlyingType(declared) ?? declared;
        if (mayBeNull && random.Next(3) == 0)
        {
            return null;
        }

        T Any<T>(params T[] values) => values[random.Next(values.Length)];
        return type switch
        {
            _ when type.IsEnum => Enum.GetValues(type).GetValue(random.Next(Enum.GetValues(type).Length)),
            _ when type == typeof(string) => Any("plain", Sample, "007", "1e5", "NaN", "true"),
            _ when type == typeof(bool) => random.Next(2) == 0,
            _ when type == typeof(int) => Any(0, -1, 7, int.MaxValue, int.MinValue),
            _ when type == typeof(long) => Any(0L, -1, 1L << 53, long.MaxValue, long.MinValue),
            _ when type == typeof(byte) => (byte)random.Next(256),
            _ when type == typeof(double) => Any(0.1, Math.PI, -1e300, double.Epsilon, double.MaxValue, double.NaN, double.PositiveInfinity, double.NegativeInfinity, 3),
            _ when type == typeof(float) => Any(0.1f, 7.038531E-26f, 1e-45f, float.MaxValue, -1.5f, random.NextSingle()),
            _ when type == typeof(DateTime) => new DateTime(2026, 11, 28, 13, 30, 31, DateTimeKind.Utc).AddTicks(flat ? 0 : 1234567),
            _ when type == typeof(DateTimeOffset) => new DateTimeOffset(2026, 11, 28, 13, 30, 31, TimeSpan.Zero),
            _ when type == typeof(TimeSpan) => TimeSpan.FromTicks(random.NextInt64(1L << 40)),
            _ when type.IsArray => List(type.GetElementType()!, random, flat),
            _ when type.IsGenericType && type.GetGenericArguments() is [var element] => List(element, random, flat),
            _ when RecordTypes.IsRecordOrPart(type) => Make(type, random, flat),
            _ => throw new NotSupportedException($"A property of a record has the type {type}, which no form of saving keeps: see RecordReader."),
        };
    }

    private static Array List(Type element, Random random, bool flat)
    {
        var list = Array.CreateInstance(element, random.Next(4));
        for (int i = 0; i < list.Length; i++)
        {
            list.SetValue(Value(element, random, flat, mayBeNull: false), i);
        }

        return list;
    }

    private static object Read(object back, Type type)
    {
        Assert.True(RecordReader.TryRead(back, type, out object? record), $"The object is not taken for a {type.Name}, but for {RecordReader.TypeOf(back)}.");
        return record;
    }

    private static void Same(object? expected, object? actual, string where, bool isText = false)
    {
        switch (expected)
        {
            case null:
                Assert.True(actual is null || (isText && actual is ""), where);
                break;
            case double number:
                Assert.True(BitConverter.DoubleToInt64Bits(number) == BitConverter.DoubleToInt64Bits((double)actual!), $"{where}: {number:R} {actual:R}");
                break;
            case float number:
                Assert.True(BitConverter.SingleToInt32Bits(number) == BitConverter.SingleToInt32Bits((float)actual!), $"{where}: {number:R} {actual:R}");
                break;
            case string or Enum or DateTime:
                Assert.True(expected.Equals(actual), $"{where}: {expected} {actual}");
                break;
            case IEnumerable list:
                object?[] items = [.. list.Cast<object?>()];
                object?[] others = [.. ((IEnumerable)actual!).Cast<object?>()];
                Assert.True(items.Length == others.Length, $"{where}: {items.Length} items became {others.Length}");
                for (int i = 0; i < items.Length; i++)
                {
                    Same(items[i], others[i], $"{where}[{i}]", isText);
                }

                break;
            case var record when RecordTypes.IsRecord(record.GetType()):
                Assert.IsType(record.GetType(), actual);
                foreach (PropertyInfo property in record.GetType().GetProperties())
                {
                    Same(property.GetValue(record), property.GetValue(actual), $"{where}.{property.Name}", isText);
                }

                break;
            default:
                Assert.True(expected.Equals(actual), $"{where}: {expected} {actual}");
                break;
        }
    }
}
