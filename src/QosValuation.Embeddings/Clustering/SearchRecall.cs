namespace QosValuation.Embeddings.Clustering;

/// <summary>How well an approximate search finds the most similar group, measured on one record in 997.</summary>
public readonly record struct SearchRecall
{
    /// <summary>The records searched for.</summary>
    public long Searched { get; init; }

    /// <summary>Of those, the ones that were compared with all groups as well.</summary>
    public long Sampled { get; init; }

    /// <summary>Of the sampled, the ones whose most similar group was found.</summary>
    public long Agreed { get; init; }

    /// <summary>Of the sampled, the ones that went where the exact search would have sent them: to the same group, or to one of their own.</summary>
    public long Decided { get; init; }

    /// <summary>The share of the sampled whose most similar group was found; NaN where none was sampled.</summary>
    public double Nearest => (double)Agreed / Sampled;

    /// <summary>The share of the sampled that went where the exact search would have sent them; NaN where none was sampled.</summary>
    public double Decision => (double)Decided / Sampled;
}
