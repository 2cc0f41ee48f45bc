namespace QosValuation;

/// <summary>How clients train models together.</summary>
public enum FederatedAlgorithm
{
    /// <summary>Incentivised personalised federated learning: each client imports the models that are worth their price (seed 003).</summary>
    Ipfl,

    /// <summary>Each client trains alone.</summary>
    Local,

    /// <summary>One global model, the mean of the clients' models by size (McMahan et al., AISTATS 2017).</summary>
    FedAvg,

    /// <summary>FedAvg whose clients stay near the global model (Li et al., MLSys 2020).</summary>
    FedProx,

    /// <summary>FedAvg, and beside it a personal model that stays near the global one (Li et al., ICML 2021).</summary>
    Ditto,

    /// <summary>Each client stays near a mean of the models that resemble its own (Huang et al., AAAI 2021).</summary>
    FedAmp,

    /// <summary>Clusters of clients, split where their updates disagree; a model a cluster (Sattler et al., IEEE TNNLS 2020).</summary>
    Cfl,

    /// <summary>Each client mixes the models that lower its own loss (Zhang et al., ICLR 2021).</summary>
    FedFomo,

    /// <summary>Each client's weights of the others solve a quadratic programme over sizes and distances (Ye et al., ICML 2023).</summary>
    PFedGraph,
}
