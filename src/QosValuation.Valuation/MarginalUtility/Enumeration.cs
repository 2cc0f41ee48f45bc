using System.Numerics;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>Exact semivalues from all coalitions. O(2ⁿ · n) and 2ⁿ utilities.</summary>
internal static class Enumeration
{
    /// <summary>The most players.</summary>
    public const int MostPlayers = 24;

    /// <summary>Evaluates all coalitions and adds up the marginal utilities.</summary>
    /// <param name="game">The game.</param>
    /// <param name="semivalue">The coefficients.</param>
    /// <param name="run">Threads, progress and cancellation.</param>
    /// <returns>Exact values.</returns>
    /// <exception cref="QosValuationException"><c>TooManyPlayers</c>.</exception>
    public static PlayerValues Measure(IUtilityFunction game, ISemivalue semivalue, MeasurementRun run)
    {
        const int Block = 1024;
        int n = game.Players;
        if (n > MostPlayers)
        {
            throw new QosValuationException(
                Faults.TooManyPlayers, $"{n} players form too many coalitions to evaluate them all; {MostPlayers} are the most: leave -Exact out.", n);
        }

        double[] worths = new double[1 << n];
        int done = 0;
        for (int start = 0; start < worths.Length; start += Block)
        {
            int length = Math.Min(Block, worths.Length - start);
            run.For(length, game.IsThreadSafe, i =>
            {
                worths[start + i] = Evaluate(game, start + i, run.Cancellation);
                run.Progress((double)Interlocked.Increment(ref done) / worths.Length);
            });
        }

        // What one coalition of a size weighs.
        double[] weights = semivalue.SizeProbabilities(n);
        double coalitions = 1;
        for (int s = 0; s < n; s++)
        {
            weights[s] /= coalitions;
            coalitions = coalitions * (n - 1 - s) / (s + 1);
        }

        double[] values = new double[n];
        run.For(n, isThreadSafe: true, player =>
        {
            Foundation.Numerics.CompensatedSum sum = default;
            int bit = 1 << player;
            for (int mask = 0; mask < worths.Length; mask++)
            {
                if ((mask & bit) == 0)
                {
                    sum.Add(weights[BitOperations.PopCount((uint)mask)] * (worths[mask | bit] - worths[mask]));
                }
            }

            values[player] = sum.Value;
        });
        return new PlayerValues(values, worths.Length);
    }

    private static double Evaluate(IUtilityFunction game, int mask, CancellationToken cancellationToken)
    {
        Span<int> coalition = stackalloc int[MostPlayers];
        int count = 0;
        for (int rest = mask; rest != 0; rest &= rest - 1)
        {
            coalition[count++] = BitOperations.TrailingZeroCount(rest);
        }

        return game.Evaluate(coalition[..count], cancellationToken);
    }
}
