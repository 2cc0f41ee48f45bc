using System.Reflection;
using System.Runtime.CompilerServices;
using System.Xml.Linq;

namespace QosValuation.Help;

/// <summary>
/// Writes a list view for every type that cmdlets emit, made of the type's own properties, and for the records within them. A list shows
/// how long a vector is and not its numbers, the names in a list, and the parts of an inner record.
/// </summary>
internal static class ListViews
{
    private const string Namespace = nameof(QosValuation);

    /// <summary>Makes the views.</summary>
    /// <param name="cmdlets">The cmdlets.</param>
    /// <param name="written">Format files with views that were written by hand, which stay.</param>
    /// <returns>A format file.</returns>
    public static XDocument Write(IEnumerable<CmdletDescription> cmdlets, IEnumerable<string> written)
    {
        HashSet<string> byHand =
        [
            .. written.SelectMany(path => XDocument.Load(path).Descendants("View"))
                .Where(view => view.Element("ListControl") is not null)
                .SelectMany(view => view.Descendants("TypeName").Select(name => name.Value)),
        ];
        var types = new SortedDictionary<string, Type>(StringComparer.Ordinal);
        foreach (Type type in cmdlets.SelectMany(cmdlet => cmdlet.OutputTypes))
        {
            Add(type, types);
        }

        return new XDocument(new XElement("Configuration", new XElement("ViewDefinitions", types
            .Where(type => !byHand.Contains(type.Key))
            .Select(type => new XElement(
                "View",
                new XElement("Name", type.Key + ".List"),
                new XElement("ViewSelectedBy", new XElement("TypeName", type.Key)),
                new XElement("ListControl", new XElement("ListEntries", new XElement("ListEntry", new XElement("ListItems", Items(type.Value))))))))));
    }

    private static void Add(Type type, SortedDictionary<string, Type> types)
    {
        if (IsRecord(type) && types.TryAdd(type.FullName!, type))
        {
            foreach (PropertyInfo property in Properties(type))
            {
                Add(ElementOf(property.PropertyType) ?? property.PropertyType, types);
            }
        }
    }

    private static bool IsRecord(Type type) => type is { IsClass: true, Namespace: Namespace };

    private static PropertyInfo[] Properties(Type type) =>
        [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.GetIndexParameters().Length == 0)];

    private static IEnumerable<XElement> Items(Type type) => Properties(type).Select(property => new XElement(
        "ListItem",
        new XElement("Label", property.Name),
        Script(property) is { } script ? new XElement("ScriptBlock", script) : new XElement("PropertyName", property.Name)));

    /// <summary>How a value is shown that is not one number, text or the like; null for those.</summary>
    private static string? Script(PropertyInfo property)
    {
        string value = "$_." + property.Name;
        Type type = property.PropertyType;
        if (type == typeof(byte[]))
        {
            return $"'{{0:N0}} bytes' -f {value}.Length";
        }

        if (ElementOf(type) is { } element)
        {
            return element == typeof(float) || element == typeof(double) ? $"'{{0:N0}} numbers' -f @({value}).Count"
                : IsRecord(element) ? $"'{{0:N0}} × {element.Name}' -f @({value}).Count"
                : $"if (@({value}).Count) {{ {value} -join '{(element == typeof(string) ? "; " : ", ")}' }} else {{ 'none' }}";
        }

        if (!IsRecord(type))
        {
            return null;
        }

        if (type == typeof(ClipEmbedding))
        {
            return $"'{{0}}, {{1:N0}} numbers' -f {value}.Source, {value}.Dimension";
        }

        // A record that says in words what it is does so here too.
        bool speaks = type.GetMethod(nameof(ToString), Type.EmptyTypes) is { } words && !words.IsDefined(typeof(CompilerGeneratedAttribute));
        return speaks
            ? $"\"$({value})\""
            : $"if ({value}) {{ @({value}.PSObject.Properties | Where-Object {{ $_.Value -is [string] -or $_.Value -isnot [System.Collections.IEnumerable] }} "
                + "| ForEach-Object { \"$($_.Name) $($_.Value)\" }) -join '; ' }";
    }

    private static Type? ElementOf(Type type) =>
        type.IsArray ? type.GetElementType()
        : type.IsGenericType && type.GetGenericArguments() is [var element] && type.IsAssignableFrom(element.MakeArrayType()) ? element
        : null;
}
