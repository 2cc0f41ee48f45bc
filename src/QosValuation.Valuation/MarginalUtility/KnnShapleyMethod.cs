namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// Exact Shapley values of the K-nearest-neighbour classifier, v(S) = (1/K)·Σ matches of the K nearest points of S, v(∅) = 0
/// (Jia et al., VLDB 2019, theorem 1; the farthest point has a_N·min(K, N)/(K·N), which is right for K above N too).
/// </summary>
internal sealed class KnnShapleyMethod : IValuationMethod
{
    /// <inheritdoc/>
    public MarginalUtilityMethod Name => MarginalUtilityMethod.KnnShapley;

    /// <inheritdoc/>
    public PlayerValues Measure(ValuationProblem problem, MarginalUtilityOptions options, int seed, MeasurementRun run)
    {
        // Above this part the distances of all points in double precision are the shorter way to the same bits.
        const double MostUncertain = 0.15;
        double[] factors = Factors(problem.Train.Count, options.Neighbors);
        var matches = new MatchRanking(problem.Train, problem.Test, factors);
        double[] values = matches.UncertainPart() < MostUncertain
            ? matches.Mean(run)
            : MeanByOrder(problem.Train, problem.Test, options.Neighbors, run);
        return new PlayerValues(problem.SumByPlayer(values), (long)problem.Train.Count * problem.Test.Count);
    }

    /// <summary>min(K, i)/(i·K) for the i-th nearest point, i from 1 to n.</summary>
    /// <param name="count">n.</param>
    /// <param name="neighbors">K.</param>
    internal static double[] Factors(int count, int neighbors)
    {
        double[] factors = new double[count];
        for (int i = 1; i <= count; i++)
        {
            factors[i - 1] = i <= neighbors ? 1.0 / neighbors : 1.0 / i;
        }

        return factors;
    }

    /// <summary>The mean values by the full order of the points for each test point.</summary>
    /// <param name="train">The training points.</param>
    /// <param name="test">The test points.</param>
    /// <param name="neighbors">K.</param>
    /// <param name="run">Threads, progress and cancellation.</param>
    internal static double[] MeanByOrder(LabelledPoints train, LabelledPoints test, int neighbors, MeasurementRun run) =>
        NeighborRanking.Mean(train, test, new Rule(train.Labels, Factors(train.Count, neighbors)), run);

    private sealed class Rule(int[] labels, double[] factors) : INeighborRule
    {
        public bool NeedsOrder => true;

        public void Value(int test, int label, Span<double> distances, ReadOnlySpan<int> order, CancellationToken cancellationToken)
        {
            int last = order.Length - 1;
            int match = labels[order[last]] == label ? 1 : 0;
            double value = match * factors[last];
            distances[order[last]] = value;
            for (int i = last - 1; i >= 0; i--)
            {
                int point = order[i];
                int next = match;
                match = labels[point] == label ? 1 : 0;
                value += (match - next) * factors[i];
                distances[point] = value;
            }
        }
    }
}
