using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Models;

/// <summary>Rounds of a model market in a report: accuracy and utility over rounds, payments between clients and the graph of the last round.</summary>
internal sealed class ModelMarketRoundSection() : ResultSection<ModelMarketRound>(
    1498,
    nameof(ModelMarketRound.Client),
    nameof(ModelMarketRound.Round),
    nameof(ModelMarketRound.Algorithm),
    nameof(ModelMarketRound.Utility),
    nameof(ModelMarketRound.IsRational))
{
    private const int MostClients = 30;
    private const int MostRows = 200;

    /// <inheritdoc/>
    public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context)
    {
        string[] keys = [nameof(ModelMarketRound.Algorithm), nameof(ModelMarketRound.PaymentRule), nameof(ModelMarketRound.GraphStep)];
        Func<ReportRecord, string> name = SectionParts.Naming(
            records, keys, records[0].Text(nameof(ModelMarketRound.Algorithm)), nameof(ModelMarketRound.Client), nameof(ModelMarketRound.Round));
        IGrouping<string, ReportRecord>[] runs = [.. records.GroupBy(name)];
        ReportFigure Lines(string file, string title, string quantity, string property, double lowest, double highest) => new()
        {
            Name = file,
            Title = title,
            Kind = FigureKind.Line,
            X = new FigureAxis("Round") { IsWhole = true },
            Y = new FigureAxis(quantity),
            Series =
            [
                .. runs.Select(run => new FigureSeries(
                    run.Key, [.. SectionParts.Points(run, nameof(ModelMarketRound.Round), property).Select(point => point.Within(lowest, highest))])),
            ],
            Note = SectionParts.ErrorNote,
        };
        ReportRecord[] last = LastRound(runs[0]);
        ReportRecord[] ends = [.. runs.SelectMany(LastRound)];
        ReportFigure utilities = ReportFigure.Bars(
            "model-market-client-utility",
            $"Utility of each client in the last round of {runs[0].Key}",
            "Utility",
            last.Take(MostClients).Select(row => (row.Text(nameof(ModelMarketRound.Client)), row.Number(nameof(ModelMarketRound.Utility)), double.NaN)));
        return SectionParts.Section(
            "Model market",
            "Clients train models and take those of others. Utility is the gain by more data, less what was paid, plus what was received, less what "
            + "exports cost; it depends on no accuracy. Lines are means over clients. The table shows the last round of each run.",
            [.. ends.Take(MostRows)],
            [
                Lines("model-market-accuracy", "Accuracy over rounds, mean over clients", "Accuracy", nameof(ModelMarketRound.Accuracy), 0, 1),
                Lines(
                    "model-market-utility",
                    "Utility of a round, mean over clients",
                    "Utility",
                    nameof(ModelMarketRound.Utility),
                    double.NegativeInfinity,
                    double.PositiveInfinity),
                utilities,
                Flows(runs[0].Key, last),
                Graph(runs[0].Key, last),
            ],
            nameof(ModelMarketRound.Check),
            nameof(ModelMarketRound.Clients),
            nameof(ModelMarketRound.Graph),
            nameof(ModelMarketRound.Distance),
            nameof(ModelMarketRound.Payment),
            nameof(ModelMarketRound.Threshold),
            nameof(ModelMarketRound.Update),
            nameof(ModelMarketRound.Initial),
            nameof(ModelMarketRound.Learner),
            nameof(ModelMarketRound.Hidden),
            nameof(ModelMarketRound.LearnerPath),
            nameof(ModelMarketRound.Trainable),
            nameof(ModelMarketRound.Features),
            nameof(ModelMarketRound.Classes),
            nameof(ModelMarketRound.Proxy));
    }

    // The last round of a run; of several seeds that of the first.
    private static ReportRecord[] LastRound(IEnumerable<ReportRecord> run)
    {
        ReportRecord[] rows = [.. run];
        double last = rows.Max(row => row.Number(nameof(ModelMarketRound.Round)));
        string seed = rows[0].Text(nameof(ModelMarketRound.Seed));
        return [.. rows.Where(row => row.Number(nameof(ModelMarketRound.Round)) == last && row.Text(nameof(ModelMarketRound.Seed)) == seed)];
    }

    // What each client paid and was paid, side by side.
    private static ReportFigure Flows(string run, ReportRecord[] last)
    {
        ReportRecord[] shown = [.. last.Take(MostClients)];
        FigureSeries Side(string property) =>
            new(property, [.. shown.Select((row, i) => new FigurePoint(i, row.Number(property)))]);
        string[] names = [.. shown.Select(row => row.Text(nameof(ModelMarketRound.Client)))];
        return new ReportFigure
        {
            Name = "model-market-payments",
            Title = $"Payments of each client in the last round of {run}",
            Kind = FigureKind.Bar,
            Horizontal = ReportFigure.LieDown(names),
            X = new FigureAxis(string.Empty, FigureScale.Category) { Categories = names },
            Y = new FigureAxis("Payments, in the unit of costs") { Zero = true },
            Series = [Side(nameof(ModelMarketRound.Paid)), Side(nameof(ModelMarketRound.Received))],
        };
    }

    // A point for each import, where the matrices are there.
    private static ReportFigure Graph(string run, ReportRecord[] last)
    {
        string[] names = [.. last.Select(row => row.Text(nameof(ModelMarketRound.Client)))];
        double[][] graph = last[0][nameof(ModelMarketRound.Graph)] as double[][] ?? [];
        FigurePoint[] imports = graph.Length != names.Length || names.Length > 2 * MostClients ? [] :
        [
            .. from i in Enumerable.Range(0, graph.Length)
               from j in Enumerable.Range(0, graph.Length)
               where i != j && graph[i][j] != 0
               select new FigurePoint(j, i, Label: $"{names[i]} imports from {names[j]}"),
        ];
        return new ReportFigure
        {
            Name = "model-market-graph",
            Title = $"Who imports from whom in the last round of {run}",
            Kind = FigureKind.Scatter,
            X = new FigureAxis("Seller", FigureScale.Category) { Categories = names },
            Y = new FigureAxis("Buyer", FigureScale.Category) { Categories = names },
            Series = [new FigureSeries("Imports", imports)],
        };
    }
}
