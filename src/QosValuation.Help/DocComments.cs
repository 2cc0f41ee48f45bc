using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace QosValuation.Help;

/// <summary>Reads the compiler's XML doc files and renders their elements as plain paragraphs.</summary>
internal sealed partial class DocComments
{
    // The compiler begins every line of a comment in the documentation file with so many blanks.
    private const int FileIndentation = 12;

    private readonly Dictionary<string, XElement> _members = new(StringComparer.Ordinal);

    public DocComments(IEnumerable<string> files)
    {
        foreach (string file in files)
        {
            foreach (XElement member in XDocument.Load(file, LoadOptions.PreserveWhitespace).Descendants("member"))
            {
                _members[(string)member.Attribute("name")!] = member;
            }
        }
    }

    public XElement? Of(Type type) => _members.GetValueOrDefault("T:" + type.FullName!.Replace('+', '.'));

    public XElement? Of(PropertyInfo property) =>
        _members.GetValueOrDefault("P:" + property.DeclaringType!.FullName!.Replace('+', '.') + "." + property.Name);

    public XElement? OfEnumValue(Type type, string value) => _members.GetValueOrDefault("F:" + type.FullName!.Replace('+', '.') + "." + value);

    /// <summary>The paragraphs of an element, each on one line; code blocks keep their lines.</summary>
    public static IReadOnlyList<string> Paragraphs(XElement? element)
    {
        var paragraphs = new List<string>();
        if (element is null)
        {
            return paragraphs;
        }

        var current = new StringBuilder();
        void Flush()
        {
            string text = Spaces().Replace(current.ToString(), " ").Trim();
            if (text.Length > 0)
            {
                paragraphs.Add(text);
            }

            current.Clear();
        }

        void Walk(XElement parent)
        {
            foreach (XNode node in parent.Nodes())
            {
                switch (node)
                {
                    case XText text:
                        current.Append(text.Value);
                        break;
                    case XElement { Name.LocalName: "para" } para:
                        Flush();
                        Walk(para);
                        Flush();
                        break;
                    case XElement { Name.LocalName: "code" } code:
                        Flush();
                        paragraphs.Add(Outdent(code.Value));
                        break;
                    case XElement { Name.LocalName: "list" } list:
                        Flush();
                        foreach (XElement item in list.Elements("item"))
                        {
                            string term = string.Join(" ", Paragraphs(item.Element("term")));
                            string description = string.Join(" ", Paragraphs(item.Element("description") ?? (item.Element("term") is null ? item : null)));
                            paragraphs.Add("- " + (term.Length > 0 ? term + ": " : string.Empty) + description);
                        }

                        break;
                    case XElement { Name.LocalName: "see" or "seealso" or "paramref" or "typeparamref" } reference:
                        current.Append(reference.Value.Length > 0 ? reference.Value : ReferenceName(reference));
                        break;
                    case XElement other:
                        Walk(other);
                        break;
                }
            }
        }

        Walk(element);
        Flush();
        return paragraphs;
    }

    public static string Text(XElement? element) => string.Join(" ", Paragraphs(element));

    /// <summary>
    /// Removes the indentation that the documentation file has and the code has not, and the blank first and last lines of a code block.
    /// </summary>
    /// <param name="code">The text of a code element. Its first line may follow the tag directly, and then has no indentation of its own.</param>
    public static string Outdent(string code)
    {
        bool followsTag = !string.IsNullOrWhiteSpace(code.Split('\n')[0]);
        List<string> lines = [.. code.Replace("\r", string.Empty, StringComparison.Ordinal).Split('\n')];
        while (lines.Count > 0 && string.IsNullOrWhiteSpace(lines[0]))
        {
            lines.RemoveAt(0);
        }

        while (lines.Count > 0 && string.IsNullOrWhiteSpace(lines[^1]))
        {
            lines.RemoveAt(lines.Count - 1);
        }

        IEnumerable<string> told = lines.Skip(followsTag ? 1 : 0).Where(line => !string.IsNullOrWhiteSpace(line));
        int indent = told.Select(line => line.Length - line.TrimStart().Length).DefaultIfEmpty(0).Min();
        if (followsTag)
        {
            // What the lines that follow have beyond the file's own indentation is meant, such as that of a pipeline's second line.
            indent = Math.Min(indent, FileIndentation);
        }

        return string.Join('\n', lines.Select((line, i) =>
            i == 0 && followsTag ? line.TrimEnd() : line.Length >= indent ? line[indent..].TrimEnd() : string.Empty));
    }

    private static string ReferenceName(XElement reference)
    {
        string name = (string?)reference.Attribute("cref") ?? (string?)reference.Attribute("langword") ?? (string?)reference.Attribute("name")
            ?? (string?)reference.Attribute("href") ?? string.Empty;
        if (name.Contains("://", StringComparison.Ordinal))
        {
            return name;
        }

        int parenthesis = name.IndexOf('(', StringComparison.Ordinal);
        name = parenthesis >= 0 ? name[..parenthesis] : name;
        return name[(Math.Max(name.LastIndexOf('.'), name.LastIndexOf(':')) + 1)..];
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
