namespace QosValuation.Attacks.Membership;

/// <summary>What an attack's scores achieve: figures of the receiver operating characteristic with their standard errors.</summary>
internal sealed class RocCurve
{
    private readonly double[] _positive;
    private readonly double[] _negative;
    private readonly double[] _descendingPositive;
    private readonly double[] _descendingNegative;

    /// <summary>Sorts the scores. O(n log n).</summary>
    /// <param name="positive">Scores where the attacker should say yes; at least one, not NaN.</param>
    /// <param name="negative">Scores where the attacker should say no; at least one, not NaN.</param>
    public RocCurve(double[] positive, double[] negative)
    {
        _positive = positive;
        _negative = negative;
        _descendingPositive = Descending(positive);
        _descendingNegative = Descending(negative);
    }

    /// <summary>The area under the curve: the probability that a positive scores above a negative, ties counted half. O(n).</summary>
    /// <returns>The area, and its standard error (DeLong, DeLong and Clarke-Pearson 1988); NaN for a single score on a side.</returns>
    public (double Area, double StandardError) Auc()
    {
        // Each score's placement among those of the other side; their variances make the variance of the area.
        (double area, double positiveVariance) = Placements(_descendingPositive, _descendingNegative);
        (_, double negativeVariance) = Placements(_descendingNegative, _descendingPositive);
        return (area, Math.Sqrt(positiveVariance / _positive.Length + negativeVariance / _negative.Length));
    }

    /// <summary>The true-positive rate at the threshold that at most the given part of the negatives exceeds. O(log n).</summary>
    /// <param name="falsePositiveRate">The part, in (0, 1).</param>
    /// <returns>
    /// The rate, and its standard error: binomial, together with the change of the rate as the threshold's own number of false
    /// positives moves by its standard deviation.
    /// </returns>
    public (double Rate, double StandardError) TruePositiveRate(double falsePositiveRate)
    {
        int allowed = (int)Math.Floor(falsePositiveRate * _negative.Length * (1 + 1e-12));
        int spread = (int)Math.Ceiling(Math.Sqrt(Math.Max(1, allowed)));
        double rate = RateWith(allowed);
        double slope = (RateWith(allowed + spread) - RateWith(Math.Max(0, allowed - spread))) / (Math.Min(allowed, spread) + spread)
            * Math.Sqrt(Math.Max(1, allowed));
        return (rate, Math.Sqrt(rate * (1 - rate) / _positive.Length + slope * slope));
    }

    /// <summary>True- minus false-positive rate above a threshold fixed beforehand. O(n).</summary>
    /// <param name="threshold">The threshold; scores equal to it count half.</param>
    /// <returns>The difference and its standard error.</returns>
    public (double Advantage, double StandardError) AdvantageAt(double threshold) =>
        Difference(Part(_positive, 0, 1, threshold), _positive.Length, Part(_negative, 0, 1, threshold), _negative.Length);

    /// <summary>
    /// True- minus false-positive rate above the threshold that is best on one half of the scores, counted on the other half, both
    /// ways round: not flattered by the choice. O(n log n).
    /// </summary>
    /// <returns>The difference and its standard error.</returns>
    public (double Advantage, double StandardError) CrossValidatedAdvantage()
    {
        double positive = 0;
        double negative = 0;
        for (int half = 0; half < 2; half++)
        {
            double threshold = BestThreshold(Half(_positive, half), Half(_negative, half));
            positive += Part(_positive, 1 - half, 2, threshold) / 2;
            negative += Part(_negative, 1 - half, 2, threshold) / 2;
        }

        return Difference(positive, _positive.Length, negative, _negative.Length);
    }

    // The part of the positives above the highest negatives but so many.
    private double RateWith(int falsePositives)
    {
        if (falsePositives >= _negative.Length)
        {
            return 1;
        }

        return (double)CountAbove(_descendingPositive, _descendingNegative[falsePositives]) / _positive.Length;
    }

    private static (double Advantage, double StandardError) Difference(double positive, int positives, double negative, int negatives) =>
        (positive - negative, Math.Sqrt(positive * (1 - positive) / positives + negative * (1 - negative) / negatives));

    private static double[] Half(double[] scores, int half) => [.. scores.Where((_, i) => i % 2 == half)];

    private static double Part(double[] scores, int first, int step, double threshold)
    {
        double above = 0;
        int count = 0;
        for (int i = first; i < scores.Length; i += step)
        {
            above += scores[i] > threshold ? 1 : scores[i] == threshold ? 0.5 : 0;
            count++;
        }

        return count == 0 ? 0 : above / count;
    }

    private static double BestThreshold(double[] positive, double[] negative)
    {
        double best = double.PositiveInfinity;
        double bestDifference = 0;
        double[] descendingPositive = Descending(positive);
        double[] descendingNegative = Descending(negative);
        foreach (double threshold in descendingNegative)
        {
            double difference = (double)CountAbove(descendingPositive, threshold) / Math.Max(1, positive.Length)
                - (double)CountAbove(descendingNegative, threshold) / Math.Max(1, negative.Length);
            if (difference > bestDifference)
            {
                bestDifference = difference;
                best = Math.BitIncrement(threshold);
            }
        }

        return best;
    }

    // Mean and variance over the first side of the part of the second side that lies below; the first side counts as higher.
    private static (double Mean, double Variance) Placements(double[] descending, double[] others)
    {
        double sum = 0;
        double squares = 0;
        int above = 0;
        int atLeast = 0;
        foreach (double score in descending)
        {
            while (above < others.Length && others[above] > score)
            {
                above++;
            }

            atLeast = Math.Max(atLeast, above);
            while (atLeast < others.Length && others[atLeast] >= score)
            {
                atLeast++;
            }

            double placement = (others.Length - (above + atLeast) / 2.0) / others.Length;
            sum += placement;
            squares += placement * placement;
        }

        double mean = sum / descending.Length;
        return (mean, descending.Length < 2 ? double.NaN : Math.Max(0, squares - descending.Length * mean * mean) / (descending.Length - 1));
    }

    /// <summary>How many of scores in descending order lie above a threshold. O(log n).</summary>
    /// <param name="descending">The scores.</param>
    /// <param name="threshold">The threshold.</param>
    /// <returns>The number strictly above.</returns>
    internal static int CountAbove(double[] descending, double threshold)
    {
        int low = 0;
        int high = descending.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (descending[middle] > threshold)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>A sorted copy. O(n log n).</summary>
    /// <param name="scores">Scores, not NaN.</param>
    /// <returns>The scores, the largest first.</returns>
    internal static double[] Descending(double[] scores)
    {
        double[] sorted = (double[])scores.Clone();
        Array.Sort(sorted);
        Array.Reverse(sorted);
        return sorted;
    }
}
