using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Embeddings.Prototypes;

/// <summary>
/// Releases differentially private prototypes: for each cluster and modality the mean of the records' unit vectors plus noise
/// (paper, section IV-B). One release draws from the injected source once per coordinate. Not thread-safe.
/// </summary>
/// <remarks>
/// <para>Each record gives one vector to a prototype: the embeddings of one record and modality (several captions of a
/// photograph) are averaged and renormalised first, as <see cref="Clustering.RecordAssembler"/> tells records apart. Norms are
/// never trusted: what a record gives is scaled back to norm 1 where it is longer. So the sensitivity counts records.</para>
/// <para><see cref="PrivacyUnit.Contributor"/>: each contributor gives one vector instead, the average of what its records (the
/// first k of them, where bounded) would give. It lies in the unit ball too, so that all below holds with contributors in the
/// place of records, however many records a contributor has. The prototype is then the mean over contributors, not over records.</para>
/// <para><see cref="Neighboring.ReplaceOne"/>: one record of the cluster is exchanged for another in the same cluster, and the
/// number of records n is public. The mean of n vectors within the unit ball moves by at most 2/n, from one end of a diameter to
/// the other; that is the sensitivity Δ, and n is released as it is.</para>
/// <para><see cref="Neighboring.AddRemove"/>: one record joins or leaves, so n itself is private and noise calibrated to the
/// true n would tell it. The pair (Σx, n/2) is released instead: one record moves it by at most √(1² + (1/2)²) = √1.25, whatever
/// n is. Both parts get noise of one standard deviation σ for that sensitivity; the prototype is the noisy sum over the noisy
/// count ñ (at least 1), which costs no more privacy. Count is ñ, Sensitivity √1.25/ñ and Sigma σ/ñ, so that Sensitivity/Sigma
/// is the μ of the release, and Sensitivity stays below the 2/(ñ + 1) of a mean whose count were known, but where ñ = 1.</para>
/// <para>What the guarantee covers: the vectors of the records, given which record is in which cluster. Choosing clusters from
/// private data, and which clusters and modalities exist at all, is a release of its own that no noise here hides.
/// <see cref="DpPrototype.Contributors"/> is accounting information for the curator and no part of the private release; where the
/// count is private, and with it who takes part, the list stays empty.</para>
/// <para>Clusters of public centroids (<see cref="SemanticCluster.IsPublic"/>) lift that condition: each record is assigned by
/// itself, every cluster is released whether it has records or not, and membership is protected. Under AddRemove a record
/// touches one cluster, by √1.25. Under ReplaceOne it may leave one cluster for another, so that no count is public and
/// (Σx, n/2) is released here too: two clusters move by √1.25 each, together √2.5, or one by 2. All prototypes of the grouping
/// and a modality, released alike, together have the sensitivity 2; that of a mean is stated as 2/ñ.</para>
/// <para>DiscreteGaussian works on the integer grid of step 2⁻³⁶: each vector is truncated towards zero onto the grid
/// (so that its norm cannot grow, which is checked in integers), the sum is exact, and each coordinate gets discrete Gaussian
/// noise of integer σ from integer arithmetic alone. Only the division by the count is done in floating point, after the noise.
/// <see cref="DiscreteGaussianGuarantee"/> shows that it needs the noise of the continuous one and less than 10⁻⁹ of it more.
/// Where σ would exceed 2⁵² steps (very small ε) the grid is coarsened.</para>
/// <para>The continuous mechanisms draw floating-point noise, whose lowest bits can leak (Mironov 2012): not every double can
/// come out for every mean, so that an observer of all bits may rule means out. Noise from a seed can be drawn again by whoever
/// knows the seed: seeded releases are for experiments only.</para>
/// <para>With a budget, both prototypes of a cluster are charged to every contributor with a record in them, in one transaction
/// that is on disk before anything is drawn. A crash in between costs budget, never privacy.</para>
/// </remarks>
public sealed class PrototypeReleaser
{
    /// <summary>The binary logarithm of the number of grid steps in a unit, for DiscreteGaussian.</summary>
    private const int GridBits = 36;

    /// <summary>The weight of the count beside the sum where the count is private. It costs 12 % more noise on the sum under AddRemove.</summary>
    public const double CountWeight = 0.5;

    // Below this part of it, what truncation adds to a sensitivity of the caller's is left out of what is told (never out of the noise).
    private const double SensitivityTolerance = 1e-9;

    // How far Σx moves when a vector of norm 1 is exchanged for another.
    private const double ReplacementSensitivity = 2;

    // How far (Σx, n/2) moves when a vector of norm 1 joins or leaves.
    private static readonly double PresenceSensitivity = Math.Sqrt(1 + CountWeight * CountWeight);

    private readonly PrototypeReleaseOptions _options;
    private readonly RandomSource _random;
    private readonly PrivacyBudgetStore? _budget;

    /// <summary>Creates a releaser and calibrates its noise. O(1).</summary>
    /// <param name="options">The mechanism and its parameters.</param>
    /// <param name="random">The source of the noise; cryptographic for a real release.</param>
    /// <param name="budget">The budget that every release is charged to before its noise is drawn; null for none. Not disposed of here.</param>
    /// <exception cref="QosValuationException">
    /// <c>EpsilonOutOfRange</c>, <c>DeltaOutOfRange</c>, <c>SensitivityOutOfRange</c>, <c>PerturbationOutOfRange</c>,
    /// <c>MaximumRecordsOutOfRange</c> or <c>MechanismNotSupported</c>. With a budget: <c>PrivacyBudgetNotApplicable</c> for what it
    /// cannot account for (ImageDp, a sensitivity of the caller's, a source that is not cryptographic, a unit or relation it does not cover).
    /// </exception>
    public PrototypeReleaser(PrototypeReleaseOptions options, RandomSource random, PrivacyBudgetStore? budget = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        _options = options;
        _random = random;
        _budget = budget;
        budget?.RequireApplicable(options, random.IsCryptographic);
        if (options.MaximumRecordsPerContributor < 1)
        {
            throw new QosValuationException(Faults.MaximumRecordsOutOfRange, $"A contributor must be allowed at least 1 record, not {options.MaximumRecordsPerContributor}.", options.MaximumRecordsPerContributor);
        }

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
    /// <param name="cluster">The cluster with its members. One of a public centroid may be empty, and gives a prototype for each modality of its grouping.</param>
    /// <returns>At most one prototype a modality.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ClusterWithoutMembers</c>, <c>ContributorMissing</c>, <c>SensitivityNotApplicable</c> or the fault of a member such as
    /// <c>EmbeddingNotFinite</c>, before anything is charged or drawn; <c>SigmaOutOfRange</c> where the noise lies beyond the range of
    /// a double, or of the grid of DiscreteGaussian.
    /// </exception>
    /// <exception cref="PrivacyBudgetException">The budget does not allow the release, or could not be charged: nothing was drawn.</exception>
    public IReadOnlyList<DpPrototype> Release(SemanticCluster cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        List<Query> queries = Prepare(cluster);
        if (queries.Count > 0)
        {
            _budget?.Charge([.. queries.Select(query => query.Charge)]);
        }

        return [.. queries.Select(Draw)];
    }

    /// <summary>Finds what is to be released of a cluster, and everything that can be wrong with it, before anything is charged or drawn.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <returns>One query a modality.</returns>
    internal List<Query> Prepare(SemanticCluster cluster)
    {
        if (cluster.Members is null or [] && (!cluster.IsPublic || cluster.Count > 0))
        {
            throw new QosValuationException(Faults.ClusterWithoutMembers, $"Cluster {cluster.Id} carries no members, so it has no mean; pass clusters as Group-Embedding emits them, with their members.", cluster);
        }

        if (cluster.IsPublic && (_options.Sensitivity is not null || _options.Mechanism == PrivacyMechanism.ImageDp))
        {
            throw new QosValuationException(Faults.SensitivityNotApplicable, $"Cluster {cluster.Id} stands for a public centroid, so how many records it has is private: leave -Sensitivity out, and use a formal mechanism.", cluster);
        }

        (RecordVectors images, RecordVectors texts) = RecordVectors.Collect(cluster);
        var queries = new List<Query>(2);
        foreach ((Modality modality, RecordVectors records) in (ReadOnlySpan<(Modality, RecordVectors)>)[(Modality.Image, images), (Modality.Text, texts)])
        {
            bool exists = cluster.IsPublic ? (_options.Modalities ?? cluster.Modalities).Contains(modality) : records.Count > 0;
            if (!exists || !(_options.Modalities?.Contains(modality) ?? true))
            {
                continue;
            }

            if (records.HasUnknownContributor && (_options.Unit == PrivacyUnit.Contributor || _budget is not null))
            {
                throw new QosValuationException(Faults.ContributorMissing, $"A record of cluster {cluster.Id} does not say who contributed it, so that it can neither be charged to a budget nor be averaged with the contributor's others: set Contributor (Get-ClipEmbedding -Contributor).", cluster);
            }

            RecordVectors vectors = _options.Unit == PrivacyUnit.Contributor ? records.ByContributor(_options.MaximumRecordsPerContributor) : records;
            queries.Add(Prepare(cluster, modality, vectors));
        }

        return queries;
    }

    private Query Prepare(SemanticCluster cluster, Modality modality, RecordVectors vectors)
    {
        bool countIsPublic = (_options.Neighboring == Neighboring.ReplaceOne && !cluster.IsPublic) || _options.Sensitivity is not null || _options.Mechanism == PrivacyMechanism.ImageDp;
        double sensitivity = _options.Neighboring == Neighboring.AddRemove && !countIsPublic ? PresenceSensitivity : ReplacementSensitivity;
        var query = new Query(cluster, modality, vectors, countIsPublic, sensitivity, double.NaN, 0);
        if (_options.Mechanism == PrivacyMechanism.ImageDp)
        {
            // The baseline perturbs image prototypes only (arXiv 2410.07738; paper, section V-A).
            query = query with { Sigma = modality == Modality.Image ? _options.PerturbationCoefficient * _options.Scale : 0 };
        }
        else if (_options.Mechanism == PrivacyMechanism.DiscreteGaussian)
        {
            query = PrepareGrid(query);
        }
        else
        {
            // Of the mean where its count is public, else of the pair.
            double sensitivityOfMean = _options.Sensitivity ?? SensitivityBound(Math.Max(1, vectors.Count));
            query = query with { Sigma = GaussianCalibration.RequireFinite((countIsPublic ? sensitivityOfMean : sensitivity) * NoiseMultiplier) };
        }

        double squaredMu = query.Unit > 0
            ? DiscreteGaussianGuarantee.SquaredMu(query.Sensitivity, query.Sigma, 1)
            : 1 / (NoiseMultiplier * NoiseMultiplier);

        // The noise for one relation tells something about the other too: a pair's sum moves by 2 where a unit is exchanged.
        double Squared(double other) => squaredMu * (other / sensitivity) * (other / sensitivity);
        return query with
        {
            Charge = new PrivacyCharge(
                cluster.Id,
                modality,
                _options.Mechanism,
                _options.Neighboring,
                _options.Unit,
                Squared(ReplacementSensitivity),
                countIsPublic ? null : Squared(PresenceSensitivity),
                vectors.Contributors),
        };
    }

    private Query PrepareGrid(Query query)
    {
        int count = query.Vectors.Count;
        double sensitivity = _options.Sensitivity is double given ? given * count : query.Sensitivity;

        // Coarsen only where the noise would leave the sampler's range; this depends on public parameters alone.
        int bits = GridBits;
        while (bits > 1 && NoiseMultiplier * Math.Max(4, sensitivity) * (1L << bits) > DiscreteGaussianSampler.MaximumSigma)
        {
            bits--;
        }

        // The caller's sensitivity is that of the mean before rounding, which moves each coordinate by less than a step.
        long unit = 1L << bits;
        double gridSensitivity = sensitivity * unit + (_options.Sensitivity is null ? 0 : 2 * Math.Sqrt(query.Vectors.Dimension));
        double gridSigma = DiscreteGaussianGuarantee.GridSigma(gridSensitivity, NoiseMultiplier);
        if (!(gridSigma <= DiscreteGaussianSampler.MaximumSigma))
        {
            throw new QosValuationException(Faults.SigmaOutOfRange, "The discrete Gaussian cannot express that much noise; use a larger ε or a smaller sensitivity, or AnalyticGaussian.", gridSigma);
        }

        return query with { Sensitivity = gridSensitivity, Sigma = gridSigma, Unit = unit };
    }

    private DpPrototype Draw(Query query)
    {
        if (query.Unit > 0)
        {
            return DrawDiscrete(query);
        }

        double[] sum = query.Vectors.Sum(clip: _options.Mechanism != PrivacyMechanism.ImageDp);
        double sigma = query.Sigma;
        if (query.CountIsPublic)
        {
            int n = query.Vectors.Count;
            float[] mean = Array.ConvertAll(sum, x => (float)(sigma > 0 ? x / n + sigma * _random.NextNormal() : x / n));
            double sensitivity = _options.Mechanism == PrivacyMechanism.ImageDp ? double.NaN : _options.Sensitivity ?? SensitivityBound(n);
            return Describe(query, mean, n, sensitivity, sigma, 0);
        }

        int count = ToCount(query.Vectors.Count + sigma * _random.NextNormal() / CountWeight);
        float[] vector = Array.ConvertAll(sum, x => (float)((x + sigma * _random.NextNormal()) / count));
        return Describe(query, vector, count, query.Sensitivity / count, sigma / count, 0);
    }

    private DpPrototype DrawDiscrete(Query query)
    {
        var sampler = new DiscreteGaussianSampler((long)query.Sigma, _random);

        // The noisy count is an exact integer in half units before anything is rounded.
        int count = query.CountIsPublic
            ? query.Vectors.Count
            : ToCount(checked(query.Vectors.Count * (query.Unit / 2) + sampler.Sample()) / (CountWeight * query.Unit));
        double divisor = (double)count * query.Unit;
        float[] vector = Array.ConvertAll(query.Vectors.GridSum(query.Unit), sum => (float)(checked(sum + sampler.Sample()) / divisor));

        // A sensitivity of the caller's is told as given, unless what truncation onto the grid adds to it would show.
        double onGrid = query.Sensitivity / divisor;
        double sensitivity = _options.Sensitivity is double given && onGrid <= given * (1 + SensitivityTolerance) ? given : onGrid;
        return Describe(query, vector, count, sensitivity, query.Sigma / divisor, 1 / divisor);
    }

    private DpPrototype Describe(Query query, float[] vector, int count, double sensitivity, double sigma, double gridStep)
    {
        bool isFormalMechanism = _options.Mechanism != PrivacyMechanism.ImageDp;
        return new DpPrototype
        {
            ClusterId = query.Cluster.Id,
            Modality = query.Modality,
            Vector = vector,
            Count = count,
            Epsilon = isFormalMechanism ? _options.Epsilon : double.NaN,
            Delta = isFormalMechanism ? _options.Delta : double.NaN,
            Sensitivity = sensitivity,
            Sigma = sigma,
            Mechanism = _options.Mechanism,
            IsFormal = IsFormal,
            HasNoisyCount = !query.CountIsPublic,
            Neighboring = _options.Neighboring,
            Unit = _options.Unit,
            GridStep = gridStep,
            Contributors = query.CountIsPublic ? query.Vectors.Contributors : [],
        };
    }

    private static int ToCount(double noisy) => (int)Math.Clamp(Math.Round(noisy), 1, int.MaxValue);

    private static void RequireNonNegative(double value, string name)
    {
        if (!(value >= 0) || !double.IsFinite(value))
        {
            throw new QosValuationException(Faults.PerturbationOutOfRange, $"The {name} is {value}; give a finite number of at least 0.", value);
        }
    }

    /// <summary>A release that is ready to be charged and drawn.</summary>
    /// <param name="Cluster">The cluster.</param>
    /// <param name="Modality">The modality.</param>
    /// <param name="Vectors">What the records or contributors give.</param>
    /// <param name="CountIsPublic">Whether their number is released as it is, or with noise beside the sum.</param>
    /// <param name="Sensitivity">How far the sum, or the pair of sum and count, of neighbours lie apart; in grid steps where there is a grid.</param>
    /// <param name="Sigma">The noise of the mean (public count), of the pair, or in grid steps.</param>
    /// <param name="Unit">Grid steps in 1; 0 without a grid.</param>
    internal sealed record Query(SemanticCluster Cluster, Modality Modality, RecordVectors Vectors, bool CountIsPublic, double Sensitivity, double Sigma, long Unit)
    {
        /// <summary>What the release costs.</summary>
        public PrivacyCharge Charge { get; init; } = null!;
    }
}
