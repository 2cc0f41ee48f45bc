using QosValuation.Foundation.Numerics;

namespace QosValuation.Embeddings.Clustering;

/// <summary>What one contribution holds: a photograph with its captions, or either alone. |d| counts records.</summary>
public sealed class SemanticRecord
{
    // Vectors whose sum is shorter than this for each of them cancel out: what is left is rounding noise without a direction.
    private const double SmallestMean = 1e-6;
    private readonly List<ClipEmbedding> _embeddings = [];

    internal SemanticRecord(int index, ClipEmbedding first)
    {
        Index = index;
        Item = first.Item ?? string.Empty;
        Contributor = RecordIndex.ContributorOf(first);
        _embeddings.Add(first);
    }

    /// <summary>The record's number in order of arrival, from 0.</summary>
    public int Index { get; }

    /// <summary>What the embeddings of the record share; empty for a record of one embedding.</summary>
    public string Item { get; }

    /// <summary>Who contributed the record.</summary>
    public string Contributor { get; }

    /// <summary>The embeddings in order of arrival; at least one.</summary>
    public IReadOnlyList<ClipEmbedding> Embeddings => _embeddings;

    /// <summary>The modality that places the record: image, or text where it has no image.</summary>
    public Modality PlacedBy
    {
        get
        {
            foreach (ClipEmbedding embedding in _embeddings)
            {
                if (embedding.Modality == Modality.Image)
                {
                    return Modality.Image;
                }
            }

            return Modality.Text;
        }
    }

    /// <summary>The model of the embeddings that place the record; empty where they name none.</summary>
    public string Model => _embeddings.Find(embedding => embedding.Modality == PlacedBy && !string.IsNullOrEmpty(embedding.Model))?.Model ?? string.Empty;

    /// <summary>
    /// Computes the vector that places the record: the normalised mean of its image vectors, or of its text vectors where it
    /// has no image. O(embeddings·d).
    /// </summary>
    /// <param name="destination">Receives the unit vector; as long as the embeddings.</param>
    /// <returns>False where the vectors cancel out, so that there is no direction.</returns>
    public bool TryPlace(Span<float> destination)
    {
        Modality modality = PlacedBy;
        destination.Clear();
        int count = 0;
        foreach (ClipEmbedding embedding in _embeddings)
        {
            if (embedding.Modality == modality)
            {
                Accumulate(embedding.Vector, destination);
                count++;
            }
        }

        return UnitVector.Norm(destination) > SmallestMean * count && UnitVector.TryNormalize(destination);
    }

    /// <summary>
    /// The vector that the record gives to the prototype of a modality: its only vector of the modality as it is, or the normalised
    /// mean of several (captions) in double precision. O(embeddings·d).
    /// </summary>
    /// <param name="modality">The modality.</param>
    /// <returns>Null where the record lacks the modality; the zero vector where its vectors cancel out.</returns>
    internal RecordVector? VectorOf(Modality modality)
    {
        float[]? first = null;
        double[]? mean = null;
        int count = 0;
        foreach (ClipEmbedding embedding in _embeddings)
        {
            if (embedding.Modality != modality)
            {
                continue;
            }

            count++;
            if (first is null)
            {
                first = embedding.Vector;
                continue;
            }

            if (mean is null)
            {
                mean = Array.ConvertAll(first, x => (double)x);
                RecordVector.Rescale(mean);
            }

            // Vectors within the tolerance of unit norm weigh exactly the same.
            double norm = UnitVector.Norm(embedding.Vector);
            for (int i = 0; i < mean.Length; i++)
            {
                mean[i] += embedding.Vector[i] / norm;
            }
        }

        if (first is null)
        {
            return null;
        }

        if (mean is not null)
        {
            RecordVector.Rescale(mean, SmallestMean * count);
        }

        return new RecordVector(first, mean);
    }

    /// <summary>The fault of a record whose vectors cancel out.</summary>
    internal QosValuationException CancelsOut() => new(
        Faults.RecordCancelsOut,
        $"The {(PlacedBy == Modality.Image ? "image" : "text")} embeddings of the record '{Item}' cancel out, so that it has no place: "
        + "check what its Item joins.",
        _embeddings[0]);

    internal void Add(ClipEmbedding embedding) => _embeddings.Add(embedding);

    private static void Accumulate(ReadOnlySpan<float> vector, Span<float> sum)
    {
        // Vectors within the tolerance of unit norm weigh exactly the same.
        double norm = UnitVector.Norm(vector);
        for (int k = 0; k < sum.Length; k++)
        {
            sum[k] += (float)(vector[k] / norm);
        }
    }
}
