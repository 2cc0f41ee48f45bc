using System.Reflection;
using System.Text;
using QosValuation.Cmdlets;
using QosValuation.Cmdlets.About;

namespace QosValuation.Help;

/// <summary>
/// Build tool: writes <c>QosValuation.Cmdlets.dll-Help.xml</c> and the about topics into the folder given, from the
/// doc comments beside this program, the list views into the folder formats beside it, and the list of records into the folder bin.
/// Anything undocumented fails the build.
/// </summary>
internal static class Program
{
    private const int Width = 80;
    private const string ListFile = "Lists.format.ps1xml";
    private const string RecordFile = "records.txt";

    public static int Main(string[] arguments)
    {
        string output = arguments[0];
        Directory.CreateDirectory(output);
        Assembly assembly = typeof(QosCmdlet).Assembly;
        var docs = new DocComments(Directory.EnumerateFiles(AppContext.BaseDirectory, "QosValuation.*.xml"));
        var problems = new List<string>();

        MamlWriter.Write(CmdletDescription.All(assembly), docs, problems).Save(Path.Combine(output, "QosValuation.Cmdlets.dll-Help.xml"));
        string formats = Path.Combine(output, "..", "formats");
        if (Directory.Exists(formats))
        {
            ListViews.Write(CmdletDescription.All(assembly), Directory.EnumerateFiles(formats, "*.ps1xml").Where(file => Path.GetFileName(file) != ListFile))
                .Save(Path.Combine(formats, ListFile));
        }

        string programs = Path.Combine(output, "..", "bin");
        if (Directory.Exists(programs))
        {
            File.WriteAllLines(Path.Combine(programs, RecordFile), RecordConverter.List());
        }

        foreach (Type type in assembly.GetTypes())
        {
            if (type.GetCustomAttribute<AboutTopicAttribute>() is { } topic)
            {
                File.WriteAllText(
                    Path.Combine(output, topic.Name + ".help.txt"),
                    Topic(topic.Name, docs, type, problems),
                    new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            }
        }

        foreach (string problem in problems)
        {
            // MSBuild's canonical form, so that it counts as an error of the build.
            Console.Error.WriteLine("help : error QVHELP: " + problem);
        }

        return problems.Count == 0 ? 0 : 1;
    }

    private static string Topic(string name, DocComments docs, Type type, List<string> problems)
    {
        var comment = docs.Of(type);
        string summary = DocComments.Text(comment?.Element("summary"));
        if (summary.Length == 0)
        {
            problems.Add(name + ": no summary");
        }

        var text = new StringBuilder();
        text.Append("TOPIC\n    ").Append(name).Append("\n\nSHORT DESCRIPTION\n").Append(Wrap(summary, 4)).Append("\n\nLONG DESCRIPTION\n");
        foreach (string paragraph in DocComments.Paragraphs(comment?.Element("remarks")))
        {
            text.Append(paragraph.Contains('\n', StringComparison.Ordinal) || paragraph.StartsWith("PS>", StringComparison.Ordinal)
                ? string.Join('\n', paragraph.Split('\n').Select(line => "        " + line))
                : Wrap(paragraph, 4)).Append("\n\n");
        }

        foreach (var example in comment?.Elements("example") ?? [])
        {
            text.Append("EXAMPLE\n");
            foreach (string paragraph in DocComments.Paragraphs(example))
            {
                text.Append(paragraph.Contains('\n', StringComparison.Ordinal)
                    ? string.Join('\n', paragraph.Split('\n').Select(line => "        " + line))
                    : Wrap(paragraph, 4)).Append("\n\n");
            }
        }

        var links = (comment?.Elements("seealso") ?? []).Select(link => "    " + link.Value).ToArray();
        if (links.Length > 0)
        {
            text.Append("SEE ALSO\n").AppendJoin('\n', links).Append('\n');
        }

        return text.ToString().TrimEnd() + "\n";
    }

    private static string Wrap(string paragraph, int indent)
    {
        var text = new StringBuilder();
        int hanging = paragraph.StartsWith("- ", StringComparison.Ordinal) ? indent + 2 : indent;
        int column = 0;
        foreach (string word in paragraph.Split(' '))
        {
            if (column == 0)
            {
                text.Append(' ', indent);
                column = indent;
            }
            else if (column + 1 + word.Length > Width)
            {
                text.Append('\n').Append(' ', hanging);
                column = hanging;
            }
            else
            {
                text.Append(' ');
                column++;
            }

            text.Append(word);
            column += word.Length;
        }

        return text.ToString();
    }
}
