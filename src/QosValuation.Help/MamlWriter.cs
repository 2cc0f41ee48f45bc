using System.Xml.Linq;

namespace QosValuation.Help;

/// <summary>Writes PowerShell's MAML help file from the cmdlets' attributes and doc comments.</summary>
internal static class MamlWriter
{
    private static readonly XNamespace Msh = "http://msh";
    private static readonly XNamespace Maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace Command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace Dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    public static XDocument Write(IEnumerable<CmdletDescription> cmdlets, DocComments docs, ICollection<string> problems) => new(
        new XDeclaration("1.0", "utf-8", null),
        new XElement(Msh + "helpItems", new XAttribute("schema", "maml"), cmdlets.Select(cmdlet => CommandElement(cmdlet, docs, problems))));

    private static XElement CommandElement(CmdletDescription cmdlet, DocComments docs, ICollection<string> problems)
    {
        XElement? comment = docs.Of(cmdlet.Type);
        string synopsis = DocComments.Text(comment?.Element("summary"));
        if (synopsis.Length == 0)
        {
            problems.Add(cmdlet.Name + ": no summary");
        }

        XElement[] examples = [.. comment?.Elements("example") ?? []];
        if (examples.Length == 0)
        {
            problems.Add(cmdlet.Name + ": no example");
        }

        foreach (ParameterDescription parameter in cmdlet.Parameters)
        {
            if (DocComments.Text(docs.Of(parameter.Property)?.Element("summary")).Length == 0)
            {
                problems.Add(cmdlet.Name + " -" + parameter.Name + ": no summary");
            }
        }

        IReadOnlyList<string> remarks = DocComments.Paragraphs(comment?.Element("remarks"));
        return new XElement(Command + "command",
            new XAttribute(XNamespace.Xmlns + "maml", Maml), new XAttribute(XNamespace.Xmlns + "command", Command),
                new XAttribute(XNamespace.Xmlns + "dev", Dev),
            new XElement(Command + "details",
                new XElement(Command + "name", cmdlet.Name),
                new XElement(Command + "verb", cmdlet.Verb),
                new XElement(Command + "noun", cmdlet.Noun),
                new XElement(Maml + "description", Para(synopsis))),
            new XElement(Maml + "description", (remarks.Count > 0 ? remarks : [synopsis]).Select(Para)),
            new XElement(Command + "syntax", cmdlet.ParameterSets.Select(set => SyntaxItem(cmdlet, set, docs))),
            new XElement(Command + "parameters", cmdlet.Parameters.Select(parameter => ParameterElement(parameter, parameter.Usages[0], docs))),
            new XElement(Command + "inputTypes", InputTypes(cmdlet)),
            new XElement(Command + "returnValues", cmdlet.Outputs.Select(output => new XElement(Command + "returnValue",
                new XElement(Dev + "type", new XElement(Maml + "name", output)), new XElement(Maml + "description", Para(string.Empty))))),
            new XElement(Maml + "alertSet", new XElement(Maml + "alert", DocComments.Paragraphs(comment?.Element("para")).Select(Para))),
            new XElement(Command + "examples", examples.Select((example, index) => Example(example, index + 1))),
            new XElement(Command + "relatedLinks",
                // Get-Help -Online opens the first address.
                new XElement(Maml + "navigationLink",
                    new XElement(Maml + "linkText", "Online:"), new XElement(Maml + "uri", OnlinePages.Of(cmdlet.Name))),
                (comment?.Elements("seealso") ?? []).Select(link =>
                new XElement(Maml + "navigationLink", new XElement(Maml + "linkText", link.Value.Length > 0 ? link.Value : (string?)link.Attribute("href")),
                    new XElement(Maml + "uri", (string?)link.Attribute("href"))))));
    }

    private static IEnumerable<XElement> InputTypes(CmdletDescription cmdlet) => cmdlet.Parameters
        .Where(parameter => parameter.Usages.Any(usage => usage.ByValue))
        .SelectMany(parameter => parameter.Accepts.Count > 0 ? parameter.Accepts.Select(TypeName) : [TypeName(parameter.ElementType)])
        .Distinct()
        .Select(name => new XElement(
            Command + "inputType", new XElement(Dev + "type", new XElement(Maml + "name", name)), new XElement(Maml + "description", Para(string.Empty))));

    private static XElement SyntaxItem(CmdletDescription cmdlet, string set, DocComments docs) => new(Command + "syntaxItem",
        new XElement(Maml + "name", cmdlet.Name),
        cmdlet.Parameters
            .Select(parameter => (parameter, usage: parameter.In(set)))
            .Where(pair => pair.usage is not null)
            .OrderBy(pair => pair.usage!.Position)
            .ThenBy(pair => pair.usage!.Mandatory ? 0 : 1)
            .Select(pair => ParameterElement(pair.parameter, pair.usage!, docs)),
        cmdlet.SupportsShouldProcess ? (XElement[])[CommonSwitch("Confirm", "Asks before each change."), CommonSwitch("WhatIf", "Shows what would change, and "
            + "changes nothing.")] : null);

    private static XElement CommonSwitch(string name, string text) => new(Command + "parameter",
        new XAttribute("required", "false"), new XAttribute("variableLength", "true"), new XAttribute("globbing", "false"),
            new XAttribute("pipelineInput", "False"), new XAttribute("position", "named"),
        new XElement(Maml + "name", name), new XElement(Maml + "description", Para(text)),
        new XElement(Dev + "type", new XElement(Maml + "name", "SwitchParameter")));

    private static XElement ParameterElement(ParameterDescription parameter, ParameterUsage usage, DocComments docs)
    {
        XElement? comment = docs.Of(parameter.Property);
        List<string> text = [.. DocComments.Paragraphs(comment?.Element("summary")), .. DocComments.Paragraphs(comment?.Element("remarks"))];
        if (parameter.ElementType.IsEnum)
        {
            text.AddRange(parameter.Values
                .Select(value => "- " + value + ": " + DocComments.Text(docs.OfEnumValue(parameter.ElementType, value)?.Element("summary"))));
        }

        string standard = DocComments.Text(comment?.Element("value")) is { Length: > 0 } said ? said : usage.Mandatory ? string.Empty : parameter.Default;
        string type = TypeName(parameter.ValueType);
        return new XElement(Command + "parameter",
            new XAttribute("required", usage.Mandatory ? "true" : "false"),
            new XAttribute("variableLength", parameter.ValueType.IsArray ? "true" : "false"),
            new XAttribute("globbing", parameter.AcceptsWildcards ? "true" : "false"),
            new XAttribute("pipelineInput", usage.PipelineInput),
            new XAttribute("position", usage.PositionText),
            new XAttribute("aliases", parameter.Aliases.Count > 0 ? string.Join(", ", parameter.Aliases) : "none"),
            new XElement(Maml + "name", parameter.Name),
            new XElement(Maml + "description", text.Select(Para)),
            parameter.Values.Count > 0 && !parameter.IsSwitch
                ? new XElement(
                    Command + "parameterValueGroup",
                    parameter.Values.Select(value =>
                        new XElement(Command + "parameterValue", new XAttribute("required", "false"), new XAttribute("variableLength", "false"), value)))
                : null,
            parameter.IsSwitch ? null : new XElement(
                Command + "parameterValue",
                new XAttribute("required", "true"),
                new XAttribute("variableLength", parameter.ValueType.IsArray ? "true" : "false"),
                type),
            new XElement(Dev + "type", new XElement(Maml + "name", type), new XElement(Maml + "uri")),
            new XElement(Dev + "defaultValue", standard.Length > 0 ? standard : parameter.IsSwitch ? "False" : "None"));
    }

    private static XElement Example(XElement example, int number)
    {
        string title = DocComments.Text(example.Element("summary"));
        XElement? code = example.Element("code");
        var rest = new XElement("rest", example.Nodes().Where(node => node != code && node is not XElement { Name.LocalName: "summary" }));
        return new XElement(Command + "example",
            new XElement(Maml + "title", "Example " + number + (title.Length > 0 ? ": " + title : string.Empty)),
            new XElement(Dev + "code", DocComments.Outdent(code?.Value ?? string.Empty)),
            new XElement(Dev + "remarks", DocComments.Paragraphs(rest).Select(Para)));
    }

    private static XElement Para(string text) => new(Maml + "para", text);

    private static string TypeName(Type type) => type switch
    {
        _ when type.IsArray => TypeName(type.GetElementType()!) + "[]",
        _ when type == typeof(string) => "String",
        _ when type == typeof(int) => "Int32",
        _ when type == typeof(double) => "Double",
        _ when type.Namespace == "System" => type.Name,
        _ when type.Namespace == "System.Management.Automation" => type.Name,
        _ => type.FullName ?? type.Name,
    };
}
