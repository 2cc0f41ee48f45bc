using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// Banzhaf values by maximum sample reuse (Wang and Jia, AISTATS 2023): coalitions are drawn with every player in or out alike, and a player's
/// value is the mean utility of those with the player minus the mean of those without. Each utility serves all players.
/// SE² = s₁²/n₁ + s₀²/n₀.
/// </summary>
internal sealed class MaximumSampleReuseSampler : ISemivalueSampler
{
    /// <inheritdoc/>
    public PlayerValues Sample(IUtilityFunction game, ISemivalue semivalue, MarginalUtilityOptions options, int seed, MeasurementRun run)
    {
        int n = game.Players;
        double none = game.Evaluate([], run.Cancellation);
        double all = game.Evaluate([.. Enumerable.Range(0, n)], run.Cancellation);
        var plan = new SamplingPlan(options, Math.Abs(all - none), spent: 2, cost: 1);
        var with = new RunningMean[n];
        var without = new RunningMean[n];
        long samples = 0;
        double Error(int player) => Math.Sqrt(Square(with[player].StandardError) + Square(without[player].StandardError));
        for (int count; (count = plan.Next(Enumerable.Range(0, n).Select(Error))) > 0;)
        {
            int[][] coalitions = new int[count][];
            double[] worths = new double[count];
            long first = samples;
            run.For(count, game.IsThreadSafe, i =>
            {
                coalitions[i] = Draw(n, RandomSource.Create(seed, RandomStreams.Mix(0x42616E7A, (ulong)(first + i))));
                worths[i] = game.Evaluate(coalitions[i], run.Cancellation);
            });
            for (int i = 0; i < count; i++)
            {
                int next = 0;
                for (int player = 0; player < n; player++)
                {
                    bool isIn = next < coalitions[i].Length && coalitions[i][next] == player;
                    next += isIn ? 1 : 0;
                    (isIn ? with : without)[player].Add(worths[i]);
                }
            }

            samples += count;
            plan.Note(count, count, run);
        }

        return new PlayerValues([.. Enumerable.Range(0, n).Select(player => with[player].Mean - without[player].Mean)], plan.Spent)
        {
            StandardErrors = [.. Enumerable.Range(0, n).Select(Error)],
            Target = plan.Target,
            IsDrawn = true,
        };
    }

    private static int[] Draw(int players, RandomSource random)
    {
        var coalition = new List<int>(players);
        ulong bits = 0;
        for (int player = 0; player < players; player++)
        {
            bits = (player & 63) == 0 ? random.NextUInt64() : bits >> 1;
            if ((bits & 1) != 0)
            {
                coalition.Add(player);
            }
        }

        return [.. coalition];
    }

    private static double Square(double x) => x * x;
}
