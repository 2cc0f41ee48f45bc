namespace QosValuation;

/// <summary>One round of a repeated auction, averaged over markets: what a bidder that learns gains over one that tells the truth.</summary>
public sealed record AuctionSimulationResult
{
    /// <summary>The mechanism.</summary>
    public required AuctionMechanism Mechanism { get; init; }

    /// <summary>ρ: the part of a payment in money; NaN for an auction without a pool.</summary>
    public required double Liquidity { get; init; }

    /// <summary>Whether the shares of a mixed auction are posted before it.</summary>
    public required bool Corrected { get; init; }

    /// <summary>Whether theory says that nobody gains by a false report within a round.</summary>
    public required bool IsTruthful { get; init; }

    /// <summary>The number of the round, from 1.</summary>
    public required int Round { get; init; }

    /// <summary>
    /// What the learner's reports earn in this round more than the truth would in the same state of the market, in units of the budget:
    /// Σ p·u(report) − u(truth), the mean over the repetitions.
    /// </summary>
    public required double Gain { get; init; }

    /// <summary>The standard error of <see cref="Gain"/>; NaN for one repetition.</summary>
    public required double GainStandardError { get; init; }

    /// <summary>The sum of <see cref="Gain"/> over the rounds so far.</summary>
    public required double TotalGain { get; init; }

    /// <summary>The standard error of <see cref="TotalGain"/>.</summary>
    public required double TotalGainStandardError { get; init; }

    /// <summary>
    /// What the best report on the grid would have earned in this round more than the truth, known afterwards; the mean over the repetitions. Above 0 (but for
    /// rounding) it shows that the truth is not always a best reply.
    /// </summary>
    public required double BestGain { get; init; }

    /// <summary>The standard error of <see cref="BestGain"/>.</summary>
    public required double BestGainStandardError { get; init; }

    /// <summary>
    /// What the learner has earned so far more than the same provider in a twin market in which it always told the truth. Here a report also moves later
    /// rounds: the freshness of data, the reputations and the budget that is left.
    /// </summary>
    public required double TwinGain { get; init; }

    /// <summary>The standard error of <see cref="TwinGain"/>.</summary>
    public required double TwinGainStandardError { get; init; }

    /// <summary>The learner's mean report as a multiple of its true cost.</summary>
    public required double Factor { get; init; }

    /// <summary>The standard error of <see cref="Factor"/>.</summary>
    public required double FactorStandardError { get; init; }

    /// <summary>V(S): what the data bought in this round are worth.</summary>
    public required double Value { get; init; }

    /// <summary>The standard error of <see cref="Value"/>.</summary>
    public required double ValueStandardError { get; init; }

    /// <summary>The value bought in the twin market in which the learner tells the truth.</summary>
    public required double HonestValue { get; init; }

    /// <summary>The standard error of <see cref="HonestValue"/>.</summary>
    public required double HonestValueStandardError { get; init; }

    /// <summary>The mean number of winners.</summary>
    public required double Winners { get; init; }

    /// <summary>What the round might spend: its own budget and what earlier rounds left or lack.</summary>
    public required double Budget { get; init; }

    /// <summary>What the round spent in money.</summary>
    public required double Spent { get; init; }

    /// <summary>The mean over providers of what is left of the utility of their data before the round, from 0 to 1.</summary>
    public required double Freshness { get; init; }

    /// <summary>The mean reputation before the round: the quality by which the planner counts.</summary>
    public required double Reputation { get; init; }

    /// <summary>The number of markets averaged.</summary>
    public required int Repetitions { get; init; }

    /// <summary>The seed.</summary>
    public required int Seed { get; init; }
}
