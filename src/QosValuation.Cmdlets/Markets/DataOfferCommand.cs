using System.Management.Automation;
using QosValuation.Foundation.Names;

namespace QosValuation.Cmdlets.Markets;

/// <summary>What cmdlets share that take providers of data from the pipeline.</summary>
public abstract class DataOfferCommand : QosCmdlet
{
    /// <summary>The set of parameters with which providers come one by one.</summary>
    internal const string OfferSet = "Offers";

    /// <summary>Offers, awards, or other objects whose properties say what a provider brings.</summary>
    [Parameter(ValueFromPipeline = true)]
    [Accepts(typeof(DataOffer), AndOthers = true)]
    public PSObject? InputObject { get; set; }

    /// <summary>The provider's name.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Agent", "Address")]
    [AllowEmptyString]
    [AllowNull]
    public string? Contributor { get; set; }

    /// <summary>q: the measured quality, by the paper from 0 to 1; any finite number of at least 0. 1 where it is absent.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    public object? Quality { get; set; }

    /// <summary>φ: the measured marginal utility; 1 where it is absent.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("MarginalGain")]
    [AllowNull]
    public object? MarginalUtility { get; set; }

    /// <summary>The number of the present object in the input, from 1.</summary>
    private protected long Row { get; private set; }

    /// <summary>The present provider's name; one without is named by its row.</summary>
    private protected string ProviderName => string.IsNullOrEmpty(Contributor) ? $"row {Row}" : ContributorName.Fold(Contributor);

    /// <inheritdoc/>
    protected sealed override void Process()
    {
        Row++;
        if (TakesColumns())
        {
            return;
        }

        TryItem(ProviderName, this, static command =>
        {
            command.RequireFields();
            command.Add();
        });
    }

    /// <summary>The fields of which an object must have one: what has none of them is something else.</summary>
    private protected abstract string[] Telling { get; }

    /// <summary>Takes the present object; what it throws costs this object one error record.</summary>
    protected abstract void Add();

    private void RequireFields()
    {
        if (MyInvocation.ExpectingInput && !Array.Exists(Telling, IsBound))
        {
            throw Refusal([typeof(DataOffer)], InputObject, "other objects with the property " + string.Join(" or ", Telling));
        }
    }

    /// <summary>Takes whole columns instead of an object, where they were given.</summary>
    /// <returns>Whether it did.</returns>
    private protected virtual bool TakesColumns() => false;

    /// <summary>Whether the present provider takes part, as the awards of an auction say; it does where they say nothing.</summary>
    private protected bool IsInvolved(object? isWinner) =>
        OfferFields.Truth(isWinner)
        ?? throw DataOffer.NotValid(Row, Contributor, nameof(DataAward.IsWinner), isWinner?.ToString(), "give True or False", isWinner);

    /// <summary>Reads a number of the present object.</summary>
    private protected double Number(string field, object? raw, double? whenEmpty) => OfferFields.Read(Row, Contributor ?? string.Empty, field, raw, whenEmpty);

    /// <summary>Reads a number of at least 0.</summary>
    private protected double Amount(string field, object? raw, double? whenEmpty, bool mayBeInfinite = false)
    {
        double number = Number(field, raw, whenEmpty);
        return number >= 0 && (mayBeInfinite || double.IsFinite(number))
            ? number
            : throw DataOffer.NotValid(Row, Contributor, field, number, mayBeInfinite ? "give a number of at least 0" : "give a finite number of at least 0");
    }

    /// <summary>Reads a finite number.</summary>
    private protected double Finite(string field, object? raw, double? whenEmpty)
    {
        double number = Number(field, raw, whenEmpty);
        return double.IsFinite(number) ? number : throw DataOffer.NotValid(Row, Contributor, field, number, "give a finite number");
    }
}
