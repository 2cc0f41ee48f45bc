using QosValuation.Numerics;

namespace QosValuation.Privacy;

/// <summary>
/// Releases differentially private prototypes: for each cluster and modality the mean of the records' unit vectors plus noise
/// (paper, section IV-B). One release draws from the injected source once per coordinate. Not thread-safe.
/// </summary>
/// <remarks>
/// <para>Each record gives one vector to a prototype: the embeddings of one record and modality (several captions of a
/// photograph) are averaged and renormalised first, as <see cref="Clustering.RecordAssembler"/> tells records apart. Norms are
/// never trusted: what a record gives is scaled back to norm 1 where it is longer. So the sensitivity counts records.</para>
/// <para><see cref="Neighboring.ReplaceOne"/>: one record of the cluster is exchanged for another in the same cluster, and the
/// number of records n is public. The mean of n vectors within the unit ball moves by at most 2/n, from one end of a diameter to
/// the other; that is the sensitivity Δ, and n is released as it is.</para>
/// <para><see cref="Neighboring.AddRemove"/>: one record joins or leaves, so n itself is private and noise calibrated to the
/// true n would tell it. The pair (Σx, n/2) is released instead: one record moves it by at most √(1² + (1/2)²) = √1.25, whatever
/// n is. Both parts get noise of one standard deviation σ for that sensitivity; the prototype is the noisy sum over the noisy
/// count ñ (at least 1), which costs no more privacy. Count is ñ, Sensitivity √1.25/ñ and Sigma σ/ñ, so that Sensitivity/Sigma
/// is the μ of the release, and Sensitivity stays below the 2/(n + 1) of a mean whose count were known.</para>
/// <para>What the guarantee covers: the vectors of the records, given which record is in which cluster. Choosing clusters from
/// private data, and which clusters and modalities exist at all, is a release of its own that no noise here hides.
/// <see cref="DpPrototype.Contributors"/> is accounting information for the curator and no part of the private release.</para>
/// <para>DiscreteGaussian works on the integer grid of step 2⁻²⁴: each record's vector is truncated towards zero onto the grid
/// (so that its norm cannot grow, which is checked in integers), the sum is exact, and each coordinate gets discrete Gaussian
/// noise of integer σ from integer arithmetic alone. Only the division by the count is done in floating point, after the noise.
/// It is calibrated through zero-concentrated privacy, ρ = Δ²/2σ², which needs some more noise than the continuous one
/// (8 % at ε = 1, δ = 1e-5). For very small ε the grid is coarsened to keep σ below 2⁵² steps.</para>
/// <para>The continuous mechanisms draw floating-point noise, whose lowest bits can leak (Mironov 2012). Noise from a seed can
/// be drawn again by whoever knows the seed: seeded releases are for experiments only.</para>
/// </remarks>
public sealed class PrototypeReleaser
{
    /// <summary>The binary logarithm of the number of grid steps in a unit, for DiscreteGaussian.</summary>
    private const int GridBits = 24;

    // The weight of the count beside the sum under AddRemove: it costs 12 % more noise on the sum.
    internal const double CountWeight = 0.5;

    private readonly PrototypeReleaseOptions _options;
    private readonly RandomSource _random;

    /// <summary>Creates a releaser and calibrates its noise. O(1).</summary>
    /// <param name="options">The mechanism and its parameters.</param>
    /// <param name="random">The source of the noise; cryptographic for a real release.</param>
    /// <exception cref="QosValuationException">
    /// <c>EpsilonOutOfRange</c>, <c>DeltaOutOfRange</c>, <c>SensitivityOutOfRange</c>, <c>PerturbationOutOfRange</c> or <c>MechanismNotSupported</c>.
    /// </exception>
    public PrototypeReleaser(PrototypeReleaseOptions options, RandomSource random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        _options = options;
        _random = random;
        if (options.Mechanism == PrivacyMechanism.ImageDp)
        {
            RequireNonNegative(options.PerturbationCoefficient, "perturbation coefficient q");
            RequireNonNegative(options.Scale, "scale s");
            NoiseMultiplier = double.NaN;
            ExactDelta = double.NaN;
            return;
        }

        if (options.Sensitivity is double sensitivity)
        {
            GaussianCalibration.RequireSensitivity(sensitivity);
        }

        NoiseMultiplier = GaussianNoise.Sigma(options.Epsilon, options.Delta, 1, options.Mechanism);
        ExactDelta = options.Mechanism == PrivacyMechanism.ClassicGaussian
            ? GaussianCalibration.Delta(NoiseMultiplier, options.Epsilon, 1)
            : options.Delta;
    }

    /// <summary>σ/Δ: the noise for one unit of sensitivity; NaN for ImageDp.</summary>
    public double NoiseMultiplier { get; }

    /// <summary>The δ that the noise really keeps at the given ε: the requested one, or the exact one of ClassicGaussian; NaN for ImageDp.</summary>
    public double ExactDelta { get; }

    /// <summary>Whether releases carry the requested (ε, δ) guarantee; false for ImageDp, and for ClassicGaussian where its formula fails (large ε).</summary>
    public bool IsFormal => ExactDelta <= _options.Delta;

    /// <summary>The largest distance between the means of n and of a neighbouring dataset's records: 2/n for both relations, with a public count.</summary>
    /// <param name="count">n, at least 1.</param>
    /// <returns>2/n.</returns>
    /// <remarks>Replacing moves the mean by ‖x − y‖/n ≤ 2/n; removing by ‖x − mean of the others‖/n ≤ 2/n; adding by at most 2/(n + 1).</remarks>
    public static double SensitivityBound(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return 2.0 / count;
    }

    /// <summary>Releases the prototypes of one cluster: image first, then text; none for a modality without records. O(members·d).</summary>
    /// <param name="cluster">The cluster with its members.</param>
    /// <returns>At most one prototype a modality.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ClusterWithoutMembers</c>, or the fault of a member such as <c>EmbeddingNotFinite</c>, before anything is drawn;
    /// <c>SigmaOutOfRange</c> where the noise lies beyond the range of a double, or of the grid of DiscreteGaussian.
    /// </exception>
    public IReadOnlyList<DpPrototype> Release(SemanticCluster cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        if (cluster.Members is null || cluster.Members.Count == 0)
        {
            throw new QosValuationException("ClusterWithoutMembers", FaultKind.InvalidData, $"Cluster {cluster.Id} carries no members, so it has no mean; pass clusters as Group-Embedding emits them.", cluster);
        }

        (RecordVectors images, RecordVectors texts) = RecordVectors.Collect(cluster);
        var prototypes = new List<DpPrototype>(2);
        foreach ((Modality modality, RecordVectors vectors) in (ReadOnlySpan<(Modality, RecordVectors)>)[(Modality.Image, images), (Modality.Text, texts)])
        {
            if (vectors.Count > 0 && (_options.Modalities?.Contains(modality) ?? true))
            {
                prototypes.Add(Release(cluster, modality, vectors));
            }
        }

        return prototypes;
    }

    private DpPrototype Release(SemanticCluster cluster, Modality modality, RecordVectors records) => _options.Mechanism switch
    {
        PrivacyMechanism.ImageDp => ReleaseImageDp(cluster, modality, records),
        PrivacyMechanism.DiscreteGaussian => ReleaseDiscrete(cluster, modality, records),
        _ => ReleaseContinuous(cluster, modality, records),
    };

    private DpPrototype ReleaseImageDp(SemanticCluster cluster, Modality modality, RecordVectors records)
    {
        // The baseline perturbs image prototypes only, and neither clips nor calibrates (arXiv 2410.07738; paper, section V-A).
        double sigma = modality == Modality.Image ? _options.PerturbationCoefficient * _options.Scale : 0;
        double[] sum = records.Sum(clip: false);
        return Describe(cluster, modality, records, AddNoise(sum, records.Count, sigma), records.Count, double.NaN, sigma) with
        {
            Epsilon = double.NaN,
            Delta = double.NaN,
            IsFormal = false,
        };
    }

    private DpPrototype ReleaseContinuous(SemanticCluster cluster, Modality modality, RecordVectors records)
    {
        double[] sum = records.Sum(clip: true);
        if (_options.Neighboring == Neighboring.ReplaceOne || _options.Sensitivity is not null)
        {
            double sensitivity = _options.Sensitivity ?? SensitivityBound(records.Count);
            double sigma = GaussianCalibration.RequireFinite(sensitivity * NoiseMultiplier);
            return Describe(cluster, modality, records, AddNoise(sum, records.Count, sigma), records.Count, sensitivity, sigma);
        }

        double jointSensitivity = Math.Sqrt(1 + CountWeight * CountWeight);
        double jointSigma = GaussianCalibration.RequireFinite(jointSensitivity * NoiseMultiplier);
        int count = ToCount(records.Count + jointSigma * _random.NextNormal() / CountWeight);
        for (int i = 0; i < sum.Length; i++)
        {
            sum[i] += jointSigma * _random.NextNormal();
        }

        return Describe(cluster, modality, records, AddNoise(sum, count, 0), count, jointSensitivity / count, jointSigma / count);
    }

    private DpPrototype ReleaseDiscrete(SemanticCluster cluster, Modality modality, RecordVectors records)
    {
        // Coarsen only where the noise would leave the sampler's range; this depends on public parameters alone.
        int bits = GridBits;
        while (bits > 1 && NoiseMultiplier * 4 * (1L << bits) > DiscreteGaussianSampler.MaximumSigma)
        {
            bits--;
        }

        long unit = 1L << bits;
        bool countIsPublic = _options.Neighboring == Neighboring.ReplaceOne || _options.Sensitivity is not null;
        double gridSensitivity =
            _options.Sensitivity is double given ? Math.Max(1, Math.Ceiling(given * records.Count * unit))
            : countIsPublic ? 2.0 * unit
            : Math.Sqrt(1 + CountWeight * CountWeight) * unit;
        double gridSigma = Math.Ceiling(gridSensitivity * NoiseMultiplier);
        if (!(gridSigma <= DiscreteGaussianSampler.MaximumSigma))
        {
            throw new QosValuationException("SigmaOutOfRange", FaultKind.InvalidArgument, "The discrete Gaussian cannot express that much noise; use a larger ε or a smaller sensitivity, or AnalyticGaussian.", gridSigma);
        }

        var sampler = new DiscreteGaussianSampler((long)gridSigma, _random);

        // The noisy count is an exact integer in half units before anything is rounded.
        int count = countIsPublic ? records.Count : ToCount(checked(records.Count * (unit / 2) + sampler.Sample()) / (CountWeight * unit));
        long[] sum = records.GridSum(unit);
        double divisor = (double)count * unit;
        float[] vector = new float[sum.Length];
        for (int i = 0; i < sum.Length; i++)
        {
            vector[i] = (float)(checked(sum[i] + sampler.Sample()) / divisor);
        }

        double sensitivity = _options.Sensitivity ?? gridSensitivity / divisor;
        return Describe(cluster, modality, records, vector, count, sensitivity, gridSigma / divisor);
    }

    private float[] AddNoise(double[] sum, int count, double sigma)
    {
        float[] vector = new float[sum.Length];
        for (int i = 0; i < sum.Length; i++)
        {
            double mean = sum[i] / count;
            vector[i] = (float)(sigma > 0 ? mean + sigma * _random.NextNormal() : mean);
        }

        return vector;
    }

    private DpPrototype Describe(SemanticCluster cluster, Modality modality, RecordVectors records, float[] vector, int count, double sensitivity, double sigma) => new()
    {
        ClusterId = cluster.Id,
        Modality = modality,
        Vector = vector,
        Count = count,
        Epsilon = _options.Epsilon,
        Delta = _options.Delta,
        Sensitivity = sensitivity,
        Sigma = sigma,
        Mechanism = _options.Mechanism,
        IsFormal = IsFormal,
        Neighboring = _options.Neighboring,
        Contributors = records.Contributors,
    };

    private static int ToCount(double noisy) => (int)Math.Clamp(Math.Round(noisy), 1, int.MaxValue);

    private static void RequireNonNegative(double value, string name)
    {
        if (!(value >= 0) || !double.IsFinite(value))
        {
            throw new QosValuationException("PerturbationOutOfRange", FaultKind.InvalidArgument, $"The {name} is {value}; give a finite number of at least 0.", value);
        }
    }
}
