using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Privacy.Accounting;

/// <summary>How much noise a training on Poisson samples needs.</summary>
public static class SampledCalibration
{
    private const double Tolerance = 1e-4;

    /// <summary>
    /// The least σ/Δ for which a number of Gaussian releases of Poisson samples are together (ε, δ)-private for a unit added or removed.
    /// O(evaluations of the accountant), about ten.
    /// </summary>
    /// <param name="epsilon">ε &gt; 0.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <param name="rate">q in (0, 1]: the probability that a unit takes part.</param>
    /// <param name="count">The number of releases, at least 1.</param>
    /// <param name="accountant">
    /// Pld, which asks for the least noise, and by which privacy budgets count samples, so that a budget of ε allows the training; or Rdp.
    /// </param>
    /// <returns>σ/Δ, above the least one by at most 10⁻⁴ of it.</returns>
    /// <exception cref="QosValuationException"><c>EpsilonOutOfRange</c>, <c>DeltaOutOfRange</c>; <c>SigmaOutOfRange</c> where no noise does.</exception>
    public static double Multiplier(double epsilon, double delta, double rate, long count, PrivacyAccountant accountant = PrivacyAccountant.Pld)
    {
        GaussianCalibration.RequireEpsilon(epsilon);
        GaussianCalibration.RequireDelta(delta);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rate);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rate, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);

        // Without sampling the noise is enough.
        double enough = GaussianCalibration.AnalyticSigma(epsilon, delta, 1) * Math.Sqrt(count);
        if (rate == 1)
        {
            return GaussianCalibration.RequireFinite(enough);
        }

        double Loss(double multiplier) => EpsilonOf(multiplier, delta, rate, count, accountant);
        double good = GaussianCalibration.RequireFinite(enough);
        double bad = good;
        double atBad;
        double atGood = Loss(good);
        while (accountant != PrivacyAccountant.Pld && !(atGood <= epsilon))
        {
            // Divergences can ask for more than the exact bound without sampling.
            atGood = Loss(GaussianCalibration.RequireFinite(good *= 1.25));
        }

        do
        {
            bad /= 2;
            atBad = Loss(bad);
            (good, atGood) = atBad <= epsilon ? (bad, atBad) : (good, atGood);
        }
        while (atBad <= epsilon && bad > 1e-6);

        // ln ε is nearly linear in ln σ; every other step halves, so that the ends come together.
        for (int i = 0; good > bad * (1 + Tolerance); i++)
        {
            double middle = Math.Sqrt(good * bad);
            double slope = Math.Log(atBad / atGood) / Math.Log(good / bad);
            if (i % 2 == 0 && double.IsFinite(slope) && slope > 0 && atGood > 0)
            {
                double guess = good * Math.Exp(Math.Log(atGood / epsilon) / slope) * (1 + (Tolerance / 3));
                middle = guess > bad && guess < good ? guess : middle;
            }

            double found = Loss(middle);
            if (found <= epsilon)
            {
                (good, atGood) = (middle, found);
            }
            else
            {
                (bad, atBad) = (middle, found);
            }
        }

        return good;
    }

    /// <summary>ε of a number of Gaussian releases of Poisson samples, for a unit added or removed.</summary>
    /// <param name="multiplier">σ/Δ &gt; 0.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <param name="rate">q in [0, 1].</param>
    /// <param name="count">The number of releases.</param>
    /// <param name="accountant">Pld or Rdp.</param>
    /// <returns>ε ≥ 0.</returns>
    public static double EpsilonOf(double multiplier, double delta, double rate, long count, PrivacyAccountant accountant = PrivacyAccountant.Pld)
    {
        var accumulator = new PrivacyLossAccumulator(accountant);
        accumulator.Add(EventOf(multiplier, rate, count, PrivacyUnit.Record));
        return accumulator.Measure(delta).Epsilon;
    }

    /// <summary>The event of a number of Gaussian releases of Poisson samples.</summary>
    /// <param name="multiplier">σ/Δ &gt; 0.</param>
    /// <param name="rate">q in [0, 1].</param>
    /// <param name="count">The number of releases.</param>
    /// <param name="unit">What is sampled.</param>
    /// <returns>The event, for a unit added or removed.</returns>
    public static PrivacyEvent EventOf(double multiplier, double rate, long count, PrivacyUnit unit)
    {
        PrivacyEvent release = new GaussianEvent(1 / (multiplier * multiplier)) { Neighboring = Neighboring.AddRemove, Unit = unit };
        return new RepeatedEvent(rate == 1 ? release : new PoissonSampledEvent(rate, release), count);
    }
}
