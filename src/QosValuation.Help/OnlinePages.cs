using System.Reflection;
using System.Text.RegularExpressions;

namespace QosValuation.Help;

/// <summary>
/// Where the help of a cmdlet goes on: the page that docs/README.md lists for it, at the address that the manifest gives the project.
/// </summary>
internal static partial class OnlinePages
{
    private static readonly string Project = ProjectUri().Match(Read("QosValuation.psd1")) is { Success: true } match
        ? match.Groups[1].Value
        : throw new InvalidOperationException("The manifest has no ProjectUri.");

    private static readonly Dictionary<string, string> Pages = Find();

    /// <summary>The address of a cmdlet's page.</summary>
    /// <param name="cmdlet">The cmdlet, such as New-DpPrototype.</param>
    /// <returns>An address that Get-Help -Online opens; that of the list of all pages where none names the cmdlet.</returns>
    public static string Of(string cmdlet) => $"{Project}/blob/main/docs/{Pages.GetValueOrDefault(cmdlet, "README.md")}";

    private static Dictionary<string, string> Find()
    {
        var pages = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (Match row in Row().Matches(Read("docs.md")))
        {
            foreach (Match cmdlet in Cmdlet().Matches(row.Groups[2].Value))
            {
                pages.TryAdd(cmdlet.Value, row.Groups[1].Value);
            }
        }

        return pages;
    }

    private static string Read(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"^\s*ProjectUri\s*=\s*'([^']+)'", RegexOptions.Multiline)]
    private static partial Regex ProjectUri();

    [GeneratedRegex(@"^\|\s*\[[^\]]*\]\(([^)]+)\)\s*\|(.*)\|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("[A-Z][A-Za-z]+-[A-Z][A-Za-z]+")]
    private static partial Regex Cmdlet();
}
