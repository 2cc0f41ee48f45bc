using System.Numerics.Tensors;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Foundation.Numerics;

/// <summary>Draws from distributions other than the uniform and the normal, each from an injected source.</summary>
public static class Distributions
{
    /// <summary>ln G for G ~ Gamma(shape, 1) (Marsaglia and Tsang 2000). Expected O(1).</summary>
    /// <param name="shape">α &gt; 0.</param>
    /// <param name="random">The source.</param>
    /// <returns>ln G, finite also where G itself underflows, as it does for most draws at α = 0.001.</returns>
    /// <remarks>For α &lt; 1 the draw is Gamma(α + 1)·U^(1/α), taken in logarithms.</remarks>
    public static double LogGamma(double shape, RandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return new GammaShape(shape).Log(random);
    }

    /// <summary>A draw from the symmetric Dirichlet distribution. O(N). Who draws often keeps a <see cref="DirichletSampler"/>, which gives the same.</summary>
    /// <param name="concentration">α &gt; 0; small values make shares uneven.</param>
    /// <param name="shares">Receives N ≥ 1 shares that sum to 1.</param>
    /// <param name="smallest">Shares below this are raised to it; 0 lets them underflow.</param>
    /// <param name="random">The source.</param>
    public static void Dirichlet(double concentration, Span<double> shares, double smallest, RandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        if (shares.Length >= DirichletSampler.Worthwhile)
        {
            new DirichletSampler(concentration).Draw(shares, smallest, random);
            return;
        }

        new GammaShape(concentration).Logs(shares, random);
        double largest = TensorPrimitives.Max(shares);
        CompensatedSum sum = default;
        for (int i = 0; i < shares.Length; i++)
        {
            shares[i] = Math.Exp(shares[i] - largest);
            sum.Add(shares[i]);
        }

        double total = sum.Value;
        for (int i = 0; i < shares.Length; i++)
        {
            shares[i] = Math.Max(shares[i] / total, smallest);
        }
    }

    /// <summary>A draw from Binomial(n, p): inversion for small n·p, Hörmann's transformed rejection (BTRS, 1993) above. Expected O(1).</summary>
    /// <param name="trials">n ≥ 0, up to 2⁵³.</param>
    /// <param name="probability">p in [0, 1].</param>
    /// <param name="random">The source.</param>
    /// <returns>The number of successes.</returns>
    public static long Binomial(long trials, double probability, RandomSource random)
    {
        if (probability > 0.5)
        {
            return trials - Binomial(trials, 1 - probability, random);
        }

        if (trials == 0 || probability <= 0)
        {
            return 0;
        }

        return trials * probability < 10 ? BinomialByWaiting(trials, probability, random) : BinomialByRejection(trials, probability, random);
    }

    /// <summary>Throws balls into bins uniformly and independently: a draw from the uniform multinomial distribution. O(bins + min(balls, 16·bins)).</summary>
    /// <param name="balls">The number of balls, up to 2⁵³.</param>
    /// <param name="counts">Receives the balls of each bin; at least one bin.</param>
    /// <param name="random">The source.</param>
    public static void UniformMultinomial(long balls, Span<double> counts, RandomSource random)
    {
        if (balls <= 16L * counts.Length)
        {
            counts.Clear();
            Throw(balls, counts, random);
        }
        else if (counts.Length == 1)
        {
            counts[0] = balls;
        }
        else
        {
            // The balls of the first half are binomial; given their number, the halves are independent.
            int half = counts.Length / 2;
            long first = Binomial(balls, (double)half / counts.Length, random);
            UniformMultinomial(first, counts[..half], random);
            UniformMultinomial(balls - first, counts[half..], random);
        }
    }

    // As NextInt32 ball by ball, with the words read ahead where the source can.
    private static void Throw(long balls, Span<double> counts, RandomSource random)
    {
        ulong range = (ulong)counts.Length;
        while (balls > 0)
        {
            ReadOnlySpan<ulong> words = random.Ahead();
            if (words.IsEmpty)
            {
                counts[random.NextInt32(counts.Length)]++;
                balls--;
                continue;
            }

            int used = 0;
            while (balls > 0 && used < words.Length)
            {
                ulong bin = Math.BigMul(words[used++], range, out ulong low);
                if (low >= range || low >= unchecked(0UL - range) % range)
                {
                    counts[(int)bin]++;
                    balls--;
                }
            }

            random.Skip(used);
        }
    }

    // The waiting times between successes are geometric; the expected number of them is n·p + 1.
    private static long BinomialByWaiting(long trials, double probability, RandomSource random)
    {
        double logFailure = NormalTail.LogOnePlus(-probability);
        long successes = -1;
        double position = 0;
        while (position <= trials)
        {
            position += Math.Floor(Math.Log(random.NextPositiveDouble()) / logFailure) + 1;
            successes++;
        }

        return successes;
    }

    private static long BinomialByRejection(long trials, double probability, RandomSource random)
    {
        double n = trials;
        double deviation = Math.Sqrt(n * probability * (1 - probability));
        double b = 1.15 + 2.53 * deviation;
        double a = -0.0873 + 0.0248 * b + 0.01 * probability;
        double centre = n * probability + 0.5;
        double squeeze = 0.92 - 4.2 / b;
        double alpha = (2.83 + 5.1 / b) * deviation;
        double odds = probability / (1 - probability);
        double mode = Math.Floor((n + 1) * probability);
        while (true)
        {
            double u = random.NextDouble() - 0.5;
            double v = random.NextPositiveDouble();
            double us = 0.5 - Math.Abs(u);
            double k = Math.Floor((2 * a / us + b) * u + centre);
            if (us >= 0.07 && v <= squeeze)
            {
                return (long)k;
            }

            if (k < 0 || k > n)
            {
                continue;
            }

            double bound =
                (mode + 0.5) * Math.Log((mode + 1) / (odds * (n - mode + 1)))
                + (n + 1) * Math.Log((n - mode + 1) / (n - k + 1))
                + (k + 0.5) * Math.Log(odds * (n - k + 1) / (k + 1))
                + StirlingTail(mode) + StirlingTail(n - mode) - StirlingTail(k) - StirlingTail(n - k);
            if (Math.Log(v * alpha / (a / (us * us) + b)) <= bound)
            {
                return (long)k;
            }
        }
    }

    // ln k! − [(k + 1/2) ln(k + 1) − (k + 1) + ln √(2π)].
    private static double StirlingTail(double k)
    {
        if (k < StirlingTails.Length)
        {
            return StirlingTails[(int)k];
        }

        double x = k + 1;
        double square = x * x;
        return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / x;
    }

    private static readonly double[] StirlingTails = [.. Enumerable.Range(0, 10).Select(k =>
        Enumerable.Range(1, Math.Max(k, 1)).Sum(i => Math.Log(i)) - ((k + 0.5) * Math.Log(k + 1) - (k + 1) + NormalTail.LogSqrtTwoPi))];
}
