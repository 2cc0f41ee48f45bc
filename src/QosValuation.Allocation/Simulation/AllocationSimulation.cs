using QosValuation.Allocation.Fairness;
using QosValuation.Allocation.Schemes;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

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

    private static IEnumerable<AllocationSimulationResult> Iterate(
        AllocationSimulationOptions options, IProgress<long>? progress, int maxDegreeOfParallelism, CancellationToken cancellationToken)
    {
        long before = 0;
        foreach (int agents in options.Agents)
        {
            foreach (double alpha in options.Alphas)
            {
                long done = before;
                int finished = 0;
                (Summary[] jain, Summary[] gini) = Simulate(options, agents, alpha, maxDegreeOfParallelism, () =>
                {
                    int count = Interlocked.Increment(ref finished);
                    if (progress is not null && (count & 15) == 0)
                    {
                        progress.Report(done + count);
                    }
                }, cancellationToken);
                before += options.Rounds;
                progress?.Report(before);
                for (int s = 0; s < options.Schemes.Count; s++)
                {
                    double[] jainOfRounds = jain[s].Quantiles.Sorted();
                    double[] giniOfRounds = gini[s].Quantiles.Sorted();
                    yield return new AllocationSimulationResult
                    {
                        Scheme = options.Schemes[s],
                        Agents = agents,
                        Alpha = alpha,
                        Supply = options.Supply,
                        Capacity = options.Capacity,
                        Rounds = options.Rounds,
                        Jain = jain[s].Mean,
                        JainStandardError = jain[s].StandardError,
                        JainQ05 = QuantileSample.OfSorted(jainOfRounds, 0.05),
                        JainMedian = QuantileSample.OfSorted(jainOfRounds, 0.5),
                        JainQ95 = QuantileSample.OfSorted(jainOfRounds, 0.95),
                        Gini = gini[s].Mean,
                        GiniStandardError = gini[s].StandardError,
                        GiniQ05 = QuantileSample.OfSorted(giniOfRounds, 0.05),
                        GiniMedian = QuantileSample.OfSorted(giniOfRounds, 0.5),
                        GiniQ95 = QuantileSample.OfSorted(giniOfRounds, 0.95),
                    };
                }
            }
        }
    }

    private static (Summary[] Jain, Summary[] Gini) Simulate(
        AllocationSimulationOptions options, int agents, double alpha, int maxDegreeOfParallelism, Action roundFinished, CancellationToken cancellationToken)
    {
        IAllocationScheme[] schemes = [.. options.Schemes.Select(AllocationSchemes.Find)];
        Summary[] jain = [.. options.Schemes.Select(_ => new Summary())];
        Summary[] gini = [.. options.Schemes.Select(_ => new Summary())];
        ulong stream = Stream(agents, alpha);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = maxDegreeOfParallelism, CancellationToken = cancellationToken };
        var plan = new RoundPlan(options, schemes, agents, cancellationToken);

        // Rounds of a block run in any order, and are added up in theirs: memory does not grow with the rounds.
        int blockLength = Math.Min(options.Rounds, RoundsPerBlock);
        double[] jainOfRound = new double[plan.Measured * blockLength];
        double[] giniOfRound = new double[plan.Measured * blockLength];
        for (int start = 0; start < options.Rounds; start += Math.Min(blockLength, options.Rounds - start))
        {
            int first = start;
            int count = Math.Min(blockLength, options.Rounds - start);
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
                    jain[s].Add(jainOfRound[place]);
                    gini[s].Add(giniOfRound[place]);
                }
            }
        }

        return (jain, gini);
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

    /// <summary>Mean, standard error and quantiles of a stream.</summary>
    private sealed class Summary
    {
        private RunningMean _mean;

        public QuantileSample Quantiles { get; } = new();

        public double Mean => _mean.Mean;

        public double StandardError => _mean.StandardError;

        public void Add(double sample)
        {
            _mean.Add(sample);
            Quantiles.Add(sample);
        }
    }

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
