using QosValuation.Foundation.Randomness;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// Exact Shapley values of the threshold neighbour classifier, v(S) = mean match of the points of S within τ, 1/C where there is none
/// (Wang et al., NeurIPS 2023, arXiv 2308.15709, theorem 13). A point outside τ is worth 0.
/// </summary>
/// <remarks>
/// A value depends on the other points through two counts a test point alone: how many lie within τ, and how many of them match. The
/// private variant adds noise to these counts once and values everyone by the noisy ones.
/// </remarks>
internal sealed class ThresholdKnnShapleyMethod : IValuationMethod
{
    /// <inheritdoc/>
    public MarginalUtilityMethod Name => MarginalUtilityMethod.ThresholdKnnShapley;

    /// <inheritdoc/>
    public bool HasPrivateVariant => true;

    /// <inheritdoc/>
    public PlayerValues Measure(ValuationProblem problem, MarginalUtilityOptions options, int seed, MeasurementRun run)
    {
        NeighborCounts[]? noisy = null;
        if (options.Epsilon is not null)
        {
            var release = new NeighborCountRelease(options, problem.Test.Count);
            var counts = new NeighborCounts[problem.Test.Count];
            NeighborRanking.ForBlocks(
                problem.Train,
                problem.Test,
                run with { Progress = part => run.Progress(part / 2) },
                (first, rows) =>
                {
                    for (int t = 0; t < rows.Length; t++)
                    {
                        counts[first + t] = Count(rows[t], problem.Train.Labels, problem.Test.Labels[first + t], options.Threshold);
                    }
                });

            // Charged before anything is drawn; all of the training data is in the counts.
            release.Charge([.. problem.PointsOfPlayers.Select((_, player) => problem.Players[player].Contributor).Distinct(StringComparer.Ordinal)]);
            noisy = release.Draw(counts, RandomSource.Create(options.Seed));
        }

        var rule = new Rule(problem.Train.Labels, problem.Classes, options.Threshold, noisy);
        MeasurementRun second = noisy is null ? run : run with { Progress = part => run.Progress((1 + part) / 2) };
        return new PlayerValues(
            problem.SumByPlayer(NeighborRanking.Mean(problem.Train, problem.Test, rule, second)), (long)problem.Train.Count * problem.Test.Count)
        {
            IsDrawn = noisy is not null && options.Seed is not null,
        };
    }

    private static NeighborCounts Count(ReadOnlySpan<double> squares, int[] labels, int label, double threshold)
    {
        long within = 0;
        long matches = 0;
        for (int i = 0; i < squares.Length; i++)
        {
            if (Math.Sqrt(squares[i]) <= threshold)
            {
                within++;
                matches += labels[i] == label ? 1 : 0;
            }
        }

        return new NeighborCounts(within, matches);
    }

    private sealed class Rule(int[] labels, int classes, double threshold, NeighborCounts[]? noisy) : INeighborRule
    {
        public bool NeedsOrder => false;

        public void Value(int test, int label, Span<double> distances, ReadOnlySpan<int> order, CancellationToken cancellationToken)
        {
            NeighborCounts counts = noisy?[test] ?? Count(distances, labels, label, threshold);

            // Only points within τ have a value, and to such a point the count is at least 1.
            double m = Math.Max(1, counts.Within);
            double ofMatch = Of(1, m, counts.Matches - 1);
            double ofOther = Of(0, m, counts.Matches);
            for (int i = 0; i < distances.Length; i++)
            {
                distances[i] = !(Math.Sqrt(distances[i]) <= threshold) ? 0 : labels[i] == label ? ofMatch : ofOther;
            }
        }

        // The value of a point that matches or not, where some of the other m − 1 points match.
        private double Of(int match, double m, double others)
        {
            double value = match - (1.0 / classes);
            if (m > 1)
            {
                value += (match - (Math.Clamp(others, 0, m - 1) / (m - 1))) * (Harmonic.Number((long)m) - 1);
            }

            return value / m;
        }
    }
}
