using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// Any semivalue by its own distribution of sizes: for each player a size is drawn by its weight, then a coalition of that many others, all
/// alike, and the player's marginal utility is a sample. Weighing permutations instead converges badly where few sizes carry the weight.
/// </summary>
internal sealed class SizeSampler : ISemivalueSampler
{
    /// <inheritdoc/>
    public PlayerValues Sample(IUtilityFunction game, ISemivalue semivalue, MarginalUtilityOptions options, int seed, MeasurementRun run)
    {
        int n = game.Players;
        double none = game.Evaluate([], run.Cancellation);
        double all = game.Evaluate([.. Enumerable.Range(0, n)], run.Cancellation);
        double[] cumulated = semivalue.SizeProbabilities(n);
        for (int s = 1; s < n; s++)
        {
            cumulated[s] += cumulated[s - 1];
        }

        // One sample is a marginal utility of every player.
        var plan = new SamplingPlan(options, Math.Abs(all - none), spent: 2, cost: 2L * n);
        var means = new RunningMean[n];
        long samples = 0;
        for (int count; (count = plan.Next(means.Select(mean => mean.StandardError))) > 0;)
        {
            double[] marginals = new double[count * n];
            long first = samples;
            run.For(marginals.Length, game.IsThreadSafe, i =>
            {
                ulong stream = RandomStreams.Mix(0x53697A65, (ulong)(first + (i / n)), (ulong)(i % n));
                marginals[i] = Marginal(game, cumulated, i % n, seed, stream, run.Cancellation);
            });
            for (int i = 0; i < marginals.Length; i++)
            {
                means[i % n].Add(marginals[i]);
            }

            samples += count;
            plan.Note(count, 2L * marginals.Length, run);
        }

        return new PlayerValues([.. means.Select(mean => mean.Mean)], plan.Spent)
        {
            StandardErrors = [.. means.Select(mean => mean.StandardError)],
            Target = plan.Target,
            IsDrawn = true,
        };
    }

    private static double Marginal(
        IUtilityFunction game, double[] cumulated, int player, int seed, ulong stream, CancellationToken cancellationToken)
    {
        int n = cumulated.Length;
        RandomSource random = RandomSource.Create(seed, stream);
        double draw = random.NextDouble() * cumulated[^1];
        int size = Array.FindIndex(cumulated, part => draw < part);
        int[] others = [.. Enumerable.Range(0, n).Where(other => other != player)];
        random.Shuffle(others.AsSpan());
        Span<int> coalition = others.AsSpan(0, size);
        coalition.Sort();
        double before = game.Evaluate(coalition, cancellationToken);
        int[] joined = [.. coalition, player];
        Array.Sort(joined);
        return game.Evaluate(joined, cancellationToken) - before;
    }
}
