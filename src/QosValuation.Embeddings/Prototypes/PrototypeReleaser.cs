using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Budgets;
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
    /// <summary>The weight of the count beside the sum where the count is private. It costs 12 % more noise on the sum under AddRemove.</summary>
    public const double CountWeight = MeanQuery.CountWeight;

    private readonly PrototypeReleaseOptions _options;
    private readonly RandomSource _random;
    private readonly PrivacyBudgetStore? _budget;
    private readonly INoiseMechanism _mechanism;

    /// <summary>Creates a releaser and calibrates its noise. O(1).</summary>
    /// <param name="options">The mechanism and its parameters.</param>
    /// <param name="random">The source of the noise; cryptographic for a real release.</param>
    /// <param name="budget">The budget that every release is charged to before its noise is drawn; null for none. Not disposed of here.</param>
    /// <exception cref="QosValuationException">
    /// <c>EpsilonOutOfRange</c>, <c>DeltaOutOfRange</c>, <c>SensitivityOutOfRange</c>, <c>PerturbationOutOfRange</c>,
    /// <c>MaximumRecordsOutOfRange</c> or <c>MechanismNotSupported</c>. With a budget: <c>PrivacyBudgetNotApplicable</c> for what it
    /// cannot account for (a mechanism that is not formal, a sensitivity of the caller's, a source that is not cryptographic, a unit or relation it does
    /// not cover).
    /// </exception>
    public PrototypeReleaser(PrototypeReleaseOptions options, RandomSource random, PrivacyBudgetStore? budget = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        _options = options;
        _random = random;
        _budget = budget;
        _mechanism = NoiseMechanisms.Of(options.Mechanism);
        if (budget is not null)
        {
            RequireApplicable(budget);
        }

        if (options.MaximumRecordsPerContributor < 1)
        {
            throw new QosValuationException(
                Faults.MaximumRecordsOutOfRange,
                $"A contributor must be allowed at least 1 record, not {options.MaximumRecordsPerContributor}.",
                options.MaximumRecordsPerContributor);
        }

        if (_mechanism.HasSensitivity && options.Sensitivity is double sensitivity)
        {
            GaussianCalibration.RequireSensitivity(sensitivity);
        }

        NoiseMultiplier = _mechanism.Multiplier(options.Noise);
        ExactDelta = _mechanism.ExactDelta(options.Noise);
    }

    /// <summary>σ/Δ: the noise for one unit of sensitivity; NaN for a mechanism without one.</summary>
    public double NoiseMultiplier { get; }

    /// <summary>The δ that the noise really keeps at the given ε: the requested one, or the exact one of ClassicGaussian; NaN without a guarantee.</summary>
    public double ExactDelta { get; }

    /// <summary>
    /// Whether releases carry the requested (ε, δ) guarantee; false without a formal mechanism, for ClassicGaussian where its formula
    /// fails (large ε), and for noise that can be drawn again because it comes from a seed.
    /// </summary>
    public bool IsFormal => ExactDelta <= _options.Delta && _random.IsCryptographic;

    /// <summary>The largest distance between the means of n and of a neighbouring dataset's records: 2/n for both relations, with a public count.</summary>
    /// <param name="count">n, at least 1.</param>
    /// <returns>2/n.</returns>
    /// <remarks>Replacing moves the mean by ‖x − y‖/n ≤ 2/n; removing by ‖x − mean of the others‖/n ≤ 2/n; adding by at most 2/(n + 1).</remarks>
    public static double SensitivityBound(int count) => MeanQuery.SensitivityOfMean(count);

    /// <summary>Releases the prototypes of one cluster: image first, then text; none for a modality without records. O(members·d).</summary>
    /// <param name="cluster">The cluster with its members. One of a public centroid may be empty, and gives a prototype for each modality of its
    /// grouping.</param>
    /// <returns>At most one prototype a modality.</returns>
    /// <exception cref="QosValuationException">As <see cref="Prepare(SemanticCluster)"/>.</exception>
    /// <exception cref="PrivacyBudgetException">The budget does not allow the release, or could not be charged: nothing was drawn.</exception>
    public IReadOnlyList<DpPrototype> Release(SemanticCluster cluster)
    {
        PreparedRelease prepared = Prepare(cluster);
        Charge([prepared]);
        return [.. Draw(prepared)];
    }

    /// <summary>
    /// Finds what is to be released of a cluster, and everything that can be wrong with it, before anything is charged or drawn. O(members·d).
    /// </summary>
    /// <param name="cluster">The cluster.</param>
    /// <returns>What <see cref="Charge"/> charges and <see cref="Draw"/> draws.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ClusterWithoutMembers</c>, <c>ContributorMissing</c>, <c>SensitivityNotApplicable</c> or the fault of a member such as
    /// <c>EmbeddingNotFinite</c>; <c>SigmaOutOfRange</c> where the noise lies beyond the range of a double, or of the grid of DiscreteGaussian.
    /// </exception>
    public PreparedRelease Prepare(SemanticCluster cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        return new PreparedRelease(cluster, FindQueries(cluster));
    }

    /// <summary>Charges releases to the budget, all or none, in one transaction that is on disk afterwards; nothing without a budget.</summary>
    /// <param name="releases">What is to be drawn next.</param>
    /// <exception cref="PrivacyBudgetException">As <see cref="PrivacyBudgetStore.Charge"/>: none of them was charged.</exception>
    public void Charge(IReadOnlyList<PreparedRelease> releases)
    {
        ArgumentNullException.ThrowIfNull(releases);
        PrivacyCharge[] charges = [.. releases.SelectMany(release => release.Charges)];
        if (charges.Length > 0)
        {
            _budget?.Charge(charges);
        }

        foreach (PreparedRelease release in releases)
        {
            release.IsCharged = true;
        }
    }

    /// <summary>Draws the prototypes of a prepared release, one after another. Where there is a budget, it must have been charged. O(members·d).</summary>
    /// <param name="release">The release.</param>
    /// <returns>At most one prototype a modality, image first.</returns>
    /// <exception cref="InvalidOperationException">The release was not charged, or was drawn before: a second draw would cost again.</exception>
    public IEnumerable<DpPrototype> Draw(PreparedRelease release)
    {
        ArgumentNullException.ThrowIfNull(release);
        if (_budget is not null && !release.IsCharged)
        {
            throw new InvalidOperationException($"The release of cluster {release.Cluster.Id} was not charged.");
        }

        return DrawOnce(release);
    }

    private IEnumerable<DpPrototype> DrawOnce(PreparedRelease release)
    {
        foreach (Query query in release.Take())
        {
            yield return DrawQuery(query);
        }
    }

    /// <summary>The sums that a cluster's prototypes rest on, each with its noise.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <returns>One query a modality.</returns>
    internal List<Query> FindQueries(SemanticCluster cluster)
    {
        if (cluster.Members is null or [] && (!cluster.IsPublic || cluster.Count > 0))
        {
            throw new QosValuationException(
                Faults.ClusterWithoutMembers,
                $"Cluster {cluster.Id} carries no members, so it has no mean; pass clusters as Group-Embedding emits them, with their members.",
                cluster);
        }

        if (cluster.IsPublic && (_options.Sensitivity is not null || !_mechanism.HasSensitivity))
        {
            throw new QosValuationException(
                Faults.SensitivityNotApplicable,
                $"Cluster {cluster.Id} stands for a public centroid, so how many records it has is private: leave -Sensitivity out, and use a formal "
                + $"mechanism.",
                cluster);
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
                throw new QosValuationException(
                    Faults.ContributorMissing,
                    $"A record of cluster {cluster.Id} does not say who contributed it, so that it can neither be charged to a budget nor be averaged with the "
                    + $"contributor's others: set Contributor (Get-ClipEmbedding -Contributor).",
                    cluster);
            }

            RecordVectors vectors = _options.Unit == PrivacyUnit.Contributor ? records.ByContributor(_options.MaximumRecordsPerContributor) : records;
            queries.Add(Prepare(cluster, modality, vectors));
        }

        return queries;
    }

    private Query Prepare(SemanticCluster cluster, Modality modality, RecordVectors vectors)
    {
        bool countIsPublic = (_options.Neighboring == Neighboring.ReplaceOne && !cluster.IsPublic) || _options.Sensitivity is not null
            || !_mechanism.HasSensitivity;
        var mean = new MeanQuery(
            vectors, _options.Neighboring, _options.Unit, countIsPublic, modality == Modality.Image, _mechanism.HasSensitivity ? _options.Sensitivity : null);
        ICalibratedNoise noise = _mechanism.Calibrate(_options.Noise, mean);
        var label = new ReleaseLabel(_options.Mechanism.ToString(), modality.ToString(), cluster.Id);
        return new Query(cluster, modality, vectors, countIsPublic, noise, new PrivacyCharge(noise.Event, label, vectors.Contributors));
    }

    private DpPrototype DrawQuery(Query query)
    {
        NoisyMean released = query.Noise.Draw(_random);
        return new DpPrototype
        {
            ClusterId = query.Cluster.Id,
            Modality = query.Modality,
            Model = query.Cluster.ModelOf(query.Modality),
            Vector = released.Vector,
            Count = released.Count,
            Epsilon = _mechanism.IsFormal ? _options.Epsilon : double.NaN,
            Delta = _mechanism.IsFormal ? _options.Delta : double.NaN,
            Sensitivity = released.Sensitivity,
            Sigma = released.Sigma,
            Mechanism = _options.Mechanism,
            IsFormal = IsFormal,
            IsSeeded = !_random.IsCryptographic,
            HasNoisyCount = !query.CountIsPublic,
            Neighboring = _options.Neighboring,
            Unit = _options.Unit,
            GridStep = released.GridStep,
            Contributors = query.CountIsPublic ? query.Vectors.Contributors : [],
        };
    }

    /// <summary>Refuses releases that no charge could account for.</summary>
    private void RequireApplicable(PrivacyBudgetStore budget)
    {
        if (!_mechanism.IsFormal)
        {
            throw budget.NotApplicable($"{_mechanism.Name} has no guarantee, so no budget covers it: use DiscreteGaussian.");
        }

        if (_options.Sensitivity is not null)
        {
            throw budget.NotApplicable("With a sensitivity of your own the guarantee rests on what you know of the data, which a budget cannot account for: "
                + "leave -Sensitivity out.");
        }

        if (!_random.IsCryptographic)
        {
            throw budget.NotApplicable("Whoever knows the seed can take the noise away again, so that nothing is protected: leave -Seed out.");
        }

        budget.RequireUnit(_options.Unit);
    }

    /// <summary>A release that is ready to be charged and drawn.</summary>
    /// <param name="Cluster">The cluster.</param>
    /// <param name="Modality">The modality.</param>
    /// <param name="Vectors">What the records or contributors give.</param>
    /// <param name="CountIsPublic">Whether their number is released as it is, or with noise beside the sum.</param>
    /// <param name="Noise">The noise, calibrated and not drawn.</param>
    /// <param name="Charge">What the release costs.</param>
    internal sealed record Query(
        SemanticCluster Cluster, Modality Modality, RecordVectors Vectors, bool CountIsPublic, ICalibratedNoise Noise, PrivacyCharge Charge);
}

/// <summary>The prototypes of a cluster before they are charged and drawn.</summary>
public sealed class PreparedRelease
{
    private IReadOnlyList<PrototypeReleaser.Query>? _queries;

    internal PreparedRelease(SemanticCluster cluster, IReadOnlyList<PrototypeReleaser.Query> queries)
    {
        Cluster = cluster;
        _queries = queries;
        Charges = [.. queries.Select(query => query.Charge)];
    }

    /// <summary>The cluster.</summary>
    public SemanticCluster Cluster { get; }

    /// <summary>What each prototype costs, image first.</summary>
    public IReadOnlyList<PrivacyCharge> Charges { get; }

    /// <summary>Whether it may be drawn.</summary>
    internal bool IsCharged { get; set; }

    /// <summary>Gives what is to be drawn, once.</summary>
    /// <returns>One query a modality.</returns>
    internal IReadOnlyList<PrototypeReleaser.Query> Take()
    {
        IReadOnlyList<PrototypeReleaser.Query> queries = _queries
            ?? throw new InvalidOperationException($"The release of cluster {Cluster.Id} was drawn before.");
        _queries = null;
        return queries;
    }
}
