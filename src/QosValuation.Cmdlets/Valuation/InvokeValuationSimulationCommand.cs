using System.Management.Automation;
using QosValuation.Cmdlets.Clustering;
using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Sharding;
using QosValuation.Valuation.Novelty;

namespace QosValuation.Cmdlets.Valuation;

/// <summary>Simulates what data are worth as more of them arrive, and what each novelty threshold discovers by then.</summary>
/// <remarks>
/// <para>The records arrive in random orders and are clustered online, as Group-Embedding does. For each Γ and quantity a row tells the
/// value of all records that have arrived, f(d) = φ(d) · ln(1 + |d|), and what was discovered: novel records, clusters, confirmed clusters,
/// how many records arrive between a cluster's first and its confirmation, and when the first cluster is confirmed, which is when
/// differential privacy can first be applied (paper, section V-C, Fig. 6). All are means over -Repetition orders with their standard
/// errors.</para>
/// <para>One type of row holds both parts of the figure: Fig. 6a is Value against Quantity for each NoveltyThreshold, Fig. 6b the rows of
/// the largest quantity, which -Summary emits alone and shows with other columns.</para>
/// <para>All Γ see the same orders, and Γ does not influence the clusters. The same seed gives the same rows for any number of cores.
/// ConfirmationDelay averages over the clusters that are confirmed, so that slow clusters enter it late; FirstConfirmation and Coverage
/// (the share of the records in confirmed clusters) do not have that bias.</para>
/// <para>The embeddings are collected first, because they are used many times.</para>
/// </remarks>
/// <example>
/// <summary>Fig. 6a: data value against quantity for four Γ.</summary>
/// <code>Import-Embedding image_embeddings.npy | Invoke-ValuationSimulation -NoveltyThreshold 5, 10, 25, 50 -Seed 1 | Export-Csv fig6a.csv</code>
/// </example>
/// <example>
/// <summary>Fig. 6b: what each Γ discovers, and when differential privacy can first be applied.</summary>
/// <code>Import-Embedding image_embeddings.npy | Invoke-ValuationSimulation -NoveltyThreshold 5, 10, 25, 50 -Seed 1 -Summary</code>
/// </example>
/// <example>
/// <summary>The value of photographs at three quantities.</summary>
/// <code>Get-ClipEmbedding ./photos -Recurse | Invoke-ValuationSimulation -NoveltyThreshold 5 -Quantity 5, 10, 20 -Repetition 20</code>
/// </example>
/// <seealso>Join-Simulation</seealso>
/// <seealso>Group-Embedding</seealso>
/// <seealso>Measure-DataValue</seealso>
/// <seealso>Measure-OrderSensitivity</seealso>
[Cmdlet(VerbsLifecycle.Invoke, "ValuationSimulation")]
[OutputType(typeof(ValuationSimulationResult), typeof(SimulationShard))]
public sealed class InvokeValuationSimulationCommand : EmbeddingRecordCommand
{
    private const string SummaryType = "QosValuation.ValuationSimulationResult#Summary";

    /// <summary>Γ: the novelty thresholds that are compared, each at least 1; 10, 25, 50 and 100 by default.</summary>
    /// <value>10, 25, 50, 100</value>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    [ValidateRange(1, int.MaxValue)]
    [Alias("Gamma")]
    [WholeNumber(TakesList = true)]
    public int[] NoveltyThreshold { get; set; } = [10, 25, 50, 100];

    /// <summary>
    /// The numbers of records at which a row is made, each from 1 to the number of records; by default twenty, evenly spaced up to all of
    /// them.
    /// </summary>
    /// <value>twenty, evenly spaced</value>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    [ValidateRange(1, int.MaxValue)]
    [WholeNumber(MayBeAbsent = true, TakesList = true)]
    public int[]? Quantity { get; set; }

    /// <summary>The number of random orders of arrival that are averaged, at least 1; 50 by default.</summary>
    /// <value>50</value>
    [Parameter]
    [ValidateRange(1, 10_000_000)]
    [WholeNumber]
    public int Repetition { get; set; } = 50;

    /// <summary>The cosine, from 0 to 1, from which a cluster takes a record; by default the one of the embeddings' model, as for Group-Embedding.</summary>
    /// <value>the model's</value>
    [Parameter]
    [ValidateRange(0.0, 1.0)]
    [Number(MayBeAbsent = true)]
    public double? SimilarityThreshold { get; set; }

    /// <summary>The seed: the same seed gives the same rows. Without it draws are cryptographic.</summary>
    [Parameter]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    /// <summary>Emit only the rows of the largest quantity, one for each Γ, shown with the columns of Fig. 6b.</summary>
    [Parameter]
    public SwitchParameter Summary { get; set; }

    /// <summary>
    /// Simulates only the repetitions of one of n shards, such as -Shard 3/8 for the third of eight: a contiguous part of them, of every row. Emits
    /// SimulationShard rows, of which Join-Simulation makes those of the whole run, to the last bit. Needs -Seed, the same for all shards.
    /// </summary>
    [Parameter]
    [Shard]
    [ArgumentCompleter(typeof(ShardCompleter))]
    public Shard? Shard { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        ShardedRun.RequireSeed(Shard, Seed);
        base.Begin();
    }

    /// <inheritdoc/>
    private protected override void End(VectorMatrix records)
    {
        double similarity = SimilarityThreshold ?? DefaultSimilarity;
        int repetitions = Shard?.PartOf(Repetition).Count ?? Repetition;
        WriteVerbose($"{records.Count} records in {repetitions} random orders, at a similarity of {similarity}.");
        var options = new ValuationSimulationOptions
        {
            NoveltyThresholds = NoveltyThreshold,
            Quantities = Quantity,
            Repetitions = Repetition,
            SimilarityThreshold = similarity,
            Seed = Seed,
        };
        if (Shard is not null)
        {
            IReadOnlyList<SimulationShard> parts = RunBeside(
                "Simulating arrivals",
                "repetitions",
                repetitions,
                (progress, cancellation) => ValuationSimulation.RunShard(records, options, Shard, Summary, progress, cancellation));
            foreach (SimulationShard part in parts)
            {
                WriteRecord(part);
            }

            return;
        }

        IReadOnlyList<ValuationSimulationResult> rows = RunBeside(
            "Simulating arrivals",
            "repetitions",
            Repetition,
            (progress, cancellation) => ValuationSimulation.Run(records, options, progress, cancellation));
        int largest = rows.Max(row => row.Quantity);
        foreach (ValuationSimulationResult row in rows)
        {
            if (!Summary)
            {
                WriteRecord(row);
            }
            else if (row.Quantity == largest)
            {
                WriteRecord(Summarized(row));
            }
        }
    }

    /// <summary>A row as a summary shows it.</summary>
    /// <param name="row">The row.</param>
    /// <returns>The row with the name of the summary's columns.</returns>
    internal static PSObject Summarized(ValuationSimulationResult row)
    {
        var record = new PSObject(row);
        record.TypeNames.Insert(0, SummaryType);
        return record;
    }
}
