using System.Globalization;
using QosValuation.Reporting.Page;

namespace QosValuation.Tests;

/// <summary>Rows of different runs are never averaged, added up or drawn under one name.</summary>
public sealed class RunsTests
{
    [Fact]
    public void APropertyOfTheUserPartsGrantsOfTheSameAgents()
    {
        ReportSection section = Section(Sweep("TokenGrant", "Threshold", [0.6, 0.8], (i, threshold) =>
            [("Agent", "agent-" + i), ("Value", i + 1.0), ("Tokens", threshold * (i + 1)), ("RewardRate", threshold), ("Scheme", "Proposed")]));
        Assert.Equal(["reward-rates", "lorenz"], section.Figures.Select(figure => figure.Name));
        Assert.Equal(["Threshold = 0.6", "Threshold = 0.8"], section.Figures[0].Series.Select(series => series.Name));
        Assert.Equal([0.6, 0.6, 0.6], section.Figures[0].Series[0].Points.Select(point => point.Y));
        Assert.Equal(["Threshold = 0.6", "Threshold = 0.8", "Perfect equality"], section.Figures[1].Series.Select(series => series.Name));
        Assert.Contains("Threshold", section.Table.Columns);
    }

    [Fact]
    public void ASettingThatResultsHaveThemselvesPartsThemToo()
    {
        // Two supplies of one scheme: two curves, not one with both.
        ReportSection section = Section(Sweep("TokenGrant", "Supply", [20, 40], (i, supply) =>
            [("Agent", "agent-" + i), ("Value", i + 1.0), ("Tokens", supply / 10), ("RewardRate", supply / 10 / (i + 1)), ("Scheme", "Proposed")]));
        Assert.Equal(["Supply = 20", "Supply = 40"], section.Figures[0].Series.Select(series => series.Name));
    }

    [Fact]
    public void AnAttributeOfTheAgentsPartsNothing()
    {
        // Each agent has its own capacity and its own remark: one run.
        IEnumerable<object> rows = Enumerable.Range(1, 6).Select(i => ReportSamples.Row(
            "TokenGrant", ("Agent", "a" + i), ("Value", 1.0), ("Tokens", 1.0), ("RewardRate", 1.0), ("Scheme", "Proposed"), ("Capacity", (double)i), ("Remark", "r" + i)));
        Assert.Equal(["tokens", "lorenz"], Section(rows).Figures.Select(figure => figure.Name));
    }

    [Fact]
    public void EachPointOfASimulationIsOfOneRun()
    {
        // Without its seed the rows of one scheme were drawn through one another.
        ReportSection section = Section(new[] { 1, 2 }.SelectMany(seed => new[] { 0.1, 0.5, 1, 5 }.Select(alpha => ReportSamples.Row(
            "AllocationSimulationResult", ("Scheme", "Proposed"), ("Agents", 50), ("Alpha", alpha), ("Jain", 0.9 + seed / 100.0), ("Gini", 0.1), ("Rounds", 5), ("Seed", seed)))));
        Assert.Equal(["Proposed · Seed = 1", "Proposed · Seed = 2"], section.Figures[0].Series.Select(series => series.Name));
        Assert.All(section.Figures[0].Series[1].Points, point => Assert.Equal(0.92, point.Y));
    }

    [Fact]
    public void FairnessOfSeveralRunsIsNamed()
    {
        ReportSection section = Section(new[] { 0.6, 0.7, 0.8 }.Select(threshold => Fairness(("Threshold", threshold))));
        Assert.Equal(["Threshold = 0.6", "Threshold = 0.7", "Threshold = 0.8"], section.Figures[0].X.Categories);
        section = Section(new[] { 1, 2 }.Select(_ => Fairness(("Scheme", "Proposed"))));
        Assert.Equal(["Proposed · Result 1", "Proposed · Result 2"], section.Figures[0].X.Categories);
    }

    [Fact]
    public void DataValuesClustersAndPrototypesOfASweepAreNamed()
    {
        ReportSection values = Section(Sweep("DataValue", "Threshold", [0.6, 0.8], (i, t) =>
            [("Contributor", "c" + i), ("Quantity", 5), ("MeanNovelty", t), ("Value", t * (i + 1))]));
        Assert.Equal(6, values.Figures[0].X.Categories.Distinct().Count());
        Assert.Contains("c2 · Threshold = 0.8", values.Figures[0].X.Categories);
        ReportSection clusters = Section(Sweep("SemanticCluster", "Threshold", [0.6, 0.8], (i, t) =>
            [("Id", i), ("Count", i + 1), ("IsConfirmed", true), ("ConfirmedAt", 1L)]));
        Assert.Equal(6, clusters.Figures[0].X.Categories.Distinct().Count());
        ReportSection prototypes = Section(Sweep("DpPrototype", "Run", [1, 2], (i, run) =>
            [("ClusterId", i), ("Count", i + 1), ("Mechanism", "AnalyticGaussian"), ("Epsilon", 1.0), ("Delta", 1e-5), ("Sigma", 0.1 * run)]));
        Assert.Equal(["Run = 1", "Run = 2"], prototypes.Figures[0].Series.Select(series => series.Name));
    }

    [Fact]
    public void TheSummarySpeaksOfOneRunAndSaysWhich()
    {
        IEnumerable<object> values = Sweep("DataValue", "Threshold", [0.6, 0.8], (i, t) => [("Contributor", "c" + i), ("Quantity", 5), ("MeanNovelty", t), ("Value", 1.0)]);
        Report report = ReportSamples.Build("t", [ReportSamples.Prototype(1, PrivacyMechanism.DiscreteGaussian, 1, 0.1), .. values]);
        Assert.Contains("The records of 3 contributors (Threshold = 0.6) are worth f(d) = 1 each, 3 together.", report.Summary[^1].Sentences);
    }

    [Fact]
    public void LargeSeedsKeepAllTheirDigits() =>
        Assert.Equal("Seed = 20261128", SectionParts.Part(ReportSamples.Row("x", ("Seed", 20261128)), "Seed"));

    [Fact]
    public void NumbersOfASavedTableAreInvariantInTheCsvFile()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");
        try
        {
            ReportTable table = ReportTable.Of([ReportSamples.Row("x", ("Name", "1,5 m"), ("Number", "0,25")), ReportSamples.Row("x", ("Name", "d"), ("Number", "1E-05"))]);
            Assert.Equal("Name,Number\n\"1,5 m\",0.25\nd,1E-05\n", table.ToCsv());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static ReportSection Section(IEnumerable<object> rows) => Assert.Single(ReportSamples.Build("t", rows).Sections);

    private static ReportRecord Fairness((string, object?) more) => ReportSamples.Row(
        "FairnessReport", ("Jain", 0.9), ("Gini", 0.1), ("SocialWelfare", 1.0), ("Allocated", 1.0), ("MinRate", 0.1), more);

    private static IEnumerable<object> Sweep(string type, string property, double[] values, Func<int, double, (string, object?)[]> row) =>
        values.SelectMany(value => Enumerable.Range(0, 3).Select(i => ReportSamples.Row(type, [.. row(i, value), (property, value)])));
}
