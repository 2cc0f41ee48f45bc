using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Reports;

/// <summary>Sorts results into the sections of a report. Results of the same kind share a section, whatever order they come in.</summary>
public sealed partial class ReportBuilder
{
    private const int MostSeeds = 20;

    private readonly Dictionary<SectionKind, List<ReportRecord>> _known = [];
    private readonly Dictionary<string, (string Title, List<ReportRecord> Records)> _other = new(StringComparer.Ordinal);
    private readonly List<string> _otherOrder = [];
    private readonly SortedSet<double> _seeds = [];

    /// <summary>Where pictures are looked for that results name by relative paths, such as the folder of the report.</summary>
    public IReadOnlyList<string> PictureFolders { get; init; } = [];

    /// <summary>The number of results so far.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a result.</summary>
    /// <param name="record">The result.</param>
    public void Add(ReportRecord record)
    {
        Count++;
        if (ReportRecord.TryNumber(record["Seed"], out double seed))
        {
            _seeds.Add(seed);
        }

        if (SectionKind.Of(record) is SectionKind kind)
        {
            if (!_known.TryGetValue(kind, out List<ReportRecord>? records))
            {
                _known.Add(kind, records = []);
            }

            records.Add(record);
            return;
        }

        // Unknown results become tables: one for each type, and for objects without one for each set of properties.
        string key = record.TypeName.Length > 0 ? record.TypeName : string.Join('\n', record.Names);
        if (!_other.TryGetValue(key, out (string, List<ReportRecord> Records) group))
        {
            group = (record.TypeName.Length > 0 ? InWords(record.TypeName) : "Other results", []);
            _other.Add(key, group);
            _otherOrder.Add(key);
        }

        group.Records.Add(record);
    }

    /// <summary>Makes the report.</summary>
    /// <param name="title">Its title.</param>
    /// <param name="generatedAt">When it is made; part of its bytes.</param>
    /// <param name="facts">What else is known of its making, such as versions and timings; shown after the seeds.</param>
    public Report Build(string title, DateTimeOffset generatedAt, IEnumerable<KeyValuePair<string, string>> facts)
    {
        var sections = new List<ReportSection>();
        foreach (SectionKind kind in SectionKind.All)
        {
            if (_known.TryGetValue(kind, out List<ReportRecord>? records))
            {
                sections.AddRange(kind.Build(records, PictureFolders));
            }
        }

        sections.AddRange(_otherOrder.Select(key => SectionParts.Section(_other[key].Title, "All rows as they were given.", _other[key].Records, [])));
        List<KeyValuePair<string, string>> all = [];
        if (_seeds.Count > 0)
        {
            string more = _seeds.Count > MostSeeds ? string.Create(CultureInfo.InvariantCulture, $" and {_seeds.Count - MostSeeds} more") : string.Empty;
            all.Add(new(_seeds.Count == 1 ? "Seed" : "Seeds", string.Join(", ", _seeds.Take(MostSeeds).Select(seed => seed.ToString(CultureInfo.InvariantCulture))) + more));
        }

        all.AddRange(facts);
        IReadOnlyList<SummaryPart> summary = PrivacySummary.Of(name => _known.Where(pair => pair.Key.TypeName == name).SelectMany(pair => pair.Value).ToArray(), out double epsilon);
        return new Report { SummaryTitle = $"What does ε = {ReportNumber.Format(epsilon)} cost, and what does it buy?", Summary = summary, Title = title, GeneratedAt = generatedAt, Sections = sections, Facts = all };
    }

    // OrderSensitivityResult becomes Order sensitivity result; what is no name of a type stays as it is.
    private static string InWords(string typeName) =>
        typeName.All(char.IsAsciiLetterOrDigit) ? typeName[..1] + WordStart().Replace(typeName[1..], match => " " + match.Value.ToLowerInvariant()) : typeName;

    [GeneratedRegex("(?<=[a-z0-9])[A-Z](?=[a-z])")]
    private static partial Regex WordStart();

    /// <summary>The versions that a result may depend on, without names of hosts or users.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Versions()
    {
        yield return new("QosValuation", typeof(ReportBuilder).Assembly.GetName().Version?.ToString(3) ?? "unknown");
        yield return new(".NET", Environment.Version.ToString());
        yield return new("Operating system", (OperatingSystem.IsWindows() ? "Windows" : OperatingSystem.IsMacOS() ? "macOS" : OperatingSystem.IsLinux() ? "Linux" : "other") + ", " + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant());
    }
}
