using System.Text;
using Microsoft.Data.Sqlite;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Names;

namespace QosValuation.Markets.Ledger;

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

    private static readonly string[] InsertNames = ["$sequence", "$address", "$value", "$pointer", "$timestamp", "$previous", "$hash"];

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

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
    /// <param name="entries">Address, value and pointer of each; addresses are folded (<see cref="ContributorName"/>).</param>
    /// <param name="clock">The time to record; null is now.</param>
    /// <param name="skipExisting">Whether an entry is left out whose address, value and pointer a record has already.</param>
    /// <returns>The records as stored.</returns>
    /// <exception cref="QosValuationException">
    /// <c>DatValueNotValid</c>, <c>DatAddressNotValid</c>, <c>DatPointerNotValid</c>, <c>DiskFull</c>, <c>DatabaseBusy</c>.
    /// </exception>
    public IReadOnlyList<DatRecord> Append(
        IEnumerable<(string Address, double Value, string Pointer)> entries, DateTime? clock = null, bool skipExisting = false) =>
        Append(entries, isReserved: false, clock, skipExisting);

    private List<DatRecord> Append(
        IEnumerable<(string Address, double Value, string Pointer)> entries, bool isReserved, DateTime? clock = null, bool skipExisting = false)
    {
        ArgumentNullException.ThrowIfNull(entries);
        (string Address, double Value, string Pointer)[] all = [.. entries.Select(entry => (ContributorName.Fold(entry.Address), entry.Value, entry.Pointer))];
        foreach ((string address, double value, string pointer) in all)
        {
            Validate(address, value, pointer, isReserved);
        }

        try
        {
            using SqliteTransaction transaction = _connection.BeginTransaction(deferred: false);
            (long sequence, string previous) = ReadHead(transaction) ?? (0, DatRecord.Genesis);
            var records = new List<DatRecord>(all.Length);
            DateTime now = DatRecord.FromMicroseconds(DatRecord.ToMicroseconds(clock?.ToUniversalTime() ?? DateTime.UtcNow));
            using SqliteCommand insert = _connection.CreateCommand();
            insert.Transaction = transaction;
            insert.CommandText = "INSERT INTO record (sequence, address, value, pointer, timestamp, previous_hash, hash) "
                + "VALUES ($sequence, $address, $value, $pointer, $timestamp, $previous, $hash)";
            SqliteParameter[] parameters = [.. InsertNames.Select(name => insert.Parameters.AddWithValue(name, null))];
            foreach ((string address, double value, string pointer) in all)
            {
                if (skipExisting && Contains(address, value, pointer, transaction))
                {
                    continue;
                }

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
                parameters[0].Value = record.Sequence;
                parameters[1].Value = record.Address;
                parameters[2].Value = record.Value;
                parameters[3].Value = record.Pointer;
                parameters[4].Value = DatRecord.ToMicroseconds(record.Timestamp);
                parameters[5].Value = record.PreviousHash;
                parameters[6].Value = record.Hash;
                insert.ExecuteNonQuery();
                previous = record.Hash;
                records.Add(record);
            }

            if (records.Count > 0)
            {
                using SqliteCommand update = _connection.CreateCommand();
                update.Transaction = transaction;
                update.CommandText = "INSERT INTO head (id, sequence, hash) VALUES (1, $sequence, $hash) "
                    + "ON CONFLICT (id) DO UPDATE SET sequence = $sequence, hash = $hash";
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

    /// <summary>Appends a record of a reserved account (<see cref="LedgerAccount"/>).</summary>
    /// <param name="address">The account.</param>
    /// <param name="value">v.</param>
    /// <param name="pointer">ρ.</param>
    /// <returns>The record as stored.</returns>
    /// <exception cref="QosValuationException"><c>DatAddressNotValid</c>, <c>DiskFull</c>, <c>DatabaseBusy</c>.</exception>
    internal DatRecord AppendReserved(string address, double value, string pointer) => Append([(address, value, pointer)], isReserved: true)[0];

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
                Address = Text(reader, 1),
                Value = reader.GetDouble(2),
                Pointer = Text(reader, 3),
                Timestamp = DatRecord.FromMicroseconds(reader.GetInt64(4)),
                PreviousHash = reader.GetString(5),
                Hash = reader.GetString(6),
            });
        }
    }

    /// <summary>The addresses with records, each once, as they are stored. O(n).</summary>
    /// <returns>The addresses in their own order.</returns>
    /// <exception cref="QosValuationException"><c>DatabaseNotReadable</c>.</exception>
    public IReadOnlyList<string> Addresses() => Guarded(() =>
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = "SELECT DISTINCT address FROM record ORDER BY address";
        using SqliteDataReader reader = command.ExecuteReader();
        var addresses = new List<string>();
        while (reader.Read())
        {
            addresses.Add(reader.GetString(0));
        }

        return addresses;
    });

    /// <summary>
    /// Walks the chain and names every record that was changed, dropped, reordered or inserted. O(n) time; memory O(1)
    /// for an intact ledger, O(n) for one that is not.
    /// </summary>
    /// <param name="expectedHead">The hash of a record known from elsewhere (a settlement, a witness); null checks the chain alone.</param>
    /// <param name="cancellationToken">Stops the walk.</param>
    /// <returns>The report. A ledger that was cut, or rewritten from some record on in all its hashes, and whose head was
    /// rewritten too, is consistent in itself; only <paramref name="expectedHead"/> or a signed settlement exposes it.</returns>
    public DatLedgerReport Verify(string? expectedHead = null, CancellationToken cancellationToken = default)
    {
        var faults = new List<DatLedgerFault>();
        long count = 0;
        string last = DatRecord.Genesis;
        bool isWhole = true;
        bool seesExpected = expectedHead is null;
        try
        {
            // One view of the file for all that follows: others may be appending.
            using SqliteTransaction view = Guarded(() => _connection.BeginTransaction(deferred: true));
            if (Guarded(() => SqliteFile.FindDamage(_connection)) is string damage)
            {
                faults.Add(new DatLedgerFault(0, DatLedgerFaultKind.Damaged, "The database is damaged: " + damage));
            }

            foreach (DatRecord record in Read())
            {
                cancellationToken.ThrowIfCancellationRequested();
                count++;
                isWhole &= record.Sequence == count && record.PreviousHash == last && ChainDiagnosis.IsIntact(record);
                seesExpected |= record.Hash == expectedHead;
                last = record.Hash;
            }

            (long Sequence, string Hash)? head = Guarded(() => ReadHead(view));
            if (head is null && count > 0)
            {
                faults.Add(new DatLedgerFault(
                    0,
                    DatLedgerFaultKind.Changed,
                    "The ledger's note of its last record is missing: whether records were dropped from the end cannot be told."));
            }

            if (!isWhole || (head is not null && head != (count, last)))
            {
                faults.AddRange(ChainDiagnosis.Of([.. Read()], head));
            }
        }
        catch (QosValuationException fault)
        {
            if (!isWhole)
            {
                faults.AddRange(ChainDiagnosis.Of([.. Read().Take((int)Math.Min(count, int.MaxValue))], null));
            }

            faults.Add(new DatLedgerFault(count + 1, DatLedgerFaultKind.Damaged, $"Reading stopped after {count} records: {fault.Message}"));
        }

        if (!isWhole && faults.Count == 0)
        {
            faults.Add(new DatLedgerFault(0, DatLedgerFaultKind.Changed, "The records do not form one chain."));
        }

        if (!seesExpected && !(count == 0 && expectedHead == DatRecord.Genesis))
        {
            faults.Add(new DatLedgerFault(
                0,
                DatLedgerFaultKind.Changed,
                $"No record has the expected hash {expectedHead}: the ledger was cut or rewritten, or is another ledger."));
        }

        return new DatLedgerReport { Path = _path, IsValid = faults.Count == 0, Records = count, HeadHash = last, Faults = faults };
    }

    private bool Contains(string address, double value, string pointer, SqliteTransaction transaction)
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "SELECT EXISTS (SELECT 1 FROM record WHERE address = $address AND value = $value AND pointer = $pointer)";
        command.Parameters.AddWithValue("$address", address);
        command.Parameters.AddWithValue("$value", value);
        command.Parameters.AddWithValue("$pointer", pointer);
        return (long)command.ExecuteScalar()! != 0;
    }

    /// <summary>Refuses what is no record.</summary>
    /// <param name="address">The account.</param>
    /// <param name="value">v.</param>
    /// <param name="pointer">ρ.</param>
    /// <param name="isReserved">Whether the account may be one of <see cref="LedgerAccount"/>.</param>
    /// <exception cref="QosValuationException"><c>DatValueNotValid</c>, <c>DatAddressNotValid</c>, <c>DatPointerNotValid</c>.</exception>
    internal static void Validate(string address, double value, string pointer, bool isReserved = false)
    {
        if (!(value >= 0) || double.IsInfinity(value))
        {
            throw new QosValuationException(Faults.DatValueNotValid, $"The value {value} of '{address}' is not a finite number of at least 0.", value);
        }

        ValidateText(address, Faults.DatAddressNotValid, "address", allowEmpty: false);
        if (!ContributorName.IsDecoded(address))
        {
            throw new QosValuationException(Faults.DatAddressNotValid, ContributorName.NotDecoded(address), address);
        }

        ValidateText(pointer, Faults.DatPointerNotValid, "pointer", allowEmpty: true);
        if (!isReserved && LedgerAccount.IsReserved(address))
        {
            throw new QosValuationException(
                Faults.DatAddressNotValid,
                $"The address '{address}' begins as those of usage and releases do, which Add-UsageRecord and Unprotect-DataSubmission write.",
                address);
        }
    }

    private static void ValidateText(string text, Fault fault, string name, bool allowEmpty)
    {
        if (text is null || (!allowEmpty && string.IsNullOrWhiteSpace(text)))
        {
            throw new QosValuationException(fault, $"A DAT record needs {(name[0] == 'a' ? "an" : "a")} {name}.", text);
        }

        // What is read back must match the hash.
        if (!SqliteFile.IsStorable(text))
        {
            throw new QosValuationException(fault, $"The {name} '{text}' holds characters that cannot be stored (U+0000 or a lone surrogate).", text);
        }
    }

    // GetString would show a byte that is no UTF-8 as U+FFFD, which is a character that the text may truly hold.
    private static string Text(SqliteDataReader reader, int column) =>
        reader.GetFieldType(column) == typeof(string) ? StrictUtf8.GetString(reader.GetFieldValue<byte[]>(column)) : reader.GetString(column);

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
            throw new QosValuationException(Faults.DatabaseNotReadable, $"'{_path}' holds a record that cannot be read: {exception.Message}", _path, exception);
        }
    }
}
