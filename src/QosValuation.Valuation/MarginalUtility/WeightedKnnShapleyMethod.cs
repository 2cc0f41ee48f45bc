namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// Exact Shapley values of the weighted K-nearest-neighbour classifier with a hard vote and whole weights: v(S) = 1 where, among the
/// min(K, |S|) nearest points of S, those of the test point's class weigh at least as much as the others together, else 0; v(∅) = 1, a vote
/// without voters (Wang, Mittal and Jia, AISTATS 2024, arXiv 2401.11103; several classes are taken one against the rest).
/// </summary>
/// <remarks>
/// <para>A counting dynamic programme: P_ℓ(s) is the part of the ℓ-subsets of some points whose signed weights add up to s; one more point
/// as the j-th gives P_ℓ(s) ← (1 − ℓ/j)·P_ℓ(s) + (ℓ/j)·P_{ℓ−1}(s − w). Point i is worth</para>
/// <para>(1/N)·Σ_{ℓ &lt; K} E[v(s + w_i) − v(s)] over ℓ-subsets of the others, and, for each farther point m in place K + 1 or later,
/// K/(m(m − 1))·E[v(s + w_i) − v(s + w_m)] over (K − 1)-subsets of the points nearer than m without i.</para>
/// <para>O(N²·K·W) a test point, W = 2·K·(largest weight) + 1; the points nearer than i are counted once for all farther ones.</para>
/// </remarks>
internal sealed class WeightedKnnShapleyMethod : IValuationMethod
{
    /// <inheritdoc/>
    public MarginalUtilityMethod Name => MarginalUtilityMethod.WeightedKnnShapley;

    /// <inheritdoc/>
    public PlayerValues Measure(ValuationProblem problem, MarginalUtilityOptions options, int seed, MeasurementRun run)
    {
        var rule = new Rule(problem.Train.Labels, options.Neighbors, options.WeightLevels);
        return new PlayerValues(
            problem.SumByPlayer(NeighborRanking.Mean(problem.Train, problem.Test, rule, run)), (long)problem.Train.Count * problem.Test.Count);
    }

    /// <summary>The whole weight of a point: exp(−d²) in steps of 1/levels.</summary>
    /// <param name="square">d², the squared distance.</param>
    /// <param name="levels">The number of steps.</param>
    /// <returns>From 0 to <paramref name="levels"/>.</returns>
    internal static int WeightOf(double square, int levels) => (int)Math.Round(levels * Math.Exp(-square));

    /// <summary>The values of points for one test point.</summary>
    /// <param name="weights">The points' signed weights, the nearest first: positive for the test point's class, negative for others.</param>
    /// <param name="neighbors">K, at least 1.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>A value a point, in the same order.</returns>
    internal static double[] Values(ReadOnlySpan<int> weights, int neighbors, CancellationToken cancellationToken)
    {
        int n = weights.Length;
        int k = Math.Min(neighbors, n);
        int heaviest = 0;
        foreach (int weight in weights)
        {
            heaviest = Math.Max(heaviest, Math.Abs(weight));
        }

        int reach = k * heaviest;
        double[] values = new double[n];
        var before = new Counts(k, reach);
        var others = new Counts(k, reach);
        for (int i = 0; i < n; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int own = weights[i];
            others.CopyFrom(before);
            double far = 0;
            for (int m = i + 1; m < n; m++)
            {
                // In place m + 1, counted from 1: the others hold the points nearer than it, without i.
                double place = m + 1;
                if (m >= k)
                {
                    far += neighbors / (place * (place - 1)) * others.ExpectedChange(k - 1, weights[m], own);
                }

                others.Add(weights[m]);
            }

            double near = 0;
            for (int size = 0; size < k; size++)
            {
                near += others.ExpectedChange(size, 0, own);
            }

            values[i] = (near / n) + far;
            before.Add(own);
        }

        return values;
    }

    private sealed class Rule(int[] labels, int neighbors, int levels) : INeighborRule
    {
        public bool NeedsOrder => true;

        public void Value(int test, int label, Span<double> distances, ReadOnlySpan<int> order, CancellationToken cancellationToken)
        {
            int[] weights = new int[order.Length];
            for (int i = 0; i < weights.Length; i++)
            {
                int weight = WeightOf(distances[order[i]], levels);
                weights[i] = labels[order[i]] == label ? weight : -weight;
            }

            double[] values = Values(weights, neighbors, cancellationToken);
            for (int i = 0; i < weights.Length; i++)
            {
                distances[order[i]] = values[i];
            }
        }
    }

    /// <summary>For each size below K, the parts of the subsets of some points by the sum of their weights.</summary>
    private sealed class Counts(int sizes, int reach)
    {
        private readonly int _width = (2 * reach) + 1;
        private readonly double[] _parts = Start(sizes, reach);
        private int _points;

        public void CopyFrom(Counts other)
        {
            other._parts.CopyTo(_parts, 0);
            _points = other._points;
        }

        public void Add(int weight)
        {
            _points++;
            for (int size = Math.Min(sizes - 1, _points); size > 0; size--)
            {
                double part = (double)size / _points;
                Span<double> row = _parts.AsSpan(size * _width, _width);
                ReadOnlySpan<double> smaller = _parts.AsSpan((size - 1) * _width, _width);
                System.Numerics.Tensors.TensorPrimitives.Multiply(row, 1 - part, row);
                int from = Math.Max(0, -weight);
                int length = _width - Math.Abs(weight);
                Span<double> shifted = row.Slice(from + weight, length);
                System.Numerics.Tensors.TensorPrimitives.MultiplyAdd(smaller.Slice(from, length), part, shifted, shifted);
            }
        }

        /// <summary>E[v(s + after) − v(s + before)] over the subsets of a size; 0 where there is none.</summary>
        public double ExpectedChange(int size, int before, int after)
        {
            if (size > _points)
            {
                return 0;
            }

            // v is 1 from a sum of 0 on: it changes for the sums between the two.
            int low = Math.Max(-reach, Math.Min(-before, -after));
            int high = Math.Min(reach, Math.Max(-before, -after) - 1);
            double part = 0;
            if (low <= high)
            {
                part = System.Numerics.Tensors.TensorPrimitives.Sum(_parts.AsSpan((size * _width) + low + reach, high - low + 1));
            }

            return after > before ? part : -part;
        }

        private static double[] Start(int sizes, int reach)
        {
            double[] parts = new double[sizes * ((2 * reach) + 1)];
            parts[reach] = 1;
            return parts;
        }
    }
}
