using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class VectorSortTests
{
    [Fact]
    public void SortsEveryLengthAsArraysDo()
    {
        RandomSource random = RandomSource.Create(1);
        int[] lengths = [.. Enumerable.Range(0, 300), 511, 512, 513, 1000, 1023, 1024, 1025, 2000, 2049, VectorSort.Most - 1, VectorSort.Most, VectorSort.Most + 1];
        foreach (int count in lengths)
        {
            foreach (int style in Enumerable.Range(0, 7))
            {
                double[] values = [.. Enumerable.Range(0, count).Select(i => style switch
                {
                    0 => random.NextNormal(),
                    1 => random.NextInt32(4),
                    2 => count - i,
                    3 => i,
                    4 => random.NextInt32(3) * double.Epsilon * random.NextInt32(1000),
                    5 => 0,
                    _ => random.NextInt32(9) == 0 ? double.PositiveInfinity : Math.Pow(10, random.NextInt32(600) - 300),
                })];
                double[] expected = [.. values];
                Array.Sort(expected);
                double[] sorted = new double[count];
                double[] buffer = new double[VectorSort.BufferLength(count)];
                double[] given = [.. values];
                VectorSort.Sort(values, buffer, sorted);
                Assert.Equal(expected, sorted);
                Assert.Equal(given, values);

                // In place, and with a buffer that begins anywhere.
                for (int shift = 0; shift < 8; shift++)
                {
                    VectorSort.Sort(given, new double[buffer.Length + shift].AsSpan(shift), values);
                    Assert.Equal(expected, values);
                }
            }
        }
    }

    // A network that sorts all zeros and ones sorts everything (Knuth 5.3.4). All 2^n are too many: here ones stand scattered, from every third place.
    [Theory]
    [InlineData(64)]
    [InlineData(128)]
    [InlineData(256)]
    public void SortsZerosAndOnes(int count)
    {
        double[] sorted = new double[count];
        double[] buffer = new double[VectorSort.BufferLength(count)];
        for (int ones = 0; ones <= count; ones++)
        {
            for (int start = 0; start < count; start += 3)
            {
                double[] values = new double[count];
                for (int i = 0; i < ones; i++)
                {
                    values[((start + i) * 7) % count] = 1;
                }

                VectorSort.Sort(values, buffer, sorted);
                Assert.Equal(count - ones, sorted.AsSpan().IndexOf(1) is var first && first < 0 ? count : first);
                Assert.Equal(ones, sorted.Count(x => x == 1));
            }
        }
    }
}
