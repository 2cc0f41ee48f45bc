using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Accounting;

namespace QosValuation.Privacy.Mechanisms;

/// <summary>The noise of one query, calibrated and not drawn yet.</summary>
public interface ICalibratedNoise
{
    /// <summary>What drawing once costs.</summary>
    PrivacyEvent Event { get; }

    /// <summary>The distance of neighbours' answers that the noise is for: of the mean, of (Σx, n/2), or in grid steps; NaN where there is none.</summary>
    double Sensitivity { get; }

    /// <summary>The standard deviation of the noise in the unit of <see cref="Sensitivity"/>; in that of the mean where there is none.</summary>
    double Sigma { get; }

    /// <summary>Grid steps in 1; 0 for continuous noise.</summary>
    long GridUnit { get; }

    /// <summary>Draws the noise and adds it to the mean. O(n·d).</summary>
    /// <param name="random">The source of the noise.</param>
    /// <returns>The release.</returns>
    NoisyMean Draw(RandomSource random);
}
