namespace QosValuation.Embeddings.Clustering;

/// <summary>
/// Collects a stream of embeddings into the vectors that place its records, one row a record in order of arrival, for work that
/// looks at the same records more than once. Memory: the embeddings until <see cref="Complete"/>, then a row a record.
/// </summary>
public sealed class RecordCollector
{
    private readonly Action<QosValuationException> _faulted;
    private readonly RecordAssembler _assembler;
    private readonly RecordBatch _batch = new();

    /// <summary>Creates a collector.</summary>
    /// <param name="faulted">Takes what could not be used, with the embedding as its subject.</param>
    public RecordCollector(Action<QosValuationException> faulted)
    {
        ArgumentNullException.ThrowIfNull(faulted);
        _faulted = faulted;
        _assembler = new RecordAssembler(_batch.Add, _batch.Add, faulted);
    }

    /// <summary>The model that the placing embeddings of the first record name; empty where they name none, and before <see cref="Complete"/>.</summary>
    public string Model { get; private set; } = string.Empty;

    /// <summary>Whether <see cref="MergeOrder"/> is wanted.</summary>
    public bool WithMergeOrder { get; init; }

    /// <summary>The rows of the records in the order of a merge (<see cref="ClusteringMerge"/>); empty where it is not wanted.</summary>
    public IReadOnlyList<int> MergeOrder { get; private set; } = [];

    /// <summary>What the names of records and contributors make doubtful, see <see cref="RecordAssembler.Warnings"/>.</summary>
    public IEnumerable<string> Warnings => _assembler.Warnings;

    /// <summary>Takes the next embedding. O(d).</summary>
    /// <param name="embedding">The embedding.</param>
    /// <returns>False where it was faulty and left out.</returns>
    public bool Add(ClipEmbedding embedding) => _assembler.Add(embedding);

    /// <summary>Ends the input.</summary>
    /// <returns>The placing vectors, of unit L2 norm; null where there was no record.</returns>
    public VectorMatrix? Complete()
    {
        _assembler.Complete();
        if (_batch.Records.Count == 0)
        {
            return null;
        }

        Model = _batch.Records[0].Model;
        VectorMatrix vectors = _batch.Place(_assembler.Dimension, _faulted, out int[] rows);
        if (WithMergeOrder)
        {
            MergeOrder =
            [
                .. _batch.Records.Where(record => rows[record.Index] >= 0)
                    .OrderBy(record => ClusteringMerge.KeyOf(record.Embeddings[0]), StringComparer.Ordinal)
                    .Select(record => rows[record.Index]),
            ];
        }

        _batch.Clear();
        return vectors.Count == 0 ? null : vectors;
    }
}
