using System.Globalization;
using System.Management.Automation;
using QosValuation.Valuation.Novelty;

namespace QosValuation.Cmdlets.Valuation;

/// <summary>Values each contributor's data by its novelty and quantity: f(d) = φ(d)·ln(1 + |d|).</summary>
/// <remarks>
/// <para>|d| is the number of records a contributor brought (a photograph with its captions is one), and φ(d) their average novelty: 1 for
/// each novel record, 0.5 for each normal one, 0 for noise (paper, section IV-B, Eq. 20). The logarithm makes the first records of a
/// contributor worth more than later ones.</para>
/// <para>The input is labelled embeddings, as Group-Embedding -PassThru emits them, or raw ones, which are grouped online on the way; the
/// two do not mix. Clusters are accepted as well and stand for their members, but noise belongs to no cluster, so it is not counted then:
/// give the embeddings where noise matters.</para>
/// <para>Without -NoveltyThreshold labelled embeddings keep their label. With it, the first Γ records of each cluster in order of arrival
/// count as novel and the later ones as normal: several thresholds can be compared without grouping again. A negative ClusterId is noise,
/// as scikit-learn and hdbscan mark it.</para>
/// <para>Values leave at the end, in order of the contributors' first arrival. Memory grows with the records' names, not with their vectors.</para>
/// </remarks>
/// <example>
/// <summary>What each contributor's photographs are worth; the contributor is the parent folder.</summary>
/// <code>Get-ClipEmbedding ./photos -Recurse | Group-Embedding -PassThru | Measure-DataValue</code>
/// </example>
/// <example>
/// <summary>The value under several novelty thresholds (the paper's Fig. 6), grouping once.</summary>
/// <code>$labelled = Get-ClipEmbedding ./photos -Recurse | Group-Embedding -PassThru
/// foreach ($threshold in 10, 25, 50) {
///     $labelled | Measure-DataValue -NoveltyThreshold $threshold | Select-Object @{ n = 'Γ'; e = { $threshold } }, Contributor, Value
/// }</code>
/// </example>
/// <example>
/// <summary>Tokens in proportion to value.</summary>
/// <code>Get-ClipEmbedding ./photos -Recurse | Measure-DataValue | Invoke-TokenAllocation -Supply 1000 -Capacity 4</code>
/// </example>
/// <example>
/// <summary>Value from labels kept in a table.</summary>
/// <code>$labelled | Select-Object Contributor, Item, ClusterId, Novelty | Export-Csv labels.csv
/// Import-Csv labels.csv | Measure-DataValue</code>
/// </example>
/// <seealso>Group-Embedding</seealso>
/// <seealso>Invoke-TokenAllocation</seealso>
[Cmdlet(VerbsDiagnostic.Measure, "DataValue")]
[OutputType(typeof(DataValue))]
public sealed class MeasureDataValueCommand : QosCmdlet
{
    private DataValueEstimator? _estimator;
    private ProgressMeter? _meter;
    private long _count;

    /// <summary>
    /// Labelled embeddings, raw embeddings, or semantic clusters. Objects with an embedding's properties will do, such as Import-Clixml
    /// reads back; a table of labels (Contributor, Item, Novelty or ClusterId, as from Import-Csv) needs no vectors.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [Accepts(typeof(ClipEmbedding), typeof(SemanticCluster))]
    [ValidateNotNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>
    /// Γ, at least 1: how many records of a cluster are novel. For raw embeddings 50 by default; labelled embeddings keep their label
    /// unless it is given.
    /// </summary>
    /// <value>50 for raw embeddings</value>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    [Alias("Gamma")]
    [WholeNumber(MayBeAbsent = true)]
    public int? NoveltyThreshold { get; set; }

    /// <summary>
    /// For raw embeddings: the cosine, from 0 to 1, from which a cluster takes a record; by default the one of their model, as for Group-Embedding.
    /// </summary>
    /// <value>the model's</value>
    [Parameter]
    [ValidateRange(0.0, 1.0)]
    [Number(MayBeAbsent = true)]
    public double? SimilarityThreshold { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        _estimator = new DataValueEstimator(NoveltyThreshold, SimilarityThreshold, fault => WriteFault(fault));
        _meter = new ProgressMeter(this, "Valuing contributions", "objects");
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (PSObject item in InputObject)
        {
            TryItem(item, () => Add(item));
            _meter!.Report(++_count);
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        IReadOnlyList<DataValue> values = _estimator!.Complete(Cancellation);
        _meter!.Complete();
        foreach (string warning in _estimator.Warnings)
        {
            WriteWarning(warning);
        }

        if (SimilarityThreshold is not null && _estimator.IsLabelled == true)
        {
            WriteWarning("-SimilarityThreshold has no effect on embeddings that are labelled already.");
        }

        WriteVerbose(string.Create(
            CultureInfo.CurrentCulture,
            $"{_count} objects of {values.Count} contributors, "
            + $"{(_estimator.IsLabelled == true ? "labelled before" : "grouped here")}; "
            + $"Γ = {NoveltyThreshold?.ToString(CultureInfo.CurrentCulture) ?? "as labelled"}."));
        foreach (DataValue value in values)
        {
            WriteRecord(value);
        }
    }

    private void Add(PSObject item)
    {
        try
        {
            if (RecordReader.TryRead(item, out SemanticCluster? cluster))
            {
                _estimator!.Add(cluster);
                return;
            }

            // A table of labels needs no vectors.
            if (RecordReader.TryRead(item, out ClipEmbedding? embedding)
                && (embedding.Vector.Length > 0 || embedding.ClusterId is not null || embedding.Novelty is not null || item.BaseObject is ClipEmbedding))
            {
                _estimator!.Add(embedding);
                return;
            }
        }
        catch (QosValuationException fault) when (fault.Is(Faults.RecordNotValid))
        {
            throw new QosValuationException(Faults.NotAnEmbedding, fault.Message, item, fault);
        }

        throw new QosValuationException(
            Faults.NotAnEmbedding,
            RecordReader.TypeOf(item) == typeof(ClipEmbedding)
                ? "The object has neither a vector nor a label (ClusterId or Novelty): save embeddings with Export-Embedding, or label them first."
                : Refusal([typeof(ClipEmbedding), typeof(SemanticCluster)], item).Message,
            item);
    }
}
