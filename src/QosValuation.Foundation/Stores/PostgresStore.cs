using System.Buffers.Binary;
using System.Data;
using System.Data.Common;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace QosValuation.Foundation.Stores;

/// <summary>
/// A store in a schema of a PostgreSQL database. Changes are serialisable transactions, one at a time by an advisory lock of the session, which is taken
/// before the transaction sees anything; a lock that a pooler loses costs retries, never correctness.
/// </summary>
/// <remarks>
/// Nothing is updated or deleted: a role that may only SELECT and INSERT is enough. Each change notes a key of its own in <c>head</c>. Where the connection
/// is lost while a commit is under way, the key is looked up by a new connection after the old session has ended.
/// </remarks>
internal sealed class PostgresStore : DataStore, IServerWait
{
    private const int RowsPerBatch = 1000;

    // What PostgresLayout says of the table of versions, which alone is read before the others are compared.
    private const string MigrationLayout = "index of migration: version; primary\nr migration: version bigint not null, kind text not null";

    // How long a session may be silent in the midst of a change, in PostgreSQL's words, where its settings do not say.
    private const string LongestIdleness = "60s";

    private static readonly TimeSpan LongestLookUp = TimeSpan.FromSeconds(15);

    private readonly PostgresAddress _address;
    private readonly long _lock;
    private NpgsqlConnection? _connection;
    private NpgsqlCommand? _layout;
    private string? _key;
    private bool _wasOpen;
    private string _idleTimeout = "0";
    private Action? _cancel;

    private PostgresStore(PostgresAddress address, StoreSchema schema)
        : base(address, schema)
    {
        _address = address;
        _lock = BinaryPrimitives.ReadInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes("QosValuation " + address.Name)));
    }

    /// <summary>Opens a store, making or migrating it where that is asked for and the role may.</summary>
    /// <param name="address">Where it lies.</param>
    /// <param name="schema">Its tables.</param>
    /// <param name="create">Whether it is made.</param>
    /// <param name="checksSchema">Whether what stands in the schema is checked.</param>
    /// <returns>The store.</returns>
    public static PostgresStore Open(PostgresAddress address, StoreSchema schema, bool create, bool checksSchema)
    {
        var store = new PostgresStore(address, schema);
        try
        {
            store.Guard(() =>
            {
                store.Connect();
                store._wasOpen = true;
                store.Prepare(create);
                return checksSchema && store.FindForeign() is string foreign ? throw store.Foreign(foreign) : true;
            });
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    // A row of an index has at most 2704 bytes, which is less than a third of a page. Others stand beside the name.
    /// <inheritdoc/>
    public override int LongestName => 2600;

    /// <inheritdoc/>
    public override string? FindForeign() => PostgresLayout.Difference(ReadLayout(), Schema.PostgresLayout);

    /// <summary>What stands in the schema.</summary>
    /// <returns>See <see cref="PostgresLayout"/>.</returns>
    internal string ReadLayout()
    {
        // Each change asks for it, and planning it takes longer than running it. (Others are planned for the values at hand: a plan from when the tables
        // were empty would read them all.)
        if (_layout is null)
        {
            _layout = new NpgsqlCommand(PostgresLayout.Query, _connection);
            _layout.Parameters.AddWithValue("@schema", _address.Name);
            Await(_layout.PrepareAsync());
        }

        _layout.Transaction = (NpgsqlTransaction?)Current?.Inner;
        _cancel = _layout.Cancel;
        return (string)((IServerWait)this).For(_layout.ExecuteScalarAsync())!;
    }

    /// <inheritdoc/>
    public override StoreTransaction BeginRead()
    {
        Connect();
        return Current = new ServerTransaction(this, _connection!.BeginTransaction(IsolationLevel.RepeatableRead), isLocked: false);
    }

    /// <inheritdoc/>
    public override StoreTransaction BeginWrite()
    {
        Connect();
        TakeLock();
        try
        {
            _key = Guid.NewGuid().ToString("N");
            return Current = new ServerTransaction(this, _connection!.BeginTransaction(IsolationLevel.Serializable), isLocked: true);
        }
        catch
        {
            Disconnect();
            throw;
        }
    }

    /// <inheritdoc/>
    public override DbCommand Command(string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        Cancellation.ThrowIfCancellationRequested();
#pragma warning disable CA2100 // Every statement is made of constants of this assembly's users; the schema's name is checked.
        var command = new NpgsqlCommand(sql, _connection, (NpgsqlTransaction?)Current?.Inner);
#pragma warning restore CA2100
        foreach ((string name, object? value) in values)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        _cancel = command.Cancel;
        return new PatientCommand(command, this);
    }

    /// <inheritdoc/>
    public override void Insert(string table, string columns, IEnumerable<object?[]> rows)
    {
        string places = string.Join(", ", Enumerable.Range(1, columns.Count(letter => letter == ',') + 1).Select(i => "$" + i));
        foreach (object?[][] part in rows.Chunk(RowsPerBatch))
        {
            Cancellation.ThrowIfCancellationRequested();
            var batch = new NpgsqlBatch(_connection, (NpgsqlTransaction?)Current?.Inner);
            foreach (object?[] row in part)
            {
                var command = new NpgsqlBatchCommand($"INSERT INTO {table} ({columns}) VALUES ({places})");
                foreach (object? value in row)
                {
                    command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
                }

                batch.BatchCommands.Add(command);
            }

            _cancel = batch.Cancel;
            ((IServerWait)this).For(batch.ExecuteNonQueryAsync());
            batch.Dispose(); // not where it was given up, for it could not be cancelled afterwards
        }
    }

    /// <inheritdoc/>
    public override void WriteHead(long position, string columns, params object[] values) =>
        Insert("head", $"id, key, {columns}", [[position, _key, .. values]]);

    /// <inheritdoc/>
    public override string BytesOf(string column) => $"pg_catalog.convert_to({column}, 'UTF8')";

    // Data checksums are the server's: it refuses a page that they do not fit.
    /// <inheritdoc/>
    public override string? FindDamage() => null;

    /// <inheritdoc/>
    public override QosValuationException? Explain(Exception exception)
    {
        if (!PostgresFaults.IsOurs(exception))
        {
            return null;
        }

        // The server's answer to Ctrl+C is no fault.
        Cancellation.ThrowIfCancellationRequested();
        return PostgresFaults.Explain(exception, Address.Text, Schema.Kind);
    }

    /// <inheritdoc/>
    private protected override bool IsTransient(Exception exception) =>
        exception is QosValuationException fault
            ? fault.Fault != Faults.DatabaseOutcomeUnknown && fault.InnerException is not null && IsTransient(fault.InnerException)
            : _wasOpen && PostgresFaults.IsTransient(exception);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Disconnect();
    }

    /// <inheritdoc/>
    T IServerWait.For<T>(Task<T> answer)
    {
        Await(answer);
        return answer.GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    void IServerWait.End(DbDataReader reader)
    {
        if (Cancellation.IsCancellationRequested)
        {
            Abandon(Task.CompletedTask); // closing would wait for the rest of the answer
        }
        else
        {
            reader.Dispose();
        }
    }

    // Gives up at once when the work is cancelled: a server that does not answer takes no request to cancel either.
    private void Await(Task answer)
    {
        try
        {
            (answer.IsCompleted ? answer : answer.WaitAsync(Cancellation)).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (!answer.IsCompleted)
        {
            Abandon(answer);
            throw;
        }
    }

    // Leaves the connection to another thread, which asks the server to stop and closes it when that has answered.
    private void Abandon(Task answer)
    {
        NpgsqlConnection? connection = _connection;
        Action? cancel = _cancel;
        (_connection, _layout, _cancel) = (null, null, null);
        if (connection is not null)
        {
            _ = Task.Run(() => Close(connection, cancel, answer), CancellationToken.None);
        }

        static async Task Close(NpgsqlConnection connection, Action? cancel, Task answer)
        {
            try
            {
                cancel?.Invoke();
            }
            finally
            {
                await answer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await connection.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private QosValuationException Foreign(string what) => new(
        Faults.DatabaseNotReadable, $"'{Address.Text}' is not as a {Schema.Kind} of QosValuation is made: {what}. Nothing was changed.", Address.Text);

    private void Connect()
    {
        if (_connection is { State: ConnectionState.Open })
        {
            return;
        }

        Disconnect();
        _connection = OpenConnection();
        try
        {
            // A session whose machine is gone would keep its lock until the server notices, which by default is after hours: it asks after a minute.
            // Without row security a policy is an error and does not run, also where somebody adds one after the catalogue was looked through.
            using DbCommand command = Command(
                """
                SELECT pg_catalog.set_config('search_path', @path, false),
                    pg_catalog.set_config('client_min_messages', 'error', false),
                    pg_catalog.set_config('row_security', 'off', false),
                    pg_catalog.set_config('lock_timeout',
                        CASE pg_catalog.current_setting('lock_timeout') WHEN '0' THEN '30s' ELSE pg_catalog.current_setting('lock_timeout') END, false),
                    pg_catalog.set_config('synchronous_commit',
                        CASE pg_catalog.current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE pg_catalog.current_setting('synchronous_commit') END,
                        false),
                    pg_catalog.set_config('tcp_keepalives_idle',
                        least(60, pg_catalog.current_setting('tcp_keepalives_idle')::pg_catalog.int4)::pg_catalog.text, false),
                    pg_catalog.set_config('tcp_keepalives_interval',
                        least(10, pg_catalog.current_setting('tcp_keepalives_interval')::pg_catalog.int4)::pg_catalog.text, false),
                    pg_catalog.set_config('tcp_keepalives_count',
                        least(4, pg_catalog.current_setting('tcp_keepalives_count')::pg_catalog.int4)::pg_catalog.text, false),
                    pg_catalog.current_setting('idle_in_transaction_session_timeout'),
                    pg_catalog.current_setting('server_encoding')
                """,
                ("@path", $"pg_catalog, {_address.Name}, pg_temp"));
            using DbDataReader reader = command.ExecuteReader();
            reader.Read();
            _idleTimeout = reader.GetString(8);
            string encoding = reader.GetString(9);
            if (encoding != "UTF8")
            {
                throw new QosValuationException(
                    Faults.DatabaseNotReadable,
                    $"The database of '{Address.Text}' is encoded in {encoding}; names need one with ENCODING 'UTF8'.",
                    Address.Text);
            }
        }
        catch
        {
            Disconnect();
            throw;
        }
    }

    private NpgsqlConnection OpenConnection()
    {
        NpgsqlConnection? connection = null;
        try
        {
            connection = new NpgsqlConnection(_address.Resolve().ConnectionString);

            // Not with the token: the library waits for the server before it lets go.
            NpgsqlConnection opening = connection;
            Task open = Task.Run(() => opening.OpenAsync(CancellationToken.None), CancellationToken.None);
            try
            {
                open.WaitAsync(Cancellation).GetAwaiter().GetResult();
            }
            catch (OperationCanceledException) when (!open.IsCompleted)
            {
                connection = null;
                _ = open.ContinueWith(_ => opening.Dispose(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                throw;
            }

            return connection;
        }
        catch (Exception exception)
        {
            connection?.Dispose();
            if (exception is PostgresException { SqlState: PostgresErrorCodes.InvalidPassword })
            {
                _address.Forget();
            }

            // Settings that do not go together are looked at here, and not when they are read.
            if (exception is ArgumentException or NotSupportedException or FormatException or OverflowException
                || (exception is InvalidOperationException && !PostgresFaults.IsOurs(exception)))
            {
                throw new QosValuationException(
                    Faults.DatabaseConnectionNotValid,
                    $"'{Address.Text}' cannot be connected to with these settings: {exception.Message.TrimEnd('.')}.",
                    Address.Text,
                    exception);
            }

            throw;
        }
    }

    private void Disconnect()
    {
        Current = null;
        if (Cancellation.IsCancellationRequested)
        {
            Abandon(Task.CompletedTask);
            return;
        }

        NpgsqlConnection? connection = _connection;
        _connection = null;
        _cancel = null;
        _layout?.Dispose();
        _layout = null;
        try
        {
            connection?.Dispose();
        }
        catch (Exception exception) when (PostgresFaults.IsOurs(exception))
        {
            // It was lost already.
        }
    }

    // Before the transaction, whose view would otherwise be from before the wait.
    private void TakeLock()
    {
        try
        {
            // A process that is halted in the midst of a change, and whose connection is sound, is not waited for either.
            using DbCommand command = Command(
                "SELECT pg_catalog.pg_advisory_lock(@key), pg_catalog.set_config('idle_in_transaction_session_timeout', @timeout, false)",
                ("@key", _lock),
                ("@timeout", _idleTimeout == "0" ? LongestIdleness : _idleTimeout));
            command.CommandTimeout = 0; // lock_timeout ends the wait
            command.ExecuteNonQuery();
        }
        catch
        {
            Disconnect();
            throw;
        }
    }

    private void ReleaseLock()
    {
        try
        {
            if (Cancellation.IsCancellationRequested)
            {
                Disconnect();
            }
            else if (_connection is { State: ConnectionState.Open })
            {
                using DbCommand command = Command(
                    "SELECT pg_catalog.pg_advisory_unlock(@key), pg_catalog.set_config('idle_in_transaction_session_timeout', @timeout, false)",
                    ("@key", _lock),
                    ("@timeout", _idleTimeout));
                command.ExecuteNonQuery();
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException || PostgresFaults.IsOurs(exception))
        {
            Disconnect(); // the lock goes with the session
        }
    }

    private void Prepare(bool create)
    {
        (long version, string? kind, bool isEmpty) = ReadVersion();
        if (version > 0 && kind != Schema.Kind)
        {
            throw new QosValuationException(
                Faults.DatabaseNotReadable, $"'{Address.Text}' is a {Short(kind)}, and no {Schema.Kind}; nothing was changed.", Address.Text);
        }

        if (version > Schema.Postgres.Count)
        {
            throw new QosValuationException(
                Faults.DatabaseTooNew,
                $"The {Schema.Kind} '{Address.Text}' is of version {version}, and this module knows them up to {Schema.Postgres.Count}. Nothing was changed.",
                Address.Text);
        }

        if (version == 0 && !create)
        {
            throw isEmpty
                ? new QosValuationException(Faults.DatabaseNotFound, $"There is no {Schema.Kind} at '{Address.Text}'.", Address.Text)
                : Foreign("it holds other tables");
        }

        if (version < Schema.Postgres.Count)
        {
            Run(writes: true, Migrate);
        }
    }

    private bool Migrate()
    {
        // Again under the lock: another session may have done it.
        (long version, _, bool isEmpty) = ReadVersion();
        if (version == 0)
        {
            if (!isEmpty)
            {
                throw Foreign("it holds other tables");
            }

            if (Scalar("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = @schema", ("@schema", _address.Name)) is null)
            {
                Execute("CREATE SCHEMA " + _address.Name);
            }

            Execute($"CREATE TABLE {_address.Name}.migration (version bigint PRIMARY KEY, kind text NOT NULL)");
        }

        for (long i = version; i < Schema.Postgres.Count; i++)
        {
            Execute($"SET LOCAL search_path = {_address.Name}, pg_catalog, pg_temp");
            Execute(Schema.Postgres[(int)i]);
            Insert("migration", "version, kind", [[i + 1, Schema.Kind]]);
        }

        return true;
    }

    // The catalogue comes first: a policy, rule or view in the place of the table would run with the rights of whoever reads it.
    private (long Version, string? Kind, bool IsEmpty) ReadVersion()
    {
        string layout = ReadLayout();
        if (!PostgresLayout.HasTable(layout, "migration"))
        {
            return (0, null, layout.Length == 0);
        }

        if (PostgresLayout.Difference(PostgresLayout.Of(layout, "migration"), MigrationLayout) is string foreign)
        {
            throw Foreign(foreign);
        }

        using DbCommand command = Command($"SELECT version, kind FROM {_address.Name}.migration ORDER BY version DESC LIMIT 1");
        using DbDataReader reader = command.ExecuteReader();
        if (!reader.Read())
        {
            return (0, null, false);
        }

        long version = reader.GetInt64(0);
        return version > 0 ? (version, reader.GetString(1), false) : throw Foreign($"there is no version {version}");
    }

    private static string Short(string? text) => text?.Length > 80 ? text[..80] + "…" : text ?? string.Empty;

    /// <summary>Whether a change was kept whose commit was not answered. The lock is free only when the session that made it has ended.</summary>
    private bool WasKept(Exception cause)
    {
        string key = _key!;
        long start = Stopwatch.GetTimestamp();
        for (int pause = 20; ; pause = Math.Min(500, 2 * pause))
        {
            try
            {
                Disconnect();
                Connect();
                TakeLock();
                return Scalar("SELECT 1 FROM head WHERE key = @key", ("@key", key)) is not null;
            }
            catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.UndefinedTable)
            {
                return false; // the change would have made the table
            }
            catch (Exception exception) when (exception is OperationCanceledException || PostgresFaults.IsOurs(exception))
            {
                if (Cancellation.WaitHandle.WaitOne(pause) || Stopwatch.GetElapsedTime(start) > LongestLookUp)
                {
                    Disconnect();
                    throw new QosValuationException(
                        Faults.DatabaseOutcomeUnknown,
                        $"The connection to the {Schema.Kind} '{Address.Text}' was lost while a change was being kept, and the server cannot be asked: take "
                            + "the change as made.",
                        Address.Text,
                        cause);
                }
            }
            finally
            {
                ReleaseLock();
            }
        }
    }

    private sealed class ServerTransaction(PostgresStore store, NpgsqlTransaction transaction, bool isLocked) : StoreTransaction
    {
        internal override DbTransaction Inner => transaction;

        public override void Commit()
        {
            store.Cancellation.ThrowIfCancellationRequested();
            store._cancel = null; // a commit under way is waited for: cutting it would only hide what came of it
            try
            {
                transaction.Commit();
            }
            catch (Exception exception) when (isLocked && PostgresFaults.IsOurs(exception) && PostgresFaults.IsLost(exception))
            {
                if (!store.WasKept(exception))
                {
                    throw;
                }
            }
        }

        protected override void Dispose(bool disposing)
        {
            store.Current = null;
            if (store.Cancellation.IsCancellationRequested)
            {
                store.Disconnect(); // the server undoes what was not committed
                return;
            }

            try
            {
                store.Await(transaction.DisposeAsync().AsTask());
            }
            catch (Exception exception) when (exception is OperationCanceledException || PostgresFaults.IsOurs(exception))
            {
                store.Disconnect();
            }

            if (isLocked)
            {
                store.ReleaseLock();
            }
        }
    }
}
