namespace QosValuation;

/// <summary>What a client of a model market pays for a model that it imports.</summary>
public enum ModelPayment
{
    /// <summary>As in iPFL (seed 003): what the import adds to the buyer's gain, less the penalty of its distance. Sellers gain by false costs.</summary>
    Marginal,

    /// <summary>The most that the seller could have asked. Truthful in costs.</summary>
    Critical,
}
