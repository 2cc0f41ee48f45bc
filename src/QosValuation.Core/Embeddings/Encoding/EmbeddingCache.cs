using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Data.Sqlite;
using QosValuation.IO;

namespace QosValuation.Embeddings;

/// <summary>
/// Remembers embeddings in a SQLite file, by the SHA-256 of the content and of the model that made them, so that a second
/// run skips decoding and inference. Neither the content nor its path is stored. Several processes may share a file.
/// Thread-safe.
/// </summary>
/// <remarks>
/// Vectors are stored as they were made, so a cached vector is byte-identical to the one of the run that wrote it. New
/// entries are written in transactions of <see cref="BatchSize"/>; a process that is killed loses at most those.
/// </remarks>
internal sealed class EmbeddingCache : IDisposable
{
    /// <summary>How many new entries one transaction writes.</summary>
    public const int BatchSize = 256;

    private const int ApplicationId = 0x51564531; // "QVE1"

    private const string Schema = """
        CREATE TABLE IF NOT EXISTS embedding (
            model BLOB NOT NULL,
            content BLOB NOT NULL,
            vector BLOB NOT NULL,
            PRIMARY KEY (model, content)) STRICT, WITHOUT ROWID;
        """;

    private readonly Lock _gate = new();
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _select;
    private readonly SqliteCommand _insert;
    private readonly string _path;
    private readonly byte[] _vision;
    private readonly byte[] _text;
    private readonly Dictionary<(Modality Modality, string Content), float[]> _pending = [];

    private EmbeddingCache(SqliteConnection connection, string path, byte[] visionDigest, byte[] textDigest)
    {
        _connection = connection;
        _path = path;
        _vision = visionDigest;
        _text = textDigest;
        _select = connection.CreateCommand();
        _select.CommandText = "SELECT vector FROM embedding WHERE model = $model AND content = $content";
        _insert = connection.CreateCommand();
        _insert.CommandText = "INSERT OR REPLACE INTO embedding (model, content, vector) VALUES ($model, $content, $vector)";
        foreach (SqliteCommand command in new[] { _select, _insert })
        {
            command.Parameters.Add("$model", SqliteType.Blob);
            command.Parameters.Add("$content", SqliteType.Blob);
        }

        _insert.Parameters.Add("$vector", SqliteType.Blob);
    }

    /// <summary>Opens a cache, creating the file where it does not exist.</summary>
    /// <param name="path">The SQLite file.</param>
    /// <param name="visionDigest">The digest of the vision model and its preprocessing; empty where there is none.</param>
    /// <param name="textDigest">The digest of the text model and its tokenizer; empty where there is none.</param>
    /// <returns>The open cache.</returns>
    /// <exception cref="QosValuationException"><c>DatabaseNotReadable</c> (the file is something else, and stays as it is), <c>DatabaseNotWritable</c>, <c>DatabaseBusy</c>, <c>DiskFull</c>.</exception>
    public static EmbeddingCache Open(string path, byte[] visionDigest, byte[] textDigest) =>
        new(SqliteFile.Open(path, ApplicationId, Schema, "embedding cache"), path, visionDigest, textDigest);

    /// <summary>Identifies a model: SHA-256 over its file's bytes and the settings that decide what it is fed. O(file).</summary>
    /// <param name="modelPath">The ONNX file.</param>
    /// <param name="settings">Everything else that changes the vectors, as text (image size, mean and deviation; context length).</param>
    /// <returns>32 bytes.</returns>
    public static byte[] ModelDigest(string modelPath, string settings)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using FileStream stream = File.OpenRead(modelPath);
        hash.AppendData(SHA256.HashData(stream));
        hash.AppendData(Encoding.UTF8.GetBytes(settings));
        return hash.GetHashAndReset();
    }

    /// <summary>Identifies an image by its file's bytes.</summary>
    /// <param name="encodedFile">The file's bytes.</param>
    /// <returns>32 bytes.</returns>
    public static byte[] ContentDigest(ReadOnlySpan<byte> encodedFile) => SHA256.HashData(encodedFile);

    /// <summary>Identifies a text by its UTF-8 bytes.</summary>
    /// <param name="text">The text.</param>
    /// <returns>32 bytes.</returns>
    public static byte[] ContentDigest(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    /// <summary>Looks an embedding up.</summary>
    /// <param name="modality">Which of the two models.</param>
    /// <param name="content">The content's digest.</param>
    /// <param name="vector">The vector, as it was stored.</param>
    /// <returns>Whether it was there.</returns>
    public bool TryGet(Modality modality, ReadOnlySpan<byte> content, out float[]? vector)
    {
        byte[] key = content.ToArray();
        lock (_gate)
        {
            if (_pending.TryGetValue((modality, Convert.ToHexString(key)), out vector))
            {
                return true;
            }

            try
            {
                _select.Parameters[0].Value = ModelOf(modality);
                _select.Parameters[1].Value = key;
                vector = _select.ExecuteScalar() is byte[] bytes ? MemoryMarshal.Cast<byte, float>(bytes).ToArray() : null;
                return vector is not null;
            }
            catch (SqliteException exception)
            {
                throw SqliteFile.Fault(exception, _path, "embedding cache");
            }
        }
    }

    /// <summary>Remembers an embedding.</summary>
    /// <param name="modality">Which of the two models made it.</param>
    /// <param name="content">The content's digest.</param>
    /// <param name="vector">The vector; not copied, and not to be changed.</param>
    public void Add(Modality modality, byte[] content, float[] vector)
    {
        lock (_gate)
        {
            _pending[(modality, Convert.ToHexString(content))] = vector;
            if (_pending.Count >= BatchSize)
            {
                Flush();
            }
        }
    }

    /// <summary>Writes what is pending, in one transaction.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            if (_pending.Count == 0)
            {
                return;
            }

            try
            {
                using SqliteTransaction transaction = _connection.BeginTransaction(deferred: false);
                _insert.Transaction = transaction;
                foreach (((Modality modality, string content), float[] vector) in _pending)
                {
                    _insert.Parameters[0].Value = ModelOf(modality);
                    _insert.Parameters[1].Value = Convert.FromHexString(content);
                    _insert.Parameters[2].Value = MemoryMarshal.AsBytes(vector.AsSpan()).ToArray();
                    _insert.ExecuteNonQuery();
                }

                transaction.Commit();
                _pending.Clear();
            }
            catch (SqliteException exception)
            {
                throw SqliteFile.Fault(exception, _path, "embedding cache");
            }
        }
    }

    /// <summary>Writes what is pending and closes the file. A failure to write loses cached entries, never results.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            try
            {
                Flush();
            }
            catch (QosValuationException)
            {
                _pending.Clear();
            }

            _select.Dispose();
            _insert.Dispose();
            _connection.Dispose();
        }
    }

    private byte[] ModelOf(Modality modality) => modality == Modality.Image ? _vision : _text;
}
