namespace QosValuation;

/// <summary>How the most similar of many clusters is found.</summary>
public enum NeighbourSearch
{
    /// <summary>Every cluster is compared.</summary>
    Exact,

    /// <summary>Above 100,000 clusters a graph of nearest neighbours proposes those that are compared; the recall is measured.</summary>
    Approximate,
}
