using System.Globalization;

namespace QosValuation.Markets.Shares;

/// <summary>
/// Marginal utility tokens: shares of a pool by quality times marginal utility (seed 002, section 6), and what they are worth to the risk-averse.
/// </summary>
public static class UtilityShares
{
    /// <summary>The floor that appendix D sets after rescaling.</summary>
    public const double RescaledFloor = 1e-3;

    /// <summary>Divides a pool. O(n).</summary>
    /// <param name="offers">The providers; their costs count in <see cref="UtilityShare.NetUtility"/> alone.</param>
    /// <param name="pool">U, finite and at least 0.</param>
    /// <param name="riskAversion">γ of each provider, finite and at least 0.</param>
    /// <param name="rescale">Whether marginal utilities are first rescaled as in appendix D, which invites Sybils.</param>
    /// <returns>One share a provider, in order.</returns>
    /// <exception cref="QosValuationException"><c>ShareOptionNotValid</c>.</exception>
    public static UtilityShare[] Divide(IReadOnlyList<DataOffer> offers, double pool, IReadOnlyList<double> riskAversion, bool rescale)
    {
        ArgumentNullException.ThrowIfNull(offers);
        ArgumentNullException.ThrowIfNull(riskAversion);
        if (!(pool >= 0) || !double.IsFinite(pool))
        {
            throw new QosValuationException(
                Faults.ShareOptionNotValid, string.Create(CultureInfo.InvariantCulture, $"The pool is {pool}; give a finite number of at least 0."), pool);
        }

        double[] quality = [.. offers.Select(offer => offer.Quality)];
        double[] utility = [.. offers.Select(offer => offer.MarginalUtility)];
        if (rescale)
        {
            Rescale(utility);
        }

        double[] shares = Of(quality, utility);
        var result = new UtilityShare[offers.Count];
        for (int i = 0; i < result.Length; i++)
        {
            double payout = shares[i] * pool;
            double felt = RiskUtility(payout, riskAversion[i]);
            result[i] = new UtilityShare
            {
                Contributor = offers[i].Contributor,
                Quality = quality[i],
                MarginalUtility = utility[i],
                Share = shares[i],
                Payout = payout,
                Utility = felt,
                NetUtility = felt - offers[i].Cost,
                RiskAversion = riskAversion[i],
                Pool = pool,
            };
        }

        return result;
    }

    /// <summary>s = q·max(φ, 0)/Σ; 0 for all where the sum is 0. O(n).</summary>
    /// <param name="quality">q.</param>
    /// <param name="utility">φ.</param>
    /// <returns>The shares.</returns>
    public static double[] Of(ReadOnlySpan<double> quality, ReadOnlySpan<double> utility)
    {
        double[] shares = new double[quality.Length];
        double sum = 0;
        for (int i = 0; i < shares.Length; i++)
        {
            shares[i] = quality[i] * Math.Max(utility[i], 0);
            sum += shares[i];
        }

        for (int i = 0; i < shares.Length; i++)
        {
            shares[i] = sum > 0 ? shares[i] / sum : 0;
        }

        return shares;
    }

    /// <summary>Rescales marginal utilities linearly to [0, 1] with a floor of 10⁻³ (seed 002, appendix D, step 3); equal ones become 1. O(n).</summary>
    /// <param name="utility">φ; rescaled in place.</param>
    public static void Rescale(Span<double> utility)
    {
        double least = double.PositiveInfinity;
        double most = double.NegativeInfinity;
        foreach (double value in utility)
        {
            least = Math.Min(least, value);
            most = Math.Max(most, value);
        }

        foreach (ref double value in utility)
        {
            value = most > least ? Math.Max((value - least) / (most - least), RescaledFloor) : 1;
        }
    }

    /// <summary>Constant relative risk aversion: x^(1−γ)/(1−γ), and ln x for γ = 1 (seed 002, section 8.6). O(1).</summary>
    /// <param name="payout">x ≥ 0.</param>
    /// <param name="riskAversion">γ, finite and at least 0.</param>
    /// <returns>u(x); 0 for x = 0 and γ &lt; 1, −∞ for x = 0 and γ ≥ 1.</returns>
    /// <exception cref="QosValuationException"><c>ShareOptionNotValid</c> for a negative payout or γ.</exception>
    public static double RiskUtility(double payout, double riskAversion)
    {
        if (!(payout >= 0) || !(riskAversion >= 0) || !double.IsFinite(riskAversion))
        {
            throw new QosValuationException(
                Faults.ShareOptionNotValid,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"A payout of {payout} at a risk aversion of {riskAversion} has no utility; give finite numbers of at least 0."),
                riskAversion);
        }

        if (payout == 0)
        {
            return riskAversion < 1 ? 0 : double.NegativeInfinity;
        }

        return riskAversion == 1 ? Math.Log(payout) : Math.Pow(payout, 1 - riskAversion) / (1 - riskAversion);
    }
}
