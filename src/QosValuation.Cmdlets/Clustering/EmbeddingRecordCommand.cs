using System.Management.Automation;
using QosValuation.Embeddings.Clustering;
using QosValuation.Embeddings.Models;

namespace QosValuation.Cmdlets.Clustering;

/// <summary>What cmdlets share that need all records of the pipeline before they begin, because they draw orders of arrival.</summary>
public abstract class EmbeddingRecordCommand : QosCmdlet
{
    private RecordCollector? _collector;
    private ProgressMeter? _meter;
    private long _count;

    /// <summary>The embeddings: from Get-ClipEmbedding, Import-Embedding, or objects with an embedding's properties.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [Accepts(typeof(ClipEmbedding))]
    [ValidateNotNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <inheritdoc/>
    protected override void Begin()
    {
        _collector = new RecordCollector(fault => WriteFault(fault)) { WithMergeOrder = NeedsMergeOrder };
        _meter = new ProgressMeter(this, "Collecting embeddings", "embeddings");
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (ClipEmbedding embedding in Records<ClipEmbedding>(InputObject))
        {
            _collector!.Add(embedding);
            _meter!.Report(++_count);
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        VectorMatrix? records = _collector!.Complete();
        _meter!.Complete();
        foreach (string warning in _collector.Warnings)
        {
            WriteWarning(warning);
        }

        if (records is not null)
        {
            End(records);
        }
    }

    /// <summary>Whether <see cref="MergeOrder"/> is needed.</summary>
    private protected virtual bool NeedsMergeOrder => false;

    /// <summary>The rows of the records in the order in which a merge takes them.</summary>
    private protected IReadOnlyList<int> MergeOrder => _collector!.MergeOrder;

    /// <summary>The cosine from which online clustering takes a record of the collected embeddings' model where the user gives none.</summary>
    private protected double DefaultSimilarity => (SimilarityThresholds.Of(_collector!.Model) ?? SimilarityThresholds.General).Online;

    /// <summary>Does what the cmdlet is for.</summary>
    /// <param name="records">A row for each record; at least one.</param>
    private protected abstract void End(VectorMatrix records);

    /// <summary>Runs work beside the pipeline thread and shows its progress.</summary>
    /// <typeparam name="T">What it returns.</typeparam>
    /// <param name="activity">What is being done.</param>
    /// <param name="unit">What is counted, in the plural.</param>
    /// <param name="total">Units in all.</param>
    /// <param name="work">The work; it is given where to report the fraction done, on any thread, and when to stop.</param>
    /// <returns>What the work returned.</returns>
    private protected T RunBeside<T>(string activity, string unit, int total, Func<Action<double>, CancellationToken, T> work)
    {
        var meter = new ProgressMeter(this, activity, unit);
        T result = BackgroundWork.Run(
            (progress, cancellation) => work(fraction => progress.Report((int)(fraction * total)), cancellation),
            done => meter.Report(done, total),
            Cancellation);
        meter.Complete();
        return result;
    }
}
