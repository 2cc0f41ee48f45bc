using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

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
    private const int MostTests = 63;

    // Points whose sums stay in the first cache.
    private const int Part = 1024;
    private readonly LabelledPoints _train;
    private readonly LabelledPoints _test;
    private readonly double[] _factors;
    private readonly NeighborDistances _distances;
    private readonly NeighborProducts _products;
    private readonly Dictionary<int, int[]> _classes;

    // The place of each training point among those of its class.
    private readonly int[] _placeInClass;

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
        _placeInClass = new int[train.Count];
        foreach (int[] points in _classes.Values)
        {
            for (int place = 0; place < points.Length; place++)
            {
                _placeInClass[points[place]] = place;
            }
        }
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

        // Blocks of nearly the same size, in whole tiles.
        int blocks = (_test.Count + most - 1) / most;
        int even = (_test.Count + blocks - 1) / blocks;
        most = Math.Min(most, (even + NeighborProducts.Tests - 1) / NeighborProducts.Tests * NeighborProducts.Tests);
        float[][] buffers = [.. Enumerable.Range(0, most).Select(_ => GC.AllocateUninitializedArray<float>(n))];
        double[][] worth = new double[most][];
        var free = new ConcurrentBag<Scratch>();
        for (int first = 0; first < _test.Count; first += most)
        {
            int block = first;
            int count = Math.Min(most, _test.Count - first);
            float[][] rows = count == most ? buffers : buffers[..count];
            double[][] squares = [.. Enumerable.Range(0, count).Select(t => new double[_classes.GetValueOrDefault(_test.Labels[block + t], []).Length])];
            var tests = Enumerable.Range(0, count).GroupBy(t => _test.Labels[block + t]).ToDictionary(one => one.Key, one => one.ToArray());
            _products.Compute(first, rows, run, (start, length) => Measure(start, length, block, tests, squares));
            run.For(count, isThreadSafe: true, t =>
            {
                Scratch scratch = free.TryTake(out Scratch? taken) ? taken : new Scratch(n);
                worth[t] = Rank(block + t, rows[t], squares[t], scratch);
                free.Add(scratch);
            });

            run.For((n + Part - 1) / Part, isThreadSafe: true, part =>
            {
                int start = part * Part;
                Add(worth.AsSpan(0, count), rows, start, values.AsSpan(start, Math.Min(Part, n - start)));
            });
            run.Progress((double)(first + count) / _test.Count);
        }

        for (int i = 0; i < n; i++)
        {
            values[i] /= _test.Count;
        }

        return values;
    }

    // The distances of points to the test points of their class.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Measure(int start, int length, int block, Dictionary<int, int[]> testsOf, double[][] squares)
    {
        const int Most = 4 * NeighborProducts.BlockRows;
        Span<int> tests = stackalloc int[Most];
        Span<int> points = stackalloc int[Most];
        Span<double> found = stackalloc double[Most];
        int pairs = 0;
        for (int point = start; point < start + length; point++)
        {
            foreach (int t in testsOf.GetValueOrDefault(_train.Labels[point], []))
            {
                (tests[pairs], points[pairs]) = (block + t, point);
                if (++pairs == Most)
                {
                    Settle(tests, points, found);
                    pairs = 0;
                }
            }
        }

        Settle(tests[..pairs], points[..pairs], found);

        void Settle(ReadOnlySpan<int> tests, ReadOnlySpan<int> points, Span<double> found)
        {
            _distances.Compute(tests, points, found);
            for (int i = 0; i < points.Length; i++)
            {
                squares[tests[i] - block][_placeInClass[points[i]]] = found[i];
            }
        }
    }

    // Adds up what points are worth to each test point, in the order of the test points, whoever ranked them. Four at a time, so that the sums are
    // read and written once for four.
    private static void Add(ReadOnlySpan<double[]> worth, ReadOnlySpan<float[]> rows, int start, Span<double> sums)
    {
        int t = 0;
        for (; t <= worth.Length - 4; t += 4)
        {
            ReadOnlySpan<int> a = Places(rows[t], start, sums.Length), b = Places(rows[t + 1], start, sums.Length);
            ReadOnlySpan<int> c = Places(rows[t + 2], start, sums.Length), d = Places(rows[t + 3], start, sums.Length);
            Add(
                sums,
                ref MemoryMarshal.GetReference(a),
                ref MemoryMarshal.GetReference(b),
                ref MemoryMarshal.GetReference(c),
                ref MemoryMarshal.GetReference(d),
                ref MemoryMarshal.GetArrayDataReference(worth[t]),
                ref MemoryMarshal.GetArrayDataReference(worth[t + 1]),
                ref MemoryMarshal.GetArrayDataReference(worth[t + 2]),
                ref MemoryMarshal.GetArrayDataReference(worth[t + 3]));
        }

        for (; t < worth.Length; t++)
        {
            ReadOnlySpan<int> places = Places(rows[t], start, sums.Length);
            double[] of = worth[t];
            for (int i = 0; i < sums.Length; i++)
            {
                sums[i] += of[places[i]];
            }
        }

        static ReadOnlySpan<int> Places(float[] row, int start, int length) => MemoryMarshal.Cast<float, int>(row.AsSpan(start, length));
    }

    // All places are entries of their tables.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(
        Span<double> sums, ref int a, ref int b, ref int c, ref int d, ref double ofA, ref double ofB, ref double ofC, ref double ofD)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] = sums[i] + Unsafe.Add(ref ofA, Unsafe.Add(ref a, i)) + Unsafe.Add(ref ofB, Unsafe.Add(ref b, i))
                + Unsafe.Add(ref ofC, Unsafe.Add(ref c, i)) + Unsafe.Add(ref ofD, Unsafe.Add(ref d, i));
        }
    }

    // Puts into the place of each product the point's entry in the table that is returned: entry g for a point of another class with g points
    // of the test point's class nearer, entry m + 1 + j for the (j + 1)-th nearest of these m points.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private double[] Rank(int test, float[] products, ReadOnlySpan<double> squares, Scratch scratch)
    {
        Span<int> places = MemoryMarshal.Cast<float, int>(products.AsSpan());
        int label = _test.Labels[test];
        if (!_classes.TryGetValue(label, out int[]? own))
        {
            places.Clear();
            return [0];
        }

        int m = own.Length;
        Span<int> order = scratch.Order.AsSpan(0, m);
        scratch.Sorter.Sort(squares, order);
        var line = new MatchLine(squares, order, own, scratch);
        double square = _products.TestSquares[test];
        Span<int> open = scratch.Open.AsSpan(0, line.Place(products, _products, square, scratch.Open));

        // A neighbour may lie near these few, and lies in the place of each point of the test point's class.
        int uncertain = 0;
        foreach (int i in open)
        {
            if (_train.Labels[i] == label)
            {
                continue;
            }

            double sum = _products.Squares[i] + square;
            double distance = sum - (2 * (double)products[i]);
            double bound = _products.Bound(sum);
            int nearer = line.Between(distance - bound, distance + bound);
            if (nearer < 0)
            {
                open[uncertain++] = i;
                continue;
            }

            places[i] = nearer;
        }

        open = open[..uncertain];
        Span<double> exact = scratch.Exact.AsSpan(0, uncertain);
        _distances.Compute(test, open, exact);
        for (int k = 0; k < uncertain; k++)
        {
            places[open[k]] = line.Before(exact[k], open[k]);
        }

        for (int j = 0; j < m; j++)
        {
            places[line.Points[j]] = m + 1 + j;
        }

        Span<int> counts = scratch.Counts.AsSpan(0, (2 * m) + 1);
        counts.Clear();
        foreach (int place in places)
        {
            counts[place]++;
        }

        return Worth(counts[..(m + 1)]);
    }

    // The recursion from the farthest point; the value changes only where the class does.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
        private const int Lanes = 8;

        // Buckets of more neighbours are searched by halves.
        private const int ShortRun = 8;

        // The places of the bits of each byte, a byte each.
        private static readonly ulong[] Choices = [.. Enumerable.Range(0, 1 << Lanes).Select(bits =>
        {
            ulong places = 0;
            int shift = 0;
            for (int left = bits; left != 0; left &= left - 1)
            {
                places |= (ulong)BitOperations.TrailingZeroCount(left) << shift;
                shift += 8;
            }

            return places;
        })];
        private readonly Span<int> _starts;
        private readonly double _scale;
        private readonly double _first;
        private readonly int _last;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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

        // Puts into the place of each product how many are nearer, where all distances that it leaves open fall into buckets between two
        // neighbours; the others, and those past the last whole vector, keep their product and are given out. Returns how many. No branch
        // depends on the distances.
        public unsafe int Place(float[] products, NeighborProducts bounds, double square, int[] open)
        {
            int whole = products.Length - (products.Length % Lanes);
            int given;
            fixed (float* product = products)
            fixed (double* squares = bounds.Squares)
            fixed (int* starts = _starts, first = open)
            fixed (ulong* choices = Choices)
            {
                given = Place(product, squares, whole, square, bounds, starts, first, choices);
            }

            for (int i = whole; i < products.Length; i++)
            {
                open[given++] = i;
            }

            return given;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private unsafe int Place(
            float* products, double* squares, int whole, double square, NeighborProducts bounds, int* starts, int* open, ulong* choices)
        {
            int* next = open;
            for (int start = 0; start < whole; start += Lanes)
            {
                Vector512<double> sums = Vector512.Load(squares + start) + Vector512.Create(square);
                Vector256<float> product = Vector256.Load(products + start);
                Vector512<double> wide = Vector512.WidenLower(product.ToVector512Unsafe());
                Vector512<double> distances = sums - (wide + wide);
                Vector512<double> bound = bounds.Bound(sums);
                Vector256<int> nearer = Gather(starts, Buckets(distances - bound));
                Vector256<int> closed = Vector256.Equals(nearer, Gather(starts + 1, Buckets(distances + bound)));
                Vector256.ConditionalSelect(closed, nearer, product.AsInt32()).Store((int*)products + start);

                // The others move to the front; those behind them are overwritten by the next.
                uint left = closed.ExtractMostSignificantBits() ^ ((1 << Lanes) - 1);
                Vector256<int> chosen = Vector256.WidenLower(Vector256.WidenLower(Vector256.CreateScalar(choices[left]).AsByte()).AsUInt16()).AsInt32();
                (Vector256.Create(start) + chosen).Store(next);
                next += BitOperations.PopCount(left);
            }

            return (int)(next - open);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static unsafe Vector256<int> Gather(int* from, Vector256<int> indices) => Avx2.IsSupported
            ? Avx2.GatherVector256(from, indices, sizeof(int))
            : Vector256.Create(
                from[indices[0]], from[indices[1]], from[indices[2]], from[indices[3]], from[indices[4]], from[indices[5]], from[indices[6]], from[indices[7]]);

        // How many are nearer than all distances of an interval; −1 where one of them lies in it, or where a limit is no number.
        public int Between(double from, double to)
        {
            int nearer = Below(from);
            return Squares[nearer] > to ? nearer : -1;
        }

        // The buckets of eight distances; 0, where a point always lies, of what is no number.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Vector256<int> Buckets(Vector512<double> squares)
        {
            Vector512<double> place = (squares - Vector512.Create(_first)) * _scale;
            place = Vector512.ConditionalSelect(Vector512.GreaterThan(place, Vector512<double>.Zero), place, Vector512<double>.Zero);
            var last = Vector512.Create((double)_last);
            place = Vector512.ConditionalSelect(Vector512.LessThan(place, last), place, last);
            if (Avx512F.IsSupported)
            {
                return Avx512F.ConvertToVector256Int32WithTruncation(place);
            }

            if (Avx.IsSupported)
            {
                return Vector256.Create(
                    Avx.ConvertToVector128Int32WithTruncation(place.GetLower()), Avx.ConvertToVector128Int32WithTruncation(place.GetUpper()));
            }

            Vector512<long> whole = Vector512.ConvertToInt64Native(place);
            return Vector512.Narrow(whole, whole).GetLower();
        }

        // How many are nearer than a distance.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public int Below(double square)
        {
            int bucket = Bucket(square);
            int low = _starts[bucket];
            int high = _starts[bucket + 1];
            if (high - low <= ShortRun)
            {
                while (low < high && Squares[low] < square)
                {
                    low++;
                }

                return low;
            }

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
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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

        public double[] Sorted { get; } = new double[count + 1];

        public double[] Exact { get; } = new double[count];

        public int[] Order { get; } = new int[count];

        public int[] Points { get; } = new int[count];

        public int[] Open { get; } = new int[count + 8];

        public int[] Counts { get; } = new int[(2 * count) + 1];

        public int[] Starts { get; set; } = [];
    }
}
