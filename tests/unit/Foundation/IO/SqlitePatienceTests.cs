using System.Diagnostics;
using Microsoft.Data.Sqlite;
using QosValuation.Foundation.IO;

namespace QosValuation.Tests;

// How soon a wait ends is measured: not beside other tests, which keep the threads of the pool busy.
[CollectionDefinition(nameof(SqlitePatienceTests), DisableParallelization = true)]
[Collection(nameof(SqlitePatienceTests))]
public sealed class SqlitePatienceTests : IDisposable
{
    private const string Endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AQueryWithoutEndEndsWithTheWork()
    {
        using var work = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        using IDisposable scope = WorkCancellation.Enter(work.Token);
        using SqliteConnection connection = Open();
        long start = Stopwatch.GetTimestamp();
        SqliteException ended = Assert.Throws<SqliteException>(() => SqliteFile.Scalar(connection, Endless));
        Assert.Equal(SQLitePCL.raw.SQLITE_INTERRUPT, ended.SqliteErrorCode);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 3);
    }

    [Fact]
    public void AWaitForALockEndsWithTheWork()
    {
        using SqliteConnection other = Open();
        SqliteFile.Execute(other, "BEGIN IMMEDIATE");
        using var work = new CancellationTokenSource();
        using IDisposable scope = WorkCancellation.Enter(work.Token);
        using SqliteConnection connection = Open();
        work.CancelAfter(500);
        long start = Stopwatch.GetTimestamp();
        SqliteException ended = Assert.Throws<SqliteException>(() => SqliteFile.Execute(connection, "BEGIN IMMEDIATE"));
        Assert.Equal(SQLitePCL.raw.SQLITE_BUSY, ended.SqliteErrorCode);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0.4, 2.5);
    }

    [Fact]
    public async Task ALockThatIsReleasedIsTaken()
    {
        using SqliteConnection other = Open();
        SqliteFile.Execute(other, "BEGIN IMMEDIATE");
        using SqliteConnection connection = Open();
        Task waiting = Task.Run(() => SqliteFile.Execute(connection, "BEGIN IMMEDIATE"));
        await Task.Delay(1500);
        Assert.False(waiting.IsCompleted);
        SqliteFile.Execute(other, "COMMIT");
        await waiting.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void ManyConnectionsThatNobodyDisposesOfDoNoHarm()
    {
        for (int i = 0; i < 200; i++)
        {
            SqliteConnection forgotten = Open();
            SqliteFile.Execute(forgotten, "INSERT INTO a VALUES (1)");
            if (i % 50 == 0)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
    }

    private SqliteConnection Open() => SqliteFile.Open(_folder.File("a.db"), 0x51530001, "CREATE TABLE IF NOT EXISTS a (b INTEGER)", "sample");
}
