using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QosValuation.Foundation.Numerics;

namespace QosValuation.Embeddings.Clustering;

/// <summary>
/// Joins a stream of embeddings into records: embeddings with the same contributor and Item belong to one record, those with
/// an empty Item to a record of their own.
/// </summary>
/// <remarks>
/// <para>The embeddings of a record usually follow each other. A record is handed on as soon as an embedding of another
/// record arrives, or the input ends, so that within such a run the order of image and captions does not matter. An embedding
/// that comes later (all images first, then all texts) is handed on by itself with the number of its record, and follows it.
/// The order of arrival is kept: what arrived first is handed on first.</para>
/// <para>Vectors are checked: those whose norm is off by more than 1e-3 are normalised in a copy. An embedding that cannot be
/// used (no components, NaN or infinite components, norm 0, another dimension or model than those before) costs one fault and
/// no other embedding.</para>
/// <para>O(d) an embedding. Of a record that was handed on only a digest of its contributor and Item is kept (the first 128 bits
/// of SHA-256, so that nobody can choose two names that collide) with its number: 36 bytes, up to twice that while the table has room to grow, and none for an empty Item.</para>
/// </remarks>
public sealed class RecordAssembler
{
    private const double NormTolerance = 1e-3;
    private readonly Action<SemanticRecord> _completed;
    private readonly Action<int, ClipEmbedding> _late;
    private readonly Action<QosValuationException> _faulted;
    private readonly Dictionary<(ulong High, ulong Low), int> _records = [];
    private readonly string[] _models = [string.Empty, string.Empty];
    private SemanticRecord? _pending;
    private int _count;

    /// <summary>Creates an assembler.</summary>
    /// <param name="completed">Takes each record once, in order of arrival.</param>
    /// <param name="late">Takes an embedding of a record handed on before, with the record's index.</param>
    /// <param name="faulted">Takes what could not be used; the subject is the embedding.</param>
    public RecordAssembler(Action<SemanticRecord> completed, Action<int, ClipEmbedding> late, Action<QosValuationException> faulted)
    {
        ArgumentNullException.ThrowIfNull(completed);
        ArgumentNullException.ThrowIfNull(late);
        ArgumentNullException.ThrowIfNull(faulted);
        _completed = completed;
        _late = late;
        _faulted = faulted;
    }

    /// <summary>The length of the vectors; 0 before the first usable one.</summary>
    public int Dimension { get; private set; }

    /// <summary>The number of records begun.</summary>
    public int RecordCount => _count;

    /// <summary>Takes the next embedding. O(d).</summary>
    /// <param name="embedding">The embedding.</param>
    /// <returns>False where it was faulty and left out.</returns>
    public bool Add(ClipEmbedding embedding)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        if (Admit(embedding) is not ClipEmbedding admitted)
        {
            return false;
        }

        if (string.IsNullOrEmpty(admitted.Item))
        {
            Complete();
            _pending = new SemanticRecord(_count++, admitted);
            Complete();
            return true;
        }

        string contributor = admitted.Contributor ?? string.Empty;
        if (_pending is not null && _pending.Item == admitted.Item && _pending.Contributor == contributor)
        {
            _pending.Add(admitted);
            return true;
        }

        Complete();
        ref int index = ref CollectionsMarshal.GetValueRefOrAddDefault(_records, KeyOf(contributor, admitted.Item), out bool known);
        if (known)
        {
            _late(index, admitted);
        }
        else
        {
            index = _count++;
            _pending = new SemanticRecord(index, admitted);
        }

        return true;
    }

    /// <summary>Hands on the record that is still open: the input ended. Further embeddings may follow.</summary>
    public void Complete()
    {
        if (_pending is SemanticRecord record)
        {
            _pending = null;
            _completed(record);
        }
    }

    /// <summary>Writes what later embeddings depend on.</summary>
    internal void Save(BinaryWriter writer)
    {
        writer.Write(Dimension);
        writer.Write(_models[0]);
        writer.Write(_models[1]);
        writer.Write(_count);
        writer.Write(_records.Count);
        foreach (((ulong high, ulong low), int index) in _records.OrderBy(record => record.Value))
        {
            writer.Write(high);
            writer.Write(low);
            writer.Write(index);
        }

        writer.Write(_pending?.Embeddings.Count ?? 0);
        foreach (ClipEmbedding embedding in _pending?.Embeddings ?? [])
        {
            writer.WriteEmbedding(embedding);
        }
    }

    /// <summary>Reads what <see cref="Save"/> wrote into an assembler that has seen nothing.</summary>
    internal void Load(BinaryReader reader, StringPool pool)
    {
        Dimension = reader.ReadCount();
        _models[0] = reader.ReadString();
        _models[1] = reader.ReadString();
        _count = reader.ReadCount();
        for (int left = reader.ReadCount(); left > 0; left--)
        {
            (ulong High, ulong Low) key = (reader.ReadUInt64(), reader.ReadUInt64());
            _records.Add(key, reader.ReadCount());
        }

        for (int left = reader.ReadCount(); left > 0; left--)
        {
            ClipEmbedding embedding = reader.ReadEmbedding(pool);
            if (_pending is null)
            {
                _pending = new SemanticRecord(_count - 1, embedding);
            }
            else
            {
                _pending.Add(embedding);
            }
        }
    }

    private static (ulong High, ulong Low) KeyOf(string contributor, string item)
    {
        // Both lengths go in, so that no two pairs read alike.
        int length = System.Text.Encoding.UTF8.GetByteCount(contributor);
        byte[] bytes = new byte[sizeof(int) + length + System.Text.Encoding.UTF8.GetByteCount(item)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, length);
        System.Text.Encoding.UTF8.GetBytes(contributor, bytes.AsSpan(sizeof(int)));
        System.Text.Encoding.UTF8.GetBytes(item, bytes.AsSpan(sizeof(int) + length));
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, digest);
        return (BinaryPrimitives.ReadUInt64BigEndian(digest), BinaryPrimitives.ReadUInt64BigEndian(digest[sizeof(ulong)..]));
    }

    private ClipEmbedding? Admit(ClipEmbedding embedding)
    {
        string name = string.IsNullOrEmpty(embedding.Item) ? $"number {embedding.Ordinal}" : $"'{embedding.Item}'";
        if (embedding.Vector is not { Length: > 0 } vector)
        {
            return Report(Faults.EmbeddingEmpty, $"The embedding {name} has no vector.", embedding);
        }

        if (Dimension != 0 && vector.Length != Dimension)
        {
            return Report(
                Faults.EmbeddingDimensionMismatch,
                $"The embedding {name} has {vector.Length} components, those before it {Dimension}: group the embeddings of one model at a time.",
                embedding);
        }

        double norm = UnitVector.Norm(vector);
        if (!double.IsFinite(norm))
        {
            return Report(Faults.EmbeddingNotFinite, $"The embedding {name} holds NaN or infinite components: embed its source again.", embedding);
        }

        if (norm == 0)
        {
            return Report(Faults.EmbeddingIsZero, $"The embedding {name} is the zero vector, which has no direction: embed its source again.", embedding);
        }

        // Vectors of two models lie in unrelated spaces. The towers of one model may be named apart.
        ref string model = ref _models[embedding.Modality == Modality.Image ? 0 : 1];
        if (!string.IsNullOrEmpty(embedding.Model))
        {
            if (model.Length != 0 && model != embedding.Model)
            {
                return Report(
                    Faults.EmbeddingModelMismatch,
                    $"The embedding {name} was made by the model '{embedding.Model}', those before it by '{model}': group the embeddings of one model at a time.",
                    embedding);
            }

            model = embedding.Model;
        }

        Dimension = vector.Length;
        if (Math.Abs(norm - 1) <= NormTolerance)
        {
            return embedding;
        }

        float[] unit = (float[])vector.Clone();
        UnitVector.TryNormalize(unit);
        return embedding with { Vector = unit };
    }

    private ClipEmbedding? Report(Fault fault, string message, ClipEmbedding embedding)
    {
        _faulted(new QosValuationException(fault, message, embedding));
        return null;
    }
}
