using QosValuation.Foundation.Randomness;

namespace QosValuation.Bench;

/// <summary>Exact noise of the discrete Gaussian beside floating-point noise of the same source of bits.</summary>
internal sealed class NoiseRows : IBenchmark
{
    /// <inheritdoc/>
    public string Name => "noise";

    /// <inheritdoc/>
    public bool IsGuarded => true;

    /// <inheritdoc/>
    public IEnumerable<BenchmarkResult> Measure(BenchmarkContext context)
    {
        const long Sigma = 512_000_000_001; // what a prototype at ε = 1 draws, about 2³⁹
        int coordinates = context.IsShort ? 100_000 : 1_000_000;
        RandomSource random = RandomSource.Create(null);
        yield return context.Compare(
            $"exact noise, {coordinates:N0} coordinates",
            "floating-point noise",
            () => Timing.Of(() => SamplerBenchmark.Discrete(Sigma, random, coordinates)),
            () => Timing.Of(() => SamplerBenchmark.Normal(random, coordinates)));
    }
}
