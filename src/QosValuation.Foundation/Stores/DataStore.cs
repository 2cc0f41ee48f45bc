using System.Data.Common;

namespace QosValuation.Foundation.Stores;

/// <summary>
/// An open database that holds one budget or one ledger: a SQLite file, or a schema of a PostgreSQL database. What is kept in it, and by which
/// rules, is its user's; here is what the two databases do differently. Not thread-safe.
/// </summary>
public abstract class DataStore : IDisposable
{
    private const int MostTries = 8;

    private protected DataStore(StoreAddress address, StoreSchema schema)
    {
        Address = address;
        Schema = schema;
        Cancellation = IO.WorkCancellation.Current;
    }

    /// <summary>Where the store lies; its text holds no secrets.</summary>
    public StoreAddress Address { get; }

    /// <summary>The store's tables.</summary>
    public StoreSchema Schema { get; }

    /// <summary>The most bytes of UTF-8 in a name that an index of the store takes.</summary>
    public virtual int LongestName => int.MaxValue;

    /// <summary>Ends waits and queries.</summary>
    private protected CancellationToken Cancellation { get; }

    /// <summary>The transaction that commands belong to.</summary>
    private protected StoreTransaction? Current { get; set; }

    /// <summary>Opens a store.</summary>
    /// <param name="address">Where it lies.</param>
    /// <param name="schema">Its tables.</param>
    /// <param name="create">Whether it is made where it does not exist; otherwise that is an error.</param>
    /// <param name="checksSchema">Whether tables, views and triggers are held against the schema; false where the caller does that itself.</param>
    /// <returns>The open store.</returns>
    /// <exception cref="QosValuationException">
    /// <c>DatabaseNotFound</c>, <c>DatabaseNotReadable</c>, <c>DatabaseNotWritable</c>; of PostgreSQL also <c>DatabaseNotReachable</c>,
    /// <c>DatabaseLoginRefused</c>, <c>DatabaseTlsFailed</c>, <c>DatabaseNotPermitted</c>, <c>DatabaseTooNew</c>, <c>DatabaseTimedOut</c>.
    /// </exception>
    public static DataStore Open(StoreAddress address, StoreSchema schema, bool create, bool checksSchema = true)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(schema);
        return address is PostgresAddress postgres
            ? PostgresStore.Open(postgres, schema, create, checksSchema)
            : new SqliteStore(address, schema, create, checksSchema);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the database.</summary>
    /// <param name="disposing">True when called from <see cref="Dispose()"/>.</param>
    protected abstract void Dispose(bool disposing);

    /// <summary>Begins one view of the store: what others commit meanwhile is not seen.</summary>
    /// <returns>The transaction.</returns>
    public abstract StoreTransaction BeginRead();

    /// <summary>Begins a change: nobody else changes the store until it ends, and the look before the write holds.</summary>
    /// <returns>The transaction.</returns>
    public abstract StoreTransaction BeginWrite();

    /// <summary>
    /// Does work in one view of the store, or as one change. Work that a server undid, because of other transactions or of a lost connection, is
    /// done again a bounded number of times; a change whose fate was lost with the connection is looked up and never done twice.
    /// </summary>
    /// <typeparam name="T">What comes of it.</typeparam>
    /// <param name="writes">Whether the work changes the store.</param>
    /// <param name="work">The work; it may be begun anew.</param>
    /// <returns>What came of it.</returns>
    public T Run<T>(bool writes, Func<T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        for (int tries = 1; ; tries++)
        {
            try
            {
                using StoreTransaction transaction = writes ? BeginWrite() : BeginRead();
                T result = work();
                transaction.Commit();
                return result;
            }
            catch (Exception exception) when (tries < MostTries && IsTransient(exception) && !Cancellation.IsCancellationRequested)
            {
                double ceiling = Math.Min(1000, 10 << tries);
                Cancellation.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(ceiling * (0.5 + (Random.Shared.NextDouble() / 2))));
            }
        }
    }

    /// <summary>Makes a command of the transaction at hand.</summary>
    /// <param name="sql">A statement that both databases understand, with parameters such as @name.</param>
    /// <param name="values">The parameters.</param>
    /// <returns>The command.</returns>
    public abstract DbCommand Command(string sql, params ReadOnlySpan<(string Name, object? Value)> values);

    /// <summary>Reads one value.</summary>
    /// <param name="sql">A statement that returns one.</param>
    /// <param name="values">Its parameters.</param>
    /// <returns>The value; null without a row.</returns>
    public object? Scalar(string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        using DbCommand command = Command(sql, values);
        return command.ExecuteScalar();
    }

    /// <summary>Runs a statement.</summary>
    /// <param name="sql">The statement.</param>
    /// <param name="values">Its parameters.</param>
    /// <returns>The number of rows that it changed.</returns>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        using DbCommand command = Command(sql, values);
        return command.ExecuteNonQuery();
    }

    /// <summary>Inserts rows.</summary>
    /// <param name="table">The table.</param>
    /// <param name="columns">The columns, separated by commas.</param>
    /// <param name="rows">The values of each row.</param>
    public abstract void Insert(string table, string columns, IEnumerable<object?[]> rows);

    /// <summary>
    /// Notes where the store ends, in the change at hand. A file keeps the last note; a server keeps each, so that nothing there need ever be changed,
    /// together with a key by which the change is found again.
    /// </summary>
    /// <param name="position">The number of the last entry.</param>
    /// <param name="columns">The columns of the note, separated by commas.</param>
    /// <param name="values">Their values.</param>
    public abstract void WriteHead(long position, string columns, params object[] values);

    /// <summary>The expression that reads a text column as the bytes that are stored.</summary>
    /// <param name="column">The column.</param>
    /// <returns>SQL.</returns>
    public abstract string BytesOf(string column);

    /// <summary>What the database finds wrong with its own file.</summary>
    /// <returns>The first finding; null where there is none.</returns>
    public abstract string? FindDamage();

    /// <summary>What stands where the store's tables are and is not of them, or is missing.</summary>
    /// <returns>A phrase; null where all is as it was made, and always for a file: that is checked when it is opened.</returns>
    public abstract string? FindForeign();

    /// <summary>Explains a failure of the database.</summary>
    /// <param name="exception">The failure.</param>
    /// <returns>The fault to throw; null where the exception is none of the database.</returns>
    public abstract QosValuationException? Explain(Exception exception);

    /// <summary>Does work and explains what the database says to it.</summary>
    /// <typeparam name="T">What comes of it.</typeparam>
    /// <param name="work">The work.</param>
    /// <returns>What came of it.</returns>
    public T Guard<T>(Func<T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        try
        {
            return work();
        }
        catch (Exception exception)
        {
            // Not in a filter, which swallows the cancellation that an explanation may turn out to be.
            if (Explain(exception) is QosValuationException fault)
            {
                throw fault;
            }

            throw;
        }
    }

    /// <summary>Whether work that failed may be done again: the server undid it, and did so for reasons that pass.</summary>
    /// <param name="exception">The failure.</param>
    /// <returns>True where another try may succeed.</returns>
    private protected virtual bool IsTransient(Exception exception) => false;
}
