using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class RandomSourceTests
{
    [Fact]
    public void SameSeedAndStreamGiveTheSameSequenceAndOthersDoNot()
    {
        ulong[] Draw(int seed, ulong stream)
        {
            RandomSource source = RandomSource.Create(seed, stream);
            return [.. Enumerable.Range(0, 50).Select(_ => source.NextUInt64())];
        }

        Assert.Equal(Draw(7, 3), Draw(7, 3));
        Assert.Empty(Draw(7, 3).Intersect(Draw(7, 4)));
        Assert.Empty(Draw(7, 3).Intersect(Draw(8, 3)));
        Assert.Empty(Draw(0, 0).Intersect(Draw(-1, 0)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(null)]
    public void NormalsHaveTheMomentsAndTailsOfTheStandardNormal(int? seed)
    {
        RandomSource source = RandomSource.Create(seed);
        const int count = 200_000;
        double sum = 0, squares = 0, fourth = 0;
        int beyondTwo = 0;
        for (int i = 0; i < count; i++)
        {
            double z = source.NextNormal();
            sum += z;
            squares += z * z;
            fourth += z * z * z * z;
            beyondTwo += Math.Abs(z) > 2 ? 1 : 0;
        }

        // Six standard errors: one failure in about 10^8 runs.
        Assert.InRange(sum / count, -6 / Math.Sqrt(count), 6 / Math.Sqrt(count));
        Assert.InRange(squares / count, 1 - 6 * Math.Sqrt(2.0 / count), 1 + 6 * Math.Sqrt(2.0 / count));
        Assert.InRange(fourth / count, 3 - 6 * Math.Sqrt(96.0 / count), 3 + 6 * Math.Sqrt(96.0 / count));
        double expected = 0.0455002639;
        double error = 6 * Math.Sqrt(expected * (1 - expected) / count);
        Assert.InRange((double)beyondTwo / count, expected - error, expected + error);
    }

    [Fact]
    public void BoundedIntegersAreUniform()
    {
        RandomSource source = RandomSource.Create(11);
        const int count = 120_000;
        int[] histogram = new int[6];
        for (int i = 0; i < count; i++)
        {
            histogram[source.NextInt32(6)]++;
        }

        double chiSquare = histogram.Sum(h => (h - count / 6.0) * (h - count / 6.0) / (count / 6.0));
        Assert.InRange(chiSquare, 0, 33); // 5 degrees of freedom: p = 4e-6
    }

    [Fact]
    public void CryptographicSourcesDiffer()
    {
        Assert.NotEqual(RandomSource.Create(null).NextUInt64(), RandomSource.Create(null).NextUInt64());
        Assert.True(RandomSource.Create(null).IsCryptographic);
        Assert.False(RandomSource.Create(1).IsCryptographic);
    }

    [Fact]
    public void ARestartedSourceGivesTheSequenceOfItsNewStream()
    {
        RandomSource restarted = RandomSource.Create(5, 1);
        foreach (int drawn in new[] { 0, 1, 3, 8, 9, 600 })
        {
            for (int i = 0; i < drawn; i++)
            {
                restarted.NextUInt64();
            }

            restarted.NextNormal();
            restarted.Restart((ulong)drawn);
            RandomSource made = RandomSource.Create(5, (ulong)drawn);
            for (int i = 0; i < 1100; i++)
            {
                Assert.Equal(made.NextNormal(), restarted.NextNormal());
            }
        }

        RandomSource free = RandomSource.Create(null);
        ulong first = free.NextUInt64();
        free.Restart(0);
        Assert.NotEqual(first, free.NextUInt64());
    }

    [Fact]
    public void WordsReadAheadAreThoseThatAreDrawn()
    {
        RandomSource source = RandomSource.Create(3);
        RandomSource plain = RandomSource.Create(3);
        for (int round = 0; round < 300; round++)
        {
            ulong[] ahead = [.. source.Ahead()];
            Assert.NotEmpty(ahead);
            int used = Math.Min(ahead.Length, round % 37);
            source.Skip(used);
            Assert.Equal(ahead[..used], Enumerable.Range(0, used).Select(_ => plain.NextUInt64()));
            Assert.Equal(plain.NextUInt64(), source.NextUInt64());
        }

        Assert.Empty(RandomSource.Create(null).Ahead().ToArray());
    }
}
