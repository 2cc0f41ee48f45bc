using System.Globalization;
using QosValuation.Markets.Auctions;

namespace QosValuation.Markets.Dynamics;

/// <summary>A market that is held again and again, and the bidder that learns in it.</summary>
public sealed record AuctionSimulationOptions
{
    /// <summary>The mechanisms; each runs in the same markets.</summary>
    public required IReadOnlyList<AuctionMechanism> Mechanisms { get; init; }

    /// <summary>
    /// How each round's auction is held; the mechanism is one of <see cref="Mechanisms"/>, and the budget is what a round adds to what is left of earlier
    /// ones. Without tranches, groups and similarity.
    /// </summary>
    public required AuctionOptions Auction { get; init; }

    /// <summary>The offers with their true costs; null draws a market for each repetition.</summary>
    public IReadOnlyList<DataOffer>? Offers { get; init; }

    /// <summary>How many providers a drawn market has, at least 1.</summary>
    public int Providers { get; init; } = 10;

    /// <summary>Which offer learns, from 0; the others report their true costs.</summary>
    public int Learner { get; init; }

    /// <summary>How many auctions follow one another, at least 1.</summary>
    public int Rounds { get; init; } = 50;

    /// <summary>How many markets are averaged, at least 1.</summary>
    public int Repetitions { get; init; } = 100;

    /// <summary>δ in [0, 1]: what a purchase leaves of the marginal utility of the same data.</summary>
    public double Decay { get; init; } = 0.8;

    /// <summary>In [0, 1]: which part of what is lost comes back in a round without a purchase, as new data arrive.</summary>
    public double Renewal { get; init; } = 0.1;

    /// <summary>α in [0, 1]: how far a delivery moves a provider's reputation towards the quality delivered.</summary>
    public double ReputationRate { get; init; } = 0.2;

    /// <summary>The relative standard deviation of the quality of a delivery, and of the first measurement; at least 0.</summary>
    public double QualityNoise { get; init; } = 0.1;

    /// <summary>In [0, 1]: which part of an unspent budget the next round may spend; what is overspent is always missing in the next.</summary>
    public double CarryOver { get; init; } = 1;

    /// <summary>The factors of the true cost that the learner may report, each finite and at least 0; 1 is added where it is missing.</summary>
    public IReadOnlyList<double> Factors { get; init; } = [0.25, 0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2, 3];

    /// <summary>How fast the learner learns, above 0; 1 is the rate of <see cref="MultiplicativeWeights"/>.</summary>
    public double LearningRate { get; init; } = 1;

    /// <summary>The seed: the same seed gives the same results on any number of threads.</summary>
    public required int Seed { get; init; }

    /// <summary>The rounds of all repetitions and mechanisms.</summary>
    public long TotalRounds => (long)Mechanisms.Count * Repetitions * Rounds;

    /// <summary>Checks the settings. O(offers).</summary>
    /// <exception cref="QosValuationException">
    /// <c>SimulationNotValid</c>, <c>OfferNotValid</c>, and what <see cref="AuctionOptions.Validate"/> refuses.
    /// </exception>
    public void Validate()
    {
        Require(Mechanisms.Count > 0, "list of mechanisms", 0, "at least one");
        foreach (AuctionMechanism mechanism in Mechanisms)
        {
            (Auction with { Mechanism = mechanism }).Validate();
        }

        Require(Providers >= 1, "number of providers", Providers, "at least 1");
        Require(Offers is null or { Count: > 0 }, "number of offers", 0, "at least 1");
        Require(Learner >= 0 && Learner < (Offers?.Count ?? Providers), "place of the learner", Learner, "one that an offer has");
        Require(Rounds >= 1, "number of rounds", Rounds, "at least 1");
        Require(Repetitions >= 1, "number of repetitions", Repetitions, "at least 1");
        Require(Decay is >= 0 and <= 1, "decay δ", Decay, "a number from 0 to 1");
        Require(Renewal is >= 0 and <= 1, "renewal", Renewal, "a number from 0 to 1");
        Require(ReputationRate is >= 0 and <= 1, "rate of reputation α", ReputationRate, "a number from 0 to 1");
        Require(QualityNoise >= 0 && double.IsFinite(QualityNoise), "noise of quality", QualityNoise, "a finite number of at least 0");
        Require(CarryOver is >= 0 and <= 1, "part of the budget that is carried over", CarryOver, "a number from 0 to 1");
        Require(LearningRate > 0 && double.IsFinite(LearningRate), "learning rate", LearningRate, "a finite number above 0");
        foreach (double factor in Factors)
        {
            Require(factor >= 0 && double.IsFinite(factor), "factor of a report", factor, "a finite number of at least 0");
        }

        for (int i = 0; i < (Offers?.Count ?? 0); i++)
        {
            Offers![i].Validate(i + 1, Auction.Kappa);
        }
    }

    private static void Require(bool isValid, string name, double value, string wanted)
    {
        if (!isValid)
        {
            throw new QosValuationException(
                Faults.SimulationNotValid, string.Create(CultureInfo.InvariantCulture, $"The {name} is {value}; give {wanted}."), value);
        }
    }
}
