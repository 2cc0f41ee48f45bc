using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using QosValuation.Foundation.Numerics;

namespace QosValuation.Learning.Federated;

/// <summary>
/// Cosines and distances of the clients' updates from a common model (markets.md, section 7, fact 1).
/// </summary>
/// <remarks>
/// O(n²·p) in double precision. The parameters are taken in blocks, so that beside the result there are at most n · 1024 doubles; pairs are
/// taken in tiles on all cores. Each pair adds its blocks in their order, so that the result is the same for any number of threads.
/// </remarks>
public static class ModelDistances
{
    private const int BlockWidth = 1024;
    private const int TileSide = 16;

    /// <summary>1 − cos of the updates, between 0 and 2: 0 on the diagonal, and 1 where one of the two updates is zero.</summary>
    /// <param name="models">The models, one for each client, all of one length.</param>
    /// <param name="origin">θ_0, the common initial model.</param>
    /// <param name="maxDegreeOfParallelism">How many threads; −1 for one a core.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The distances, n × n, symmetric.</returns>
    public static SquareMatrix Cosine(
        IReadOnlyList<ReadOnlyMemory<float>> models,
        ReadOnlyMemory<float> origin,
        int maxDegreeOfParallelism = -1,
        CancellationToken cancellationToken = default)
    {
        SquareMatrix products = Products(models, origin, maxDegreeOfParallelism, cancellationToken);
        int n = products.Count;
        double[] squares = new double[n];
        for (int i = 0; i < n; i++)
        {
            squares[i] = products[i, i];
        }

        for (int i = 0; i < n; i++)
        {
            Span<double> row = products.Row(i);
            for (int j = 0; j < n; j++)
            {
                row[j] = i == j ? 0 : 1 - Cosine(row[j], squares[i], squares[j]);
            }
        }

        return products;
    }

    /// <summary>The cosine of two updates in double precision: 0 where one of them is zero. O(p).</summary>
    /// <param name="first">p numbers.</param>
    /// <param name="second">p numbers.</param>
    /// <returns>From −1 to 1.</returns>
    public static double CosineOf(ReadOnlySpan<double> first, ReadOnlySpan<double> second) => Cosine(
        TensorPrimitives.Dot(first, second), TensorPrimitives.SumOfSquares(first), TensorPrimitives.SumOfSquares(second));

    /// <summary>The inner products of the updates: squared norms on the diagonal.</summary>
    /// <param name="models">The models, one for each client, all of one length.</param>
    /// <param name="origin">What is taken from each: θ_0, or empty for nothing.</param>
    /// <param name="maxDegreeOfParallelism">How many threads; −1 for one a core.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The products, n × n, symmetric.</returns>
    public static SquareMatrix Products(
        IReadOnlyList<ReadOnlyMemory<float>> models,
        ReadOnlyMemory<float> origin,
        int maxDegreeOfParallelism = -1,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(models);
        int n = models.Count;
        int width = n == 0 ? 0 : models[0].Length;
        var products = new SquareMatrix(n);
        double[] updates = new double[(long)n * Math.Min(width, BlockWidth)];
        int tiles = (n + TileSide - 1) / TileSide;
        (int Row, int Column)[] pairs = [.. Enumerable.Range(0, tiles).SelectMany(row => Enumerable.Range(row, tiles - row).Select(column => (row, column)))];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = maxDegreeOfParallelism, CancellationToken = cancellationToken };
        for (int start = 0; start < width; start += BlockWidth)
        {
            int first = start;
            int length = Math.Min(BlockWidth, width - start);
            Parallel.For(0, n, parallel, i => Subtract(
                models[i].Span.Slice(first, length), origin.IsEmpty ? default : origin.Span.Slice(first, length), updates.AsSpan(i * length, length)));
            Parallel.ForEach(pairs, parallel, pair => AddTile(products, updates, length, pair.Row * TileSide, pair.Column * TileSide));
        }

        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < i; j++)
            {
                products[i, j] = products[j, i];
            }
        }

        return products;
    }

    /// <summary>A cosine from an inner product and two squared norms; 0 where one of them is zero.</summary>
    /// <param name="product">⟨u, v⟩.</param>
    /// <param name="firstSquare">‖u‖².</param>
    /// <param name="secondSquare">‖v‖².</param>
    /// <returns>From −1 to 1; NaN where an argument is.</returns>
    internal static double Cosine(double product, double firstSquare, double secondSquare) =>
        firstSquare == 0 || secondSquare == 0 ? 0 : Math.Clamp(product / (Math.Sqrt(firstSquare) * Math.Sqrt(secondSquare)), -1, 1);

    /// <summary>An update in double precision.</summary>
    /// <param name="model">θ.</param>
    /// <param name="origin">θ_0; empty for 0.</param>
    /// <param name="update">Receives θ − θ_0.</param>
    internal static void Subtract(ReadOnlySpan<float> model, ReadOnlySpan<float> origin, Span<double> update)
    {
        if (origin.IsEmpty)
        {
            TensorPrimitives.ConvertTruncating(model, update);
            return;
        }

        for (int k = 0; k < update.Length; k++)
        {
            update[k] = (double)model[k] - origin[k];
        }
    }

    private static void AddTile(SquareMatrix products, double[] updates, int length, int top, int left)
    {
        int n = products.Count;
        int bottom = Math.Min(top + TileSide, n);
        int right = Math.Min(left + TileSide, n);
        for (int i = top; i < bottom; i++)
        {
            ReadOnlySpan<double> own = updates.AsSpan(i * length, length);
            Span<double> row = products.Row(i);
            int j = Math.Max(left, i);
            for (; j + 4 <= right; j += 4)
            {
                AddFour(own, updates.AsSpan(j * length, 4 * length), row.Slice(j, 4));
            }

            for (; j < right; j++)
            {
                row[j] += Dot(own, updates.AsSpan(j * length, length));
            }
        }
    }

    // Four products share the loads of one side. Each is summed in the order of Dot, so that tiles of other sides would give the same bits.
    private static void AddFour(ReadOnlySpan<double> own, ReadOnlySpan<double> others, Span<double> sums)
    {
        int length = own.Length;
        ReadOnlySpan<Vector<double>> a = MemoryMarshal.Cast<double, Vector<double>>(own);
        ReadOnlySpan<Vector<double>> b0 = MemoryMarshal.Cast<double, Vector<double>>(others[..length]);
        ReadOnlySpan<Vector<double>> b1 = MemoryMarshal.Cast<double, Vector<double>>(others.Slice(length, length));
        ReadOnlySpan<Vector<double>> b2 = MemoryMarshal.Cast<double, Vector<double>>(others.Slice(2 * length, length));
        ReadOnlySpan<Vector<double>> b3 = MemoryMarshal.Cast<double, Vector<double>>(others.Slice(3 * length, length));
        Vector<double> s0 = Vector<double>.Zero;
        Vector<double> s1 = s0;
        Vector<double> s2 = s0;
        Vector<double> s3 = s0;
        for (int k = 0; k < a.Length; k++)
        {
            Vector<double> x = a[k];
            s0 += x * b0[k];
            s1 += x * b1[k];
            s2 += x * b2[k];
            s3 += x * b3[k];
        }

        int done = a.Length * Vector<double>.Count;
        sums[0] += Finish(s0, own, others[..length], done);
        sums[1] += Finish(s1, own, others.Slice(length, length), done);
        sums[2] += Finish(s2, own, others.Slice(2 * length, length), done);
        sums[3] += Finish(s3, own, others.Slice(3 * length, length), done);
    }

    private static double Dot(ReadOnlySpan<double> first, ReadOnlySpan<double> second)
    {
        ReadOnlySpan<Vector<double>> a = MemoryMarshal.Cast<double, Vector<double>>(first);
        ReadOnlySpan<Vector<double>> b = MemoryMarshal.Cast<double, Vector<double>>(second);
        Vector<double> sum = Vector<double>.Zero;
        for (int k = 0; k < a.Length; k++)
        {
            sum += a[k] * b[k];
        }

        return Finish(sum, first, second, a.Length * Vector<double>.Count);
    }

    private static double Finish(Vector<double> sum, ReadOnlySpan<double> first, ReadOnlySpan<double> second, int done)
    {
        double total = Vector.Sum(sum);
        for (int k = done; k < first.Length; k++)
        {
            total += first[k] * second[k];
        }

        return total;
    }
}
