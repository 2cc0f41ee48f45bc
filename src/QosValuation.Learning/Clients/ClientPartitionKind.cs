namespace QosValuation;

/// <summary>How records are dealt to the clients of a federation.</summary>
public enum ClientPartitionKind
{
    /// <summary>At random, the same number to each client.</summary>
    Iid,

    /// <summary>Label skew: each class is divided by shares from a Dirichlet distribution (Hsu et al. 2019; NIID-Bench).</summary>
    Dirichlet,

    /// <summary>Label skew: each client has a fixed number of classes (McMahan et al. 2017).</summary>
    Pathological,

    /// <summary>Sizes by shares from a Dirichlet distribution, labels alike.</summary>
    Quantity,

    /// <summary>Dealt at random; the vectors of each domain are shifted in a direction of its own, and so are its test vectors.</summary>
    FeatureShift,

    /// <summary>
    /// Clusters of tasks: each class is divided over clusters by shares from a Dirichlet distribution, and within a cluster by Dirichlet(10) (the
    /// authors' cluster-3-10).
    /// </summary>
    Cluster,

    /// <summary>Dealt at random; wrong labels, more of them from client to client.</summary>
    Noisy,
}
