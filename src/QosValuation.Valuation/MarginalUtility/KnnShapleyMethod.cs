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
        var rule = new Rule(problem.Train.Labels, options.Neighbors);
        return new PlayerValues(
            problem.SumByPlayer(NeighborRanking.Mean(problem.Train, problem.Test, rule, run)), (long)problem.Train.Count * problem.Test.Count);
    }

    private sealed class Rule : INeighborRule
    {
        private readonly int[] _labels;
        private readonly double[] _factors;

        public Rule(int[] labels, int neighbors)
        {
            _labels = labels;

            // min(K, i)/(i·K) for the i-th nearest point, i from 1.
            _factors = new double[labels.Length];
            for (int i = 1; i <= labels.Length; i++)
            {
                _factors[i - 1] = i <= neighbors ? 1.0 / neighbors : 1.0 / i;
            }
        }

        public bool NeedsOrder => true;

        public void Value(int test, int label, Span<double> distances, ReadOnlySpan<int> order, CancellationToken cancellationToken)
        {
            int last = order.Length - 1;
            int match = _labels[order[last]] == label ? 1 : 0;
            double value = match * _factors[last];
            distances[order[last]] = value;
            for (int i = last - 1; i >= 0; i--)
            {
                int point = order[i];
                int next = match;
                match = _labels[point] == label ? 1 : 0;
                value += (match - next) * _factors[i];
                distances[point] = value;
            }
        }
    }
}
