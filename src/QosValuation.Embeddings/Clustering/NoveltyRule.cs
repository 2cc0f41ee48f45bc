namespace QosValuation.Embeddings.Clustering;

/// <summary>
/// The novelty rule of Γ and φ: which records of a cluster are novel, which record confirms the cluster, and what a contribution
/// scores (paper, section IV-B, the definition of Γ and φ below Eq. 20).
/// </summary>
/// <remarks>
/// <para>The first Γ records of a cluster, in order of arrival, are novel (φ = 1). Later records of the cluster are normal
/// (φ = 0.5). Records without a cluster are noise (φ = 0).</para>
/// <para>A cluster is confirmed when it holds Γ records (paper, section V-C, Fig. 6b), so its record of rank Γ − 1 confirms it. For
/// Γ = 1 that is the founder. A group of one record is not a cluster yet: its record is noise until a second one joins. From then on the
/// founder counts with its own arrival, as novel, and for Γ = 1 as the record that confirmed the cluster.</para>
/// </remarks>
public readonly record struct NoveltyRule
{
    /// <summary>Creates the rule of a threshold.</summary>
    /// <param name="threshold">Γ, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">Γ is below 1.</exception>
    public NoveltyRule(int threshold)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threshold, 1);
        Threshold = threshold;
    }

    /// <summary>Γ, at least 1.</summary>
    public int Threshold { get; }

    /// <summary>The label of a cluster's record. O(1).</summary>
    /// <param name="rank">The record's place in its cluster in order of arrival, from 0.</param>
    /// <returns>Novel for the first Γ records, Normal for later ones.</returns>
    public Novelty Label(int rank) => rank < Threshold ? Novelty.Novel : Novelty.Normal;

    /// <summary>Whether a record confirms its cluster. O(1).</summary>
    /// <param name="rank">The record's place in its cluster in order of arrival, from 0.</param>
    /// <returns>True for the record of rank Γ − 1 and no other.</returns>
    public bool IsConfirmedBy(int rank) => rank == Threshold - 1;

    /// <summary>Whether a cluster of some size is confirmed. O(1).</summary>
    /// <param name="count">The number of records in the cluster.</param>
    /// <returns>True from Γ records on.</returns>
    public bool IsConfirmed(int count) => count >= Threshold;

    /// <summary>φ(d), the average score of a contribution's records (paper, section IV-B). O(1).</summary>
    /// <param name="novel">Novel records, which score 1; at least 0.</param>
    /// <param name="normal">Normal records, which score 0.5; at least 0.</param>
    /// <param name="noise">Noise records, which score 0; at least 0.</param>
    /// <returns>From 0 to 1; 0 for an empty contribution.</returns>
    public static double Score(int novel, int normal, int noise)
    {
        int quantity = checked(novel + normal + noise);
        return quantity == 0 ? 0 : (novel + 0.5 * normal) / quantity;
    }
}
