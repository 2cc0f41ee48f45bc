namespace QosValuation.Learning.Federated;

/// <summary>FedAvg (McMahan et al., AISTATS 2017, algorithm 1) with all clients in each round. O(n·p) beside the training.</summary>
public sealed class FedAvgAlgorithm : IFederatedAlgorithm
{
    /// <inheritdoc/>
    public FederatedAlgorithm Name => FederatedAlgorithm.FedAvg;

    /// <inheritdoc/>
    public FederatedProcess Start(FederatedContext context) => new GlobalModelProcess(Name, context, strength: 0);
}
