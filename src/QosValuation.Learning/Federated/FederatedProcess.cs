namespace QosValuation.Learning.Federated;

/// <summary>An algorithm at work: its state between rounds, and the step from one to the next.</summary>
public abstract class FederatedProcess
{
    /// <summary>Runs one round: local training, evaluation, manipulation, distances, graph, model step.</summary>
    /// <param name="round">The round, from 1.</param>
    /// <param name="cancellationToken">Stops the work; the state is then not to be used.</param>
    /// <returns>What came of it.</returns>
    public abstract FederatedRound Next(int round, CancellationToken cancellationToken);

    /// <summary>Tells what is kept from one round to the next, in a fixed order. Writing and reading walk the same list.</summary>
    /// <param name="state">Writes each part to a checkpoint, or reads it back into its place.</param>
    public abstract void Visit(FederatedState state);
}
