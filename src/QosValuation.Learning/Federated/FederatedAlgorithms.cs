namespace QosValuation.Learning.Federated;

/// <summary>The federated algorithms, in the order of the enumeration.</summary>
public static class FederatedAlgorithms
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<IFederatedAlgorithm> All { get; } =
    [
        new IpflAlgorithm(),
        new LocalAlgorithm(),
        new FedAvgAlgorithm(),
        new FedProxAlgorithm(),
        new DittoAlgorithm(),
        new FedAmpAlgorithm(),
        new CflAlgorithm(),
        new FedFomoAlgorithm(),
        new PFedGraphAlgorithm(),
    ];

    /// <summary>Finds an algorithm.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The algorithm.</returns>
    /// <exception cref="QosValuationException"><c>FederatedAlgorithmUnknown</c>.</exception>
    public static IFederatedAlgorithm Find(FederatedAlgorithm name) =>
        All.FirstOrDefault(algorithm => algorithm.Name == name)
        ?? throw new QosValuationException(
            Faults.FederatedAlgorithmUnknown,
            $"'{name}' is no federated algorithm; there are {string.Join(", ", All.Select(algorithm => algorithm.Name))}.",
            name);
}
