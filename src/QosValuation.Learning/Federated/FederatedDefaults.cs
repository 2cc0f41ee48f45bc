namespace QosValuation;

/// <summary>Whose choices an algorithm follows where the iPFL authors' code and the algorithm's own paper differ.</summary>
public enum FederatedDefaults
{
    /// <summary>The code of the iPFL paper's authors (19dx/iPFL), with which its figures were made.</summary>
    Authors,

    /// <summary>The paper, or its authors' code, that each algorithm comes from.</summary>
    Paper,
}
