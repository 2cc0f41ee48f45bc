using QosValuation.Foundation.Numerics;

namespace QosValuation.Learning.Federated;

/// <summary>What one round of a federated run came to. Models are those of the run itself: read or copy them before the next round.</summary>
public sealed record FederatedRound
{
    /// <summary>The algorithm.</summary>
    public required FederatedAlgorithm Algorithm { get; init; }

    /// <summary>The round, from 1.</summary>
    public required int Round { get; init; }

    /// <summary>For each client the accuracy of its model on the test set, weighted by the client's label distribution; from 0 to 1.</summary>
    public required IReadOnlyList<double> Accuracy { get; init; }

    /// <summary>For each client the mean cross-entropy in nats on the same test set with the same weights.</summary>
    public required IReadOnlyList<double> Loss { get; init; }

    /// <summary>
    /// The weights with which client i (row) takes the model of client j (column). An entry off the diagonal that is not 0 is an import; the
    /// diagonal is the client's own part.
    /// </summary>
    public required SquareMatrix Graph { get; init; }

    /// <summary>d_ij = 1 − cos(θ_i − θ_0, θ_j − θ_0) from 0 to 2; null where the algorithm does not compute them.</summary>
    public SquareMatrix? Distances { get; init; }

    /// <summary>θ_0: the common initial model.</summary>
    public required ReadOnlyMemory<float> Initial { get; init; }

    /// <summary>The models that were evaluated, one for each client; one global model stands for all of them where there is one.</summary>
    public required IReadOnlyList<ReadOnlyMemory<float>> Evaluated { get; init; }

    /// <summary>The models that were shared: as trained, or as attackers and free riders left them.</summary>
    public required IReadOnlyList<ReadOnlyMemory<float>> Shared { get; init; }

    /// <summary>What the model step gave to each client: its proxy, cluster or global model for the next round. Empty where there is none.</summary>
    public IReadOnlyList<ReadOnlyMemory<float>> Received { get; init; } = [];

    /// <summary>Whether client i imported from client j.</summary>
    /// <param name="client">i, from 0.</param>
    /// <param name="other">j, from 0.</param>
    /// <returns>True where the graph has an entry that is not 0, off the diagonal.</returns>
    public bool HasImport(int client, int other) => client != other && Graph[client, other] != 0;

    /// <summary>How many models a client imported. O(n).</summary>
    /// <param name="client">From 0.</param>
    /// <returns>The number of entries of its row, off the diagonal, that are not 0.</returns>
    public int Imports(int client)
    {
        ReadOnlySpan<double> row = Graph.Row(client);
        return row.Length - row.Count(0.0) - (row[client] == 0 ? 0 : 1);
    }
}
