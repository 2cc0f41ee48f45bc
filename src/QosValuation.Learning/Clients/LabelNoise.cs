using QosValuation.Foundation.Randomness;

namespace QosValuation.Learning.Clients;

/// <summary>Exchanges some labels for wrong ones.</summary>
public static class LabelNoise
{
    /// <summary>Exchanges a part of the labels, chosen at random, each for one of the other classes.</summary>
    /// <param name="labels">The labels.</param>
    /// <param name="classes">The number of classes; with one alone nothing can be exchanged.</param>
    /// <param name="rate">The part.</param>
    /// <param name="random">The source of draws.</param>
    /// <returns>The labels with noise, and which of them are wrong.</returns>
    public static (int[] Labels, bool[] IsNoisy) Flip(IReadOnlyList<int> labels, int classes, double rate, RandomSource random)
    {
        int[] flipped = [.. labels];
        bool[] noisy = new bool[flipped.Length];
        int[] order = [.. Enumerable.Range(0, flipped.Length)];
        random.Shuffle(order.AsSpan());
        for (int i = 0; classes > 1 && i < (int)Math.Round(rate * flipped.Length); i++)
        {
            int point = order[i];
            int other = random.NextInt32(classes - 1);
            flipped[point] = other < flipped[point] ? other : other + 1;
            noisy[point] = true;
        }

        return (flipped, noisy);
    }
}
