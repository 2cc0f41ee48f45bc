using QosValuation.Reporting.Page;

namespace QosValuation.Tests;

/// <summary>How the sections of a report are found and told.</summary>
public sealed class ReportSectionRegistryTests
{
    [Fact]
    public void EverySectionOfTheEngineIsFoundInTheOrderOfThePipeline()
    {
        string[] expected =
        [
            "SemanticCluster", "DpPrototype", "PrivacySpending", "PrivacyBudget", "PrivacyLoss", "PrototypeUtility", "MembershipInference", "ModelMembershipInference", "EmpiricalPrivacy", "Reconstruction", "Figure7Row",
            "ValuationSimulationResult", "DataValue", "TokenGrant", "FairnessReport", "FairnessFrontierPoint", "LorenzCurve", "AllocationSimulationResult",
            "DatRecord", "DatLedgerReport", "PrivacyBudgetReport", "QosReport", "StrategyGain",
        ];
        Assert.Equal(expected, ReportSamples.Sections.Sections.Select(section => section.TypeName).Where(expected.Contains));
        Assert.All(ReportSamples.Sections.Sections.Zip(ReportSamples.Sections.Sections.Skip(1)), pair => Assert.True(pair.First.Place < pair.Second.Place));
    }

    [Fact]
    public void ASectionIsFoundByItsTypeNameAndByTheProperties()
    {
        foreach (IReportSection section in ReportSamples.Sections.Sections)
        {
            Assert.NotEmpty(section.Required);
            Assert.All(section.Required, name => Assert.Contains(name, section.Properties));
            Assert.Same(section, ReportSamples.Sections.Of(new ReportRecord(section.TypeName, [])));
            Assert.Same(section, ReportSamples.Sections.Of(ReportSamples.Row(string.Empty, [.. section.Properties.Select(name => (name, (object?)null))])));
            if (section.ResultType is Type type)
            {
                // The name that results have before it is cut off, as scripts and saved results give it.
                Assert.Equal("QosValuation." + section.TypeName, type.FullName);
            }
        }
    }

    [Fact]
    public void ASectionNeedsNoRegistration()
    {
        ReportSectionRegistry registry = ReportSectionRegistry.For(typeof(Thing).Assembly);
        Assert.Equal(["Thing", "SemanticCluster"], registry.Sections.Take(2).Select(section => section.TypeName));
        var builder = new ReportBuilder(registry);
        builder.Add(ReportRecord.From(new Thing(2)));
        builder.Add(ReportSamples.Row("Thing", ("Amount", "3")));
        Report report = builder.Build("t", ReportSamples.Then, []);
        Assert.Equal("Things worth 5", Assert.Single(report.Sections).Title);

        // What a section says of the guarantee that it brings is the summary.
        Assert.Equal("What does ε = 2 cost, and what does it buy?", report.SummaryTitle);
        Assert.Equal(["It buys", "What is at stake"], report.Summary.Select(part => part.Heading));
        Assert.Equal(["Early.", "Late."], report.Summary[0].Sentences);
    }

    [Fact]
    public void TwoSectionsOfOneTypeAreAnError() =>
        Assert.Contains("Thing", Assert.Throws<ArgumentException>(() => new ReportSectionRegistry([new ThingSection(), new ThingSection()])).Message, StringComparison.Ordinal);

    public sealed record Thing(double Amount);

    private sealed class ThingSection() : ResultSection<Thing>(10, nameof(Thing.Amount))
    {
        public override ReportSection Build(IReadOnlyList<ReportRecord> records, ReportContext context) =>
            SectionParts.Section("Things worth " + records.Sum(record => record.Number("Amount")), "Read.", records, []);

        public override IEnumerable<PrivacyTerms> Terms(IReadOnlyList<ReportRecord> records) => [new(2), new(double.NaN), new(0)];

        public override IEnumerable<SummarySentence> Summarise(IReadOnlyList<ReportRecord> records, PrivacyTerms terms) =>
        [
            new(SummaryHeading.AtStake, 1, "Something."),
            new(SummaryHeading.Buys, 20, "Late."),
            new(SummaryHeading.Buys, 10, "Early."),
            new(SummaryHeading.Buys, 15, "Early."),
        ];
    }
}
