namespace QosValuation.Learning.Federated;

/// <summary>The nearest point of the probability simplex (Held, Wolfe and Crowder 1974; Duchi et al., ICML 2008, figure 1).</summary>
public static class SimplexProjection
{
    /// <summary>Replaces a vector by the x ≥ 0 with Σx = 1 that is nearest to it. O(n log n).</summary>
    /// <param name="vector">The vector, of at least one finite number; changed in place.</param>
    public static void Project(Span<double> vector)
    {
        ArgumentOutOfRangeException.ThrowIfZero(vector.Length, nameof(vector));
        double[] sorted = vector.ToArray();
        Array.Sort(sorted);
        double sum = 0;
        double threshold = 0;
        for (int taken = 1; taken <= sorted.Length; taken++)
        {
            double next = sorted[^taken];
            sum += next;
            double candidate = (sum - 1) / taken;
            if (next <= candidate)
            {
                break;
            }

            threshold = candidate;
        }

        for (int i = 0; i < vector.Length; i++)
        {
            vector[i] = Math.Max(0, vector[i] - threshold);
        }
    }
}
