using QosValuation.Foundation.Numerics;

namespace QosValuation.Allocation.Fairness;

/// <summary>
/// Jain's index and the Gini coefficient of reward rates (paper, section II-D). Both are free of scale, and are computed so:
/// rates near the ends of the range of a double neither overflow nor vanish, and sums are compensated.
/// </summary>
public static class FairnessMeasures
{
    /// <summary>r = u/v, and 0 where v = 0 (paper, Eq. 5). O(1).</summary>
    /// <param name="tokens">u ≥ 0.</param>
    /// <param name="value">v ≥ 0.</param>
    /// <returns>Tokens per unit of value; the largest double where the quotient overflows.</returns>
    public static double RewardRate(double tokens, double value) => value > 0 ? Math.Min(tokens / value, double.MaxValue) : 0;

    /// <summary>Jain's index J = (Σr)²/(N·Σr²) in [1/N, 1] (paper, Eq. 6). O(N).</summary>
    /// <param name="rates">Finite rates of at least 0.</param>
    /// <returns>J; 1 where all rates are 0, which is perfectly even; NaN without rates.</returns>
    /// <exception cref="QosValuationException"><c>RateNotValid</c> for a negative, infinite or NaN rate.</exception>
    public static double Jain(ReadOnlySpan<double> rates)
    {
        if (rates.IsEmpty)
        {
            return double.NaN;
        }

        (_, double largest) = Range(rates);
        if (largest == 0)
        {
            return 1;
        }

        CompensatedSum sum = default;
        CompensatedSum squares = default;
        foreach (double rate in rates)
        {
            double x = rate / largest;
            sum.Add(x);
            squares.Add(x * x);
        }

        return Math.Min(1, sum.Value / rates.Length * (sum.Value / squares.Value));
    }

    /// <summary>The Gini coefficient G = Σ|rᵢ − rⱼ|/(2N·Σr) in [0, 1) (paper, Eq. 8). O(N log N).</summary>
    /// <param name="rates">Finite rates of at least 0.</param>
    /// <returns>G; 0 where all rates are 0, which is perfectly even; NaN without rates.</returns>
    /// <remarks>
    /// On sorted rates Σ|rᵢ − rⱼ| = 2·Σ k(N − k)(r₍ₖ₊₁₎ − r₍ₖ₎): every term is at least 0, so that small coefficients keep their digits.
    /// </remarks>
    /// <exception cref="QosValuationException"><c>RateNotValid</c> for a negative, infinite or NaN rate.</exception>
    public static double Gini(ReadOnlySpan<double> rates)
    {
        double[] sorted = rates.ToArray();
        return GiniInPlace(sorted);
    }

    /// <summary>The Gini coefficient of a buffer, which is sorted. O(N log N), no allocation.</summary>
    /// <param name="rates">Finite rates of at least 0; sorted on return.</param>
    /// <returns>G as <see cref="Gini"/>.</returns>
    internal static double GiniInPlace(Span<double> rates)
    {
        if (rates.IsEmpty)
        {
            return double.NaN;
        }

        (_, double largest) = Range(rates);
        if (largest == 0)
        {
            return 0;
        }

        rates.Sort();
        return GiniOfSorted(rates);
    }

    /// <summary>The Gini coefficient of ascending rates. O(N).</summary>
    /// <param name="rates">Finite rates of at least 0, ascending.</param>
    /// <returns>G as <see cref="Gini"/>.</returns>
    internal static double GiniOfSorted(ReadOnlySpan<double> rates)
    {
        if (rates.IsEmpty || rates[^1] == 0)
        {
            return rates.IsEmpty ? double.NaN : 0;
        }

        double largest = rates[^1];
        CompensatedSum sum = default;
        CompensatedSum gaps = default;
        sum.Add(rates[0] / largest);
        for (int k = 1; k < rates.Length; k++)
        {
            sum.Add(rates[k] / largest);
            gaps.Add((double)k * (rates.Length - k) * ((rates[k] - rates[k - 1]) / largest));
        }

        return gaps.Value / rates.Length / sum.Value;
    }

    /// <summary>The fairness of an allocation. O(N log N).</summary>
    /// <param name="grants">The grants; their rates are used as they stand.</param>
    /// <param name="aversion">ε ≥ 0 of Atkinson's index.</param>
    /// <param name="withLorenz">Whether the report holds the Lorenz curve.</param>
    /// <returns>The report; Supply is NaN and Scheme null where the grants do not share one.</returns>
    /// <exception cref="QosValuationException"><c>RateNotValid</c>, <c>AversionNotValid</c>.</exception>
    public static FairnessReport Measure(IReadOnlyList<TokenGrant> grants, double aversion = 0.5, bool withLorenz = false)
    {
        ArgumentNullException.ThrowIfNull(grants);
        double[] rates = new double[grants.Count];
        CompensatedSum welfare = default;
        CompensatedSum allocated = default;
        double supply = grants.Count == 0 ? double.NaN : grants[0].Supply;
        AllocationScheme? scheme = grants.Count == 0 ? null : grants[0].Scheme;
        for (int i = 0; i < rates.Length; i++)
        {
            rates[i] = grants[i].RewardRate;
            welfare.Add(grants[i].Value * grants[i].Tokens);
            allocated.Add(grants[i].Tokens);
            supply = grants[i].Supply == supply ? supply : double.NaN;
            scheme = grants[i].Scheme == scheme ? scheme : null;
        }

        return Measure(rates, aversion, withLorenz) with
        {
            Scheme = scheme?.ToString(),
            SocialWelfare = welfare.Value,
            Allocated = allocated.Value,
            Supply = supply,
        };
    }

    /// <summary>The fairness of bare rates. O(N log N).</summary>
    /// <param name="rates">Finite rates of at least 0.</param>
    /// <param name="aversion">ε ≥ 0 of Atkinson's index.</param>
    /// <param name="withLorenz">Whether the report holds the Lorenz curve.</param>
    /// <returns>The report; SocialWelfare, Allocated and Supply are NaN. Without rates Count is 0 and all else NaN.</returns>
    /// <exception cref="QosValuationException"><c>RateNotValid</c>, <c>AversionNotValid</c>.</exception>
    public static FairnessReport Measure(ReadOnlySpan<double> rates, double aversion = 0.5, bool withLorenz = false)
    {
        Inequality.RequireAversion(aversion);
        (double smallest, double largest) = Range(rates);
        double[] sorted = rates.ToArray();
        sorted.AsSpan().Sort();
        return new FairnessReport
        {
            Count = rates.Length,
            Jain = Jain(rates),
            Gini = GiniOfSorted(sorted),
            MinMaxRatio = Inequality.MinMaxRatio(rates),
            Entropy = Inequality.Entropy(rates),
            Theil = Inequality.Theil(rates),
            Atkinson = Inequality.Atkinson(rates, aversion),
            Aversion = aversion,
            LorenzCurve = withLorenz ? Inequality.LorenzOfSorted(sorted) : null,
            SocialWelfare = double.NaN,
            Allocated = double.NaN,
            Supply = double.NaN,
            MinRate = smallest,
            MaxRate = largest,
        };
    }

    /// <summary>Checks one rate. O(1).</summary>
    /// <param name="rate">The rate.</param>
    /// <exception cref="QosValuationException"><c>RateNotValid</c> for a negative, infinite or NaN rate.</exception>
    public static void RequireRate(double rate)
    {
        if (!(rate >= 0) || !double.IsFinite(rate))
        {
            throw new QosValuationException(
                Faults.RateNotValid, $"A reward rate of {rate} has no fairness; give finite numbers of at least 0.", rate);
        }
    }

    /// <summary>The extremes of rates, each of which is checked. O(N).</summary>
    /// <param name="rates">The rates.</param>
    /// <returns>The smallest and the largest; NaN without rates.</returns>
    /// <exception cref="QosValuationException"><c>RateNotValid</c>.</exception>
    internal static (double Smallest, double Largest) Range(ReadOnlySpan<double> rates)
    {
        if (rates.IsEmpty)
        {
            return (double.NaN, double.NaN);
        }

        double smallest = double.PositiveInfinity;
        double largest = 0;
        foreach (double rate in rates)
        {
            RequireRate(rate);
            smallest = Math.Min(smallest, rate);
            largest = Math.Max(largest, rate);
        }

        return (smallest, largest);
    }
}
