using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Model;

namespace QosValuation.Embeddings.Clustering;

/// <summary>
/// Measures how much online clustering depends on the order of arrival: the adjusted Rand index between partitions of the
/// same records in random orders.
/// </summary>
public static class OrderSensitivityEstimator
{
    /// <summary>Clusters the records in 2·pairs random orders and compares each with the next. O(pairs·N·K·d) a threshold, pairs in parallel.</summary>
    /// <param name="records">The placing vectors, at least 2, of unit norm.</param>
    /// <param name="similarityThreshold">The cosine from which a cluster takes a record, from 0 to 1.</param>
    /// <param name="pairs">The number of pairs, at least 1. Pairs share no order, so that their standard error is that of independent samples.</param>
    /// <param name="seed">The seed; null draws cryptographically. The same for every threshold: all see the same orders.</param>
    /// <param name="progress">Told the fraction done, on worker threads.</param>
    /// <param name="maximumThreads">The most threads; −1 for as many as there are cores. It does not change the result.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The measurement. A record of noise counts as a group of its own.</returns>
    /// <exception cref="QosValuationException"><c>TooFewRecords</c> or <c>SimilarityThresholdOutOfRange</c>.</exception>
    public static OrderSensitivityResult Measure(
        VectorMatrix records,
        double similarityThreshold,
        int pairs,
        int? seed,
        Action<double>? progress = null,
        int maximumThreads = -1,
        CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pairs);
        Check(records, similarityThreshold);
        (double Index, int[] Clusters, int[] Noise)[] results = new (double, int[], int[])[pairs];
        int done = 0;
        Parallel.For(0, pairs, new ParallelOptions { MaxDegreeOfParallelism = maximumThreads, CancellationToken = cancellationToken }, pair =>
        {
            RandomSource random = RandomSource.Create(seed, StreamOf(pair));
            int[] first = Partition(records, similarityThreshold, random, cancellationToken);
            results[pair] = Compare(first, Partition(records, similarityThreshold, random, cancellationToken));
            progress?.Invoke((double)Interlocked.Increment(ref done) / pairs);
        });

        return Summarize(records, similarityThreshold, results);
    }

    /// <summary>Clusters the records in the order of arrival and in the order of a merge, and compares the two. O(N·K·d).</summary>
    /// <param name="records">The placing vectors in order of arrival, at least 2, of unit norm.</param>
    /// <param name="similarityThreshold">The cosine from which a cluster takes a record, from 0 to 1.</param>
    /// <param name="mergeOrder">The rows in the order of the merge, see <see cref="RecordCollector.MergeOrder"/>.</param>
    /// <param name="progress">Told the fraction done.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The measurement of one pair.</returns>
    /// <exception cref="QosValuationException"><c>TooFewRecords</c> or <c>SimilarityThresholdOutOfRange</c>.</exception>
    public static OrderSensitivityResult MeasureMerge(
        VectorMatrix records,
        double similarityThreshold,
        IReadOnlyList<int> mergeOrder,
        Action<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(mergeOrder);
        Check(records, similarityThreshold);
        ArgumentOutOfRangeException.ThrowIfNotEqual(mergeOrder.Count, records.Count, nameof(mergeOrder));
        int[] Group(int[] order)
        {
            int[] groups = new int[records.Count];
            ShuffledClustering.Run(records, similarityThreshold, order, (_, record, group) => groups[record] = group, cancellationToken);
            return groups;
        }

        int[] arrival = Group([.. Enumerable.Range(0, records.Count)]);
        progress?.Invoke(0.5);
        return Summarize(records, similarityThreshold, [Compare(arrival, Group([.. mergeOrder]))]);
    }

    /// <summary>The random stream of a pair, apart from those of other experiments with the same seed.</summary>
    internal static ulong StreamOf(int pair) => RandomStreams.Mix(0x4F72646572UL, (ulong)pair);

    private static void Check(VectorMatrix records, double similarityThreshold)
    {
        ArgumentNullException.ThrowIfNull(records);
        new ClusteringOptions { SimilarityThreshold = similarityThreshold }.Validate();
        if (records.Count < 2)
        {
            throw new QosValuationException(Faults.TooFewRecords, "One record has one order: give at least two.", records.Count);
        }
    }

    private static (double Index, int[] Clusters, int[] Noise) Compare(params int[][] groups)
    {
        int[][] sizes = [.. groups.Select(order => order.CountBy(group => group).Select(group => group.Value).ToArray())];
        return (
            AdjustedRandIndex.Compute(groups[0], groups[1]),
            [.. sizes.Select(counts => counts.Count(count => count > 1))],
            [.. sizes.Select(counts => counts.Count(count => count == 1))]);
    }

    private static OrderSensitivityResult Summarize(
        VectorMatrix records, double similarityThreshold, (double Index, int[] Clusters, int[] Noise)[] results)
    {
        RunningMean index = new();
        RunningMean clusters = new();
        RunningMean noise = new();
        foreach ((double ofPair, int[] clustersOfPair, int[] noiseOfPair) in results)
        {
            index.Add(ofPair);
            for (int order = 0; order < 2; order++)
            {
                clusters.Add(clustersOfPair[order]);
                noise.Add(noiseOfPair[order]);
            }
        }

        return new OrderSensitivityResult
        {
            SimilarityThreshold = similarityThreshold,
            Records = records.Count,
            Pairs = results.Length,
            AdjustedRandIndex = index.Mean,
            AdjustedRandIndexStandardError = index.StandardError,
            Clusters = clusters.Mean,
            ClustersStandardError = clusters.StandardError,
            Noise = noise.Mean,
            NoiseStandardError = noise.StandardError,
        };
    }

    /// <summary>The group of each record, by its row, when the records arrive in a random order.</summary>
    private static int[] Partition(VectorMatrix records, double similarityThreshold, RandomSource random, CancellationToken cancellationToken)
    {
        int[] groups = new int[records.Count];
        ShuffledClustering.Run(records, similarityThreshold, random, (_, record, group) => groups[record] = group, cancellationToken);
        return groups;
    }
}

/// <summary>Online clustering of records that were collected, in a random order.</summary>
public static class ShuffledClustering
{
    /// <summary>Clusters the records on the calling thread and tells the group of each in order of arrival. O(N·K·d).</summary>
    /// <param name="records">The placing vectors.</param>
    /// <param name="similarityThreshold">The cosine from which a cluster takes a record.</param>
    /// <param name="random">Draws the order.</param>
    /// <param name="taken">Takes the arrival ordinal, the record's row and its group.</param>
    /// <param name="cancellationToken">Stops between blocks.</param>
    public static void Run(
        VectorMatrix records, double similarityThreshold, RandomSource random, Action<int, int, int> taken, CancellationToken cancellationToken)
    {
        int[] order = [.. Enumerable.Range(0, records.Count)];
        random.Shuffle(order.AsSpan());
        Run(records, similarityThreshold, order, taken, cancellationToken);
    }

    /// <summary>Clusters the records in an order that is given. O(N·K·d).</summary>
    /// <param name="records">The placing vectors.</param>
    /// <param name="similarityThreshold">The cosine from which a cluster takes a record.</param>
    /// <param name="order">Each row once, in the order of arrival.</param>
    /// <param name="taken">Takes the arrival ordinal, the record's row and its group.</param>
    /// <param name="cancellationToken">Stops between blocks.</param>
    internal static void Run(
        VectorMatrix records, double similarityThreshold, int[] order, Action<int, int, int> taken, CancellationToken cancellationToken)
    {
        LeaderClustering clustering = new(records.Dimension, similarityThreshold);
        float[] block = new float[LeaderClustering.BlockRows * records.Dimension];
        int[] groups = new int[LeaderClustering.BlockRows];
        for (int start = 0; start < order.Length;)
        {
            int count = Math.Min(clustering.PreferredBlock, order.Length - start);
            for (int i = 0; i < count; i++)
            {
                records[order[start + i]].CopyTo(block.AsSpan(i * records.Dimension));
            }

            clustering.Add(block.AsSpan(0, count * records.Dimension), groups.AsSpan(0, count), cancellationToken);
            for (int i = 0; i < count; i++)
            {
                taken(start + i, order[start + i], groups[i]);
            }

            start += count;
        }
    }
}
