using QosValuation.Foundation.Randomness;

namespace QosValuation.Allocation.Simulation;

/// <summary>What one round counted for one agent, from the end of the warm-up on.</summary>
internal struct QosTally
{
    /// <summary>Genuine requests that arrived, by what became of them.</summary>
    public long Arrived, AtOnce, Late, Rejected, Abandoned, Waiting, Withheld;

    /// <summary>Genuine requests that could not be served when they arrived.</summary>
    public long Outages;

    /// <summary>Refills of its identities, and those that found a full bucket.</summary>
    public long Refills, FullRefills;

    /// <summary>Tokens: held at the start, granted, spent, spent on junk, on genuine requests that arrived in the window, left at the end.</summary>
    public double Start, Granted, Spent, Junk, Left;

    /// <summary>The waits of served genuine requests, summed.</summary>
    public double WaitSum;

    /// <summary>Integrals over time: requests waiting, tokens held, time short of tokens.</summary>
    public double QueueTime, TokenTime, ShortTime;

    /// <summary>Genuine requests that were served.</summary>
    public readonly long Served => AtOnce + Late;

    /// <summary>Tokens spent on genuine requests.</summary>
    public readonly double Service => Spent - Junk;
}

/// <summary>The parties of a run and the identities they play under.</summary>
internal sealed class QosPopulation
{
    /// <summary>Lays out identities.</summary>
    /// <param name="options">The options.</param>
    /// <param name="values">v of each agent.</param>
    /// <param name="isHonest">Whether everybody plays honestly, whatever the options say.</param>
    public QosPopulation(QosSimulationOptions options, ReadOnlySpan<double> values, bool isHonest)
    {
        int agents = options.Agents.Count;
        Values = values.ToArray();
        First = new int[agents + 1];
        Strategies = new QosStrategy[agents];
        for (int n = 0; n < agents; n++)
        {
            Strategies[n] = isHonest ? QosStrategy.Honest : options.Agents[n].Strategy;
            First[n + 1] = First[n] + (Strategies[n] == QosStrategy.Sybil ? options.SybilIdentities : 1);
        }

        int identities = First[agents];
        IdentityValues = new double[identities];
        Capacities = new double[identities];
        Remaining = new double[identities];
        for (int n = 0; n < agents; n++)
        {
            QosAgent agent = options.Agents[n];
            int k = First[n + 1] - First[n];
            double value = Values[n];
            double capacity = agent.Capacity;
            if (k > 1)
            {
                value = options.SybilSplit switch
                {
                    SybilSplit.Equal => value / k,
                    SybilSplit.Duplicate => value,

                    // v = φ·ln(1 + |d|) (Eq. 20), and φ is the same for every part.
                    _ => value * double.LogP1(agent.Quantity!.Value / k) / double.LogP1(agent.Quantity.Value),
                };
                capacity = options.SybilSharesCapacity ? capacity / k : capacity;
            }

            for (int i = First[n]; i < First[n + 1]; i++)
            {
                IdentityValues[i] = value;
                Capacities[i] = capacity;
                Remaining[i] = agent.Remaining / k;
            }
        }
    }

    /// <summary>v of each agent.</summary>
    public double[] Values { get; }

    /// <summary>How each agent plays.</summary>
    public QosStrategy[] Strategies { get; }

    /// <summary>The identities of agent n are First[n] up to, not including, First[n + 1].</summary>
    public int[] First { get; }

    /// <summary>v of each identity.</summary>
    public double[] IdentityValues { get; }

    /// <summary>B of each identity.</summary>
    public double[] Capacities { get; }

    /// <summary>R of each identity at the start.</summary>
    public double[] Remaining { get; }
}

/// <summary>
/// One run of the token buckets over all epochs. Between refills agents do not meet, so that every epoch is played agent by
/// agent: O(requests + epochs·identities) time, and memory for the agents and the requests that wait.
/// </summary>
/// <remarks>
/// Order at one instant: (1) the refill, computed for all from what the buckets held before; (2) agent by agent, in the given
/// order, the queue is served from its head while a bucket holds the cost; (3) the head leaves where its patience ends, and
/// (2) is tried again; (4) arrivals, genuine before junk, which are served at once where nobody waits and a bucket holds the
/// cost. The run covers [0, T): what falls on T itself does not happen. A request is served from one bucket: the agent's fullest
/// (ties: the first), because the fullest is the first to lose a refill. A bucket serves where it holds the cost up to a
/// relative 10⁻⁹, so that ten grants of 0.1 pay for a request of 1. A request that costs more than a bucket's capacity is
/// dropped on arrival under every scheme, also under one that fills beyond it.
/// </remarks>
internal sealed class QosRound
{
    private const double Tolerance = 1e-9;

    private readonly QosSimulationOptions _options;
    private readonly QosPopulation _population;
    private readonly RefillRule _rule;
    private readonly WaitSample _waits;
    private readonly ArrivalStream[] _genuine;
    private readonly ArrivalStream?[] _junk;
    private readonly RandomSource?[] _withholding;
    private readonly RequestQueue[] _queues;
    private readonly QosTally[] _tallies;
    private readonly double[] _tokens;
    private readonly double[] _referenceCost;
    private readonly double[] _last;
    private bool _measuring;
    private double _windowStart;

    /// <summary>Prepares a run.</summary>
    /// <param name="options">The options.</param>
    /// <param name="population">Who plays.</param>
    /// <param name="rule">The scheme.</param>
    /// <param name="round">The number of the round: it selects the streams of random numbers.</param>
    /// <param name="seed">The seed.</param>
    public QosRound(QosSimulationOptions options, QosPopulation population, RefillRule rule, int round, int seed)
    {
        _options = options;
        _population = population;
        _rule = rule;
        int agents = population.Values.Length;
        _waits = new WaitSample(options.WaitSampleSize, Stream(seed, round, StreamKind.WaitSample));
        _genuine = new ArrivalStream[agents];
        _junk = new ArrivalStream?[agents];
        _withholding = new RandomSource?[agents];
        _queues = new RequestQueue[agents];
        _tallies = new QosTally[agents];
        _referenceCost = new double[agents];
        _last = new double[agents];
        _tokens = population.Remaining.AsSpan().ToArray();
        double horizon = options.Epochs * options.EpochLength;
        for (int n = 0; n < agents; n++)
        {
            QosAgent agent = options.Agents[n];
            double mean = agent.RequestCost ?? options.RequestCost;
            double rate = agent.ArrivalRate ?? options.ArrivalRate;
            var cost = new CostModel(options.CostDistribution, mean, options.CostVariation);
            if (options.Arrivals == ArrivalProcess.Trace)
            {
                ReadOnlyMemory<RequestTrace.Request> trace = options.Trace!.Of(agent.Name);
                double sum = 0;
                int count = 0;
                foreach (RequestTrace.Request request in trace.Span)
                {
                    sum += double.IsNaN(request.Cost) ? mean : request.Cost;
                    count += request.Time < horizon ? 1 : 0;
                }

                _genuine[n] = new ArrivalStream(trace, mean);
                mean = trace.Length > 0 ? sum / trace.Length : mean;
                rate = count / horizon;
                cost = new CostModel(CostDistribution.Fixed, mean, 0);
            }
            else
            {
                double meanOff = options.Arrivals == ArrivalProcess.OnOff ? options.MeanOff : 0;
                _genuine[n] = new ArrivalStream(Stream(seed, round, StreamKind.Requests, n), rate, options.MeanOn, meanOff, cost);
            }

            _referenceCost[n] = mean;
            if (population.Strategies[n] == QosStrategy.Flooder)
            {
                _junk[n] = new ArrivalStream(Stream(seed, round, StreamKind.Junk, n), rate * (options.FloodFactor - 1), 0, 0, cost);
            }
            else if (population.Strategies[n] == QosStrategy.Hoarder)
            {
                _withholding[n] = Stream(seed, round, StreamKind.Withholding, n);
            }
        }
    }

    /// <summary>What the streams of random numbers of one round are for.</summary>
    internal enum StreamKind
    {
        /// <summary>The agents' values.</summary>
        Values,

        /// <summary>The scheme.</summary>
        Scheme,

        /// <summary>The genuine requests of an agent.</summary>
        Requests,

        /// <summary>The junk of a flooder.</summary>
        Junk,

        /// <summary>Which requests a hoarder withholds.</summary>
        Withholding,

        /// <summary>Which waits are kept.</summary>
        WaitSample,
    }

    /// <summary>The counts, one for each agent.</summary>
    public ReadOnlySpan<QosTally> Tallies => _tallies;

    /// <summary>The waits above 0.</summary>
    public WaitSample Waits => _waits;

    /// <summary>
    /// Makes the stream of random numbers for one purpose. Streams belong to agents, so that one agent's strategy changes
    /// nothing about the requests of others, and do not depend on the scheme, so that all schemes meet the same requests.
    /// </summary>
    /// <param name="seed">The seed.</param>
    /// <param name="round">The round.</param>
    /// <param name="kind">The purpose.</param>
    /// <param name="agent">The agent, where it is one's own.</param>
    /// <returns>The stream.</returns>
    public static RandomSource Stream(int seed, int round, StreamKind kind, int agent = 0) =>
        RandomSource.Create(seed, ((ulong)(uint)round << 36) | ((ulong)kind << 32) | (uint)agent);

    /// <summary>Runs all epochs.</summary>
    /// <param name="cancellationToken">Stops the run between epochs.</param>
    public void Run(CancellationToken cancellationToken)
    {
        int agents = _tallies.Length;
        double[] grants = new double[_tokens.Length];
        for (int epoch = 0; epoch < _options.Epochs; epoch++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            double start = epoch * _options.EpochLength;
            double end = (epoch + 1) * _options.EpochLength;
            if (epoch == _options.WarmupEpochs)
            {
                _measuring = true;
                _windowStart = start;
                for (int n = 0; n < agents; n++)
                {
                    _tallies[n].Start = Held(n);
                }
            }

            _rule(_population.Capacities, _tokens, _options.Supply, grants);
            for (int n = 0; n < agents; n++)
            {
                Refill(n, grants);
                Play(n, start, end);
            }
        }

        for (int n = 0; n < agents; n++)
        {
            _tallies[n].Left = Held(n);
            _tallies[n].Waiting = _queues[n].CountGenuineSince(_windowStart);
        }
    }

    private void Refill(int n, ReadOnlySpan<double> grants)
    {
        ref QosTally tally = ref _tallies[n];
        for (int i = _population.First[n]; i < _population.First[n + 1]; i++)
        {
            if (_measuring)
            {
                tally.Refills++;
                tally.FullRefills += _tokens[i] >= _population.Capacities[i] * (1 - Tolerance) ? 1 : 0;
                tally.Granted += grants[i];
            }

            _tokens[i] += grants[i];
        }
    }

    private void Play(int n, double start, double end)
    {
        ref RequestQueue queue = ref _queues[n];
        ArrivalStream genuine = _genuine[n];
        ArrivalStream? junk = _junk[n];
        if (queue.Count > 0)
        {
            Serve(n, start);
        }

        while (true)
        {
            double deadline = queue.Count > 0 ? queue.Head.Time + _options.Patience : double.PositiveInfinity;
            double arrival = Math.Min(genuine.Time, junk?.Time ?? double.PositiveInfinity);
            double time = Math.Min(deadline, arrival);
            if (!(time < end))
            {
                break;
            }

            if (deadline <= arrival)
            {
                Advance(n, time);
                RequestQueue.Entry head = queue.Dequeue();
                if (!head.IsJunk && head.Time >= _windowStart && _measuring)
                {
                    _tallies[n].Abandoned++;
                }

                Serve(n, time);
            }
            else if (genuine.Time <= arrival)
            {
                if (_withholding[n] is { } random && !(random.NextDouble() < _options.HoarderSpending))
                {
                    _tallies[n].Withheld += _measuring ? 1 : 0;
                }
                else
                {
                    Arrive(n, time, genuine.Cost, isJunk: false);
                }

                genuine.MoveNext();
            }
            else
            {
                Arrive(n, time, junk!.Cost, isJunk: true);
                junk.MoveNext();
            }
        }

        Advance(n, end);
    }

    private void Arrive(int n, double time, double cost, bool isJunk)
    {
        ref QosTally tally = ref _tallies[n];
        ref RequestQueue queue = ref _queues[n];
        int identities = _population.First[n + 1] - _population.First[n];
        bool counts = _measuring && !isJunk;
        tally.Arrived += counts ? 1 : 0;
        bool fits = Holds(_population.Capacities[_population.First[n]], cost);
        if (fits && queue.Count == 0 && FullestBucket(n) is var bucket && Holds(_tokens[bucket], cost))
        {
            // Tokens leave, but nobody waits: only the integral over tokens and the short time see a change.
            Advance(n, time);
            Spend(n, bucket, cost, isJunk);
            tally.AtOnce += counts ? 1 : 0;
            return;
        }

        tally.Outages += counts ? 1 : 0;
        if (!fits || queue.Count >= (long)_options.QueueLimit * identities)
        {
            tally.Rejected += counts ? 1 : 0;
            return;
        }

        Advance(n, time);
        queue.Enqueue(new RequestQueue.Entry(time, cost, isJunk));
    }

    private void Serve(int n, double time)
    {
        ref QosTally tally = ref _tallies[n];
        ref RequestQueue queue = ref _queues[n];
        while (queue.Count > 0)
        {
            RequestQueue.Entry head = queue.Head;
            int bucket = FullestBucket(n);
            if (!Holds(_tokens[bucket], head.Cost))
            {
                return;
            }

            Advance(n, time);
            queue.Dequeue();
            Spend(n, bucket, head.Cost, head.IsJunk);
            if (_measuring && !head.IsJunk && head.Time >= _windowStart)
            {
                double wait = time - head.Time;
                if (wait > 0)
                {
                    tally.Late++;
                    tally.WaitSum += wait;
                    _waits.Add(n, wait);
                }
                else
                {
                    tally.AtOnce++;
                }
            }
        }
    }

    private void Spend(int n, int bucket, double cost, bool isJunk)
    {
        double spent = Math.Min(cost, _tokens[bucket]);
        _tokens[bucket] -= spent;
        if (_measuring)
        {
            _tallies[n].Spent += spent;
            _tallies[n].Junk += isJunk ? spent : 0;
        }
    }

    private static bool Holds(double tokens, double cost) => tokens >= cost * (1 - Tolerance);

    private double Held(int n)
    {
        double sum = 0;
        for (int i = _population.First[n]; i < _population.First[n + 1]; i++)
        {
            sum += _tokens[i];
        }

        return sum;
    }

    private int FullestBucket(int n)
    {
        int fullest = _population.First[n];
        for (int i = fullest + 1; i < _population.First[n + 1]; i++)
        {
            fullest = _tokens[i] > _tokens[fullest] ? i : fullest;
        }

        return fullest;
    }

    /// <summary>Carries an agent's integrals to an instant; called before every change of its queue or buckets.</summary>
    private void Advance(int n, double time)
    {
        double step = time - _last[n];
        if (step > 0)
        {
            _last[n] = time;
            if (_measuring)
            {
                ref QosTally tally = ref _tallies[n];
                int waiting = _queues[n].Count;
                int bucket = FullestBucket(n);
                tally.QueueTime += step * waiting;
                tally.TokenTime += step * Held(n);
                tally.ShortTime += waiting > 0 || !Holds(_tokens[bucket], _referenceCost[n]) ? step : 0;
            }
        }
    }
}

/// <summary>A first-in, first-out queue of requests in a ring that grows; the default value is empty and holds no memory.</summary>
internal struct RequestQueue
{
    private Entry[]? _ring;
    private int _head;

    /// <summary>How many requests wait.</summary>
    public int Count { get; private set; }

    /// <summary>The request that has waited longest.</summary>
    public readonly Entry Head => _ring![_head];

    /// <summary>Adds a request at the end.</summary>
    /// <param name="entry">The request.</param>
    public void Enqueue(Entry entry)
    {
        _ring ??= new Entry[4];
        if (Count == _ring.Length)
        {
            var larger = new Entry[2 * Count];
            for (int i = 0; i < Count; i++)
            {
                larger[i] = _ring[(_head + i) & (_ring.Length - 1)];
            }

            _ring = larger;
            _head = 0;
        }

        _ring[(_head + Count) & (_ring.Length - 1)] = entry;
        Count++;
    }

    /// <summary>Takes the request that has waited longest.</summary>
    /// <returns>The request.</returns>
    public Entry Dequeue()
    {
        Entry entry = _ring![_head];
        _head = (_head + 1) & (_ring.Length - 1);
        Count--;
        return entry;
    }

    /// <summary>Counts genuine requests that arrived at or after an instant.</summary>
    /// <param name="time">The instant.</param>
    /// <returns>Their number.</returns>
    public readonly long CountGenuineSince(double time)
    {
        long count = 0;
        for (int i = 0; i < Count; i++)
        {
            Entry entry = _ring![(_head + i) & (_ring.Length - 1)];
            count += !entry.IsJunk && entry.Time >= time ? 1 : 0;
        }

        return count;
    }

    /// <summary>A request that waits.</summary>
    /// <param name="Time">When it arrived.</param>
    /// <param name="Cost">Its cost in tokens.</param>
    /// <param name="IsJunk">Whether a flooder made it up.</param>
    internal readonly record struct Entry(double Time, double Cost, bool IsJunk);
}
