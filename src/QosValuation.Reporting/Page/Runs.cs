namespace QosValuation.Reporting.Page;

/// <summary>
/// Tells runs apart that came together into one report, such as the steps of a sweep. Rows of different runs are never averaged,
/// added up or drawn under one name.
/// </summary>
public static class Runs
{
    // A property of more values than this is a measurement or a name and tells no runs apart.
    private const int MostRuns = 20;

    // So few values, each of them repeated, tell runs apart even where no two rows are otherwise alike.
    private const int FewRuns = 8;

    private static readonly HashSet<string> Settings = new(StringComparer.OrdinalIgnoreCase)
    {
        "Seed", "Epsilon", "Delta", "Supply", "Capacity", "Threshold", "SimilarityThreshold", "NoveltyThreshold", "Gamma",
        "Neighboring", "Unit", "Model", "Accountant", "Aversion", "Epochs", "EpochLength",
    };

    /// <summary>The properties that tell runs apart.</summary>
    /// <param name="records">The rows.</param>
    /// <param name="identity">The properties that tell the rows of a single run apart, such as the agent and the abscissa.</param>
    /// <returns>
    /// Of the user's own properties those that differ between rows of one identity, or have at most 8 values that are each repeated.
    /// Of the settings that results have themselves, such as Seed, those that differ between rows of one identity. None of more than
    /// 20 values. In the order in which they first appear.
    /// </returns>
    public static IReadOnlyList<string> Keys(IReadOnlyList<ReportRecord> records, params IEnumerable<string> identity)
    {
        var known = new HashSet<string>(identity, StringComparer.OrdinalIgnoreCase);
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var keys = new List<string>();
        foreach (string name in records.SelectMany(record => record.Names))
        {
            if (!seen.Add(name) || known.Contains(name))
            {
                continue;
            }

            bool isAdded = records.Any(record => record.IsAdded(name));
            if (!isAdded && !Settings.Contains(name))
            {
                continue;
            }

            ReportRecord[] rows = [.. records.Where(record => ReportRecord.IsScalar(record[name]) && record.Text(name).Length > 0)];
            Dictionary<string, int> counts = rows.CountBy(record => record.Text(name), StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
            if (counts.Count is < 2 or > MostRuns)
            {
                continue;
            }

            bool isRepeated = isAdded && counts.Count <= FewRuns && counts.Values.All(count => count > 1);
            if (isRepeated || Collide(rows, name, known))
            {
                keys.Add(name);
            }
        }

        return keys;
    }

    /// <summary>The runs' names, such as <c>Threshold = 0.7 · Seed = 1</c>.</summary>
    /// <param name="records">The rows.</param>
    /// <param name="identity">The properties that tell the rows of a single run apart.</param>
    /// <returns>The name of a row's run; empty where all rows are of one run.</returns>
    public static Func<ReportRecord, string> Names(IReadOnlyList<ReportRecord> records, params IEnumerable<string> identity)
    {
        IReadOnlyList<string> keys = Keys(records, identity);
        return record => Join([.. keys.Select(key => SectionParts.Part(record, key))]);
    }

    /// <summary>The rows of the first run, for sentences that can speak of one run only.</summary>
    /// <param name="records">The rows.</param>
    /// <param name="name">The run's name with a leading blank and in brackets; empty where there is one run.</param>
    /// <param name="identity">The properties that tell the rows of a single run apart.</param>
    public static IReadOnlyList<ReportRecord> First(IReadOnlyList<ReportRecord> records, out string name, params IEnumerable<string> identity)
    {
        Func<ReportRecord, string> names = Names(records, identity);
        string first = records.Count == 0 ? string.Empty : names(records[0]);
        name = first.Length == 0 ? string.Empty : " (" + first + ")";
        return first.Length == 0 ? records : [.. records.Where(record => names(record) == first)];
    }

    /// <summary>Joins the parts of a name.</summary>
    /// <param name="parts">The parts; empty ones are left out.</param>
    public static string Join(params IEnumerable<string> parts) => string.Join(" · ", parts.Where(part => part.Length > 0));

    private static bool Collide(IReadOnlyList<ReportRecord> rows, string name, HashSet<string> identity)
    {
        string[] names = [.. identity];
        var first = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (ReportRecord row in rows)
        {
            string key = string.Join('\n', names.Select(row.Text));
            string value = row.Text(name);
            if (first.TryGetValue(key, out string? other) ? other != value : !first.TryAdd(key, value))
            {
                return true;
            }
        }

        return false;
    }
}
