using System.Globalization;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Markets.Auctions;

/// <summary>How an auction is held.</summary>
public sealed record AuctionOptions
{
    /// <summary>The mechanism.</summary>
    public AuctionMechanism Mechanism { get; init; }

    /// <summary>B: the budget, finite and at least 0.</summary>
    public required double Budget { get; init; }

    /// <summary>η ≥ 0: the exponent of quality.</summary>
    public double Eta { get; init; } = 1;

    /// <summary>γ ≥ 0: the exponent of marginal utility.</summary>
    public double Gamma { get; init; } = 1;

    /// <summary>κ ≥ 0: what is added to marginal utility.</summary>
    public double Kappa { get; init; }

    /// <summary>u: the concave function of the product.</summary>
    public ConcaveUtility Concave { get; init; }

    /// <summary>ρ in [0, 1]: the part paid in money; null for an auction without a pool.</summary>
    public double? Liquidity { get; init; }

    /// <summary>U ≥ 0: the utility pool, of which (1 − ρ)·U is shared.</summary>
    public double Pool { get; init; }

    /// <summary>Whether Mixed-MIA posts the shares before the auction, which makes it truthful.</summary>
    public bool Corrected { get; init; }

    /// <summary>The part of budget and pool that is reserved for under-served providers, in [0, 1].</summary>
    public double TrancheShare { get; init; } = 0.1;

    /// <summary>How many offers of one group may win; null for no limit.</summary>
    public int? GroupLimit { get; init; }

    /// <summary>Makes the value of a set of offers from their indices and their values; null where values add up.</summary>
    public Func<int[], double[], SetValue>? Diversity { get; init; }

    /// <summary>The source of auctions that draw.</summary>
    public RandomSource? Random { get; init; }

    /// <summary>Stops auctions that may take long.</summary>
    public CancellationToken CancellationToken { get; init; }

    /// <summary>Checks the settings. O(1).</summary>
    /// <exception cref="QosValuationException"><c>AuctionOptionNotValid</c>, <c>AuctionOptionNotSupported</c>.</exception>
    public void Validate()
    {
        DataAuctions.Find(Mechanism);
        Require(Budget >= 0 && double.IsFinite(Budget), "budget", Budget, "a finite number of at least 0");
        Require(Eta >= 0 && double.IsFinite(Eta), "exponent of quality η", Eta, "a finite number of at least 0");
        Require(Gamma >= 0 && double.IsFinite(Gamma), "exponent of marginal utility γ", Gamma, "a finite number of at least 0");
        Require(Kappa >= 0 && double.IsFinite(Kappa), "regularization κ", Kappa, "a finite number of at least 0");
        Require(Liquidity is null or (>= 0 and <= 1), "liquidity ρ", Liquidity ?? 0, "a number from 0 to 1");
        Require(Pool >= 0 && double.IsFinite(Pool), "pool U", Pool, "a finite number of at least 0");
        Require(TrancheShare is >= 0 and <= 1, "share of the diversity tranche", TrancheShare, "a number from 0 to 1");
        Require(GroupLimit is null or >= 1, "limit of a group", GroupLimit ?? 0, "a whole number of at least 1");
        RequireSupport(GroupLimit is not null, auction => auction.SupportsGroups, "a limit on the winners of a group");
        RequireSupport(Diversity is not null, auction => auction.UsesDiversity, "a value for the similarity of data");
        RequireSupport(Liquidity is not null, auction => !auction.Draws, "a mixture of payments and shares");
        if (Liquidity is null && (Pool > 0 || Corrected))
        {
            throw new QosValuationException(
                Faults.AuctionOptionNotValid, "A pool and its correction belong to a mixed auction; give the liquidity ρ as well, from 0 to 1.", Pool);
        }
    }

    private static void Require(bool isValid, string name, double value, string wanted)
    {
        if (!isValid)
        {
            throw new QosValuationException(
                Faults.AuctionOptionNotValid, string.Create(CultureInfo.InvariantCulture, $"The {name} is {value}; give {wanted}."), value);
        }
    }

    private void RequireSupport(bool isAsked, Func<IDataAuction, bool> has, string what)
    {
        if (isAsked && !has(DataAuctions.Find(Mechanism)))
        {
            string others = string.Join(", ", DataAuctions.All.Where(has).Select(auction => auction.Name));
            throw new QosValuationException(Faults.AuctionOptionNotSupported, $"The mechanism {Mechanism} has no place for {what}; {others} have.", Mechanism);
        }
    }
}
