using QosValuation.Foundation.Randomness;

namespace QosValuation.Learning.Learners;

/// <summary>Gaussian noise on vectors of single precision.</summary>
internal static class GaussianNoise
{
    /// <summary>Adds noise to each component. O(n).</summary>
    /// <param name="vector">The vector; changed in place.</param>
    /// <param name="sigma">The standard deviation, at least 0.</param>
    /// <param name="random">The source.</param>
    public static void Add(Span<float> vector, double sigma, RandomSource random)
    {
        foreach (ref float value in vector)
        {
            value += (float)(sigma * random.NextNormal());
        }
    }
}
