using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Privacy.Accounting;

/// <summary>
/// The composed loss L of samples in one direction, as masses r = P(L = l)·e^(θl − K) on a grid. Gaussian noise is composed with it in closed form:
/// δ(ε) = E[δ_μ(ε − L)], with δ_μ that of the noise alone.
/// </summary>
/// <remarks>
/// What the window leaves out and what rounding adds is at most a part ρ of the tilted probability, and so at most ρ·e^(K + θ(θ + 1)·μ²/2 − θε) of δ, because
/// δ_μ(ε − l) ≤ E[e^(θ(l + l′ − ε))] over the noise's loss l′. It is added to δ.
/// </remarks>
internal sealed class TiltedLoss(double[] masses, long first, double step, double order, double cumulant, double infinite, double rounding)
{
    /// <summary>δ at ε with noise added, rounded up. O(masses).</summary>
    /// <param name="epsilon">ε ≥ 0.</param>
    /// <param name="squaredMu">μ² ≥ 0 of the noise.</param>
    /// <returns>δ ≥ 0.</returns>
    public double Delta(double epsilon, double squaredMu)
    {
        double mu = Math.Sqrt(squaredMu);
        double sum = infinite + Lost(epsilon, squaredMu);
        for (int k = 0; k < masses.Length; k++)
        {
            if (masses[k] > 0)
            {
                double loss = (first + k) * step;
                sum += masses[k] * Math.Exp(cumulant - (order * loss) + LogDeltaOfNoise(mu, epsilon - loss));
            }
        }

        return sum * (1 + 1e-10);
    }

    /// <summary>How much of δ there is for rounding alone: where it is no small part, the loss is tilted for another ε.</summary>
    /// <param name="epsilon">ε ≥ 0.</param>
    /// <param name="squaredMu">μ² ≥ 0 of the noise.</param>
    /// <returns>A part of δ.</returns>
    public double Lost(double epsilon, double squaredMu) =>
        rounding * Math.Max(1, masses.Sum()) * Math.Exp(cumulant + (order * (order + 1) * squaredMu / 2) - (order * epsilon));

    /// <summary>The same without masses at its ends that hardly count: they count as rounding.</summary>
    /// <param name="most">The tilted probability that may be cut off at each end.</param>
    /// <returns>The loss on a shorter grid.</returns>
    public TiltedLoss Trimmed(double most)
    {
        double cut = 0;
        int low = 0;
        for (double sum = masses[low]; low < masses.Length - 1 && sum <= most; sum += masses[low])
        {
            cut += masses[low++];
        }

        int high = masses.Length - 1;
        for (double sum = masses[high]; high > low && sum <= most; sum += masses[high])
        {
            cut += masses[high--];
        }

        return new TiltedLoss(masses[low..(high + 1)], first + low, step, order, cumulant, infinite, rounding + (cut * (1 + 1e-10)));
    }

    /// <summary>The same with fewer masses: those between two places are split over them such that both probabilities are kept, which only adds to δ.</summary>
    /// <param name="most">The most masses, at least 8.</param>
    /// <returns>The loss on a coarser grid.</returns>
    public TiltedLoss Thinned(int most)
    {
        if (masses.Length <= most)
        {
            return this;
        }

        // p = a + b and p·e^(−l) = a·e^(−(l − h)) + b·e^(−(l + h)), each tilted by where it comes to.
        long start = (long)Math.Floor(first / 2.0);
        double[] coarse = new double[(masses.Length / 2) + 2];
        double half = Math.Exp(-step);
        double up = Math.Exp(order * step) / (1 + half);
        double down = Math.Exp(-order * step) * half / (1 + half);
        for (int k = 0; k < masses.Length; k++)
        {
            long place = first + k;
            int target = (int)((long)Math.Floor(place / 2.0) - start);
            if (place % 2 == 0)
            {
                coarse[target] += masses[k];
            }
            else
            {
                coarse[target + 1] += masses[k] * up;
                coarse[target] += masses[k] * down;
            }
        }

        return new TiltedLoss(coarse, start, 2 * step, order, cumulant, infinite, rounding).Thinned(most);
    }

    // ln δ_μ(ε) for ε of either sign: δ(−ε) = 1 − e^(−ε) + e^(−ε)·δ(ε).
    private static double LogDeltaOfNoise(double mu, double epsilon)
    {
        if (epsilon >= 0)
        {
            return GaussianCalibration.LogDeltaOfMu(mu, epsilon);
        }

        double rest = mu == 0 ? 0 : Math.Exp(epsilon + GaussianCalibration.LogDeltaOfMu(mu, -epsilon));
        return Math.Log(Math.Min(1, rest - PrivacyLossDistribution.ExpMinusOne(epsilon)));
    }
}
