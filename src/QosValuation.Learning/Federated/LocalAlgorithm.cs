using QosValuation.Foundation.Numerics;

namespace QosValuation.Learning.Federated;

/// <summary>Each client trains alone; the graph is the identity.</summary>
public sealed class LocalAlgorithm : IFederatedAlgorithm
{
    /// <inheritdoc/>
    public FederatedAlgorithm Name => FederatedAlgorithm.Local;

    /// <inheritdoc/>
    public FederatedProcess Start(FederatedContext context) => new Process(context);

    private sealed class Process(FederatedContext context) : FederatedProcess
    {
        private readonly ParameterMatrix _models = context.NewModels();

        public override FederatedRound Next(int round, CancellationToken cancellationToken)
        {
            context.Train(round, _models, term: null, cancellationToken);
            (double[] accuracy, double[] loss) = context.Measure(_models.Rows, cancellationToken);
            var graph = new SquareMatrix(context.Count);
            for (int i = 0; i < context.Count; i++)
            {
                graph[i, i] = 1;
            }

            return new FederatedRound
            {
                Algorithm = FederatedAlgorithm.Local,
                Round = round,
                Accuracy = accuracy,
                Loss = loss,
                Graph = graph,
                Initial = context.Initial,
                Evaluated = _models.Rows,
                Shared = _models.Rows,
            };
        }

        public override void Visit(FederatedState state) => state.Visit(_models);
    }
}
