using QosValuation.Allocation.Fairness;
using QosValuation.Allocation.Schemes;

namespace QosValuation.Tests;

public sealed class FairnessCollectorTests
{
    [Fact]
    public void SchemesAndSuppliesAreMeasuredApart()
    {
        TokenAgent[] agents = [.. Enumerable.Range(1, 5).Select(i => new TokenAgent { Agent = "a" + i, Value = i, Capacity = 4 })];
        (AllocationScheme Scheme, double Supply)[] runs =
            [(AllocationScheme.MaxMin, 10), (AllocationScheme.Proposed, 10), (AllocationScheme.MaxMin, 5)];
        var collector = new FairnessCollector();
        TokenGrant[][] grants = [.. runs.Select(run => TokenAllocator.Allocate(agents, run.Supply, run.Scheme))];
        for (int i = 0; i < agents.Length; i++)
        {
            // Grants of the runs come mixed.
            Array.ForEach(grants, run => collector.Add(run[i]));
        }

        FairnessReport[] reports = [.. collector.Measure()];
        Assert.Equal(runs.Select(run => ((string?)run.Scheme.ToString(), run.Supply)), reports.Select(report => (report.Scheme, report.Supply)));
        Assert.Equal(grants.Select(run => FairnessMeasures.Measure(run)), reports);
    }

    [Fact]
    public void RowsNameTheirSchemeByNameNumberOrNotAtAll()
    {
        var collector = new FairnessCollector();
        foreach (string? scheme in new[] { "waterfilling", "4", "Lottery", null, "Proposed, WaterFilling" })
        {
            collector.Add(scheme, double.NaN, 1, 2, null, null);
        }

        Assert.Equal(["WaterFilling", "Lottery", null, "Proposed, WaterFilling"], collector.Measure().Select(report => report.Scheme));
        Assert.Equal([2, 1, 1, 1], collector.Measure().Select(report => report.Count));
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(double.NaN, 1)]
    [InlineData(double.PositiveInfinity, 1)]
    [InlineData(1, -1)]
    [InlineData(1, double.NaN)]
    public void AGrantThatHasNoRateIsRefused(double value, double tokens)
    {
        var collector = new FairnessCollector();
        Assert.Equal("RateNotValid", Assert.Throws<QosValuationException>(() => collector.Add(null, 1, value, tokens, null, null)).ErrorId);
        Assert.Equal(0, collector.GrantCount);
    }

    [Fact]
    public void GrantsAndRatesDoNotMix()
    {
        var collector = new FairnessCollector();
        collector.AddRate(1, null);
        Assert.Equal("FairnessInputMixed", Assert.Throws<QosValuationException>(() => collector.Add(null, 1, 1, 1, null, null)).ErrorId);
        Assert.Equal(1, Assert.Single(collector.Measure()).Count);
    }
}
