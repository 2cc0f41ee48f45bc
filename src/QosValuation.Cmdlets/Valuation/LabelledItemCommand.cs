using System.Management.Automation;
using QosValuation.Valuation.MarginalUtility;

namespace QosValuation.Cmdlets.Valuation;

/// <summary>What cmdlets share that value labelled items by test items.</summary>
public abstract class LabelledItemCommand : QosCmdlet
{
    private readonly LabelledPointBuilder _points = new();
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

    /// <summary>How many threads work; by default as many as there are processors. It does not change the results.</summary>
    [Parameter]
    [Alias("ThrottleLimit")]
    [ValidateRange(1, int.MaxValue)]
    [WholeNumber(MayBeAbsent = true)]
    public int? MaxDegreeOfParallelism { get; set; }

    /// <summary>The seed: the same seed gives the same values. Without it one is drawn from the operating system, and the results name it.</summary>
    [Parameter]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    /// <summary>The points so far.</summary>
    private protected LabelledPointBuilder Points => _points;

    /// <summary>Takes test items; a bad one costs one error.</summary>
    private protected void AddTests(IEnumerable<PSObject?> items)
    {
        foreach (PSObject? item in items)
        {
            Cancellation.ThrowIfCancellationRequested();
            TryItem(item, () => _points.AddTest(Embedding(item), ItemLabel.Of(Label, item!)));
        }
    }

    /// <summary>Takes a training item; a bad one costs one error.</summary>
    /// <param name="item">The item.</param>
    /// <param name="groupBy">The property whose value groups items; null for none.</param>
    /// <returns>False where it was left out.</returns>
    private protected bool AddTrain(PSObject? item, string? groupBy)
    {
        _meter ??= new ProgressMeter(this, "Collecting embeddings", "embeddings");
        _meter.Report(++_count);
        return TryItem(item, () =>
        {
            ClipEmbedding embedding = Embedding(item);
            string? label = ItemLabel.Of(Label, item!);
            if (groupBy is null)
            {
                _points.AddTrain(embedding, label);
            }
            else
            {
                string? group = ItemLabel.Text(ItemLabel.Read(item!, groupBy));
                _points.AddTrain(embedding, label, group, isContributor: groupBy.Equals("Contributor", StringComparison.OrdinalIgnoreCase));
            }
        });
    }

    /// <summary>Runs the measurement beside the pipeline thread and shows how far it is.</summary>
    /// <typeparam name="T">What it returns.</typeparam>
    /// <param name="activity">What is being done.</param>
    /// <param name="work">The measurement.</param>
    /// <returns>What the measurement returned.</returns>
    private protected T RunBeside<T>(string activity, Func<Action<double>, CancellationToken, T> work)
    {
        const int Parts = 1000;
        _meter?.Complete();
        var meter = new ProgressMeter(this, activity, "parts");
        T result = BackgroundWork.Run(
            (progress, cancellation) => work(part => progress.Report((int)(part * Parts)), cancellation),
            done => meter.Report(done, Parts),
            Cancellation);
        meter.Complete();
        return result;
    }

    /// <summary>The embedding that an item is.</summary>
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
