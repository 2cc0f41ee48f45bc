namespace QosValuation;

/// <summary>A concave function u of the product that a provider's value is (seed 002, section 4.2, risk-sensitive scoring).</summary>
public enum ConcaveUtility
{
    /// <summary>u(x) = x: no risk sensitivity.</summary>
    None,

    /// <summary>u(x) = √x, the paper's example.</summary>
    Sqrt,

    /// <summary>u(x) = ln(1 + x).</summary>
    Log,
}
