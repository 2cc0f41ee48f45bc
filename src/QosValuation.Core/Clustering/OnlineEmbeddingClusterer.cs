using System.Runtime.InteropServices;

namespace QosValuation.Clustering;

/// <summary>Online leader clustering of records, streaming.</summary>
/// <remarks>
/// A group becomes a cluster, and gets its number, when its second record arrives. Until then its founder is held back, since
/// it is noise unless the group grows; every other record leaves at once. So a cluster's records leave in order of arrival,
/// a founder directly before the second record; what stays alone leaves as noise at the end, in order of arrival.
/// </remarks>
internal sealed class OnlineEmbeddingClusterer(ClusteringOptions options, Action<ClipEmbedding>? labelled, Action<QosValuationException> faulted)
    : EmbeddingClusterer(options, labelled, faulted)
{
    private const int Unplaced = -1;
    private readonly List<Placement> _placements = [];
    private readonly List<Group> _groups = [];
    private readonly List<int> _clusters = [];
    private readonly SortedDictionary<int, List<ClipEmbedding>> _founders = [];
    private readonly List<(int Record, ClipEmbedding Embedding)> _arrivals = [];
    private LeaderClustering? _leaders;
    private float[] _place = [];

    private protected override void OnRecord(SemanticRecord record)
    {
        if (_leaders is null)
        {
            _leaders = new LeaderClustering(Dimension, Options.EffectiveSimilarity!.Value);
            _place = new float[Dimension];
        }

        if (!record.TryPlace(_place))
        {
            FaultCancelled(record);
            _placements.Add(new Placement(Unplaced, default));
            return;
        }

        int group = _leaders.Add(_place);
        int rank = _leaders.CountOf(group) - 1;
        _placements.Add(new Placement(group, NoveltyOf(rank)));
        if (rank == 0)
        {
            _groups.Add(new Group { ClusterId = null, ConfirmedAt = null });
        }

        Span<Group> groups = CollectionsMarshal.AsSpan(_groups);
        if (rank == Options.NoveltyThreshold - 1)
        {
            groups[group].ConfirmedAt = RecordCount;
        }

        RecordCount++;
        if (rank == 1)
        {
            groups[group].ClusterId = _clusters.Count;
            _clusters.Add(group);
            if (_founders.Remove(group, out List<ClipEmbedding>? founder))
            {
                foreach (ClipEmbedding embedding in founder)
                {
                    Emit(Label(embedding, groups[group].ClusterId, NoveltyOf(0)));
                }
            }
        }

        foreach (ClipEmbedding embedding in record.Embeddings)
        {
            Take(record.Index, embedding, rank == 0);
        }
    }

    private protected override void OnLate(int record, ClipEmbedding embedding)
    {
        Placement placement = _placements[record];
        if (placement.Group != Unplaced)
        {
            Take(record, embedding, _groups[placement.Group].ClusterId is null);
        }
    }

    private protected override void Finish(CancellationToken cancellationToken)
    {
        foreach (List<ClipEmbedding> founder in _founders.Values)
        {
            foreach (ClipEmbedding embedding in founder)
            {
                Emit(Label(embedding, null, Novelty.Noise));
            }
        }

        _founders.Clear();
        NoiseCount = _groups.Count - _clusters.Count;
        List<ClipEmbedding>[] members = [.. _clusters.Select(_ => new List<ClipEmbedding>())];
        foreach ((int record, ClipEmbedding embedding) in _arrivals)
        {
            Placement placement = _placements[record];
            if (_groups[placement.Group].ClusterId is int cluster)
            {
                members[cluster].Add(Label(embedding, cluster, placement.Novelty));
            }
        }

        _arrivals.Clear();
        Clusters = [.. _clusters.Select((group, id) => new SemanticCluster
        {
            Id = id,
            Count = _leaders!.CountOf(group),
            Centroid = _leaders.CentroidOf(group).ToArray(),
            IsConfirmed = _groups[group].ConfirmedAt is not null,
            ConfirmedAt = _groups[group].ConfirmedAt,
            Members = members[id],
        })];
    }

    private static ClipEmbedding Label(ClipEmbedding embedding, int? cluster, Novelty novelty) =>
        embedding with { ClusterId = cluster, Novelty = novelty };

    private void Take(int record, ClipEmbedding embedding, bool isFounder)
    {
        Placement placement = _placements[record];
        if (Options.KeepMembers)
        {
            _arrivals.Add((record, embedding));
        }

        if (!HasSink)
        {
            return;
        }

        if (!isFounder)
        {
            Emit(Label(embedding, _groups[placement.Group].ClusterId, placement.Novelty));
        }
        else if (_founders.TryGetValue(placement.Group, out List<ClipEmbedding>? held))
        {
            held.Add(embedding);
        }
        else
        {
            _founders.Add(placement.Group, [embedding]);
        }
    }

    private readonly record struct Placement(int Group, Novelty Novelty);

    private record struct Group
    {
        public int? ClusterId { get; set; }

        public long? ConfirmedAt { get; set; }
    }
}
