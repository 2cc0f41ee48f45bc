namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// Exact Shapley values of the soft-label K-nearest-neighbour classifier, v(S) = mean match of the min(K, |S|) nearest points of S,
/// v(∅) = 1/C (Wang and Jia 2023, arXiv 2304.04258, theorem 2).
/// </summary>
internal sealed class SoftKnnShapleyMethod : IValuationMethod
{
    /// <inheritdoc/>
    public MarginalUtilityMethod Name => MarginalUtilityMethod.SoftKnnShapley;

    /// <inheritdoc/>
    public PlayerValues Measure(ValuationProblem problem, MarginalUtilityOptions options, int seed, MeasurementRun run)
    {
        var rule = new Rule(problem.Train.Labels, options.Neighbors, problem.Classes);
        return new PlayerValues(
            problem.SumByPlayer(NeighborRanking.Mean(problem.Train, problem.Test, rule, run)), (long)problem.Train.Count * problem.Test.Count);
    }

    private sealed class Rule : INeighborRule
    {
        private readonly int[] _labels;
        private readonly double _nothing;
        private readonly double _harmonic;
        private readonly double[] _factors;

        public Rule(int[] labels, int neighbors, int classes)
        {
            int n = labels.Length;
            _labels = labels;
            _nothing = 1.0 / classes;
            _harmonic = Harmonic.Number(Math.Min(neighbors, n));
            _factors = new double[n];
            int most = Math.Min(neighbors, n - 1);
            double harmonic = Harmonic.Number(most);
            for (int i = 1; i < n; i++)
            {
                double inside = Math.Min(i, neighbors) * (double)(n - 1) / i;
                _factors[i - 1] = (harmonic + (inside - most) / neighbors) / (n - 1);
            }
        }

        public bool NeedsOrder => true;

        public void Value(int test, int label, Span<double> distances, ReadOnlySpan<int> order, CancellationToken cancellationToken)
        {
            int n = order.Length;
            int matches = 0;
            foreach (int known in _labels)
            {
                matches += known == label ? 1 : 0;
            }

            int match = _labels[order[n - 1]] == label ? 1 : 0;
            double others = n > 1 ? (double)(matches - match) / (n - 1) : 0;
            double value = (match - _nothing + (n > 1 ? (match - others) * (_harmonic - 1) : 0)) / n;
            distances[order[n - 1]] = value;
            for (int i = n - 2; i >= 0; i--)
            {
                int next = match;
                match = _labels[order[i]] == label ? 1 : 0;
                value += (match - next) * _factors[i];
                distances[order[i]] = value;
            }
        }
    }
}
