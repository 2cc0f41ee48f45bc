using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace QosValuation.Reporting.Page;

/// <summary>Sorts results into the sections of a report. Results of the same kind share a section, whatever order they come in.</summary>
/// <param name="registry">The sections that the report knows.</param>
public sealed partial class ReportBuilder(ReportSectionRegistry registry)
{
    private const int MostSeeds = 20;

    private readonly Dictionary<IReportSection, List<ReportRecord>> _known = [];
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

        if (registry.Of(record) is IReportSection section)
        {
            if (!_known.TryGetValue(section, out List<ReportRecord>? records))
            {
                _known.Add(section, records = []);
            }

            record.Declare(section);
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
    /// <param name="facts">What else is known of its making, such as versions and timings; shown after the seeds, or for them if Seed is one.</param>
    public Report Build(string title, DateTimeOffset generatedAt, IEnumerable<KeyValuePair<string, string>> facts)
    {
        var context = new ReportContext(PictureFolders);
        List<ReportSection> sections = [.. Known().Select(known => known.Section.Build(known.Records, context))];
        sections.AddRange(_otherOrder.Select(key => SectionParts.Section(_other[key].Title, "All rows as they were given.", _other[key].Records, [])));
        KeyValuePair<string, string>[] known = [.. facts];
        List<KeyValuePair<string, string>> all = [];
        if (_seeds.Count > 0 && !Array.Exists(known, fact => fact.Key is "Seed" or "Seeds"))
        {
            string more = _seeds.Count > MostSeeds ? string.Create(CultureInfo.InvariantCulture, $" and {_seeds.Count - MostSeeds} more") : string.Empty;
            string seeds = string.Join(", ", _seeds.Take(MostSeeds).Select(seed => seed.ToString(CultureInfo.InvariantCulture)));
            all.Add(new(_seeds.Count == 1 ? "Seed" : "Seeds", seeds + more));
        }

        all.AddRange(known);
        IReadOnlyList<SummaryPart> summary = Summary(out double epsilon);
        return new Report
        {
            SummaryTitle = $"What does ε = {ReportNumber.Format(epsilon)} cost, and what does it buy?",
            Summary = summary,
            Title = title,
            GeneratedAt = generatedAt,
            Sections = sections,
            Facts = all,
        };
    }

    private IEnumerable<(IReportSection Section, IReadOnlyList<ReportRecord> Records)> Known() =>
        registry.Sections.Where(_known.ContainsKey).Select(section => (section, (IReadOnlyList<ReportRecord>)_known[section]));

    // What the sections say of one guarantee: of ε = 1 where a result has it, else of the ε nearest to it on a logarithmic scale.
    private IReadOnlyList<SummaryPart> Summary(out double epsilon)
    {
        PrivacyTerms[] terms =
        [
            .. Known().SelectMany(known => known.Section.Terms(known.Records)).Where(term => double.IsFinite(term.Epsilon) && term.Epsilon > 0),
        ];
        double chosen = terms.Select(term => term.Epsilon).OrderBy(value => Math.Abs(Math.Log(value))).FirstOrDefault(double.NaN);
        epsilon = chosen;
        if (double.IsNaN(chosen))
        {
            return [];
        }

        double delta = terms.Where(term => term.Epsilon == chosen).Select(term => term.Delta).FirstOrDefault(double.IsFinite, double.NaN);
        var guarantee = new PrivacyTerms(chosen, delta);
        return
        [
            .. Known().SelectMany(known => known.Section.Summarise(known.Records, guarantee))
                .GroupBy(sentence => sentence.Heading)
                .OrderBy(part => part.Key)
                .Select(part => new SummaryPart(
                    Heading(part.Key),
                    [.. part.OrderBy(sentence => sentence.Place).Select(sentence => sentence.Text).Distinct(StringComparer.Ordinal)])),
        ];
    }

    private static string Heading(SummaryHeading heading) => heading switch
    {
        SummaryHeading.Costs => "It costs",
        SummaryHeading.Buys => "It buys",
        _ => "What is at stake",
    };

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
        string system = OperatingSystem.IsWindows() ? "Windows" : OperatingSystem.IsMacOS() ? "macOS" : OperatingSystem.IsLinux() ? "Linux" : "other";
        yield return new("Operating system", system + ", " + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant());
    }
}
