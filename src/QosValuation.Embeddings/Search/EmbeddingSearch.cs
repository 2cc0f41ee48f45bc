using System.Numerics.Tensors;

namespace QosValuation.Embeddings.Search;

/// <summary>
/// Exact search for nearest neighbours by the cosine, one pass over the embeddings: the best of each query are kept in a heap, so that
/// memory is O(queries · top) however many embeddings there are.
/// </summary>
/// <remarks>
/// The cosine is computed in double precision from both norms, so that vectors need not be of unit norm. Among equal cosines the embedding
/// that came first is the nearer. The result depends on nothing else. O(queries · (d + log top)) an embedding.
/// </remarks>
public sealed class EmbeddingSearch
{
    private readonly Target[] _targets;
    private readonly int _top;
    private readonly double _threshold;
    private double[] _wide = [];

    /// <summary>Begins a search.</summary>
    /// <param name="queries">What is searched for.</param>
    /// <param name="top">The most matches of a query, at least 1.</param>
    /// <param name="threshold">The least cosine of a match, from −1 to 1; null for none.</param>
    /// <exception cref="QosValuationException">
    /// <c>EmbeddingEmpty</c>, <c>EmbeddingIsZero</c>, <c>EmbeddingNotFinite</c>: of a query. <c>SearchOptionOutOfRange</c>.
    /// </exception>
    public EmbeddingSearch(IEnumerable<EmbeddingQuery> queries, int top = 10, double? threshold = null)
    {
        ArgumentNullException.ThrowIfNull(queries);
        if (top < 1 || threshold is { } least && !(least is >= -1 and <= 1))
        {
            throw new QosValuationException(
                Faults.SearchOptionOutOfRange, "The number of matches is at least 1, and the threshold a cosine from -1 to 1.", top < 1 ? top : threshold);
        }

        _top = top;
        _threshold = threshold ?? double.NegativeInfinity;
        _targets = [.. queries.Select(query => new Target(query, Unit(query)))];
    }

    /// <summary>The embeddings that were compared.</summary>
    public long Count { get; private set; }

    /// <summary>Compares an embedding with every query.</summary>
    /// <param name="embedding">The embedding.</param>
    /// <exception cref="QosValuationException">
    /// <c>EmbeddingEmpty</c>, <c>EmbeddingIsZero</c>, <c>EmbeddingNotFinite</c>: it was not compared, and others may be.
    /// <c>EmbeddingDimensionMismatch</c>: it was compared with the queries of its dimension only.
    /// </exception>
    public void Add(ClipEmbedding embedding)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        float[] vector = embedding.Vector;
        if (_wide.Length != vector.Length)
        {
            _wide = new double[vector.Length];
        }

        double norm = Widen(vector, _wide, "embedding", embedding);
        Target? other = null;
        foreach (Target target in _targets)
        {
            if (target.Unit.Length != vector.Length)
            {
                other ??= target;
                continue;
            }

            double similarity = Math.Clamp(TensorPrimitives.Dot(target.Unit, _wide) / norm, -1, 1);
            if (similarity < _threshold)
            {
                continue;
            }

            var place = new Place(similarity, Count);
            if (target.Nearest.Count < _top)
            {
                target.Nearest.Enqueue(embedding, place);
            }
            else if (target.Nearest.TryPeek(out _, out Place last) && place.CompareTo(last) > 0)
            {
                target.Nearest.EnqueueDequeue(embedding, place);
            }
        }

        Count++;
        if (other is not null)
        {
            throw new QosValuationException(
                Faults.EmbeddingDimensionMismatch,
                $"The embedding has {vector.Length} components and the query '{other.Query.Name}' {other.Unit.Length}: they come from different models"
                    + $"{Models(embedding.Model, other.Query.Model)}. Search with the model that made the embeddings.",
                embedding);
        }
    }

    /// <summary>The matches so far.</summary>
    /// <returns>Query after query in their order, each from the nearest.</returns>
    public IEnumerable<EmbeddingMatch> Matches()
    {
        foreach (Target target in _targets)
        {
            int rank = 0;
            foreach ((ClipEmbedding embedding, Place place) in target.Nearest.UnorderedItems.OrderByDescending(item => item.Priority))
            {
                yield return new EmbeddingMatch { Query = target.Query.Name, Rank = ++rank, Similarity = place.Similarity, Embedding = embedding };
            }
        }
    }

    private static double[] Unit(EmbeddingQuery query)
    {
        double[] unit = new double[query.Vector.Length];
        double norm = Widen(query.Vector, unit, $"query '{query.Name}'", query.Name);
        TensorPrimitives.Divide(unit, norm, unit);
        return unit;
    }

    // Squares of floats neither overflow nor vanish in double precision.
    private static double Widen(float[] vector, double[] wide, string what, object subject)
    {
        if (vector.Length == 0)
        {
            throw new QosValuationException(Faults.EmbeddingEmpty, $"The {what} has no vector.", subject);
        }

        TensorPrimitives.ConvertTruncating<float, double>(vector, wide);
        double norm = Math.Sqrt(TensorPrimitives.Dot<double>(wide, wide));
        return norm > 0 && double.IsFinite(norm) ? norm
            : norm == 0 ? throw new QosValuationException(Faults.EmbeddingIsZero, $"The vector of the {what} is zero, so it has no direction.", subject)
            : throw new QosValuationException(Faults.EmbeddingNotFinite, $"The vector of the {what} holds NaN or an infinite number.", subject);
    }

    private static string Models(string embedding, string query) => embedding.Length > 0 && query.Length > 0 ? $" ('{embedding}' and '{query}')" : string.Empty;

    private sealed record Target(EmbeddingQuery Query, double[] Unit)
    {
        // The farthest of the matches is on top.
        public PriorityQueue<ClipEmbedding, Place> Nearest { get; } = new();
    }

    private readonly record struct Place(double Similarity, long Ordinal) : IComparable<Place>
    {
        public int CompareTo(Place other)
        {
            int order = Similarity.CompareTo(other.Similarity);
            return order != 0 ? order : other.Ordinal.CompareTo(Ordinal);
        }
    }
}
