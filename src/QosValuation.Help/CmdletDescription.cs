using System.Management.Automation;
using System.Reflection;

namespace QosValuation.Help;

/// <summary>A cmdlet's surface as reflection sees it.</summary>
internal sealed class CmdletDescription
{
    public CmdletDescription(Type type)
    {
        Type = type;
        CmdletAttribute attribute = type.GetCustomAttribute<CmdletAttribute>()!;
        Verb = attribute.VerbName;
        Noun = attribute.NounName;
        SupportsShouldProcess = attribute.SupportsShouldProcess;
        DefaultParameterSet = attribute.DefaultParameterSetName ?? string.Empty;
        Outputs = [.. type.GetCustomAttributes<OutputTypeAttribute>().SelectMany(output => output.Type.Select(t => t.Name)).Distinct()];
        Parameters =
        [
            .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(property => property.GetCustomAttributes<ParameterAttribute>().Any())
                .Select(property => new ParameterDescription(property))
                .OrderBy(parameter => parameter.Positions.Min())
                .ThenBy(parameter => parameter.Name, StringComparer.Ordinal),
        ];
        string[] named = [.. Parameters.SelectMany(p => p.Attributes).Select(a => a.ParameterSetName).Where(s => s != ParameterAttribute.AllParameterSets).Distinct()];
        ParameterSets = named.Length == 0 ? [ParameterAttribute.AllParameterSets] : [.. named.OrderBy(s => s == DefaultParameterSet ? 0 : 1)];
    }

    public Type Type { get; }

    public string Verb { get; }

    public string Noun { get; }

    public string Name => Verb + "-" + Noun;

    public bool SupportsShouldProcess { get; }

    public string DefaultParameterSet { get; }

    public IReadOnlyList<string> Outputs { get; }

    public IReadOnlyList<ParameterDescription> Parameters { get; }

    public IReadOnlyList<string> ParameterSets { get; }

    public static IEnumerable<CmdletDescription> All(Assembly assembly) => assembly.GetTypes()
        .Where(type => !type.IsAbstract && type.GetCustomAttribute<CmdletAttribute>() is not null)
        .Select(type => new CmdletDescription(type))
        .OrderBy(cmdlet => cmdlet.Name, StringComparer.Ordinal);
}

/// <summary>A parameter as reflection sees it.</summary>
internal sealed class ParameterDescription(PropertyInfo property)
{
    public PropertyInfo Property { get; } = property;

    public string Name => Property.Name;

    public IReadOnlyList<ParameterAttribute> Attributes { get; } = [.. property.GetCustomAttributes<ParameterAttribute>()];

    public IEnumerable<int> Positions => Attributes.Select(a => a.Position < 0 ? int.MaxValue : a.Position);

    public IReadOnlyList<string> Aliases { get; } = [.. property.GetCustomAttributes<AliasAttribute>().SelectMany(a => a.AliasNames)];

    public bool AcceptsWildcards { get; } = property.GetCustomAttribute<SupportsWildcardsAttribute>() is not null;

    public bool IsSwitch => Property.PropertyType == typeof(SwitchParameter);

    public Type ValueType
    {
        get
        {
            Type type = Nullable.GetUnderlyingType(Property.PropertyType) ?? Property.PropertyType;
            return type;
        }
    }

    public IReadOnlyList<string> Values
    {
        get
        {
            Type element = ValueType.IsArray ? ValueType.GetElementType()! : ValueType;
            return element.IsEnum ? Enum.GetNames(element)
                : Property.GetCustomAttribute<ValidateSetAttribute>() is { } set ? [.. set.ValidValues] : [];
        }
    }

    public ParameterAttribute? In(string set) =>
        Attributes.FirstOrDefault(a => a.ParameterSetName == set) ?? Attributes.FirstOrDefault(a => a.ParameterSetName == ParameterAttribute.AllParameterSets);

    public static string PipelineInput(ParameterAttribute attribute)
    {
        bool value = attribute.ValueFromPipeline;
        bool name = attribute.ValueFromPipelineByPropertyName;
        return value && name ? "True (ByValue, ByPropertyName)" : value ? "True (ByValue)" : name ? "True (ByPropertyName)" : "False";
    }
}
