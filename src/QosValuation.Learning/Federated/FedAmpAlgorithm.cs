using QosValuation.Foundation.Numerics;

namespace QosValuation.Learning.Federated;

/// <summary>FedAMP with cosine attention (Huang et al., AAAI 2021, "HeurFedAMP").</summary>
/// <remarks>
/// A client's cluster model is 0.3 of its own model and 0.7 of the others' by exp(10·cos); from round 2 on the client trains with
/// λ/2·‖θ − u_i‖², λ = 0.01. The numbers 0.3, 10 and 0.01 are the iPFL authors'; the FedAMP paper leaves its weights to be tuned. The cosines are
/// those of the updates from the common initial model in the iPFL authors' code, and those of the models themselves in the paper. As in the iPFL
/// authors' code, an attention below 10⁻⁴/n counts as none. O(n²·p).
/// </remarks>
public sealed class FedAmpAlgorithm : IFederatedAlgorithm
{
    private const double SelfWeight = 0.3;
    private const double Sharpness = 10;
    private const double Smallest = 1e-4;
    private const double DefaultStrength = 0.01;

    /// <inheritdoc/>
    public FederatedAlgorithm Name => FederatedAlgorithm.FedAmp;

    /// <inheritdoc/>
    public FederatedProcess Start(FederatedContext context) => new Process(context);

    /// <summary>The weights of the cluster models. O(n²).</summary>
    /// <param name="distances">1 − cos, n × n.</param>
    /// <returns>The weights; each row sums to 1.</returns>
    internal static SquareMatrix Attention(SquareMatrix distances)
    {
        int n = distances.Count;
        var graph = new SquareMatrix(n);
        for (int i = 0; i < n; i++)
        {
            Span<double> row = graph.Row(i);
            double sum = 0;
            for (int j = 0; j < n; j++)
            {
                double attention = Math.Exp(Sharpness * (1 - distances[i, j]));
                row[j] = i == j || attention < Smallest / n ? 0 : attention;
                sum += row[j];
            }

            for (int j = 0; j < n && sum > 0; j++)
            {
                row[j] *= (1 - SelfWeight) / sum;
            }

            row[i] = sum > 0 ? SelfWeight : 1;
        }

        return graph;
    }

    private sealed class Process(FederatedContext context) : FederatedProcess
    {
        private readonly ParameterMatrix _models = context.NewModels();
        private readonly ParameterMatrix _clusters = context.NewModels();

        public override FederatedRound Next(int round, CancellationToken cancellationToken)
        {
            double strength = context.Options.Proximal ?? DefaultStrength;
            context.Train(round, _models, round == 1 ? null : i => new ProximalTerm(_clusters.Rows[i], strength), cancellationToken);
            SharedModels told = context.Share(round, _models, cancellationToken);
            SquareMatrix distances = context.IsAuthors
                ? context.Distances(_models, cancellationToken)
                : ModelDistances.Cosine(_models.Rows, default, context.Options.MaxDegreeOfParallelism, cancellationToken);
            SquareMatrix graph = Attention(distances);
            context.Mix(graph, _models, _clusters, cancellationToken);
            return told.End(graph, context.IsAuthors ? distances : null, _clusters);
        }

        public override void Visit(FederatedState state)
        {
            state.Visit(_models);
            state.Visit(_clusters);
        }
    }
}
