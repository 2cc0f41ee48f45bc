using System.Numerics.Tensors;
using QosValuation.Foundation.Numerics;

namespace QosValuation.Learning.Federated;

/// <summary>iPFL (seed 003; the authors' ipfl_utils.py and main.py, markets.md section 7).</summary>
/// <remarks>
/// A round: local training, from round 2 on with λ/(2η)·‖θ − m_i‖²; evaluation; manipulation; d_ij; the imports, which the market chooses; the
/// model step (<see cref="ModelStep"/>) with w_ij = N_j/N_i by reported sizes. The client keeps its own weights; m_i is a proxy, not a model. O(n²·p).
/// </remarks>
public sealed class IpflAlgorithm : IFederatedAlgorithm
{
    /// <inheritdoc/>
    public FederatedAlgorithm Name => FederatedAlgorithm.Ipfl;

    /// <inheritdoc/>
    public bool IsTraded => true;

    /// <inheritdoc/>
    public FederatedProcess Start(FederatedContext context) => new Process(context);

    private sealed class Process(FederatedContext context) : FederatedProcess
    {
        private readonly ParameterMatrix _models = context.NewModels();
        private readonly ParameterMatrix _proxies = context.NewModels();

        public override FederatedRound Next(int round, CancellationToken cancellationToken)
        {
            double strength = context.Options.Lambda / context.Options.Eta;
            context.Train(round, _models, round == 1 ? null : i => new ProximalTerm(_proxies.Rows[i], strength), cancellationToken);
            SharedModels told = context.Share(round, _models, cancellationToken);
            SquareMatrix distances = context.Distances(_models, cancellationToken);
            IReadOnlyList<int[]> imports = context.ImportChoice!(distances, cancellationToken);
            var graph = new SquareMatrix(context.Count);
            context.ForEachClient(i =>
            {
                double[] weights = Array.ConvertAll(imports[i], j => context.Clients[j].ReportedSize / context.Clients[i].ReportedSize);
                double[] proxy = new double[_models.Width];
                ModelStep.Take(
                    _models[i], context.Initial.Span, Array.ConvertAll(imports[i], j => _models.Rows[j]), weights, context.Options.Eta, proxy);
                TensorPrimitives.ConvertTruncating(proxy.AsSpan(), _proxies[i]);
                graph[i, i] = 1;
                for (int k = 0; k < weights.Length; k++)
                {
                    graph[i, imports[i][k]] = weights[k];
                }
            }, cancellationToken);
            return told.End(graph, distances, _proxies);
        }

        public override void Visit(FederatedState state)
        {
            state.Visit(_models);
            state.Visit(_proxies);
        }
    }
}
