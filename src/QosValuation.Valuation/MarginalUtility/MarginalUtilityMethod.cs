namespace QosValuation;

/// <summary>How marginal utilities are measured.</summary>
public enum MarginalUtilityMethod
{
    /// <summary>Exact Shapley values of the K-nearest-neighbour classifier, O(n log n) a test point (Jia et al. 2019).</summary>
    KnnShapley,

    /// <summary>The same where the utility is the mean match of the neighbours that there are, and 1/C of none (Wang and Jia 2023).</summary>
    SoftKnnShapley,

    /// <summary>Exact Shapley values of the hard vote weighted by whole numbers, O(n²) a test point (Wang, Mittal and Jia 2024).</summary>
    WeightedKnnShapley,

    /// <summary>Exact Shapley values of the mean match within a distance, O(n) a test point; can be made private (Wang et al. 2023).</summary>
    ThresholdKnnShapley,

    /// <summary>The utility of all without the player's absence: U(all) − U(all but the player).</summary>
    LeaveOneOut,

    /// <summary>Shapley values: the mean marginal utility over orders of arrival (Ghorbani and Zou 2019).</summary>
    Shapley,

    /// <summary>Beta(α, β) semivalues, which weigh coalitions by size (Kwon and Zou 2022).</summary>
    BetaShapley,

    /// <summary>Banzhaf values: the mean marginal utility over coalitions (Wang and Jia 2023).</summary>
    Banzhaf,

    /// <summary>The first-order change of the test loss when a point is left out, with the sign of a utility (Koh and Liang 2017).</summary>
    Influence,

    /// <summary>The change of the test loss after one Newton step on the data that remain.</summary>
    NewtonStep,

    /// <summary>The inner products of a point's gradient with the test gradient along gradient descent (Pruthi et al. 2020).</summary>
    TracIn,
}
