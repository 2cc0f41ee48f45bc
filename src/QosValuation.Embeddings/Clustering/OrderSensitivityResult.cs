namespace QosValuation;

/// <summary>How much online clustering at one threshold depends on the order of arrival.</summary>
public sealed record OrderSensitivityResult
{
    /// <summary>The cosine from which a cluster takes a record.</summary>
    public required double SimilarityThreshold { get; init; }

    /// <summary>The number of records.</summary>
    public required int Records { get; init; }

    /// <summary>The number of pairs of random orders; no order is in two pairs. 1 for the order of arrival and that of a merge.</summary>
    public required int Pairs { get; init; }

    /// <summary>The mean adjusted Rand index between the two orders of a pair: 1 where order does not matter, 0 for chance.</summary>
    public required double AdjustedRandIndex { get; init; }

    /// <summary>The standard error of <see cref="AdjustedRandIndex"/>; NaN for one pair.</summary>
    public required double AdjustedRandIndexStandardError { get; init; }

    /// <summary>The mean number of clusters over all orders.</summary>
    public required double Clusters { get; init; }

    /// <summary>The standard error of <see cref="Clusters"/>.</summary>
    public required double ClustersStandardError { get; init; }

    /// <summary>The mean number of records of noise over all orders.</summary>
    public required double Noise { get; init; }

    /// <summary>The standard error of <see cref="Noise"/>.</summary>
    public required double NoiseStandardError { get; init; }
}
