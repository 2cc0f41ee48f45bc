using QosValuation.Foundation.Names;
using QosValuation.Foundation.Numerics;

namespace QosValuation.Embeddings.Clustering;

/// <summary>
/// Joins a stream of embeddings into records, as <see cref="RecordIndex"/> tells records apart. <see cref="RecordBatch"/> keeps
/// whole records where all of them are needed.
/// </summary>
/// <remarks>
/// <para>The embeddings of a record usually follow each other. A record is complete as soon as an embedding of another
/// record arrives, or the input ends, so that within such a run the order of image and captions does not matter. An embedding
/// that comes later (all images first, then all texts) is passed on by itself, with the number of its record.
/// The order of arrival is kept.</para>
/// <para>Vectors are checked: those whose norm is off by more than 1e-3 are normalised in a copy. An embedding that cannot be
/// used (no components, NaN or infinite components, norm 0, another dimension or model than those before) costs one fault and
/// no other embedding.</para>
/// <para>O(d) an embedding. Memory: the record that is still open, and the <see cref="RecordIndex"/>.</para>
/// </remarks>
public sealed class RecordAssembler
{
    private const double NormTolerance = 1e-3;
    private readonly Action<SemanticRecord> _completed;
    private readonly Action<int, ClipEmbedding> _late;
    private readonly Action<QosValuationException> _faulted;
    private readonly RecordIndex _index = new();
    private readonly AlikeNames _contributors = new();
    private readonly string[] _models = [string.Empty, string.Empty];
    private SemanticRecord? _pending;
    private string _lastContributor = string.Empty;

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
    public int RecordCount => _index.Count;

    /// <summary>
    /// What the names of records and contributors make doubtful: a warning each, see <see cref="RecordIndex.Warning"/> and
    /// <see cref="AlikeNames"/>.
    /// </summary>
    public IEnumerable<string> Warnings => ((string?[])[_index.Warning, _contributors.Warning]).OfType<string>();

    /// <summary>The embeddings of the record that is still open.</summary>
    internal IReadOnlyList<ClipEmbedding> Pending => _pending?.Embeddings ?? [];

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

        if (_pending is not null && RecordIndex.AreOne(_pending.Embeddings[0], admitted))
        {
            _pending.Add(admitted);
            _index.Join(admitted);
            return true;
        }

        Complete();
        if (!_index.Begins(admitted, out int record))
        {
            _late(record, admitted);
            return true;
        }

        _pending = new SemanticRecord(record, admitted);
        if (_pending.Item.Length == 0)
        {
            Complete();
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
        _index.Save(writer);
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
        _index.Load(reader);
        for (int left = reader.ReadCount(); left > 0; left--)
        {
            ClipEmbedding embedding = reader.ReadEmbedding(pool);
            if (_pending is null)
            {
                _pending = new SemanticRecord(_index.Count - 1, embedding);
            }
            else
            {
                _pending.Add(embedding);
            }
        }
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
                $"The embedding {name} has {vector.Length} components, those before it {Dimension}: "
                + "group the embeddings of one model at a time.",
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
                    $"The embedding {name} was made by the model '{embedding.Model}', those before it by '{model}': "
                    + "group the embeddings of one model at a time.",
                    embedding);
            }

            model = embedding.Model;
        }

        if (!ContributorName.IsDecoded(embedding.Contributor ?? string.Empty))
        {
            return Report(Faults.ContributorNotValid, $"The embedding {name} is left out. " + ContributorName.NotDecoded(embedding.Contributor!), embedding);
        }

        string contributor = RecordIndex.ContributorOf(embedding);
        if (contributor != _lastContributor)
        {
            _lastContributor = contributor;
            _contributors.Add(contributor);
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
