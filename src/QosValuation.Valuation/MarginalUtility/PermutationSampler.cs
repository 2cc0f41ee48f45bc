using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// Shapley values by random orders of arrival: the mean marginal utility (Castro, Gómez and Tejada 2009). A permutation may be cut off once
/// it is within the tolerance of U(all) (Ghorbani and Zou 2019), and be followed by its reverse as one sample of two (antithetic pairs).
/// </summary>
internal sealed class PermutationSampler : ISemivalueSampler
{
    /// <inheritdoc/>
    public PlayerValues Sample(IUtilityFunction game, ISemivalue semivalue, MarginalUtilityOptions options, int seed, MeasurementRun run)
    {
        int n = game.Players;
        double none = game.Evaluate([], run.Cancellation);
        int[] everyone = [.. Enumerable.Range(0, n)];
        double all = game.Evaluate(everyone, run.Cancellation);
        int orders = options.Antithetic ? 2 : 1;
        double close = options.Tolerance * Math.Abs(all);
        var plan = new SamplingPlan(options, Math.Abs(all - none), spent: 2, cost: (long)orders * Math.Max(1, n - 1));
        var means = new RunningMean[n];
        long[] cut = new long[n];
        long samples = 0;
        for (int count; (count = plan.Next(means.Select(mean => mean.StandardError))) > 0;)
        {
            var round = new Walk[count];
            long first = samples;
            run.For(count, game.IsThreadSafe, i =>
            {
                RandomSource random = RandomSource.Create(seed, RandomStreams.Mix(0x5065726D, (ulong)(first + i)));
                int[] order = [.. everyone];
                random.Shuffle(order.AsSpan());
                var walk = new Walk(n);
                walk.Go(game, order, none, all, close, run.Cancellation);
                if (options.Antithetic)
                {
                    Array.Reverse(order);
                    walk.Go(game, order, none, all, close, run.Cancellation);
                }

                round[i] = walk;
            });

            // In the order of the samples, whoever drew them.
            foreach (Walk walk in round)
            {
                for (int player = 0; player < n; player++)
                {
                    means[player].Add(walk.Marginals[player] / orders);
                    cut[player] += walk.Cut[player];
                }
            }

            samples += count;
            plan.Note(count, round.Sum(walk => walk.Evaluations), run);
        }

        return new PlayerValues([.. means.Select(mean => mean.Mean)], plan.Spent)
        {
            StandardErrors = [.. means.Select(mean => mean.StandardError)],
            Target = plan.Target,
            BiasBounds = options.Tolerance > 0 ? Array.ConvertAll(cut, times => close * times / (samples * orders)) : null,
            IsDrawn = true,
        };
    }

    /// <summary>What one or two orders of arrival found.</summary>
    private sealed class Walk(int players)
    {
        public double[] Marginals { get; } = new double[players];

        public int[] Cut { get; } = new int[players];

        public long Evaluations { get; private set; }

        public void Go(IUtilityFunction game, int[] order, double none, double all, double close, CancellationToken cancellationToken)
        {
            var coalition = new List<int>(order.Length);
            double before = none;
            for (int i = 0; i < order.Length; i++)
            {
                int player = order[i];

                // Whoever arrives after the cut brings nothing: what is left to gain is within the tolerance.
                if (close > 0 && Math.Abs(all - before) <= close)
                {
                    Cut[player]++;
                    continue;
                }

                coalition.Insert(~coalition.BinarySearch(player), player);
                double after = all;
                if (i < order.Length - 1)
                {
                    after = game.Evaluate(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(coalition), cancellationToken);
                    Evaluations++;
                }

                Marginals[player] += after - before;
                before = after;
            }
        }
    }
}
