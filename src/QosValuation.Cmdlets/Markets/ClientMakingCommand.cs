using System.Management.Automation;
using QosValuation.Cmdlets.Valuation;
using QosValuation.Markets.Clients;

namespace QosValuation.Cmdlets.Markets;

/// <summary>What cmdlets share that make clients of labelled embeddings: the test set that all clients have in common.</summary>
public abstract class ClientMakingCommand : LabelledEmbeddingCommand
{
    /// <summary>The common test set: embeddings, or objects with a Vector, with a class each. By default a part of the records is held out.</summary>
    [Parameter]
    [ValidateNotNull]
    public PSObject?[]? Test { get; set; }

    /// <summary>The part of the records held out as the common test set where -Test is absent; above 0 and below 1, 0.2 by default.</summary>
    /// <value>0.2</value>
    [Parameter]
    [ValidateRange(0.000001, 0.999999)]
    [Number]
    public double TestPart { get; set; } = 0.2;

    /// <summary>Collects the embeddings.</summary>
    private protected ModelClientBuilder Builder { get; } = new();

    /// <inheritdoc/>
    protected override void Begin()
    {
        foreach (PSObject? item in Test ?? [])
        {
            Cancellation.ThrowIfCancellationRequested();
            TryItem(item, () => Builder.AddTest(Embedding(item), ItemLabel.Of(Label, item!)));
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        Counted();
        if (Builder.Count == 0)
        {
            return;
        }

        foreach (ModelClient client in Clients())
        {
            WriteRecord(client);
        }

        if (Builder.LeftOut > 0)
        {
            WriteWarning($"{Builder.LeftOut} embeddings were left out of training because a test item is the same record.");
        }
    }

    /// <summary>The clients of the embeddings collected.</summary>
    /// <returns>The clients, in order.</returns>
    private protected abstract IEnumerable<ModelClient> Clients();
}
