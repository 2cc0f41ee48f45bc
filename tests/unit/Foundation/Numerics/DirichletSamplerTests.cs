using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class DirichletSamplerTests
{
    [Theory]
    [InlineData(0.001)]
    [InlineData(0.05)]
    [InlineData(0.5)]
    [InlineData(0.999)]
    [InlineData(1)]
    [InlineData(1.3)]
    [InlineData(7)]
    [InlineData(1e6)]
    public void SharesAreThoseOfSingleGammasToTheLastBit(double concentration)
    {
        var sampler = new DirichletSampler(concentration);
        foreach (int count in new[] { 1, 2, 7, 255, 256, 257, 1000, 20_001 })
        {
            foreach (bool hasSpare in new[] { false, true })
            {
                RandomSource whole = RandomSource.Create(count);
                RandomSource single = RandomSource.Create(count);
                if (hasSpare)
                {
                    Assert.Equal(single.NextNormal(), whole.NextNormal());
                }

                double[] shares = new double[count];
                sampler.Draw(shares, 1e-300, whole);
                double[] wanted = [.. Enumerable.Range(0, count).Select(_ => Distributions.LogGamma(concentration, single))];
                double largest = wanted.Max();
                CompensatedSum sum = default;
                foreach (ref double draw in wanted.AsSpan())
                {
                    draw = Math.Exp(draw - largest);
                    sum.Add(draw);
                }

                for (int i = 0; i < count; i++)
                {
                    Assert.Equal(BitConverter.DoubleToInt64Bits(Math.Max(wanted[i] / sum.Value, 1e-300)), BitConverter.DoubleToInt64Bits(shares[i]));
                }

                Assert.Equal(single.NextNormal(), whole.NextNormal());
                Assert.Equal(single.NextUInt64(), whole.NextUInt64());
            }
        }
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(300, 1000)]
    [InlineData(2000, 31_000)]
    public void BallsFallWhereSingleDrawsSay(int bins, int balls)
    {
        RandomSource whole = RandomSource.Create(3);
        RandomSource single = RandomSource.Create(3);
        double[] counts = new double[bins];
        double[] wanted = new double[bins];
        for (int turn = 0; turn < 3; turn++)
        {
            Distributions.UniformMultinomial(balls, counts, whole);
            Array.Clear(wanted);
            for (int ball = 0; ball < balls; ball++)
            {
                wanted[single.NextInt32(bins)]++;
            }

            Assert.Equal(wanted, counts);
            Assert.Equal(single.NextUInt64(), whole.NextUInt64());
        }
    }

    [Fact]
    public void ASourceWithoutASeedServesToo()
    {
        double[] shares = new double[3000];
        new DirichletSampler(0.5).Draw(shares, 0, RandomSource.Create(null));
        Assert.Equal(1, shares.Sum(), 1e-12);
        Assert.All(shares, share => Assert.InRange(share, 0, 1));
    }
}
