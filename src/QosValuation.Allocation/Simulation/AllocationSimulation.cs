using QosValuation.Allocation.Fairness;
using QosValuation.Allocation.Schemes;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Foundation.Sharding;

namespace QosValuation.Allocation.Simulation;

/// <summary>
/// The paper's token allocation experiment (section V, Figs. 4 and 5): values are shares drawn from a symmetric Dirichlet
/// distribution, each scheme divides one supply among empty buckets, and the fairness of the reward rates is averaged over rounds.
/// </summary>
/// <remarks>
/// <para>All schemes see the same values in a round. Every round of a combination of N and α has a random stream of its own, so the
/// same seed gives the same figures for any number of threads and whatever else is simulated beside them.</para>
/// <para>At very small α some shares lie below the range of a double; shares below 1e-300 are raised to 1e-300, so that every
/// agent has a reward rate (at α = 0.01 this concerns about one share in a thousand, at α ≥ 0.1 none).</para>
/// <para>O(rounds·N log N) a combination, on all cores; memory O(threads·N).</para>
/// </remarks>
public static class AllocationSimulation
{
    private const double SmallestShare = 1e-300;
    private const int RoundsPerBlock = 4096;

    /// <summary>Runs the simulation, combination by combination: N outermost, then α, then scheme.</summary>
    /// <param name="options">What to simulate.</param>
    /// <param name="progress">Told how many of <see cref="AllocationSimulationOptions.TotalRounds"/> are done, on worker threads.</param>
    /// <param name="maxDegreeOfParallelism">How many threads to use; −1 for one a core. It does not change the results.</param>
    /// <param name="cancellationToken">Stops the simulation.</param>
    /// <returns>One result for each N, α and scheme, each as soon as its combination of N and α is done.</returns>
    /// <exception cref="QosValuationException"><c>SimulationNotValid</c> or <c>SupplyNotValid</c>, before anything is drawn.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static IEnumerable<AllocationSimulationResult> Run(
        AllocationSimulationOptions options,
        IProgress<long>? progress = null,
        int maxDegreeOfParallelism = -1,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        Validate(options);
        return Iterate(options, progress, maxDegreeOfParallelism, cancellationToken);
    }

    /// <summary>Runs the rounds of one shard, as <see cref="Run"/> runs them all.</summary>
    /// <param name="options">What to simulate, with a seed.</param>
    /// <param name="shard">Which rounds: a contiguous part of those of each combination.</param>
    /// <param name="progress">Told how many of the shard's rounds of all points are done, on worker threads.</param>
    /// <param name="maxDegreeOfParallelism">How many threads to use; −1 for one a core. It does not change the results.</param>
    /// <param name="cancellationToken">Stops the simulation.</param>
    /// <returns>One row for each N, α and scheme; <see cref="SimulationJoiner"/> makes those of the whole of them.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ShardWithoutSeed</c>, <c>SimulationNotValid</c> or <c>SupplyNotValid</c>, before anything is drawn.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static IEnumerable<SimulationShard> RunShard(
        AllocationSimulationOptions options,
        Shard shard,
        IProgress<long>? progress = null,
        int maxDegreeOfParallelism = -1,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        Validate(options);
        var run = new ShardedRun(
            shard, options.Seed, options.Rounds, options.Points * options.Schemes.Count, ShardedRun.IdentityOf(options));
        return Iterate(options, run, progress, maxDegreeOfParallelism, cancellationToken);
    }

    /// <summary>The row of a combination and a scheme.</summary>
    /// <param name="like">What the row is about, and the number of rounds; its figures do not matter.</param>
    /// <param name="jain">Jain's indices of the rounds.</param>
    /// <param name="gini">Their Gini coefficients.</param>
    /// <returns>The row; NaN for what no round gives.</returns>
    internal static AllocationSimulationResult Describe(AllocationSimulationResult like, RoundSummary jain, RoundSummary gini)
    {
        double[] jainOfRounds = jain.Quantiles.Sorted();
        double[] giniOfRounds = gini.Quantiles.Sorted();
        static double Quantile(double[] sorted, double probability) => sorted.Length > 0 ? QuantileSample.OfSorted(sorted, probability) : double.NaN;
        return like with
        {
            Jain = jain.Mean,
            JainStandardError = jain.StandardError,
            JainQ05 = Quantile(jainOfRounds, 0.05),
            JainMedian = Quantile(jainOfRounds, 0.5),
            JainQ95 = Quantile(jainOfRounds, 0.95),
            Gini = gini.Mean,
            GiniStandardError = gini.StandardError,
            GiniQ05 = Quantile(giniOfRounds, 0.05),
            GiniMedian = Quantile(giniOfRounds, 0.5),
            GiniQ95 = Quantile(giniOfRounds, 0.95),
        };
    }

    // A row without figures.
    private static AllocationSimulationResult Row(AllocationSimulationOptions options, int agents, double alpha, int scheme) => new()
    {
        Scheme = options.Schemes[scheme],
        Agents = agents,
        Alpha = alpha,
        Supply = options.Supply,
        Capacity = options.Capacity,
        Rounds = options.Rounds,
        Jain = double.NaN,
        JainStandardError = double.NaN,
        JainQ05 = double.NaN,
        JainMedian = double.NaN,
        JainQ95 = double.NaN,
        Gini = double.NaN,
        GiniStandardError = double.NaN,
        GiniQ05 = double.NaN,
        GiniMedian = double.NaN,
        GiniQ95 = double.NaN,
    };

    private static IEnumerable<SimulationShard> Iterate(
        AllocationSimulationOptions options, ShardedRun run, IProgress<long>? progress, int maxDegreeOfParallelism, CancellationToken cancellationToken)
    {
        var reduction = new AllocationSimulationReduction();
        long before = 0;
        foreach (int agents in options.Agents)
        {
            foreach (double alpha in options.Alphas)
            {
                double[][] values = [.. options.Schemes.Select(_ => new double[run.Count * reduction.Width])];
                int[] at = new int[values.Length];
                Simulate(options, agents, alpha, run.First, run.Count, maxDegreeOfParallelism, Counting(progress, before), (s, jain, gini) =>
                {
                    values[s][at[s]++] = jain;
                    values[s][at[s]++] = gini;
                }, cancellationToken);
                before += run.Count;
                progress?.Report(before);
                for (int s = 0; s < values.Length; s++)
                {
                    yield return run.Next(reduction, Row(options, agents, alpha, s), values[s]);
                }
            }
        }
    }

    // Tells of every sixteenth round.
    private static Action Counting(IProgress<long>? progress, long before)
    {
        int finished = 0;
        return () =>
        {
            int count = Interlocked.Increment(ref finished);
            if (progress is not null && (count & 15) == 0)
            {
                progress.Report(before + count);
            }
        };
    }

    private static IEnumerable<AllocationSimulationResult> Iterate(
        AllocationSimulationOptions options, IProgress<long>? progress, int maxDegreeOfParallelism, CancellationToken cancellationToken)
    {
        long before = 0;
        foreach (int agents in options.Agents)
        {
            foreach (double alpha in options.Alphas)
            {
                RoundSummary[] jain = [.. options.Schemes.Select(_ => new RoundSummary())];
                RoundSummary[] gini = [.. options.Schemes.Select(_ => new RoundSummary())];
                Simulate(options, agents, alpha, 0, options.Rounds, maxDegreeOfParallelism, Counting(progress, before), (s, jainOfRound, giniOfRound) =>
                {
                    jain[s].Add(jainOfRound);
                    gini[s].Add(giniOfRound);
                }, cancellationToken);
                before += options.Rounds;
                progress?.Report(before);
                for (int s = 0; s < options.Schemes.Count; s++)
                {
                    yield return Describe(Row(options, agents, alpha, s), jain[s], gini[s]);
                }
            }
        }
    }

    // Runs rounds of a combination, and hands over what each scheme gives in the order of the rounds.
    private static void Simulate(
        AllocationSimulationOptions options,
        int agents,
        double alpha,
        int firstRound,
        int rounds,
        int maxDegreeOfParallelism,
        Action roundFinished,
        Action<int, double, double> take,
        CancellationToken cancellationToken)
    {
        IAllocationScheme[] schemes = [.. options.Schemes.Select(AllocationSchemes.Find)];
        ulong stream = Stream(agents, alpha);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = maxDegreeOfParallelism, CancellationToken = cancellationToken };
        var plan = new RoundPlan(options, schemes, agents, cancellationToken);

        // Rounds of a block run in any order, and are added up in theirs: memory does not grow with the rounds.
        int blockLength = Math.Min(rounds, RoundsPerBlock);
        double[] jainOfRound = new double[plan.Measured * blockLength];
        double[] giniOfRound = new double[plan.Measured * blockLength];
        for (int start = 0; start < rounds; start += Math.Min(blockLength, rounds - start))
        {
            int first = firstRound + start;
            int count = Math.Min(blockLength, rounds - start);
            Parallel.For(0, count, parallel, () => new Workspace(plan, options, agents, alpha), (offset, _, workspace) =>
            {
                workspace.Random.Restart(unchecked(stream + (ulong)(first + offset)));
                workspace.Sampler.Draw(workspace.Values, SmallestShare, workspace.Random);

                // Only Random draws, and after the values: what a scheme gives does not depend on which others there are.
                workspace.Allocate(plan, options.Supply, cancellationToken);
                int place = offset * plan.Measured;
                workspace.Fairness.Measure(jainOfRound.AsSpan(place, plan.Measured), giniOfRound.AsSpan(place, plan.Measured));
                roundFinished();
                return workspace;
            }, static _ => { });
            for (int round = 0; round < count; round++)
            {
                for (int s = 0; s < schemes.Length; s++)
                {
                    int place = (round * plan.Measured) + plan.Column(s);
                    take(s, jainOfRound[place], giniOfRound[place]);
                }
            }
        }
    }

    // Mixes N and α so that the streams of two combinations lie apart, also for neighbouring rounds.
    private static ulong Stream(int agents, double alpha)
    {
        ulong z = unchecked((ulong)BitConverter.DoubleToInt64Bits(alpha) ^ ((ulong)agents * 0x9E3779B97F4A7C15UL));
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EBUL);
        return z ^ (z >> 31);
    }

    private static void Validate(AllocationSimulationOptions options)
    {
        if (options.Agents.Count == 0 || options.Agents.Any(n => n < 1))
        {
            throw Invalid("The numbers of agents must be at least 1.", options.Agents);
        }

        if (options.Alphas.Count == 0 || options.Alphas.Any(alpha => !(alpha > 0) || !double.IsFinite(alpha)))
        {
            throw Invalid("The concentrations α must be finite and above 0; 0.1 is very uneven, 1 is moderate, 100 is nearly even.", options.Alphas);
        }

        if (options.Schemes.Count == 0 || options.Schemes.Any(scheme => !Enum.IsDefined(scheme)))
        {
            throw Invalid("Name at least one scheme.", options.Schemes);
        }

        if (!(options.Capacity >= 0) || !double.IsFinite(options.Capacity))
        {
            throw Invalid($"The capacity is {options.Capacity}; give a finite number of tokens of at least 0.", options.Capacity);
        }

        if (options.Rounds < 1)
        {
            throw Invalid($"The number of rounds is {options.Rounds}; give at least 1.", options.Rounds);
        }

        foreach (AllocationScheme scheme in options.Schemes)
        {
            TokenAllocator.RequireSupply(options.Supply, scheme);
        }
    }

    private static QosValuationException Invalid(string message, object subject) => new(Faults.SimulationNotValid, message, subject);

    /// <summary>What the schemes of a combination do in each round: which divide anew, and which of them share a column of rates.</summary>
    private sealed class RoundPlan
    {
        private readonly List<(IAllocationScheme Scheme, double[]? Tokens)> _columns = [];
        private readonly int[] _columnOf;

        public RoundPlan(AllocationSimulationOptions options, IAllocationScheme[] schemes, int agents, CancellationToken cancellationToken)
        {
            double[] even = new double[agents];
            Array.Fill(even, 1.0 / agents);
            double[] room = new double[agents];
            Array.Fill(room, options.Capacity);
            _columnOf = new int[schemes.Length];
            for (int s = 0; s < schemes.Length; s++)
            {
                if (schemes[s].UsesValue || schemes[s].Draws)
                {
                    _columnOf[s] = _columns.Count;
                    _columns.Add((schemes[s], null));
                    continue;
                }

                double[] tokens = new double[agents];
                var request = new AllocationRequest
                {
                    Values = even,
                    Room = room,
                    Remaining = new double[agents],
                    Supply = options.Supply,
                    CancellationToken = cancellationToken,
                };
                schemes[s].Allocate(request, tokens);
                int same = _columns.FindIndex(column => column.Tokens is double[] others && others.AsSpan().SequenceEqual(tokens));
                _columnOf[s] = same >= 0 ? same : _columns.Count;
                if (same < 0)
                {
                    _columns.Add((schemes[s], tokens));
                }
            }
        }

        // How many columns of rates a round has.
        public int Measured => _columns.Count;

        // A scheme, and its tokens where they are the same in every round.
        public (IAllocationScheme Scheme, double[]? Tokens) this[int column] => _columns[column];

        public int Column(int scheme) => _columnOf[scheme];
    }

    /// <summary>The buffers of one worker.</summary>
    private sealed class Workspace
    {
        private readonly double[] _room;
        private readonly double[] _remaining;
        private readonly double[] _tokens;

        public Workspace(RoundPlan plan, AllocationSimulationOptions options, int agents, double alpha)
        {
            Values = new double[agents];
            _room = new double[agents];
            _remaining = new double[agents];
            _tokens = new double[agents];
            Array.Fill(_room, options.Capacity);
            Fairness = new FairnessColumns(agents, plan.Measured);
            Sampler = new DirichletSampler(alpha);
            Random = RandomSource.Create(options.Seed);
        }

        public double[] Values { get; }

        public FairnessColumns Fairness { get; }

        public DirichletSampler Sampler { get; }

        public RandomSource Random { get; }

        // Divides by every scheme, and sets its column of rates.
        public void Allocate(RoundPlan plan, double supply, CancellationToken cancellationToken)
        {
            for (int column = 0; column < plan.Measured; column++)
            {
                (IAllocationScheme scheme, double[]? tokens) = plan[column];
                if (tokens is null)
                {
                    var request = new AllocationRequest
                    {
                        Values = Values,
                        Room = _room,
                        Remaining = _remaining,
                        Supply = supply,
                        Random = Random,
                        CancellationToken = cancellationToken,
                    };
                    scheme.Allocate(request, _tokens);
                }

                Fairness.SetRates(column, tokens ?? _tokens, Values);
            }
        }
    }
}
