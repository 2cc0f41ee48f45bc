using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Model;

namespace QosValuation.Embeddings.Clustering;

/// <summary>What spherical k-means found.</summary>
public sealed class KMeansResult
{
    /// <summary>The cluster of each row, from 0.</summary>
    public required int[] Labels { get; init; }

    /// <summary>The cosine of each row to the centroid of its cluster.</summary>
    public required float[] Similarities { get; init; }

    /// <summary>The centroids: normalised means, of unit norm.</summary>
    public required VectorMatrix Centroids { get; init; }

    /// <summary>Σ cos(x, centroid of x): what the algorithm maximises.</summary>
    public required double Objective { get; init; }

    /// <summary>The objective after each iteration of the kept seeding; it never falls.</summary>
    public required IReadOnlyList<double> Trace { get; init; }

    /// <summary>Whether the kept seeding stopped because no row moved, or too little was gained.</summary>
    public required bool Converged { get; init; }
}

/// <summary>
/// Spherical k-means (Dhillon &amp; Modha 2001): maximises Σ cos(x, c) over k unit centroids by Lloyd's iteration, seeded by
/// k-means++ (Arthur &amp; Vassilvitskii 2007) with weights 1 − cos, half the squared distance of unit vectors.
/// </summary>
/// <remarks>
/// O(N·k·d) an iteration in tiles of SIMD inner products, rows in parallel. Every sum runs in a fixed order, so the result
/// depends on the seed and not on the number of threads. Ties go to the lowest centroid. A centroid left without rows takes
/// the row that fits its own centroid worst, which can only raise the objective; where there are fewer distinct rows than
/// centroids some clusters stay empty.
/// </remarks>
public static class SphericalKMeans
{
    private const int BlockRows = 64;

    /// <summary>Clusters the rows of a matrix.</summary>
    /// <param name="vectors">At least <paramref name="clusterCount"/> rows of unit norm.</param>
    /// <param name="clusterCount">k, at least 1.</param>
    /// <param name="random">Draws the seeds.</param>
    /// <param name="options">Restarts, MaximumIterations, Tolerance, MaximumThreads and Progress are used; null for the defaults.</param>
    /// <param name="cancellationToken">Stops between blocks of rows.</param>
    /// <returns>The best of the restarts.</returns>
    /// <exception cref="QosValuationException"><c>ClusterCountExceedsRecords</c>: fewer rows than clusters.</exception>
    public static KMeansResult Run(
        VectorMatrix vectors, int clusterCount, RandomSource random, ClusteringOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clusterCount);
        options ??= new ClusteringOptions();
        if (vectors.Count < clusterCount)
        {
            throw new QosValuationException(
                Faults.ClusterCountExceedsRecords,
                $"{clusterCount} clusters cannot be made of {vectors.Count} records: lower ClusterCount, or use Online or Dbscan, which find the number.",
                clusterCount);
        }

        ParallelOptions parallel = new() { CancellationToken = cancellationToken, MaxDegreeOfParallelism = options.MaximumThreads };
        KMeansResult? best = null;
        for (int restart = 0; restart < options.Restarts; restart++)
        {
            Attempt attempt = new(vectors, clusterCount, parallel);
            attempt.Seed(random);
            KMeansResult result = attempt.Iterate(options, restart);
            if (best is null || result.Objective > best.Objective)
            {
                best = result;
            }
        }

        return best!;
    }

    /// <summary>One seeding and its iterations.</summary>
    private sealed class Attempt(VectorMatrix vectors, int clusterCount, ParallelOptions parallel)
    {
        private readonly VectorMatrix _centroids = new(vectors.Dimension);
        private readonly int[] _labels = NewLabels(vectors.Count);
        private readonly float[] _similarities = new float[vectors.Count];
        private readonly int[] _counts = new int[clusterCount];
        private readonly int[] _starts = new int[clusterCount + 1];
        private readonly int[] _order = new int[vectors.Count];
        private readonly int _blocks = (vectors.Count + BlockRows - 1) / BlockRows;

        public void Seed(RandomSource random)
        {
            int rows = vectors.Count;
            bool[] taken = new bool[rows];
            double[] weights = new double[rows];
            Array.Fill(weights, double.PositiveInfinity);
            int next = random.NextInt32(rows);
            while (true)
            {
                taken[next] = true;
                _centroids.Add(vectors[next]);
                if (_centroids.Count == clusterCount)
                {
                    return;
                }

                int centre = next;
                Parallel.For(0, _blocks, parallel, block => Lower(block, centre, weights));
                double total = 0;
                foreach (double weight in weights)
                {
                    total += weight;
                }

                next = total > 0 ? Draw(weights, random.NextDouble() * total) : DrawUntaken(taken, random);
            }
        }

        public KMeansResult Iterate(ClusteringOptions options, int restart)
        {
            List<double> trace = [];
            bool converged = false;
            for (int iteration = 0; iteration < options.MaximumIterations; iteration++)
            {
                options.Progress?.Invoke(new ClusteringProgress(
                    $"Seeding {restart + 1} of {options.Restarts}, iteration {iteration + 1}",
                    (restart + (double)iteration / options.MaximumIterations) / options.Restarts));
                bool moved = Assign();
                if (trace.Count > 0 && !moved)
                {
                    converged = true;
                    break;
                }

                Repair();
                UpdateCentroids();
                double objective = Objective();
                bool little = trace.Count > 0 && objective - trace[^1] <= options.Tolerance * vectors.Count;
                trace.Add(objective);
                if (little)
                {
                    converged = true;
                    break;
                }
            }

            return new KMeansResult
            {
                Labels = _labels,
                Similarities = _similarities,
                Centroids = _centroids,
                Objective = trace[^1],
                Trace = trace,
                Converged = converged,
            };
        }

        private static int[] NewLabels(int count)
        {
            int[] labels = new int[count];
            Array.Fill(labels, -1);
            return labels;
        }

        private static int Draw(double[] weights, double target)
        {
            int last = 0;
            double sum = 0;
            for (int i = 0; i < weights.Length; i++)
            {
                if (weights[i] > 0)
                {
                    sum += weights[i];
                    last = i;
                    if (sum > target)
                    {
                        break;
                    }
                }
            }

            return last;
        }

        private static int DrawUntaken(bool[] taken, RandomSource random)
        {
            int skip = random.NextInt32(taken.Count(t => !t));
            for (int i = 0; ; i++)
            {
                if (!taken[i] && skip-- == 0)
                {
                    return i;
                }
            }
        }

        private void Lower(int block, int centre, double[] weights)
        {
            int end = Math.Min(vectors.Count, (block + 1) * BlockRows);
            for (int i = block * BlockRows; i < end; i++)
            {
                // A rounding error must not make a copy of a seed look like a new place.
                double weight = 1 - UnitVector.Dot(vectors[i], vectors[centre]);
                weights[i] = Math.Min(weights[i], weight <= CosineKernel.Rounding ? 0 : weight);
            }
        }

        private bool Assign()
        {
            int changed = 0;
            Parallel.For(0, _blocks, parallel, block =>
            {
                if (AssignBlock(block))
                {
                    Volatile.Write(ref changed, 1);
                }
            });
            return changed != 0;
        }

        private bool AssignBlock(int block)
        {
            Span<float> products = stackalloc float[CosineKernel.TileRows * CosineKernel.TileColumns];
            Span<float> cosines = stackalloc float[BlockRows];
            Span<int> nearest = stackalloc int[BlockRows];
            cosines.Fill(float.NegativeInfinity);
            int start = block * BlockRows;
            int rows = Math.Min(BlockRows, vectors.Count - start);
            for (int column = 0; column < clusterCount; column += CosineKernel.TileColumns)
            {
                int columns = Math.Min(CosineKernel.TileColumns, clusterCount - column);
                for (int row = 0; row < rows; row += CosineKernel.TileRows)
                {
                    CosineKernel.Tile(vectors, start + row, _centroids, column, products);
                    int tileRows = Math.Min(CosineKernel.TileRows, rows - row);
                    for (int i = 0; i < tileRows; i++)
                    {
                        for (int j = 0; j < columns; j++)
                        {
                            float cosine = products[i * CosineKernel.TileColumns + j];
                            if (cosine > cosines[row + i])
                            {
                                cosines[row + i] = cosine;
                                nearest[row + i] = column + j;
                            }
                        }
                    }
                }
            }

            bool changed = false;
            for (int i = 0; i < rows; i++)
            {
                changed |= _labels[start + i] != nearest[i];
                _labels[start + i] = nearest[i];
                _similarities[start + i] = cosines[i];
            }

            return changed;
        }

        private void Repair()
        {
            Array.Clear(_counts);
            foreach (int label in _labels)
            {
                _counts[label]++;
            }

            for (int empty = 0; empty < clusterCount; empty++)
            {
                if (_counts[empty] > 0)
                {
                    continue;
                }

                int worst = -1;
                for (int i = 0; i < _labels.Length; i++)
                {
                    if (_counts[_labels[i]] > 1 && (worst < 0 || _similarities[i] < _similarities[worst]))
                    {
                        worst = i;
                    }
                }

                if (worst < 0 || _similarities[worst] >= 1 - CosineKernel.Rounding)
                {
                    return;
                }

                _counts[_labels[worst]]--;
                _counts[empty] = 1;
                _labels[worst] = empty;
                _similarities[worst] = 1;
            }
        }

        private void UpdateCentroids()
        {
            // Rows sorted by cluster, each cluster's in arrival order: its sum is the same whichever thread adds it up.
            _starts[0] = 0;
            for (int c = 0; c < clusterCount; c++)
            {
                _starts[c + 1] = _starts[c] + _counts[c];
            }

            int[] next = _starts[..clusterCount];
            for (int i = 0; i < _labels.Length; i++)
            {
                _order[next[_labels[i]]++] = i;
            }

            Parallel.For(0, clusterCount, parallel, () => new double[vectors.Dimension], (c, _, sum) =>
            {
                if (_counts[c] > 0)
                {
                    UpdateCentroid(c, sum);
                }

                return sum;
            }, _ => { });
        }

        private void UpdateCentroid(int cluster, double[] sum)
        {
            Array.Clear(sum);
            for (int position = _starts[cluster]; position < _starts[cluster + 1]; position++)
            {
                ReadOnlySpan<float> row = vectors[_order[position]];
                for (int k = 0; k < sum.Length; k++)
                {
                    sum[k] += row[k];
                }
            }

            double squares = 0;
            foreach (double x in sum)
            {
                squares += x * x;
            }

            // Members that cancel out leave no direction: the centroid stays where it was, which is no worse than any other.
            if (squares > 1e-24)
            {
                double norm = Math.Sqrt(squares);
                Span<float> centroid = _centroids.Writable(cluster);
                for (int k = 0; k < sum.Length; k++)
                {
                    centroid[k] = (float)(sum[k] / norm);
                }
            }

            for (int position = _starts[cluster]; position < _starts[cluster + 1]; position++)
            {
                int row = _order[position];
                _similarities[row] = UnitVector.Dot(vectors[row], _centroids[cluster]);
            }
        }

        private double Objective()
        {
            double sum = 0;
            foreach (float similarity in _similarities)
            {
                sum += similarity;
            }

            return sum;
        }
    }
}
