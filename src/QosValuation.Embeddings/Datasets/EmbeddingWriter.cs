using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using CsvHelper;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Numerics;

namespace QosValuation.Embeddings.Datasets;

/// <summary>
/// Writes embeddings one by one to a .npy, .csv, .jsonl or .parquet file, which appears under its name when <see cref="Complete"/> is called
/// and not before. Reading the file gives the same embeddings, bit for bit.
/// </summary>
/// <remarks>
/// A .npy holds 32-bit floats; what else an embedding carries goes to <c>name.metadata.jsonl</c> beside it, which
/// <see cref="EmbeddingFile.Read"/> finds by itself. The first line there holds the digest of the vectors, so that the two belong
/// together or are refused, and a process that is killed leaves the old pair or the new one (<see cref="PairedFile"/>).
/// </remarks>
public sealed class EmbeddingWriter : IDisposable
{
    private static readonly CsvWriterOptions CsvOptions = new() { NewLine = "\n", ValidateFieldCount = false };
    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly EmbeddingFileFormat _format;
    private readonly string _path;
    private readonly FileStream _stream;
    private readonly FileStream? _sidecar;
    private readonly CsvWriter? _csv;
    private readonly ParquetEmbeddingWriter? _parquet;
    private readonly ArrayBufferWriter<byte> _json = new();
    private readonly IncrementalHash _digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _digestPosition = -1;
    private bool _hasShards;
    private bool _isComplete;
    private bool _isDisposed;

    private EmbeddingWriter(string path, EmbeddingFileFormat? format)
    {
        _path = Path.GetFullPath(path);
        _format = format ?? EmbeddingFile.FormatOf(path);
        try
        {
            if (Directory.Exists(_path))
            {
                // The last step would fail on it, after all the work.
                throw new IOException("it is a folder.");
            }

            _stream = AtomicFile.CreateTemporary(_path);
            if (_format == EmbeddingFileFormat.Npy)
            {
                _sidecar = AtomicFile.CreateTemporary(EmbeddingMetadataFile.SidecarPath(_path));
                _stream.Write(new byte[NpyHeader.WrittenLength]);
            }
            else if (_format == EmbeddingFileFormat.Csv)
            {
                _csv = CsvWriter.Create(_stream, CsvOptions, true);
            }
            else if (_format == EmbeddingFileFormat.Parquet)
            {
                _parquet = new ParquetEmbeddingWriter(_stream);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (_stream is not null)
            {
                _stream.Dispose();
                AtomicFile.TryDelete(_stream.Name);
            }

            throw DiskFaults.Explain(exception, _path);
        }
    }

    /// <summary>The embeddings written.</summary>
    public long Count { get; private set; }

    /// <summary>The length of the vectors; 0 before the first.</summary>
    public int Dimension { get; private set; }

    /// <summary>Starts a file.</summary>
    /// <param name="path">A .npy, .csv, .jsonl or .parquet file; its folder is created.</param>
    /// <param name="format">The format; null takes that of the ending.</param>
    /// <returns>The writer.</returns>
    /// <exception cref="QosValuationException">EmbeddingFormatNotKnown, FileNotWritable, DiskFull.</exception>
    public static EmbeddingWriter Create(string path, EmbeddingFileFormat? format = null) => new(path, format);

    /// <summary>Writes an embedding, with the class that it carries (<see cref="LabelledEmbedding.ToEmbedding"/>).</summary>
    /// <param name="embedding">The embedding; its vector is as long as the others.</param>
    /// <exception cref="QosValuationException">
    /// DimensionMismatch, VectorNotFinite: this embedding was not written, others may be. FileNotWritable, DiskFull.
    /// </exception>
    public void Write(ClipEmbedding embedding) => Write(embedding, null);

    /// <summary>Writes an embedding with its class.</summary>
    /// <param name="embedding">The embedding; its vector is as long as the others.</param>
    /// <param name="label">Its class; null takes the one that it carries, see <see cref="LabelledEmbedding.ToEmbedding"/>.</param>
    /// <exception cref="QosValuationException">
    /// DimensionMismatch, VectorNotFinite, ShardsDiffer: this embedding was not written, others may be. FileNotWritable, DiskFull.
    /// </exception>
    public void Write(ClipEmbedding embedding, string? label)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        label ??= embedding.Label;
        ObjectDisposedException.ThrowIf(_isDisposed || _isComplete, this);
        if (embedding.Vector.Length == 0 || (Count > 0 && embedding.Vector.Length != Dimension))
        {
            throw new QosValuationException(
                Faults.DimensionMismatch,
                $"The vector of '{embedding.Source}' has {embedding.Vector.Length} components, the others in '{_path}' have "
                + $"{Dimension}. Export embeddings of different models to different files.",
                embedding.Source);
        }

        if (!double.IsFinite(UnitVector.Norm(embedding.Vector)))
        {
            throw new QosValuationException(
                Faults.VectorNotFinite,
                $"The vector of '{embedding.Source}' holds NaN or an infinite number; it is not written.",
                embedding.Source);
        }

        // The first embedding decides which columns there are.
        if (Count > 0 && !_hasShards && embedding.Shard is not null && _format is EmbeddingFileFormat.Csv or EmbeddingFileFormat.Parquet)
        {
            throw new QosValuationException(
                Faults.ShardsDiffer,
                $"'{embedding.Source}' says of which shard it is, and the first embedding in '{_path}' does not: they are of different runs. "
                + "It is not written.",
                embedding.Source);
        }

        try
        {
            Dimension = embedding.Vector.Length;
            _hasShards |= Count == 0 && embedding.Shard is not null;
            switch (_format)
            {
                case EmbeddingFileFormat.Npy:
                    WriteSingles(embedding.Vector);
                    WriteJson(_sidecar!, embedding, label, withVector: false);
                    break;
                case EmbeddingFileFormat.Csv:
                    WriteCsv(embedding, label);
                    break;
                case EmbeddingFileFormat.Parquet:
                    _parquet!.Write(embedding, label);
                    break;
                default:
                    WriteJson(_stream, embedding, label, withVector: true);
                    break;
            }

            Count++;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiskFaults.Explain(exception, _path, "Nothing was changed there.");
        }
    }

    /// <summary>Finishes the file and gives it its name; an existing file is replaced.</summary>
    /// <exception cref="QosValuationException">FileNotWritable, DiskFull.</exception>
    public void Complete()
    {
        ObjectDisposedException.ThrowIf(_isDisposed || _isComplete, this);
        try
        {
            if (_csv is not null)
            {
                WriteCsvHeader();
                _csv.Flush();
            }

            _parquet?.Complete(Dimension);
            if (_format == EmbeddingFileFormat.Npy)
            {
                _stream.Position = 0;
                _stream.Write(NpyHeader.Of("<f4", Count, Dimension));
                WriteDigest();
            }

            _stream.Flush(flushToDisk: true);
            _sidecar?.Flush(flushToDisk: true);
            _isComplete = true;
            Close();

            if (_sidecar is null)
            {
                AtomicFile.Commit(_stream.Name, _path);
                return;
            }

            PairedFile.Commit(_stream.Name, _path, _sidecar.Name, EmbeddingMetadataFile.SidecarPath(_path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiskFaults.Explain(exception, _path);
        }
    }

    /// <summary>Closes the file, and leaves nothing behind where it was not completed.</summary>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        try
        {
            Close();
        }
        catch (IOException)
        {
            // An unfinished file is thrown away; that its rest could not be written does not matter.
        }

        AtomicFile.TryDelete(_stream.Name);
        if (_sidecar is not null)
        {
            AtomicFile.TryDelete(_sidecar.Name);
        }

        _digest.Dispose();
    }

    private void Close()
    {
        _csv?.Dispose();
        _parquet?.Dispose();
        _stream.Dispose();
        _sidecar?.Dispose();
    }

    private void WriteSingles(float[] vector)
    {
        if (BitConverter.IsLittleEndian)
        {
            _digest.AppendData(MemoryMarshal.AsBytes(vector.AsSpan()));
            _stream.Write(MemoryMarshal.AsBytes(vector.AsSpan()));
            return;
        }

        Span<byte> bytes = stackalloc byte[4];
        foreach (float component in vector)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteSingleLittleEndian(bytes, component);
            _digest.AppendData(bytes);
            _stream.Write(bytes);
        }
    }

    /// <summary>Puts the digest of the vectors into the place that the first line of the metadata keeps for it.</summary>
    private void WriteDigest()
    {
        if (_digestPosition >= 0)
        {
            _sidecar!.Position = _digestPosition;
            _sidecar.Write(System.Text.Encoding.ASCII.GetBytes(Convert.ToHexStringLower(_digest.GetHashAndReset())));
        }
    }

    private void WriteCsvHeader()
    {
        if (Count > 0)
        {
            return;
        }

        foreach (string column in EmbeddingMetadata.Columns)
        {
            _csv!.WriteField(column);
        }

        if (_hasShards)
        {
            foreach (string column in EmbeddingMetadata.ShardColumns)
            {
                _csv!.WriteField(column);
            }
        }

        for (int i = 0; i < Dimension; i++)
        {
            _csv!.WriteField("v" + i.ToString(CultureInfo.InvariantCulture));
        }

        _csv!.EndRecord();
    }

    private void WriteCsv(ClipEmbedding embedding, string? label)
    {
        WriteCsvHeader();
        for (int column = 0; column < EmbeddingMetadata.Columns.Count; column++)
        {
            _csv!.WriteField(EmbeddingMetadata.CsvValue(embedding, label, column));
        }

        if (_hasShards)
        {
            _csv!.WriteField(embedding.Shard);
            _csv!.WriteField(embedding.ShardPosition?.ToString(CultureInfo.InvariantCulture));
        }

        foreach (float component in embedding.Vector)
        {
            _csv!.WriteField(component);
        }

        _csv!.EndRecord();
    }

    private void WriteJson(FileStream stream, ClipEmbedding embedding, string? label, bool withVector)
    {
        _json.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(_json, JsonOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("source", embedding.Source);
            writer.WriteString("item", embedding.Item);
            writer.WriteString("modality", embedding.Modality.ToString());
            writer.WriteString("model", embedding.Model);
            writer.WriteString("contributor", embedding.Contributor);
            writer.WriteNumber("ordinal", embedding.Ordinal);
            if (embedding.ClusterId is { } cluster)
            {
                writer.WriteNumber("clusterId", cluster);
            }

            if (embedding.Novelty is { } novelty)
            {
                writer.WriteString("novelty", novelty.ToString());
            }

            if (label is not null)
            {
                writer.WriteString("label", label);
            }

            if (embedding.Shard is { } shard)
            {
                writer.WriteString("shard", shard);
            }

            if (embedding.ShardPosition is { } position)
            {
                writer.WriteNumber("shardPosition", position);
            }

            if (withVector)
            {
                writer.WriteStartArray("vector");
                foreach (float component in embedding.Vector)
                {
                    writer.WriteNumberValue(component);
                }

                writer.WriteEndArray();
            }

            if (!withVector && Count == 0)
            {
                writer.WriteString(EmbeddingMetadata.DigestColumn, new string('0', 2 * SHA256.HashSizeInBytes));
            }

            writer.WriteEndObject();
        }

        if (!withVector && Count == 0)
        {
            // The value ends before its quotation mark and the brace.
            _digestPosition = stream.Position + _json.WrittenCount - 2 - (2 * SHA256.HashSizeInBytes);
        }

        stream.Write(_json.WrittenSpan);
        stream.WriteByte((byte)'\n');
    }
}
