using QosValuation.Foundation.Randomness;

namespace QosValuation.Markets.Auctions;

/// <summary>
/// One way to buy data, with the traits that cmdlets decide by. An instance holds no state and is thread-safe. To add an auction, add its
/// name to <see cref="AuctionMechanism"/>, its class to this folder and one line to <see cref="DataAuctions"/>.
/// </summary>
public interface IDataAuction
{
    /// <summary>The name under which users ask for the auction.</summary>
    AuctionMechanism Name { get; }

    /// <summary>Whether no provider gains by a false cost, whatever the others report.</summary>
    bool IsTruthful { get; }

    /// <summary>Whether the payments never exceed the budget.</summary>
    bool KeepsBudget { get; }

    /// <summary>Whether the value of the data may overlap: whether the auction looks at <see cref="AuctionRequest.Diversity"/>.</summary>
    bool UsesDiversity => false;

    /// <summary>Whether the auction can limit the winners of a group.</summary>
    bool SupportsGroups => false;

    /// <summary>Whether the outcome is drawn at random.</summary>
    bool Draws => false;

    /// <summary>Decides who wins and what winners are paid.</summary>
    /// <param name="request">The offers and the budget. All spans have one length n, the numbers are valid.</param>
    /// <param name="outcome">Receives the outcome; made for n offers, nobody wins in it yet.</param>
    void Run(in AuctionRequest request, AuctionOutcome outcome);
}

/// <summary>What an auction decides on. Spans have one length n; element i of each belongs to offer i.</summary>
public readonly ref struct AuctionRequest
{
    /// <summary>c ≥ 0: reported costs.</summary>
    public required ReadOnlySpan<double> Costs { get; init; }

    /// <summary>v: what the data are worth, above 0 and finite; 0 marks an offer that is not eligible.</summary>
    public required ReadOnlySpan<double> Values { get; init; }

    /// <summary>B ≥ 0: the budget.</summary>
    public required double Budget { get; init; }

    /// <summary>The number of each offer's group, −1 for none; empty where groups are not limited.</summary>
    public ReadOnlySpan<int> Groups { get; init; }

    /// <summary>How many offers of one group may win.</summary>
    public int GroupLimit { get; init; }

    /// <summary>The value of sets; null where values add up.</summary>
    public SetValue? Diversity { get; init; }

    /// <summary>The source that auctions draw from.</summary>
    public RandomSource? Random { get; init; }

    /// <summary>Stops auctions that may take long.</summary>
    public CancellationToken CancellationToken { get; init; }
}

/// <summary>What an auction decided.</summary>
/// <param name="count">n: the number of offers.</param>
public sealed class AuctionOutcome(int count)
{
    /// <summary>Why each offer won or lost; before the auction that its value is 0.</summary>
    public AwardReason[] Reasons { get; } = Filled(count);

    /// <summary>What each offer is paid; 0 for losers.</summary>
    public double[] Payments { get; } = new double[count];

    /// <summary>The supremum of winning reports of each winner where it is not the payment; null where it is.</summary>
    public double[]? CriticalCosts { get; set; }

    /// <summary>Whether <see cref="CriticalCosts"/> do not exist, because the outcome was drawn.</summary>
    public bool HasNoCriticalCosts { get; set; }

    /// <summary>The eligible offers by ascending cost per value; null where the auction did not need it.</summary>
    public int[]? Order { get; set; }

    /// <summary>V(S) where values overlap; NaN where the values of the winners add up.</summary>
    public double SetValue { get; set; } = double.NaN;

    /// <summary>π: the one price per value; NaN where there is none.</summary>
    public double UnitPrice { get; set; } = double.NaN;

    private static AwardReason[] Filled(int count)
    {
        var reasons = new AwardReason[count];
        Array.Fill(reasons, AwardReason.ZeroValue);
        return reasons;
    }
}
