namespace QosValuation;

/// <summary>How the privacy losses of several releases are added up.</summary>
public enum PrivacyAccountant
{
    /// <summary>Gaussian differential privacy: exact for Gaussian noise, continuous or discrete, μ = √Σ(Δ/σ)² (Dong, Roth and Su 2022).</summary>
    Gdp,

    /// <summary>Rényi differential privacy with the best order (Mironov 2017); for Gaussian noise the same bound as Zcdp, found another way.</summary>
    Rdp,

    /// <summary>Zero-concentrated differential privacy, ρ = ΣΔ²/2σ², with the best order (Bun and Steinke 2016; Canonne, Kamath and Steinke 2020).</summary>
    Zcdp,

    /// <summary>
    /// The distribution of the privacy loss, composed numerically (Koskela, Jälkö and Honkela 2020; Doroshenko et al. 2022): within about 0.1 % of the
    /// exact ε for Gaussian noise on Poisson samples, and the same as Gdp without samples.
    /// </summary>
    Pld,
}

/// <summary>The privacy that a record loses to several releases together.</summary>
public sealed record PrivacyLoss
{
    /// <summary>ε of all releases together at <see cref="Delta"/>; 0 without releases, +∞ where one of them has no guarantee.</summary>
    public required double Epsilon { get; init; }

    /// <summary>δ in (0, 1) at which ε is stated.</summary>
    public required double Delta { get; init; }

    /// <summary>The number of releases.</summary>
    public required int Releases { get; init; }

    /// <summary>
    /// μ = √Σ(Δ/σ)², the total distance between neighbours in standard deviations; ρ = μ²/2. +∞ where a release has no guarantee, and
    /// NaN where a release was made of a Poisson sample, whose loss no single μ tells.
    /// </summary>
    public required double Mu { get; init; }

    /// <summary>
    /// The accountant that was used: Zcdp in place of Gdp and Pld where a release of the discrete Gaussian does not tell its grid; where a release was
    /// made of a Poisson sample, Pld in place of Gdp, and Rdp in place of Zcdp, and of all where both come together.
    /// </summary>
    public required PrivacyAccountant Accountant { get; init; }

    /// <summary>Whether the noise of a release came from a seed, so that whoever knows the seed can take it away.</summary>
    public bool IsSeeded { get; init; }

    /// <summary>Whether ε and δ are a guarantee: ε is finite, and no release was seeded.</summary>
    public bool IsFormal => double.IsFinite(Epsilon) && !IsSeeded;

    /// <summary>What the numbers rest on, in a sentence.</summary>
    public required string Explanation { get; init; }
}
