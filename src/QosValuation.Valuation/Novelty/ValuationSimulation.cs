using System.Runtime.InteropServices;
using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Foundation.Sharding;

namespace QosValuation.Valuation.Novelty;

/// <summary>
/// The paper's novelty experiment (section V-C, Fig. 6) on real vectors: records arrive in random orders and are clustered
/// online; for each Γ the value of what has arrived, and what could be confirmed, are averaged over the orders.
/// </summary>
/// <remarks>
/// <para>Γ does not influence the clusters, only what they are called, so that one clustering serves every Γ, and all Γ see the
/// same orders. Differential privacy does not influence them either: noise goes into a prototype when its cluster is confirmed
/// and the prototype is released, and clusters are found from the clean vectors.</para>
/// <para>Labels and confirmations follow the <see cref="NoveltyRule"/>, as in the clusterings: a point says of the records that have
/// arrived what grouping them would say. For Γ = 1 a cluster is confirmed by its founder, without delay, once a second record has
/// made it a cluster.</para>
/// <para>O(repetitions·N·(K·d + |Γ|)), repetitions in parallel; each has a random stream of its own, so that the same seed gives
/// the same figures for any number of threads.</para>
/// </remarks>
public static class ValuationSimulation
{
    private const int DefaultPoints = 20;

    /// <summary>Runs the simulation.</summary>
    /// <param name="records">The placing vectors, at least 1, of unit norm.</param>
    /// <param name="options">What to simulate.</param>
    /// <param name="progress">Told the fraction done, on worker threads.</param>
    /// <param name="cancellationToken">Stops the simulation.</param>
    /// <returns>One result for each Γ (outermost) and quantity, in the order given.</returns>
    /// <exception cref="QosValuationException"><c>SimulationNotValid</c> or <c>QuantityExceedsRecords</c>, before anything is drawn.</exception>
    public static IReadOnlyList<ValuationSimulationResult> Run(
        VectorMatrix records, ValuationSimulationOptions options, Action<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        ArgumentNullException.ThrowIfNull(options);
        Validate(records, options);
        int[] quantities = [.. options.Quantities ?? EvenlySpaced(records.Count)];
        NoveltyRule[] rules = [.. options.NoveltyThresholds.Select(gamma => new NoveltyRule(gamma))];
        Point[][] repetitions = RepeatAll(records, options, rules, quantities, 0, options.Repetitions, progress, cancellationToken);
        List<ValuationSimulationResult> results = [];
        for (int i = 0; i < rules.Length * quantities.Length; i++)
        {
            Point[] points = [.. repetitions.Select(repetition => repetition[i])];
            results.Add(Summarize(rules[i / quantities.Length].Threshold, quantities[i % quantities.Length], options.SimilarityThreshold, points));
        }

        return results.ToArray();
    }

    /// <summary>Runs the repetitions of one shard, as <see cref="Run"/> runs them all.</summary>
    /// <param name="records">The placing vectors, at least 1, of unit norm.</param>
    /// <param name="options">What to simulate, with a seed.</param>
    /// <param name="shard">Which repetitions: a contiguous part of them.</param>
    /// <param name="isSummary">Whether the largest quantity alone makes rows.</param>
    /// <param name="progress">Told the fraction done, on worker threads.</param>
    /// <param name="cancellationToken">Stops the simulation.</param>
    /// <returns>One row for each Γ and quantity; <see cref="SimulationJoiner"/> makes those of the whole of them.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ShardWithoutSeed</c>, <c>SimulationNotValid</c> or <c>QuantityExceedsRecords</c>, before anything is drawn.
    /// </exception>
    public static IReadOnlyList<SimulationShard> RunShard(
        VectorMatrix records,
        ValuationSimulationOptions options,
        Shard shard,
        bool isSummary = false,
        Action<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        ArgumentNullException.ThrowIfNull(options);
        ShardedRun.RequireSeed(shard, options.Seed);
        Validate(records, options);
        int[] quantities = [.. options.Quantities ?? EvenlySpaced(records.Count)];
        NoveltyRule[] rules = [.. options.NoveltyThresholds.Select(gamma => new NoveltyRule(gamma))];
        int largest = quantities.Max();
        int[] emitted = [.. Enumerable.Range(0, rules.Length * quantities.Length).Where(i => !isSummary || quantities[i % quantities.Length] == largest)];
        string identity = ShardedRun.IdentityOf(
            options with { Quantities = quantities, MaximumThreads = -1 },
            Enumerable.Range(0, records.Count).Select(i => (ReadOnlyMemory<byte>)MemoryMarshal.AsBytes(records[i]).ToArray()));
        var run = new ShardedRun(shard, options.Seed, options.Repetitions, emitted.Length, identity, isSummary);
        Point[][] repetitions = RepeatAll(records, options, rules, quantities, run.First, run.Count, progress, cancellationToken);
        var reduction = new ValuationSimulationReduction();
        return
        [
            .. emitted.Select(i =>
            {
                double[] values = new double[repetitions.Length * Point.Width];
                for (int repetition = 0; repetition < repetitions.Length; repetition++)
                {
                    repetitions[repetition][i].Write(values.AsSpan(repetition * Point.Width, Point.Width));
                }

                int gamma = rules[i / quantities.Length].Threshold;
                return run.Next(reduction, Summarize(gamma, quantities[i % quantities.Length], options.SimilarityThreshold, []), values);
            }),
        ];
    }

    /// <summary>The row of repetitions.</summary>
    /// <param name="like">What it is about; its figures do not matter.</param>
    /// <param name="values">The points of the repetitions, <see cref="Point.Width"/> numbers each.</param>
    /// <returns>The row.</returns>
    internal static ValuationSimulationResult Reduce(ValuationSimulationResult like, double[] values)
    {
        var points = new Point[values.Length / Point.Width];
        for (int i = 0; i < points.Length; i++)
        {
            points[i] = Point.Read(values.AsSpan(i * Point.Width, Point.Width));
        }

        return Summarize(like.NoveltyThreshold, like.Quantity, like.SimilarityThreshold, points);
    }

    /// <summary>The random stream of a repetition, apart from those of other experiments with the same seed.</summary>
    internal static ulong StreamOf(int repetition) => RandomStreams.Mix(0x56616C7565UL, (ulong)repetition);

    // The points of repetitions, in their order.
    private static Point[][] RepeatAll(
        VectorMatrix records,
        ValuationSimulationOptions options,
        NoveltyRule[] rules,
        int[] quantities,
        int first,
        int count,
        Action<double>? progress,
        CancellationToken cancellationToken)
    {
        var repetitions = new Point[count][];
        int done = 0;
        Parallel.For(
            0,
            count,
            new ParallelOptions { MaxDegreeOfParallelism = options.MaximumThreads, CancellationToken = cancellationToken },
            offset =>
            {
                RandomSource random = RandomSource.Create(options.Seed, StreamOf(first + offset));
                repetitions[offset] = Repeat(records, options.SimilarityThreshold, rules, quantities, random, cancellationToken);
                progress?.Invoke((double)Interlocked.Increment(ref done) / count);
            });
        return repetitions;
    }

    /// <summary>The points of one order, Γ by Γ.</summary>
    private static Point[] Repeat(
        VectorMatrix records, double similarityThreshold, NoveltyRule[] rules, int[] quantities, RandomSource random, CancellationToken cancellationToken)
    {
        var points = new Point[rules.Length * quantities.Length];
        var states = new Point[rules.Length];
        List<(int Count, int Founded)> groups = [];
        ILookup<int, int> places = quantities.Select((quantity, place) => (quantity, place)).ToLookup(pair => pair.quantity, pair => pair.place);
        int noise = 0;
        int clusters = 0;
        ShuffledClustering.Run(records, similarityThreshold, random, (arrival, _, group) =>
        {
            if (group == groups.Count)
            {
                groups.Add((1, arrival));
                noise++;
            }
            else
            {
                (int count, int founded) = (groups[group].Count + 1, groups[group].Founded);
                groups[group] = (count, founded);
                if (count == 2)
                {
                    noise--;
                    clusters++;
                }

                for (int g = 0; g < rules.Length; g++)
                {
                    states[g].Grow(count, arrival, founded, rules[g]);
                }
            }

            foreach (int place in places[arrival + 1])
            {
                for (int g = 0; g < rules.Length; g++)
                {
                    points[(g * quantities.Length) + place] = states[g] with { Noise = noise, Clusters = clusters };
                }
            }
        }, cancellationToken);
        return points;
    }

    private static ValuationSimulationResult Summarize(int gamma, int quantity, double similarityThreshold, Point[] points)
    {
        RunningMean Mean(Func<Point, double> of) => MeanOf(points, of);
        DataValue[] values = [.. points.Select(point => DataValuation.Evaluate(string.Empty, point.Novel, point.Normal, point.Noise))];
        RunningMean value = MeanOf(values, v => v.Value);
        RunningMean novelty = MeanOf(values, v => v.MeanNovelty);
        RunningMean novel = Mean(p => p.Novel);
        RunningMean clusters = Mean(p => p.Clusters);
        RunningMean confirmed = Mean(p => p.Confirmed);
        RunningMean coverage = Mean(p => (double)p.Covered / quantity);
        Point[] withConfirmed = [.. points.Where(point => point.Confirmed > 0)];
        bool any = withConfirmed.Length > 0;
        RunningMean delay = MeanOf(withConfirmed, p => (double)p.Delays / p.Confirmed);
        RunningMean first = MeanOf(withConfirmed, p => p.First);
        return new ValuationSimulationResult
        {
            NoveltyThreshold = gamma,
            Quantity = quantity,
            Repetitions = points.Length,
            SimilarityThreshold = similarityThreshold,
            Value = value.Mean,
            ValueStandardError = value.StandardError,
            MeanNovelty = novelty.Mean,
            NoveltyStandardError = novelty.StandardError,
            Novel = novel.Mean,
            NovelStandardError = novel.StandardError,
            Normal = Mean(p => p.Normal).Mean,
            Noise = Mean(p => p.Noise).Mean,
            Clusters = clusters.Mean,
            ClustersStandardError = clusters.StandardError,
            Confirmed = confirmed.Mean,
            ConfirmedStandardError = confirmed.StandardError,
            ConfirmationDelay = any ? delay.Mean : null,
            ConfirmationDelayStandardError = any ? delay.StandardError : null,
            FirstConfirmation = any ? first.Mean : null,
            FirstConfirmationStandardError = any ? first.StandardError : null,
            ConfirmedRepetitions = withConfirmed.Length,
            Coverage = coverage.Mean,
            CoverageStandardError = coverage.StandardError,
        };
    }

    private static RunningMean MeanOf<T>(IEnumerable<T> samples, Func<T, double> of)
    {
        RunningMean mean = new();
        foreach (T sample in samples)
        {
            mean.Add(of(sample));
        }

        return mean;
    }

    private static int[] EvenlySpaced(int records) =>
        [.. Enumerable.Range(1, DefaultPoints)
            .Select(i => (int)Math.Max(1, Math.Round((double)records * i / DefaultPoints, MidpointRounding.AwayFromZero)))
            .Distinct()];

    private static void Validate(VectorMatrix records, ValuationSimulationOptions options)
    {
        new ClusteringOptions { SimilarityThreshold = options.SimilarityThreshold }.Validate();
        if (options.NoveltyThresholds.Count == 0 || options.NoveltyThresholds.Any(gamma => gamma < 1))
        {
            throw new QosValuationException(
                Faults.SimulationNotValid, "The novelty thresholds Γ must be at least 1.", options.NoveltyThresholds);
        }

        if (options.Repetitions < 1 || options.MaximumThreads is 0 or < -1)
        {
            throw new QosValuationException(
                Faults.SimulationNotValid, "The number of repetitions must be at least 1, that of threads −1 or at least 1.", options);
        }

        if (records.Count == 0)
        {
            throw new QosValuationException(Faults.SimulationNotValid, "There are no records to simulate with.", records);
        }

        if (options.Quantities is { } quantities)
        {
            if (quantities.Count == 0 || quantities.Any(quantity => quantity < 1))
            {
                throw new QosValuationException(Faults.SimulationNotValid, "The quantities must be at least 1 record.", quantities);
            }

            if (quantities.Max() > records.Count)
            {
                throw new QosValuationException(
                    Faults.QuantityExceedsRecords,
                    $"A quantity of {quantities.Max()} records cannot be drawn from {records.Count}: lower it, or give more embeddings.",
                    quantities.Max());
            }
        }
    }

    /// <summary>The counts of one order of arrival at one quantity, for one Γ.</summary>
    internal record struct Point
    {
        /// <summary>How many numbers hold a point.</summary>
        public const int Width = 8;

        public int Novel { get; set; }

        public int Normal { get; set; }

        public int Noise { get; set; }

        public int Clusters { get; set; }

        public int Confirmed { get; set; }

        public long Delays { get; set; }

        public int First { get; set; }

        public int Covered { get; set; }

        /// <summary>Reads a point.</summary>
        /// <param name="numbers">What <see cref="Write"/> wrote.</param>
        /// <returns>The point.</returns>
        public static Point Read(ReadOnlySpan<double> numbers) => new()
        {
            Novel = (int)numbers[0],
            Normal = (int)numbers[1],
            Noise = (int)numbers[2],
            Clusters = (int)numbers[3],
            Confirmed = (int)numbers[4],
            Delays = (long)numbers[5],
            First = (int)numbers[6],
            Covered = (int)numbers[7],
        };

        /// <summary>Writes the point.</summary>
        /// <param name="numbers">Receives <see cref="Width"/> numbers: counts, which a double holds exactly.</param>
        public readonly void Write(Span<double> numbers)
        {
            ReadOnlySpan<double> all = [Novel, Normal, Noise, Clusters, Confirmed, Delays, First, Covered];
            all.CopyTo(numbers);
        }

        /// <summary>A group takes its second or a later record.</summary>
        /// <param name="count">The group's records, this one included; at least 2.</param>
        /// <param name="arrival">The arrival ordinal of the record.</param>
        /// <param name="founded">The arrival ordinal of the group's first record.</param>
        /// <param name="rule">The rule of Γ.</param>
        public void Grow(int count, int arrival, int founded, NoveltyRule rule)
        {
            // The second record makes the group a cluster, and the founder counts from then on.
            int first = count == 2 ? 0 : count - 1;
            bool confirmed = false;
            for (int rank = first; rank < count; rank++)
            {
                if (rule.Label(rank) == QosValuation.Novelty.Novel)
                {
                    Novel++;
                }
                else
                {
                    Normal++;
                }

                if (rule.IsConfirmedBy(rank))
                {
                    int at = rank == 0 ? founded : arrival;
                    confirmed = true;
                    Confirmed++;
                    Delays += at - founded;
                    First = First == 0 ? at + 1 : Math.Min(First, at + 1);
                }
            }

            if (rule.IsConfirmed(count))
            {
                Covered += confirmed ? count : 1;
            }
        }
    }
}
