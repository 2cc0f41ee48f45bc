using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.IO;

namespace QosValuation.Valuation.Quality;

/// <summary>
/// The sentences that novelty is measured against, as embeddings: searched exactly up to 100,000, above that by USearch's graph of nearest neighbours
/// (HNSW, Malkov and Yashunin 2018), with the recall measured on a sample.
/// </summary>
/// <remarks>
/// A saved corpus is two files: the vectors in single precision behind a header of 192 bytes, and beside it (<c>.usearch</c>) the graph where there is
/// one. The header ends in the SHA-256 of the graph and that of all else in the file, so that damage is found before a search. The graph is
/// memory-mapped. USearch has no library for some platforms; there the search is exact, whatever the size.
/// </remarks>
public sealed class ReferenceCorpus : IDisposable
{
    /// <summary>The number of sentences up to which the search is exact.</summary>
    public const int MostExact = 100_000;

    /// <summary>What a saved corpus's name ends in.</summary>
    public const string Extension = ".qvref";

    private const int HeaderLength = 192;
    private const int GraphDigestAt = 96;
    private const int DigestAt = 128;
    private const int DigestLength = 32;
    private const int FormatVersion = 2;
    private const int RecallSample = 200;
    private const string GraphExtension = ".usearch";
    private static readonly byte[] Magic = "QVREFIDX"u8.ToArray();

    private readonly VectorMatrix _vectors;
    private readonly NeighbourGraph? _graph;

    private ReferenceCorpus(VectorMatrix vectors, NeighbourGraph? graph, string sha256, string model)
    {
        _vectors = vectors;
        _graph = graph;
        Sha256 = sha256;
        Model = model;
    }

    /// <summary>SHA-256 over the sentences, a line each, in their order.</summary>
    public string Sha256 { get; }

    /// <summary>SHA-256 of the model's identity that made the vectors.</summary>
    public string Model { get; }

    /// <summary>The number of sentences.</summary>
    public int Count => _vectors.Count;

    /// <summary>Whether the search is exact.</summary>
    public bool IsExact => _graph is null;

    /// <summary>Makes a corpus of vectors.</summary>
    /// <param name="vectors">At least one row of unit norm.</param>
    /// <param name="sha256">The digest of the sentences.</param>
    /// <param name="model">The digest of the model's identity.</param>
    /// <param name="mostExact">The number of rows up to which the search is exact.</param>
    /// <param name="cancellationToken">Stops the making of the graph.</param>
    /// <returns>The corpus.</returns>
    public static ReferenceCorpus Create(VectorMatrix vectors, string sha256, string model, int mostExact, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        return new ReferenceCorpus(vectors, vectors.Count > mostExact ? TryBuild(vectors, cancellationToken) : null, sha256, model);
    }

    /// <summary>The digest of the sentences of a corpus.</summary>
    /// <param name="sentences">The sentences.</param>
    /// <returns>SHA-256 in lower-case hexadecimal.</returns>
    public static string Digest(IEnumerable<string> sentences)
    {
        ArgumentNullException.ThrowIfNull(sentences);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string sentence in sentences)
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(sentence + "\n"));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The digest of a model's identity, as a corpus keeps it.</summary>
    /// <param name="identity">The identity.</param>
    /// <returns>SHA-256 in lower-case hexadecimal.</returns>
    public static string DigestOfModel(string identity) => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(identity)));

    /// <summary>Saves the corpus; each file appears whole or not at all, the graph before the vectors.</summary>
    /// <param name="path">The file of the vectors.</param>
    /// <exception cref="QosValuationException"><c>ReferenceNotWritable</c>, <c>DiskFull</c>.</exception>
    public void Save(string path)
    {
        string graph = path + GraphExtension;
        byte[] graphDigest = new byte[DigestLength];
        try
        {
            if (_graph is not null)
            {
                graphDigest = SaveGraph(graph);
            }
            else
            {
                AtomicFile.TryDelete(graph);
            }

            AtomicFile.Write(path, stream =>
            {
                stream.Write(Header(graphDigest));
                for (int i = 0; i < _vectors.Count; i++)
                {
                    stream.Write(MemoryMarshal.AsBytes(_vectors[i]));
                }
            });
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(
                Faults.ReferenceNotWritable, $"The reference index '{path}' could not be written: {exception.Message.TrimEnd('.')}.", path, exception);
        }
    }

    /// <summary>Opens a saved corpus.</summary>
    /// <param name="path">The file of the vectors.</param>
    /// <returns>The corpus.</returns>
    /// <exception cref="QosValuationException"><c>ReferenceNotReadable</c>.</exception>
    public static ReferenceCorpus Open(string path)
    {
        try
        {
            using FileStream file = RegularFile.OpenRead(path, FileShare.Read | FileShare.Delete, bufferSize: 1 << 16);
            byte[] header = new byte[HeaderLength];
            int read = file.ReadAtLeast(header, HeaderLength, throwOnEndOfStream: false);
            int version = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(8));
            int dimension = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(12));
            int count = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(16));
            if (read < HeaderLength || !header.AsSpan(0, 8).SequenceEqual(Magic) || version != FormatVersion || dimension is < 1 or > 1 << 16 || count < 1
                || file.Length != HeaderLength + 4L * dimension * count)
            {
                throw new InvalidDataException("it is no reference index of this version, or it is cut short; remove it to have it made anew");
            }

            var vectors = new VectorMatrix(dimension);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(header, 0, DigestAt);
            float[] row = new float[dimension];
            for (int i = 0; i < count; i++)
            {
                Span<byte> bytes = MemoryMarshal.AsBytes(row.AsSpan());
                file.ReadExactly(bytes);
                hash.AppendData(bytes);
                vectors.Add(row);
            }

            if (!hash.GetHashAndReset().AsSpan().SequenceEqual(header.AsSpan(DigestAt, DigestLength))
                || header.AsSpan(DigestAt + DigestLength).ContainsAnyExcept((byte)0))
            {
                throw new InvalidDataException("it is damaged: its checksum does not match its content; remove it to have it made anew");
            }

            NeighbourGraph? index = OpenGraph(path + GraphExtension, header.AsSpan(GraphDigestAt, DigestLength), count, dimension);
            return new ReferenceCorpus(vectors, index, Convert.ToHexStringLower(header.AsSpan(32, 32)), Convert.ToHexStringLower(header.AsSpan(64, 32)));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException or ArgumentException)
        {
            throw new QosValuationException(
                Faults.ReferenceNotReadable, $"The reference index '{path}' cannot be read: {exception.Message.TrimEnd('.')}.", path, exception);
        }
    }

    /// <summary>The cosine of each query to its nearest sentence.</summary>
    /// <param name="queries">Rows of unit norm.</param>
    /// <param name="recall">
    /// The share of 200 sampled queries whose nearest sentence the graph found, to within the rounding of cosines; 1 for the exact search.
    /// </param>
    /// <param name="progress">Receives the number of queries done; may be null.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns>The cosines.</returns>
    public float[] Nearest(VectorMatrix queries, out double recall, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(queries);
        recall = 1;
        if (_graph is null || queries.Count == 0)
        {
            return queries.Count == 0 ? [] : NearestNeighbours.Find(queries, _vectors, out _, progress, cancellationToken);
        }

        float[] cosines = new float[queries.Count];
        Span<long> nearest = stackalloc long[1];
        _graph.Prepare();
        for (int i = 0; i < queries.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int found = _graph.Search(queries[i], nearest);

            // The graph names the sentence; the cosine is computed anew in single precision.
            cosines[i] = found > 0 ? Foundation.Numerics.UnitVector.Dot(queries[i], _vectors[(int)nearest[0]]) : 0;
            progress?.Report(i + 1);
        }

        recall = Recall(queries, cosines, cancellationToken);
        return cosines;
    }

    /// <inheritdoc/>
    public void Dispose() => _graph?.Free();

    private double Recall(VectorMatrix queries, float[] cosines, CancellationToken cancellationToken)
    {
        var sample = new VectorMatrix(queries.Dimension);
        int count = Math.Min(RecallSample, queries.Count);
        int[] rows = [.. Enumerable.Range(0, count).Select(i => (int)((long)i * queries.Count / count))];
        foreach (int row in rows)
        {
            sample.Add(queries[row]);
        }

        float[] exact = NearestNeighbours.Find(sample, _vectors, out _, null, cancellationToken);
        return rows.Select((row, i) => cosines[row] >= exact[i] - 1e-5f ? 1.0 : 0).Average();
    }

    private byte[] SaveGraph(string path)
    {
        string temporary;
        using (FileStream reserved = AtomicFile.CreateTemporary(path))
        {
            temporary = reserved.Name;
        }

        try
        {
            _graph!.Save(temporary);
            byte[] digest = DigestOfFile(temporary);
            AtomicFile.Commit(temporary, path);
            return digest;
        }
        catch
        {
            AtomicFile.TryDelete(temporary);
            throw;
        }
    }

    private static byte[] DigestOfFile(string path)
    {
        using FileStream file = RegularFile.OpenRead(path, FileShare.Read | FileShare.Delete, bufferSize: 0);
        return SHA256.HashData(file);
    }

    // A graph that is not the one that was saved is not given to the native library, which trusts every byte of it.
    private static NeighbourGraph? OpenGraph(string path, ReadOnlySpan<byte> digest, int count, int dimension)
    {
        if (!digest.ContainsAnyExcept((byte)0))
        {
            return null;
        }

        return DigestOfFile(path).AsSpan().SequenceEqual(digest)
            ? TryOpen(path, count, dimension)
            : throw new InvalidDataException($"its graph '{path}' is damaged, or belongs to another index; remove both to have them made anew");
    }

    private byte[] Header(byte[] graphDigest)
    {
        byte[] header = new byte[HeaderLength];
        Magic.CopyTo(header, 0);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), FormatVersion);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), _vectors.Dimension);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(16), _vectors.Count);
        Convert.FromHexString(Sha256).CopyTo(header, 32);
        Convert.FromHexString(Model).CopyTo(header, 64);
        graphDigest.CopyTo(header, GraphDigestAt);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(header, 0, DigestAt);
        for (int i = 0; i < _vectors.Count; i++)
        {
            hash.AppendData(MemoryMarshal.AsBytes(_vectors[i]));
        }

        hash.GetHashAndReset().CopyTo(header, DigestAt);
        return header;
    }

    private static NeighbourGraph? TryBuild(VectorMatrix vectors, CancellationToken cancellationToken)
    {
        var graph = NeighbourGraph.TryCreate(vectors.Dimension);
        try
        {
            for (int i = 0; graph is not null && i < vectors.Count; i++)
            {
                if (i % 256 == 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                }

                graph.Add(i, vectors[i]);
            }

            return graph;
        }
        catch
        {
            graph?.Free();
            throw;
        }
    }

    private static NeighbourGraph? TryOpen(string path, int count, int dimension)
    {
        NeighbourGraph? graph;
        try
        {
            graph = NeighbourGraph.TryView(path);
        }
        catch (InvalidDataException exception)
        {
            throw new InvalidDataException($"'{path}': {exception.Message}", exception);
        }

        if (graph is not null && (graph.Count != count || graph.Dimension != dimension))
        {
            graph.Free();
            throw new InvalidDataException($"'{path}' does not belong to it");
        }

        return graph;
    }
}
