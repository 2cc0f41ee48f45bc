namespace QosValuation.Embeddings.Clustering;

/// <summary>Counts the records of one cluster as they arrive, by a <see cref="NoveltyRule"/>.</summary>
public record struct ClusterTally
{
    /// <summary>The number of records so far.</summary>
    public int Count { get; set; }

    /// <summary>The arrival ordinal of the record that confirmed the cluster; null while it is unconfirmed.</summary>
    public long? ConfirmedAt { get; set; }

    /// <summary>Takes the next record. O(1).</summary>
    /// <param name="rule">The rule of Γ.</param>
    /// <param name="arrival">The record's arrival ordinal among all records.</param>
    /// <returns>The record's label: Novel or Normal.</returns>
    public Novelty Take(NoveltyRule rule, long arrival)
    {
        int rank = Count++;
        if (rule.IsConfirmedBy(rank))
        {
            ConfirmedAt = arrival;
        }

        return rule.Label(rank);
    }
}
