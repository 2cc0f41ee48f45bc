using System.Management.Automation;

namespace QosValuation.Cmdlets.Valuation;

/// <summary>What cmdlets share that take embeddings with a class each.</summary>
public abstract class LabelledEmbeddingCommand : QosCmdlet
{
    private ProgressMeter? _meter;
    private long _count;

    /// <summary>
    /// The class of an item, of training and test items alike: the name of a property (Label by default), a script block in which $_ is the
    /// item, or a hashtable from Item to class.
    /// </summary>
    /// <value>Label</value>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [Alias("LabelProperty")]
    public object Label { get; set; } = "Label";

    /// <summary>The seed: the same seed gives the same results. Without it one is drawn from the operating system.</summary>
    [Parameter]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    /// <summary>Shows that one more item has been taken.</summary>
    private protected void CountItem()
    {
        _meter ??= new ProgressMeter(this, "Collecting embeddings", "embeddings");
        _meter.Report(++_count);
    }

    /// <summary>Takes the count of items off the screen.</summary>
    private protected void Counted() => _meter?.Complete();

    /// <summary>Reads an item as an embedding.</summary>
    /// <param name="item">The item.</param>
    /// <returns>The embedding.</returns>
    /// <exception cref="QosValuationException"><c>NotAnEmbedding</c>.</exception>
    internal static ClipEmbedding Embedding(PSObject? item) => RecordReader.TryRead(item, out ClipEmbedding? embedding)
        ? embedding
        : throw new QosValuationException(
            Faults.NotAnEmbedding,
            $"'{item}' has no vector of numbers: pipe from Get-ClipEmbedding or Import-Embedding, or give objects with the properties Vector and Label.",
            item);
}
