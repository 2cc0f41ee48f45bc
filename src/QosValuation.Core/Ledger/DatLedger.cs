using Microsoft.Data.Sqlite;
using QosValuation.IO;

namespace QosValuation.Ledger;

/// <summary>
/// An append-only chain of DAT records in a SQLite file. Appends are transactions: two processes never give the same
/// sequence number, and a process killed at any instant leaves either the whole record or none of it.
/// </summary>
public sealed class DatLedger : IDisposable
{
    private const int ApplicationId = 0x51564C31; // "QVL1"

    private const string Schema = """
        CREATE TABLE IF NOT EXISTS record (
            sequence INTEGER PRIMARY KEY,
            address TEXT NOT NULL,
            value REAL NOT NULL,
            pointer TEXT NOT NULL,
            timestamp INTEGER NOT NULL,
            previous_hash TEXT NOT NULL,
            hash TEXT NOT NULL) STRICT;
        CREATE TABLE IF NOT EXISTS head (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            sequence INTEGER NOT NULL,
            hash TEXT NOT NULL) STRICT;
        CREATE INDEX IF NOT EXISTS record_address ON record (address);
        """;

    private const string Columns = "sequence, address, value, pointer, timestamp, previous_hash, hash";

    private readonly SqliteConnection _connection;
    private readonly string _path;

    private DatLedger(SqliteConnection connection, string path)
    {
        _connection = connection;
        _path = path;
    }

    /// <summary>Opens a ledger.</summary>
    /// <param name="path">The SQLite file.</param>
    /// <param name="create">Whether a missing file is created.</param>
    /// <returns>The open ledger.</returns>
    /// <exception cref="QosValuationException"><c>DatabaseNotFound</c>, <c>DatabaseNotReadable</c>, <c>DatabaseNotWritable</c>.</exception>
    public static DatLedger Open(string path, bool create) => new(SqliteFile.Open(path, ApplicationId, Schema, "ledger", create), path);

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    /// <summary>Appends records in one transaction: all of them or none. O(k) for k records.</summary>
    /// <param name="entries">Address, value and pointer of each.</param>
    /// <param name="clock">The time to record; null is now.</param>
    /// <returns>The records as stored.</returns>
    /// <exception cref="QosValuationException"><c>DatValueNotValid</c>, <c>DatAddressNotValid</c>, <c>DatPointerNotValid</c>, <c>DiskFull</c>, <c>DatabaseBusy</c>.</exception>
    public IReadOnlyList<DatRecord> Append(IEnumerable<(string Address, double Value, string Pointer)> entries, DateTime? clock = null)
    {
        ArgumentNullException.ThrowIfNull(entries);
        (string Address, double Value, string Pointer)[] all = [.. entries];
        foreach ((string address, double value, string pointer) in all)
        {
            Validate(address, value, pointer);
        }

        try
        {
            using SqliteTransaction transaction = _connection.BeginTransaction(deferred: false);
            (long sequence, string previous) = ReadHead(transaction) ?? (0, DatRecord.Genesis);
            var records = new List<DatRecord>(all.Length);
            DateTime now = DatRecord.FromMicroseconds(DatRecord.ToMicroseconds(clock?.ToUniversalTime() ?? DateTime.UtcNow));
            using SqliteCommand insert = _connection.CreateCommand();
            insert.Transaction = transaction;
            insert.CommandText = "INSERT INTO record (sequence, address, value, pointer, timestamp, previous_hash, hash) VALUES ($sequence, $address, $value, $pointer, $timestamp, $previous, $hash)";
            foreach ((string address, double value, string pointer) in all)
            {
                var record = new DatRecord
                {
                    Sequence = ++sequence,
                    Address = address,
                    Value = value == 0 ? 0 : value, // −0 and 0 are one value with two encodings
                    Pointer = pointer,
                    Timestamp = now,
                    PreviousHash = previous,
                    Hash = string.Empty,
                };
                record = record with { Hash = record.ComputeHash() };
                insert.Parameters.Clear();
                insert.Parameters.AddWithValue("$sequence", record.Sequence);
                insert.Parameters.AddWithValue("$address", record.Address);
                insert.Parameters.AddWithValue("$value", record.Value);
                insert.Parameters.AddWithValue("$pointer", record.Pointer);
                insert.Parameters.AddWithValue("$timestamp", DatRecord.ToMicroseconds(record.Timestamp));
                insert.Parameters.AddWithValue("$previous", record.PreviousHash);
                insert.Parameters.AddWithValue("$hash", record.Hash);
                insert.ExecuteNonQuery();
                previous = record.Hash;
                records.Add(record);
            }

            if (records.Count > 0)
            {
                using SqliteCommand update = _connection.CreateCommand();
                update.Transaction = transaction;
                update.CommandText = "INSERT INTO head (id, sequence, hash) VALUES (1, $sequence, $hash) ON CONFLICT (id) DO UPDATE SET sequence = $sequence, hash = $hash";
                update.Parameters.AddWithValue("$sequence", sequence);
                update.Parameters.AddWithValue("$hash", previous);
                update.ExecuteNonQuery();
            }

            transaction.Commit();
            return records;
        }
        catch (SqliteException exception)
        {
            throw SqliteFile.Fault(exception, _path, "ledger");
        }
    }

    /// <summary>Reads records in order, one at a time. O(n) in the ledger, or in the address's records.</summary>
    /// <param name="address">Only records of this address; null for all.</param>
    /// <param name="first">The first sequence number to read.</param>
    /// <returns>The records, unverified: see <see cref="Verify"/>.</returns>
    /// <exception cref="QosValuationException"><c>DatabaseNotReadable</c>.</exception>
    public IEnumerable<DatRecord> Read(string? address = null, long first = long.MinValue)
    {
        using SqliteCommand command = _connection.CreateCommand();
        if (address is null)
        {
            command.CommandText = "SELECT " + Columns + " FROM record WHERE sequence >= $first ORDER BY sequence";
        }
        else
        {
            command.CommandText = "SELECT " + Columns + " FROM record WHERE address = $address AND sequence >= $first ORDER BY sequence";
            command.Parameters.AddWithValue("$address", address);
        }

        command.Parameters.AddWithValue("$first", first);
        using SqliteDataReader reader = Guarded(command.ExecuteReader);
        while (Guarded(reader.Read))
        {
            yield return Guarded(() => new DatRecord
            {
                Sequence = reader.GetInt64(0),
                Address = reader.GetString(1),
                Value = reader.GetDouble(2),
                Pointer = reader.GetString(3),
                Timestamp = DatRecord.FromMicroseconds(reader.GetInt64(4)),
                PreviousHash = reader.GetString(5),
                Hash = reader.GetString(6),
            });
        }
    }

    /// <summary>
    /// Walks the chain and names every record that was changed, dropped, reordered or inserted. O(n) time; memory O(1)
    /// for an intact ledger.
    /// </summary>
    /// <param name="expectedHead">A head hash known from elsewhere (a settlement, a witness); null checks the chain alone.</param>
    /// <param name="cancellationToken">Stops the walk.</param>
    /// <returns>The report. A ledger that was rewritten from some record on in all its hashes is consistent in itself; only <paramref name="expectedHead"/> or a signed settlement exposes it.</returns>
    public DatLedgerReport Verify(string? expectedHead = null, CancellationToken cancellationToken = default)
    {
        var faults = new List<DatLedgerFault>();
        long count = 0;
        string head = DatRecord.Genesis;
        bool seesExpected = expectedHead is null;
        try
        {
            string integrity = Guarded(IntegrityCheck);
            if (integrity != "ok")
            {
                faults.Add(new DatLedgerFault(0, DatLedgerFaultKind.Damaged, "The database is damaged: " + integrity));
            }

            DatRecord? previous = null;
            DatRecord? beforePrevious = null;
            foreach (DatRecord record in Read())
            {
                cancellationToken.ThrowIfCancellationRequested();
                count++;
                Inspect(record, previous, beforePrevious, faults);
                seesExpected |= record.Hash == expectedHead;
                beforePrevious = previous;
                previous = record;
                head = record.Hash;
            }

            (long Sequence, string Hash)? stored = Guarded(() => ReadHead(null));
            long last = previous?.Sequence ?? 0;
            if ((stored?.Sequence ?? 0) > last)
            {
                faults.Add(new DatLedgerFault(last + 1, DatLedgerFaultKind.Dropped, $"Records {last + 1} to {stored!.Value.Sequence} are missing from the end."));
            }
            else if ((stored?.Sequence ?? 0) < last)
            {
                faults.Add(new DatLedgerFault((stored?.Sequence ?? 0) + 1, DatLedgerFaultKind.Inserted, $"Records {(stored?.Sequence ?? 0) + 1} to {last} were added behind the ledger's head."));
            }
            else if (stored is not null && stored.Value.Hash != head)
            {
                faults.Add(new DatLedgerFault(last, DatLedgerFaultKind.Changed, $"Record {last} is not the one the ledger's head was written for."));
            }
        }
        catch (QosValuationException fault)
        {
            faults.Add(new DatLedgerFault(count + 1, DatLedgerFaultKind.Damaged, $"Reading stopped after {count} records: {fault.Message}"));
        }

        if (!seesExpected && !(count == 0 && expectedHead == DatRecord.Genesis))
        {
            faults.Add(new DatLedgerFault(0, DatLedgerFaultKind.Changed, $"No record has the expected hash {expectedHead}: the ledger was rewritten, or is another ledger."));
        }

        return new DatLedgerReport { Path = _path, IsValid = faults.Count == 0, Records = count, HeadHash = head, Faults = faults };
    }

    private static void Inspect(DatRecord record, DatRecord? previous, DatRecord? beforePrevious, List<DatLedgerFault> faults)
    {
        long expected = (previous?.Sequence ?? 0) + 1;
        if (record.Sequence < 1)
        {
            faults.Add(new DatLedgerFault(record.Sequence, DatLedgerFaultKind.Inserted, $"Record {record.Sequence} stands before the first."));
        }
        else if (record.Sequence > Math.Max(expected, 1))
        {
            faults.Add(record.Sequence == expected + 1
                ? new DatLedgerFault(expected, DatLedgerFaultKind.Dropped, $"Record {expected} is missing.")
                : new DatLedgerFault(expected, DatLedgerFaultKind.Dropped, $"Records {expected} to {record.Sequence - 1} are missing."));
        }

        bool intact = IsHash(record.PreviousHash) && record.ComputeHash() == record.Hash;
        string link = previous?.Hash ?? DatRecord.Genesis;
        if (!intact)
        {
            faults.Add(new DatLedgerFault(record.Sequence, DatLedgerFaultKind.Changed, $"Record {record.Sequence} was changed: its content does not match its hash."));
        }
        else if (record.PreviousHash != link && record.Sequence == expected)
        {
            faults.Add(beforePrevious is not null && record.PreviousHash == beforePrevious.Hash
                ? new DatLedgerFault(previous!.Sequence, DatLedgerFaultKind.Inserted, $"Record {previous.Sequence} was inserted: record {record.Sequence} follows record {beforePrevious.Sequence}.")
                : new DatLedgerFault(record.Sequence, DatLedgerFaultKind.Reordered, $"Record {record.Sequence} does not follow record {record.Sequence - 1}: it was reordered, or its predecessor was replaced."));
        }
    }

    private static bool IsHash(string text) => text.Length == 64 && text.All(c => c is (>= '0' and <= '9') or (>= 'a' and <= 'f'));

    private static void Validate(string address, double value, string pointer)
    {
        if (!(value >= 0) || double.IsInfinity(value))
        {
            throw new QosValuationException("DatValueNotValid", FaultKind.InvalidArgument, $"The value {value} of '{address}' is not a finite number of at least 0.", value);
        }

        ValidateText(address, "DatAddressNotValid", "address", allowEmpty: false);
        ValidateText(pointer, "DatPointerNotValid", "pointer", allowEmpty: true);
    }

    private static void ValidateText(string text, string id, string name, bool allowEmpty)
    {
        if (text is null || (!allowEmpty && string.IsNullOrWhiteSpace(text)))
        {
            throw new QosValuationException(id, FaultKind.InvalidArgument, $"A DAT record needs a {name}.", text);
        }

        // What is read back must match the hash.
        if (!SqliteFile.IsStorable(text))
        {
            throw new QosValuationException(id, FaultKind.InvalidArgument, $"The {name} '{text}' holds characters that cannot be stored (U+0000 or a lone surrogate).", text);
        }
    }

    private string IntegrityCheck()
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = "PRAGMA integrity_check(1)";
        return (string)command.ExecuteScalar()!;
    }

    private (long Sequence, string Hash)? ReadHead(SqliteTransaction? transaction)
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "SELECT sequence, hash FROM head WHERE id = 1";
        using SqliteDataReader reader = command.ExecuteReader();
        return reader.Read() ? (reader.GetInt64(0), reader.GetString(1)) : null;
    }

    private T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (SqliteException exception)
        {
            throw SqliteFile.Fault(exception, _path, "ledger");
        }
        catch (Exception exception) when (exception is InvalidCastException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new QosValuationException("DatabaseNotReadable", FaultKind.InvalidData, $"'{_path}' holds a record that cannot be read: {exception.Message}", _path, exception);
        }
    }
}
