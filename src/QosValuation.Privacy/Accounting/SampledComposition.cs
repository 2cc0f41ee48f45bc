using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Privacy.Accounting;

/// <summary>
/// Releases of samples, composed once (<see cref="PrivacyLossDistribution"/>), to which Gaussian releases of any size are added at no further cost: what a
/// privacy budget looks at before each release. Every answer is an upper bound of the loss. Immutable.
/// </summary>
public sealed class SampledComposition
{
    // The part of δ that rounding may take before the loss is composed again for an ε nearer by.
    private const double MostLost = 1e-3;

    // How far ε may lie from what the loss was tilted for, as a part of it.
    private const double Nearby = 0.03;

    private readonly List<SampledRelease> _parts;
    private readonly double _whole;
    private readonly double _near;
    private readonly double _delta;
    private readonly (TiltedLoss Removed, TiltedLoss Added)? _loss;

    /// <summary>Composes samples. O(n·log n) for n points of the grid, some 10⁴ to 10⁶.</summary>
    /// <param name="samples">The releases of samples.</param>
    /// <param name="epsilon">ε &gt; 0, near which answers are exact.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <exception cref="QosValuationException"><c>EpsilonOutOfRange</c>, <c>DeltaOutOfRange</c>.</exception>
    public SampledComposition(IReadOnlyList<SampledRelease> samples, double epsilon, double delta)
        : this(
            [.. samples.Where(sample => sample is { Rate: > 0 and < 1, SquaredMu: > 0, Count: > 0 })],
            samples.Where(sample => sample.Rate == 1).Sum(sample => sample.SquaredMu * sample.Count),
            epsilon,
            delta)
    {
    }

    private SampledComposition(List<SampledRelease> parts, double whole, double epsilon, double delta)
    {
        GaussianCalibration.RequireEpsilon(epsilon);
        GaussianCalibration.RequireDelta(delta);
        (_parts, _whole, _near, _delta) = (parts, whole, epsilon, delta);
        _loss = parts.Count == 0 || parts.Any(part => !double.IsFinite(part.SquaredMu)) ? null : PrivacyLossDistribution.Tilt(parts, epsilon, delta);
    }

    /// <summary>Whether all of it together is shown to keep (ε, δ). O(1), some 10³ terms.</summary>
    /// <param name="epsilon">ε ≥ 0.</param>
    /// <param name="squaredMu">Σμ² ≥ 0 of the Gaussian releases.</param>
    /// <returns>False also where nothing is shown.</returns>
    public bool Keeps(double epsilon, double squaredMu)
    {
        squaredMu += _whole;
        return _loss is (TiltedLoss removed, TiltedLoss added)
            ? removed.Delta(epsilon, squaredMu) <= _delta && added.Delta(epsilon, squaredMu) <= _delta
            : _parts.Count == 0 && GaussianCalibration.EpsilonOfSquaredMu(squaredMu, _delta) <= epsilon;
    }

    /// <summary>The largest Σμ² of Gaussian releases with which (ε, δ) is kept. O(1), some 10⁵ terms.</summary>
    /// <param name="epsilon">ε &gt; 0.</param>
    /// <returns>Σμ² ≥ 0; negative where the samples alone are not shown to keep it.</returns>
    public double LargestSquaredMu(double epsilon) => Keeps(epsilon, 0) ? Edge(square => Keeps(epsilon, square), holdsBelow: true) : -1;

    /// <summary>The smallest ε that all of it together is shown to keep at δ. O(1), some 10⁵ terms, or as much again as the constructor.</summary>
    /// <param name="squaredMu">Σμ² ≥ 0 of the Gaussian releases.</param>
    /// <returns>ε ≥ 0; +∞ where none is shown.</returns>
    public double Epsilon(double squaredMu)
    {
        SampledComposition composition = this;
        double best = double.PositiveInfinity;

        // Each composition is exact near one ε; that of the answer is found in two or three.
        for (int i = 0; i < 5; i++)
        {
            best = Math.Min(best, composition.SmallestEpsilon(squaredMu));
            if (!(best > 0 && double.IsFinite(best)) || composition._loss is not (TiltedLoss removed, TiltedLoss added)
                || (Math.Abs(best - composition._near) <= Nearby * best
                    && Math.Max(removed.Lost(best, squaredMu + _whole), added.Lost(best, squaredMu + _whole)) <= MostLost * _delta))
            {
                break;
            }

            composition = new SampledComposition(_parts, _whole, best, _delta);
        }

        return best;
    }

    private double SmallestEpsilon(double squaredMu)
    {
        const double most = 1e4;
        return Keeps(0, squaredMu) ? 0 : Keeps(most, squaredMu) ? Edge(epsilon => Keeps(epsilon, squaredMu), holdsBelow: false)
            : double.PositiveInfinity;
    }

    // Where a condition on x > 0 changes, within 10⁻⁸ of it, from the side on which it holds.
    private static double Edge(Func<double, bool> holds, bool holdsBelow)
    {
        double low = 1;
        double high = 1;
        while (low > 1e-300 && holds(low) != holdsBelow)
        {
            (low, high) = (low / 4, low);
        }

        while (high < 1e300 && holds(high) == holdsBelow)
        {
            (low, high) = (high, high * 4);
        }

        while (high > low * (1 + 1e-8))
        {
            double middle = Math.Sqrt(low) * Math.Sqrt(high);
            (low, high) = holds(middle) == holdsBelow ? (middle, high) : (low, middle);
        }

        return holdsBelow ? low : high;
    }
}
