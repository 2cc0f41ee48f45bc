using System.Data.Common;
using System.Text;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Names;
using QosValuation.Foundation.Stores;

namespace QosValuation.Markets.Ledger;

/// <summary>
/// An append-only chain of DAT records in a SQLite file or a schema of a PostgreSQL database. Appends are transactions: two processes never give the same
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

    private const string PostgresTables = """
        CREATE TABLE record (
            sequence bigint PRIMARY KEY,
            address text COLLATE "C" NOT NULL,
            value double precision NOT NULL,
            pointer text COLLATE "C" NOT NULL,
            timestamp bigint NOT NULL,
            previous_hash text NOT NULL,
            hash text NOT NULL);
        CREATE INDEX record_address ON record (address);
        CREATE TABLE head (
            id bigint PRIMARY KEY,
            key text NOT NULL UNIQUE,
            sequence bigint NOT NULL,
            hash text NOT NULL);
        """;

    private const string PostgresLayout = """
        index of head: id; primary
        index of head: key; unique
        index of migration: version; primary
        index of record: address
        index of record: sequence; primary
        r head: id bigint not null, key text not null, sequence bigint not null, hash text not null
        r migration: version bigint not null, kind text not null
        r record: sequence bigint not null, address text not null, value double precision not null, pointer text not null,
            timestamp bigint not null, previous_hash text not null, hash text not null
        """;

    private const string Columns = "sequence, address, value, pointer, timestamp, previous_hash, hash";

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly DataStore _store;

    private DatLedger(DataStore store) => _store = store;

    /// <summary>The tables of a ledger.</summary>
    internal static StoreSchema StoreSchema { get; } = new("ledger", ApplicationId, Schema, [PostgresTables], PostgresLayout);

    /// <summary>Opens a ledger.</summary>
    /// <param name="path">The SQLite file, or the address of a ledger in PostgreSQL (<see cref="StoreAddress"/>).</param>
    /// <param name="create">Whether a missing ledger is created.</param>
    /// <returns>The open ledger.</returns>
    /// <exception cref="QosValuationException"><c>DatabaseNotFound</c>, <c>DatabaseNotReadable</c>, <c>DatabaseNotWritable</c>, and those of a
    /// server (<see cref="DataStore.Open"/>).</exception>
    public static DatLedger Open(string path, bool create) => new(DataStore.Open(StoreAddress.Parse(path), StoreSchema, create));

    /// <inheritdoc/>
    public void Dispose() => _store.Dispose();

    /// <summary>Appends records in one transaction: all of them or none. O(k) for k records.</summary>
    /// <param name="entries">Address, value and pointer of each; addresses are folded (<see cref="ContributorName"/>).</param>
    /// <param name="clock">The time to record; null is now.</param>
    /// <param name="skipExisting">Whether an entry is left out whose address, value and pointer a record has already.</param>
    /// <returns>The records as stored.</returns>
    /// <exception cref="QosValuationException">
    /// <c>DatValueNotValid</c>, <c>DatAddressNotValid</c>, <c>DatPointerNotValid</c>, <c>DiskFull</c>, <c>DatabaseBusy</c>,
    /// <c>DatabaseNotReadable</c>.
    /// </exception>
    public IReadOnlyList<DatRecord> Append(
        IEnumerable<(string Address, double Value, string Pointer)> entries, DateTime? clock = null, bool skipExisting = false) =>
        Append(entries, isReserved: false, clock, skipExisting);

    private List<DatRecord> Append(
        IEnumerable<(string Address, double Value, string Pointer)> entries, bool isReserved, DateTime? clock = null, bool skipExisting = false)
    {
        ArgumentNullException.ThrowIfNull(entries);
        (string Address, double Value, string Pointer)[] all =
            [.. entries.Select(entry => (Accept(entry.Address, entry.Value, entry.Pointer, isReserved), entry.Value, entry.Pointer))];
        return Guarded(() => _store.Run(writes: true, () =>
        {
            (long sequence, string previous) = ReadHead() ?? (0, DatRecord.Genesis);
            var records = new List<DatRecord>(all.Length);
            var appended = new HashSet<(string Address, double Value, string Pointer)>();
            DateTime now = DatRecord.FromMicroseconds(DatRecord.ToMicroseconds(clock?.ToUniversalTime() ?? DateTime.UtcNow));
            foreach ((string address, double value, string pointer) in all)
            {
                if (skipExisting && (!appended.Add((address, value, pointer)) || Contains(address, value, pointer)))
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
                previous = record.Hash;
                records.Add(record);
            }

            if (records.Count > 0)
            {
                _store.Insert("record", Columns, records.Select(record => new object?[]
                {
                    record.Sequence,
                    record.Address,
                    record.Value,
                    record.Pointer,
                    DatRecord.ToMicroseconds(record.Timestamp),
                    record.PreviousHash,
                    record.Hash,
                }));
                _store.WriteHead(sequence, "sequence, hash", sequence, previous);
            }

            return records;
        }));
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
        using DbCommand command = _store.Command(
            $"SELECT sequence, {_store.BytesOf("address")}, value, {_store.BytesOf("pointer")}, timestamp, previous_hash, hash FROM record "
                + $"WHERE sequence >= @first {(address is null ? string.Empty : "AND address = @address")} ORDER BY sequence",
            address is null ? [("@first", first)] : [("@first", first), ("@address", address)]);
        using DbDataReader reader = Guarded(command.ExecuteReader);
        while (Guarded(reader.Read))
        {
            yield return Guarded(() => new DatRecord
            {
                Sequence = reader.GetInt64(0),
                Address = StrictUtf8.GetString((byte[])reader.GetValue(1)),
                Value = reader.GetDouble(2),
                Pointer = StrictUtf8.GetString((byte[])reader.GetValue(3)),
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
        using DbCommand command = _store.Command("SELECT DISTINCT address FROM record ORDER BY address");
        using DbDataReader reader = command.ExecuteReader();
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
    /// <exception cref="QosValuationException"><c>DatabaseBusy</c>, and those of a server (<see cref="DataStore.Open"/>): whether the ledger is
    /// whole was not found out.</exception>
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
            using StoreTransaction view = Guarded(_store.BeginRead);
            if (Guarded(_store.FindDamage) is string damage)
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

            (long Sequence, string Hash)? head = Guarded(ReadHead);
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
        catch (QosValuationException fault) when (fault.Fault == Faults.DatabaseNotReadable)
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

        return new DatLedgerReport { Path = _store.Address.Text, IsValid = faults.Count == 0, Records = count, HeadHash = last, Faults = faults };
    }

    private bool Contains(string address, double value, string pointer) =>
        _store.Scalar(
            "SELECT 1 FROM record WHERE address = @address AND value = @value AND pointer = @pointer LIMIT 1",
            ("@address", address),
            ("@value", value),
            ("@pointer", pointer)) is not null;

    /// <summary>Refuses what is no record of this ledger: see <see cref="Validate"/>; an address may also be too long for its database.</summary>
    /// <param name="address">The account as it was given.</param>
    /// <param name="value">v.</param>
    /// <param name="pointer">ρ.</param>
    /// <param name="isReserved">Whether the account may be one of <see cref="LedgerAccount"/>.</param>
    /// <returns>The account as it is stored.</returns>
    /// <exception cref="QosValuationException"><c>DatValueNotValid</c>, <c>DatAddressNotValid</c>, <c>DatPointerNotValid</c>.</exception>
    internal string Accept(string address, double value, string pointer, bool isReserved = false)
    {
        string account = Validate(address, value, pointer, isReserved);
        return Encoding.UTF8.GetByteCount(account) <= _store.LongestName
            ? account
            : throw new QosValuationException(
                Faults.DatAddressNotValid,
                $"The address '{account[..40]}…' is too long: an address in this database has at most {_store.LongestName} bytes in UTF-8.",
                account);
    }

    /// <summary>Refuses what is no record.</summary>
    /// <param name="address">The account as it was given: what is left of it once it is folded is what counts.</param>
    /// <param name="value">v.</param>
    /// <param name="pointer">ρ.</param>
    /// <param name="isReserved">Whether the account may be one of <see cref="LedgerAccount"/>.</param>
    /// <returns>The account as it is stored.</returns>
    /// <exception cref="QosValuationException"><c>DatValueNotValid</c>, <c>DatAddressNotValid</c>, <c>DatPointerNotValid</c>.</exception>
    internal static string Validate(string address, double value, string pointer, bool isReserved = false)
    {
        address = ContributorName.Fold(address);
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

        return address;
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

    private (long Sequence, string Hash)? ReadHead()
    {
        using DbCommand command = _store.Command("SELECT sequence, hash FROM head ORDER BY id DESC LIMIT 1");
        using DbDataReader reader = command.ExecuteReader();
        return reader.Read() ? (reader.GetInt64(0), reader.GetString(1)) : null;
    }

    private T Guarded<T>(Func<T> read)
    {
        try
        {
            return _store.Guard(read);
        }
        catch (Exception exception) when (exception is InvalidCastException or InvalidOperationException or FormatException or ArgumentException)
        {
            string text = _store.Address.Text;
            throw new QosValuationException(Faults.DatabaseNotReadable, $"'{text}' holds a record that cannot be read: {exception.Message}", text, exception);
        }
    }
}
