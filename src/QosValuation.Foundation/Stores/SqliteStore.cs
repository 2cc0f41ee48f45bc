using System.Data.Common;
using Microsoft.Data.Sqlite;
using QosValuation.Foundation.IO;

namespace QosValuation.Foundation.Stores;

/// <summary>A store in a SQLite file.</summary>
public sealed class SqliteStore : DataStore
{
    internal SqliteStore(StoreAddress address, StoreSchema schema, bool create, bool checksSchema)
        : base(address, schema) =>
        Connection = SqliteFile.Open(address.Text, schema.ApplicationId, schema.Sqlite, schema.Kind, create, checksSchema);

    /// <summary>The file.</summary>
    public SqliteConnection Connection { get; }

    /// <summary>The transaction at hand.</summary>
    public SqliteTransaction? Transaction => (SqliteTransaction?)Current?.Inner;

    /// <inheritdoc/>
    public override StoreTransaction BeginRead() => Current = new FileTransaction(this, Connection.BeginTransaction(deferred: true));

    // IMMEDIATE: no other process writes between the look and the write.
    /// <inheritdoc/>
    public override StoreTransaction BeginWrite() => Current = new FileTransaction(this, Connection.BeginTransaction(deferred: false));

    /// <inheritdoc/>
    public override DbCommand Command(string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        SqliteCommand command = Connection.CreateCommand();
#pragma warning disable CA2100 // Every statement is made of constants of this assembly's users.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.Transaction = Transaction;
        foreach ((string name, object? value) in values)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }

    /// <inheritdoc/>
    public override void Insert(string table, string columns, IEnumerable<object?[]> rows)
    {
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(rows);
        string[] names = [.. Enumerable.Range(0, columns.Count(letter => letter == ',') + 1).Select(i => "@p" + i)];
        using var command = (SqliteCommand)Command($"INSERT INTO {table} ({columns}) VALUES ({string.Join(", ", names)})");
        SqliteParameter[] parameters = [.. names.Select(name => command.Parameters.AddWithValue(name, null))];
        foreach (object?[] row in rows)
        {
            for (int i = 0; i < parameters.Length; i++)
            {
                parameters[i].Value = row[i] ?? DBNull.Value;
            }

            command.ExecuteNonQuery();
        }
    }

    /// <inheritdoc/>
    public override void WriteHead(long position, string columns, params object[] values)
    {
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(values);
        string[] names = columns.Split(", ");
        string places = string.Join(", ", names.Select(name => "@" + name));
        string updates = string.Join(", ", names.Select(name => $"{name} = @{name}"));
        Execute(
            $"INSERT INTO head (id, {columns}) VALUES (1, {places}) ON CONFLICT (id) DO UPDATE SET {updates}",
            [.. names.Zip(values, (name, value) => ("@" + name, (object?)value))]);
    }

    /// <inheritdoc/>
    public override string BytesOf(string column) => $"CAST({column} AS BLOB)";

    /// <inheritdoc/>
    public override string? FindDamage() => SqliteFile.FindDamage(Connection, Transaction);

    /// <inheritdoc/>
    public override string? FindForeign() => null;

    /// <inheritdoc/>
    public override QosValuationException? Explain(Exception exception) =>
        exception is SqliteException failure ? SqliteFile.Fault(failure, Address.Text, Schema.Kind) : null;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => Connection.Dispose();

    private sealed class FileTransaction(SqliteStore store, SqliteTransaction transaction) : StoreTransaction
    {
        internal override DbTransaction Inner => transaction;

        public override void Commit() => transaction.Commit();

        protected override void Dispose(bool disposing)
        {
            store.Current = null;
            transaction.Dispose();
        }
    }
}
