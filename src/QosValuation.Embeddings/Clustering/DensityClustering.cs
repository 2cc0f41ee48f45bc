namespace QosValuation.Embeddings.Clustering;

/// <summary>
/// DBSCAN (Ester, Kriegel, Sander &amp; Xu 1996) on cosine similarity. A row is a core where at least MinimumPoints rows, itself
/// included, lie within the threshold; cores within the threshold of each other share a cluster; another row within the
/// threshold of a core is a border row; the rest is noise.
/// </summary>
/// <remarks>
/// Exact, without an index (in 512 dimensions none helps): each pair is compared, O(N²·d) in tiles of SIMD inner products, in parallel, and compared
/// a second time only where more than four million pairs are neighbours, which are not kept. Memory O(N) beside the vectors, plus at most 32 MiB of
/// pairs and MinimumPoints neighbours of each row that is no core. Clusters are numbered in the order of their first core; a border row between clusters
/// goes to the lowest. The result does not depend on the number of threads.
/// </remarks>
public static class DensityClustering
{
    /// <summary>The label of noise.</summary>
    public const int Noise = -1;

    private const int BlockRows = 64;

    private const int MostPairs = 1 << 22;

    /// <summary>Clusters the rows of a matrix.</summary>
    /// <param name="vectors">Rows of unit norm; none is fine.</param>
    /// <param name="similarityThreshold">The least cosine of neighbours: 1 − eps.</param>
    /// <param name="minimumPoints">The neighbours, itself included, that make a row a core; at least 1.</param>
    /// <param name="options">MaximumThreads and Progress are used; null for the defaults.</param>
    /// <param name="cancellationToken">Stops between blocks of rows.</param>
    /// <returns>The cluster of each row, from 0, or <see cref="Noise"/>.</returns>
    public static int[] Run(
        VectorMatrix vectors, double similarityThreshold, int minimumPoints, ClusteringOptions? options = null, CancellationToken cancellationToken = default)
        => Run(vectors, similarityThreshold, minimumPoints, MostPairs, options, cancellationToken);

    /// <summary>As the other, keeping at most so many pairs of neighbours instead of comparing all rows again.</summary>
    internal static int[] Run(
        VectorMatrix vectors, double similarityThreshold, int minimumPoints, int mostPairs, ClusteringOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(minimumPoints);
        options ??= new ClusteringOptions();
        int rows = vectors.Count;
        float threshold = (float)similarityThreshold - CosineKernel.Rounding;

        // Pass 1: how many neighbours each row has; a row is its own neighbour.
        int[] neighbours = new int[rows];
        Array.Fill(neighbours, 1);
        List<(int I, int J)>? kept = [];
        ForEachPair(vectors, threshold, options, 0, pairs =>
        {
            foreach ((int i, int j) in pairs)
            {
                neighbours[i]++;
                neighbours[j]++;
            }

            kept = kept?.Count + pairs.Count <= mostPairs ? kept : null;
            kept?.AddRange(pairs);
        }, cancellationToken);

        // Pass 2: join cores; remember which cores a border row could follow.
        int[] parents = new int[rows];
        for (int i = 0; i < rows; i++)
        {
            parents[i] = i;
        }

        List<int>?[] cores = new List<int>?[rows];
        if (kept is not null)
        {
            Join(kept);
        }
        else
        {
            ForEachPair(vectors, threshold, options, 1, Join, cancellationToken);
        }

        int[] labels = new int[rows];
        Array.Fill(labels, Noise);
        int clusters = 0;
        for (int i = 0; i < rows; i++)
        {
            if (neighbours[i] >= minimumPoints)
            {
                // The root of a set is its lowest row, which therefore has its number already.
                int root = Find(parents, i);
                labels[i] = root == i ? clusters++ : labels[root];
            }
        }

        for (int i = 0; i < rows; i++)
        {
            if (cores[i] is List<int> reachable)
            {
                labels[i] = reachable.Min(core => labels[core]);
            }
        }

        return labels;

        void Join(List<(int I, int J)> pairs)
        {
            foreach ((int i, int j) in pairs)
            {
                bool first = neighbours[i] >= minimumPoints;
                bool second = neighbours[j] >= minimumPoints;
                if (first && second)
                {
                    Union(parents, i, j);
                }
                else if (first)
                {
                    (cores[j] ??= []).Add(i);
                }
                else if (second)
                {
                    (cores[i] ??= []).Add(j);
                }
            }
        }
    }

    /// <summary>Hands every pair i &lt; j of neighbours to an action, in batches, one batch at a time, in no particular order.</summary>
    private static void ForEachPair(
        VectorMatrix vectors, float threshold, ClusteringOptions options, int pass, Action<List<(int I, int J)>> action, CancellationToken cancellationToken)
    {
        int rows = vectors.Count;
        int blocks = (rows + BlockRows - 1) / BlockRows;
        ParallelOptions parallel = new() { CancellationToken = cancellationToken, MaxDegreeOfParallelism = options.MaximumThreads };
        Lock gate = new();

        // Bands of blocks bring control back to the calling thread, for progress. A band holds about 2^26 pairs.
        int band = (int)Math.Clamp((1L << 26) / Math.Max(1L, (long)rows * BlockRows), 1, Math.Max(1, blocks));
        for (int start = 0; start < blocks; start += band)
        {
            cancellationToken.ThrowIfCancellationRequested();
            double remaining = 1 - (double)start / blocks;
            options.Progress?.Invoke(new ClusteringProgress("Comparing records", (pass + 1 - remaining * remaining) / 2));
            Parallel.For(start, Math.Min(blocks, start + band), parallel, () => new List<(int I, int J)>(), (block, _, pairs) =>
            {
                Collect(vectors, threshold, block, pairs, Flush);
                Flush(pairs);
                return pairs;
            }, _ => { });
        }

        void Flush(List<(int I, int J)> pairs)
        {
            lock (gate)
            {
                action(pairs);
            }

            pairs.Clear();
        }
    }

    private static void Collect(VectorMatrix vectors, float threshold, int block, List<(int I, int J)> pairs, Action<List<(int I, int J)>> flush)
    {
        Span<float> products = stackalloc float[CosineKernel.TileRows * CosineKernel.TileColumns];
        int start = block * BlockRows;
        int end = Math.Min(vectors.Count, start + BlockRows);
        for (int column = start; column < vectors.Count; column += CosineKernel.TileColumns)
        {
            int columnEnd = Math.Min(vectors.Count, column + CosineKernel.TileColumns);
            for (int row = start; row < end && row < columnEnd; row += CosineKernel.TileRows)
            {
                CosineKernel.Tile(vectors, row, vectors, column, products);
                int rowEnd = Math.Min(end, row + CosineKernel.TileRows);
                for (int i = row; i < rowEnd; i++)
                {
                    for (int j = Math.Max(column, i + 1); j < columnEnd; j++)
                    {
                        if (products[(i - row) * CosineKernel.TileColumns + (j - column)] >= threshold)
                        {
                            pairs.Add((i, j));
                        }
                    }
                }
            }

            if (pairs.Count >= 8192)
            {
                flush(pairs);
            }
        }
    }

    private static int Find(int[] parents, int row)
    {
        while (parents[row] != row)
        {
            parents[row] = parents[parents[row]];
            row = parents[row];
        }

        return row;
    }

    private static void Union(int[] parents, int i, int j)
    {
        int first = Find(parents, i);
        int second = Find(parents, j);
        if (first < second)
        {
            parents[second] = first;
        }
        else
        {
            parents[first] = second;
        }
    }
}
