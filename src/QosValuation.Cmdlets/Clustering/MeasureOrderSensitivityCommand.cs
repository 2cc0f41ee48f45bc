using System.Management.Automation;
using QosValuation.Embeddings.Clustering;

namespace QosValuation.Cmdlets.Clustering;

/// <summary>Measures how much the clusters of online grouping depend on the order of arrival.</summary>
/// <remarks>
/// <para>The same records are grouped in pairs of random orders, and the adjusted Rand index (Hubert and Arabie 1985) tells how far the two
/// groupings of a pair agree: 1 where order does not matter, 0 where they agree no more than chance. A record of noise counts as a group of
/// its own. No order is in two pairs, so that the standard error is that of independent samples.</para>
/// <para>One row leaves for each threshold as soon as it is known; all thresholds see the same orders. Use it to choose
/// -SimilarityThreshold for an encoder: beside the number of clusters and the noise it shows where grouping is stable.</para>
/// <para>With -Merge one pair is compared instead: the order in which the embeddings come, and the one in which Group-Embedding -MergeState takes them where
/// they say nothing of shards, that of a digest of contributor and Item. The index then tells how far the clusters of the merge are those of one pass.
/// Nothing is drawn, and the index has no standard error (NaN).</para>
/// </remarks>
/// <example>
/// <summary>Where is online grouping stable?</summary>
/// <code>Import-Embedding image_embeddings.npy | Measure-OrderSensitivity -SimilarityThreshold 0.6, 0.7, 0.8 -Seed 1</code>
/// </example>
/// <example>
/// <summary>At the default threshold, with another number of pairs.</summary>
/// <code>Get-ClipEmbedding ./photos -Recurse | Measure-OrderSensitivity -Repetition 10</code>
/// </example>
/// <example>
/// <summary>How far would clusters that are merged from parts be those of one pass?</summary>
/// <code>Import-Embedding image_embeddings.npy | Measure-OrderSensitivity -Merge</code>
/// </example>
/// <seealso>Group-Embedding</seealso>
/// <seealso>Invoke-ValuationSimulation</seealso>
[Cmdlet(VerbsDiagnostic.Measure, "OrderSensitivity", DefaultParameterSetName = "Random")]
[OutputType(typeof(OrderSensitivityResult))]
public sealed class MeasureOrderSensitivityCommand : EmbeddingRecordCommand
{
    /// <summary>The cosines, from 0 to 1, from which a cluster takes a record; by default the one of the embeddings' model, as for Group-Embedding.</summary>
    /// <value>the model's</value>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    [ValidateRange(0.0, 1.0)]
    [Number(MayBeAbsent = true, TakesList = true)]
    public double[]? SimilarityThreshold { get; set; }

    /// <summary>The number of pairs of random orders, at least 1; 25 by default.</summary>
    /// <value>25</value>
    [Parameter(ParameterSetName = "Random")]
    [ValidateRange(1, 10_000_000)]
    [WholeNumber]
    public int Repetition { get; set; } = 25;

    /// <summary>The seed: the same seed gives the same rows. Without it draws are cryptographic.</summary>
    [Parameter(ParameterSetName = "Random")]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    /// <summary>Compare the order of arrival with the order of a merge.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Merge")]
    public SwitchParameter Merge { get; set; }

    /// <inheritdoc/>
    private protected override bool NeedsMergeOrder => Merge;

    /// <inheritdoc/>
    private protected override void End(VectorMatrix records)
    {
        int pairs = Merge ? 1 : Repetition;
        WriteVerbose(Merge
            ? $"{records.Count} records in the order of arrival and in that of a merge for each threshold."
            : $"{records.Count} records in {2 * Repetition} random orders for each threshold.");
        foreach (double threshold in SimilarityThreshold ?? [DefaultSimilarity])
        {
            WriteRecord(RunBeside(
                Merge ? "Grouping in two orders" : "Grouping in random orders",
                "pairs",
                pairs,
                (progress, cancellation) => Merge
                    ? OrderSensitivityEstimator.MeasureMerge(records, threshold, MergeOrder, progress, cancellation)
                    : OrderSensitivityEstimator.Measure(records, threshold, pairs, Seed, progress, cancellationToken: cancellation)));
        }
    }
}
