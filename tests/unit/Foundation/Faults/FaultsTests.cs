using System.Text;
using System.Text.RegularExpressions;

namespace QosValuation.Tests;

public sealed partial class FaultsTests
{
    [Fact]
    public void EveryFaultHasAPascalCaseIdThatIsItsOwnAndASentenceOfAdvice()
    {
        Assert.True(Faults.All.Count > 150, $"The catalogue holds {Faults.All.Count} faults.");
        Assert.Equal(Faults.All.Count, Faults.All.Select(fault => fault.Id).Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.All(Faults.All, fault =>
        {
            Assert.Matches("^([A-Z][a-z]+|A(?=[A-Z]))+$", fault.Id);
            Assert.Matches(@"^[A-Z\-ε].{8,}[^.]\.$", fault.Advice);
            Assert.True(Enum.IsDefined(fault.Kind), fault.Id);
            Assert.Same(fault, Faults.Find(fault.Id));
        });
    }

    [Fact]
    public void TheCatalogueHasNothingThatNoCodeThrows()
    {
        var thrown = Sources()
            .SelectMany(file => Use().Matches(Caught().Replace(File.ReadAllText(file), string.Empty)))
            .Select(match => match.Groups[1].Value)
            .ToHashSet();
        Assert.Equal([Faults.Unspecified], Faults.All.Where(fault => !thrown.Contains(fault.Id)));
    }

    [Fact]
    public void NoCodeNamesAFaultByText()
    {
        string[] texts = [.. Sources()
            .SelectMany(file => ByText().Matches(File.ReadAllText(file)).Select(match => $"{Path.GetFileName(file)}: {match.Value}"))];
        Assert.Empty(texts);
    }

    [Fact]
    public void DocumentedIdsStandInTheCatalogue()
    {
        string[] unknown = [.. Sources()
            .SelectMany(file => Documented().Matches(File.ReadAllText(file)))
            .SelectMany(match => Code().Matches(match.Groups[1].Value))
            .Select(match => match.Groups[1].Value)
            .Where(id => Faults.Find(id) is null)
            .Distinct()];
        Assert.Empty(unknown);
    }

    [Fact]
    public void ThePageOfFaultsListsTheCatalogue()
    {
        var table = new StringBuilder();
        foreach (Fault fault in Faults.All)
        {
            table.Append('|').Append(' ').Append(fault.Id).Append(" | ").Append(fault.Kind).Append(" | ").Append(fault.Advice).Append(" |\n");
        }

        string page = File.ReadAllText(Path.Combine(TestData.RepositoryRoot, "docs", "faults.md")).ReplaceLineEndings("\n");
        Assert.True(page.Contains(table.ToString(), StringComparison.Ordinal), "docs/faults.md must hold exactly these rows:\n" + table);
        Assert.Equal(Faults.All.Count, page.Split('\n').Count(line => line.StartsWith("| ", StringComparison.Ordinal)) - 1);
    }

    [Fact]
    public void AnExceptionTakesTheKindOfItsFaultUnlessItSaysAnother()
    {
        var usual = new QosValuationException(Faults.ImageNotReadable, "It holds no image.", "a.png");
        var onDisk = new QosValuationException(Faults.ImageNotReadable, FaultKind.ReadFailed, "The disk does not give it out.", "a.png");
        Assert.Equal(("ImageNotReadable", FaultKind.InvalidData), (usual.ErrorId, usual.Kind));
        Assert.Equal(("ImageNotReadable", FaultKind.ReadFailed), (onDisk.ErrorId, onDisk.Kind));
        Assert.True(onDisk.Is(Faults.ImageNotFound, Faults.ImageNotReadable));
        Assert.False(onDisk.Is(Faults.ImageNotFound));
        Assert.Throws<ArgumentNullException>(() => new QosValuationException((Fault)null!, "message"));
    }

    private static IEnumerable<string> Sources()
    {
        string catalogue = Path.Combine("QosValuation.Foundation", "Faults");
        return Directory.EnumerateFiles(Path.Combine(TestData.RepositoryRoot, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains(catalogue, StringComparison.Ordinal)
                && !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\bFaults\.([A-Z]\w+)")]
    private static partial Regex Use();

    [GeneratedRegex(@"\.Is\([^)]*\)")]
    private static partial Regex Caught();

    [GeneratedRegex(@"""[A-Z]\w+"",\s*FaultKind\.\w+|\.ErrorId(?:\s*(?:==|!=|is)|\.(?!ToString))|(?:==|!=)\s*\w+\.ErrorId")]
    private static partial Regex ByText();

    [GeneratedRegex(@"<exception cref=""(?:QosValuationException|PrivacyBudgetException)"">(.*?)</exception>", RegexOptions.Singleline)]
    private static partial Regex Documented();

    [GeneratedRegex(@"<c>(\w+)</c>")]
    private static partial Regex Code();
}
