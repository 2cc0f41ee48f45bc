namespace QosValuation.Valuation.Novelty;

/// <summary>The value of a data contribution (paper, section IV-B, Eq. 20).</summary>
public static class DataValuation
{
    /// <summary>φ of one record: 1 where it is novel, 0.5 where normal, 0 where noise. O(1).</summary>
    /// <param name="novelty">The record's label.</param>
    /// <returns>The novelty score.</returns>
    public static double Score(QosValuation.Novelty novelty) => novelty switch
    {
        QosValuation.Novelty.Novel => 1,
        QosValuation.Novelty.Normal => 0.5,
        QosValuation.Novelty.Noise => 0,
        _ => throw new ArgumentOutOfRangeException(nameof(novelty), novelty, "The label is none of Novel, Normal and Noise."),
    };

    /// <summary>Values a contribution by its counts: f(d) = φ(d)·ln(1 + |d|), φ(d) the average score of its records. O(1).</summary>
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
        double novelty = quantity == 0 ? 0 : (novel + 0.5 * normal) / quantity;
        return new DataValue
        {
            Contributor = contributor,
            Quantity = quantity,
            Novel = novel,
            Normal = normal,
            Noise = noise,
            Novelty = novelty,
            Value = novelty * Math.Log(1.0 + quantity),
        };
    }
}
