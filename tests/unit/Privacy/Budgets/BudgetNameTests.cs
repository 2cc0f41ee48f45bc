using Microsoft.Data.Sqlite;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Budgets;

namespace QosValuation.Tests;

/// <summary>Another spelling of a name opens no second budget.</summary>
[Collection(SharedServer.Name)]
public sealed class BudgetNameTests(StorePlaces places) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string BudgetPath => _folder.File("privacy.db");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [EachStore]
    public void ASpellingThatNobodySeesIsChargedToTheSameAccount(StoreKind kind)
    {
        string place = places.New(kind);
        PrivacyBudget budget = PrivacyBudget.Create(place, 1, 1e-5);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(place);
        store.Charge([Charge("alice")]);
        foreach (string name in ContributorNameTests.Same)
        {
            store.Charge([Charge(name)]);
        }

        PrivacySpending spending = Assert.Single(budget.Contributors);
        Assert.Equal(("alice", 1L + ContributorNameTests.Same.Count), (spending.Contributor, spending.Releases));
        store.Charge([Charge("bob", " bob", "b\u200Bob")]);
        Assert.Equal(1, budget.Contributors[1].Releases);
    }

    [Theory]
    [EachStore]
    public void ANameThatLooksLikeAnAccountIsRefusedBeforeAnythingIsCharged(StoreKind kind)
    {
        string place = places.New(kind);
        PrivacyBudget budget = PrivacyBudget.Create(place, 1, 1e-5);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(place);
        store.Charge([Charge("alice")]);
        foreach (string name in ContributorNameTests.Alike)
        {
            PrivacyBudgetException refused = Assert.Throws<PrivacyBudgetException>(() => store.Charge([Charge("bob"), Charge(name)]));
            Assert.Equal("ContributorLooksAlike", refused.ErrorId);
            Assert.Contains("'alice'", refused.Message, StringComparison.Ordinal);
        }

        Assert.Equal("alice", Assert.Single(budget.Contributors).Contributor);
        Assert.Equal(1, budget.Releases);
        Assert.Throws<PrivacyBudgetException>(() => store.Charge([Charge("carol", "Carol")]));
        Assert.Equal("ContributorNotValid", Assert.Throws<PrivacyBudgetException>(() => store.Charge([Charge("Jos\uFFFD")])).ErrorId);
        Assert.Equal("ContributorNotValid", Assert.Throws<PrivacyBudgetException>(() => store.Charge([Charge(" \u200B")])).ErrorId);
        Assert.Equal(1, budget.Releases);

        // Those who differ in what is seen have accounts of their own.
        store.Charge([Charge("al1ce"), Charge("alicia"), Charge("bob")]);
        Assert.Equal(["al1ce", "alice", "alicia", "bob"], budget.Contributors.Select(spending => spending.Contributor));
    }

    [Theory]
    [EachStore]
    public void AnAccountThatDoesNotFitTheChargesIsDamage(StoreKind kind)
    {
        foreach (string sql in new[]
        {
            "DELETE FROM account",
            "DELETE FROM account WHERE contributor = 'alice'",
            "UPDATE account SET skeleton = 'blice' WHERE contributor = 'alice'",
            "UPDATE account SET contributor = '\u0430lice' WHERE contributor = 'alice'",
            "UPDATE account SET contributor = 'bob' WHERE contributor = 'alice'",
        })
        {
            string place = places.New(kind);
            PrivacyBudget.Create(place, 1, 1e-5);
            using PrivacyBudgetStore store = PrivacyBudgetStore.Open(place);
            store.Charge([Charge("bob")]);
            using (PrivacyBudgetStore other = PrivacyBudgetStore.Open(place))
            {
                other.Charge([Charge("alice")]);
            }

            Assert.True(PrivacyBudgetStore.Check(place).IsValid);
            places.Change(place, sql);
            foreach (string name in new[] { "\u0430lice", "alice" })
            {
                Assert.Equal("PrivacyBudgetDamaged", Assert.Throws<PrivacyBudgetException>(() => store.Charge([Charge(name)])).ErrorId);
            }

            PrivacyBudgetReport report = PrivacyBudgetStore.Check(place);
            Assert.False(report.IsValid, sql);
            Assert.Equal(2, report.Releases);
            Assert.Equal("PrivacyBudgetDamaged", Assert.Throws<QosValuationException>(() => PrivacyBudgetStore.Open(place)).ErrorId);
        }
    }

    [Theory]
    [EachStore]
    public void AnAccountThatNobodyWasChargedForIsDamage(StoreKind kind)
    {
        string place = places.New(kind);
        PrivacyBudget.Create(place, 1, 1e-5);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(place);
        store.Charge([Charge("alice")]);
        places.Change(place, "INSERT INTO account VALUES ('eve', 'eve')");
        Assert.Contains("'eve'", Assert.Single(PrivacyBudgetStore.Check(place).Faults).Message, StringComparison.Ordinal);
        Assert.Equal("PrivacyBudgetDamaged", Assert.Throws<PrivacyBudgetException>(() => store.Charge([Charge("eve")])).ErrorId);
        store.Charge([Charge("alice")]);
    }

    [Fact]
    public void AFileFromBeforeMayHoldNamesThatLookAlike()
    {
        PrivacyBudget budget = PrivacyBudget.Create(BudgetPath, 1, 1e-5);
        using (PrivacyBudgetStore store = PrivacyBudgetStore.Open(BudgetPath))
        {
            store.Charge([Charge("alice"), Charge("bob"), Charge("carol")]);
        }

        places.Change(BudgetPath, """
            DROP TABLE account; DROP TABLE head; DROP INDEX charge_release;
            ALTER TABLE release DROP COLUMN hash; ALTER TABLE release DROP COLUMN previous_hash;
            UPDATE charge SET contributor = 'Alice' WHERE contributor = 'bob';
            UPDATE charge SET contributor = 'alice ' WHERE contributor = 'carol';
            PRAGMA user_version = 0;
            """);
        using (PrivacyBudgetStore again = PrivacyBudgetStore.Open(BudgetPath))
        {
            again.Charge([Charge("Alice")]);
        }

        Assert.True(PrivacyBudgetStore.Check(BudgetPath).IsValid);
        Assert.Equal(4, PrivacyBudget.Open(BudgetPath).Releases);
        Assert.Equal(["Alice", "alice", "alice "], budget.Contributors.Select(spending => spending.Contributor));
    }

    [Fact]
    public void AFileFromBeforeKeepsItsAccounts()
    {
        PrivacyBudget budget = PrivacyBudget.Create(BudgetPath, 1, 1e-5);
        using (PrivacyBudgetStore store = PrivacyBudgetStore.Open(BudgetPath))
        {
            store.Charge([Charge("alice"), Charge("bob")]);
        }

        using (var connection = new SqliteConnection($"Data Source={BudgetPath};Pooling=False"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = """
                DROP TABLE account; DROP TABLE head; DROP INDEX charge_release;
                ALTER TABLE release DROP COLUMN hash; ALTER TABLE release DROP COLUMN previous_hash;
                UPDATE charge SET contributor = 'alice ' WHERE contributor = 'alice';
                PRAGMA user_version = 0;
                """;
            command.ExecuteNonQuery();
        }

        using PrivacyBudgetStore again = PrivacyBudgetStore.Open(BudgetPath);
        again.Charge([Charge("alice")]);
        again.Charge([Charge("alice  "), Charge("bob")]);
        Assert.Equal([("alice ", 3L), ("bob", 2L)], budget.Contributors.Select(spending => (spending.Contributor, spending.Releases)));
        Assert.Throws<PrivacyBudgetException>(() => again.Charge([Charge("Bob")]));
    }

    private static PrivacyCharge Charge(params string[] contributors) =>
        new(new GaussianEvent(0.001), new ReleaseLabel("DiscreteGaussian"), contributors);
}
