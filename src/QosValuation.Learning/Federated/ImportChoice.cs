using QosValuation.Foundation.Numerics;

namespace QosValuation.Learning.Federated;

/// <summary>Decides whose models each client imports in a round of <see cref="FederatedAlgorithm.Ipfl"/>. Prices are the market's to know.</summary>
/// <param name="distances">d_ij = 1 − cos of the clients' updates, n × n; not to be changed.</param>
/// <param name="cancellationToken">Stops the work.</param>
/// <returns>For each client the indices of those that it imports from, without itself.</returns>
public delegate IReadOnlyList<int[]> ImportChoice(SquareMatrix distances, CancellationToken cancellationToken);
