using System.Globalization;
using System.Runtime.InteropServices;
using QosValuation.Onnx.Model;

namespace QosValuation.Embeddings.Clustering;

/// <summary>Online leader clustering of records, streaming.</summary>
/// <remarks>
/// <para>A group becomes a cluster, and gets its number, when its second record arrives. Until then its founder is held back, since
/// it is noise unless the group grows; every other record leaves at once. So a cluster's records leave in order of arrival,
/// a founder directly before the second record; what stays alone leaves as noise at the end, in order of arrival.</para>
/// <para>While there are fewer than 512 groups each record is compared as it comes. From there on records wait for each other, up
/// to 128 at 4,096 groups, because many are compared at once much faster; labels and their order are the same. Embeddings that
/// come late wait behind them, no more than 1,024 of them and the records together.</para>
/// <para>Kept are: the groups (see <see cref="LeaderClustering"/>), the label of each record (8 bytes) with the digest of its
/// name (see <see cref="RecordIndex"/>), the embeddings of records that are alone so far where embeddings are labelled,
/// and all embeddings only where clusters list their members.</para>
/// </remarks>
internal sealed class OnlineEmbeddingClusterer(ClusteringOptions options, Action<ClipEmbedding>? labelled, Action<QosValuationException> faulted)
    : EmbeddingClusterer(options, labelled, faulted)
{
    private const int Unplaced = -1;

    // Below this recall a warning tells, where it was measured on so many records.
    private const double LeastRecall = 0.95;
    private const int LeastSample = 20;

    // Where texts come long after the images nobody else comes to fill the block: they must not pile up behind it.
    private const int MostWaiting = 8 * LeaderClustering.BlockRows;

    private readonly SegmentedList<Placement> _placements = new();
    private readonly List<Group> _groups = [];
    private readonly List<int> _clusters = [];
    private readonly SortedDictionary<int, List<ClipEmbedding>> _founders = [];
    private readonly List<(int Record, ClipEmbedding Embedding)> _arrivals = [];

    // Records that wait to be compared together, with what came after them, in order of arrival; a record that cannot be placed has no row.
    private readonly List<(SemanticRecord? Record, int Row, int Late, ClipEmbedding? Embedding)> _waiting = [];
    private readonly int[] _taken = new int[LeaderClustering.BlockRows];
    private int _rows;
    private LeaderClustering? _leaders;
    private float[] _places = [];

    /// <summary>Whether embeddings leave with their labels.</summary>
    public bool Labels { get; } = labelled is not null;

    /// <inheritdoc/>
    public override SearchRecall? Recall => _leaders?.Recall;

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings
    {
        get
        {
            foreach (string warning in base.Warnings)
            {
                yield return warning;
            }

            if (_leaders?.LacksLibrary == true)
            {
                yield return "The library of the approximate search (USearch) is missing on this platform, or does not load: all clusters were compared.";
            }

            if (Recall is { Sampled: >= LeastSample } recall && !(recall.Nearest >= LeastRecall))
            {
                yield return string.Create(
                    CultureInfo.CurrentCulture,
                    $"The approximate search found the most similar cluster of {recall.Nearest:P1} of {recall.Sampled:N0} sampled records only; "
                        + $"{recall.Decision:P1} went where the exact search would have sent them. Group with -Search Exact where that matters.");
            }
        }
    }

    /// <summary>Compares the records that wait.</summary>
    internal override void Settle()
    {
        if (_rows > 0)
        {
            _leaders!.Add(_places.AsSpan(0, _rows * Dimension), _taken.AsSpan(0, _rows), Options.Cancellation);
            _rows = 0;
        }

        foreach ((SemanticRecord? record, int row, int late, ClipEmbedding? embedding) in _waiting)
        {
            if (record is null)
            {
                Follow(late, embedding!);
            }
            else
            {
                Place(record, row < 0 ? Unplaced : _taken[row]);
            }
        }

        _waiting.Clear();
    }

    /// <summary>Writes everything that later embeddings and the clusters depend on, when no record waits.</summary>
    public void Save(BinaryWriter writer)
    {
        Assembler.Save(writer);
        writer.Write(_leaders is not null);
        _leaders?.Save(writer);
        writer.Write(_placements.Count);
        for (int i = 0; i < _placements.Count; i++)
        {
            Placement placement = _placements[i];
            writer.Write(placement.Group);
            writer.Write((byte)placement.Novelty);
        }

        foreach (Group group in _groups)
        {
            writer.Write(group.Tally.ConfirmedAt ?? -1);
        }

        writer.Write(_clusters.Count);
        foreach (int group in _clusters)
        {
            writer.Write(group);
        }

        writer.Write(_founders.Count);
        foreach ((int group, List<ClipEmbedding> embeddings) in _founders)
        {
            writer.Write(group);
            writer.Write(embeddings.Count);
            foreach (ClipEmbedding embedding in embeddings)
            {
                writer.WriteEmbedding(embedding);
            }
        }

        writer.Write(_arrivals.Count);
        foreach ((int record, ClipEmbedding embedding) in _arrivals)
        {
            writer.Write(record);
            writer.WriteEmbedding(embedding);
        }

        writer.Write(RecordCount);
        if (Options.Search == NeighbourSearch.Approximate)
        {
            writer.Write(_leaders is not null);
            _leaders?.SaveGraph(writer);
        }
    }

    /// <summary>Reads what <see cref="Save"/> wrote into a clusterer that has seen nothing.</summary>
    /// <returns>False where there is a graph in it, and no library for graphs on this platform.</returns>
    public bool Load(BinaryReader reader)
    {
        StringPool pool = new();
        Assembler.Load(reader, pool);
        if (reader.ReadBoolean())
        {
            Begin();
            _leaders!.Load(reader);
        }

        int groups = _leaders?.GroupCount ?? 0;
        for (int left = reader.ReadCount(); left > 0; left--)
        {
            int group = reader.ReadInt32();
            _placements.Add(new Placement(group == Unplaced ? group : Below(group, groups), (Novelty)reader.ReadByte()));
        }

        for (int group = 0; group < groups; group++)
        {
            long confirmedAt = reader.ReadInt64();
            var tally = new ClusterTally { Count = _leaders!.CountOf(group), ConfirmedAt = confirmedAt < 0 ? null : confirmedAt };
            _groups.Add(new Group { Tally = tally });
        }

        for (int left = reader.ReadCount(); left > 0; left--)
        {
            int group = Below(reader.ReadInt32(), groups);
            CollectionsMarshal.AsSpan(_groups)[group].ClusterId = _clusters.Count;
            _clusters.Add(group);
        }

        for (int left = reader.ReadCount(); left > 0; left--)
        {
            int group = Below(reader.ReadInt32(), groups);
            List<ClipEmbedding> embeddings = [];
            for (int more = reader.ReadCount(); more > 0; more--)
            {
                embeddings.Add(reader.ReadEmbedding(pool));
            }

            _founders.Add(group, embeddings);
        }

        for (int left = reader.ReadCount(); left > 0; left--)
        {
            int record = Below(reader.ReadInt32(), _placements.Count);
            _arrivals.Add((record, reader.ReadEmbedding(pool)));
        }

        RecordCount = reader.ReadCount();
        return Options.Search == NeighbourSearch.Exact || !reader.ReadBoolean()
            || (_leaders ?? throw new InvalidDataException("There are no groups.")).LoadGraph(reader, Options.Cancellation);

        static int Below(int index, int count) => index >= 0 && index < count ? index : throw new InvalidDataException("An index is out of range.");
    }

    /// <summary>The embeddings that the clustering holds: all of them where clusters list their members.</summary>
    internal IEnumerable<ClipEmbedding> Held => [.. _arrivals.Select(arrival => arrival.Embedding), .. Assembler.Pending];

    private protected override void OnRecord(SemanticRecord record)
    {
        if (_leaders is null)
        {
            SetThreshold(record);
            Begin();
        }

        int row = _rows;
        if (record.TryPlace(_places.AsSpan(row * Dimension, Dimension)))
        {
            _rows++;
        }
        else
        {
            Fault(record.CancelsOut());
            row = Unplaced;
        }

        _waiting.Add((record, row, 0, null));
        if (_rows >= (Options.BlockRecords ?? _leaders!.PreferredBlock) || _rows == 0)
        {
            Settle();
        }
    }

    private protected override void OnLate(int record, ClipEmbedding embedding)
    {
        if (_waiting.Count > 0)
        {
            _waiting.Add((null, Unplaced, record, embedding));
            if (_waiting.Count >= MostWaiting)
            {
                Settle();
            }
        }
        else
        {
            Follow(record, embedding);
        }
    }

    private protected override void Finish(CancellationToken cancellationToken)
    {
        Settle();
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
            Centroid = _leaders.CentroidOf(group),
            IsConfirmed = _groups[group].Tally.ConfirmedAt is not null,
            ConfirmedAt = _groups[group].Tally.ConfirmedAt,
            Members = members[id],
        })];
    }

    private static ClipEmbedding Label(ClipEmbedding embedding, int? cluster, Novelty novelty) =>
        embedding with { ClusterId = cluster, Novelty = novelty };

    private void Begin()
    {
        _leaders = new LeaderClustering(Dimension, SimilarityThreshold!.Value, Options.MaximumThreads, Options.Search, Options.MostExact);
        _places = new float[LeaderClustering.BlockRows * Dimension];
    }

    private void Place(SemanticRecord record, int group)
    {
        if (group == Unplaced)
        {
            _placements.Add(new Placement(Unplaced, default));
            return;
        }

        if (group == _groups.Count)
        {
            _groups.Add(default);
        }

        Span<Group> groups = CollectionsMarshal.AsSpan(_groups);
        int rank = groups[group].Tally.Count;
        _placements.Add(new Placement(group, groups[group].Tally.Take(Rule, RecordCount)));
        RecordCount++;
        if (rank == 1)
        {
            groups[group].ClusterId = _clusters.Count;
            _clusters.Add(group);
            if (_founders.Remove(group, out List<ClipEmbedding>? founder))
            {
                foreach (ClipEmbedding embedding in founder)
                {
                    Emit(Label(embedding, groups[group].ClusterId, Rule.Label(0)));
                }
            }
        }

        foreach (ClipEmbedding embedding in record.Embeddings)
        {
            Take(record.Index, embedding, rank == 0);
        }
    }

    private void Follow(int record, ClipEmbedding embedding)
    {
        Placement placement = _placements[record];
        if (placement.Group != Unplaced)
        {
            Take(record, embedding, _groups[placement.Group].ClusterId is null);
        }
    }

    private void Take(int record, ClipEmbedding embedding, bool isFounder)
    {
        Placement placement = _placements[record];
        if (Options.KeepMembers)
        {
            _arrivals.Add((record, embedding));
        }

        if (!Labels)
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

    private struct Group
    {
        public ClusterTally Tally;

        public int? ClusterId { get; set; }
    }
}
