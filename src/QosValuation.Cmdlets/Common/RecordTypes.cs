using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Reflection;

namespace QosValuation.Cmdlets;

/// <summary>
/// Which cmdlet makes which type of record, and which takes it, as the attributes of the cmdlets say: <see cref="OutputTypeAttribute"/>
/// and <see cref="AcceptsAttribute"/>.
/// </summary>
internal static class RecordTypes
{
    private static readonly Lazy<IReadOnlyList<CmdletRecords>> Known = new(() =>
    [
        .. from type in typeof(RecordTypes).Assembly.GetTypes()
           where !type.IsAbstract
           let attributes = type.GetCustomAttributesData()
           let name = attributes.FirstOrDefault(attribute => attribute.AttributeType == typeof(CmdletAttribute))
           where name is not null
           let verb = (string)name.ConstructorArguments[0].Value!
           let noun = (string)name.ConstructorArguments[1].Value!
           let emits = attributes.Where(attribute => attribute.AttributeType == typeof(OutputTypeAttribute)).SelectMany(TypesOf)
           let accepts = type.GetProperties()
               .Where(TakesFromPipeline)
               .SelectMany(property => property.GetCustomAttribute<AcceptsAttribute>()?.Types ?? [])
           orderby noun, verb
           select new CmdletRecords(type, $"{verb}-{noun}", [.. emits.Where(IsRecord).Distinct()], [.. accepts.Distinct()]),
    ]);

    private static readonly Lazy<IReadOnlyList<Type>> All = new(() => [.. Cmdlets.SelectMany(cmdlet => cmdlet.Emits.Concat(cmdlet.Accepts)).Distinct()]);

    /// <summary>Names that properties had before, each with the present one. They stay as aliases, and are read where a saved record has no other.</summary>
    public static IReadOnlyDictionary<string, string> FormerNames { get; } =
        new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { ["Replications"] = "Rounds", ["Novelty"] = "MeanNovelty" };

    /// <summary>The cmdlets, ordered by noun.</summary>
    public static IReadOnlyList<CmdletRecords> Cmdlets => Known.Value;

    /// <summary>The record types that some cmdlet emits or takes.</summary>
    public static IReadOnlyList<Type> Records => All.Value;

    /// <summary>Whether a type is one of the module's records.</summary>
    /// <param name="type">The type.</param>
    /// <returns>True for classes of the namespace of what cmdlets emit.</returns>
    public static bool IsRecord(Type type) => type is { IsClass: true, IsArray: false, Namespace: nameof(QosValuation) };

    /// <summary>Whether a type is a record, or a value with properties of its own that a record holds.</summary>
    /// <param name="type">The type.</param>
    /// <returns>True for classes and structures of the namespace of what cmdlets emit.</returns>
    public static bool IsRecordOrPart(Type type) =>
        IsRecord(type) || type is { IsValueType: true, IsEnum: false, Namespace: nameof(QosValuation) };

    /// <summary>The cmdlets that make records of a type: those that emit it and do not need it themselves.</summary>
    /// <param name="type">The record type.</param>
    /// <returns>Their names.</returns>
    public static IReadOnlyList<string> MakersOf(Type type) =>
        [.. Cmdlets.Where(cmdlet => cmdlet.Emits.Contains(type) && !cmdlet.Accepts.Contains(type)).Select(cmdlet => cmdlet.Name)];

    /// <summary>The cmdlets that make records of one type out of records of another.</summary>
    /// <param name="given">What there is.</param>
    /// <param name="wanted">What is needed.</param>
    /// <returns>Their names.</returns>
    public static IReadOnlyList<string> Between(Type given, Type wanted) =>
        [.. Cmdlets.Where(cmdlet => cmdlet.Accepts.Contains(given) && cmdlet.Emits.Contains(wanted)).Select(cmdlet => cmdlet.Name)];

    /// <summary>The fault of an object that a cmdlet cannot take: what it needs, what it got, and which cmdlet makes the one of the other.</summary>
    /// <param name="cmdlet">The cmdlet's name.</param>
    /// <param name="wanted">What it takes.</param>
    /// <param name="item">The object.</param>
    /// <param name="others">What else it takes, in words; null for nothing.</param>
    /// <returns>The fault. Its message names types and not the object, so that the same mistake reads the same.</returns>
    public static QosValuationException Refuse(string cmdlet, IReadOnlyList<Type> wanted, object? item, string? others = null)
    {
        object? bare = RecordReader.Bare(item);
        Type? given = RecordReader.TypeOf(item);
        if (bare is IDictionary && wanted.Contains(given))
        {
            given = null;
        }

        IEnumerable<string> kinds = wanted.Select(type => Named(type.Name)).Concat(others is null ? [] : [others]);
        string got = item is null or PSObject { BaseObject: null } ? "nothing ($null)"
            : given is not null ? Named(given.Name)
            : item is PSObject { BaseObject: PSCustomObject } ? "an object without the properties of one"
            : bare is IDictionary ? "a hashtable, whose entries are no properties: write [pscustomobject] @{ … } for @{ … }"
            : Named((item is PSObject wrapped ? wrapped.BaseObject : item).GetType().Name);
        var sentence = new System.Text.StringBuilder($"{cmdlet} takes {string.Join(" or ", kinds)}, and got {got}.");
        bool isKnown = false;
        foreach (Type type in wanted.Where(type => given is not null && given != type))
        {
            if (Between(given!, type).FirstOrDefault(name => name != cmdlet) is { } step)
            {
                sentence.Append(CultureInfo.InvariantCulture, $" {step} makes {type.Name} objects of them: … | {step} | {cmdlet}.");
                isKnown = true;
            }
        }

        foreach (Type type in wanted.Where(_ => !isKnown))
        {
            if (MakersOf(type) is { Count: > 0 } makers)
            {
                sentence.Append(CultureInfo.InvariantCulture, $" {string.Join(" and ", makers)} {(makers.Count > 1 ? "make" : "makes")} {type.Name} objects.");
            }
        }

        return new QosValuationException(Faults.InputTypeWrong, sentence.ToString(), item);
    }

    // Attributes are read and not made, which the build can do as well, where PowerShell itself is not loaded.
    private static IEnumerable<Type> TypesOf(CustomAttributeData attribute) => attribute.ConstructorArguments
        .SelectMany(argument => argument.Value is IReadOnlyCollection<CustomAttributeTypedArgument> items ? items.Select(item => item.Value) : [argument.Value])
        .OfType<Type>();

    private static bool TakesFromPipeline(PropertyInfo property) => property.GetCustomAttributesData().Any(attribute =>
        attribute.AttributeType == typeof(ParameterAttribute)
        && attribute.NamedArguments.Any(named => named is { MemberName: nameof(ParameterAttribute.ValueFromPipeline), TypedValue.Value: true }));

    private static string Named(string type) => ("AEIO".Contains(type[0], StringComparison.Ordinal) ? "an " : "a ") + type;
}

/// <summary>What a cmdlet emits and takes from the pipeline.</summary>
/// <param name="Type">The cmdlet's type.</param>
/// <param name="Name">Its name.</param>
/// <param name="Emits">The record types that it emits.</param>
/// <param name="Accepts">The record types that it takes.</param>
internal sealed record CmdletRecords(Type Type, string Name, IReadOnlyList<Type> Emits, IReadOnlyList<Type> Accepts);
