namespace QosValuation.Embeddings.Clustering;

/// <summary>All records of an input, with the embeddings that came late joined to theirs. Memory: the embeddings.</summary>
/// <remarks>
/// A <see cref="RecordAssembler"/> fills it. <see cref="Add(SemanticRecord)"/> takes its records, and
/// <see cref="Add(int, ClipEmbedding)"/> the embeddings that came late.
/// </remarks>
public sealed class RecordBatch
{
    private readonly List<SemanticRecord> _records = [];
    private readonly List<(int Record, ClipEmbedding Embedding)> _arrivals = [];

    /// <summary>The records in order of arrival, each with its number as index.</summary>
    public IReadOnlyList<SemanticRecord> Records => _records;

    /// <summary>The embeddings in order of arrival, with the numbers of their records.</summary>
    public IReadOnlyList<(int Record, ClipEmbedding Embedding)> Arrivals => _arrivals;

    /// <summary>Collects the records of a cluster's members. O(members·d).</summary>
    /// <param name="cluster">The cluster; one without members gives no records.</param>
    /// <param name="dimension">The length of the members' vectors; 0 without members.</param>
    /// <returns>The records in order of arrival.</returns>
    /// <exception cref="QosValuationException">The fault that <see cref="RecordAssembler"/> finds in a member, such as <c>EmbeddingNotFinite</c>.</exception>
    public static RecordBatch OfCluster(SemanticCluster cluster, out int dimension)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var batch = new RecordBatch();
        var assembler = new RecordAssembler(
            batch.Add,
            batch.Add,
            fault => throw new QosValuationException(fault.Fault, fault.Kind, $"Cluster {cluster.Id}: {fault.Message}", fault.Subject, fault));
        foreach (ClipEmbedding member in cluster.Members ?? [])
        {
            assembler.Add(member);
        }

        assembler.Complete();
        dimension = assembler.Dimension;
        return batch;
    }

    /// <summary>Takes the next record.</summary>
    /// <param name="record">The record whose number is the count of those before it.</param>
    public void Add(SemanticRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        _records.Add(record);
        foreach (ClipEmbedding embedding in record.Embeddings)
        {
            _arrivals.Add((record.Index, embedding));
        }
    }

    /// <summary>Joins an embedding that came late to its record.</summary>
    /// <param name="record">The record's number.</param>
    /// <param name="embedding">The embedding.</param>
    public void Add(int record, ClipEmbedding embedding)
    {
        _records[record].Add(embedding);
        _arrivals.Add((record, embedding));
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _records.Clear();
        _arrivals.Clear();
    }

    /// <summary>The vectors that place the records, one row a record that has a place. O(embeddings·d).</summary>
    /// <param name="dimension">The length of the vectors, at least 1.</param>
    /// <param name="faulted">Takes <c>RecordCancelsOut</c> for each record without a place.</param>
    /// <param name="rows">Receives the row of each record, −1 where it has none.</param>
    /// <returns>Vectors of unit L2 norm in order of arrival; possibly none.</returns>
    internal VectorMatrix Place(int dimension, Action<QosValuationException> faulted, out int[] rows)
    {
        VectorMatrix vectors = new(dimension);
        float[] place = new float[dimension];
        rows = new int[_records.Count];
        foreach (SemanticRecord record in _records)
        {
            bool placed = record.TryPlace(place);
            rows[record.Index] = placed ? vectors.Count : -1;
            if (placed)
            {
                vectors.Add(place);
            }
            else
            {
                faulted(record.CancelsOut());
            }
        }

        return vectors;
    }
}
