using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Embeddings.Prototypes;

/// <summary>How prototypes are released.</summary>
public sealed record PrototypeReleaseOptions
{
    /// <summary>The mechanism that draws the noise.</summary>
    public PrivacyMechanism Mechanism { get; init; } = PrivacyMechanism.DiscreteGaussian;

    /// <summary>ε &gt; 0 of each released prototype; used by formal mechanisms only.</summary>
    public double Epsilon { get; init; } = 1;

    /// <summary>δ in (0, 1) of each released prototype; used by formal mechanisms only.</summary>
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
    /// two neighbouring datasets have means further apart than this. The number of records is then released as it is. Not for
    /// clusters of public centroids, and not with a budget.
    /// </summary>
    public double? Sensitivity { get; init; }

    /// <summary>q ≥ 0 of ImageDp; the noise has the standard deviation q·s.</summary>
    public double PerturbationCoefficient { get; init; } = 0.2;

    /// <summary>s ≥ 0 of ImageDp; the noise has the standard deviation q·s.</summary>
    public double Scale { get; init; } = 0.05;

    /// <summary>The modalities to release; null for all that a cluster has.</summary>
    public IReadOnlyCollection<Modality>? Modalities { get; init; }

    /// <summary>The numbers that decide how much noise is drawn.</summary>
    public NoiseParameters Noise => new(Epsilon, Delta, PerturbationCoefficient, Scale);

    /// <summary>The same release with other numbers for its noise.</summary>
    /// <param name="noise">The numbers.</param>
    /// <returns>The options.</returns>
    public PrototypeReleaseOptions WithNoise(NoiseParameters noise)
    {
        ArgumentNullException.ThrowIfNull(noise);
        return this with { Epsilon = noise.Epsilon, Delta = noise.Delta, PerturbationCoefficient = noise.PerturbationCoefficient, Scale = noise.Scale };
    }

    /// <summary>The same release by several mechanisms at several ε. A mechanism whose noise does not follow from ε comes once.</summary>
    /// <param name="mechanisms">The mechanisms, in the order of the result.</param>
    /// <param name="epsilons">The values of ε &gt; 0 for each formal mechanism; at least one.</param>
    /// <returns>One release for each mechanism and ε.</returns>
    public IEnumerable<PrototypeReleaseOptions> Sweep(IEnumerable<PrivacyMechanism> mechanisms, IReadOnlyList<double> epsilons) =>
        from mechanism in mechanisms
        from epsilon in NoiseMechanisms.Of(mechanism).IsFormal ? epsilons : epsilons.Take(1)
        select this with { Mechanism = mechanism, Epsilon = epsilon };
}
