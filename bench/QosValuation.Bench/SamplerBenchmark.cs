using System.Diagnostics;
using System.Globalization;
using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Bench;

/// <summary>What exact noise costs: coordinates of the discrete Gaussian, and of floating-point noise, in turn on one core.</summary>
internal static class SamplerBenchmark
{
    /// <summary>Prints one line for each kind of noise and its source.</summary>
    /// <param name="coordinates">Coordinates a measurement.</param>
    /// <param name="repeats">How often each side is measured.</param>
    /// <returns>0.</returns>
    public static int Run(int coordinates, int repeats)
    {
        RandomSource cryptographic = RandomSource.Create(null);
        RandomSource seeded = RandomSource.Create(1);
        const long sigma = 512_000_000_001; // what a prototype at ε = 1 draws, about 2³⁹
        (string Name, Action Draw)[] sides =
        [
            ("floating point, cryptographic", () => Normal(cryptographic, coordinates)),
            ("exact, cryptographic", () => Discrete(sigma, cryptographic, coordinates)),
            ("exact, seeded", () => Discrete(sigma, seeded, coordinates)),
            ("exact, cryptographic, σ = 4", () => Discrete(4, cryptographic, coordinates)),
            ("exact, cryptographic, σ = 2⁵²", () => Discrete(DiscreteGaussianSampler.MaximumSigma, cryptographic, coordinates)),
        ];
        double[][] seconds = [.. sides.Select(_ => new double[repeats])];
        for (int repeat = -1; repeat < repeats; repeat++)
        {
            for (int side = 0; side < sides.Length; side++)
            {
                long start = Stopwatch.GetTimestamp();
                sides[side].Draw();
                if (repeat >= 0)
                {
                    seconds[side][repeat] = Stopwatch.GetElapsedTime(start).TotalSeconds;
                }
            }
        }

        double[] medians = [.. seconds.Select(times => times.Order().ElementAt(repeats / 2))];
        for (int side = 0; side < sides.Length; side++)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{sides[side].Name,-32} {coordinates / medians[side] / 1e6,6:F2} million coordinates a second, {medians[side] / medians[0],5:F2} of the time of floating point"));
        }

        return 0;
    }

    internal static void Discrete(long sigma, RandomSource random, int coordinates)
    {
        var sampler = new DiscreteGaussianSampler(sigma, random);
        long sum = 0;
        for (int i = 0; i < coordinates; i++)
        {
            sum ^= sampler.Sample();
        }

        GC.KeepAlive(sum);
    }

    internal static void Normal(RandomSource random, int coordinates)
    {
        double sum = 0;
        for (int i = 0; i < coordinates; i++)
        {
            sum += random.NextNormal();
        }

        GC.KeepAlive(sum);
    }
}
