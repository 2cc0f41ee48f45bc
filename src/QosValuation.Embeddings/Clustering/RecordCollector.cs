namespace QosValuation.Embeddings.Clustering;

/// <summary>
/// Collects a stream of embeddings into the vectors that place its records, one row a record in order of arrival: for
/// whatever looks at the same records more than once. Memory: the embeddings until <see cref="Complete"/>, then a row a record.
/// </summary>
public sealed class RecordCollector
{
    private readonly Action<QosValuationException> _faulted;
    private readonly RecordAssembler _assembler;
    private readonly List<SemanticRecord> _records = [];

    /// <summary>Creates a collector.</summary>
    /// <param name="faulted">Takes what could not be used, with the embedding as its subject.</param>
    public RecordCollector(Action<QosValuationException> faulted)
    {
        ArgumentNullException.ThrowIfNull(faulted);
        _faulted = faulted;
        _assembler = new RecordAssembler(_records.Add, (record, embedding) => _records[record].Add(embedding), faulted);
    }

    /// <summary>Takes the next embedding. O(d).</summary>
    /// <param name="embedding">The embedding.</param>
    /// <returns>False where it was faulty and left out.</returns>
    public bool Add(ClipEmbedding embedding) => _assembler.Add(embedding);

    /// <summary>Ends the input.</summary>
    /// <returns>The placing vectors, of unit L2 norm; null where there was no record.</returns>
    public VectorMatrix? Complete()
    {
        _assembler.Complete();
        if (_records.Count == 0)
        {
            return null;
        }

        VectorMatrix vectors = new(_assembler.Dimension);
        float[] place = new float[_assembler.Dimension];
        foreach (SemanticRecord record in _records)
        {
            if (record.TryPlace(place))
            {
                vectors.Add(place);
            }
            else
            {
                _faulted(record.CancelsOut());
            }
        }

        _records.Clear();
        return vectors.Count == 0 ? null : vectors;
    }
}
