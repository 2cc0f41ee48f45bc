using QosValuation.Foundation.Numerics;

namespace QosValuation.Embeddings.Clustering;

/// <summary>Assigns each record to the most similar of given public centroids.</summary>
/// <remarks>
/// <para>Where a record goes depends on that record and the centroids alone, so that a changed record changes no other's place. Every
/// centroid is a cluster, whether records come to it or not, with its position as number. Ties go to the first. O(K·d) a record.</para>
/// <para>So clusters with members place their records at the end, when all of each has arrived. Placed on arrival, a record whose text
/// comes before its image would go by either, as another record came in between or not, and that one's absence would move it.
/// Without members, of which no prototype can be released, embeddings are labelled as they arrive, in memory that does not grow
/// with the vectors.</para>
/// </remarks>
internal sealed class PublicCentroidClusterer : EmbeddingClusterer
{
    private const int Unplaced = -1;
    private readonly float[][] _centroids;
    private readonly ClusterTally[] _tallies;
    private readonly List<ClipEmbedding>[] _members;
    private readonly SegmentedList<(int Cluster, Novelty Novelty)> _placements = new();
    private readonly RecordBatch _batch = new();
    private readonly bool[] _seen = new bool[2];
    private float[] _place = [];

    /// <summary>Creates a clusterer without records.</summary>
    /// <param name="options">The settings, checked, with centroids.</param>
    /// <param name="labelled">Takes each embedding with its label at once.</param>
    /// <param name="faulted">Takes what could not be used.</param>
    public PublicCentroidClusterer(ClusteringOptions options, Action<ClipEmbedding>? labelled, Action<QosValuationException> faulted)
        : base(options, labelled, faulted)
    {
        _centroids = [.. options.PublicCentroids!.Select(Unit)];
        _tallies = new ClusterTally[_centroids.Length];
        _members = [.. _centroids.Select(_ => new List<ClipEmbedding>())];
    }

    private protected override void OnRecord(SemanticRecord record)
    {
        if (Dimension != _centroids[0].Length)
        {
            throw new QosValuationException(
                Faults.EmbeddingDimensionMismatch,
                $"The embeddings have {Dimension} components, the public centroids {_centroids[0].Length}: take both from one model.",
                record.Embeddings[0]);
        }

        if (Options.KeepMembers)
        {
            _batch.Add(record);
            return;
        }

        Place(record);
        foreach (ClipEmbedding embedding in record.Embeddings)
        {
            Take(record.Index, embedding);
        }
    }

    private protected override void OnLate(int record, ClipEmbedding embedding)
    {
        if (Options.KeepMembers)
        {
            _batch.Add(record, embedding);
        }
        else
        {
            Take(record, embedding);
        }
    }

    private protected override void Finish(CancellationToken cancellationToken)
    {
        foreach (SemanticRecord record in _batch.Records)
        {
            Place(record);
        }

        foreach ((int record, ClipEmbedding embedding) in _batch.Arrivals)
        {
            Take(record, embedding);
        }

        _batch.Clear();
        Modality[] modalities = [.. new[] { Modality.Image, Modality.Text }.Where(modality => _seen[(int)modality])];
        Clusters = [.. _centroids.Select((centroid, id) => new SemanticCluster
        {
            Id = id,
            Count = _tallies[id].Count,
            Centroid = centroid,
            IsConfirmed = _tallies[id].ConfirmedAt is not null,
            ConfirmedAt = _tallies[id].ConfirmedAt,
            IsPublic = true,
            Modalities = modalities,
            Members = _members[id],
        })];
    }

    private void Place(SemanticRecord record)
    {
        if (_place.Length == 0)
        {
            _place = new float[Dimension];
        }

        if (!record.TryPlace(_place))
        {
            Fault(record.CancelsOut());
            _placements.Add((Unplaced, Novelty.Noise));
            return;
        }

        int best = 0;
        float similarity = float.NegativeInfinity;
        for (int i = 0; i < _centroids.Length; i++)
        {
            float cosine = UnitVector.Dot(_place, _centroids[i]);
            if (cosine > similarity)
            {
                (best, similarity) = (i, cosine);
            }
        }

        if (Options.SimilarityThreshold is double least && similarity < (float)least - CosineKernel.Rounding)
        {
            NoiseCount++;
            _placements.Add((Unplaced, Novelty.Noise));
        }
        else
        {
            _placements.Add((best, _tallies[best].Take(Rule, RecordCount)));
        }

        RecordCount++;
    }

    private static float[] Unit(float[] centroid)
    {
        float[] unit = (float[])centroid.Clone();
        UnitVector.TryNormalize(unit);
        return unit;
    }

    private void Take(int record, ClipEmbedding embedding)
    {
        (int cluster, Novelty novelty) = _placements[record];
        _seen[(int)embedding.Modality] = true;
        ClipEmbedding labelled = embedding with { ClusterId = cluster == Unplaced ? null : cluster, Novelty = novelty };
        Emit(labelled);
        if (cluster != Unplaced && Options.KeepMembers)
        {
            _members[cluster].Add(labelled);
        }
    }
}
