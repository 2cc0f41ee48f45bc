using QosValuation.Foundation.Numerics;

namespace QosValuation.Learning.Federated;

/// <summary>What clients share in a round: their models, measured as they were trained, and then as attackers left them.</summary>
/// <param name="Context">The run.</param>
/// <param name="Number">The round, from 1.</param>
/// <param name="Accuracy">Of each client's model before manipulation.</param>
/// <param name="Loss">The same models' mean cross-entropy.</param>
/// <param name="Evaluated">The models before manipulation.</param>
/// <param name="Models">The models after it.</param>
internal sealed record SharedModels(
    FederatedContext Context,
    int Number,
    IReadOnlyList<double> Accuracy,
    IReadOnlyList<double> Loss,
    IReadOnlyList<ReadOnlyMemory<float>> Evaluated,
    ParameterMatrix Models)
{
    /// <summary>Ends the round.</summary>
    /// <param name="graph">Who takes whose model.</param>
    /// <param name="distances">The distances of the models; null where there are none.</param>
    /// <param name="received">What each client goes on with.</param>
    /// <returns>The round.</returns>
    public FederatedRound End(SquareMatrix graph, SquareMatrix? distances, ParameterMatrix received) => new()
    {
        Algorithm = Context.Options.Algorithm,
        Round = Number,
        Accuracy = Accuracy,
        Loss = Loss,
        Graph = graph,
        Distances = distances,
        Initial = Context.Initial,
        Evaluated = Evaluated,
        Shared = Models.Rows,
        Received = received.Rows,
    };
}
