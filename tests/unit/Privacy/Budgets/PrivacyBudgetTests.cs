using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;
using QosValuation.Embeddings.Prototypes;
using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Budgets;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Tests;

[Collection(SharedServer.Name)]
public sealed class PrivacyBudgetTests(StorePlaces places) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string BudgetPath => _folder.File("privacy.db");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [EachStore]
    public void ABudgetTellsItsTermsAndStartsFull(StoreKind kind)
    {
        string place = places.New(kind);
        PrivacyBudget budget = PrivacyBudget.Create(place, 0.8, 1e-6, Neighboring.AddRemove, PrivacyUnit.Contributor);
        PrivacyBudget opened = PrivacyBudget.Open(place);
        foreach (PrivacyBudget each in new[] { budget, opened })
        {
            Assert.Equal((0.8, 1e-6, Neighboring.AddRemove, PrivacyUnit.Contributor), (each.Epsilon, each.Delta, each.Neighboring, each.Unit));
            Assert.Equal((0, 0.8, 0), (each.Spent, each.Remaining, each.Releases));
            Assert.Empty(each.Contributors);
            Assert.Equal(place, each.Path);
        }
    }

    [Theory]
    [EachStore]
    public void ABudgetIsNeverReplaced(StoreKind kind)
    {
        string place = places.New(kind);
        PrivacyBudget.Create(place, 1, 1e-5);
        using (PrivacyBudgetStore store = PrivacyBudgetStore.Open(place))
        {
            store.Charge([Charge(0.01, "ann")]);
        }

        Assert.Equal("PrivacyBudgetExists", Assert.Throws<QosValuationException>(() => PrivacyBudget.Create(place, 5, 1e-5)).ErrorId);
        Assert.Equal(1, PrivacyBudget.Open(place).Epsilon);
        Assert.Equal(1, PrivacyBudget.Open(place).Releases);
    }

    [Theory]
    [InlineData(0, 1e-5, "EpsilonOutOfRange")]
    [InlineData(1, 0, "DeltaOutOfRange")]
    public void FaultyTermsAreRefusedBeforeAFileIsMade(double epsilon, double delta, string id)
    {
        Assert.Equal(id, Assert.Throws<QosValuationException>(() => PrivacyBudget.Create(BudgetPath, epsilon, delta)).ErrorId);
        Assert.False(File.Exists(BudgetPath));
    }

    [Fact]
    public void WhatIsNoBudgetIsNamed()
    {
        Assert.Equal("DatabaseNotFound", Assert.Throws<QosValuationException>(() => PrivacyBudget.Open(BudgetPath)).ErrorId);
        File.WriteAllText(BudgetPath, new string('x', 5000));
        Assert.Equal("DatabaseNotReadable", Assert.Throws<QosValuationException>(() => PrivacyBudget.Open(BudgetPath)).ErrorId);
        string other = _folder.File("ledger.db");
        QosValuation.Markets.Ledger.DatLedger.Open(other, create: true).Dispose();
        Assert.Equal("DatabaseNotReadable", Assert.Throws<QosValuationException>(() => PrivacyBudget.Open(other)).ErrorId);
        Assert.Equal("DatabaseNotReadable", Assert.Throws<QosValuationException>(() => PrivacyBudget.Create(other, 1, 1e-5)).ErrorId);
    }

    [Fact]
    public void ADamagedFileIsNamedWhenItIsOpened()
    {
        // PowerShell shows a property that fails as an empty one, so that it must not come to that.
        PrivacyBudget budget = PrivacyBudget.Create(BudgetPath, 1, 1e-5);
        using (PrivacyBudgetStore store = PrivacyBudgetStore.Open(BudgetPath))
        {
            store.Charge([Charge(0.01, "ann")]);
        }

        // The last two pages hold the charges and their index, the first the schema.
        byte[] bytes = File.ReadAllBytes(BudgetPath);
        bytes.AsSpan(bytes.Length - 2 * 4096).Fill(0xFF);
        File.WriteAllBytes(BudgetPath, bytes);
        Assert.Equal("PrivacyBudgetDamaged", Assert.Throws<QosValuationException>(() => PrivacyBudget.Open(BudgetPath)).ErrorId);
        Assert.Equal("PrivacyBudgetDamaged", Assert.Throws<QosValuationException>(() => PrivacyBudgetStore.Open(BudgetPath)).ErrorId);
    }

    [Fact]
    public void AFolderThatCannotBeMadeIsNamed()
    {
        // A file stands where the folder would.
        File.WriteAllText(_folder.File("file"), string.Empty);
        QosValuationException fault = Assert.Throws<QosValuationException>(() => PrivacyBudget.Create(_folder.File(Path.Combine("file", "sub", "privacy.db")), 1, 1e-5));
        Assert.Equal(("DatabaseNotWritable", FaultKind.WriteFailed), (fault.ErrorId, fault.Kind));
    }

    [Theory]
    [EachStore]
    public void ChargesComposeExactlyAndEachContributorSeparately(StoreKind kind)
    {
        string place = places.New(kind);
        PrivacyBudget budget = PrivacyBudget.Create(place, 1, 1e-5);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(place);
        store.Charge([Charge(0.02, "ann", "bob"), Charge(0.01, "ann")]);
        store.Charge([Charge(0.005, "cy")]);
        PrivacySpending[] spending = [.. budget.Contributors];
        Assert.Equal(["ann", "bob", "cy"], spending.Select(s => s.Contributor));
        Assert.Equal([2L, 1, 1], spending.Select(s => s.Releases));
        Assert.Equal([spending[0], spending[2]], budget.SpendingOf(name => name != "bob"));
        Assert.Equal(3, budget.Releases);
        Assert.Equal(Math.Sqrt(0.03), spending[0].Mu, 1e-12);
        Assert.Equal(GaussianCalibration.Epsilon(1 / Math.Sqrt(0.03), 1e-5, 1), spending[0].Spent, 1e-9);
        Assert.Equal(spending[0].Spent, budget.Spent);
        Assert.Equal(spending[0].Remaining, budget.Remaining);

        // What is left is one release of exactly that ε, and nothing after it.
        double left = GaussianCalibration.AnalyticSigma(spending[1].Remaining, 1e-5, 1);
        store.Charge([Charge(1 / (left * left) * (1 - 1e-12), "bob")]);
        Assert.Equal("bob", Assert.Throws<PrivacyBudgetException>(() => store.Charge([Charge(1e-6, "bob")])).Contributor);
        Assert.InRange(budget.Contributors[1].Remaining, 0, 1e-4);
        Assert.InRange(budget.Contributors[1].Spent, 1 - 1e-6, 1);
    }

    [Theory]
    [InlineData(PrivacyMechanism.DiscreteGaussian)]
    [InlineData(PrivacyMechanism.AnalyticGaussian)]
    public void TheWholeBudgetBuysOneReleaseOfItsOwnEpsilon(PrivacyMechanism mechanism)
    {
        foreach ((double epsilon, double delta) in new[] { (1.0, 1e-5), (0.01, 1e-9), (30, 1e-3) })
        {
            string path = _folder.File($"{mechanism}-{epsilon}.db");
            PrivacyBudget budget = PrivacyBudget.Create(path, epsilon, delta);
            using PrivacyBudgetStore store = PrivacyBudgetStore.Open(path);
            var releaser = new PrototypeReleaser(new PrototypeReleaseOptions { Mechanism = mechanism, Epsilon = epsilon, Delta = delta }, RandomSource.Create(null), store);
            Assert.Single(releaser.Release(Cluster("ann")));
            Assert.InRange(budget.Spent / epsilon, 1 - 1e-9, 1);
            Assert.Contains("no further release", Assert.Throws<PrivacyBudgetException>(() => releaser.Release(Cluster("ann"))).Message, StringComparison.Ordinal);
            Assert.Single(releaser.Release(Cluster("bob")));
        }
    }

    [Theory]
    [EachStore]
    public void ARefusedReleaseDrawsAndChargesNothingAndNamesTheContributor(StoreKind kind)
    {
        string place = places.New(kind);
        PrivacyBudget budget = PrivacyBudget.Create(place, 1, 1e-5);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(place);
        var source = new CountingSource();
        var releaser = new PrototypeReleaser(new PrototypeReleaseOptions { Epsilon = 0.9 }, source, store);
        releaser.Release(Cluster("ann"));
        long drawn = source.Draws;
        Assert.True(drawn > 0);

        PrivacyBudgetException refused = Assert.Throws<PrivacyBudgetException>(() => releaser.Release(Cluster("bob", "ann")));
        Assert.Equal("PrivacyBudgetExceeded", refused.ErrorId);
        Assert.Equal(FaultKind.LimitReached, refused.Kind);
        Assert.Equal("ann", refused.Contributor);
        Assert.Equal(0.9, refused.Needed, 1e-6);
        Assert.Equal(budget.Remaining, refused.Remaining);
        Assert.Contains("'ann'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("smaller ε", refused.Message, StringComparison.Ordinal);
        Assert.Equal(drawn, source.Draws);
        Assert.Equal(["ann"], budget.Contributors.Select(s => s.Contributor));
        Assert.Equal(1, budget.Releases);
    }

    [Theory]
    [EachStore]
    public void BothModalitiesOfAClusterAreChargedOrNeither(StoreKind kind)
    {
        string place = places.New(kind);
        // One prototype of ε = 0.8 fits, two do not: the cluster is refused as a whole.
        PrivacyBudget budget = PrivacyBudget.Create(place, 1, 1e-5);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(place);
        SemanticCluster cluster = Samples.Cluster(0, Samples.Embedding(Modality.Image, "a", "ann", 1, 0), Samples.Embedding(Modality.Text, "a", "ann", 0, 1));
        Assert.Throws<PrivacyBudgetException>(() => new PrototypeReleaser(new PrototypeReleaseOptions { Epsilon = 0.8 }, RandomSource.Create(null), store).Release(cluster));
        Assert.Equal(0, budget.Releases);
        Assert.Equal(2, new PrototypeReleaser(new PrototypeReleaseOptions { Epsilon = 0.6 }, RandomSource.Create(null), store).Release(cluster).Count);
        Assert.Equal(2, budget.Releases);
        Assert.Equal(GaussianCalibration.Epsilon(GaussianCalibration.AnalyticSigma(0.6, 1e-5, 1) / Math.Sqrt(2), 1e-5, 1), budget.Spent, 1e-9);
    }

    [Theory]
    [EachStore]
    public void WhatABudgetCannotCoverIsRefused(StoreKind kind)
    {
        string place = places.New(kind);
        PrivacyBudget.Create(place, 1, 1e-5);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(place);
        void Refused(PrototypeReleaseOptions options, PrivacyBudgetStore budget, int? seed = null)
        {
            Assert.Equal("PrivacyBudgetNotApplicable", Assert.ThrowsAny<QosValuationException>(() => new PrototypeReleaser(options, RandomSource.Create(seed), budget).Release(Cluster("ann"))).ErrorId);
            Assert.Equal(0, budget.Budget.Releases);
        }

        Refused(new PrototypeReleaseOptions { Mechanism = PrivacyMechanism.ImageDp }, store);
        Refused(new PrototypeReleaseOptions { Mechanism = PrivacyMechanism.None }, store);
        Refused(new PrototypeReleaseOptions { Sensitivity = 0.1 }, store);
        Refused(new PrototypeReleaseOptions(), store, seed: 1);
        using PrivacyBudgetStore forContributors = PrivacyBudgetStore.Create(places.New(kind), 1, 1e-5, Neighboring.ReplaceOne, PrivacyUnit.Contributor);
        Refused(new PrototypeReleaseOptions(), forContributors);
        using PrivacyBudgetStore addRemove = PrivacyBudgetStore.Create(places.New(kind), 1, 1e-5, Neighboring.AddRemove, PrivacyUnit.Record);
        Refused(new PrototypeReleaseOptions(), addRemove);

        // A record without a contributor has nobody to charge.
        Assert.Equal("ContributorMissing", Assert.Throws<QosValuationException>(() => new PrototypeReleaser(new PrototypeReleaseOptions(), RandomSource.Create(null), store).Release(Cluster(string.Empty))).ErrorId);
        Assert.Equal("ContributorNotValid", Assert.Throws<PrivacyBudgetException>(() => new PrototypeReleaser(new PrototypeReleaseOptions(), RandomSource.Create(null), store).Release(Cluster("a\0b"))).ErrorId);
        Assert.Equal(0, store.Budget.Releases);
    }

    [Theory]
    [EachStore]
    public void ATrainingOnPoissonSamplesIsChargedBesideGaussianReleases(StoreKind kind)
    {
        string place = places.New(kind);
        const double delta = 1e-5;
        var step = new PoissonSampledEvent(0.01, new GaussianEvent(1) { Neighboring = Neighboring.AddRemove });
        var training = new PrivacyCharge(new RepeatedEvent(step, 400), new ReleaseLabel("DpSgd"), ["ann"]);
        var release = new PrivacyCharge(new GaussianEvent(0.02) { Neighboring = Neighboring.AddRemove }, new ReleaseLabel("AnalyticGaussian", "Image", 4), ["ann", "bob"]);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Create(place, 2.5, delta, Neighboring.AddRemove, PrivacyUnit.Record);
        store.Charge([release]);
        store.Charge([training, release]);
        store.Charge([training with { Contributors = ["cy"] }]);
        store.Charge([release]);

        // What is kept in the file is what the accountant says of the same events: the budget adds Gaussian noise in closed form, which is no looser.
        var accumulator = new PrivacyLossAccumulator(PrivacyAccountant.Pld);
        var divergences = new PrivacyLossAccumulator(PrivacyAccountant.Rdp);
        foreach (PrivacyCharge charge in new[] { release, training, release, release })
        {
            accumulator.Add(charge.Event);
            divergences.Add(charge.Event);
        }

        PrivacySpending[] spending = [.. store.Budget.Contributors];
        Assert.Equal(["ann", "bob", "cy"], spending.Select(s => s.Contributor));
        double counted = accumulator.Measure(delta).Epsilon;
        Assert.InRange(spending[0].Spent, counted * (1 - 2e-3), counted * (1 + 1e-3));
        Assert.True(spending[0].Spent < 0.95 * divergences.Measure(delta).Epsilon);
        Assert.Equal(GaussianCalibration.EpsilonOfSquaredMu(0.06, delta), spending[1].Spent, 1e-9);
        Assert.Equal(spending[0].Spent, store.Budget.Spent);
        Assert.Equal(spending[0].Remaining, store.Budget.Remaining);
        Assert.True(double.IsNaN(spending[0].Mu));
        Assert.Equal(Math.Sqrt(0.06), spending[1].Mu, 1e-12);

        // What is left buys a release of that ε, and nothing after it.
        double square = GaussianCalibration.SquaredMu(spending[0].Remaining, delta) * (1 - 1e-9);
        store.Charge([release with { Event = new GaussianEvent(square) { Neighboring = Neighboring.AddRemove } }]);
        Assert.InRange(store.Budget.Spent, 2.5 * (1 - 1e-6), 2.5);
        PrivacyBudgetException refused = Assert.Throws<PrivacyBudgetException>(() => store.Charge([training]));
        Assert.Equal("PrivacyBudgetExceeded", refused.ErrorId);
        Assert.Equal("ann", Assert.Throws<PrivacyBudgetException>(() => store.Charge([release])).Contributor);
        Assert.Equal(6, store.Budget.Releases);
        Assert.Equal(store.Budget.Spent, PrivacyBudget.Open(place).Spent);
    }

    [Theory]
    [EachStore]
    public void AnEventThatABudgetCannotAccountForIsRefused(StoreKind kind)
    {
        string place = places.New(kind);
        var step = new PoissonSampledEvent(0.01, new GaussianEvent(1) { Neighboring = Neighboring.AddRemove });
        using PrivacyBudgetStore store = PrivacyBudgetStore.Create(place, 100, 1e-5, Neighboring.ReplaceOne, PrivacyUnit.Record);
        foreach (PrivacyEvent @event in (PrivacyEvent[])[step, new NonFormalEvent(), new ComposedEvent([new GaussianEvent(1e-6), step])])
        {
            Assert.Equal("PrivacyBudgetNotApplicable", Assert.Throws<PrivacyBudgetException>(() => store.Charge([new PrivacyCharge(@event, new ReleaseLabel("x"), ["ann"])])).ErrorId);
        }

        // Zero-concentrated privacy is an upper bound that a budget can add up.
        store.Charge([new PrivacyCharge(new ConcentratedEvent(0.5), new ReleaseLabel("DiscreteGaussian"), ["ann"])]);
        Assert.InRange(store.Budget.Spent, ZeroConcentratedPrivacy.Epsilon(0.5, 1e-5), 1.05 * ZeroConcentratedPrivacy.Epsilon(0.5, 1e-5));
        Assert.Equal(1, store.Budget.Releases);
    }

    [Fact]
    public void AFileFromBeforeThereWereEventsGoesOn()
    {
        using (var connection = new SqliteConnection($"Data Source={BudgetPath};Pooling=False"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = """
                CREATE TABLE budget (id INTEGER PRIMARY KEY CHECK (id = 1), epsilon REAL NOT NULL, delta REAL NOT NULL, neighboring TEXT NOT NULL, unit TEXT NOT NULL, created INTEGER NOT NULL) STRICT;
                CREATE TABLE release (id INTEGER PRIMARY KEY, cluster INTEGER NOT NULL, modality TEXT NOT NULL, mechanism TEXT NOT NULL, neighboring TEXT NOT NULL, unit TEXT NOT NULL,
                    squared_mu REAL NOT NULL, timestamp INTEGER NOT NULL) STRICT;
                CREATE TABLE charge (contributor TEXT NOT NULL, release INTEGER NOT NULL REFERENCES release (id), squared_mu REAL NOT NULL, total REAL NOT NULL,
                    PRIMARY KEY (contributor, release)) STRICT, WITHOUT ROWID;
                INSERT INTO budget VALUES (1, 1.0, 1e-5, 'ReplaceOne', 'Record', 638000000000000000);
                INSERT INTO release VALUES (1, 4, 'Image', 'DiscreteGaussian', 'ReplaceOne', 'Record', 0.01, 638000000000000000);
                INSERT INTO charge VALUES ('ann', 1, 0.01, 0.01);
                PRAGMA application_id = 1364611138;
                PRAGMA journal_mode = WAL;
                """;
            command.ExecuteNonQuery();
        }

        // A check changes nothing: there is no chain yet, and the sums agree.
        PrivacyBudgetReport before = PrivacyBudgetStore.Check(BudgetPath);
        Assert.Equal((true, false, 1L, 1L, string.Empty), (before.IsValid, before.IsChained, before.Releases, before.Charges, before.HeadHash));

        // An auditor's copy that cannot be written to is read as it is.
        File.SetAttributes(BudgetPath, FileAttributes.ReadOnly);
        Assert.Equal(0.1, PrivacyBudget.Open(BudgetPath).Contributors.Single().Mu, 1e-12);
        File.SetAttributes(BudgetPath, FileAttributes.Normal);

        PrivacyBudget budget = PrivacyBudget.Open(BudgetPath);
        Assert.Equal((1, 1L), (budget.Epsilon, budget.Releases));
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(BudgetPath);
        store.Charge([Charge(0.03, "ann")]);
        Assert.Equal(0.2, budget.Contributors.Single().Mu, 1e-12);
        store.Charge([new PrivacyCharge(new ConcentratedEvent(1e-4), new ReleaseLabel("DiscreteGaussian", "Text", 4), ["ann"])]);
        Assert.Equal((3L, 3L), (budget.Releases, budget.Contributors.Single().Releases));
        PrivacyBudgetReport after = PrivacyBudgetStore.Check(BudgetPath);
        Assert.Equal((true, true, 3L, 3L), (after.IsValid, after.IsChained, after.Releases, after.Charges));
    }

    [Fact]
    public void AnOldFileWhoseSumsAreWrongIsNotVouchedForByAChain()
    {
        PrivacyBudget.Create(BudgetPath, 1, 1e-5);
        using (PrivacyBudgetStore store = PrivacyBudgetStore.Open(BudgetPath))
        {
            store.Charge([Charge(0.02, "ann")]);
        }

        Change("""
            DROP INDEX charge_release; DROP TABLE head; DROP TABLE account; ALTER TABLE release DROP COLUMN previous_hash; ALTER TABLE release DROP COLUMN hash;
            PRAGMA user_version = 0; UPDATE charge SET total = 0.001
            """);
        Assert.Equal("PrivacyBudgetDamaged", Assert.Throws<QosValuationException>(() => PrivacyBudget.Open(BudgetPath)).ErrorId);
        Assert.Equal(PrivacyBudgetFaultKind.Miscounted, Assert.Single(PrivacyBudgetStore.Check(BudgetPath).Faults).Kind);
    }

    [Theory]
    [InlineData("UPDATE charge SET total = -1 WHERE contributor = 'bob'", PrivacyBudgetFaultKind.Miscounted, 2)]
    [InlineData("UPDATE charge SET total = total / 2, squared_mu = squared_mu / 2 WHERE contributor = 'bob'", PrivacyBudgetFaultKind.Changed, 2)]
    [InlineData("DELETE FROM charge WHERE contributor = 'bob'", PrivacyBudgetFaultKind.Changed, 2)]
    [InlineData("DELETE FROM release WHERE id = 2; DELETE FROM charge WHERE release = 2", PrivacyBudgetFaultKind.Dropped, 2)]
    [InlineData("DELETE FROM release WHERE id = 3; DELETE FROM charge WHERE release = 3", PrivacyBudgetFaultKind.Dropped, 3)]
    [InlineData("INSERT INTO charge VALUES ('eve', 7, 0.1, 0.1, NULL)", PrivacyBudgetFaultKind.Inserted, 7)]
    [InlineData("UPDATE release SET mechanism = 'None' WHERE id = 1", PrivacyBudgetFaultKind.Changed, 1)]
    [InlineData("UPDATE charge SET contributor = 'Bob' WHERE contributor = 'bob'", PrivacyBudgetFaultKind.Changed, 2)]
    [InlineData("UPDATE budget SET epsilon = 100", PrivacyBudgetFaultKind.Changed, 1)]
    [InlineData("UPDATE budget SET unit = 'Contributor'", PrivacyBudgetFaultKind.Changed, 1)]
    [InlineData("UPDATE budget SET unit = '1'", PrivacyBudgetFaultKind.Damaged, 0)]
    [InlineData("DELETE FROM head", PrivacyBudgetFaultKind.Changed, 0)]
    [InlineData("CREATE TRIGGER undo AFTER INSERT ON charge BEGIN DELETE FROM charge; END", PrivacyBudgetFaultKind.Damaged, 0)]
    [InlineData("ALTER TABLE charge RENAME TO hidden; CREATE VIEW charge AS SELECT * FROM hidden WHERE 0", PrivacyBudgetFaultKind.Damaged, 0)]
    [InlineData("CREATE TABLE mine (x)", PrivacyBudgetFaultKind.Damaged, 0)]
    [InlineData("PRAGMA user_version = 3", PrivacyBudgetFaultKind.Damaged, 0)]
    public void WhatWasChangedInAFileIsNamedAndClosesIt(string sql, PrivacyBudgetFaultKind kind, long release)
    {
        PrivacyBudget.Create(BudgetPath, 1, 1e-5);
        using PrivacyBudgetStore open = PrivacyBudgetStore.Open(BudgetPath);
        open.Charge([Charge(0.01, "ann"), Charge(0.02, "ann", "bob")]);
        open.Charge([Charge(0.001, "cy")]);
        string head = PrivacyBudgetStore.Check(BudgetPath).HeadHash;
        Assert.True(PrivacyBudgetStore.Check(BudgetPath, head).IsValid);
        Change(sql);
        PrivacyBudgetReport report = PrivacyBudgetStore.Check(BudgetPath, null);
        Assert.False(report.IsValid);
        Assert.Contains(report.Faults, fault => fault.Kind == kind && fault.Release == release);
        QosValuationException refused = Assert.ThrowsAny<QosValuationException>(() => PrivacyBudget.Open(BudgetPath));
        Assert.Contains(refused.ErrorId, (string[])["PrivacyBudgetDamaged", "DatabaseNotReadable"]);
        Assert.ThrowsAny<QosValuationException>(() => PrivacyBudgetStore.Open(BudgetPath));
    }

    [Fact]
    public void AnExpectedHashExposesAFileThatWasPutBack()
    {
        PrivacyBudget.Create(BudgetPath, 1, 1e-5);
        File.Copy(BudgetPath, _folder.File("old.db"));
        using (PrivacyBudgetStore store = PrivacyBudgetStore.Open(BudgetPath))
        {
            store.Charge([Charge(0.01, "ann")]);
        }

        PrivacyBudgetReport first = PrivacyBudgetStore.Check(BudgetPath);
        using (PrivacyBudgetStore store = PrivacyBudgetStore.Open(BudgetPath))
        {
            store.Charge([Charge(0.01, "ann")]);
        }

        Assert.True(PrivacyBudgetStore.Check(BudgetPath, first.HeadHash).IsValid);
        Assert.True(PrivacyBudgetStore.Check(_folder.File("old.db")).IsValid);
        Assert.Equal(PrivacyBudgetFaultKind.Changed, Assert.Single(PrivacyBudgetStore.Check(_folder.File("old.db"), first.HeadHash).Faults).Kind);
    }

    [Fact]
    public void AFlippedBitIsFoundOrChangesNothing()
    {
        PrivacyBudget.Create(BudgetPath, 1, 1e-5);
        using (PrivacyBudgetStore store = PrivacyBudgetStore.Open(BudgetPath))
        {
            store.Charge([Charge(0.02, "ann", "bob\u00E9"), Charge(0.01, "ann")]);
            store.Charge([new PrivacyCharge(new ConcentratedEvent(1e-4), new ReleaseLabel("DiscreteGaussian", "Text", 4), ["ann", "cy"])]);
        }

        Assert.False(File.Exists(BudgetPath + "-wal"));
        byte[] whole = File.ReadAllBytes(BudgetPath);
        string expected = Tell(PrivacyBudget.Open(BudgetPath));
        string copy = _folder.File("flipped.db");
        int found = 0;
        var random = new Random(11);
        int[] used = [.. Enumerable.Range(0, whole.Length).Where(i => whole[i] != 0)];
        for (int trial = 0; trial < 1200; trial++)
        {
            // Half of them where something is written.
            int place = trial % 2 == 0 ? used[random.Next(used.Length)] : random.Next(whole.Length);
            byte[] bytes = [.. whole];
            bytes[place] ^= (byte)(1 << random.Next(8));
            File.Delete(copy + "-wal");
            File.WriteAllBytes(copy, bytes);
            try
            {
                Assert.Equal(expected, Tell(PrivacyBudget.Open(copy)));
            }
            catch (QosValuationException fault)
            {
                Assert.Contains(fault.ErrorId, (string[])["PrivacyBudgetDamaged", "DatabaseNotReadable"]);
                found++;
            }
        }

        Assert.InRange(found, 300, 1200);

        static string Tell(PrivacyBudget budget) => $"{budget.Epsilon:R} {budget.Delta:R} {budget.Neighboring} {budget.Unit} {budget.Created:O} {budget.Releases} "
            + string.Join(", ", budget.Contributors);
    }

    [Theory]
    [EachStore]
    public void WhatOthersChangedSinceIsCheckedBeforeACharge(StoreKind kind)
    {
        string place = places.New(kind);
        PrivacyBudget.Create(place, 1, 1e-5);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(place);
        store.Charge([Charge(0.01, "ann")]);
        using (PrivacyBudgetStore other = PrivacyBudgetStore.Open(place))
        {
            other.Charge([Charge(0.02, "ann")]);
        }

        places.Change(place, "UPDATE charge SET squared_mu = 0.001 WHERE release = 2");
        for (int attempt = 0; attempt < 2; attempt++)
        {
            Assert.Equal("PrivacyBudgetDamaged", Assert.Throws<PrivacyBudgetException>(() => store.Charge([Charge(0.01, "ann")])).ErrorId);
            Assert.Equal("PrivacyBudgetDamaged", Assert.Throws<PrivacyBudgetException>(() => store.Preview([Charge(0.01, "ann")])).ErrorId);
        }

        places.Change(place, "UPDATE charge SET squared_mu = 0.02 WHERE release = 2");
        store.Charge([Charge(0.01, "ann")]);
        Assert.Equal(Math.Sqrt(0.04), store.ReadSpending().Single().Mu, 1e-12);
    }

    [Theory]
    [EachStore]
    public void APreviewSaysWhatAChargeWouldDo(StoreKind kind)
    {
        string place = places.New(kind);
        PrivacyBudget.Create(place, 1, 1e-5);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(place);
        store.Charge([Charge(0.01, "ann")]);
        PrivacyCharge[] next = [Charge(0.02, "bob", "ann"), Charge(0.005, "ann")];
        IReadOnlyList<PrivacyChargePreview> preview = store.Preview(next);
        Assert.Equal(1, store.Budget.Releases);
        Assert.Equal([("ann", 2), ("bob", 1)], preview.Select(row => (row.Contributor, row.Releases)));
        Assert.Equal(GaussianCalibration.EpsilonOfSquaredMu(0.025, 1e-5), preview[0].Needed, 1e-9);
        Assert.Equal(store.EpsilonOf(next)["ann"], preview[0].Needed);
        store.Charge(next);
        PrivacySpending[] spending = [.. store.ReadSpending()];
        Assert.Equal(spending.Select(row => (row.Contributor, row.Spent, row.Remaining)), preview.Select(row => (row.Contributor, row.Spent, row.Remaining)));

        // What was seen before counts as spent.
        Assert.Throws<PrivacyBudgetException>(() => store.Preview([Charge(0.02, "ann")], [Charge(store.Budget.SquaredMu - 0.04, "ann")]));
        store.Preview([Charge(0.02, "bob")], [Charge(store.Budget.SquaredMu - 0.04, "ann")]);
    }

    [Theory]
    [EachStore]
    public void ReleasesAreChargedTogetherOrNotAtAllAndDrawnOnce(StoreKind kind)
    {
        string place = places.New(kind);
        PrivacyBudget budget = PrivacyBudget.Create(place, 1, 1e-5);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(place);
        var releaser = new PrototypeReleaser(new PrototypeReleaseOptions { Epsilon = 0.4 }, RandomSource.Create(null), store);
        PreparedRelease[] seven = [.. Enumerable.Range(0, 7).Select(i => releaser.Prepare(Cluster("ann", $"b{i}")))];
        PrivacyBudgetException refused = Assert.Throws<PrivacyBudgetException>(() => releaser.Charge(seven));
        Assert.Equal("ann", refused.Contributor);
        Assert.Contains("7 releases", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, budget.Releases);
        Assert.Throws<InvalidOperationException>(() => releaser.Draw(seven[0]).ToArray());
        releaser.Charge(seven[..2]);
        Assert.Equal(2, budget.Releases);
        Assert.Single(releaser.Draw(seven[0]));
        Assert.Throws<InvalidOperationException>(() => releaser.Draw(seven[0]).ToArray());
        Assert.Single(releaser.Draw(seven[1]));
    }

    [Theory]
    [EachStore]
    public void RelationsAndUnitsAreConvertedToTheBudgets(StoreKind kind)
    {
        var addRemove = new PrototypeReleaseOptions { Epsilon = 0.3, Neighboring = Neighboring.AddRemove, Unit = PrivacyUnit.Contributor };
        double mu = 1 / GaussianCalibration.AnalyticSigma(0.3, 1e-5, 1);
        foreach ((Neighboring neighboring, double factor) in new[] { (Neighboring.AddRemove, 1.0), (Neighboring.ReplaceOne, 2 / Math.Sqrt(1.25)) })
        {
            using PrivacyBudgetStore store = PrivacyBudgetStore.Create(places.New(kind), 1, 1e-5, neighboring, PrivacyUnit.Record);
            Assert.Single(new PrototypeReleaser(addRemove, RandomSource.Create(null), store).Release(Cluster("ann")));
            Assert.Equal(factor * mu, store.ReadSpending().Single().Mu, 1e-9);
        }

        // With public centroids σ is for 2, which covers a replaced record that moves: the whole budget buys a release of its own ε.
        SemanticCluster open = Cluster("ann") with { IsPublic = true, Centroid = [1, 0], Modalities = [Modality.Image] };
        foreach ((Neighboring neighboring, double factor) in new[] { (Neighboring.AddRemove, Math.Sqrt(1.25) / 2), (Neighboring.ReplaceOne, 1) })
        {
            using PrivacyBudgetStore store = PrivacyBudgetStore.Create(places.New(kind), 1, 1e-5, neighboring, PrivacyUnit.Record);
            Assert.Single(new PrototypeReleaser(new PrototypeReleaseOptions { Epsilon = 0.3 }, RandomSource.Create(null), store).Release(open));
            Assert.Equal(factor * mu, store.ReadSpending().Single().Mu, 1e-9);
        }
    }

    [Theory]
    [EachStore]
    public async Task SixteenProcessesNeverOverspendTogether(StoreKind kind)
    {
        string place = places.New(kind);
        // Each release costs a hundredth of what ε = 1 allows (the fixture's cost), so that exactly a hundred fit.
        PrivacyBudget budget = PrivacyBudget.Create(place, 1, 1e-5);
        Process[] processes = [.. Enumerable.Range(0, 16).Select(_ => Start(place, budget.SquaredMu / 100 * (1 - 1e-9)))];
        int[] released = await Task.WhenAll(processes.Select(async process =>
        {
            string[] lines = (await process.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            await process.WaitForExitAsync();
            Assert.Equal(0, process.ExitCode);
            Assert.Equal("refused", lines[^1]);
            process.Dispose();
            return lines.Length - 1;
        }));
        Assert.Equal(100, released.Sum());
        Assert.Equal(100, budget.Releases);
        PrivacySpending spending = Assert.Single(budget.Contributors);
        Assert.Equal(100, spending.Releases);
        Assert.InRange(spending.Spent, 1 - 1e-6, 1);
    }

    [Theory]
    [EachStore]
    public void KillingTheProcessAtAnyInstantLosesNoCharge(StoreKind kind)
    {
        string place = places.New(kind);
        PrivacyBudget budget = PrivacyBudget.Create(place, 1, 1e-5);
        double cost = budget.SquaredMu / 1e7;
        var random = new Random(1);
        long acknowledged = 0;
        int kills = kind == StoreKind.Sqlite ? 100 : 20; // each a process that connects
        for (int kill = 0; kill < kills; kill++)
        {
            using Process process = Start(place, cost);

            // Wait until it releases, then kill it at a random instant of its loop.
            string? line = process.StandardOutput.ReadLine();
            Assert.NotNull(line);
            long until = Stopwatch.GetTimestamp() + random.Next(0, 8000) * Stopwatch.Frequency / 1_000_000;
            while (Stopwatch.GetTimestamp() < until)
            {
            }

            process.Kill();
            process.WaitForExit();
            for (; line is not null; line = process.StandardOutput.ReadLine())
            {
                // The last line may be cut by the kill.
                acknowledged += line == "released" ? 1 : 0;
            }

            // Every prototype that left was charged; of those charged each kill may have lost one.
            PrivacySpending spending = Assert.Single(budget.Contributors);
            Assert.InRange(spending.Releases, acknowledged, acknowledged + kill + 1);
            Assert.Equal(Math.Sqrt(spending.Releases * cost), spending.Mu, 1e-9);
        }

        Assert.True(acknowledged >= kills);
        Assert.True(PrivacyBudgetStore.Check(place).IsValid);
        if (kind == StoreKind.Sqlite)
        {
            using var connection = new SqliteConnection($"Data Source={place};Pooling=False");
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "PRAGMA integrity_check";
            Assert.Equal("ok", command.ExecuteScalar());
        }
    }

    private void Change(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={BudgetPath};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "PRAGMA foreign_keys = OFF; " + sql;
        command.ExecuteNonQuery();
    }

    private static Process Start(string path, double cost)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, UseShellExecute = false };
        start.ArgumentList.Add(Path.Combine(TestData.RepositoryRoot, "out", "fixtures", "BudgetSpender", "BudgetSpender.dll"));
        start.ArgumentList.Add(path);
        start.ArgumentList.Add(cost.ToString("R", CultureInfo.InvariantCulture));
        return Process.Start(start)!;
    }

    private static PrivacyCharge Charge(double squaredMu, params string[] contributors) =>
        new(new GaussianEvent(squaredMu), new ReleaseLabel("DiscreteGaussian", "Image", 0), contributors);

    private static SemanticCluster Cluster(params string[] contributors) =>
        Samples.Cluster(3, [.. contributors.Select((name, i) => Samples.Embedding(Modality.Image, $"{i}", name, 0.6f, 0.8f))]);

    /// <summary>Counts what is drawn of the cryptographic source.</summary>
    private sealed class CountingSource : RandomSource
    {
        private readonly RandomSource _inner = Create(null);

        public long Draws { get; private set; }

        public override bool IsCryptographic => true;

        public override ulong NextUInt64()
        {
            Draws++;
            return _inner.NextUInt64();
        }
    }
}
