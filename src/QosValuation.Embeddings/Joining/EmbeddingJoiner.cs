using System.Globalization;
using QosValuation.Embeddings.Datasets;
using QosValuation.Foundation.Sharding;

namespace QosValuation.Embeddings.Joining;

/// <summary>
/// Joins the parts of a run into the embeddings of the whole run, in its order: give it files and embeddings, then <see cref="Check"/>, then
/// <see cref="Join"/>.
/// </summary>
/// <remarks>
/// <para>The order is that of <see cref="ClipEmbedding.ShardPosition"/> where the embeddings say of which shard they are, and of
/// <see cref="ClipEmbedding.Ordinal"/> where none does; of equal ordinals what was given first goes first.</para>
/// <para>Files are read twice: once to see which shards they hold and whether they are in order, once to merge them. A file in order is streamed, so that
/// memory holds one embedding a file; one that is not is held as a whole, and so are embeddings that were given without a file. O(N·(d + ln files)) time;
/// as many files are open at once as are joined.</para>
/// </remarks>
public sealed class EmbeddingJoiner
{
    private readonly Action<QosValuationException> _faulted;
    private readonly Action<string> _warned;
    private readonly List<(string Path, bool IsInOrder)> _files = [];
    private readonly HashSet<string> _paths = new(StringComparer.Ordinal);
    private readonly List<LabelledEmbedding> _loose = [];
    private readonly HashSet<int> _present = [];
    private int _count;
    private string? _marked;
    private string? _model;
    private string? _unmarked;

    /// <summary>Creates a joiner without parts.</summary>
    /// <param name="faulted">Receives what is wrong with single rows of files.</param>
    /// <param name="warned">Receives warnings.</param>
    public EmbeddingJoiner(Action<QosValuationException> faulted, Action<string> warned)
    {
        ArgumentNullException.ThrowIfNull(faulted);
        ArgumentNullException.ThrowIfNull(warned);
        _faulted = faulted;
        _warned = warned;
    }

    /// <summary>The embeddings of all parts.</summary>
    public long Count { get; private set; }

    /// <summary>The embeddings left out because they were given twice; known at the end of <see cref="Join"/>.</summary>
    public long Repeated { get; private set; }

    /// <summary>Takes a file of embeddings. One that was taken before is not taken again.</summary>
    /// <param name="path">A file that <see cref="EmbeddingFile"/> reads.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="QosValuationException">Those of <see cref="EmbeddingFile.Read"/>; <c>ShardsDiffer</c>.</exception>
    public void Add(string path, CancellationToken cancellation = default)
    {
        path = Path.GetFullPath(path);
        if (!_paths.Add(path))
        {
            return;
        }

        long last = long.MinValue;
        bool isInOrder = true;
        foreach (ClipEmbedding embedding in EmbeddingFile.Read(path, new EmbeddingReadOptions { Warned = _warned }, _faulted, cancellation))
        {
            Note(embedding, path);
            long position = PositionOf(embedding);
            isInOrder &= position >= last;
            last = position;
        }

        _files.Add((path, isInOrder));
    }

    /// <summary>Takes an embedding.</summary>
    /// <param name="embedding">The embedding.</param>
    /// <exception cref="QosValuationException"><c>ShardsDiffer</c>.</exception>
    public void Add(LabelledEmbedding embedding)
    {
        Note(embedding.Embedding, $"the embedding of '{embedding.Embedding.Item}'");
        _loose.Add(embedding);
    }

    /// <summary>Sees whether the parts make up the whole.</summary>
    /// <param name="allowMissing">Whether shards may be missing.</param>
    /// <exception cref="QosValuationException"><c>ShardsMissing</c>; <c>ShardsDiffer</c>: only some parts say of which shard they are.</exception>
    public void Check(bool allowMissing)
    {
        if (_marked is not null && _unmarked is not null)
        {
            throw new QosValuationException(
                Faults.ShardsDiffer, $"{_marked} says of which shard it is, and {_unmarked} does not: they are of different runs.", _unmarked);
        }

        int missing = _count - _present.Count;
        if (missing > 0 && !allowMissing)
        {
            const int Most = 10;
            IEnumerable<int> absent = Enumerable.Range(1, _count).Where(index => !_present.Contains(index));
            string names = string.Join(", ", absent.Take(Most).Select(index => $"{index}/{_count}"));
            throw new QosValuationException(
                Faults.ShardsMissing,
                $"Of {_count} shards {missing} {(missing == 1 ? "is" : "are")} not there: {names}{(missing > Most ? ", …" : string.Empty)}. "
                    + "Where no item fell into them they are empty: then use -AllowMissing.",
                names);
        }
    }

    /// <summary>The embeddings of the whole run, in its order; of which shard they were is taken away.</summary>
    /// <param name="cancellation">Stops the reading.</param>
    /// <returns>The embeddings with their labels, lazily.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ShardsContradict</c>: one place of the run, or one item at it, has unlike embeddings. Those of <see cref="EmbeddingFile.Read"/>.
    /// </exception>
    public IEnumerable<LabelledEmbedding> Join(CancellationToken cancellation = default)
    {
        List<IEnumerator<LabelledEmbedding>> parts = [.. _files.Select(file => Open(file.Path, file.IsInOrder, cancellation))];
        parts.Add(Sorted(_loose).GetEnumerator());
        try
        {
            var heads = new PriorityQueue<IEnumerator<LabelledEmbedding>, (long Position, int Part)>(parts.Count);
            for (int part = 0; part < parts.Count; part++)
            {
                Advance(parts[part], part);
            }

            // What was given at the position at hand, by what tells embeddings apart.
            Dictionary<(string, string, Modality, string), ClipEmbedding> given = [];
            long at = long.MinValue;
            while (heads.TryDequeue(out IEnumerator<LabelledEmbedding>? head, out (long Position, int Part) key))
            {
                cancellation.ThrowIfCancellationRequested();
                LabelledEmbedding next = head.Current;
                if (key.Position != at)
                {
                    given.Clear();
                    at = key.Position;
                }

                if (IsNew(next.Embedding, given))
                {
                    yield return next with { Embedding = next.Embedding with { Shard = null, ShardPosition = null } };
                }
                else
                {
                    Repeated++;
                }

                Advance(head, key.Part);
            }

            void Advance(IEnumerator<LabelledEmbedding> part, int index)
            {
                if (part.MoveNext())
                {
                    heads.Enqueue(part, (PositionOf(part.Current.Embedding), index));
                }
            }
        }
        finally
        {
            foreach (IEnumerator<LabelledEmbedding> part in parts)
            {
                part.Dispose();
            }
        }
    }

    private static long PositionOf(ClipEmbedding embedding) => embedding.ShardPosition ?? embedding.Ordinal;

    // Stable: of equal positions what came first stays first.
    private static IEnumerable<LabelledEmbedding> Sorted(IEnumerable<LabelledEmbedding> embeddings) =>
        embeddings.OrderBy(embedding => PositionOf(embedding.Embedding));

    private static IEnumerator<LabelledEmbedding> Open(string path, bool isInOrder, CancellationToken cancellation)
    {
        // Its faults and warnings were told at the first reading.
        IEnumerable<LabelledEmbedding> rows = EmbeddingFile.ReadLabelled(path, cancellation: cancellation);
        return (isInOrder ? rows : Sorted(rows)).GetEnumerator();
    }

    private bool IsNew(ClipEmbedding embedding, Dictionary<(string, string, Modality, string), ClipEmbedding> given)
    {
        (string, string, Modality, string) name = (embedding.Contributor, embedding.Item, embedding.Modality, embedding.Source);
        if (_marked is not null && given.Count > 0 && !given.ContainsKey(name))
        {
            ClipEmbedding other = given.Values.First();
            throw new QosValuationException(
                Faults.ShardsContradict,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Position {embedding.ShardPosition} of the run is '{embedding.Source}' in the shard {embedding.Shard} and '{other.Source}' in the shard "
                        + $"{other.Shard}: the data changed between the shards, or they are of different runs."),
                embedding.Source);
        }

        if (given.TryAdd(name, embedding))
        {
            return true;
        }

        ClipEmbedding first = given[name];
        return first.Model == embedding.Model && first.Vector.AsSpan().SequenceEqual(embedding.Vector)
            ? false
            : throw new QosValuationException(
                Faults.ShardsContradict,
                $"The {(embedding.Modality == Modality.Image ? "image" : "text")} '{embedding.Source}' was given twice, with unlike vectors: they were made by "
                    + "different models, or from different data.",
                embedding.Source);
    }

    private void Note(ClipEmbedding embedding, string origin)
    {
        Count++;
        if (embedding.Shard is null || embedding.ShardPosition is null)
        {
            _unmarked ??= origin;
            return;
        }

        var shard = Shard.Parse(embedding.Shard);
        _marked ??= origin;
        _count = _count == 0 ? shard.Count : _count;
        if (shard.Count != _count)
        {
            throw new QosValuationException(
                Faults.ShardsDiffer, $"{origin} is of one of {shard.Count} shards, {_marked} of one of {_count}: they are of different runs.", origin);
        }

        // What a user made may say nothing of its model.
        _model = string.IsNullOrEmpty(_model) ? embedding.Model : _model;
        if (embedding.Model != _model && !string.IsNullOrEmpty(embedding.Model))
        {
            throw new QosValuationException(
                Faults.ShardsDiffer, $"{origin} is of the model '{embedding.Model}', {_marked} of '{_model}': they are of different runs.", origin);
        }

        _present.Add(shard.Index);
    }
}
