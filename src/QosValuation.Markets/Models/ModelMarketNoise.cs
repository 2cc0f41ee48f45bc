using QosValuation.Learning.Federated;
using QosValuation.Learning.Learners;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Budgets;

namespace QosValuation.Markets.Models;

/// <summary>
/// The noise of a private model market, and what each client is to be charged for it. All clients of an algorithm train with the same noise: that
/// which the client with the fewest records needs, whose records take part in most steps.
/// </summary>
/// <remarks>
/// A record takes part in a step with probability batch/records, in Rounds × Steps × Trainings steps (<see cref="IFederatedAlgorithm.Trainings"/>); a client
/// shares Rounds × Trainings updates. Numbers of records are taken as public. Test rows, costs, sizes and class weights are not protected.
/// </remarks>
public sealed class ModelMarketNoise
{
    private readonly IReadOnlyList<ModelClient> _trained;
    private readonly ModelMarketOptions _options;
    private readonly ModelMarketPrivacy _privacy;
    private readonly Dictionary<FederatedAlgorithm, double> _multipliers = [];

    private ModelMarketNoise(IReadOnlyList<ModelClient> trained, ModelMarketOptions options, ModelMarketPrivacy privacy)
    {
        _trained = trained;
        _options = options;
        _privacy = privacy;
    }

    /// <summary>Finds the least noise. O(algorithms · evaluations of the accountant), about ten each.</summary>
    /// <param name="members">The clients.</param>
    /// <param name="options">The market, with its privacy.</param>
    /// <param name="cancellationToken">Looked at between algorithms.</param>
    /// <returns>The noise; null for a market without privacy.</returns>
    /// <exception cref="QosValuationException">
    /// <c>EpsilonOutOfRange</c>, <c>DeltaOutOfRange</c>, <c>SigmaOutOfRange</c>, and what the settings refuse.
    /// </exception>
    public static ModelMarketNoise? Calibrate(
        IReadOnlyList<ModelClient> members, ModelMarketOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(members);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (options.Privacy is not ModelMarketPrivacy privacy)
        {
            return null;
        }

        var noise = new ModelMarketNoise([.. members.Where(member => FederatedClient.Trains(member.Attack))], options, privacy);
        int records = Math.Max(1, members.Min(member => member.Size));
        var known = new Dictionary<long, double>();
        foreach (FederatedAlgorithm algorithm in options.Algorithms)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long releases = noise.Releases(algorithm);
            if (!known.TryGetValue(releases, out double multiplier))
            {
                multiplier = privacy.Unit == PrivacyUnit.Record
                    ? PrivateTraining.Calibrate(
                        privacy.Epsilon, privacy.Delta, records, options.Federated.Training.BatchSize, releases).NoiseMultiplier
                    : PrivateUpdate.Calibrate(privacy.Epsilon, privacy.Delta, releases).NoiseMultiplier;
                known.Add(releases, multiplier);
            }

            noise._multipliers[algorithm] = multiplier;
        }

        return noise;
    }

    /// <summary>σ of an algorithm, in units of the clipping norm.</summary>
    /// <param name="algorithm">One of the market's algorithms.</param>
    /// <returns>σ &gt; 0.</returns>
    public double Multiplier(FederatedAlgorithm algorithm) => _multipliers[algorithm];

    /// <summary>What to charge before training begins: each training client, for each algorithm. O(algorithms · clients).</summary>
    /// <returns>The charges.</returns>
    public IReadOnlyList<PrivacyCharge> Charges() =>
    [
        .. _options.Algorithms.SelectMany(algorithm => _trained.Select(client =>
            new PrivacyCharge(EventOf(algorithm, client), new ReleaseLabel(Mechanism, algorithm.ToString()), [client.Contributor]))),
    ];

    /// <summary>The settings of an algorithm's run with the noise.</summary>
    /// <param name="algorithm">One of the market's algorithms.</param>
    /// <returns>The settings.</returns>
    internal FederatedOptions Federated(FederatedAlgorithm algorithm) => _privacy.Unit == PrivacyUnit.Record
        ? _options.Federated with { Algorithm = algorithm, Training = _options.Federated.Training with { Privacy = Training(algorithm) } }
        : _options.Federated with { Algorithm = algorithm, Sharing = Update(algorithm) };

    private string Mechanism => _privacy.Unit == PrivacyUnit.Record ? "DpSgd" : "PrivateUpdate";

    private long Releases(FederatedAlgorithm algorithm) =>
        (long)_options.Rounds * FederatedAlgorithms.Find(algorithm).Trainings * (_privacy.Unit == PrivacyUnit.Record ? _options.Federated.Training.Steps : 1);

    private PrivateTraining Training(FederatedAlgorithm algorithm) => new() { Clip = _privacy.ClippingNorm, NoiseMultiplier = Multiplier(algorithm) };

    private PrivateUpdate Update(FederatedAlgorithm algorithm) => new() { Clip = _privacy.ClippingNorm, NoiseMultiplier = Multiplier(algorithm) };

    private PrivacyEvent EventOf(FederatedAlgorithm algorithm, ModelClient client) => _privacy.Unit == PrivacyUnit.Record
        ? Training(algorithm).EventOf(client.Size, _options.Federated.Training.BatchSize, Releases(algorithm))
        : Update(algorithm).EventOf(Releases(algorithm));
}
