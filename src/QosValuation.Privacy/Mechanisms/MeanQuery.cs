using QosValuation.Privacy.Accounting;

namespace QosValuation.Privacy.Mechanisms;

/// <summary>A mean that is to be released with noise.</summary>
/// <param name="Vectors">The private vectors.</param>
/// <param name="Neighboring">Which datasets count as neighbours.</param>
/// <param name="Unit">Whose data differ between neighbours.</param>
/// <param name="IsCountPublic">Whether n is released as it is. Otherwise (Σx, n/2) is released with noise on both.</param>
/// <param name="IsImage">Whether the vectors are of images; ImageDp perturbs no others.</param>
/// <param name="GivenSensitivity">The sensitivity of the mean that the caller states, &gt; 0; null for the bound 2/n.</param>
public sealed record MeanQuery(IRecordSum Vectors, Neighboring Neighboring, PrivacyUnit Unit, bool IsCountPublic, bool IsImage, double? GivenSensitivity = null)
{
    /// <summary>The weight of n beside Σx where n is private.</summary>
    public const double CountWeight = 0.5;

    /// <summary>How far Σx moves when a vector of norm 1 is exchanged for another.</summary>
    public const double ReplacementSensitivity = 2;

    /// <summary>How far (Σx, n/2) moves when a vector of norm 1 joins or leaves: √1.25.</summary>
    public static double PresenceSensitivity { get; } = Math.Sqrt(1 + CountWeight * CountWeight);

    /// <summary>How far Σx, or (Σx, n/2) where n is private, moves between neighbours.</summary>
    public double Sensitivity => Neighboring == Neighboring.AddRemove && !IsCountPublic ? PresenceSensitivity : ReplacementSensitivity;

    /// <summary>The sensitivity of the mean of n vectors within the unit ball where n is public.</summary>
    /// <param name="count">n, at least 1.</param>
    /// <returns>2/n.</returns>
    public static double SensitivityOfMean(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return ReplacementSensitivity / count;
    }

    /// <summary>The event of a release of this query with Gaussian noise.</summary>
    /// <param name="squaredMu">μ² of the release for <see cref="Sensitivity"/>.</param>
    /// <returns>
    /// The event, with its μ² under both relations where n is private; one that tells n says nothing about added records. Without
    /// a guarantee where μ² is not finite.
    /// </returns>
    public PrivacyEvent EventOf(double squaredMu)
    {
        double Squared(double sensitivity) => squaredMu * (sensitivity / Sensitivity) * (sensitivity / Sensitivity);
        double replacement = Squared(ReplacementSensitivity);
        double? presence = IsCountPublic ? null : Squared(PresenceSensitivity);
        return !double.IsFinite(replacement) ? new NonFormalEvent { Neighboring = Neighboring, Unit = Unit }
            : Neighboring == Neighboring.ReplaceOne
            ? new GaussianEvent(replacement) { Neighboring = Neighboring, Unit = Unit, OtherSquaredMu = presence }
            : new GaussianEvent(presence ?? replacement) { Neighboring = Neighboring, Unit = Unit, OtherSquaredMu = presence is null ? null : replacement };
    }

    /// <summary>Rounds a noisy count to one that can be divided by.</summary>
    /// <param name="noisy">The noisy count.</param>
    /// <returns>A whole number of at least 1.</returns>
    public static int ToCount(double noisy) => (int)Math.Clamp(Math.Round(noisy), 1, int.MaxValue);
}
