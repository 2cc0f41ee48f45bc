using QosValuation.Foundation.IO;
using QosValuation.Markets.Ledger;

namespace QosValuation.Tests;

public sealed class DatLedgerAppenderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AFastStreamIsWrittenInOrderAndInFewTransactions()
    {
        const int count = 3 * DatLedgerAppender.BatchSize + 17;
        using DatLedger ledger = DatLedger.Open(_folder.File("a.db"), create: true);
        using var appender = new DatLedgerAppender(ledger);
        var written = new List<DatRecord>();
        for (int i = 0; i < count; i++)
        {
            appender.Add("a" + i, i, string.Empty);
            written.AddRange(appender.Take().Appended);
        }

        appender.Flush();
        (IReadOnlyList<DatRecord> rest, IReadOnlyList<DatAppendFailure> failures) = appender.Take();
        written.AddRange(rest);
        Assert.Empty(failures);
        Assert.Equal(Enumerable.Range(0, count).Select(i => "a" + i), written.Select(record => record.Address));
        Assert.Equal(written, ledger.Read());
        Assert.True(ledger.Verify().IsValid);

        // A transaction's records share a time.
        Assert.InRange(written.Select(record => record.Timestamp).Distinct().Count(), 1, count / 4);
    }

    [Fact]
    public void ARecordThatComesAloneIsAppendedAtOnceAndTheLastOnesOfABurstWithoutAnother()
    {
        using DatLedger ledger = DatLedger.Open(_folder.File("b.db"), create: true);
        using var appender = new DatLedgerAppender(ledger);
        appender.Add("first", 1, string.Empty);
        Assert.Equal(["first"], appender.Take().Appended.Select(record => record.Address));
        appender.Add("second", 1, string.Empty);
        appender.Add("third", 1, string.Empty);
        var later = new List<string>();
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                later.AddRange(appender.Take().Appended.Select(record => record.Address));
                return later.Count == 2;
            },
            TimeSpan.FromSeconds(60)));
        Assert.Equal(["second", "third"], later);
    }

    [Fact]
    public void ABatchThatFailsNamesItsRecordsAndTheNextGoesOn()
    {
        string path = _folder.File("c.db");
        using DatLedger ledger = DatLedger.Open(path, create: true);
        using var appender = new DatLedgerAppender(ledger);
        appender.Add("kept", 1, string.Empty);
        using (var other = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={path};Pooling=False"))
        {
            // Somebody makes the table refuse one account: the whole batch with it fails.
            other.Open();
            SqliteFile.Execute(
                other, "CREATE TRIGGER no BEFORE INSERT ON record WHEN NEW.address = 'bad' BEGIN SELECT RAISE(ABORT, 'refused'); END");
        }

        appender.Add("good", 1, string.Empty);
        appender.Add("bad", 1, string.Empty);
        appender.Flush();
        appender.Add("later", 1, string.Empty);
        appender.Flush();
        (IReadOnlyList<DatRecord> appended, IReadOnlyList<DatAppendFailure> failures) = appender.Take();
        DatAppendFailure failure = Assert.Single(failures);
        Assert.Contains("bad", failure.Addresses);
        Assert.Equal(ledger.Read().Select(record => record.Address), appended.Select(record => record.Address));
        Assert.Equal("later", appended[^1].Address);
        Assert.Equal(4, appended.Count + failure.Addresses.Count);
    }

    [Theory]
    [InlineData("INSERT INTO head VALUES (1, 1, NULL)", "INTEGER, hash TEXT")]
    [InlineData("INSERT INTO head VALUES (1, 'x', 'y')", "TEXT, hash TEXT")]
    public void ALedgerWhoseColumnsHoldSomethingElseIsNoEndOfTheProcess(string sql, string columns)
    {
        string path = _folder.File("e.db");
        using DatLedger ledger = DatLedger.Open(path, create: true);
        using var appender = new DatLedgerAppender(ledger);
        appender.Add("kept", 1, string.Empty);
        using (var other = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={path};Pooling=False"))
        {
            other.Open();
            SqliteFile.Execute(
                other, $"DROP TABLE head; CREATE TABLE head (id INTEGER PRIMARY KEY, sequence {columns}); {sql}");
        }

        // By the timer: on its thread nothing is caught.
        appender.Add("waits", 1, string.Empty);
        DatAppendFailure failure = WaitForFailure(appender);
        Assert.Equal("DatabaseNotReadable", failure.Fault.ErrorId);
        Assert.Equal(["waits"], failure.Addresses);
        Assert.Equal("DatabaseNotReadable", Assert.Throws<QosValuationException>(() => ledger.Append([("a", 1, string.Empty)])).ErrorId);
    }

    [Fact]
    public void WhateverFailsOnTheTimersThreadIsToldAndTheProcessGoesOn()
    {
        DatLedger ledger = DatLedger.Open(_folder.File("f.db"), create: true);
        using var appender = new DatLedgerAppender(ledger);
        appender.Add("kept", 1, string.Empty);
        ledger.Dispose();
        appender.Add("waits", 1, string.Empty);
        Assert.Equal(["waits"], WaitForFailure(appender).Addresses);
    }

    [Fact]
    public async Task AStoppedAppendEndsQuietlyOnTheTimersThreadAndAtTheNextCall()
    {
        string path = _folder.File("g.db");
        using var stop = new CancellationTokenSource();
        using IDisposable scope = WorkCancellation.Enter(stop.Token);
        using DatLedger ledger = DatLedger.Open(path, create: true);
        using var appender = new DatLedgerAppender(ledger);
        appender.Add("kept", 1, string.Empty);
        using (var other = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={path};Pooling=False"))
        {
            other.Open();
            using Microsoft.Data.Sqlite.SqliteTransaction held = other.BeginTransaction();
            appender.Add("waits", 1, string.Empty);
            await Task.Delay(4 * DatLedgerAppender.Window);
            await stop.CancelAsync();
            Assert.ThrowsAny<OperationCanceledException>(appender.Flush);
        }

        Assert.Empty(appender.Take().Failures);
        Assert.Equal(["kept"], ledger.Read().Select(record => record.Address));
    }

    [Fact]
    public void OneBadAddressOfABatchIsRefusedAlone()
    {
        using DatLedger ledger = DatLedger.Open(_folder.File("h.db"), create: true);
        using var appender = new DatLedgerAppender(ledger);
        var refused = new List<string>();
        foreach (string address in new[] { "first", "b", "\a", "c", "\u200Busage:api", "d" })
        {
            try
            {
                appender.Add(address, 1, string.Empty);
            }
            catch (QosValuationException fault)
            {
                refused.Add(fault.ErrorId);
            }
        }

        appender.Flush();
        Assert.Equal(["DatAddressNotValid", "DatAddressNotValid"], refused);
        Assert.Empty(appender.Take().Failures);
        Assert.Equal(["first", "b", "c", "d"], ledger.Read().Select(record => record.Address));
    }

    [Theory]
    [InlineData("", 1, "", "DatAddressNotValid")]
    [InlineData("a", -1, "", "DatValueNotValid")]
    [InlineData("a", double.NaN, "", "DatValueNotValid")]
    [InlineData("a", 1, "\0", "DatPointerNotValid")]
    public void ABadRecordIsNotTaken(string address, double value, string pointer, string id)
    {
        using DatLedger ledger = DatLedger.Open(_folder.File("d.db"), create: true);
        using var appender = new DatLedgerAppender(ledger);
        Assert.Equal(id, Assert.Throws<QosValuationException>(() => appender.Add(address, value, pointer)).ErrorId);
        appender.Flush();
        Assert.Empty(ledger.Read());
    }

    private static DatAppendFailure WaitForFailure(DatLedgerAppender appender)
    {
        var failures = new List<DatAppendFailure>();
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                failures.AddRange(appender.Take().Failures);
                return failures.Count > 0;
            },
            TimeSpan.FromSeconds(60)));
        return Assert.Single(failures);
    }
}
