using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Budgets;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Valuation.Quality;

/// <summary>
/// Releases a contributor's quality with (ε, δ)-differential privacy for each document: the mean of the documents' own scores with discrete Gaussian
/// noise.
/// </summary>
/// <remarks>
/// <para>The exact score has no useful sensitivity: one document can move every cluster, and can make any number of others duplicates, so that its range 1
/// is the only bound. The private score is therefore the mean of one number s in [0, 1] a document: its weighted cleanliness (without duplicates),
/// novelty and metadata, which depend on that document and on public things alone. Diversity is left out and the weights are rescaled.</para>
/// <para>ReplaceOne: n is public and one document moves the mean by at most 1/n, which is the sensitivity. AddRemove: n is private; (Σx, n/2) of
/// x = 2s − 1 in [−1, 1] is released, as for prototypes, and the score is made of it. Everything else that would betray documents (counts, components,
/// the digest of the inputs) is left out of the result.</para>
/// </remarks>
public sealed class PrivateQualityReleaser
{
    private readonly NoiseParameters _noise;
    private readonly Neighboring _neighboring;
    private readonly RandomSource _random;
    private readonly PrivacyBudgetStore? _budget;
    private readonly INoiseMechanism _mechanism = NoiseMechanisms.Of(PrivacyMechanism.DiscreteGaussian);

    /// <summary>Creates a releaser.</summary>
    /// <param name="epsilon">ε &gt; 0 of each score.</param>
    /// <param name="delta">δ in (0, 1) of each score.</param>
    /// <param name="neighboring">Which sets of documents count as neighbours.</param>
    /// <param name="random">The source of the noise; cryptographic for a real release.</param>
    /// <param name="budget">The budget to charge before noise is drawn; null for none. Not disposed of here.</param>
    /// <exception cref="QosValuationException">
    /// <c>EpsilonOutOfRange</c>, <c>DeltaOutOfRange</c>; <c>PrivacyBudgetNotApplicable</c> for a budget that protects contributors, or noise from a seed.
    /// </exception>
    public PrivateQualityReleaser(double epsilon, double delta, Neighboring neighboring, RandomSource random, PrivacyBudgetStore? budget)
    {
        ArgumentNullException.ThrowIfNull(random);
        _noise = new NoiseParameters(epsilon, delta);
        _neighboring = neighboring;
        _random = random;
        _budget = budget;
        _mechanism.Multiplier(_noise);
        if (budget is not null && !random.IsCryptographic)
        {
            throw budget.NotApplicable("Whoever knows the seed can take the noise away again, so that nothing is protected: leave -Seed out.");
        }

        budget?.RequireUnit(PrivacyUnit.Record);
    }

    /// <summary>Measures and releases all scores, or none where the budget refuses one.</summary>
    /// <param name="estimator">The estimator with its documents.</param>
    /// <param name="progress">Receives the number of texts embedded; may be null.</param>
    /// <param name="cancellationToken">Stops the work; nothing is charged then.</param>
    /// <returns>A score a contributor.</returns>
    /// <exception cref="PrivacyBudgetException">The budget does not allow it, or could not be charged: nothing was drawn.</exception>
    public IReadOnlyList<DataQuality> Release(DataQualityEstimator estimator, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(estimator);
        (string Contributor, ICalibratedNoise Noise)[] releases = [.. estimator.Assess(progress, cancellationToken).Select(assessment =>
        {
            double[] scores = [.. assessment.Documents.Select((_, i) => 2 * estimator.ScoreOfDocument(assessment, i) - 1)];
            var query = new MeanQuery(
                new Scores(scores), _neighboring, PrivacyUnit.Record, _neighboring == Neighboring.ReplaceOne, IsImage: false);
            return (assessment.Contributor, _mechanism.Calibrate(_noise, query));
        })];
        _budget?.Charge([.. releases.Select(release =>
            new PrivacyCharge(release.Noise.Event, new ReleaseLabel(PrivacyMechanism.DiscreteGaussian.ToString(), "Quality"), [release.Contributor]))]);
        return [.. releases.Select(release => Draw(release.Contributor, release.Noise, estimator.Parameters))];
    }

    private DataQuality Draw(string contributor, ICalibratedNoise noise, DataQualityParameters parameters)
    {
        NoisyMean mean = noise.Draw(_random);
        return new DataQuality
        {
            Contributor = contributor,

            // Clipping after the noise costs no privacy.
            Quality = Math.Clamp((mean.Vector[0] + 1.0) / 2, 0, 1),
            Cleanliness = double.NaN,
            Errors = null,
            Tokens = null,
            Documents = mean.Count,
            Entropy = double.NaN,
            NormalizedEntropy = double.NaN,
            GiniSimpson = double.NaN,
            Novelty = double.NaN,
            Recency = double.NaN,
            Duplication = double.NaN,
            Metadata = double.NaN,
            ErrorCounts = default,
            ReferenceRecall = double.NaN,
            InputHash = string.Empty,
            Hash = QualityHash.Of(string.Empty, parameters),
            Parameters = parameters,
            Epsilon = _noise.Epsilon,
            Delta = _noise.Delta,
            Sensitivity = mean.Sensitivity / 2,
            Sigma = mean.Sigma / 2,
        };
    }

    /// <summary>Numbers in [−1, 1] as vectors of one component.</summary>
    private sealed class Scores(double[] values) : IRecordSum
    {
        public int Count => values.Length;

        public int Dimension => 1;

        public double[] Sum(bool clip) => [values.Sum(value => clip ? Math.Clamp(value, -1, 1) : value)];

        public long[] GridSum(long unit) => [values.Sum(value => (long)Math.Truncate(Math.Clamp(value, -1, 1) * unit))];
    }
}
