using QosValuation.Foundation.Numerics;

namespace QosValuation.Tests;

public sealed class QuantileSampleTests
{
    [Fact]
    public void HandWorkedQuantiles()
    {
        var sample = new QuantileSample();
        foreach (double x in new[] { 4.0, 1, 3, 2 })
        {
            sample.Add(x);
        }

        double[] sorted = sample.Sorted();
        Assert.Equal([1, 2, 3, 4], sorted);

        // Positions p·3: 0, 0.75, 1.5, 3.
        Assert.Equal(1, QuantileSample.OfSorted(sorted, 0));
        Assert.Equal(1.75, QuantileSample.OfSorted(sorted, 0.25), 1e-15);
        Assert.Equal(2.5, QuantileSample.OfSorted(sorted, 0.5), 1e-15);
        Assert.Equal(4, QuantileSample.OfSorted(sorted, 1));
        Assert.Equal(7, QuantileSample.OfSorted([7], 0.95));
    }

    [Fact]
    public void LongStreamsAreThinnedEvenly()
    {
        var sample = new QuantileSample();
        const int count = (5 * QuantileSample.Limit) + 17;
        for (int i = 0; i < count; i++)
        {
            sample.Add(i);
        }

        double[] sorted = sample.Sorted();
        Assert.InRange(sorted.Length, QuantileSample.Limit / 2, QuantileSample.Limit);
        for (int i = 0; i < sorted.Length; i++)
        {
            Assert.Equal(8.0 * i, sorted[i]);
        }

        Assert.InRange(sorted[^1], count - 8, count - 1);
    }
}
