namespace QosValuation.Learning.Federated;

/// <summary>FedProx (Li et al., MLSys 2020, algorithm 2): FedAvg with μ/2·‖θ − θ_global‖² in each client's loss.</summary>
/// <remarks>μ is 0.01 in the iPFL authors' code, though its README says 0.1; the paper's best value on most of its data sets is 1 (section 5.3).</remarks>
public sealed class FedProxAlgorithm : IFederatedAlgorithm
{
    private const double AuthorsStrength = 0.01;
    private const double PaperStrength = 1;

    /// <inheritdoc/>
    public FederatedAlgorithm Name => FederatedAlgorithm.FedProx;

    /// <inheritdoc/>
    public FederatedProcess Start(FederatedContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new GlobalModelProcess(Name, context, context.Options.Proximal ?? (context.IsAuthors ? AuthorsStrength : PaperStrength));
    }
}
