using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace QosValuation.Foundation.IO;

/// <summary>
/// How long a connection waits, and what ends the waiting. SQLite's own busy timeout sleeps where nothing can wake it, and a query over a
/// hostile schema may never end; here both end with the cancellation of the work.
/// </summary>
internal sealed unsafe partial class SqlitePatience
{
    private const int MillisecondsBetweenTries = 20;
    private const int InstructionsBetweenLooks = 1_000_000;

    // A connection keeps its own alive. SQLite holds but a number, so that a late call, such as that of a finaliser, finds nothing.
    private static readonly ConditionalWeakTable<SqliteConnection, SqlitePatience> Attached = [];
    private static readonly ConcurrentDictionary<nint, WeakReference<SqlitePatience>> ByNumber = new();
    private static long _last;

    private readonly nint _number = (nint)Interlocked.Increment(ref _last);
    private readonly TimeSpan _longest;
    private readonly CancellationToken _cancellation;
    private long _since;

    private SqlitePatience(TimeSpan longest, CancellationToken cancellation)
    {
        _longest = longest;
        _cancellation = cancellation;
        ByNumber[_number] = new WeakReference<SqlitePatience>(this);
    }

    ~SqlitePatience() => ByNumber.TryRemove(_number, out _);

    /// <summary>Makes an open connection wait for locks up to a time, and stop waiting and working when the work is cancelled.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="longest">How long to wait for a lock.</param>
    /// <param name="cancellation">Ends waits and queries: they fail as busy or interrupted.</param>
    public static void Attach(SqliteConnection connection, TimeSpan longest, CancellationToken cancellation)
    {
        var patience = new SqlitePatience(longest, cancellation);
        Attached.Add(connection, patience);
        nint handle = connection.Handle!.DangerousGetHandle();
        _ = SetBusyHandler(handle, &WaitForLock, patience._number);
        SetProgressHandler(handle, InstructionsBetweenLooks, &IsCancelled, patience._number);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int WaitForLock(nint state, int count)
    {
        if (Find(state) is not { } patience)
        {
            return 0;
        }

        if (count == 0)
        {
            patience._since = Stopwatch.GetTimestamp();
        }

        if (patience._cancellation.IsCancellationRequested || Stopwatch.GetElapsedTime(patience._since) >= patience._longest)
        {
            return 0;
        }

        // Not by the token's handle, which may be disposed of: nothing may be thrown into SQLite.
        Thread.Sleep(MillisecondsBetweenTries);
        return 1;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int IsCancelled(nint state) =>
        Find(state) is { _cancellation.IsCancellationRequested: true } ? 1 : 0;

    private static SqlitePatience? Find(nint number) =>
        ByNumber.TryGetValue(number, out WeakReference<SqlitePatience>? weak) && weak.TryGetTarget(out SqlitePatience? patience) ? patience : null;

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_busy_handler")]
    private static partial int SetBusyHandler(nint connection, delegate* unmanaged[Cdecl]<nint, int, int> handler, nint state);

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_progress_handler")]
    private static partial void SetProgressHandler(nint connection, int instructions, delegate* unmanaged[Cdecl]<nint, int> handler, nint state);
}
