using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

/// <summary>Statistics for tests of noise.</summary>
internal static class Samples
{
    /// <summary>√n·D of Kolmogorov and Smirnov against a continuous distribution; above 2.5 with probability 7·10⁻⁶.</summary>
    public static double KolmogorovSmirnov(double[] sample, Func<double, double> cumulative)
    {
        double[] sorted = [.. sample.Order()];
        double distance = 0;
        for (int i = 0; i < sorted.Length; i++)
        {
            double f = cumulative(sorted[i]);
            distance = Math.Max(distance, Math.Max(f - (double)i / sorted.Length, (i + 1.0) / sorted.Length - f));
        }

        return Math.Sqrt(sample.Length) * distance;
    }

    public static double NormalCumulative(double x) => Math.Exp(NormalTail.LogCdf(x));

    public static float[] UnitVector(RandomSource random, int dimension)
    {
        float[] vector = [.. Enumerable.Range(0, dimension).Select(_ => (float)random.NextNormal())];
        QosValuation.Foundation.Numerics.UnitVector.TryNormalize(vector);
        return vector;
    }

    public static ClipEmbedding Embedding(Modality modality, string item, string contributor, params float[] vector) =>
        new() { Source = item, Item = item, Modality = modality, Vector = vector, Contributor = contributor };

    public static SemanticCluster Cluster(int id, params ClipEmbedding[] members) => new()
    {
        Id = id,
        Count = members.Select(m => (m.Contributor, m.Item)).Distinct().Count(),
        Centroid = [],
        IsConfirmed = true,
        Members = members,
    };
}
