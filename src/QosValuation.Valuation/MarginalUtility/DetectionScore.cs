namespace QosValuation.Valuation.MarginalUtility;

/// <summary>How well low values tell wrong labels.</summary>
internal static class DetectionScore
{
    /// <summary>F1 of a guess: 2·hits/(guessed + wrong).</summary>
    /// <param name="hits">Wrong labels among those guessed.</param>
    /// <param name="guessed">How many were guessed.</param>
    /// <param name="wrong">How many there are.</param>
    /// <returns>From 0 to 1; 0 where nothing is guessed or wrong.</returns>
    public static double F1(double hits, double guessed, double wrong) => guessed + wrong > 0 ? 2 * hits / (guessed + wrong) : 0;

    /// <summary>
    /// F1 of the lower of two clusters of the values: the split of the sorted values with the least sum of squares within, found exactly.
    /// O(n log n).
    /// </summary>
    /// <param name="values">The values.</param>
    /// <param name="isNoisy">Which labels are wrong.</param>
    /// <returns>From 0 to 1.</returns>
    public static double TwoMeansF1(ReadOnlySpan<double> values, ReadOnlySpan<bool> isNoisy)
    {
        double[] sorted = values.ToArray();
        int[] order = [.. Enumerable.Range(0, sorted.Length)];
        Array.Sort(sorted, order);
        double all = sorted.Sum();
        double below = 0;
        double best = double.NegativeInfinity;
        int split = 0;
        for (int i = 1; i < sorted.Length; i++)
        {
            // The least sum within is the largest sum between: B²/b + A²/a.
            below += sorted[i - 1];
            double between = (below * below / i) + ((all - below) * (all - below) / (sorted.Length - i));
            if (between > best && sorted[i] > sorted[i - 1])
            {
                (best, split) = (between, i);
            }
        }

        int hits = 0;
        int wrong = 0;
        for (int i = 0; i < order.Length; i++)
        {
            wrong += isNoisy[i] ? 1 : 0;
            hits += i < split && isNoisy[order[i]] ? 1 : 0;
        }

        return F1(hits, split, wrong);
    }
}
