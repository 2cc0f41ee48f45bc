using QosValuation.Foundation.Numerics;

namespace QosValuation.Allocation.Fairness;

/// <summary>
/// Measures of how uneven rates are, beside those of the paper: the ratio of the extremes, Shannon's entropy of the shares,
/// Theil's T, Atkinson's index, and the Lorenz curve. All are free of scale, and all sums are compensated.
/// </summary>
/// <remarks>
/// <para>With μ the mean and x = r/μ. Near evenness the definitions of Theil and Atkinson subtract numbers that are nearly equal;
/// because Σ(x − 1) = 0 they can be written as sums of terms of one sign, which keeps the digits of small indices, and so they are.</para>
/// <para>Where all rates are 0 the distribution is perfectly even. Without rates all measures are NaN.</para>
/// </remarks>
public static class Inequality
{
    /// <summary>The most points of a Lorenz curve beside the origin.</summary>
    internal const int MaximumLorenzPoints = 1000;

    /// <summary>min r/max r in [0, 1]. O(N).</summary>
    /// <param name="rates">Finite rates of at least 0.</param>
    /// <returns>The ratio; 1 where all rates are 0; NaN without rates.</returns>
    /// <exception cref="QosValuationException"><c>RateNotValid</c> for a negative, infinite or NaN rate.</exception>
    public static double MinMaxRatio(ReadOnlySpan<double> rates)
    {
        (double smallest, double largest) = FairnessMeasures.Range(rates);
        return largest == 0 ? 1 : smallest / largest;
    }

    /// <summary>
    /// Shannon's entropy of the shares p = r/Σr over its maximum: −Σ p·ln p/ln N in [0, 1], with 0·ln 0 = 0 (Shannon 1948; Pielou's evenness).
    /// O(N).
    /// </summary>
    /// <param name="rates">Finite rates of at least 0.</param>
    /// <returns>The normalised entropy: 1 is perfectly even, 0 where one agent has everything; 1 for a single agent and where all rates are 0;
    /// NaN without rates.</returns>
    /// <exception cref="QosValuationException"><c>RateNotValid</c> for a negative, infinite or NaN rate.</exception>
    public static double Entropy(ReadOnlySpan<double> rates)
    {
        (_, double largest) = FairnessMeasures.Range(rates);
        if (rates.Length <= 1 || largest == 0)
        {
            return rates.IsEmpty ? double.NaN : 1;
        }

        var scale = new Scale(largest);
        double total = ScaledSum(rates, scale);
        CompensatedSum entropy = default;
        foreach (double rate in rates)
        {
            double share = scale.Of(rate) / total;
            if (share > 0)
            {
                entropy.Add(share * -Math.Log(share));
            }
        }

        return Math.Clamp(entropy.Value / Math.Log(rates.Length), 0, 1);
    }

    /// <summary>Theil's T index (1/N)·Σ x·ln x in [0, ln N], with 0·ln 0 = 0 (Theil 1967). O(N).</summary>
    /// <param name="rates">Finite rates of at least 0.</param>
    /// <returns>T; 0 is perfectly even, also where all rates are 0; ln N where one agent has everything; NaN without rates.</returns>
    /// <remarks>T = (1 − Entropy)·ln N. Summed as (1/N)·Σ(x·ln x − x + 1), whose terms are at least 0.</remarks>
    /// <exception cref="QosValuationException"><c>RateNotValid</c> for a negative, infinite or NaN rate.</exception>
    public static double Theil(ReadOnlySpan<double> rates)
    {
        (_, double largest) = FairnessMeasures.Range(rates);
        if (rates.IsEmpty || largest == 0)
        {
            return rates.IsEmpty ? double.NaN : 0;
        }

        var scale = new Scale(largest);
        double mean = ScaledSum(rates, scale) / rates.Length;
        CompensatedSum sum = default;
        foreach (double rate in rates)
        {
            double x = scale.Of(rate);
            double y = (x - mean) / mean;
            sum.Add(Math.Abs(y) < 0.1 ? SmallTheilTerm(y) : x == 0 ? 1 : x / mean * Math.Log(x / mean) - y);
        }

        return sum.Value / rates.Length;
    }

    /// <summary>
    /// Atkinson's index 1 − ((1/N)·Σ x^(1−ε))^(1/(1−ε)) in [0, 1], and for ε = 1 its limit 1 − (Π x)^(1/N) (Atkinson 1970):
    /// the part of all rates that could be given up, were the rest shared evenly, at no loss of welfare. O(N).
    /// </summary>
    /// <param name="rates">Finite rates of at least 0.</param>
    /// <param name="aversion">ε ≥ 0, finite: how much inequality weighs; at 0 the index is 0, for large ε it tends to 1 − min r/μ.</param>
    /// <returns>The index; 0 is perfectly even, also where all rates are 0; 1 where ε ≥ 1 and some but not all rates are 0; NaN without rates.</returns>
    /// <exception cref="QosValuationException"><c>RateNotValid</c> for a negative, infinite or NaN rate; <c>AversionNotValid</c> for such an ε.</exception>
    public static double Atkinson(ReadOnlySpan<double> rates, double aversion = 0.5)
    {
        RequireAversion(aversion);
        (double smallest, double largest) = FairnessMeasures.Range(rates);
        if (rates.IsEmpty || largest == 0 || aversion == 0)
        {
            return rates.IsEmpty ? double.NaN : 0;
        }

        if (aversion >= 1 && smallest == 0)
        {
            return 1;
        }

        var scale = new Scale(largest);
        double mean = ScaledSum(rates, scale) / rates.Length;
        double power = 1 - aversion;
        double lowest = smallest == 0 ? 0 : LogOfRelative(smallest, scale, mean);

        // x^(1−ε) of the smallest rate would leave the range of a double: in logarithms, where it stands for the largest term.
        double logarithm = power * lowest > 500
            ? LogOfPowerMean(rates, scale, mean, power, lowest)
            : power == 0 ? -MeanTerm(rates, scale, mean, power) : NormalTail.LogOnePlus(MeanTerm(rates, scale, mean, power)) / power;
        return Math.Clamp(0 - ExpMinusOne(logarithm), 0, 1);
    }

    /// <summary>The Lorenz curve: the share of all rates that the agents with the smallest rates have, by their part of the population. O(N log N).</summary>
    /// <param name="rates">Finite rates of at least 0.</param>
    /// <returns>The curve from (0, 0) to (1, 1), the diagonal where all rates are 0; without points where there are no rates.</returns>
    /// <exception cref="QosValuationException"><c>RateNotValid</c> for a negative, infinite or NaN rate.</exception>
    public static LorenzCurve Lorenz(ReadOnlySpan<double> rates)
    {
        FairnessMeasures.Range(rates);
        double[] sorted = rates.ToArray();
        sorted.AsSpan().Sort();
        return LorenzOfSorted(sorted);
    }

    /// <summary>The Lorenz curve of ascending rates. O(N).</summary>
    /// <param name="sorted">Finite rates of at least 0, ascending.</param>
    /// <returns>The curve.</returns>
    internal static LorenzCurve LorenzOfSorted(ReadOnlySpan<double> sorted)
    {
        int count = sorted.Length;
        if (count == 0)
        {
            return new LorenzCurve { Population = [], Share = [] };
        }

        int points = Math.Min(count, MaximumLorenzPoints);
        double[] population = new double[points + 1];
        double[] share = new double[points + 1];
        double largest = sorted[^1];
        CompensatedSum sum = default;
        Scale scale = largest > 0 ? new Scale(largest) : default;
        int k = 0;
        for (int point = 0; point <= points; point++)
        {
            int upTo = (int)((long)point * count / points);
            for (; k < upTo && largest > 0; k++)
            {
                sum.Add(scale.Of(sorted[k]));
            }

            population[point] = (double)upTo / count;
            share[point] = largest > 0 ? sum.Value : population[point];
        }

        double total = share[points];
        for (int point = 0; point <= points; point++)
        {
            share[point] /= total;
        }

        return new LorenzCurve { Population = population, Share = share };
    }

    /// <summary>Checks ε. O(1).</summary>
    /// <param name="aversion">ε.</param>
    /// <exception cref="QosValuationException"><c>AversionNotValid</c>.</exception>
    public static void RequireAversion(double aversion)
    {
        if (!(aversion >= 0) || !double.IsFinite(aversion))
        {
            throw new QosValuationException(
                Faults.AversionNotValid, $"The aversion to inequality is {aversion}; give a finite number of at least 0, such as 0.5, 1 or 2.", aversion);
        }
    }

    private static double ScaledSum(ReadOnlySpan<double> rates, Scale scale)
    {
        CompensatedSum sum = default;
        foreach (double rate in rates)
        {
            sum.Add(scale.Of(rate));
        }

        return sum.Value;
    }

    // The mean of x^s − 1 − s(x − 1) for s ≠ 0, and of x − 1 − ln x for s = 0; every term has one sign.
    private static double MeanTerm(ReadOnlySpan<double> rates, Scale scale, double mean, double power)
    {
        CompensatedSum sum = default;
        double limit = 0.1 / Math.Max(1, Math.Abs(power));
        foreach (double rate in rates)
        {
            double y = (scale.Of(rate) - mean) / mean;
            if (Math.Abs(y) < limit)
            {
                sum.Add(power == 0 ? SmallLogTerm(y) : SmallPowerTerm(y, power));
            }
            else if (rate == 0)
            {
                sum.Add(power - 1);
            }
            else
            {
                double logarithm = LogOfRelative(rate, scale, mean);
                sum.Add(power == 0 ? y - logarithm : ExpMinusOne(power * logarithm) - power * y);
            }
        }

        return sum.Value / rates.Length;
    }

    // ln ((1/N)·Σ x^s)^(1/s) for s < 0.
    private static double LogOfPowerMean(ReadOnlySpan<double> rates, Scale scale, double mean, double power, double lowest)
    {
        CompensatedSum sum = default;
        foreach (double rate in rates)
        {
            sum.Add(Math.Exp(power * (LogOfRelative(rate, scale, mean) - lowest)));
        }

        return lowest + Math.Log(sum.Value / rates.Length) / power;
    }

    // ln (r/μ), also where the quotient lies below the range of a double; the mean is that of scaled rates.
    private static double LogOfRelative(double rate, Scale scale, double mean)
    {
        double x = scale.Of(rate);
        return x > 1e-290 ? Math.Log(x / mean) : Math.Log(rate) + scale.Logarithm - Math.Log(mean);
    }

    // (1 + y)·ln(1 + y) − y = Σ (−y)^k/(k(k − 1)) from k = 2.
    private static double SmallTheilTerm(double y)
    {
        double sum = 0;
        double power = y * y;
        for (int k = 2; k < 20 && power != 0; k++)
        {
            sum += power / (k * (k - 1));
            power *= -y;
        }

        return sum;
    }

    // y − ln(1 + y) = Σ (−y)^k/k from k = 2.
    private static double SmallLogTerm(double y)
    {
        double sum = 0;
        double power = y * y;
        for (int k = 2; k < 20 && power != 0; k++)
        {
            sum += power / k;
            power *= -y;
        }

        return sum;
    }

    // (1 + y)^s − 1 − s·y = Σ C(s, k)·y^k from k = 2.
    private static double SmallPowerTerm(double y, double s)
    {
        double sum = 0;
        double term = s * (s - 1) / 2 * y * y;
        for (int k = 2; k < 20 && term != 0; k++)
        {
            sum += term;
            term *= (s - k) / (k + 1) * y;
        }

        return sum;
    }

    // e^z − 1 without cancellationToken.
    private static double ExpMinusOne(double z) => Math.Abs(z) > 1 ? Math.Exp(z) - 1 : 2 * Math.Exp(z / 2) * Math.Sinh(z / 2);

    /// <summary>
    /// The power of two that brings the largest rate to [1, 2): scaling by it is exact, unlike a division, which would cost small indices their
    /// digits.
    /// </summary>
    private readonly struct Scale
    {
        private readonly double _first;
        private readonly double _second;

        public Scale(double largest)
        {
            // In two factors, because 2¹⁰⁷⁴ lies beyond the range of a double.
            int exponent = -Math.ILogB(largest);
            _first = Math.ScaleB(1, exponent / 2);
            _second = Math.ScaleB(1, exponent - (exponent / 2));
            Logarithm = exponent * Math.Log(2);
        }

        public double Logarithm { get; }

        public double Of(double rate) => rate * _first * _second;
    }
}
