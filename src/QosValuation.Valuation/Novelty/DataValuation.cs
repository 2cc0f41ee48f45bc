using QosValuation.Embeddings.Clustering;

namespace QosValuation.Valuation.Novelty;

/// <summary>The value of a data contribution (paper, section IV-B, Eq. 20).</summary>
public static class DataValuation
{
    /// <summary>Values a contribution by its counts: f(d) = φ(d)·ln(1 + |d|), with φ(d) from <see cref="NoveltyRule.Score"/>. O(1).</summary>
    /// <param name="contributor">Who is valued.</param>
    /// <param name="novel">Novel records, at least 0.</param>
    /// <param name="normal">Normal records, at least 0.</param>
    /// <param name="noise">Noise records, at least 0.</param>
    /// <returns>The value; φ and value are 0 for an empty contribution.</returns>
    public static DataValue Evaluate(string contributor, int novel, int normal, int noise)
    {
        ArgumentNullException.ThrowIfNull(contributor);
        ArgumentOutOfRangeException.ThrowIfNegative(novel);
        ArgumentOutOfRangeException.ThrowIfNegative(normal);
        ArgumentOutOfRangeException.ThrowIfNegative(noise);
        int quantity = checked(novel + normal + noise);
        double novelty = NoveltyRule.Score(novel, normal, noise);
        return new DataValue
        {
            Contributor = contributor,
            Quantity = quantity,
            Novel = novel,
            Normal = normal,
            Noise = noise,
            MeanNovelty = novelty,
            Value = novelty * Math.Log(1.0 + quantity),
        };
    }
}
