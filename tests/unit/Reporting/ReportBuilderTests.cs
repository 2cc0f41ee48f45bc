using System.Globalization;
using QosValuation.Privacy.Accounting;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Tests;

/// <summary>How results become sections, figures and sentences.</summary>
public sealed class ReportBuilderTests
{
    public static TheoryData<string, object> KnownTypes => new()
    {
        { "Reconstruction attack", ReportSamples.Privacy().OfType<Reconstruction>().First() },
        { "Privacy against utility", ReportSamples.Privacy().OfType<PrototypeUtility>().First() },
        { "Membership inference", ReportSamples.Privacy().OfType<MembershipInference>().First() },
        { "Membership inference on trained models", ReportSamples.ModelMembership(double.NaN, 0.4) },
        { "Empirical privacy", ReportSamples.Privacy().OfType<EmpiricalPrivacy>().First() },
        { "Released prototypes", ReportSamples.Privacy().OfType<DpPrototype>().First() },
        { "Token grants", ReportSamples.Many().OfType<TokenGrant>().First() },
        { "Data values", ReportSamples.Many().OfType<DataValue>().First() },
        { "Fairness", ReportSamples.Many().OfType<FairnessReport>().First() },
        { "Fairness in simulation (Figs. 4 and 5)", ReportSamples.Many().OfType<AllocationSimulationResult>().First() },
    };

    [Theory]
    [MemberData(nameof(KnownTypes))]
    public void TellsAResultByItsTypeAndByItsPropertiesAlone(string title, object result)
    {
        ReportRecord typed = ReportRecord.From(result);

        // As Import-Csv gives it: no type, and texts.
        var texts = new ReportRecord(string.Empty, typed.Names.Where(name => ReportRecord.IsScalar(typed[name])).Select(name => KeyValuePair.Create(name, (object?)ReportRecord.TextOf(typed[name]))));
        Assert.Equal(title, Assert.Single(ReportSamples.Build("t", typed).Sections).Title);
        Assert.Equal(title, Assert.Single(ReportSamples.Build("t", texts).Sections).Title);
    }

    [Theory]
    [InlineData("0.7", 0.7)]
    [InlineData(" 1e-5 ", 1e-5)]
    [InlineData("0,7", 0.7)] // As Export-Csv writes it there.
    [InlineData("1,234.5", null)] // A comma that separates thousands cannot be told from one before decimals.
    [InlineData("7 records", null)]
    public void ReadsNumbersAsTheUserWritesThem(string text, double? expected)
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");
        try
        {
            Assert.Equal(expected, ReportRecord.TryNumber(text, out double number) ? number : null);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void LedgersAreShownWithTheirTotalsAndFaults()
    {
        DatRecord Record(long sequence, string address, double value) => new()
        {
            Sequence = sequence, Address = address, Value = value, Pointer = "p", Hash = new string('a', 64), PreviousHash = new string('0', 64),
            Timestamp = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc),
        };
        var check = new DatLedgerReport { Path = "l.db", IsValid = false, Records = 3, HeadHash = new string('a', 64), Faults = [new(2, DatLedgerFaultKind.Changed, "Record 2 was changed."), new(3, DatLedgerFaultKind.Dropped, "Record 3 is missing.")] };
        Report report = ReportSamples.Build("t", Record(1, "bob", 1), Record(2, "alice", 2), Record(3, "bob", 0.5), check);
        Assert.Equal(["Ledger records", "Checks of ledgers and settlements"], report.Sections.Select(section => section.Title));
        ReportFigure figure = Assert.Single(report.Sections[0].Figures);
        Assert.Equal(["alice", "bob"], figure.X.Categories);
        Assert.Equal([2, 1.5], figure.Series[0].Points.Select(point => point.Y));
        Assert.Contains("2026-01-02 03:04:05Z", report.Sections[0].Table.ToCsv(), StringComparison.Ordinal);
        Assert.Equal(["Record 2 was changed.", "Record 3 is missing."], report.Sections[1].Table.Rows.Select(row => row[^1]));
    }

    [Fact]
    public void BudgetsAreDrawnByContributorWithWhatIsSpentAndLeft()
    {
        PrivacySpending Spending(string name, double spent, double remaining) =>
            new() { Contributor = name, Releases = 2, Mu = 0.1, Spent = spent, Remaining = remaining, Epsilon = 2, Delta = 1e-5 };
        PrivacySpending[] spending = [Spending("ann", 0.5, 1.9), Spending("bob", 1.8, 0.7), Spending("cy", 1, 1.6)];
        ReportSection section = Assert.Single(ReportSamples.Build("t", spending).Sections);
        Assert.Equal("Privacy spent by contributor", section.Title);
        ReportFigure figure = Assert.Single(section.Figures);
        Assert.Equal(["bob", "cy", "ann"], figure.X.Categories);
        Assert.Equal(["Spent", "Remaining"], figure.Series.Select(series => series.Name));
        Assert.Equal([1.8, 1, 0.5], figure.Series[0].Points.Select(point => point.Y));
        Assert.Equal([0.7, 1.6, 1.9], figure.Series[1].Points.Select(point => point.Y));
        Assert.Equal((0, 2), (figure.Y.Min, figure.Y.Max));
        Assert.Contains("limit of each contributor is ε = 2 at δ = 1e−5", figure.Note, StringComparison.Ordinal);

        // Saved as CSV the rows have lost their type; a budget itself brings its contributors.
        object[] saved = [.. spending.Select(row => ReportSamples.Row(string.Empty, ("Contributor", row.Contributor), ("Releases", "2"), ("Mu", "0.1"),
            ("Spent", row.Spent.ToString(CultureInfo.InvariantCulture)), ("Remaining", row.Remaining.ToString(CultureInfo.InvariantCulture)), ("Epsilon", "2"), ("Delta", "1E-05")))];
        Assert.Equal(figure.X.Categories, Assert.Single(Assert.Single(ReportSamples.Build("t", saved).Sections).Figures).X.Categories);
        using var folder = new TemporaryFolder();
        PrivacyBudget budget = PrivacyBudget.Create(folder.File("b.db"), 2, 1e-5);
        using (var store = QosValuation.Privacy.Budgets.PrivacyBudgetStore.Open(folder.File("b.db")))
        {
            store.Charge([new(new QosValuation.Privacy.Accounting.GaussianEvent(0.01), new("DiscreteGaussian"), ["ann", "bob"])]);
        }

        ReportSection whole = Assert.Single(ReportSamples.Build("t", budget).Sections);
        Assert.Equal("Privacy budgets", whole.Title);
        Assert.Equal(["ann", "bob"], Assert.Single(whole.Figures).X.Categories);
        ReportSection check = Assert.Single(ReportSamples.Build("t", QosValuation.Privacy.Budgets.PrivacyBudgetStore.Check(folder.File("b.db"))).Sections);
        Assert.Equal("Checks of privacy budgets", check.Title);
        Assert.Single(check.Table.Rows);
    }

    [Fact]
    public void PrototypesOfTheSameNoiseAreOneSeries()
    {
        DpPrototype[] prototypes =
        [
            .. new[] { PrivacyMechanism.AnalyticGaussian, PrivacyMechanism.DiscreteGaussian, PrivacyMechanism.ClassicGaussian }.SelectMany(mechanism =>
                Enumerable.Range(1, 3).SelectMany(cluster => new[] { Modality.Image, Modality.Text }.Select(modality =>
                    ReportSamples.Prototype(cluster, mechanism, 1, (mechanism == PrivacyMechanism.ClassicGaussian ? 0.05 : 0.04) / cluster) with { Modality = modality, Count = 50 * cluster }))),
        ];
        ReportFigure noise = ReportSamples.Build("t", prototypes).Sections[0].Figures.Single(figure => figure.Name == "noise");
        Assert.Equal(["AnalyticGaussian, DiscreteGaussian", "ClassicGaussian"], noise.Series.Select(series => series.Name));
        Assert.All(noise.Series, series => Assert.Equal(3, series.Points.Count));
    }

    [Fact]
    public void AuditsOfSeveralClaimsAreDrawnAgainstTheClaim()
    {
        ReportRecord Audit(double claim, double proven, double scale = 1, string mechanism = "DiscreteGaussian") => ReportSamples.Row(
            "EmpiricalPrivacy", ("Mechanism", mechanism), ("ClaimedEpsilon", claim), ("EpsilonLowerBound", proven), ("GaussianEpsilonLowerBound", proven), ("NoiseScale", scale), ("IsViolated", proven > claim));
        ReportSection section = ReportSamples.Build("t", Audit(0.1, 0), Audit(1, 0.6), Audit(10, 4), Audit(5, 6, 0.5), Audit(double.NaN, 11, mechanism: "ImageDp")).Sections[0];
        ReportFigure figure = section.Figures[0];
        Assert.Equal(["DiscreteGaussian", "DiscreteGaussian · noise × 0.5", "ImageDp (claims none)", "As claimed"], figure.Series.Select(series => series.Name));
        Assert.Equal([(1, 0.6), (10, 4)], figure.Series[0].Points.Select(point => (point.X, point.Y)));
        Assert.Equal([(0.1, 0.1), (10, 10)], figure.Series[^1].Points.Select(point => (point.X, point.Y)));
        Assert.True(figure.Series[2].IsReference && figure.Series[2].Points[0].Y == 11);
        Assert.Contains("1 of 5 audits convicts, as it should", section.HowToRead, StringComparison.Ordinal);
        Assert.Equal(FigureKind.Bar, ReportSamples.Build("t", Audit(1, 0.6), Audit(1, 1.5, 0.5)).Sections[0].Figures[0].Kind);
    }

    [Fact]
    public void TheTwoTablesOfFigure6AreOneFigureWithItsErrors()
    {
        // The console's tables: the first tells the threshold, the second the standard errors.
        IEnumerable<object> rows = new[] { 5, 10 }.SelectMany(gamma => new object[]
        {
            ReportSamples.Row("ValuationSimulationResult", ("NoveltyThreshold", gamma), ("Quantity", 20), ("SimilarityThreshold", 0.7), ("Value", 1.0), ("Novel", 2.0 * gamma)),
            ReportSamples.Row("ValuationSimulationResult", ("NoveltyThreshold", gamma), ("Quantity", 40), ("SimilarityThreshold", 0.7), ("Value", 2.0), ("Novel", 3.0 * gamma)),
            ReportSamples.Row("ValuationSimulationResult", ("NoveltyThreshold", gamma), ("Quantity", 40), ("Novel", 3.0 * gamma), ("NovelStandardError", 0.5)),
        });
        ReportSection section = ReportSamples.Build("t", rows).Sections[0];
        Assert.Equal(["Γ = 5", "Γ = 10"], section.Figures.Single(figure => figure.Name == "value-over-quantity").Series.Select(series => series.Name));
        FigureSeries novel = Assert.Single(section.Figures.Single(figure => figure.Name == "novel-over-gamma").Series);
        Assert.Equal([(5, 15), (10, 30)], novel.Points.Select(point => (point.X, point.Y)));
        Assert.All(novel.Points, point => Assert.True(point.High > point.Y));
    }

    [Fact]
    public void SectionsOfOtherResultsAreNamedInWords()
    {
        Assert.Equal("Order sensitivity result", Assert.Single(ReportSamples.Build("t", ReportSamples.Row("OrderSensitivityResult", ("A", 1))).Sections).Title);
        Assert.Equal("<b>X", Assert.Single(ReportSamples.Build("t", ReportSamples.Row("<b>X", ("A", 1))).Sections).Title);
    }

    [Fact]
    public void WhiskersDoNotLeaveWhatAQuantityCanBe()
    {
        Report report = ReportSamples.Build("t", ReportSamples.Row("QosReport", ("Scheme", "Proposed"), ("ServedRatio", 0.99), ("ServedRatioStandardError", 0.1), ("P95Wait", 0.1), ("P95WaitStandardError", 0.2), ("OutageRatio", 0.1), ("Utilisation", 0.5)));
        ReportFigure served = report.Sections[0].Figures.Single(figure => figure.Name == "served"), wait = report.Sections[0].Figures.Single(figure => figure.Name == "wait");
        Assert.Equal(1, served.Series[0].Points[0].High);
        Assert.Equal(0, wait.Series[0].Points[0].Low);
        Assert.True(wait.Series[0].Points[0].High > 0.4);
        Assert.Contains("EpochLength", wait.Y.Title, StringComparison.Ordinal);
    }

    [Fact]
    public void SimulationFiguresHoldTheRowsNumbers()
    {
        AllocationSimulationResult[] rows = [.. ReportSamples.Many().OfType<AllocationSimulationResult>()];
        ReportFigure figure = ReportSamples.Build("t", rows).Sections[0].Figures[0];
        Assert.Equal(FigureScale.Log, figure.X.Scale);
        foreach (AllocationSimulationResult row in rows)
        {
            FigurePoint point = figure.Series.Single(series => series.Name == row.Scheme.ToString()).Points.Single(candidate => candidate.X == row.Alpha);
            Assert.Equal((row.Jain, row.JainQ05, row.JainQ95), (point.Y, point.Low, point.High));
        }
    }

    [Fact]
    public void BothSweepsInOneInputMakeBothFigures()
    {
        var rows = new List<object>();
        foreach ((int agents, double alpha) in new[] { (500, 0.1), (500, 0.5), (500, 1.0), (100, 0.5), (300, 0.5) })
        {
            rows.Add(ReportSamples.Row(string.Empty, ("Scheme", "Proposed"), ("Agents", agents.ToString(CultureInfo.InvariantCulture)), ("Alpha", alpha.ToString(CultureInfo.InvariantCulture)), ("Jain", "0.9"), ("JainStandardError", "0.01"), ("Gini", "0.1"), ("GiniStandardError", "0.01"), ("Rounds", "10")));
        }

        IReadOnlyList<ReportFigure> figures = ReportSamples.Build("t", rows).Sections[0].Figures;
        Assert.Equal(["Jain's index against α at N = 500", "Gini coefficient against α at N = 500", "Jain's index against N at α = 0.5", "Gini coefficient against N at α = 0.5"], figures.Select(figure => figure.Title));
        Assert.Equal([100.0, 300, 500], figures[2].Series[0].Points.Select(point => point.X));
        Assert.Equal(0.9 - 1.959964 * 0.01, figures[2].Series[0].Points[0].Low, 10);
    }

    [Fact]
    public void LorenzCurveIsTheEnginesOwn()
    {
        double[] rates = [3, 1, 2, 0, 5];
        var grants = rates.Select((rate, i) => new TokenGrant { Agent = "a" + i, Value = 1, Tokens = rate, Capacity = 9, Remaining = 0, RewardRate = rate }).ToArray();
        LorenzCurve expected = QosValuation.Allocation.Fairness.FairnessMeasures.Measure(grants, withLorenz: true).LorenzCurve!;
        FigureSeries curve = ReportSamples.Build("t", grants).Sections[0].Figures[1].Series[0];
        Assert.Equal(expected.Population, curve.Points.Select(point => point.X));
        Assert.All(expected.Share.Zip(curve.Points), pair => Assert.Equal(pair.First, pair.Second.Y, 12));
    }

    [Fact]
    public void SummaryTellsCostAndGainOfEpsilonOneFromTheData()
    {
        Report report = ReportSamples.Build("t", ReportSamples.Privacy().Concat(ReportSamples.Many()));
        Assert.Equal("What does ε = 1 cost, and what does it buy?", report.SummaryTitle);
        Assert.Equal(["It costs", "It buys", "What is at stake"], report.Summary.Select(part => part.Heading));
        string costs = string.Join(' ', report.Summary[0].Sentences).Replace('\u00a0', ' ');
        string buys = string.Join(' ', report.Summary[1].Sentences).Replace('\u00a0', ' ');
        string stake = string.Join(' ', report.Summary[2].Sentences).Replace('\u00a0', ' ');

        // σ from 0.025 to 0.1 over 64 coordinates: lengths 0.2 to 0.8, the third smallest of four is 0.4.
        Assert.Contains("σ = 0.025 to 0.1 on each coordinate (DiscreteGaussian), for clusters of 20 to 80 records", costs, StringComparison.Ordinal);
        Assert.Contains("about 0.4 long", costs, StringComparison.Ordinal);
        Assert.Contains("63 % of the image prototypes still find their own cluster", costs, StringComparison.Ordinal); // 1 − 1/e
        Assert.Contains("guessing finds 5 %", costs, StringComparison.Ordinal);
        Assert.Contains("cosine to the clean prototype is 0.569", costs, StringComparison.Ordinal);
        Assert.Contains("an advantage of at most 46 %", buys, StringComparison.Ordinal); // (e − 1 + 2δ)/(e + 1) = 0.4621
        Assert.Contains("advantage of 28 % ± 3.9 %", buys, StringComparison.Ordinal); // 0.6·tanh(1/2) ± 1.96·0.02
        Assert.Contains("ImageDp, which has no guarantee, the same attack has an advantage of 98 %", buys, StringComparison.Ordinal);
        Assert.Contains("prove ε of at least 0.6, which does not exceed the 1", buys, StringComparison.Ordinal);
        Assert.Contains("cosine of 0.49 to the truth", buys, StringComparison.Ordinal);
        Assert.Contains("5 contributors", stake, StringComparison.Ordinal);
        Assert.Contains("grants 20 tokens to 12 agents", stake, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.0, 0.0, 0.0)]
    [InlineData(1.0, 0.0, 0.46211715726)]
    [InlineData(1.0, 0.01, 0.467495978)]
    [InlineData(50.0, 0.5, 1.0)]
    public void LargestAdvantageIsTheHypothesisTestingBound(double epsilon, double delta, double expected)
    {
        // The largest t − f over the region t ≤ e^ε·f + δ, 1 − f ≤ e^ε·(1 − t) + δ, searched rather than solved.
        double best = 0;
        for (int i = 0; i <= 100_000; i++)
        {
            double f = i / 100_000.0;
            double t = Math.Min(1, Math.Min(Math.Exp(epsilon) * f + delta, 1 - (1 - f - delta) * Math.Exp(-epsilon)));
            best = Math.Max(best, t - f);
        }

        Assert.Equal(expected, MembershipAdvantage.Largest(epsilon, delta), 6);
        Assert.Equal(best, MembershipAdvantage.Largest(epsilon, delta), 4);
    }

    [Fact]
    public void SummarySaysWhenAnAuditConvicts()
    {
        EmpiricalPrivacy honest = ReportSamples.Privacy().OfType<EmpiricalPrivacy>().First(row => row.ClaimedEpsilon == 1);
        Assert.Contains("found a fault", string.Concat(ReportSamples.Build("t", honest with { EpsilonLowerBound = 1.7 }).Summary.SelectMany(part => part.Sentences)), StringComparison.Ordinal);

        // A fault that was planted convicts the plant, not the mechanism.
        Assert.DoesNotContain("found a fault", string.Concat(ReportSamples.Build("t", [honest, honest with { EpsilonLowerBound = 1.7, NoiseScale = 0.5 }]).Summary.SelectMany(part => part.Sentences)), StringComparison.Ordinal);
    }

    [Fact]
    public void SummaryAveragesAnAttackOverClusters()
    {
        // Three clusters with advantages of 0, 0.1 and 0.2: 0.1 with a standard error of 0.1/√3, and not the luckiest 0.2.
        MembershipInference one = ReportSamples.Privacy().OfType<MembershipInference>().First(row => row.Epsilon == 1);
        Report report = ReportSamples.Build("t", Enumerable.Range(0, 3).Select(i => one with { ClusterId = i, Advantage = 0.1 * i, Auc = 0.5 + 0.05 * i }));
        Assert.Contains(
            "on average over 3 clusters, has an advantage of 10 % ± 11 % and an area under the ROC curve of 0.55",
            string.Concat(report.Summary.SelectMany(part => part.Sentences)).Replace('\u00a0', ' '),
            StringComparison.Ordinal);
    }

    [Fact]
    public void AttacksOnTrainedModelsAreDrawnOverEpsilonBesideTrainingWithoutNoise()
    {
        Report report = ReportSamples.Build(
            "t", ReportSamples.ModelMembership(double.NaN, 0.4), ReportSamples.ModelMembership(1, 0.02), ReportSamples.ModelMembership(8, 0.1));
        ReportSection section = Assert.Single(report.Sections);
        Assert.Equal(["model-membership-advantage", "model-membership-auc", "model-membership-tpr"], section.Figures.Select(figure => figure.Name));
        Assert.Equal(["no noise · Logistic", "ε = 1", "ε = 8"], section.Figures[0].X.Categories);
        Assert.Equal([0.4, 0.02, 0.1], section.Figures[0].Series[0].Points.Select(point => point.Y));
        Assert.Equal([0.51, 0.55], section.Figures[1].Series[0].Points.Select(point => point.Y));
        Assert.Contains("curve of 0.51 (0.5 is guessing). Without noise it is 0.7.", string.Concat(report.Summary.SelectMany(part => part.Sentences)), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatNoRowHasIsNoParameterAndAGivenSeedReplacesThoseOfTheRows()
    {
        var builder = new ReportBuilder(ReportSamples.Sections);
        for (int i = 0; i < 3; i++)
        {
            builder.Add(new ReportRecord("Other", [new("Seed", 5), new("Delta", double.NaN), new("Unit", null), new("Supply", 7), new("Result", i)]));
        }

        KeyValuePair<string, string>[] facts = [new("Seed", "1 to 5"), new("Data", "drawn")];
        Report report = builder.Build("T", DateTimeOffset.UnixEpoch, facts);
        Assert.Equal(["Seed", "Supply"], report.Sections.Single().Parameters.Select(parameter => parameter.Key));
        Assert.Equal(["Result"], report.Sections.Single().Table!.Columns);
        Assert.Equal(facts, report.Facts);
        Assert.Equal("Seed", builder.Build("T", DateTimeOffset.UnixEpoch, [new("Data", "drawn")]).Facts[0].Key);
    }

    [Fact]
    public void WithoutAnyEpsilonThereIsNoSummary()
    {
        Assert.Empty(ReportSamples.Build("t", ReportSamples.Many()).Summary);
        Assert.Empty(ReportSamples.Build("t", ReportSamples.Prototype(1, PrivacyMechanism.ImageDp, double.NaN, 0.1)).Summary);
        Assert.Equal("What does ε = 2 cost, and what does it buy?", ReportSamples.Build("t", [ReportSamples.Prototype(1, PrivacyMechanism.DiscreteGaussian, 2, 0.1), ReportSamples.Prototype(1, PrivacyMechanism.DiscreteGaussian, 9, 0.1)]).SummaryTitle);
    }

    [Fact]
    public void PicturesOfRelativePathsAreFoundBesideTheReportAndNothingElseIsRead()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a.png"), QosValuation.Embeddings.Images.ImageWriter.EncodePng(new byte[12], 2, 2));
        File.WriteAllText(folder.File("secret.txt"), "not a picture");
        var builder = new ReportBuilder(ReportSamples.Sections) { PictureFolders = [folder.Path] };
        foreach (string name in new[] { "a.png", "secret.txt", "missing.png" })
        {
            builder.Add(ReportSamples.Row(string.Empty, ("Release", "None"), ("AttackScore", 0.5), ("Decoy", 0.4), ("ClusterId", 1), ("Repeat", 1), ("ImagePath", name)));
        }

        ReportPicture picture = Assert.Single(builder.Build("t", ReportSamples.Then, []).Sections[0].Pictures);
        Assert.Equal("image/png", picture.MediaType);
    }

    [Fact]
    public void ProportionsHaveWilsonsInterval()
    {
        // Newcombe (1998), Table I: 81 of 263 has 0.2553 to 0.3662; 0 of 20 has 0 to 0.1611.
        FigurePoint point = FigurePoint.Proportion(0, 81, 263);
        Assert.Equal(0.2553, point.Low, 4);
        Assert.Equal(0.3662, point.High, 4);
        Assert.Equal((0.0, 0.1611), (FigurePoint.Proportion(0, 0, 20).Low, Math.Round(FigurePoint.Proportion(0, 0, 20).High, 4)));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.98765, "0.9877")]
    [InlineData(-12.5, "−12.5")]
    [InlineData(12500.4, "12\u2009500")]
    [InlineData(0.00001, "1e−5")]
    [InlineData(2500000, "2.5e6")]
    [InlineData(double.NaN, "–")]
    [InlineData(double.PositiveInfinity, "∞")]
    public void NumbersAreReadable(double value, string expected) => Assert.Equal(expected, ReportNumber.Format(value));

    [Fact]
    public void TablesKeepAllDigitsInCsv()
    {
        ReportTable table = ReportTable.Of([ReportSamples.Row("x", ("Name", "a,\"b\"\nc"), ("Number", 1.0 / 3), ("List", new[] { 1, 2 })), ReportSamples.Row("x", ("Name", "d"), ("Number", 2))]);
        Assert.Equal("Name,Number\n\"a,\"\"b\"\"\nc\",0.3333333333333333\nd,2\n", table.ToCsv());
    }
}
