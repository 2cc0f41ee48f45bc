using System.Globalization;
using QosValuation.Clustering;
using QosValuation.Valuation;

namespace QosValuation.Runner;

/// <content>Fig. 6: data value against quantity, and what each Γ discovers.</content>
internal sealed partial class Reproduction
{
    private const int ValuationRepetitions = 200;

    private bool SimulateValuation(ClipEmbedding[] embeddings)
    {
        var collector = new RecordCollector(OnFault);
        foreach (ClipEmbedding embedding in embeddings)
        {
            collector.Add(embedding);
        }

        VectorMatrix records = collector.Complete()
            ?? throw new QosValuationException("NoEmbeddings", FaultKind.InvalidData, "No record has a place; see the messages above.");
        IReadOnlyList<ValuationSimulationResult> rows = ValuationSimulation.Run(
            records,
            new ValuationSimulationOptions
            {
                NoveltyThresholds = [5, 10, 25, 50, 100],
                Repetitions = ValuationRepetitions,
                SimilarityThreshold = options.SimilarityThreshold ?? ClusteringOptions.DefaultOnlineSimilarity,
                Seed = options.Seed,
            },
            cancellationToken: cancellation);
        var values = new ResultTable("figure6a", "NoveltyThreshold", "Quantity", "Repetitions", "SimilarityThreshold", "Value", "ValueStandardError", "Novelty", "NoveltyStandardError", "Novel", "Normal", "Noise");
        foreach (ValuationSimulationResult row in rows)
        {
            values.Add(row.NoveltyThreshold, row.Quantity, row.Repetitions, row.SimilarityThreshold, row.Value, row.ValueStandardError, row.Novelty, row.NoveltyStandardError, row.Novel, row.Normal, row.Noise);
        }

        Save(values);
        var discovery = new ResultTable(
            "figure6b",
            "NoveltyThreshold", "Quantity", "Novel", "NovelStandardError", "Clusters", "ClustersStandardError", "Confirmed", "ConfirmedStandardError", "ConfirmationDelay", "ConfirmationDelayStandardError",
            "FirstConfirmation", "FirstConfirmationStandardError", "ConfirmedRepetitions", "Coverage", "CoverageStandardError");
        ValuationSimulationResult[] last = [.. rows.Where(row => row.Quantity == records.Count)];
        foreach (ValuationSimulationResult row in last)
        {
            discovery.Add(
                row.NoveltyThreshold, row.Quantity, row.Novel, row.NovelStandardError, row.Clusters, row.ClustersStandardError, row.Confirmed, row.ConfirmedStandardError, row.ConfirmationDelay, row.ConfirmationDelayStandardError,
                row.FirstConfirmation, row.FirstConfirmationStandardError, row.ConfirmedRepetitions, row.Coverage, row.CoverageStandardError);
        }

        string findings = string.Join("; ", last.Select(row => string.Create(
            CultureInfo.InvariantCulture,
            $"Γ = {row.NoveltyThreshold}: value {row.Value:F2}, {row.Novel:F0} novel, {(row.FirstConfirmation is double first ? $"DP after {first:F0} records" : "no DP")}")));
        Report("Figure 6", findings, discovery);
        return true;
    }
}
