using QosValuation.Allocation.Fairness;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Foundation.Sharding;

namespace QosValuation.Allocation.Simulation;

/// <summary>
/// Quality of service over time: agents hold token buckets, requests arrive, cost tokens, and wait or are dropped; at the
/// start of every epoch a scheme divides a limited supply among the buckets (paper, sections III-B and III-C).
/// </summary>
/// <remarks>
/// <para>Epoch k begins at k·EpochLength with the refill: V tokens are offered, the scheme grants u from what the buckets hold,
/// and what it does not grant expires. A bucket that is full earns nothing under every scheme but Random, which has no
/// bucket limit: spend to earn more. Then requests wait in their agent's queue, first in first out, until a bucket holds
/// their cost, their patience ends, or the run does. The order of events at one instant is
/// refill, service in order of agents, departures without service, arrivals.</para>
/// <para>Waits are those of served requests. Requests that abandon or still wait are censored: they appear in
/// <see cref="QosReport.Abandoned"/> and <see cref="QosReport.Waiting"/>, and lower <see cref="QosReport.ServedRatio"/>, not the
/// waits. Quantiles are exact order statistics (the smallest wait that a part p of the served requests does not exceed); beyond
/// four million waits above 0 in a round they come from a uniform sample of that many, whose quantiles lie within
/// 0.05 percentage points of rank. Over rounds, figures are averaged.</para>
/// <para>With a warm-up, requests count when they arrive after it, tokens when they are granted or spent after it.</para>
/// <para>Every agent's requests, every scheme and every round has its own stream of random numbers: all schemes and
/// strategies meet the same requests, and results are identical for any degree of parallelism.
/// O(requests + epochs·(agents + cost of the scheme)) for each round; memory O(agents + waiting requests + waits kept).</para>
/// </remarks>
public static class QosSimulation
{
    /// <summary>How many figures of a round a <see cref="StrategyGain"/> needs.</summary>
    internal const int GainWidth = 10;

    private static readonly double[] WaitProbabilities = [0.95, 0.99];

    /// <summary>What is measured of an agent or the population in a round.</summary>
    internal enum Metric
    {
        Value, Arrived, Served, Rejected, Abandoned, Waiting, Withheld, ServedRatio, WorstServedRatio, OutageRatio, OutageTime,
        MeanWait, P95Wait, P99Wait, MeanQueue, Supplied, Granted, Spent, Junk, Unspent, MeanTokens, FullRatio, Utilisation,
        RewardRate, ServiceRate, Jain, Gini, ServiceJain, ServiceGini, Count,
    }

    /// <summary>Runs every scheme; each gives a report on the population and, where asked for, one on each agent.</summary>
    /// <param name="options">What to run.</param>
    /// <param name="cancellationToken">Stops between epochs.</param>
    /// <returns>Reports, as soon as a scheme is done, in order of schemes and agents.</returns>
    /// <exception cref="QosValuationException"><c>QosOptionNotValid</c>: an option lies outside its range, before anything runs.</exception>
    public static IEnumerable<QosReport> Run(QosSimulationOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        Validate(options);
        return Reports(options, cancellationToken);
    }

    /// <summary>
    /// Measures what strategies are worth: every agent that is not honest deviates in one run and plays honestly in another,
    /// in which the same requests arrive.
    /// </summary>
    /// <param name="options">What to run; at least one agent's strategy is not honest.</param>
    /// <param name="cancellationToken">Stops between epochs.</param>
    /// <returns>A row for each scheme and deviating agent, as soon as a scheme is done.</returns>
    /// <exception cref="QosValuationException"><c>QosOptionNotValid</c>: an option lies outside its range, or everybody is honest.</exception>
    public static IEnumerable<StrategyGain> CompareStrategies(QosSimulationOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        Validate(options, measuresGain: true);
        return Gains(options, cancellationToken);
    }

    /// <summary>How many rows <see cref="Run"/> or <see cref="CompareStrategies"/> gives.</summary>
    /// <param name="options">What to run.</param>
    /// <param name="measuresGain">Whether strategies are compared.</param>
    /// <returns>The number.</returns>
    internal static int RowsOf(QosSimulationOptions options, bool measuresGain) =>
        options.Schemes.Count * (measuresGain ? Deviating(options).Length : options.PerAgent ? options.Agents.Count + 1 : 1);

    /// <summary>The rows of one shard of a run of <see cref="Run"/> or <see cref="CompareStrategies"/>.</summary>
    /// <param name="options">What to run, with a seed; checked.</param>
    /// <param name="measuresGain">Whether strategies are compared.</param>
    /// <param name="shard">The shard.</param>
    /// <param name="cancellationToken">Stops between epochs.</param>
    /// <returns>The rows, as soon as a scheme is done.</returns>
    internal static IEnumerable<SimulationShard> RunShard(
        QosSimulationOptions options, bool measuresGain, ShardedRun shard, CancellationToken cancellationToken)
    {
        int seed = options.Seed!.Value;
        int done = 0;
        void Finished() => options.Progress?.Invoke(Interlocked.Increment(ref done));
        int[] deviating = Deviating(options);
        foreach (AllocationScheme scheme in options.Schemes)
        {
            if (measuresGain)
            {
                double[][] values = PlayPairs(options, scheme, seed, deviating, shard.First, shard.Count, Finished, cancellationToken);
                for (int d = 0; d < deviating.Length; d++)
                {
                    yield return shard.Next(new StrategyGainReduction(), Row(options, scheme, seed, options.Agents[deviating[d]]), values[d]);
                }

                continue;
            }

            const int Width = (int)Metric.Count;
            double[][] rounds =
            [
                .. RunRounds(options, shard.First, shard.Count, round => Measure(options, scheme, round, seed, cancellationToken), Finished, cancellationToken),
            ];
            for (int row = 0; row < (options.PerAgent ? options.Agents.Count + 1 : 1); row++)
            {
                double[] values = new double[rounds.Length * Width];
                for (int round = 0; round < rounds.Length; round++)
                {
                    rounds[round].AsSpan(row * Width, Width).CopyTo(values.AsSpan(round * Width));
                }

                yield return shard.Next(new QosReportReduction(), Row(options, scheme, seed, row - 1), values);
            }
        }
    }

    /// <summary>Refuses options that lie outside their range.</summary>
    /// <param name="options">What to run.</param>
    /// <param name="measuresGain">Whether strategies are compared.</param>
    /// <exception cref="QosValuationException"><c>QosOptionNotValid</c>.</exception>
    internal static void Validate(QosSimulationOptions options, bool measuresGain)
    {
        Validate(options);
        if (measuresGain && options.Agents.All(agent => agent.Strategy == QosStrategy.Honest))
        {
            throw Invalid("Every agent is honest; give at least one agent a strategy to compare with honest play.", nameof(QosAgent.Strategy));
        }
    }

    /// <summary>Draws a seed from the operating system's generator.</summary>
    /// <returns>A seed of at least 0.</returns>
    public static int DrawSeed() => RandomSource.Create(null).NextInt32(int.MaxValue);

    private static int[] Deviating(QosSimulationOptions options) =>
        [.. Enumerable.Range(0, options.Agents.Count).Where(n => options.Agents[n].Strategy != QosStrategy.Honest)];

    private static IEnumerable<QosReport> Reports(QosSimulationOptions options, CancellationToken cancellationToken)
    {
        int seed = options.Seed ?? DrawSeed();
        int done = 0;
        int rows = options.PerAgent ? options.Agents.Count + 1 : 1;
        foreach (AllocationScheme scheme in options.Schemes)
        {
            var moments = new RunningMean[rows * (int)Metric.Count];
            IEnumerable<double[]> rounds = RunRounds(
                options,
                0,
                options.Rounds,
                round => Measure(options, scheme, round, seed, cancellationToken),
                () => options.Progress?.Invoke(Interlocked.Increment(ref done)),
                cancellationToken);
            foreach (double[] metrics in rounds)
            {
                for (int i = 0; i < metrics.Length; i++)
                {
                    moments[i].Add(metrics[i]);
                }
            }

            for (int row = 0; row < rows; row++)
            {
                yield return Report(Row(options, scheme, seed, row - 1), moments.AsSpan(row * (int)Metric.Count, (int)Metric.Count));
            }
        }
    }

    private static IEnumerable<StrategyGain> Gains(QosSimulationOptions options, CancellationToken cancellationToken)
    {
        int seed = options.Seed ?? DrawSeed();
        int done = 0;
        int[] deviating = Deviating(options);
        foreach (AllocationScheme scheme in options.Schemes)
        {
            double[][] values = PlayPairs(
                options,
                scheme,
                seed,
                deviating,
                0,
                options.Rounds,
                () => options.Progress?.Invoke(Interlocked.Increment(ref done)),
                cancellationToken);
            for (int d = 0; d < deviating.Length; d++)
            {
                yield return Gain(Row(options, scheme, seed, options.Agents[deviating[d]]), values[d]);
            }
        }
    }

    // Of each deviating agent the figures of each round: those of honest play, then those of strategic play.
    private static double[][] PlayPairs(
        QosSimulationOptions options,
        AllocationScheme scheme,
        int seed,
        int[] deviating,
        int first,
        int count,
        Action finished,
        CancellationToken cancellationToken)
    {
        const int Half = GainWidth / 2;
        double[][] values = [.. deviating.Select(_ => new double[count * GainWidth])];
        int at = 0;
        IEnumerable<(double[] Honest, double[] Strategic)> rounds = RunRounds(
            options,
            first,
            count,
            r =>
            {
                double[] drawn = ValuesOf(options, r, seed);
                double[] honest = GainFigures(Play(options, scheme, drawn, r, seed, isHonest: true, cancellationToken).Tallies, deviating, drawn);
                double[] strategic = GainFigures(Play(options, scheme, drawn, r, seed, isHonest: false, cancellationToken).Tallies, deviating, drawn);
                return (honest, strategic);
            },
            finished,
            cancellationToken);
        foreach ((double[] honest, double[] strategic) in rounds)
        {
            for (int d = 0; d < deviating.Length; d++)
            {
                Span<double> round = values[d].AsSpan(at, GainWidth);
                honest.AsSpan(4 * d, 4).CopyTo(round);
                round[4] = honest[^1];
                strategic.AsSpan(4 * d, 4).CopyTo(round[Half..]);
                round[Half + 4] = strategic[^1];
            }

            at += GainWidth;
        }

        return values;
    }

    /// <summary>Granted, service, mean wait and value of each deviating agent, then the service of all honest ones.</summary>
    private static double[] GainFigures(ReadOnlySpan<QosTally> tallies, int[] deviating, double[] values)
    {
        double[] figures = new double[4 * deviating.Length + 1];
        double all = 0;
        foreach (ref readonly QosTally tally in tallies)
        {
            all += tally.Service;
        }

        for (int d = 0; d < deviating.Length; d++)
        {
            ref readonly QosTally tally = ref tallies[deviating[d]];
            figures[4 * d] = tally.Granted;
            figures[4 * d + 1] = tally.Service;
            figures[4 * d + 2] = tally.WaitSum / tally.Served;
            figures[4 * d + 3] = values[deviating[d]];
            all -= tally.Service;
        }

        figures[^1] = all;
        return figures;
    }

    /// <summary>Mean(strategic)/mean(honest) − 1 with the standard error of the ratio estimator (Cochran 1977, section 6.3).</summary>
    private static (double Change, double StandardError) RelativeChange(double[] values, int figure)
    {
        int rounds = values.Length / GainWidth;
        double Honest(int round) => values[(round * GainWidth) + figure];
        double Strategic(int round) => values[(round * GainWidth) + (GainWidth / 2) + figure];
        double honest = rounds > 0 ? Enumerable.Range(0, rounds).Average(Honest) : double.NaN;
        if (!(honest > 0))
        {
            return (double.NaN, double.NaN);
        }

        double ratio = Enumerable.Range(0, rounds).Average(Strategic) / honest;
        var residuals = default(RunningMean);
        for (int round = 0; round < rounds; round++)
        {
            residuals.Add(Strategic(round) - ratio * Honest(round));
        }

        return (ratio - 1, residuals.StandardError / honest);
    }

    /// <summary>Computes one result for each round, in parallel, and yields them in order; only a few wait at a time.</summary>
    private static IEnumerable<T> RunRounds<T>(
        QosSimulationOptions options, int first, int rounds, Func<int, T> runRound, Action finished, CancellationToken cancellationToken)
    {
        int parallelism = options.MaxDegreeOfParallelism < 0 ? Environment.ProcessorCount : options.MaxDegreeOfParallelism;
        int block = Math.Min(rounds, 4 * parallelism);
        var results = new T[block];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = parallelism, CancellationToken = cancellationToken };
        for (int start = 0; start < rounds; start += block)
        {
            int from = first + start;
            int count = Math.Min(block, rounds - start);
            if (parallelism == 1)
            {
                for (int i = 0; i < count; i++)
                {
                    results[i] = runRound(from + i);
                    finished();
                }
            }
            else
            {
                Parallel.For(0, count, parallel, i =>
                {
                    results[i] = runRound(from + i);
                    finished();
                });
            }

            for (int i = 0; i < count; i++)
            {
                yield return results[i];
            }
        }
    }

    private static QosRound Play(
        QosSimulationOptions options, AllocationScheme scheme, double[] values, int round, int seed, bool isHonest, CancellationToken cancellationToken)
    {
        var population = new QosPopulation(options, values, isHonest);
        RandomSource random = QosRound.Stream(seed, round, QosRound.StreamKind.Scheme);
        var run = new QosRound(options, population, RefillRules.Create(scheme, population.IdentityValues, random), round, seed);
        run.Run(cancellationToken);
        return run;
    }

    private static double[] ValuesOf(QosSimulationOptions options, int round, int seed)
    {
        double[] values = new double[options.Agents.Count];
        if (options.ValueConcentration is double concentration)
        {
            Distributions.Dirichlet(concentration, values, 0, QosRound.Stream(seed, round, QosRound.StreamKind.Values));
        }
        else
        {
            for (int n = 0; n < values.Length; n++)
            {
                values[n] = options.Agents[n].Value;
            }
        }

        return values;
    }

    private static double[] Measure(QosSimulationOptions options, AllocationScheme scheme, int round, int seed, CancellationToken cancellationToken)
    {
        double[] values = ValuesOf(options, round, seed);
        QosRound run = Play(options, scheme, values, round, seed, isHonest: false, cancellationToken);
        ReadOnlySpan<QosTally> tallies = run.Tallies;
        int agents = tallies.Length;
        int width = (int)Metric.Count;
        double[] metrics = new double[(options.PerAgent ? agents + 1 : 1) * width];
        Span<double> population = metrics.AsSpan(0, width);

        var sum = default(QosTally);
        double value = 0;
        double worst = double.PositiveInfinity;
        double[] rates = new double[agents];
        double[] services = new double[agents];
        for (int n = 0; n < agents; n++)
        {
            ref readonly QosTally tally = ref tallies[n];
            Add(ref sum, tally);
            value += values[n];
            worst = tally.Arrived > 0 ? Math.Min(worst, (double)tally.Served / tally.Arrived) : worst;
            rates[n] = FairnessMeasures.RewardRate(tally.Granted, values[n]);
            services[n] = FairnessMeasures.RewardRate(tally.Service, values[n]);
        }

        double supplied = options.Supply * (options.Epochs - options.WarmupEpochs);
        Fill(population, options, sum, value, agents, supplied);
        population[(int)Metric.WorstServedRatio] = double.IsInfinity(worst) ? double.NaN : worst;
        population[(int)Metric.Jain] = FairnessMeasures.Jain(rates);
        population[(int)Metric.Gini] = FairnessMeasures.Gini(rates);
        population[(int)Metric.ServiceJain] = FairnessMeasures.Jain(services);
        population[(int)Metric.ServiceGini] = FairnessMeasures.Gini(services);
        run.Waits.Quantiles(sum.AtOnce, WaitProbabilities, population.Slice((int)Metric.P95Wait, 2));
        if (options.PerAgent)
        {
            long[] late = new long[agents];
            long[] atOnce = new long[agents];
            double[] quantiles = new double[2 * agents];
            for (int n = 0; n < agents; n++)
            {
                late[n] = tallies[n].Late;
                atOnce[n] = tallies[n].AtOnce;
            }

            run.Waits.QuantilesByAgent(late, atOnce, WaitProbabilities, quantiles);
            for (int n = 0; n < agents; n++)
            {
                Span<double> own = metrics.AsSpan((n + 1) * width, width);
                Fill(own, options, tallies[n], values[n], 1, tallies[n].Granted);
                own[(int)Metric.WorstServedRatio] = own[(int)Metric.ServedRatio];
                own.Slice((int)Metric.Jain, 4).Fill(double.NaN);
                quantiles.AsSpan(2 * n, 2).CopyTo(own.Slice((int)Metric.P95Wait, 2));
            }
        }

        return metrics;
    }

    private static void Add(ref QosTally sum, in QosTally tally)
    {
        sum.Arrived += tally.Arrived;
        sum.AtOnce += tally.AtOnce;
        sum.Late += tally.Late;
        sum.Rejected += tally.Rejected;
        sum.Abandoned += tally.Abandoned;
        sum.Waiting += tally.Waiting;
        sum.Withheld += tally.Withheld;
        sum.Outages += tally.Outages;
        sum.Refills += tally.Refills;
        sum.FullRefills += tally.FullRefills;
        sum.Start += tally.Start;
        sum.Granted += tally.Granted;
        sum.Spent += tally.Spent;
        sum.Junk += tally.Junk;
        sum.Left += tally.Left;
        sum.WaitSum += tally.WaitSum;
        sum.QueueTime += tally.QueueTime;
        sum.TokenTime += tally.TokenTime;
        sum.ShortTime += tally.ShortTime;
    }

    private static void Fill(Span<double> metrics, QosSimulationOptions options, in QosTally tally, double value, int agents, double supplied)
    {
        double duration = (options.Epochs - options.WarmupEpochs) * options.EpochLength;
        metrics[(int)Metric.Value] = value;
        metrics[(int)Metric.Arrived] = tally.Arrived;
        metrics[(int)Metric.Served] = tally.Served;
        metrics[(int)Metric.Rejected] = tally.Rejected;
        metrics[(int)Metric.Abandoned] = tally.Abandoned;
        metrics[(int)Metric.Waiting] = tally.Waiting;
        metrics[(int)Metric.Withheld] = tally.Withheld;
        metrics[(int)Metric.ServedRatio] = (double)tally.Served / tally.Arrived;
        metrics[(int)Metric.OutageRatio] = (double)tally.Outages / tally.Arrived;
        metrics[(int)Metric.OutageTime] = tally.ShortTime / (agents * duration);
        metrics[(int)Metric.MeanWait] = tally.WaitSum / tally.Served;
        metrics[(int)Metric.MeanQueue] = tally.QueueTime / duration;
        metrics[(int)Metric.Supplied] = supplied;
        metrics[(int)Metric.Granted] = tally.Granted;
        metrics[(int)Metric.Spent] = tally.Spent;
        metrics[(int)Metric.Junk] = tally.Junk;
        metrics[(int)Metric.Unspent] = tally.Left;
        metrics[(int)Metric.MeanTokens] = tally.TokenTime / duration;
        metrics[(int)Metric.FullRatio] = (double)tally.FullRefills / tally.Refills;
        metrics[(int)Metric.Utilisation] = tally.Spent / (tally.Start + supplied);
        metrics[(int)Metric.RewardRate] = FairnessMeasures.RewardRate(tally.Granted, value);
        metrics[(int)Metric.ServiceRate] = FairnessMeasures.RewardRate(tally.Service, value);
    }

    // What the report on an agent, or on the population, is about.
    private static QosReport Row(QosSimulationOptions options, AllocationScheme scheme, int seed, int agent) => Report(
        new ReportPlace(
            scheme,
            agent < 0 ? string.Empty : options.Agents[agent].Name,
            agent < 0 ? options.Agents.Select(a => a.Strategy).FirstOrDefault(s => s != QosStrategy.Honest) : options.Agents[agent].Strategy,
            agent < 0 ? options.Agents.Count : 1,
            options.Epochs - options.WarmupEpochs,
            options.EpochLength,
            options.Rounds,
            seed),
        new RunningMean[(int)Metric.Count]);

    /// <summary>The report of rounds.</summary>
    /// <param name="like">What it is about, and the number of rounds; its figures do not matter.</param>
    /// <param name="moments">The means of the metrics.</param>
    /// <returns>The report.</returns>
    internal static QosReport Report(QosReport like, ReadOnlySpan<RunningMean> moments) =>
        Report(new ReportPlace(like.Scheme, like.Agent, like.Strategy, like.Agents, like.Epochs, like.EpochLength, like.Rounds, like.Seed), moments);

    private static QosReport Report(ReportPlace place, ReadOnlySpan<RunningMean> moments) => new()
    {
        Scheme = place.Scheme,
        Agent = place.Agent,
        Strategy = place.Strategy,
        Agents = place.Agents,
        Value = moments[(int)Metric.Value].Mean,
        Epochs = place.Epochs,
        EpochLength = place.EpochLength,
        Rounds = place.Rounds,
        Seed = place.Seed,
        Arrived = moments[(int)Metric.Arrived].Mean,
        Served = moments[(int)Metric.Served].Mean,
        Rejected = moments[(int)Metric.Rejected].Mean,
        Abandoned = moments[(int)Metric.Abandoned].Mean,
        Waiting = moments[(int)Metric.Waiting].Mean,
        Withheld = moments[(int)Metric.Withheld].Mean,
        ServedRatio = moments[(int)Metric.ServedRatio].Mean,
        ServedRatioStandardError = moments[(int)Metric.ServedRatio].StandardError,
        WorstServedRatio = moments[(int)Metric.WorstServedRatio].Mean,
        OutageRatio = moments[(int)Metric.OutageRatio].Mean,
        OutageRatioStandardError = moments[(int)Metric.OutageRatio].StandardError,
        OutageTime = moments[(int)Metric.OutageTime].Mean,
        OutageTimeStandardError = moments[(int)Metric.OutageTime].StandardError,
        MeanWait = moments[(int)Metric.MeanWait].Mean,
        MeanWaitStandardError = moments[(int)Metric.MeanWait].StandardError,
        P95Wait = moments[(int)Metric.P95Wait].Mean,
        P95WaitStandardError = moments[(int)Metric.P95Wait].StandardError,
        P99Wait = moments[(int)Metric.P99Wait].Mean,
        P99WaitStandardError = moments[(int)Metric.P99Wait].StandardError,
        MeanQueue = moments[(int)Metric.MeanQueue].Mean,
        Supplied = moments[(int)Metric.Supplied].Mean,
        Granted = moments[(int)Metric.Granted].Mean,
        Spent = moments[(int)Metric.Spent].Mean,
        Junk = moments[(int)Metric.Junk].Mean,
        Unspent = moments[(int)Metric.Unspent].Mean,
        UnspentStandardError = moments[(int)Metric.Unspent].StandardError,
        MeanTokens = moments[(int)Metric.MeanTokens].Mean,
        FullRatio = moments[(int)Metric.FullRatio].Mean,
        Utilisation = moments[(int)Metric.Utilisation].Mean,
        UtilisationStandardError = moments[(int)Metric.Utilisation].StandardError,
        RewardRate = moments[(int)Metric.RewardRate].Mean,
        ServiceRate = moments[(int)Metric.ServiceRate].Mean,
        Jain = moments[(int)Metric.Jain].Mean,
        JainStandardError = moments[(int)Metric.Jain].StandardError,
        Gini = moments[(int)Metric.Gini].Mean,
        GiniStandardError = moments[(int)Metric.Gini].StandardError,
        ServiceJain = moments[(int)Metric.ServiceJain].Mean,
        ServiceJainStandardError = moments[(int)Metric.ServiceJain].StandardError,
        ServiceGini = moments[(int)Metric.ServiceGini].Mean,
        ServiceGiniStandardError = moments[(int)Metric.ServiceGini].StandardError,
    };

    // What the gain of an agent is about.
    private static StrategyGain Row(QosSimulationOptions options, AllocationScheme scheme, int seed, QosAgent agent) => Gain(
        new GainPlace(scheme, agent.Name, agent.Strategy, agent.Strategy == QosStrategy.Sybil ? options.SybilIdentities : 1, seed), []);

    /// <summary>The gain that rounds show.</summary>
    /// <param name="like">What it is about; its figures do not matter.</param>
    /// <param name="values">The figures of the rounds, <see cref="GainWidth"/> of each.</param>
    /// <returns>The gain.</returns>
    internal static StrategyGain Gain(StrategyGain like, double[] values) =>
        Gain(new GainPlace(like.Scheme, like.Agent, like.Strategy, like.Identities, like.Seed), values);

    private static StrategyGain Gain(GainPlace place, double[] values)
    {
        const int Half = GainWidth / 2;
        (double granted, double grantedError) = RelativeChange(values, 0);
        (double served, double servedError) = RelativeChange(values, 1);
        (double othersServed, double othersError) = RelativeChange(values, 4);
        double Mean(int figure)
        {
            var moments = default(RunningMean);
            for (int at = figure; at < values.Length; at += GainWidth)
            {
                moments.Add(values[at]);
            }

            return moments.Mean;
        }

        return new StrategyGain
        {
            Scheme = place.Scheme,
            Agent = place.Agent,
            Strategy = place.Strategy,
            Value = Mean(3),
            Identities = place.Identities,
            HonestGranted = Mean(0),
            Granted = Mean(Half),
            GrantedGain = granted,
            GrantedGainStandardError = grantedError,
            HonestServed = Mean(1),
            Served = Mean(Half + 1),
            ServedGain = served,
            ServedGainStandardError = servedError,
            HonestMeanWait = Mean(2),
            MeanWait = Mean(Half + 2),
            OthersServedGain = othersServed,
            OthersServedGainStandardError = othersError,
            Rounds = values.Length / GainWidth,
            Seed = place.Seed,
        };
    }

    private static QosValuationException Invalid(string message, object? subject) =>
        new(Faults.QosOptionNotValid, message, subject);

    private static void Validate(QosSimulationOptions options)
    {
        static void Require(bool holds, string message, object? subject)
        {
            if (!holds)
            {
                throw Invalid(message, subject);
            }
        }

        static bool IsPositive(double x) => double.IsFinite(x) && x > 0;
        static bool IsNonNegative(double x) => double.IsFinite(x) && x >= 0;

        Require(options.Agents is { Count: > 0 }, "A simulation needs at least one agent.", nameof(options.Agents));
        Require(options.Schemes is { Count: > 0 }, "Name at least one allocation scheme.", nameof(options.Schemes));
        Require(IsNonNegative(options.Supply), "The supply of an epoch must be finite and at least 0.", options.Supply);
        Require(options.Epochs >= 1, "A simulation needs at least one epoch.", options.Epochs);
        Require(
            options.WarmupEpochs >= 0 && options.WarmupEpochs < options.Epochs,
            $"The warm-up must lie between 0 and {options.Epochs - 1} epochs, below the number of epochs.",
            options.WarmupEpochs);
        Require(IsPositive(options.EpochLength), "The length of an epoch must be finite and above 0.", options.EpochLength);
        Require(IsNonNegative(options.ArrivalRate), "The arrival rate must be finite and at least 0.", options.ArrivalRate);
        Require(IsPositive(options.RequestCost), "The mean cost of a request must be finite and above 0.", options.RequestCost);
        Require(IsPositive(options.CostVariation), "The coefficient of variation of the costs must be finite and above 0.", options.CostVariation);
        Require(options.Patience >= 0, "The patience must be at least 0 (infinite for none).", options.Patience);
        Require(options.QueueLimit >= 0, "The queue limit must be at least 0.", options.QueueLimit);
        Require(options.HoarderSpending is >= 0 and <= 1, "A hoarder spends a part between 0 and 1.", options.HoarderSpending);
        Require(double.IsFinite(options.FloodFactor) && options.FloodFactor >= 1, "The flood factor must be finite and at least 1.", options.FloodFactor);
        Require(options.SybilIdentities >= 1, "A Sybil needs at least one identity.", options.SybilIdentities);
        Require(options.Rounds is >= 1 and < 1 << 24, "The number of rounds must lie between 1 and 16,777,215.", options.Rounds);
        Require(
            options.MaxDegreeOfParallelism is -1 or >= 1,
            "The degree of parallelism must be at least 1, or -1 for every processor.",
            options.MaxDegreeOfParallelism);
        Require(
            options.ValueConcentration is null || IsPositive(options.ValueConcentration.Value),
            "The concentration of the values (alpha) must be finite and above 0.",
            options.ValueConcentration);
        if (options.Arrivals == ArrivalProcess.OnOff)
        {
            Require(
                IsPositive(options.MeanOn) && IsPositive(options.MeanOff),
                "Bursts and the silence between them must have a finite mean length above 0.",
                options.MeanOn);
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (QosAgent agent in options.Agents)
        {
            Require(!string.IsNullOrWhiteSpace(agent.Name), "Every agent needs a name.", agent.Name);
            Require(names.Add(agent.Name), $"Two agents are named '{agent.Name}'; names must differ.", agent.Name);
            Require(IsNonNegative(agent.Value), $"The value of agent '{agent.Name}' must be finite and at least 0.", agent.Value);
            Require(IsPositive(agent.Capacity), $"The capacity of agent '{agent.Name}' must be finite and above 0.", agent.Capacity);
            Require(
                agent.Remaining >= 0 && agent.Remaining <= agent.Capacity,
                $"The remaining tokens of agent '{agent.Name}' must lie between 0 and its capacity.",
                agent.Remaining);
            Require(
                agent.ArrivalRate is null || IsNonNegative(agent.ArrivalRate.Value),
                $"The arrival rate of agent '{agent.Name}' must be finite and at least 0.",
                agent.ArrivalRate);
            Require(
                agent.RequestCost is null || IsPositive(agent.RequestCost.Value),
                $"The request cost of agent '{agent.Name}' must be finite and above 0.",
                agent.RequestCost);
            Require(
                options.CostDistribution != CostDistribution.Geometric
                    || options.Arrivals == ArrivalProcess.Trace
                    || (agent.RequestCost ?? options.RequestCost) >= 1,
                "Geometric costs are whole tokens from 1 on: their mean is at least 1.",
                agent.RequestCost ?? options.RequestCost);
            Require(
                agent.Strategy != QosStrategy.Sybil || options.SybilSplit != SybilSplit.Concave || (agent.Quantity is double quantity && IsPositive(quantity)),
                $"The concave split values parts of the data anew (Eq. 20): give the quantity of data of agent '{agent.Name}'.",
                agent.Quantity);
        }

        if (options.Arrivals == ArrivalProcess.Trace)
        {
            Require(options.Trace is not null, "Arrivals by trace need a trace.", nameof(options.Trace));
            foreach (string agent in options.Trace!.Agents)
            {
                Require(names.Contains(agent), $"In {options.Trace.Name} there are requests of '{agent}', who is none of the agents.", agent);
            }
        }
    }

    /// <summary>What a report is about.</summary>
    private readonly record struct ReportPlace(
        AllocationScheme Scheme, string Agent, QosStrategy Strategy, int Agents, int Epochs, double EpochLength, int Rounds, int Seed);

    /// <summary>What a gain is about.</summary>
    private readonly record struct GainPlace(AllocationScheme Scheme, string Agent, QosStrategy Strategy, int Identities, int Seed);
}
