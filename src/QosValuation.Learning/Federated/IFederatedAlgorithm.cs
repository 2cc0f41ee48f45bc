namespace QosValuation.Learning.Federated;

/// <summary>A federated algorithm. One a file; <see cref="FederatedAlgorithms"/> lists them.</summary>
public interface IFederatedAlgorithm
{
    /// <summary>The algorithm's name.</summary>
    FederatedAlgorithm Name { get; }

    /// <summary>Whether the imports come from an <see cref="ImportChoice"/>, and are paid for.</summary>
    bool IsTraded => false;

    /// <summary>Begins a run at the common initial model.</summary>
    /// <param name="context">The clients, the learner, and what algorithms share.</param>
    /// <returns>The run's state.</returns>
    FederatedProcess Start(FederatedContext context);
}
