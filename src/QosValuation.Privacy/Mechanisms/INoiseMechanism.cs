using QosValuation.Privacy.Accounting;

namespace QosValuation.Privacy.Mechanisms;

/// <summary>
/// A way to add noise to a mean. Releases, budgets, audits and cmdlets ask a mechanism for its traits and never for its name:
/// a new one implements this in a file of its own and is named in <see cref="NoiseMechanisms.All"/>. Thread-safe.
/// </summary>
public interface INoiseMechanism
{
    /// <summary>The name.</summary>
    PrivacyMechanism Name { get; }

    /// <summary>Whether the noise follows from ε and δ. Without it there is no guarantee, the loss is infinite, and no budget covers a release.</summary>
    bool IsFormal { get; }

    /// <summary>Whether the noise is scaled to a sensitivity. Without one n is always released as it is.</summary>
    bool HasSensitivity { get; }

    /// <summary>Whether the noise is drawn on an integer grid, exactly, so that no floating-point rounding can leak.</summary>
    bool IsOnGrid => false;

    /// <summary>Whether vectors longer than 1 are scaled back to norm 1 before they are summed.</summary>
    bool ClipsRecords => HasSensitivity;

    /// <summary>Whether the noise follows from <see cref="NoiseParameters.PerturbationCoefficient"/> and <see cref="NoiseParameters.Scale"/>.</summary>
    bool UsesPerturbation => false;

    /// <summary>What a user must be told before relying on such releases; null for nothing.</summary>
    /// <param name="parameters">Parameters that <see cref="Multiplier"/> accepts.</param>
    /// <returns>Sentences whose numbers are formatted in the reader's culture.</returns>
    FormattableString? Advice(NoiseParameters parameters) => null;

    /// <summary>Checks the parameters and gives the noise for one unit of sensitivity. O(1).</summary>
    /// <param name="parameters">The parameters.</param>
    /// <returns>σ/Δ &gt; 0; NaN where there is no sensitivity.</returns>
    /// <exception cref="QosValuationException"><c>EpsilonOutOfRange</c>, <c>DeltaOutOfRange</c>, <c>SigmaOutOfRange</c> or
    /// <c>PerturbationOutOfRange</c>.</exception>
    double Multiplier(NoiseParameters parameters);

    /// <summary>The standard deviation of the noise per coordinate, before any rounding up to a grid. O(1).</summary>
    /// <param name="epsilon">ε &gt; 0.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <param name="sensitivity">Δ &gt; 0, the L2 sensitivity.</param>
    /// <returns>σ in the unit of Δ.</returns>
    /// <exception cref="QosValuationException">
    /// <c>EpsilonOutOfRange</c>, <c>DeltaOutOfRange</c>, <c>SensitivityOutOfRange</c>, <c>SigmaOutOfRange</c>; <c>MechanismNotSupported</c>
    /// where no σ follows from ε and δ.
    /// </exception>
    double Sigma(double epsilon, double delta, double sensitivity);

    /// <summary>The δ that the noise really keeps at the given ε. O(1).</summary>
    /// <param name="parameters">Parameters that <see cref="Multiplier"/> accepts.</param>
    /// <returns>δ; above the requested one where the calibration fails, NaN without a guarantee.</returns>
    double ExactDelta(NoiseParameters parameters);

    /// <summary>Parameters whose noise is a multiple of the given ones'. O(1).</summary>
    /// <param name="parameters">Parameters that <see cref="Multiplier"/> accepts.</param>
    /// <param name="factor">The multiple, finite and above 0.</param>
    /// <returns>The parameters.</returns>
    NoiseParameters ScaleNoise(NoiseParameters parameters, double factor);

    /// <summary>Calibrates the noise for a query. Nothing is drawn. O(1).</summary>
    /// <param name="parameters">Parameters that <see cref="Multiplier"/> accepts.</param>
    /// <param name="query">The mean to release.</param>
    /// <returns>The noise.</returns>
    /// <exception cref="QosValuationException"><c>SigmaOutOfRange</c> where the noise cannot be expressed.</exception>
    ICalibratedNoise Calibrate(NoiseParameters parameters, MeanQuery query);

    /// <summary>The event of a release that is known by its noise alone. O(1).</summary>
    /// <param name="sensitivity">Δ ≥ 0; NaN where none is known.</param>
    /// <param name="sigma">σ ≥ 0 in the unit of Δ.</param>
    /// <param name="gridStep">The grid's step in the unit of σ; 0 where it is not known, and for continuous noise.</param>
    /// <param name="neighboring">The relation that Δ is stated for.</param>
    /// <param name="unit">Whose data Δ is stated for.</param>
    /// <returns>The event; without a guarantee where Δ/σ is no finite number.</returns>
    PrivacyEvent EventOf(double sensitivity, double sigma, double gridStep, Neighboring neighboring, PrivacyUnit unit);
}
