using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace QosValuation.Tests;

/// <summary>Holds the projects against the house that references.txt draws: who may reference whom, where a type lives, who sees internals.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly string Source = Path.Combine(TestData.RepositoryRoot, "src");

    private static readonly IReadOnlyDictionary<string, (int Floor, string[] May)> House = ReadHouse();

    // The roof sees the whole engine; the loader and what PowerShell loads first see nothing of it.
    private static readonly IReadOnlyDictionary<string, string[]> Roof = new Dictionary<string, string[]>
    {
        ["Cmdlets"] = [.. House.Keys],
        ["Help"] = ["Cmdlets", "Loader"],
        ["Loader"] = [],
    };

    private static readonly string[] Names = [.. Directory.EnumerateFiles(Source, "*.csproj", SearchOption.AllDirectories).Select(NameOf)];

    public static TheoryData<string> Projects => [.. Names];

    [Fact]
    public void TheListAndTheFoldersNameTheSameProjects() =>
        Assert.Equal(House.Keys.Concat(Roof.Keys).Order(), Names.Order());

    [Fact]
    public void EveryArrowOfTheListGoesDown() =>
        Assert.All(House, project => Assert.All(project.Value.May, other => Assert.True(House[other].Floor < project.Value.Floor, $"{project.Key} -> {other}")));

    [Theory]
    [MemberData(nameof(Projects))]
    public void AProjectReferencesOnlyWhatTheListAllows(string project)
    {
        string[] allowed = House.TryGetValue(project, out (int, string[] May) entry) ? entry.May : Roof[project];
        Assert.Subset(allowed.ToHashSet(), Elements(project, "ProjectReference").Select(reference => NameOf(reference.Replace('\\', '/'))).ToHashSet());
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void OnlyTestsSeeInternals(string project)
    {
        // The help is generated from the cmdlets' own types.
        string[] friends = project == "Cmdlets" ? ["QosValuation.Tests", "QosValuation.Help"] : ["QosValuation.Tests", "QosValuation.Bench"];
        Assert.Subset(friends.ToHashSet(), Elements(project, "InternalsVisibleTo").ToHashSet());
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void TheEngineKnowsNothingOfPowerShell(string project)
    {
        if (House.ContainsKey(project))
        {
            Assert.DoesNotContain(Elements(project, "PackageReference"), package => package.Contains("PowerShell", StringComparison.Ordinal));
            Assert.DoesNotContain(Files(project), file => File.ReadAllText(file).Contains("System.Management.Automation", StringComparison.Ordinal));
        }
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void ANamespaceIsItsFolder(string project)
    {
        if (!House.ContainsKey(project))
        {
            return;
        }

        Assert.All(Files(project), file =>
        {
            string declared = NamespaceLine().Match(File.ReadAllText(file)).Groups[1].Value;
            string folder = Path.GetRelativePath(Source, Path.GetDirectoryName(file)!).Replace(Path.DirectorySeparatorChar, '.');
            Assert.True(declared == folder || declared == "QosValuation", $"{file} declares {declared}");
        });
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void ATypeThatUsersSeeIsPublicAndDeclaredOnce(string project)
    {
        // Namespace QosValuation is what cmdlets take and emit; nothing internal hides there.
        IEnumerable<string> seen = House.ContainsKey(project) ? Files(project).Where(file => NamespaceLine().Match(File.ReadAllText(file)).Groups[1].Value == "QosValuation") : [];
        Assert.All(seen, file => Assert.DoesNotMatch(InternalType(), File.ReadAllText(file)));
    }

    [Fact]
    public void LinesAreShortEnoughToRead()
    {
        string[] longLines =
        [
            .. Names.SelectMany(Files)
                .SelectMany(file => File.ReadLines(file).Select((line, index) => (file, line, index)))
                .Where(entry => entry.line.Length > 160)
                .Select(entry => $"{Path.GetRelativePath(Source, entry.file)}:{entry.index + 1} has {entry.line.Length} characters"),
        ];
        Assert.True(longLines.Length == 0, string.Join('\n', longLines));
    }

    [Fact]
    public void TheDocumentationDrawsTheSameArrows()
    {
        string[] drawn = [.. ArrowLine().Matches(File.ReadAllText(Path.Combine(TestData.RepositoryRoot, "docs", "architecture.md"))).Select(match => Squeeze(match.Value))];
        string[] listed = [.. House.Select(project => Squeeze($"{project.Value.Floor} {project.Key} : {string.Join(' ', project.Value.May)}"))];
        Assert.Equal(listed, drawn);
    }

    private static string Squeeze(string line) => Spaces().Replace(line, " ").Trim();

    private static string NameOf(string path) => Path.GetFileNameWithoutExtension(path).Replace("QosValuation.", string.Empty, StringComparison.Ordinal);

    private static IEnumerable<string> Elements(string project, string name) =>
        XDocument.Load(Path.Combine(Source, "QosValuation." + project, $"QosValuation.{project}.csproj")).Descendants(name).Select(element => element.Attribute("Include")!.Value);

    private static IEnumerable<string> Files(string project)
    {
        string folder = Path.Combine(Source, "QosValuation." + project);
        string[] generated = [Path.Combine(folder, "obj"), Path.Combine(folder, "bin")];
        return Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => !generated.Any(made => file.StartsWith(made + Path.DirectorySeparatorChar, StringComparison.Ordinal)));
    }

    private static Dictionary<string, (int Floor, string[] May)> ReadHouse() =>
        File.ReadLines(Path.Combine(TestData.RepositoryRoot, "tests", "unit", "Architecture", "references.txt"))
            .Select(line => ArrowLine().Match(line))
            .Where(match => match.Success)
            .ToDictionary(
                match => match.Groups["project"].Value,
                match => (int.Parse(match.Groups["floor"].Value, System.Globalization.CultureInfo.InvariantCulture),
                    match.Groups["may"].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)));

    [GeneratedRegex(@"^(?<floor>\d) (?<project>\w+) *:(?<may>[\w ]*)\r?$", RegexOptions.Multiline)]
    private static partial Regex ArrowLine();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^internal ", RegexOptions.Multiline)]
    private static partial Regex InternalType();

    [GeneratedRegex(" +")]
    private static partial Regex Spaces();
}
