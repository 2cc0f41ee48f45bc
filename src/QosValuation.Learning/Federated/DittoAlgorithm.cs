using QosValuation.Foundation.Numerics;

namespace QosValuation.Learning.Federated;

/// <summary>Ditto (Li et al., ICML 2021, algorithm 1): FedAvg, and for each client a personal model with λ/2·‖v − θ_global‖². λ is 1 by default.</summary>
/// <remarks>The personal models are what is measured. Both train towards, or from, the global model at the round's start. Twice the training.</remarks>
public sealed class DittoAlgorithm : IFederatedAlgorithm
{
    private const double DefaultStrength = 1;

    /// <inheritdoc/>
    public FederatedAlgorithm Name => FederatedAlgorithm.Ditto;

    /// <inheritdoc/>
    public int Trainings => 2;

    /// <inheritdoc/>
    public FederatedProcess Start(FederatedContext context) => new Process(context);

    private sealed class Process(FederatedContext context) : FederatedProcess
    {
        private readonly ParameterMatrix _models = context.NewModels();
        private readonly ParameterMatrix _personal = context.NewModels();
        private readonly ParameterMatrix _global = GlobalModelProcess.NewGlobal(context);

        public override FederatedRound Next(int round, CancellationToken cancellationToken)
        {
            double strength = context.Options.Proximal ?? DefaultStrength;
            context.Train(round, _personal, _ => new ProximalTerm(_global.Rows[0], strength), cancellationToken, isPersonal: true);
            _models.Fill(_global[0]);
            context.Train(round, _models, term: null, cancellationToken);
            (double[] accuracy, double[] loss) = context.Measure(_personal.Rows, cancellationToken);
            context.Manipulate(round, _models);
            SquareMatrix graph = GlobalModelProcess.AverageInto(context, _models, _global[0]);
            return new FederatedRound
            {
                Algorithm = FederatedAlgorithm.Ditto,
                Round = round,
                Accuracy = accuracy,
                Loss = loss,
                Graph = graph,
                Initial = context.Initial,
                Evaluated = _personal.Rows,
                Shared = _models.Rows,
                Received = context.ForAll(_global.Rows[0]),
            };
        }

        public override void Visit(FederatedState state)
        {
            state.Visit(_global);
            state.Visit(_personal);
        }
    }
}
