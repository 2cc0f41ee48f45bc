using QosValuation.Allocation.Fairness;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class FairnessColumnsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(501)]
    [InlineData(5000)]
    public void MeasuresToTheLastBitAsOneColumnAlone(int count)
    {
        RandomSource random = RandomSource.Create(count);
        for (int columns = 1; columns <= 9; columns++)
        {
            var measured = new FairnessColumns(count, columns);
            double[][] rates = new double[columns][];
            for (int column = 0; column < columns; column++)
            {
                double[] values = Draw(column + 1);
                double[] tokens = Draw(column);
                measured.SetRates(column, tokens, values);
                rates[column] = [.. tokens.Zip(values, FairnessMeasures.RewardRate)];
            }

            double[] jain = new double[columns];
            double[] gini = new double[columns];
            measured.Measure(jain, gini);
            for (int column = 0; column < columns; column++)
            {
                Assert.Equal(FairnessMeasures.Jain(rates[column]), jain[column]);
                Assert.Equal(FairnessMeasures.Gini(rates[column]), gini[column]);
            }
        }

        double[] Draw(int style) => [.. Enumerable.Range(0, count).Select(_ => (style % 5) switch
        {
            0 => 0,
            1 => Math.Exp(random.NextNormal()),
            2 => random.NextInt32(3),
            3 => Math.Pow(10, random.NextInt32(600) - 300),
            _ => random.NextInt32(9) == 0 ? 1e-300 : 4,
        })];
    }

    [Theory]
    [InlineData(-1.0)]
    [InlineData(double.NaN)]
    public void RefusesWhatIsNoRate(double tokens)
    {
        var measured = new FairnessColumns(3, 1);
        measured.SetRates(0, [1, tokens, 2], [1, 1, 1]);
        QosValuationException fault = Assert.Throws<QosValuationException>(() => measured.Measure(new double[1], new double[1]));
        Assert.Equal("RateNotValid", fault.ErrorId);

        // Wherever it stands among many, and again once a rate stands there.
        for (int place = 0; place < 9; place++)
        {
            var many = new FairnessColumns(9, 2);
            double[] given = [.. Enumerable.Repeat(1.0, 9)];
            double[] ones = [.. given];
            given[place] = tokens;
            many.SetRates(0, ones, ones);
            many.SetRates(1, given, ones);
            Assert.Throws<QosValuationException>(() => many.Measure(new double[2], new double[2]));
            many.SetRates(1, ones, ones);
            double[] jain = new double[2];
            many.Measure(jain, new double[2]);
            Assert.Equal([1.0, 1.0], jain);
        }
    }

    [Fact]
    public void MeasuringAllocatesNothing()
    {
        var measured = new FairnessColumns(500, 3);
        double[] ones = [.. Enumerable.Repeat(1.0, 500)];
        double[] jain = new double[3];
        double[] gini = new double[3];
        void Round()
        {
            for (int column = 0; column < 3; column++)
            {
                measured.SetRates(column, ones, ones);
            }

            measured.Measure(jain, gini);
        }

        Round();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Round();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
