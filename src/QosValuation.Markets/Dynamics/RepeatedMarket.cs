using QosValuation.Foundation.Numerics;
using QosValuation.Markets.Auctions;

namespace QosValuation.Markets.Dynamics;

/// <summary>A market between two rounds: how fresh each provider's data are, how they are reputed, and what is left of the budget.</summary>
internal sealed class RepeatedMarket
{
    private readonly AuctionSimulationOptions _options;
    private readonly AuctionOptions _auction;
    private readonly double[] _costs;
    private readonly double[] _qualities;
    private readonly double[] _utilities;
    private readonly double[] _freshness;
    private readonly double[] _reputations;
    private double _carried;

    /// <summary>Opens a market.</summary>
    /// <param name="options">The rules.</param>
    /// <param name="mechanism">The mechanism.</param>
    /// <param name="costs">c: the true costs.</param>
    /// <param name="qualities">q: the true qualities.</param>
    /// <param name="utilities">φ of fresh data.</param>
    /// <param name="measured">The planner's first measurement of the qualities; copied.</param>
    public RepeatedMarket(
        AuctionSimulationOptions options, AuctionMechanism mechanism, double[] costs, double[] qualities, double[] utilities, double[] measured)
    {
        _options = options;
        _auction = options.Auction with { Mechanism = mechanism };
        _costs = costs;
        _qualities = qualities;
        _utilities = utilities;
        _reputations = [.. measured];
        _freshness = new double[costs.Length];
        Array.Fill(_freshness, 1);
    }

    /// <summary>What the next round may spend, at least 0.</summary>
    public double Budget => Math.Max(0, _options.Auction.Budget + _carried);

    /// <summary>The mean freshness: 1 where nothing was bought yet.</summary>
    public double Freshness => _freshness.Average();

    /// <summary>The mean reputation.</summary>
    public double Reputation => _reputations.Average();

    /// <summary>Holds the next round's auction, without consequences. O(n log n).</summary>
    /// <param name="reported">What the learner reports; the others report their costs.</param>
    /// <param name="draw">The stream of a mechanism that draws: the same stream draws alike for every report.</param>
    /// <returns>The outcome.</returns>
    public AuctionColumns Hold(double reported, ulong draw)
    {
        double[] reports = [.. _costs];
        reports[_options.Learner] = reported;
        double[] worth = new double[_utilities.Length];
        for (int i = 0; i < worth.Length; i++)
        {
            worth[i] = _utilities[i] * _freshness[i];
        }

        AuctionOptions held = _auction with { Budget = Budget };
        if (DataAuctions.Find(held.Mechanism).Draws)
        {
            held = held with { Random = Foundation.Randomness.RandomSource.Create(_options.Seed, draw) };
        }

        return DataAuctioneer.Clear(reports, [.. _reputations], worth, [], [], held);
    }

    /// <summary>What the learner has of an outcome: its payment less its true cost where it won, else 0.</summary>
    /// <param name="outcome">The outcome.</param>
    public double UtilityOf(AuctionColumns outcome)
    {
        int learner = _options.Learner;
        return outcome.Reason[learner] == AwardReason.Won ? outcome.Payment[learner] - _costs[learner] : 0;
    }

    /// <summary>Takes the consequences of an auction: winners deliver, their data age, the others' renew, and money is spent. O(n).</summary>
    /// <param name="outcome">The outcome.</param>
    /// <param name="deviations">A standard normal variate for each provider: how its delivery would differ from its quality.</param>
    public void Settle(AuctionColumns outcome, ReadOnlySpan<double> deviations)
    {
        for (int i = 0; i < _costs.Length; i++)
        {
            if (outcome.Reason[i] == AwardReason.Won)
            {
                double delivered = Deliver(_qualities[i], deviations[i], _options.QualityNoise);
                _reputations[i] += _options.ReputationRate * (delivered - _reputations[i]);
                _freshness[i] *= _options.Decay;
            }
            else
            {
                _freshness[i] += _options.Renewal * (1 - _freshness[i]);
            }
        }

        double left = _options.Auction.Budget + _carried - CompensatedSum.Of(outcome.Cash);
        _carried = left > 0 ? left * _options.CarryOver : left;
    }

    /// <summary>The quality of one delivery: q·max(0, 1 + σ·z).</summary>
    /// <param name="quality">q.</param>
    /// <param name="deviation">z.</param>
    /// <param name="noise">σ.</param>
    public static double Deliver(double quality, double deviation, double noise) => quality * Math.Max(0, 1 + (noise * deviation));
}
