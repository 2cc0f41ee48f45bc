namespace QosValuation;

/// <summary>How a client of a model market decides whose models it imports.</summary>
public enum ModelGraphStep
{
    /// <summary>As in iPFL (seed 003): sellers by falling threshold, and the first that is not worth its price ends the search.</summary>
    Threshold,

    /// <summary>As Threshold, but a seller that is not worth its price is passed over and the search goes on.</summary>
    Skip,

    /// <summary>The set of sellers that is worth most, by branch and bound. For small markets.</summary>
    Optimal,
}
