using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using QosValuation.Foundation.IO;

namespace QosValuation.Embeddings.Encoding;

/// <summary>
/// Keeps embeddings in a SQLite file, so that a second run over the same data skips decoding and inference. Several processes
/// may use one file at once. All members are safe for use by several threads.
/// </summary>
/// <remarks>
/// Keys are SHA-256 digests of content and of everything else a vector depends on (<see cref="EncoderCacheKeys"/>), so an
/// entry is never out of date; a vector may have been computed with another batch size, which changes its last digits.
/// Vectors are 32-bit little-endian floats, each followed by a checksum over itself and what its key stands for: an entry that was changed, or has
/// none because an earlier version wrote it, counts as missing and is computed again. A file that is not such a cache is refused and left as it is.
/// </remarks>
public sealed class EmbeddingCache : IDisposable
{
    private const int ApplicationId = 0x51534543;
    private const int SchemaVersion = 1;
    private const int MostPending = 256;
    private const long MostPendingMilliseconds = 2000;
    private const int ChecksumBytes = 16;

    private static readonly string Schema = $"""
        PRAGMA user_version = {SchemaVersion};
        CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, size INTEGER NOT NULL, changed INTEGER NOT NULL, digest BLOB NOT NULL);
        CREATE TABLE IF NOT EXISTS encoders (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, name TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS embeddings (
            encoder INTEGER NOT NULL, content BLOB NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (encoder, content)) WITHOUT ROWID;
        """;

    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _select;
    private readonly SqliteCommand _insert;
    private readonly List<(CacheKey Key, byte[] Vector)> _pending = [];
    private readonly Dictionary<long, byte[]> _encoders = [];
    private long _lastFlush = Environment.TickCount64;
    private bool _isDisposed;

    private EmbeddingCache(string path, SqliteConnection connection)
    {
        _path = path;
        _connection = connection;
        _select = Command("SELECT vector FROM embeddings WHERE encoder = $encoder AND content = $content", "$encoder", "$content");
        _insert = Command(
            "INSERT OR REPLACE INTO embeddings (encoder, content, vector) VALUES ($encoder, $content, $vector)", "$encoder", "$content", "$vector");
    }

    /// <summary>The number of embeddings that were found.</summary>
    public long Hits { get; private set; }

    /// <summary>The number of embeddings that were not found.</summary>
    public long Misses { get; private set; }

    /// <summary>
    /// Why nothing is kept any more, where the disk became full or stopped taking writes; null as long as embeddings are kept. A cache
    /// spares time and is no result, so the work goes on without it; what is in it is still found.
    /// </summary>
    public QosValuationException? Trouble { get; private set; }

    /// <summary>Opens a cache; makes it, and its folder, where there is none.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The cache.</returns>
    /// <exception cref="QosValuationException">
    /// <c>CacheNotReadable</c>: the file is damaged, is something else, or cannot be opened. <c>CacheBusy</c>.
    /// </exception>
    public static EmbeddingCache Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = Path.GetFullPath(path);
        if (Directory.Exists(path))
        {
            throw NotReadable(path, "it is a folder; name a file in it", null);
        }

        try
        {
            SqliteConnection connection = SqliteFile.Open(path, ApplicationId, Schema, "embedding cache");
            try
            {
                if (SqliteFile.Scalar(connection, "PRAGMA user_version") != SchemaVersion)
                {
                    throw NotReadable(path, "it was written by another version of this software", null);
                }

                // A lost entry is computed again: durability in a power failure is not worth a wait for the disk here.
                SqliteFile.Execute(connection, "PRAGMA synchronous = NORMAL");
                return new EmbeddingCache(path, connection);
            }
            catch
            {
                connection.Dispose();
                throw;
            }
        }
        catch (SqliteException exception)
        {
            throw Translate(path, exception);
        }
        catch (QosValuationException fault) when (
            fault.Is(Faults.DatabaseNotFound, Faults.DatabaseBusy, Faults.DatabaseNotReadable, Faults.DatabaseNotWritable, Faults.DiskFull))
        {
            // A cache's faults have names of their own: what to do is to name another file.
            throw fault.InnerException is SqliteException cause ? Translate(path, cause) : NotReadable(
                path, fault.InnerException?.Message ?? "it is a SQLite file of another program", fault.InnerException);
        }
    }

    /// <summary>Writes what has not been written yet.</summary>
    /// <exception cref="QosValuationException"><c>CacheNotReadable</c>, <c>CacheBusy</c>.</exception>
    public void Flush()
    {
        lock (_gate)
        {
            FlushPending();
        }
    }

    /// <summary>Writes what has not been written yet, and closes the file.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            try
            {
                FlushPending();
            }
            finally
            {
                _select.Dispose();
                _insert.Dispose();
                _connection.Dispose();
            }
        }
    }

    /// <summary>Looks an embedding up.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="dimension">The length it must have.</param>
    /// <returns>The vector, unit L2 norm; null where there is none, or none that is whole.</returns>
    internal float[]? TryGet(CacheKey key, int dimension)
    {
        lock (_gate)
        {
            byte[]? stored;
            try
            {
                _select.Parameters[0].Value = key.Encoder;
                _select.Parameters[1].Value = key.ContentDigest;
                stored = _select.ExecuteScalar() as byte[];
            }
            catch (SqliteException exception)
            {
                throw Translate(_path, exception);
            }

            int size = dimension * sizeof(float);
            if (stored?.Length == size + ChecksumBytes && stored.AsSpan(size).SequenceEqual(Checksum(key, stored.AsSpan(0, size))))
            {
                Hits++;
                return MemoryMarshal.Cast<byte, float>(stored.AsSpan(0, size)).ToArray();
            }

            Misses++;
            return null;
        }
    }

    /// <summary>Keeps an embedding; it is written with others in one transaction.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="vector">The vector.</param>
    internal void Add(CacheKey key, ReadOnlySpan<float> vector)
    {
        ReadOnlySpan<byte> content = MemoryMarshal.AsBytes(vector);
        lock (_gate)
        {
            if (Trouble is not null)
            {
                return;
            }

            byte[] bytes = [.. content, .. Checksum(key, content)];
            _pending.Add((key, bytes));
            if (_pending.Count >= MostPending || Environment.TickCount64 - _lastFlush > MostPendingMilliseconds)
            {
                FlushPending();
            }
        }
    }

    /// <summary>The number that stands for an encoder in this file.</summary>
    /// <param name="digest">The digest of everything its vectors depend on.</param>
    /// <param name="name">A name for people who look into the file.</param>
    /// <returns>The number.</returns>
    internal long EncoderNumber(byte[] digest, string name)
    {
        lock (_gate)
        {
            try
            {
                using SqliteCommand insert = Command("INSERT OR IGNORE INTO encoders (digest, name) VALUES ($digest, $name)", "$digest", "$name");
                insert.Parameters[0].Value = digest;
                insert.Parameters[1].Value = name;
                insert.ExecuteNonQuery();
                using SqliteCommand select = Command("SELECT id FROM encoders WHERE digest = $digest", "$digest");
                select.Parameters[0].Value = digest;
                long number = (long)select.ExecuteScalar()!;
                _encoders[number] = digest;
                return number;
            }
            catch (SqliteException exception) when (TakesNoMore(exception))
            {
                // No entry has this number.
                return -1;
            }
            catch (SqliteException exception)
            {
                throw Translate(_path, exception);
            }
        }
    }

    /// <summary>The SHA-256 digest of a model's file, remembered as long as its size and time of change stay the same.</summary>
    /// <param name="path">The file.</param>
    /// <returns>32 bytes.</returns>
    internal byte[] FileDigest(string path)
    {
        var file = new FileInfo(path);
        lock (_gate)
        {
            try
            {
                using SqliteCommand select = Command(
                    "SELECT digest FROM files WHERE path = $path AND size = $size AND changed = $changed", "$path", "$size", "$changed");
                select.Parameters[0].Value = file.FullName;
                select.Parameters[1].Value = file.Length;
                select.Parameters[2].Value = file.LastWriteTimeUtc.Ticks;
                if (select.ExecuteScalar() is byte[] { Length: 32 } known)
                {
                    return known;
                }

                byte[] digest;
                using (FileStream stream = RegularFile.OpenRead(path))
                {
                    digest = SHA256.HashData(stream);
                }

                using SqliteCommand insert = Command(
                    "INSERT OR REPLACE INTO files (path, size, changed, digest) VALUES ($path, $size, $changed, "
                    + "$digest)", "$path", "$size", "$changed", "$digest");
                insert.Parameters[0].Value = file.FullName;
                insert.Parameters[1].Value = file.Length;
                insert.Parameters[2].Value = file.LastWriteTimeUtc.Ticks;
                insert.Parameters[3].Value = digest;
                try
                {
                    insert.ExecuteNonQuery();
                }
                catch (SqliteException exception) when (TakesNoMore(exception))
                {
                    // It is computed again next time.
                }

                return digest;
            }
            catch (SqliteException exception)
            {
                throw Translate(_path, exception);
            }
        }
    }

    // Over the encoder's digest and not its number, so that a changed number is noticed too.
    private byte[] Checksum(CacheKey key, ReadOnlySpan<byte> vector)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(_encoders.GetValueOrDefault(key.Encoder) ?? []);
        hash.AppendData(key.ContentDigest);
        hash.AppendData(vector);
        return hash.GetHashAndReset()[..ChecksumBytes];
    }

    private static QosValuationException Translate(string path, SqliteException exception) => exception.SqliteErrorCode switch
    {
        SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED => new QosValuationException(
            Faults.CacheBusy, $"The cache '{path}' is in use by another process that has not let go of it for {SqliteFile.BusyTimeout / 1000} "
                + $"seconds.", path, exception),
        SQLitePCL.raw.SQLITE_FULL => new QosValuationException(Faults.CacheFull, $"There is no room on the disk for the cache '{path}'.", path, exception),
        SQLitePCL.raw.SQLITE_NOTADB => NotReadable(path, "it is no SQLite file", exception),
        _ => NotReadable(path, exception.Message.TrimEnd('.'), exception),
    };

    private static QosValuationException NotReadable(string path, string cause, Exception? inner) =>
        new(
            Faults.CacheNotReadable,
            $"'{path}' cannot be used as an embedding cache: {cause}. It was left as it is; name another file, or remove this one.",
            path,
            inner);

    // A full disk shows as such, or as an error of input and output where the log's index cannot grow.
    private bool TakesNoMore(SqliteException exception)
    {
        if (exception.SqliteErrorCode is not (SQLitePCL.raw.SQLITE_FULL or SQLitePCL.raw.SQLITE_IOERR))
        {
            return false;
        }

        Trouble ??= new QosValuationException(
            Faults.CacheFull,
            $"The cache '{_path}' takes no more embeddings ({exception.Message.TrimEnd('.')}): the work goes on without keeping any. "
            + "Free some space, or name a file on another disk.",
            _path,
            exception);
        return true;
    }

    private SqliteCommand Command(string sql, params ReadOnlySpan<string> parameters)
    {
        SqliteCommand command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (string parameter in parameters)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = parameter });
        }

        return command;
    }

    private void FlushPending()
    {
        _lastFlush = Environment.TickCount64;
        if (_pending.Count == 0)
        {
            return;
        }

        try
        {
            using SqliteTransaction transaction = _connection.BeginTransaction();
            _insert.Transaction = transaction;
            foreach ((CacheKey key, byte[] vector) in _pending)
            {
                _insert.Parameters[0].Value = key.Encoder;
                _insert.Parameters[1].Value = key.ContentDigest;
                _insert.Parameters[2].Value = vector;
                _insert.ExecuteNonQuery();
            }

            transaction.Commit();
            _pending.Clear();
        }
        catch (SqliteException exception) when (TakesNoMore(exception))
        {
            _pending.Clear();
        }
        catch (SqliteException exception)
        {
            throw Translate(_path, exception);
        }
        finally
        {
            _insert.Transaction = null;
        }
    }
}
