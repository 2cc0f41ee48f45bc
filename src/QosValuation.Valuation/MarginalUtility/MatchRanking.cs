using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// Exact K-nearest-neighbour Shapley values without a full order. All points of other classes between two neighbouring points of the test
/// point's class are worth the same, so each needs to know only how many points of that class are nearer. Their distances are taken in double
/// precision, the others by products in single precision; where the bound of <see cref="NeighborProducts"/> leaves open on which side of one
/// a point lies, its distance is taken in double precision too. So the values are those of the full order by
/// <see cref="NeighborDistances"/>, ties by index, to the bit. Memory O(n) beside the points.
/// </summary>
internal sealed class MatchRanking
{
    // Products of a block of test points: 16 MiB.
    private const int BlockNumbers = 1 << 22;
    private const int MostTests = 64;
    private readonly LabelledPoints _train;
    private readonly LabelledPoints _test;
    private readonly double[] _factors;
    private readonly NeighborDistances _distances;
    private readonly NeighborProducts _products;
    private readonly Dictionary<int, int[]> _classes;

    /// <summary>Prepares the ranking. O(n).</summary>
    /// <param name="train">The training points.</param>
    /// <param name="test">The test points.</param>
    /// <param name="factors">min(K, i)/(i·K) for i from 1 to n.</param>
    public MatchRanking(LabelledPoints train, LabelledPoints test, double[] factors)
    {
        (_train, _test, _factors) = (train, test, factors);
        _distances = new NeighborDistances(train, test);
        _products = new NeighborProducts(train, test);
        var wanted = test.Labels.ToHashSet();
        _classes = Enumerable.Range(0, train.Count).Where(i => wanted.Contains(train.Labels[i])).GroupBy(i => train.Labels[i]).ToDictionary(
            points => points.Key, points => points.ToArray());
    }

    /// <summary>
    /// About which part of the points would need their distance in double precision besides, judged by a few hundred distances: the number of
    /// points of a class times the bound over the distance of the quartiles. It decides on speed alone. O(d).
    /// </summary>
    public double UncertainPart()
    {
        const int SamplePoints = 256;
        const int SampleTests = 8;
        int points = Math.Min(SamplePoints, _train.Count);
        int tests = Math.Min(SampleTests, _test.Count);
        int[] sample = [.. Enumerable.Range(0, points).Select(i => (int)((long)i * _train.Count / points))];
        double[] squares = new double[points];
        double part = 0;
        for (int k = 0; k < tests; k++)
        {
            int test = (int)((long)k * _test.Count / tests);
            _distances.Compute(test, sample, squares);
            Array.Sort(squares);
            double spread = squares[3 * points / 4] - squares[points / 4];
            double bound = _products.Bound(2 * _products.TestSquares[test] + squares[points / 2]);
            double matches = _classes.TryGetValue(_test.Labels[test], out int[]? own) ? own.Length : 0;
            double open = (matches / _train.Count) + (matches * bound / spread);
            part += open < 1 ? open : 1;
        }

        return part / tests;
    }

    /// <summary>The mean value of each training point over the test points. O(test points · n · d), SIMD.</summary>
    /// <param name="run">Threads, progress and cancellation.</param>
    public double[] Mean(MeasurementRun run)
    {
        int n = _train.Count;
        double[] values = new double[n];
        int most = Math.Min(_test.Count, Math.Clamp(BlockNumbers / Math.Max(1, n), 1, MostTests));

        // Blocks of nearly the same size, in whole tiles of four.
        int blocks = (_test.Count + most - 1) / most;
        most = Math.Min(most, (((_test.Count + blocks - 1) / blocks) + 3) & ~3);
        float[][] buffers = [.. Enumerable.Range(0, most).Select(_ => GC.AllocateUninitializedArray<float>(n))];
        double[][] worth = new double[most][];
        var free = new ConcurrentBag<Scratch>();
        for (int first = 0; first < _test.Count; first += most)
        {
            int block = first;
            int count = Math.Min(most, _test.Count - first);
            float[][] rows = count == most ? buffers : buffers[..count];
            _products.Compute(first, rows, run);
            run.For(count, isThreadSafe: true, t =>
            {
                Scratch scratch = free.TryTake(out Scratch? taken) ? taken : new Scratch(n);
                worth[t] = Rank(block + t, rows[t], scratch);
                free.Add(scratch);
            });

            // In the order of the test points, whoever ranked them.
            const int Part = 4096;
            run.For((n + Part - 1) / Part, isThreadSafe: true, part =>
            {
                int start = part * Part;
                Span<double> sums = values.AsSpan(start, Math.Min(Part, n - start));
                for (int t = 0; t < count; t++)
                {
                    ReadOnlySpan<double> table = worth[t];
                    ReadOnlySpan<int> places = MemoryMarshal.Cast<float, int>(rows[t].AsSpan(start, sums.Length));
                    for (int i = 0; i < sums.Length; i++)
                    {
                        sums[i] += table[places[i]];
                    }
                }
            });
            run.Progress((double)(first + count) / _test.Count);
        }

        for (int i = 0; i < n; i++)
        {
            values[i] /= _test.Count;
        }

        return values;
    }

    // Puts into the place of each product the point's entry in the table that is returned: entry g for a point of another class with g points
    // of the test point's class nearer, entry m + 1 + j for the (j + 1)-th nearest of these m points.
    private double[] Rank(int test, float[] products, Scratch scratch)
    {
        Span<int> places = MemoryMarshal.Cast<float, int>(products.AsSpan());
        if (!_classes.TryGetValue(_test.Labels[test], out int[]? own))
        {
            places.Clear();
            return [0];
        }

        int m = own.Length;
        Span<double> squares = scratch.Squares.AsSpan(0, m);
        Span<int> order = scratch.Order.AsSpan(0, m);
        _distances.Compute(test, own, squares);
        scratch.Sorter.Sort(squares, order);
        var line = new MatchLine(squares, order, own, scratch);
        Span<int> counts = scratch.Counts.AsSpan(0, m + 1);
        counts.Clear();
        int[] open = scratch.Open;
        int uncertain = 0;
        double square = _products.TestSquares[test];
        int label = _test.Labels[test];
        ReadOnlySpan<int> labels = _train.Labels;
        Span<int> from = stackalloc int[Vector512<double>.Count];
        Span<int> to = stackalloc int[Vector512<double>.Count];
        for (int start = 0; start < places.Length; start += from.Length)
        {
            int lanes = Math.Min(from.Length, places.Length - start);
            Distances(products, start, lanes, square, out Vector512<double> distances, out Vector512<double> bounds);
            line.Buckets(distances - bounds, from);
            line.Buckets(distances + bounds, to);
            for (int lane = 0; lane < lanes; lane++)
            {
                int i = start + lane;
                if (labels[i] == label)
                {
                    continue;
                }

                int nearer = line.Between(from[lane], to[lane]);
                if (nearer < 0)
                {
                    nearer = line.Between(distances[lane] - bounds[lane], distances[lane] + bounds[lane]);
                    if (nearer < 0)
                    {
                        open[uncertain++] = i;
                        continue;
                    }
                }

                places[i] = nearer;
                counts[nearer]++;
            }
        }

                Span<double> exact = scratch.Exact.AsSpan(0, uncertain);
        _distances.Compute(test, open.AsSpan(0, uncertain), exact);
        for (int k = 0; k < uncertain; k++)
        {
            int nearer = line.Before(exact[k], open[k]);
            places[open[k]] = nearer;
            counts[nearer]++;
        }

        for (int j = 0; j < m; j++)
        {
            places[line.Points[j]] = m + 1 + j;
        }

        return Worth(counts);
    }

    // Distances of up to eight points by their products, and by how much they may be off.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Distances(
        ReadOnlySpan<float> products, int start, int count, double square, out Vector512<double> distances, out Vector512<double> bounds)
    {
        Vector512<double> sums;
        Vector512<double> wide;
        if (count == Vector512<double>.Count)
        {
            sums = Vector512.Create<double>(_products.Squares.AsSpan(start));
            wide = Vector512.WidenLower(Vector256.Create<float>(products[start..]).ToVector512Unsafe());
        }
        else
        {
            Span<double> padded = stackalloc double[2 * Vector512<double>.Count];
            padded.Clear();
            for (int lane = 0; lane < count; lane++)
            {
                padded[lane] = _products.Squares[start + lane];
                padded[Vector512<double>.Count + lane] = products[start + lane];
            }

            sums = Vector512.Create<double>(padded);
            wide = Vector512.Create<double>(padded[Vector512<double>.Count..]);
        }

        sums += Vector512.Create(square);
        distances = sums - (wide + wide);
        bounds = _products.Bound(sums);
    }

    // The recursion from the farthest point; the value changes only where the class does.
    private double[] Worth(ReadOnlySpan<int> counts)
    {
        int m = counts.Length - 1;
        double[] worth = new double[(2 * m) + 1];
        int position = _factors.Length - counts[m];
        double value = 0;
        for (int j = m - 1; j >= 0; j--)
        {
            position--;
            if (position == _factors.Length - 1 || counts[j + 1] > 0)
            {
                value += _factors[position];
            }

            worth[m + 1 + j] = value;
            if (counts[j] > 0)
            {
                value -= _factors[position - 1];
                worth[j] = value;
                position -= counts[j];
            }
        }

        return worth;
    }

    // The points of the test point's class by distance, ties by index, with a table that leads near a distance.
    private readonly ref struct MatchLine
    {
        private readonly Span<int> _starts;
        private readonly double _scale;
        private readonly double _first;
        private readonly int _last;

        public MatchLine(ReadOnlySpan<double> squares, ReadOnlySpan<int> order, int[] own, Scratch scratch)
        {
            int m = order.Length;
            Span<double> sorted = scratch.Sorted.AsSpan(0, m + 1);
            Span<int> points = scratch.Points.AsSpan(0, m);
            for (int j = 0; j < m; j++)
            {
                sorted[j] = squares[order[j]];
                points[j] = own[order[j]];
            }

            sorted[m] = double.PositiveInfinity;
            Squares = sorted;
            Points = points;
            // Most buckets stay empty, so that most distances are told by two of them.
            int buckets = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, Math.Min(16L * m, 1 << 15)));
            if (scratch.Starts.Length < buckets + 2)
            {
                scratch.Starts = new int[buckets + 2];
            }

            _starts = scratch.Starts.AsSpan(0, buckets + 2);
            _first = sorted[0];
            _last = buckets;
            double scale = (buckets - 1) / (sorted[m - 1] - sorted[0]);
            _scale = double.IsFinite(scale) ? scale : 0;

            // starts[b] is the number of points in buckets below b. The bucket rises with the distance, in floating point too.
            int filled = 0;
            for (int j = 0; j < m; j++)
            {
                int bucket = Bucket(sorted[j]);
                if (bucket >= filled)
                {
                    _starts[filled..(bucket + 1)].Fill(j);
                    filled = bucket + 1;
                }
            }

            _starts[filled..].Fill(m);
        }

        public ReadOnlySpan<double> Squares { get; }

        public ReadOnlySpan<int> Points { get; }

        // How many are nearer than all distances of two buckets and between them; −1 where one of them lies there.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int Between(int from, int to)
        {
            int nearer = _starts[from];
            return nearer == _starts[to + 1] ? nearer : -1;
        }

        // How many are nearer than all distances of an interval; −1 where one of them lies in it, or where a limit is no number.
        public int Between(double from, double to)
        {
            int nearer = Below(from);
            return Squares[nearer] > to ? nearer : -1;
        }

        // The buckets of eight distances; 0, where a point always lies, of what is no number.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Buckets(Vector512<double> squares, Span<int> buckets)
        {
            Vector512<double> place = (squares - Vector512.Create(_first)) * _scale;
            place = Vector512.ConditionalSelect(Vector512.GreaterThan(place, Vector512<double>.Zero), place, Vector512<double>.Zero);
            var last = Vector512.Create((double)_last);
            place = Vector512.ConditionalSelect(Vector512.LessThan(place, last), place, last);
            Vector512<long> whole = Vector512.ConvertToInt64Native(place);
            Vector512.Narrow(whole, whole).GetLower().CopyTo(buckets);
        }

        // How many are nearer than a distance.
        public int Below(double square)
        {
            int bucket = Bucket(square);
            int low = _starts[bucket];
            int high = _starts[bucket + 1];
            while (low < high)
            {
                int middle = (low + high) >> 1;
                if (Squares[middle] < square)
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

        // How many come before a point.
        public int Before(double square, int point)
        {
            int low = Below(square);
            int high = Points.Length;
            if (low == high || Squares[low] > square)
            {
                return low;
            }

            // Those at the same distance are in order of their index.
            int end = low + 1;
            for (int step = 1; end < high && Squares[end] == square; step *= 2)
            {
                end = Math.Min(high, end + step);
            }

            high = end;
            while (low < high)
            {
                int middle = (low + high) >> 1;
                if (Squares[middle] == square && Points[middle] < point)
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

        private int Bucket(double square)
        {
            double place = (square - _first) * _scale;
            return !(place > 0) ? 0 : place < _last ? (int)place : _last;
        }
    }

    private sealed class Scratch(int count)
    {
        public NeighborSorter Sorter { get; } = new(count);

        public double[] Squares { get; } = new double[count];

        public double[] Sorted { get; } = new double[count + 1];

        public double[] Exact { get; } = new double[count];

        public int[] Order { get; } = new int[count];

        public int[] Points { get; } = new int[count];

        public int[] Open { get; } = new int[count];

        public int[] Counts { get; } = new int[count + 1];

        public int[] Starts { get; set; } = [];
    }
}
