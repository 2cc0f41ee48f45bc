namespace QosValuation;

/// <summary>How noise is added to a prototype. The number of a name enters the random streams of seeded measurements: append new names.</summary>
public enum PrivacyMechanism
{
    /// <summary>
    /// The Gaussian mechanism calibrated exactly (Balle &amp; Wang, ICML 2018), for every ε &gt; 0. Its floating-point noise can leak (Mironov 2012).
    /// </summary>
    AnalyticGaussian,

    /// <summary>
    /// The classic calibration of the paper's Eq. 21, σ = Δ√(2 ln(1.25/δ))/ε; proven for 0 &lt; ε &lt; 1 only. Its floating-point
    /// noise can leak (Mironov 2012).
    /// </summary>
    ClassicGaussian,

    /// <summary>
    /// The discrete Gaussian on an integer grid (Canonne, Kamath &amp; Steinke, 2020), drawn exactly and calibrated as tightly as AnalyticGaussian.
    /// </summary>
    DiscreteGaussian,

    /// <summary>The Image-DP baseline (arXiv 2410.07738): q·N(0, s²I) with no sensitivity and no formal guarantee.</summary>
    ImageDp,

    /// <summary>No noise: the mean as it is, for comparisons. It protects nothing, its loss is infinite, and no budget covers it.</summary>
    None,
}
