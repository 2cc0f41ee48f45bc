namespace QosValuation.Embeddings.Prototypes;

/// <summary>How prototypes are released.</summary>
public sealed record PrototypeReleaseOptions
{
    /// <summary>The mechanism that draws the noise.</summary>
    public PrivacyMechanism Mechanism { get; init; } = PrivacyMechanism.DiscreteGaussian;

    /// <summary>ε &gt; 0 of each released prototype; not used by ImageDp.</summary>
    public double Epsilon { get; init; } = 1;

    /// <summary>δ in (0, 1) of each released prototype; not used by ImageDp.</summary>
    public double Delta { get; init; } = 1e-5;

    /// <summary>Which datasets count as neighbours.</summary>
    public Neighboring Neighboring { get; init; } = Neighboring.ReplaceOne;

    /// <summary>Whose data differ between neighbours: one record's, or all of one contributor's.</summary>
    public PrivacyUnit Unit { get; init; } = PrivacyUnit.Record;

    /// <summary>
    /// With the unit Contributor: the most records of a contributor, in order of arrival, that count in a prototype, at least 1;
    /// null counts all. The sensitivity does not depend on it, because the records of a contributor are averaged.
    /// </summary>
    public int? MaximumRecordsPerContributor { get; init; }

    /// <summary>
    /// The L2 sensitivity of the released mean where it is known to be another than the bound of
    /// <see cref="PrototypeReleaser.SensitivityBound"/>; null for that bound. At the caller's own risk: the guarantee holds only if no
    /// two neighbouring datasets have means further apart than this. The number of records is then released as it is. Not for clusters of public centroids, and not with a budget.
    /// </summary>
    public double? Sensitivity { get; init; }

    /// <summary>q ≥ 0 of ImageDp; the noise has the standard deviation q·s.</summary>
    public double PerturbationCoefficient { get; init; } = 0.2;

    /// <summary>s ≥ 0 of ImageDp; the noise has the standard deviation q·s.</summary>
    public double Scale { get; init; } = 0.05;

    /// <summary>The modalities to release; null for all that a cluster has.</summary>
    public IReadOnlyCollection<Modality>? Modalities { get; init; }
}
