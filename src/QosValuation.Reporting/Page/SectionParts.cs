using System.Globalization;
using QosValuation.Reporting.Figures;

namespace QosValuation.Reporting.Page;

/// <summary>What the makers of sections share.</summary>
public static class SectionParts
{
    /// <summary>What the bands and whiskers are, where they come from standard errors.</summary>
    public const string ErrorNote = "Bands and whiskers are 95 % confidence intervals of the means (±1.96 standard errors).";

    // What belongs under a table rather than in a column of its own, where it is the same in every row.
    private static readonly HashSet<string> ParameterNames = new(StringComparer.OrdinalIgnoreCase)
    {
        "Supply", "Capacity", "Rounds", "Seed", "Delta", "Epochs", "EpochLength", "Replications", "Aversion", "NoveltyThreshold", "Gamma", "Dimension",
        "Neighboring", "Model", "Trials", "Confidence", "Steps", "ImageSize", "Copies", "LearningRate", "Agents", "Unit", "Records", "Clusters", "Modality",
    };

    /// <summary>Makes a section, and takes what is the same in every row out of the table into the parameters.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="howToRead">How to read it.</param>
    /// <param name="records">The rows.</param>
    /// <param name="figures">The figures.</param>
    /// <param name="leaveOut">Properties that the table does without.</param>
    public static ReportSection Section(
        string title, string howToRead, IReadOnlyList<ReportRecord> records, IEnumerable<ReportFigure> figures, params string[] leaveOut)
    {
        var constant = new List<KeyValuePair<string, string>>();
        if (records.Count > 1)
        {
            foreach (string name in records[0].Names.Where(ParameterNames.Contains).Where(name => ReportRecord.IsScalar(records[0][name])))
            {
                string first = records[0].Text(name);
                if (records.All(record => record.Text(name) == first))
                {
                    bool isNumber = ReportRecord.TryNumber(records[0][name], out double number) && records[0][name] is not Enum;
                    constant.Add(new(name, isNumber ? ReportNumber.Format(number, 6) : first));
                }
            }
        }

        return new ReportSection
        {
            Title = title,
            HowToRead = howToRead,
            Figures = [.. figures.Where(figure => figure.Series.Any(series => !series.IsReference && series.Points.Count > 0))],
            Table = ReportTable.Of(records, [.. leaveOut, .. constant.Select(parameter => parameter.Key)]),
            // What no row has is left out of both.
            Parameters = [.. constant.Where(parameter => records[0].Text(parameter.Key).Length > 0 && !IsNotANumber(records[0][parameter.Key]))],
        };
    }

    private static bool IsNotANumber(object? value) => ReportRecord.TryNumber(value, out double number) && double.IsNaN(number);

    /// <summary>A table of checks: a row for each fault, and one without where a check found none.</summary>
    /// <param name="records">The checks.</param>
    /// <param name="columns">The properties of a check that are shown.</param>
    /// <param name="faults">The property that holds its faults.</param>
    /// <param name="message">The property of a fault that says what it is.</param>
    public static ReportTable FaultTable(IReadOnlyList<ReportRecord> records, IReadOnlyList<string> columns, string faults, string message) => new(
        [.. columns, "Fault"],
        [
            .. records.SelectMany(record => record.Inners(faults).Select(fault => (string?)fault.Text(message)).DefaultIfEmpty(null)
                .Select(fault => (object?[])[.. columns.Select(name => record[name]), fault])),
        ]);

    /// <summary>
    /// The names that tell the series of a figure apart: of some properties those whose values differ among the rows that have
    /// them, and what else tells <see cref="Runs"/> apart, joined.
    /// </summary>
    /// <param name="records">The rows.</param>
    /// <param name="keys">The properties.</param>
    /// <param name="otherwise">The name where none of them differs.</param>
    /// <param name="identity">What else tells rows of one run apart and is no part of the name, such as the abscissa or the cluster.</param>
    public static Func<ReportRecord, string> Naming(
        IReadOnlyList<ReportRecord> records, IReadOnlyCollection<string> keys, string otherwise, params IEnumerable<string> identity)
    {
        string[] varying =
        [
            .. keys.Where(key => records.Where(record => record.Has(key)).Select(record => record.Text(key)).Distinct(StringComparer.Ordinal).Skip(1).Any()),
            .. Runs.Keys(records, [.. keys, .. identity]),
        ];
        return record =>
        {
            string name = Runs.Join(varying.Select(key => Part(record, key)));
            return name.Length == 0 ? otherwise : name;
        };
    }

    /// <summary>A property as part of a name: a number with its letter, such as <c>ε = 1</c>; empty where the row does not have it.</summary>
    /// <param name="record">The row.</param>
    /// <param name="key">The property.</param>
    public static string Part(ReportRecord record, string key)
    {
        if (record[key] is Enum || !ReportRecord.TryNumber(record[key], out double number))
        {
            return record[key] is bool ? key + " = " + record.Text(key) : record.Text(key);
        }

        if (double.IsNaN(number))
        {
            return string.Empty;
        }

        string letter = key switch
        {
            "Epsilon" => "ε",
            "Alpha" => "α",
            "Agents" => "N",
            "NoveltyThreshold" => "Γ",
            "Delta" => "δ",
            "Liquidity" => "ρ",
            "ClaimedEpsilon" => "claimed ε",
            "NoiseScale" => "noise scale",
            "SimilarityThreshold" => "similarity",
            _ => key,
        };

        // A rounded seed could not be told from its neighbour.
        return key == "ClusterId" ? "cluster " + record.Text(key)
            : letter + " = " + (number == Math.Truncate(number) && Math.Abs(number) is >= 1e4 and < 1e15 ? record.Text(key) : ReportNumber.Format(number));
    }

    /// <summary>Points of a series: where several rows share an abscissa, their mean with its standard error.</summary>
    /// <param name="rows">The rows of the series.</param>
    /// <param name="x">The abscissa's property.</param>
    /// <param name="metric">The ordinate's property; METRICStandardError is its standard error.</param>
    public static FigurePoint[] Points(IEnumerable<ReportRecord> rows, string x, string metric) =>
    [
        .. rows.Where(row => double.IsFinite(row.Number(x)) && double.IsFinite(row.Number(metric)))
            .GroupBy(row => row.Number(x))
            .OrderBy(group => group.Key)
            .Select(group =>
            {
                (double mean, double error) = Mean([.. group.Select(row => (row.Number(metric), row.Number(metric + "StandardError")))]);
                return FigurePoint.WithError(group.Key, mean, error);
            }),
    ];

    /// <summary>The mean of values with its standard error.</summary>
    /// <param name="values">Values with their standard errors; at least one.</param>
    /// <returns>A single value as it is, with its own standard error; of several the sample's mean and standard error.</returns>
    public static (double Mean, double StandardError) Mean(IReadOnlyList<(double Value, double StandardError)> values)
    {
        if (values.Count == 1)
        {
            return values[0];
        }

        double mean = values.Average(value => value.Value);
        double squares = values.Sum(value => (value.Value - mean) * (value.Value - mean));
        return (mean, Math.Sqrt(squares / (values.Count - 1) / values.Count));
    }

    /// <summary>The scale that suits the abscissas of a sweep: logarithmic where they are positive and span more than a factor of twenty.</summary>
    /// <param name="values">The abscissas.</param>
    public static FigureScale ScaleOf(IEnumerable<double> values)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        return finite.Length > 1 && finite.Min() > 0 && finite.Max() > 20 * finite.Min() ? FigureScale.Log : FigureScale.Linear;
    }

    /// <summary>The Lorenz curve of some numbers, with the origin.</summary>
    /// <param name="values">Numbers of at least 0.</param>
    /// <returns>No points where their sum is 0.</returns>
    public static FigurePoint[] Lorenz(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Where(double.IsFinite).Order()];
        double sum = sorted.Sum();
        if (!(sum > 0))
        {
            return [];
        }

        var points = new FigurePoint[sorted.Length + 1];
        points[0] = new FigurePoint(0, 0);
        double partial = 0;
        for (int i = 0; i < sorted.Length; i++)
        {
            partial += sorted[i];
            points[i + 1] = new FigurePoint((i + 1.0) / sorted.Length, Math.Min(partial / sum, 1));
        }

        return Thin(points, 400);
    }

    /// <summary>Leaves out points of a dense curve, evenly, keeping both ends.</summary>
    /// <param name="points">The points.</param>
    /// <param name="most">How many may stay.</param>
    public static FigurePoint[] Thin(FigurePoint[] points, int most) =>
        points.Length <= most ? points : [.. Enumerable.Range(0, most).Select(i => points[(int)((long)i * (points.Length - 1) / (most - 1))])];

    /// <summary>The mean of a property over rows as a point, with its interval; NaN where no row has it.</summary>
    /// <param name="x">The abscissa.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="property">The property; PROPERTYStandardError is its standard error.</param>
    public static FigurePoint MeanPoint(double x, IEnumerable<ReportRecord> rows, string property)
    {
        (double Value, double Error)[] values =
        [
            .. rows.Select(row => (Value: row.Number(property), Error: row.Number(property + "StandardError"))).Where(value => double.IsFinite(value.Value)),
        ];
        (double mean, double error) = values.Length == 0 ? (double.NaN, double.NaN) : Mean(values);
        return FigurePoint.WithError(x, mean, error);
    }

    /// <summary>A sentence with its numbers in the invariant culture.</summary>
    /// <param name="text">The sentence.</param>
    public static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>The least and the greatest of some numbers, such as <c>0.1 to 0.9</c>; – where none is finite.</summary>
    /// <param name="values">The numbers.</param>
    public static string Range(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Where(double.IsFinite).Order()];
        return sorted.Length == 0 ? "–"
            : sorted[0] == sorted[^1] ? ReportNumber.Format(sorted[0], 3)
            : ReportNumber.Format(sorted[0], 3) + " to " + ReportNumber.Format(sorted[^1], 3);
    }
}
