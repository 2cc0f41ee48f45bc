using QosValuation.Foundation.Numerics;

namespace QosValuation.Learning.Federated;

/// <summary>pFedGraph (Ye et al., ICML 2023).</summary>
/// <remarks>
/// The weights of client i minimise α‖x‖² + (d_i − 2αp)·x over the probability simplex, with p the shares by size and d_ij = −cos of the updates;
/// α = 0.8. That is the point of the simplex nearest to p − d_i/(2α), so that no solver is needed. The mean with these weights is the client's next
/// model and the anchor of its local term λ·cos(θ, a), λ = 0.01, from round 2 on. α and λ are those of its authors' code (MediaBrain-SJTU/pFedGraph).
/// The sign of the term is + in that code and in the iPFL authors', which turns models away from their anchors; the paper means them to be
/// alike, and under its defaults the sign is −. The anchor is the iPFL authors': pFedGraph's code takes the mean of the models scaled to length 1, and
/// counts a cosine above 0.9 as 1. Weights below 10⁻⁵/n are none. O(n²·(p + log n)).
/// </remarks>
public sealed class PFedGraphAlgorithm : IFederatedAlgorithm
{
    private const double Alpha = 0.8;
    private const double DefaultStrength = 0.01;
    private const double Smallest = 1e-5;

    /// <inheritdoc/>
    public FederatedAlgorithm Name => FederatedAlgorithm.PFedGraph;

    /// <inheritdoc/>
    public FederatedProcess Start(FederatedContext context) => new Process(context);

    /// <summary>The weights of one client. O(n log n).</summary>
    /// <param name="shares">p, the clients' shares by size.</param>
    /// <param name="distances">1 − cos of the client's update and each other; 0 for its own.</param>
    /// <param name="weights">Receives the weights, which sum to 1.</param>
    internal static void Solve(IReadOnlyList<double> shares, ReadOnlySpan<double> distances, Span<double> weights)
    {
        for (int j = 0; j < weights.Length; j++)
        {
            weights[j] = shares[j] - ((distances[j] - 1) / (2 * Alpha));
        }

        SimplexProjection.Project(weights);
        double sum = 0;
        for (int j = 0; j < weights.Length; j++)
        {
            weights[j] = weights[j] < Smallest / weights.Length ? 0 : weights[j];
            sum += weights[j];
        }

        for (int j = 0; j < weights.Length; j++)
        {
            weights[j] /= sum;
        }
    }

    private sealed class Process(FederatedContext context) : FederatedProcess
    {
        private readonly ParameterMatrix _models = context.NewModels();
        private readonly ParameterMatrix _anchors = context.NewModels();

        public override FederatedRound Next(int round, CancellationToken cancellationToken)
        {
            double strength = (context.Options.Proximal ?? DefaultStrength) * (context.IsAuthors ? 1 : -1);
            var shared = new ParameterMatrix(context.Count, _models.Width);
            shared.CopyFrom(_models);
            context.Train(round, shared, round == 1 ? null : i => new CosineTerm(_anchors.Rows[i], strength), cancellationToken);
            SharedModels told = context.Share(round, shared, cancellationToken);
            SquareMatrix distances = context.Distances(shared, cancellationToken);
            var graph = new SquareMatrix(context.Count);
            context.ForEachClient(i => Solve(context.Shares, distances.Row(i), graph.Row(i)), cancellationToken);
            context.Mix(graph, shared, _models, cancellationToken);
            _anchors.CopyFrom(_models);
            return told.End(graph, distances, _models);
        }

        // The anchors are the models at a round's start.
        public override void Visit(FederatedState state)
        {
            state.Visit(_models);
            _anchors.CopyFrom(_models);
        }
    }
}
