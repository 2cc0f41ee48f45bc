namespace QosValuation.Learning.Federated;

/// <summary>FedProx (Li et al., MLSys 2020): FedAvg with μ/2·‖θ − θ_global‖² in each client's loss.</summary>
/// <remarks>
/// μ is 0.01 in the iPFL authors' code, though its README says 0.1. FedProx's own code (litian96/FedProx) plots μ = 1 for three of its five data sets,
/// 0.001 and 0.01 for the others; its README says that no value fits all, and names 0.001, 0.01, 0.1, 0.5 and 1 to try.
/// </remarks>
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
