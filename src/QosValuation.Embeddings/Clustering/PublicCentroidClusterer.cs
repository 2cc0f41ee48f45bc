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
    private readonly int[] _counts;
    private readonly long?[] _confirmed;
    private readonly List<ClipEmbedding>[] _members;
    private readonly List<(int Cluster, Novelty Novelty)> _placements = [];
    private readonly List<SemanticRecord> _records = [];
    private readonly List<(int Record, ClipEmbedding Embedding)> _arrivals = [];
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
        _counts = new int[_centroids.Length];
        _confirmed = new long?[_centroids.Length];
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

        if (!Options.KeepMembers)
        {
            Place(record);
            foreach (ClipEmbedding embedding in record.Embeddings)
            {
                Take(record.Index, embedding);
            }

            return;
        }

        _records.Add(record);
        foreach (ClipEmbedding embedding in record.Embeddings)
        {
            _arrivals.Add((record.Index, embedding));
        }
    }

    private protected override void OnLate(int record, ClipEmbedding embedding)
    {
        if (!Options.KeepMembers)
        {
            Take(record, embedding);
            return;
        }

        _records[record].Add(embedding);
        _arrivals.Add((record, embedding));
    }

    private protected override void Finish(CancellationToken cancellationToken)
    {
        _records.ForEach(Place);
        foreach ((int record, ClipEmbedding embedding) in _arrivals)
        {
            Take(record, embedding);
        }

        _records.Clear();
        _arrivals.Clear();
        Modality[] modalities = [.. new[] { Modality.Image, Modality.Text }.Where(modality => _seen[(int)modality])];
        Clusters = [.. _centroids.Select((centroid, id) => new SemanticCluster
        {
            Id = id,
            Count = _counts[id],
            Centroid = centroid,
            IsConfirmed = _confirmed[id] is not null,
            ConfirmedAt = _confirmed[id],
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
            FaultCancelled(record);
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
            _placements.Add((best, NoveltyOf(_counts[best]++)));
            if (_counts[best] == Options.NoveltyThreshold)
            {
                _confirmed[best] = RecordCount;
            }
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
