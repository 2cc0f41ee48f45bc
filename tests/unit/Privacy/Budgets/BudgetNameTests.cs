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
