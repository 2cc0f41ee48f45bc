using QosValuation.Foundation.IO;
using QosValuation.Markets.Ledger;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Budgets;

namespace QosValuation.Tests;

[Collection(SharedServer.Name)]
public sealed class SharedStoreTests(StorePlaces places)
{
    [Theory]
    [EachStore]
    public async Task TenThousandReleasesOfManySessionsExhaustABudgetExactly(StoreKind kind)
    {
        const int Releases = 10_000;
        const int Together = 25;
        string place = places.New(kind);
        PrivacyBudget budget = PrivacyBudget.Create(place, 1, 1e-5);
        double cost = budget.SquaredMu / Releases * (1 - 1e-9);
        PrivacyCharge[] charges =
        [
            .. Enumerable.Repeat(new PrivacyCharge(new GaussianEvent(cost), new ReleaseLabel("DiscreteGaussian", "Image", 0), ["ann"]), Together),
        ];
        int[] charged = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(
            () =>
            {
                using PrivacyBudgetStore store = PrivacyBudgetStore.Open(place);
                for (int count = 0; ; count++)
                {
                    try
                    {
                        store.Charge(charges);
                    }
                    catch (PrivacyBudgetException refused) when (refused.ErrorId == "PrivacyBudgetExceeded")
                    {
                        return count;
                    }
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
        Assert.Equal(Releases / Together, charged.Sum());
        PrivacyBudgetReport report = PrivacyBudgetStore.Check(place);
        Assert.True(report.IsValid);
        Assert.Equal((Releases, Releases, 1), (report.Releases, report.Charges, report.Contributors));
        Assert.InRange(budget.Spent, 1 - 1e-6, 1);
    }

    [Theory]
    [EachStore]
    public void ANameThatAnIndexDoesNotTakeIsRefusedAlone(StoreKind kind)
    {
        string place = places.New(kind);
        string book = places.New(kind);
        string letters = string.Concat(Enumerable.Range(0, 2600).Select(i => (char)('a' + (int)((uint)(i * 2654435761L) >> 16 & 15))));
        PrivacyBudget.Create(place, 1, 1e-5);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(place);
        using DatLedger ledger = DatLedger.Open(book, create: true);
        using var appender = new DatLedgerAppender(ledger);
        foreach (string name in new[] { letters, letters + "x", "ann" })
        {
            bool isTaken = kind == StoreKind.Sqlite || name.Length <= 2600;
            var charge = new PrivacyCharge(new GaussianEvent(0.001), new ReleaseLabel("DiscreteGaussian"), [name]);
            PrivacyBudgetException? refused = Record.Exception(() => store.Charge([charge])) as PrivacyBudgetException;
            Assert.Equal(isTaken ? null : "ContributorNotValid", refused?.ErrorId);
            QosValuationException? notAdded = Record.Exception(() => appender.Add(name, 1, "p")) as QosValuationException;
            Assert.Equal(isTaken ? null : "DatAddressNotValid", notAdded?.ErrorId);
            Assert.All([refused?.Message, notAdded?.Message], message => Assert.True(isTaken || message!.Contains("2600", StringComparison.Ordinal)));
        }

        appender.Flush();
        Assert.Empty(appender.Take().Failures);
        Assert.Equal(kind == StoreKind.Sqlite ? 3 : 2, ledger.Verify().Records);
        Assert.Equal(kind == StoreKind.Sqlite ? 3 : 2, store.Budget.Releases);
    }

    [Fact]
    public void AFailureToWriteOnAFullDiskIsSaidToBeOne()
    {
        var failure = new Microsoft.Data.Sqlite.SqliteException("disk I/O error", 10, 4874); // SQLITE_IOERR_SHMSIZE
        Assert.Equal("DatabaseNotReadable", SqliteFile.Fault(failure, Path.Combine(Path.GetTempPath(), "x.db"), "ledger").ErrorId);
        if (OperatingSystem.IsLinux())
        {
            // A file system without any space.
            Assert.Equal("DiskFull", SqliteFile.Fault(failure, "/proc/x.db", "ledger").ErrorId);
            Assert.Equal("DatabaseNotReadable", SqliteFile.Fault(new("disk I/O error", 10, 266), "/proc/x.db", "ledger").ErrorId); // SQLITE_IOERR_READ
        }
    }

    [Theory]
    [EachStore]
    public async Task RecordsOfManySessionsFormOneChain(StoreKind kind)
    {
        string place = places.New(kind);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(() =>
        {
            using DatLedger ledger = DatLedger.Open(place, create: true);
            for (int i = 0; i < 10; i++)
            {
                ledger.Append([($"writer{writer}", i, "p"), ($"writer{writer}", i, "q")]);
            }
        })));
        using DatLedger result = DatLedger.Open(place, create: false);
        Assert.True(result.Verify().IsValid);
        DatRecord[] records = [.. result.Read()];
        Assert.Equal(Enumerable.Range(1, 320).Select(i => (long)i), records.Select(record => record.Sequence));
        Assert.All(records.GroupBy(record => record.Address), group => Assert.Equal(20, group.Count()));

        // Both of an append stand side by side.
        Assert.All(records.Where((_, i) => i % 2 == 0), (record, i) => Assert.Equal((record.Address, record.Value, "q"), (records[(2 * i) + 1].Address, records[(2 * i) + 1].Value, records[(2 * i) + 1].Pointer)));
    }

    [Theory]
    [EachStore]
    public void ALedgerKeepsWhatItIsGivenInEitherDatabase(StoreKind kind)
    {
        var clock = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        (string Address, double Value, string Pointer)[] entries =
        [
            ("zoë", 0.1, "sha256:é\t\u2028"), ("\U0001F600", double.Epsilon, string.Empty), ("b", double.MaxValue, new string('x', 100_000)), ("A", -0.0, "'; --"),
        ];
        string place = places.New(kind);
        using DatLedger ledger = DatLedger.Open(place, create: true);
        ledger.Append(entries, clock);
        using DatLedger plain = DatLedger.Open(places.New(StoreKind.Sqlite), create: true);

        // The same records, with the same hashes.
        Assert.Equal(plain.Append(entries, clock), ledger.Read());
        Assert.Equal(plain.Addresses(), ledger.Addresses());
        Assert.Equal(plain.Verify().HeadHash, ledger.Verify().HeadHash);
        Assert.Empty(ledger.Append(entries, skipExisting: true));
        Assert.Equal(2, Assert.Single(ledger.Read("\U0001F600")).Sequence);
        Assert.Equal(2, ledger.Read(first: 3).Count());
    }
}
