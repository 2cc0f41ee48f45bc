namespace QosValuation;

/// <summary>
/// What a contribution of some quantity is worth, and what was discovered by then, for one Γ, averaged over random orders of
/// arrival (a point of the paper's Fig. 6).
/// </summary>
/// <remarks>A property that ends in <c>StandardError</c> is the standard error of the mean over the repetitions; NaN for one repetition.</remarks>
public sealed record ValuationSimulationResult
{
    /// <summary>Γ: the first Γ records of a cluster are novel, and a cluster is confirmed when it holds Γ.</summary>
    public required int NoveltyThreshold { get; init; }

    /// <summary>|d|: the number of records that have arrived.</summary>
    public required int Quantity { get; init; }

    /// <summary>The number of random orders of arrival.</summary>
    public required int Repetitions { get; init; }

    /// <summary>The cosine from which a cluster takes a record.</summary>
    public required double SimilarityThreshold { get; init; }

    /// <summary>f(d) = φ(d)·ln(1 + |d|) of all records that have arrived (paper, Eq. 20).</summary>
    public required double Value { get; init; }

    /// <summary>The standard error of <see cref="Value"/>.</summary>
    public required double ValueStandardError { get; init; }

    /// <summary>φ(d): their average novelty.</summary>
    public required double MeanNovelty { get; init; }

    /// <summary>The standard error of <see cref="MeanNovelty"/>.</summary>
    public required double NoveltyStandardError { get; init; }

    /// <summary>Novel records: the first Γ of each cluster.</summary>
    public required double Novel { get; init; }

    /// <summary>The standard error of <see cref="Novel"/>.</summary>
    public required double NovelStandardError { get; init; }

    /// <summary>Normal records: later ones of a cluster.</summary>
    public required double Normal { get; init; }

    /// <summary>Records that are alone so far.</summary>
    public required double Noise { get; init; }

    /// <summary>Clusters, of at least two records.</summary>
    public required double Clusters { get; init; }

    /// <summary>The standard error of <see cref="Clusters"/>.</summary>
    public required double ClustersStandardError { get; init; }

    /// <summary>Confirmed clusters: those of at least Γ records.</summary>
    public required double Confirmed { get; init; }

    /// <summary>The standard error of <see cref="Confirmed"/>.</summary>
    public required double ConfirmedStandardError { get; init; }

    /// <summary>
    /// How many records arrive after a cluster's first until it is confirmed, on average over the confirmed clusters; null
    /// where no repetition has one. Slow clusters are not in it until they are confirmed. Γ = 1 gives 0: the first record itself
    /// confirms its cluster.
    /// </summary>
    public required double? ConfirmationDelay { get; init; }

    /// <summary>The standard error of <see cref="ConfirmationDelay"/>; null or NaN where fewer than two repetitions have a confirmed cluster.</summary>
    public required double? ConfirmationDelayStandardError { get; init; }

    /// <summary>
    /// When noise can first be applied: how many records have arrived when the first cluster is confirmed, on average over the
    /// repetitions that have one; null where none has.
    /// </summary>
    public required double? FirstConfirmation { get; init; }

    /// <summary>The standard error of <see cref="FirstConfirmation"/>.</summary>
    public required double? FirstConfirmationStandardError { get; init; }

    /// <summary>The number of repetitions with a confirmed cluster.</summary>
    public required int ConfirmedRepetitions { get; init; }

    /// <summary>The share of the records, from 0 to 1, that lie in confirmed clusters, whose prototypes may be released with noise.</summary>
    public required double Coverage { get; init; }

    /// <summary>The standard error of <see cref="Coverage"/>.</summary>
    public required double CoverageStandardError { get; init; }
}
