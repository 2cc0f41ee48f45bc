using System.Globalization;

namespace QosValuation.Markets.Shares;

/// <summary>Data share tokens: a fixed supply divided by volume, quality and impact, within floors and caps (seed 002, section 7).</summary>
public static class DataShareTokens
{
    private const int SettlingTerms = 64;
    private static readonly double[] SettlingSteps = [1, 0.5, 1.5, 0.75, 0.25, 2, 3];

    /// <summary>Divides a supply. O(n log n).</summary>
    /// <param name="claims">The providers.</param>
    /// <param name="supply">T, finite and at least 0; whole where tokens are.</param>
    /// <param name="weights">α, β and γ, at least 0 and not all 0; they are scaled to sum 1.</param>
    /// <param name="whole">Whether tokens are whole: rounded down, and the rest to the largest fractions, the earlier where equal.</param>
    /// <param name="projection">How floors and caps bend the shares.</param>
    /// <returns>One result a provider, in order; the tokens, added in this order, are T.</returns>
    /// <exception cref="QosValuationException"><c>ShareOptionNotValid</c>, <c>ShareBoundsInfeasible</c> with the numbers.</exception>
    public static DataShareToken[] Divide(
        IReadOnlyList<DataShareClaim> claims, double supply, IReadOnlyList<double> weights, bool whole, ShareProjection projection)
    {
        ArgumentNullException.ThrowIfNull(claims);
        Require(supply, weights, whole);
        double[][] parts =
        [
            Normalize(claims.Select(claim => claim.Volume)),
            Normalize(claims.Select(claim => claim.Quality)),
            Normalize(claims.Select(claim => Math.Max(0, claim.MarginalUtility))),
        ];
        double kept = Enumerable.Range(0, 3).Where(k => parts[k].Any(part => part > 0)).Sum(k => weights[k]);
        double[] scores = new double[claims.Count];
        for (int i = 0; i < scores.Length; i++)
        {
            for (int k = 0; k < 3; k++)
            {
                scores[i] += kept > 0 ? weights[k] / kept * parts[k][i] : 0;
            }
        }

        double[] floors = [.. claims.Select(claim => whole ? Math.Ceiling(claim.Floor) : claim.Floor)];
        double[] caps = [.. claims.Select(claim => whole ? Math.Floor(claim.Cap) : claim.Cap)];
        double[] tokens = claims.Count == 0 ? [] : Fill(scores, floors, caps, supply, projection);
        if (whole)
        {
            Round(tokens, caps, supply);
        }

        return [.. claims.Select((claim, i) => new DataShareToken
        {
            Contributor = claim.Contributor,
            VolumeScore = parts[0][i],
            QualityScore = parts[1][i],
            ImpactScore = parts[2][i],
            Score = scores[i],
            Tokens = tokens[i],
            Floor = claim.Floor,
            Cap = claim.Cap,
            Supply = supply,
        })];
    }

    /// <summary>Checks the settings. O(1).</summary>
    /// <param name="supply">T.</param>
    /// <param name="weights">α, β and γ.</param>
    /// <param name="whole">Whether tokens are whole.</param>
    /// <exception cref="QosValuationException"><c>ShareOptionNotValid</c>.</exception>
    public static void Require(double supply, IReadOnlyList<double> weights, bool whole)
    {
        ArgumentNullException.ThrowIfNull(weights);
        QosValuationException Fault(FormattableString message, object subject) =>
            new(Faults.ShareOptionNotValid, message.ToString(CultureInfo.InvariantCulture), subject);
        if (!(supply >= 0) || !double.IsFinite(supply) || (whole && (supply != Math.Floor(supply) || supply > 1L << 53)))
        {
            string wanted = whole ? "a whole number from 0 to 2^53" : "a finite number of at least 0";
            throw Fault($"The supply is {supply}; give {wanted}.", supply);
        }

        if (weights.Count != 3 || weights.Any(weight => !(weight >= 0) || !double.IsFinite(weight)) || !(weights.Sum() > 0))
        {
            string given = string.Join(", ", weights.Select(weight => weight.ToString(CultureInfo.InvariantCulture)));
            throw Fault($"The weights are {given}; give three numbers of at least 0 for volume, quality and impact, not all 0.", weights);
        }
    }

    /// <summary>
    /// Tokens within floors and caps that sum to the supply: clip(θ·s, l, u), or clip(T·s + τ, l, u), with the one θ or τ that fits. Scores of 0
    /// stay at their floors unless all others are at their caps; then they are filled equally. O(n log n).
    /// </summary>
    /// <param name="scores">s ≥ 0.</param>
    /// <param name="floors">l ≥ 0.</param>
    /// <param name="caps">u ≥ l.</param>
    /// <param name="supply">T.</param>
    /// <param name="projection">Which of the two.</param>
    /// <returns>The tokens.</returns>
    /// <exception cref="QosValuationException"><c>ShareBoundsInfeasible</c>.</exception>
    internal static double[] Fill(double[] scores, double[] floors, double[] caps, double supply, ShareProjection projection)
    {
        double least = floors.Sum();
        double most = caps.Sum();
        int crossed = Enumerable.Range(0, scores.Length).FirstOrDefault(i => floors[i] > caps[i], -1);
        string? reason = null;
        if (crossed >= 0)
        {
            reason = string.Create(CultureInfo.InvariantCulture, $"Row {crossed + 1} has a floor of {floors[crossed]} above its cap of {caps[crossed]}.");
        }
        else if (least > supply * (1 + 1e-15))
        {
            reason = string.Create(
                CultureInfo.InvariantCulture,
                $"The floors of {scores.Length} providers sum to {least}, and the supply is {supply}: it is {least - supply} short.");
        }
        else if (most < supply * (1 - 1e-15))
        {
            reason = string.Create(
                CultureInfo.InvariantCulture,
                $"The caps of {scores.Length} providers sum to {most}, and the supply is {supply}: {supply - most} would be left.");
        }

        if (reason is not null)
        {
            throw new QosValuationException(Faults.ShareBoundsInfeasible, reason, supply);
        }

        double[] slopes;
        double[] offsets = new double[scores.Length];
        double zeroFloors = 0;
        double positiveCaps = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            zeroFloors += scores[i] > 0 ? 0 : floors[i];
            positiveCaps += scores[i] > 0 ? caps[i] : 0;
        }

        var tokens = new double[scores.Length];
        if (projection == ShareProjection.Euclidean)
        {
            slopes = Array.ConvertAll(scores, _ => 1.0);
            offsets = Array.ConvertAll(scores, score => supply * score);
        }
        else if (positiveCaps + zeroFloors > supply)
        {
            slopes = scores;
        }
        else
        {
            // All positive scores are at their caps; a slope of 0 keeps them there.
            slopes = Array.ConvertAll(scores, score => score > 0 ? 0.0 : 1);
            offsets = [.. scores.Select((score, i) => score > 0 ? caps[i] : 0)];
        }

        double level = Level(slopes, offsets, floors, caps, supply);
        for (int i = 0; i < tokens.Length; i++)
        {
            tokens[i] = slopes[i] > 0 ? Math.Clamp(offsets[i] + (slopes[i] * level), floors[i], caps[i]) : Math.Clamp(offsets[i], floors[i], caps[i]);
        }

        Settle(tokens, floors, caps, supply);
        return tokens;
    }

    // The t at which Σ clip(offset + slope·t, l, u) is the supply. Between two breakpoints the sum is linear.
    private static double Level(double[] slopes, double[] offsets, double[] floors, double[] caps, double supply)
    {
        double[] breakpoints =
        [
            .. Enumerable.Range(0, slopes.Length).Where(i => slopes[i] > 0)
                .SelectMany(i => new[] { (floors[i] - offsets[i]) / slopes[i], (caps[i] - offsets[i]) / slopes[i] })
                .Where(double.IsFinite).Distinct().Order(),
        ];
        if (breakpoints.Length == 0)
        {
            return 0;
        }

        double Sum(double t)
        {
            double sum = 0;
            for (int i = 0; i < slopes.Length; i++)
            {
                sum += Math.Clamp(offsets[i] + (slopes[i] * t), floors[i], caps[i]);
            }

            return sum;
        }

        int low = 0;
        int high = breakpoints.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = Sum(breakpoints[middle]) < supply ? (middle + 1, high) : (low, middle);
        }

        if (low == 0)
        {
            return breakpoints[0];
        }

        double start = breakpoints[low - 1];
        double inside = low < breakpoints.Length ? start + ((breakpoints[low] - start) / 2) : start + 1;
        double slope = 0;
        for (int i = 0; i < slopes.Length; i++)
        {
            double value = offsets[i] + (slopes[i] * inside);
            slope += slopes[i] > 0 && value > floors[i] && value < caps[i] ? slopes[i] : 0;
        }

        return slope > 0 ? start + ((supply - Sum(start)) / slope) : start;
    }

    // Rounding leaves the sum off by units in the last place. One of those that no bound holds takes them up, so that the sum is the supply
    // exactly; which step does so depends on how the later terms round, so several are tried. Where a tie in rounding skips the supply, another
    // term moves by one unit in the last place, within its bounds.
    private static void Settle(double[] tokens, double[] floors, double[] caps, double supply)
    {
        if (TrySettle(tokens, floors, caps, supply))
        {
            return;
        }

        for (int i = tokens.Length - 1; i >= Math.Max(0, tokens.Length - SettlingTerms); i--)
        {
            double before = tokens[i];
            foreach (double moved in new[] { Math.BitDecrement(before), Math.BitIncrement(before) })
            {
                tokens[i] = Math.Clamp(moved, floors[i], caps[i]);
                if (TrySettle(tokens, floors, caps, supply))
                {
                    return;
                }
            }

            tokens[i] = before;
        }
    }

    private static bool TrySettle(double[] tokens, double[] floors, double[] caps, double supply)
    {
        double excess = supply - tokens.Sum();
        if (excess == 0)
        {
            return true;
        }

        foreach (int i in Enumerable.Range(0, tokens.Length).Reverse().Where(i => tokens[i] > floors[i] && tokens[i] < caps[i]).Take(SettlingTerms))
        {
            double before = tokens[i];
            foreach (double step in SettlingSteps)
            {
                tokens[i] = Math.Clamp(before + (step * excess), floors[i], caps[i]);
                if (tokens.Sum() == supply)
                {
                    return true;
                }
            }

            tokens[i] = before;
        }

        return false;
    }

    private static void Round(double[] tokens, double[] caps, double supply)
    {
        double[] whole = Array.ConvertAll(tokens, token => Math.Abs(token - Math.Round(token)) <= 1e-9 ? Math.Round(token) : Math.Floor(token));
        double left = supply - whole.Sum();
        foreach (int i in Enumerable.Range(0, tokens.Length).Where(i => whole[i] + 1 <= caps[i]).OrderByDescending(i => tokens[i] - whole[i]))
        {
            if (left <= 0)
            {
                break;
            }

            whole[i]++;
            left--;
        }

        whole.CopyTo(tokens, 0);
    }

    private static double[] Normalize(IEnumerable<double> values)
    {
        double[] all = [.. values];
        double sum = all.Sum();
        return sum > 0 ? Array.ConvertAll(all, value => value / sum) : new double[all.Length];
    }
}
