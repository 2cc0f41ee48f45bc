using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Federated;
using QosValuation.Learning.Learners;
using QosValuation.Markets.Clients;

namespace QosValuation.Markets.Models;

/// <summary>
/// A model market, round by round: clients train, models are traded (under <see cref="FederatedAlgorithm.Ipfl"/>) or shared (under the others), and
/// everyone's accuracy and utility are told.
/// </summary>
/// <remarks>Under the others payments are 0: gains count all whose models a client takes, and each export costs c, as in the authors' code.</remarks>
public static class ModelMarketRun
{
    // Streams of the probes lie apart from those of training.
    private const ulong ProbeStream = 0x4D6F64656CUL;

    /// <summary>Runs a market. Rows leave as each round is ready, client by client.</summary>
    /// <param name="members">The clients.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told how many trainings of a client are done, over all algorithms and rounds.</param>
    /// <param name="noise">The noise of a private market, where it has been calibrated for these clients and options; null finds it.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>n rows a round.</returns>
    /// <exception cref="QosValuationException">What clients, settings, training and trade refuse; <c>ModelMarketCheckpointNotValid</c>.</exception>
    public static IEnumerable<ModelMarketRound> Run(
        IReadOnlyList<ModelClient> members,
        ModelMarketOptions options,
        IProgress<long>? progress = null,
        ModelMarketNoise? noise = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(members);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        ModelFederation federation = ModelFederation.Of(members);
        TraderColumns traders = TraderColumns.Of([.. members.Select(ModelTrader.Of)]);
        traders.Validate();
        ILearner learner = LearnerOf(federation, options);
        noise ??= ModelMarketNoise.Calibrate(members, options, cancellationToken);
        return Rounds(learner, federation, traders, options, noise, progress, cancellationToken);
    }

    /// <summary>Refuses a learner that does not fit the clients, as <see cref="Run"/> would.</summary>
    /// <param name="members">The clients.</param>
    /// <param name="options">The market.</param>
    /// <exception cref="QosValuationException">What clients and learners refuse.</exception>
    public static void RequireLearner(IReadOnlyList<ModelClient> members, ModelMarketOptions options)
    {
        ArgumentNullException.ThrowIfNull(members);
        ArgumentNullException.ThrowIfNull(options);
        (LearnerOf(ModelFederation.Of(members), options) as IDisposable)?.Dispose();
    }

    private static ILearner LearnerOf(ModelFederation federation, ModelMarketOptions options) =>
        options.Choice.Create(federation.Features, federation.Classes.Count);

    private static IEnumerable<ModelMarketRound> Rounds(
        ILearner learner,
        ModelFederation federation,
        TraderColumns traders,
        ModelMarketOptions options,
        ModelMarketNoise? noise,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        long done = 0;
        using var sessions = learner as IDisposable;
        ModelMarketRules rules = options.Rules with { Lambda = options.Federated.Lambda, MaxDegreeOfParallelism = options.Federated.MaxDegreeOfParallelism };
        int[][] imports = [];
        FederatedRun[] runs =
        [
            .. options.Algorithms.Select(algorithm => new FederatedRun(
                learner,
                federation.Clients,
                noise?.Federated(algorithm) ?? options.Federated with { Algorithm = algorithm },
                (distances, token) => imports = ModelMarketplace.Choose(traders, distances, rules, token),
                () => progress?.Report(Interlocked.Increment(ref done)))),
        ];
        ModelMarketCheckpoint? checkpoint = options.CheckpointPath is null ? null : new(options, traders, runs);
        foreach (ModelMarketRound row in (checkpoint?.Open() ?? []).Where(row => row.Round <= options.Rounds))
        {
            yield return row;
        }

        foreach (FederatedRun run in runs)
        {
            Interlocked.Add(ref done, (long)Math.Min(run.Round, options.Rounds) * traders.Count);
            while (run.Round < options.Rounds)
            {
                FederatedRound round = run.Next(cancellationToken);
                ModelMarketRound[] rows = Tell(federation, traders, rules, options, round, cancellationToken);
                checkpoint?.Add(run, rows, isLast: run.Round == options.Rounds);
                foreach (ModelMarketRound row in rows)
                {
                    yield return row;
                }
            }
        }
    }

    private static ModelMarketRound[] Tell(
        ModelFederation federation,
        TraderColumns traders,
        ModelMarketRules rules,
        ModelMarketOptions options,
        FederatedRound round,
        CancellationToken cancellationToken)
    {
        bool isTraded = FederatedAlgorithms.Find(round.Algorithm).IsTraded;
        ModelMarketClearing clearing = isTraded
            ? ModelMarketplace.Clear(traders, round.Distances!, rules, cancellationToken)
            : ModelMarketplace.Share(traders, [.. Enumerable.Range(0, traders.Count).Select(i => Importers(round, i))]);
        var random = RandomSource.Create(options.Federated.Seed, RandomStreams.Mix(ProbeStream, (ulong)round.Algorithm, (ulong)round.Round));
        ModelMarketCheck check = ModelMarketProbe.Check(traders, isTraded ? round.Distances : null, rules, clearing, random, cancellationToken);
        ModelMarketRound[] rows = ModelMarketRows.Of(traders, clearing, check, round.Algorithm, round.Round, rules, options.RunNumber);
        double[][]? graph = options.HasMatrices ? round.Graph.ToRows() : null;
        double[][]? distances = options.HasMatrices ? round.Distances?.ToRows() : null;
        double[][]? payments = options.HasMatrices ? clearing.Payment.ToRows() : null;
        double[][]? thresholds = options.HasMatrices && isTraded ? clearing.Thresholds.ToRows() : null;
        double[][] updates = options.HasMatrices ? [.. round.Shared.Select(model => ModelMarketRows.Update(model.Span, round.Initial.Span))] : [];
        double[]? initial = options.HasMatrices ? Array.ConvertAll(round.Initial.ToArray(), value => (double)value) : null;
        string[]? classes = options.HasMatrices ? [.. federation.Classes] : null;
        string[]? names = options.HasMatrices ? [.. traders.Names] : null;
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = rows[i] with
            {
                Accuracy = round.Accuracy[i],
                Loss = round.Loss[i],
                Epsilon = options.Privacy?.Epsilon ?? double.NaN,
                Delta = options.Privacy?.Delta ?? double.NaN,
                Unit = options.Privacy?.Unit,
                IsFormal = options.Privacy is not null && options.Federated.Seed is null,
                Clients = names,
                Graph = graph,
                Distance = distances,
                Payment = payments,
                Threshold = thresholds,
                Update = options.HasMatrices ? updates[i] : null,
                Initial = initial,
                Learner = options.HasMatrices ? options.Choice.Name : null,
                Hidden = options.HasMatrices ? [.. options.Choice.Hidden] : null,
                LearnerPath = options.HasMatrices ? options.Choice.Path : null,
                Trainable = options.HasMatrices ? [.. options.Choice.Trainable] : null,
                Features = options.HasMatrices ? federation.Features : 0,
                Classes = classes,
                Proxy = options.HasMatrices && isTraded ? ModelMarketRows.Proxy(traders, clearing, updates, i, options.Federated.Eta) : null,
            };
        }

        return rows;
    }

    private static int[] Importers(FederatedRound round, int client) =>
        [.. Enumerable.Range(0, round.Graph.Count).Where(other => round.HasImport(client, other))];
}
