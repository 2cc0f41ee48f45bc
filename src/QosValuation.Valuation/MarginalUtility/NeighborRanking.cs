using System.Collections.Concurrent;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// Values points by one test point after another and averages over them, a block of test points at a time. Memory O(n) beside the points:
/// a block holds at most <see cref="BlockNumbers"/> distances, or those of one test point.
/// </summary>
internal static class NeighborRanking
{
    /// <summary>The most distances in a block: 16 MiB.</summary>
    public const int BlockNumbers = 1 << 21;

    private const int MostTests = 64;

    /// <summary>The mean over the test points of what each finds the points worth. O(test points · n · d), and what the rule takes.</summary>
    /// <param name="train">The training points.</param>
    /// <param name="test">The test points.</param>
    /// <param name="rule">Values the points by one test point.</param>
    /// <param name="run">Threads, progress and cancellation.</param>
    /// <returns>A value a training point.</returns>
    public static double[] Mean(LabelledPoints train, LabelledPoints test, INeighborRule rule, MeasurementRun run)
    {
        int n = train.Count;
        double[] values = new double[n];
        using var scratch = new ScratchPool(n, rule.NeedsOrder);
        ForBlocks(train, test, run, (first, rows) =>
        {
            run.For(rows.Length, isThreadSafe: true, t =>
            {
                NeighborScratch own = scratch.Take();
                if (rule.NeedsOrder)
                {
                    own.Sorter.Sort(rows[t], own.Order);
                }

                // What a point is worth takes the place of its distance.
                rule.Value(first + t, test.Labels[first + t], rows[t], own.Order, run.Cancellation);
                scratch.Return(own);
            });

            // In the order of the test points, whoever valued them.
            const int Part = 4096;
            run.For((n + Part - 1) / Part, isThreadSafe: true, part =>
            {
                Span<double> sums = values.AsSpan(part * Part, Math.Min(Part, n - (part * Part)));
                foreach (double[] row in rows)
                {
                    System.Numerics.Tensors.TensorPrimitives.Add(sums, row.AsSpan(part * Part, sums.Length), sums);
                }
            });
        });
        for (int i = 0; i < n; i++)
        {
            values[i] /= test.Count;
        }

        return values;
    }

    /// <summary>The order of the training points for each test point. Memory O(test points · n).</summary>
    public static int[][] Orders(LabelledPoints train, LabelledPoints test, MeasurementRun run)
    {
        int[][] orders = new int[test.Count][];
        using var scratch = new ScratchPool(train.Count, needsOrder: true);
        ForBlocks(train, test, run with { Progress = static _ => { } }, (first, rows) => run.For(rows.Length, isThreadSafe: true, t =>
        {
            NeighborScratch own = scratch.Take();
            own.Sorter.Sort(rows[t], own.Order);
            orders[first + t] = [.. own.Order];
            scratch.Return(own);
        }));
        return orders;
    }

    /// <summary>Gives the squared distances of the test points to all training points, block by block.</summary>
    public static void ForBlocks(LabelledPoints train, LabelledPoints test, MeasurementRun run, Action<int, double[][]> work)
    {
        var distances = new NeighborDistances(train, test);
        int most = Math.Min(test.Count, Math.Clamp(BlockNumbers / Math.Max(1, train.Count), 1, MostTests));

        // A whole tile of test points, where memory allows it: the last ones of a tile cost as much as full ones.
        most = most > 4 ? most & ~3 : most;
        double[][] buffers = [.. Enumerable.Range(0, most).Select(_ => new double[train.Count])];
        for (int first = 0; first < test.Count; first += most)
        {
            double[][] rows = first + most <= test.Count ? buffers : buffers[..(test.Count - first)];
            distances.Compute(first, rows, run);
            work(first, rows);
            run.Progress((double)(first + rows.Length) / test.Count);
        }
    }

    private sealed class NeighborScratch(int count, bool needsOrder)
    {
        public NeighborSorter Sorter { get; } = new(needsOrder ? count : 0);

        public int[] Order { get; } = new int[needsOrder ? count : 0];
    }

    private sealed class ScratchPool(int count, bool needsOrder) : IDisposable
    {
        private readonly ConcurrentBag<NeighborScratch> _free = [];

        public NeighborScratch Take() => _free.TryTake(out NeighborScratch? free) ? free : new NeighborScratch(count, needsOrder);

        public void Return(NeighborScratch scratch) => _free.Add(scratch);

        public void Dispose() => _free.Clear();
    }
}
