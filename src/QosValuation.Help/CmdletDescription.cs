using System.Management.Automation;
using System.Reflection;
using QosValuation.Cmdlets;

namespace QosValuation.Help;

/// <summary>
/// A cmdlet's surface as its metadata states it. Attributes are read as data, never instantiated, because those of
/// PowerShell's reference assembly remember nothing.
/// </summary>
internal sealed class CmdletDescription
{
    public const string AllParameterSets = "__AllParameterSets";

    public CmdletDescription(Type type)
    {
        Type = type;
        CustomAttributeData attribute = type.GetCustomAttributesData().First(a => a.AttributeType == typeof(CmdletAttribute));
        Verb = (string)attribute.ConstructorArguments[0].Value!;
        Noun = (string)attribute.ConstructorArguments[1].Value!;
        SupportsShouldProcess = Named(attribute, "SupportsShouldProcess", false);
        DefaultParameterSet = Named(attribute, "DefaultParameterSetName", string.Empty);
        object?[] outputs = [.. type.GetCustomAttributesData().Where(a => a.AttributeType == typeof(OutputTypeAttribute)).SelectMany(Values).Distinct()];
        OutputTypes = [.. outputs.OfType<Type>()];
        Outputs = [.. outputs.Select(value => value is Type output ? output.FullName! : (string)value!)];
        object instance = Activator.CreateInstance(type)!;
        Parameters =
        [
            .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(property => property.GetCustomAttributesData().Any(a => a.AttributeType == typeof(ParameterAttribute)))
                .Select(property => new ParameterDescription(property, property.GetValue(instance)))
                .OrderBy(parameter => parameter.Usages.Min(usage => usage.Position))
                .ThenBy(parameter => parameter.Name, StringComparer.Ordinal),
        ];
        string[] named = [.. Parameters.SelectMany(p => p.Usages).Select(usage => usage.ParameterSet).Where(set => set != AllParameterSets).Distinct()];
        ParameterSets = named.Length == 0 ? [AllParameterSets] : [.. named.OrderBy(set => set == DefaultParameterSet ? 0 : 1)];
    }

    public Type Type { get; }

    public string Verb { get; }

    public string Noun { get; }

    public string Name => Verb + "-" + Noun;

    public bool SupportsShouldProcess { get; }

    public string DefaultParameterSet { get; }

    public IReadOnlyList<string> Outputs { get; }

    public IReadOnlyList<Type> OutputTypes { get; }

    public IReadOnlyList<ParameterDescription> Parameters { get; }

    public IReadOnlyList<string> ParameterSets { get; }

    public static bool IsCmdlet(Type type) => !type.IsAbstract && type.GetCustomAttributesData().Any(a => a.AttributeType == typeof(CmdletAttribute));

    public static IEnumerable<CmdletDescription> All(Assembly assembly) => assembly.GetTypes()
        .Where(IsCmdlet)
        .Select(type => new CmdletDescription(type))
        .OrderBy(cmdlet => cmdlet.Name, StringComparer.Ordinal);

    internal static T Named<T>(CustomAttributeData attribute, string name, T otherwise) =>
        attribute.NamedArguments.Where(argument => argument.MemberName == name).Select(argument => argument.TypedValue.Value).OfType<T>()
            .FirstOrDefault(otherwise);

    internal static IEnumerable<string> Strings(CustomAttributeData attribute) => Values(attribute).OfType<string>();

    internal static IEnumerable<object?> Values(CustomAttributeData attribute) => attribute.ConstructorArguments.SelectMany(argument =>
        argument.Value is IReadOnlyCollection<CustomAttributeTypedArgument> items ? items.Select(item => item.Value) : [argument.Value]);
}

/// <summary>How a parameter takes part in one parameter set.</summary>
internal sealed record ParameterUsage(string ParameterSet, int Position, bool Mandatory, bool ByValue, bool ByPropertyName)
{
    public string PipelineInput =>
        ByValue && ByPropertyName ? "True (ByValue, ByPropertyName)" : ByValue ? "True (ByValue)" : ByPropertyName ? "True (ByPropertyName)" : "False";

    public string PositionText => Position == int.MaxValue ? "named" : Position.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>A parameter as its metadata states it.</summary>
internal sealed class ParameterDescription
{
    public ParameterDescription(PropertyInfo property, object? standard)
    {
        Property = property;
        Default = TextOf(standard);
        IList<CustomAttributeData> attributes = property.GetCustomAttributesData();
        Usages =
        [
            .. attributes.Where(a => a.AttributeType == typeof(ParameterAttribute)).Select(a => new ParameterUsage(
                CmdletDescription.Named(a, "ParameterSetName", CmdletDescription.AllParameterSets),
                CmdletDescription.Named(a, "Position", int.MaxValue),
                CmdletDescription.Named(a, "Mandatory", false),
                CmdletDescription.Named(a, "ValueFromPipeline", false),
                CmdletDescription.Named(a, "ValueFromPipelineByPropertyName", false))),
        ];
        Aliases = [.. attributes.Where(a => a.AttributeType == typeof(AliasAttribute)).SelectMany(CmdletDescription.Strings)];
        AcceptsWildcards = attributes.Any(a => a.AttributeType == typeof(SupportsWildcardsAttribute));
        Accepts = [.. attributes.Where(a => a.AttributeType == typeof(AcceptsAttribute)).SelectMany(CmdletDescription.Values).OfType<Type>()];
        ValueType = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        Values = ElementType.IsEnum
            ? Enum.GetNames(ElementType)
            : [.. attributes.Where(a => a.AttributeType == typeof(ValidateSetAttribute)).SelectMany(CmdletDescription.Strings)];
    }

    public PropertyInfo Property { get; }

    public string Name => Property.Name;

    public IReadOnlyList<ParameterUsage> Usages { get; }

    public IReadOnlyList<string> Aliases { get; }

    public bool AcceptsWildcards { get; }

    /// <summary>The record types that a parameter of untyped objects takes.</summary>
    public IReadOnlyList<Type> Accepts { get; }

    public bool IsSwitch => Property.PropertyType == typeof(SwitchParameter);

    public Type ValueType { get; }

    public Type ElementType => ValueType.IsArray ? ValueType.GetElementType()! : ValueType;

    public IReadOnlyList<string> Values { get; }

    /// <summary>What the parameter is where it is not given, as a user would write it; empty for nothing.</summary>
    public string Default { get; }

    public ParameterUsage? In(string set) =>
        Usages.FirstOrDefault(usage => usage.ParameterSet == set) ?? Usages.FirstOrDefault(usage => usage.ParameterSet == CmdletDescription.AllParameterSets);

    // NaN and the largest integer stand for a bound that was not given.
    private static string TextOf(object? value) => value switch
    {
        string text => text,
        double.NaN or int.MaxValue => string.Empty,
        Array items => string.Join(", ", items.Cast<object?>().Select(TextOf)),
        Enum or int or long or double => ((IFormattable)value).ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        _ => string.Empty,
    };
}
