namespace QosValuation.Privacy.Accounting;

/// <summary>A release with Gaussian noise, or one that is exactly as private: μ-Gaussian differential privacy (Dong, Roth and Su 2022).</summary>
public sealed record GaussianEvent : PrivacyEvent
{
    /// <summary>Creates an event.</summary>
    /// <param name="squaredMu">μ² = (Δ/σ)², finite and at least 0.</param>
    /// <exception cref="QosValuationException"><c>PrivacyEventNotValid</c>.</exception>
    public GaussianEvent(double squaredMu)
    {
        Require(squaredMu >= 0 && double.IsFinite(squaredMu), $"μ² of a Gaussian release is {squaredMu}; it must be finite and at least 0.", squaredMu);
        SquaredMu = squaredMu;
    }

    /// <summary>μ², the squared distance of neighbours in standard deviations of the noise.</summary>
    public double SquaredMu { get; }

    /// <summary>μ² under the other relation than <see cref="PrivacyEvent.Neighboring"/>; null where the release tells nothing about it.</summary>
    public double? OtherSquaredMu { get; init; }
}
