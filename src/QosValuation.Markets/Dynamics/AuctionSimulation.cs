using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Foundation.Sharding;
using QosValuation.Markets.Auctions;

namespace QosValuation.Markets.Dynamics;

/// <summary>
/// Auctions that are held again and again among the same providers (seed 002, section 10 names this open): data that were bought are worth less the next
/// time and renew slowly, reputations follow what was delivered, budgets carry over, and one provider learns what to report.
/// </summary>
/// <remarks>
/// <para>In each round the learner sees what each report on its grid would have earned, all else equal, and shifts its weights
/// (<see cref="MultiplicativeWeights"/>). Within a round a truthful mechanism leaves it nothing to gain, so that the gain is at most 0 and rises
/// to 0 as it learns to tell the truth. Over rounds nothing is promised: a lost round keeps data fresh and money unspent.</para>
/// <para>All mechanisms and both twins see the same markets and the same deliveries. A drawn market has costs uniform on [0, 4·B/n), qualities on
/// [0.5, 1) and marginal utilities on [0.05, 1.05). Each repetition has random streams of its own and sums are formed in their order, so that the
/// seed decides the figures for any number of threads. O(repetitions · rounds · factors · n log n), on all cores.</para>
/// </remarks>
public static class AuctionSimulation
{
    private const int RepetitionsPerBlock = 512;
    private const double LeastQuality = 0.5;
    private const double LeastUtility = 0.05;

    // What the streams of a repetition are for.
    private enum Purpose : ulong
    {
        Market = 1,
        Deliveries,
        Learner,
        Order,
    }

    /// <summary>Runs the simulation, mechanism by mechanism.</summary>
    /// <param name="options">What to simulate.</param>
    /// <param name="progress">Told how many of <see cref="AuctionSimulationOptions.TotalRounds"/> are done, on worker threads.</param>
    /// <param name="maxDegreeOfParallelism">How many threads to use; −1 for one a core. It does not change the results.</param>
    /// <param name="cancellationToken">Stops the simulation.</param>
    /// <returns>One result for each mechanism and round, a mechanism's as soon as it is done.</returns>
    /// <exception cref="QosValuationException">What <see cref="AuctionSimulationOptions.Validate"/> refuses, before anything is drawn.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static IEnumerable<AuctionSimulationResult> Run(
        AuctionSimulationOptions options,
        IProgress<long>? progress = null,
        int maxDegreeOfParallelism = -1,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return Iterate(options, progress, maxDegreeOfParallelism, cancellationToken);
    }

    /// <summary>Runs the repetitions of one shard, as <see cref="Run"/> runs them all.</summary>
    /// <param name="options">What to simulate.</param>
    /// <param name="shard">Which repetitions: a contiguous part of them.</param>
    /// <param name="isSummary">Whether the last round of each mechanism alone makes a row.</param>
    /// <param name="progress">Told how many rounds of the shard's repetitions and all mechanisms are done, on worker threads.</param>
    /// <param name="maxDegreeOfParallelism">How many threads to use; −1 for one a core. It does not change the results.</param>
    /// <param name="cancellationToken">Stops the simulation.</param>
    /// <returns>One row for each mechanism and round; <see cref="SimulationJoiner"/> makes those of the whole of them.</returns>
    /// <exception cref="QosValuationException">What <see cref="AuctionSimulationOptions.Validate"/> refuses, before anything is drawn.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static IEnumerable<SimulationShard> RunShard(
        AuctionSimulationOptions options,
        Shard shard,
        bool isSummary = false,
        IProgress<long>? progress = null,
        int maxDegreeOfParallelism = -1,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        AuctionOptions auction = options.Auction;
        string identity = ShardedRun.IdentityOf(new
        {
            Options = options with { Auction = null! },
            Auction = new
            {
                auction.Budget, auction.Eta, auction.Gamma, auction.Kappa, auction.Concave, auction.Liquidity, auction.Pool, auction.Corrected,
                auction.TrancheShare, auction.GroupLimit,
            },
        });
        int rows = options.Mechanisms.Distinct().Count() * (isSummary ? 1 : options.Rounds);
        var run = new ShardedRun(shard, options.Seed, options.Repetitions, rows, identity, isSummary);
        return Iterate(options, run, isSummary, progress, maxDegreeOfParallelism, cancellationToken);
    }

    /// <summary>The row of a round.</summary>
    /// <param name="like">What it is about; its figures do not matter.</param>
    /// <param name="values">The samples of the repetitions, <see cref="RoundSample.Width"/> numbers each.</param>
    /// <returns>The row.</returns>
    internal static AuctionSimulationResult Reduce(AuctionSimulationResult like, double[] values)
    {
        var means = new RoundMeans();
        for (int at = 0; at < values.Length; at += RoundSample.Width)
        {
            means.Add(RoundSample.Read(values.AsSpan(at, RoundSample.Width)));
        }

        return means.Describe(new RowPlace(like.Mechanism, like.Liquidity, like.Corrected, like.Round, like.Seed), values.Length / RoundSample.Width);
    }

    private static IEnumerable<AuctionSimulationResult> Iterate(
        AuctionSimulationOptions options, IProgress<long>? progress, int maxDegreeOfParallelism, CancellationToken cancellationToken)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = maxDegreeOfParallelism, CancellationToken = cancellationToken };
        double[] factors = [.. options.Factors.Append(1).Distinct().Order()];
        int finished = 0;
        foreach (AuctionMechanism mechanism in options.Mechanisms.Distinct())
        {
            RoundMeans[] means = [.. Enumerable.Range(0, options.Rounds).Select(_ => new RoundMeans())];
            Hold(options, mechanism, factors, 0, options.Repetitions, parallel, () =>
                progress?.Report((long)Interlocked.Increment(ref finished) * options.Rounds), repetition =>
            {
                for (int t = 0; t < repetition.Length; t++)
                {
                    means[t].Add(repetition[t]);
                }
            });
            for (int t = 0; t < means.Length; t++)
            {
                yield return means[t].Describe(Place(options, mechanism, t + 1), options.Repetitions);
            }
        }
    }

    // Holds markets, and hands over their rounds in the order of the repetitions.
    private static void Hold(
        AuctionSimulationOptions options,
        AuctionMechanism mechanism,
        double[] factors,
        int firstRepetition,
        int repetitions,
        ParallelOptions parallel,
        Action finished,
        Action<RoundSample[]> take)
    {
        for (int start = 0; start < repetitions; start += RepetitionsPerBlock)
        {
            int first = firstRepetition + start;
            var samples = new RoundSample[Math.Min(RepetitionsPerBlock, repetitions - start)][];
            Parallel.For(0, samples.Length, parallel, k =>
            {
                samples[k] = Repeat(options, mechanism, factors, first + k, parallel.CancellationToken);
                finished();
            });
            foreach (RoundSample[] repetition in samples)
            {
                take(repetition);
            }
        }
    }

    private static RowPlace Place(AuctionSimulationOptions options, AuctionMechanism mechanism, int round) =>
        new(mechanism, options.Auction.Liquidity ?? double.NaN, options.Auction.Corrected, round, options.Seed);

    private static IEnumerable<SimulationShard> Iterate(
        AuctionSimulationOptions options,
        ShardedRun run,
        bool isSummary,
        IProgress<long>? progress,
        int maxDegreeOfParallelism,
        CancellationToken cancellationToken)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = maxDegreeOfParallelism, CancellationToken = cancellationToken };
        var reduction = new AuctionSimulationReduction();
        double[] factors = [.. options.Factors.Append(1).Distinct().Order()];
        int first = isSummary ? options.Rounds - 1 : 0;
        int finished = 0;
        foreach (AuctionMechanism mechanism in options.Mechanisms.Distinct())
        {
            double[][] values = [.. Enumerable.Range(first, options.Rounds - first).Select(_ => new double[run.Count * RoundSample.Width])];
            int at = 0;
            Hold(options, mechanism, factors, run.First, run.Count, parallel, () =>
                progress?.Report((long)Interlocked.Increment(ref finished) * options.Rounds), repetition =>
            {
                for (int row = 0; row < values.Length; row++)
                {
                    repetition[first + row].Write(values[row].AsSpan(at, RoundSample.Width));
                }

                at += RoundSample.Width;
            });
            for (int row = 0; row < values.Length; row++)
            {
                AuctionSimulationResult place = new RoundMeans().Describe(Place(options, mechanism, first + row + 1), 0);
                yield return run.Next(reduction, place, values[row]);
            }
        }
    }

    private static RoundSample[] Repeat(
        AuctionSimulationOptions options, AuctionMechanism mechanism, double[] factors, int repetition, CancellationToken cancellationToken)
    {
        ulong Stream(Purpose purpose, int round = 0) => RandomStreams.Mix((ulong)purpose, (ulong)repetition, (ulong)round);
        RandomSource draws = RandomSource.Create(options.Seed, Stream(Purpose.Market));
        RandomSource deliveries = RandomSource.Create(options.Seed, Stream(Purpose.Deliveries));
        RandomSource play = RandomSource.Create(options.Seed, Stream(Purpose.Learner));
        int count = options.Offers?.Count ?? options.Providers;
        double[] costs = Column(offer => offer.Cost, () => 4 * options.Auction.Budget / count * draws.NextDouble());
        double[] qualities = Column(offer => offer.Quality, () => LeastQuality + ((1 - LeastQuality) * draws.NextDouble()));
        double[] utilities = Column(offer => offer.MarginalUtility, () => LeastUtility + draws.NextDouble());
        double[] measured = Array.ConvertAll(qualities, quality => RepeatedMarket.Deliver(quality, deliveries.NextNormal(), options.QualityNoise));
        var market = new RepeatedMarket(options, mechanism, costs, qualities, utilities, measured);
        var twin = new RepeatedMarket(options, mechanism, costs, qualities, utilities, measured);
        var learner = new MultiplicativeWeights(factors.Length, options.LearningRate);
        int truth = Array.IndexOf(factors, 1);
        double cost = costs[options.Learner];
        var outcomes = new AuctionColumns[factors.Length];
        double[] earned = new double[factors.Length];
        double[] deviations = new double[count];
        var samples = new RoundSample[options.Rounds];
        double total = 0;
        double ahead = 0;
        for (int t = 0; t < samples.Length; t++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ulong order = Stream(Purpose.Order, t);
            double expected = 0;
            double factor = 0;
            for (int k = 0; k < factors.Length; k++)
            {
                outcomes[k] = market.Hold(factors[k] * cost, order);
                earned[k] = market.UtilityOf(outcomes[k]);
                factor += learner.Probabilities[k] * factors[k];
            }

            // Differences first: reports that earn the same leave exactly 0.
            for (int k = 0; k < factors.Length; k++)
            {
                expected += learner.Probabilities[k] * (earned[k] - earned[truth]);
            }

            int played = learner.Draw(play.NextDouble());
            AuctionColumns honest = twin.Hold(cost, order);
            total += expected;
            ahead += earned[played] - twin.UtilityOf(honest);
            AuctionReport report = outcomes[played].Report;
            samples[t] = new RoundSample
            {
                IsTruthful = report.IsTruthful,
                Gain = expected,
                TotalGain = total,
                BestGain = earned.Max() - earned[truth],
                TwinGain = ahead,
                Factor = factor,
                Value = report.Value,
                HonestValue = honest.Report.Value,
                Winners = report.Winners,
                Budget = report.Budget,
                Spent = CompensatedSum.Of(outcomes[played].Cash),
                Freshness = market.Freshness,
                Reputation = market.Reputation,
            };
            for (int i = 0; i < count; i++)
            {
                deviations[i] = deliveries.NextNormal();
            }

            market.Settle(outcomes[played], deviations);
            twin.Settle(honest, deviations);
            learner.Learn(earned);
        }

        return samples;

        double[] Column(Func<DataOffer, double> given, Func<double> drawn)
        {
            double[] column = new double[count];
            for (int i = 0; i < count; i++)
            {
                column[i] = options.Offers is { } offers ? given(offers[i]) : drawn();
            }

            return column;
        }
    }

    /// <summary>A round of one repetition; the names are those of <see cref="AuctionSimulationResult"/>.</summary>
    internal readonly record struct RoundSample
    {
        /// <summary>How many numbers hold a sample.</summary>
        public const int Width = 13;

        public required bool IsTruthful { get; init; }

        public required double Gain { get; init; }

        public required double TotalGain { get; init; }

        public required double BestGain { get; init; }

        public required double TwinGain { get; init; }

        public required double Factor { get; init; }

        public required double Value { get; init; }

        public required double HonestValue { get; init; }

        public required double Winners { get; init; }

        public required double Budget { get; init; }

        public required double Spent { get; init; }

        public required double Freshness { get; init; }

        public required double Reputation { get; init; }

        /// <summary>Reads a sample.</summary>
        /// <param name="numbers">What <see cref="Write"/> wrote.</param>
        /// <returns>The sample.</returns>
        public static RoundSample Read(ReadOnlySpan<double> numbers) => new()
        {
            IsTruthful = numbers[0] != 0,
            Gain = numbers[1],
            TotalGain = numbers[2],
            BestGain = numbers[3],
            TwinGain = numbers[4],
            Factor = numbers[5],
            Value = numbers[6],
            HonestValue = numbers[7],
            Winners = numbers[8],
            Budget = numbers[9],
            Spent = numbers[10],
            Freshness = numbers[11],
            Reputation = numbers[12],
        };

        /// <summary>Writes the sample.</summary>
        /// <param name="numbers">Receives <see cref="Width"/> numbers.</param>
        public void Write(Span<double> numbers)
        {
            ReadOnlySpan<double> all =
            [
                IsTruthful ? 1 : 0, Gain, TotalGain, BestGain, TwinGain, Factor, Value, HonestValue, Winners, Budget, Spent, Freshness, Reputation,
            ];
            all.CopyTo(numbers);
        }
    }

    /// <summary>What a row is about.</summary>
    private readonly record struct RowPlace(AuctionMechanism Mechanism, double Liquidity, bool Corrected, int Round, int Seed);

    /// <summary>The means of a round over the repetitions, added in their order.</summary>
    private sealed class RoundMeans
    {
        private bool _isTruthful;
        private RunningMean _gain;
        private RunningMean _totalGain;
        private RunningMean _bestGain;
        private RunningMean _twinGain;
        private RunningMean _factor;
        private RunningMean _value;
        private RunningMean _honestValue;
        private RunningMean _winners;
        private RunningMean _budget;
        private RunningMean _spent;
        private RunningMean _freshness;
        private RunningMean _reputation;

        public void Add(in RoundSample sample)
        {
            _isTruthful = sample.IsTruthful;
            _gain.Add(sample.Gain);
            _totalGain.Add(sample.TotalGain);
            _bestGain.Add(sample.BestGain);
            _twinGain.Add(sample.TwinGain);
            _factor.Add(sample.Factor);
            _value.Add(sample.Value);
            _honestValue.Add(sample.HonestValue);
            _winners.Add(sample.Winners);
            _budget.Add(sample.Budget);
            _spent.Add(sample.Spent);
            _freshness.Add(sample.Freshness);
            _reputation.Add(sample.Reputation);
        }

        public AuctionSimulationResult Describe(RowPlace place, int repetitions) => new()
        {
            Mechanism = place.Mechanism,
            Liquidity = place.Liquidity,
            Corrected = place.Corrected,
            IsTruthful = _isTruthful,
            Round = place.Round,
            Gain = _gain.Mean,
            GainStandardError = _gain.StandardError,
            TotalGain = _totalGain.Mean,
            TotalGainStandardError = _totalGain.StandardError,
            BestGain = _bestGain.Mean,
            BestGainStandardError = _bestGain.StandardError,
            TwinGain = _twinGain.Mean,
            TwinGainStandardError = _twinGain.StandardError,
            Factor = _factor.Mean,
            FactorStandardError = _factor.StandardError,
            Value = _value.Mean,
            ValueStandardError = _value.StandardError,
            HonestValue = _honestValue.Mean,
            HonestValueStandardError = _honestValue.StandardError,
            Winners = _winners.Mean,
            Budget = _budget.Mean,
            Spent = _spent.Mean,
            Freshness = _freshness.Mean,
            Reputation = _reputation.Mean,
            Repetitions = repetitions,
            Seed = place.Seed,
        };
    }
}
