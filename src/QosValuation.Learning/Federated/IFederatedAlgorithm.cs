namespace QosValuation.Learning.Federated;

/// <summary>A federated algorithm. One a file; <see cref="FederatedAlgorithms"/> lists them.</summary>
public interface IFederatedAlgorithm
{
    /// <summary>The algorithm's name.</summary>
    FederatedAlgorithm Name { get; }

    /// <summary>Whether the imports come from an <see cref="ImportChoice"/>, and are paid for.</summary>
    bool IsTraded => false;

    /// <summary>How many models of a client are trained on its rows in a round: each costs privacy.</summary>
    int Trainings => 1;

    /// <summary>Whether it looks at a client's rows outside of training, so that private training does not make the run private.</summary>
    bool LooksAtRows => false;

    /// <summary>Begins a run at the common initial model.</summary>
    /// <param name="context">The clients, the learner, and what algorithms share.</param>
    /// <returns>The run's state.</returns>
    FederatedProcess Start(FederatedContext context);
}
