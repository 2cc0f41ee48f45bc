using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class StableOrderTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(50_000)]
    public void SortsAsLinqDoes(int count)
    {
        RandomSource random = RandomSource.Create(count);
        foreach (int style in new[] { 0, 1, 2, 3, 4 })
        {
            double[] keys = [.. Enumerable.Range(0, count).Select(_ => style switch
            {
                0 => random.NextDouble(),
                1 => random.NextInt32(5) - 2.0,
                2 => random.NextInt32(9) == 0 ? double.PositiveInfinity : random.NextNormal() * Math.Pow(10, random.NextInt32(600) - 300),
                3 => random.NextInt32(2) == 0 ? 0.0 : -0.0,
                _ => 1 + random.NextInt32(5000) * 1e-15,
            })];
            int[] expected = [.. Enumerable.Range(0, count).OrderBy(i => keys[i])];
            double[] sorted = [.. keys];
            int[] indices = [.. Enumerable.Range(0, count)];
            StableOrder.Sort(sorted, indices);
            Assert.Equal(expected, indices);
            Assert.Equal(expected.Select(i => keys[i]), sorted);
        }
    }
}
