using QosValuation.Foundation.Numerics;

namespace QosValuation.Privacy.Mechanisms;

/// <summary>
/// How much Gaussian noise an (ε, δ) guarantee needs, and what guarantee given noise has. σ is the standard deviation
/// per coordinate, Δ the L2 sensitivity; only σ/Δ matters. All functions are O(1) (σ and ε by bisection, some tens of microseconds).
/// </summary>
/// <remarks>
/// The Gaussian mechanism is (ε, δ)-differentially private exactly where
/// δ(ε) = Φ(Δ/2σ − εσ/Δ) − e^ε·Φ(−Δ/2σ − εσ/Δ) ≤ δ (Balle and Wang, ICML 2018, Theorem 8). Both terms under- and overflow and
/// agree in most digits, so the difference is evaluated as φ(a)·(R(−a) − R(−a + Δ/σ)) with a = Δ/2σ − εσ/Δ and Mills' ratio R,
/// in logarithms: ln δ is right to about 10⁻¹² for ε from 10⁻³ to 10³ and δ down to 10⁻³⁰⁰.
/// </remarks>
public static class GaussianCalibration
{
    // Results of bisection are moved to the safe side by this much, more than the rounding of the functions they invert.
    private const double SafetyMargin = 2e-13;

    /// <summary>The classic calibration σ = Δ·√(2 ln(1.25/δ))/ε (paper, Eq. 21; Dwork and Roth 2014, Theorem A.1).</summary>
    /// <param name="epsilon">ε &gt; 0. The guarantee is proven for ε &lt; 1 only, and fails for large ε (at ε = 10, δ = 1e-5 the true δ is 2.3e-5).</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <param name="sensitivity">Δ &gt; 0.</param>
    /// <returns>σ in the unit of Δ.</returns>
    /// <exception cref="QosValuationException"><c>EpsilonOutOfRange</c>, <c>DeltaOutOfRange</c>, <c>SensitivityOutOfRange</c>, or <c>SigmaOutOfRange</c>
    /// where σ overflows.</exception>
    public static double ClassicSigma(double epsilon, double delta, double sensitivity)
    {
        RequireEpsilon(epsilon);
        RequireDelta(delta);
        RequireSensitivity(sensitivity);
        return RequireFinite(sensitivity * (Math.Sqrt(2 * (Math.Log(1.25) - Math.Log(delta))) / epsilon));
    }

    /// <summary>The smallest σ for which the Gaussian mechanism is (ε, δ)-differentially private (Balle and Wang 2018, Algorithm 1).</summary>
    /// <param name="epsilon">ε &gt; 0, of any size.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <param name="sensitivity">Δ &gt; 0.</param>
    /// <returns>σ in the unit of Δ: never below the exact value, and above it by less than 10⁻¹² of it.</returns>
    /// <exception cref="QosValuationException"><c>EpsilonOutOfRange</c>, <c>DeltaOutOfRange</c>, <c>SensitivityOutOfRange</c>, or <c>SigmaOutOfRange</c>
    /// where σ overflows.</exception>
    public static double AnalyticSigma(double epsilon, double delta, double sensitivity)
    {
        RequireEpsilon(epsilon);
        RequireDelta(delta);
        RequireSensitivity(sensitivity);
        double target = Math.Log(delta);
        double mu = LargestSatisfying(mu => LogDeltaOfMu(mu, epsilon) <= target);
        return RequireFinite(sensitivity * ((1 + SafetyMargin) / mu));
    }

    /// <summary>ln δ(ε): the exact privacy profile of Gaussian noise, in logarithms.</summary>
    /// <param name="sigma">σ &gt; 0.</param>
    /// <param name="epsilon">ε ≥ 0.</param>
    /// <param name="sensitivity">Δ &gt; 0.</param>
    /// <returns>ln δ in (−∞, 0); −∞ where it lies beyond the range of a double.</returns>
    /// <exception cref="QosValuationException"><c>SigmaOutOfRange</c>, <c>EpsilonOutOfRange</c> or <c>SensitivityOutOfRange</c>.</exception>
    public static double LogDelta(double sigma, double epsilon, double sensitivity)
    {
        RequireSigma(sigma);
        RequireNonNegativeEpsilon(epsilon);
        RequireSensitivity(sensitivity);
        return LogDeltaOfMu(sensitivity / sigma, epsilon);
    }

    /// <summary>δ(ε): the exact privacy profile of Gaussian noise.</summary>
    /// <param name="sigma">σ &gt; 0.</param>
    /// <param name="epsilon">ε ≥ 0.</param>
    /// <param name="sensitivity">Δ &gt; 0.</param>
    /// <returns>δ in [0, 1]; see <see cref="LogDelta"/> for values below 10⁻³⁰⁸.</returns>
    /// <exception cref="QosValuationException"><c>SigmaOutOfRange</c>, <c>EpsilonOutOfRange</c> or <c>SensitivityOutOfRange</c>.</exception>
    public static double Delta(double sigma, double epsilon, double sensitivity) => Math.Exp(LogDelta(sigma, epsilon, sensitivity));

    /// <summary>The smallest ε ≥ 0 for which Gaussian noise is (ε, δ)-differentially private.</summary>
    /// <param name="sigma">σ &gt; 0.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <param name="sensitivity">Δ &gt; 0.</param>
    /// <returns>ε: never below the exact value; 0 where δ alone covers the whole difference; +∞ beyond the range of a double.</returns>
    /// <exception cref="QosValuationException"><c>SigmaOutOfRange</c>, <c>DeltaOutOfRange</c> or <c>SensitivityOutOfRange</c>.</exception>
    public static double Epsilon(double sigma, double delta, double sensitivity)
    {
        RequireSigma(sigma);
        RequireDelta(delta);
        RequireSensitivity(sensitivity);
        return EpsilonOfMu(sensitivity / sigma, delta);
    }

    /// <summary>The smallest ε ≥ 0 of a μ-Gaussian-private release (Dong, Roth and Su 2022, Corollary 1).</summary>
    /// <param name="mu">μ = Δ/σ ≥ 0.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <returns>ε ≥ 0.</returns>
    public static double EpsilonOfMu(double mu, double delta)
    {
        double target = Math.Log(delta);
        if (LogDeltaOfMu(mu, 0) <= target)
        {
            return 0;
        }

        // Rounding in ln δ shifts ε by less than 10⁻¹⁴·δ: where δ is large and ε small, more than that margin.
        return (1 + SafetyMargin) * SmallestSatisfying(epsilon => LogDeltaOfMu(mu, epsilon) <= target) + 2e-14 * delta;
    }

    /// <summary>The smallest ε ≥ 0 of releases with Σμ² together.</summary>
    /// <param name="squaredMu">Σμ² ≥ 0.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <returns>ε ≥ 0; 0 without releases.</returns>
    public static double EpsilonOfSquaredMu(double squaredMu, double delta) => squaredMu == 0 ? 0 : EpsilonOfMu(Math.Sqrt(squaredMu), delta);

    /// <summary>
    /// The largest Σμ² of releases that together are (ε, δ)-differentially private: what one exactly calibrated release uses, with room for its rounding.
    /// </summary>
    /// <param name="epsilon">ε &gt; 0.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <returns>μ² &gt; 0, never above the exact value.</returns>
    public static double SquaredMu(double epsilon, double delta)
    {
        double sigma = AnalyticSigma(epsilon, delta, 1);
        return 1 / (sigma * sigma) * (1 + SafetyMargin);
    }

    /// <summary>ln δ(ε) of a μ-Gaussian-private release.</summary>
    /// <param name="mu">μ = Δ/σ ≥ 0.</param>
    /// <param name="epsilon">ε ≥ 0.</param>
    /// <returns>ln δ ≤ 0.</returns>
    internal static double LogDeltaOfMu(double mu, double epsilon)
    {
        if (mu == 0)
        {
            return double.NegativeInfinity;
        }

        if (double.IsPositiveInfinity(mu))
        {
            return 0;
        }

        double a = mu / 2 - epsilon / mu;
        if (double.IsNegativeInfinity(a))
        {
            return double.NegativeInfinity;
        }

        if (a > 0 && mu > 1)
        {
            // Here δ ≥ 0.15: the complement Φ(−a) + e^ε·Φ(−Δ/2σ − εσ/Δ) carries the digits.
            double complement = Math.Exp(NormalTail.LogDensity(a)) * (NormalTail.MillsRatio(a) + NormalTail.MillsRatio(mu / 2 + epsilon / mu));
            return NormalTail.LogOnePlus(-complement);
        }

        return NormalTail.LogDensity(a) + Math.Log(NormalTail.MillsDifference(-a, mu));
    }

    /// <summary>The largest positive double for which a predicate holds that is true up to some point and false beyond it.</summary>
    /// <param name="holds">The predicate.</param>
    /// <returns>The last double found to satisfy it; 0 where none does.</returns>
    internal static double LargestSatisfying(Func<double, bool> holds)
    {
        double good = 1;
        double bad = 1;
        if (holds(1))
        {
            while (double.IsFinite(bad) && holds(bad))
            {
                good = bad;
                bad *= 4;
            }
        }
        else
        {
            while (good > 0 && !holds(good))
            {
                bad = good;
                good /= 4;
            }
        }

        return Bisect(good, bad, holds);
    }

    /// <summary>The smallest positive double for which a predicate holds that is false up to some point and true beyond it.</summary>
    /// <param name="holds">The predicate.</param>
    /// <returns>The first double found to satisfy it; +∞ where none does.</returns>
    public static double SmallestSatisfying(Func<double, bool> holds)
    {
        double good = 1;
        double bad = 1;
        if (holds(1))
        {
            while (bad > 0 && holds(bad))
            {
                good = bad;
                bad /= 4;
            }
        }
        else
        {
            while (double.IsFinite(good) && !holds(good))
            {
                bad = good;
                good *= 4;
            }
        }

        return Bisect(good, bad, holds);
    }

    private static double Bisect(double good, double bad, Func<double, bool> holds)
    {
        if (good == 0 || double.IsInfinity(good))
        {
            return good;
        }

        // The ends lie within a factor of four, so 53 halvings reach neighbouring doubles.
        for (int i = 0; i < 56; i++)
        {
            double middle = good + (bad - good) / 2;
            if (middle == good || middle == bad)
            {
                break;
            }

            if (holds(middle))
            {
                good = middle;
            }
            else
            {
                bad = middle;
            }
        }

        return good;
    }

    /// <summary>Refuses an ε that is not a finite number above 0.</summary>
    /// <param name="epsilon">The value.</param>
    /// <exception cref="QosValuationException"><c>EpsilonOutOfRange</c>.</exception>
    public static void RequireEpsilon(double epsilon)
    {
        if (!(epsilon > 0) || !double.IsFinite(epsilon))
        {
            throw new QosValuationException(
                Faults.EpsilonOutOfRange, $"ε is {epsilon}; give a finite number above 0 (1 is usual, smaller is more private).", epsilon);
        }
    }

    /// <summary>Refuses a δ outside (0, 1).</summary>
    /// <param name="delta">The value.</param>
    /// <exception cref="QosValuationException"><c>DeltaOutOfRange</c>.</exception>
    public static void RequireDelta(double delta)
    {
        if (!(delta > 0 && delta < 1))
        {
            throw new QosValuationException(
                Faults.DeltaOutOfRange,
                $"δ is {delta}; give a number between 0 and 1, both excluded, well below one over the number of records (1e-5 is usual).",
                delta);
        }
    }

    /// <summary>Refuses a sensitivity that is not a finite number above 0.</summary>
    /// <param name="sensitivity">The value.</param>
    /// <exception cref="QosValuationException"><c>SensitivityOutOfRange</c>.</exception>
    public static void RequireSensitivity(double sensitivity)
    {
        if (!(sensitivity > 0) || !double.IsFinite(sensitivity))
        {
            throw new QosValuationException(
                Faults.SensitivityOutOfRange,
                $"The L2 sensitivity is {sensitivity}; give a finite number above 0 (2/n for the mean of n unit vectors).",
                sensitivity);
        }
    }

    private static void RequireNonNegativeEpsilon(double epsilon)
    {
        if (!(epsilon >= 0) || !double.IsFinite(epsilon))
        {
            throw new QosValuationException(Faults.EpsilonOutOfRange, $"ε is {epsilon}; give a finite number of at least 0.", epsilon);
        }
    }

    private static void RequireSigma(double sigma)
    {
        if (!(sigma > 0) || !double.IsFinite(sigma))
        {
            throw new QosValuationException(Faults.SigmaOutOfRange, $"σ is {sigma}; give a finite number above 0.", sigma);
        }
    }

    /// <summary>Refuses a σ beyond the range of a double.</summary>
    /// <param name="sigma">σ.</param>
    /// <returns>The same σ.</returns>
    /// <exception cref="QosValuationException"><c>SigmaOutOfRange</c>.</exception>
    public static double RequireFinite(double sigma)
    {
        if (!double.IsFinite(sigma))
        {
            throw new QosValuationException(
                Faults.SigmaOutOfRange,
                "These privacy parameters and this sensitivity ask for more noise than a double can express; use a larger ε or a smaller sensitivity.",
                sigma);
        }

        return sigma;
    }
}
