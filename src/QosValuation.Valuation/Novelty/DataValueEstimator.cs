using System.Runtime.InteropServices;
using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Names;

namespace QosValuation.Valuation.Novelty;

/// <summary>
/// Values contributors from a stream of embeddings, either labelled (with a cluster or a novelty, as grouping gives them) or
/// raw; raw ones are grouped online on the way.
/// </summary>
/// <remarks>
/// <para>Counts are of records, as <see cref="RecordIndex"/> tells them apart: a record counts once, by the label of its first
/// embedding. Labels need no vectors, so vectors are not looked at where embeddings are labelled.</para>
/// <para>Labelled embeddings keep their novelty, unless a novelty threshold is given: then the records of each ClusterId are
/// labelled anew by the <see cref="NoveltyRule"/>, and noise stays noise. Embeddings with a ClusterId and no novelty are always
/// labelled so, with Γ = 50 unless one is given. A negative ClusterId means noise, see <see cref="ClusterLabel"/>.</para>
/// <para>O(1) a labelled embedding, O(K·d) a raw one over K clusters; memory O(contributors + records), not the vectors.</para>
/// </remarks>
public sealed class DataValueEstimator
{
    private readonly int? _noveltyThreshold;
    private readonly double? _similarityThreshold;
    private readonly Action<QosValuationException> _faulted;
    private readonly Dictionary<string, int> _indexes = new(StringComparer.Ordinal);
    private readonly List<Tally> _tallies = [];
    private readonly RecordIndex _records = new();
    private readonly AlikeNames _contributors = new();
    private readonly List<Label> _labels = [];
    private readonly Dictionary<int, ClusterTally> _clusters = [];
    private readonly NoveltyRule _rule;
    private EmbeddingClusterer? _clusterer;

    /// <summary>Creates an estimator.</summary>
    /// <param name="noveltyThreshold">
    /// Γ, at least 1, for raw embeddings and to label labelled ones anew; null keeps their labels and takes 50 for raw ones.
    /// </param>
    /// <param name="similarityThreshold">For raw embeddings: the cosine from which a cluster takes a record; null for the default.</param>
    /// <param name="faulted">Takes what could not be used, with the embedding as its subject.</param>
    /// <exception cref="QosValuationException">A threshold lies outside its range.</exception>
    public DataValueEstimator(int? noveltyThreshold, double? similarityThreshold, Action<QosValuationException> faulted)
    {
        ArgumentNullException.ThrowIfNull(faulted);
        new ClusteringOptions
        {
            NoveltyThreshold = noveltyThreshold ?? ClusteringOptions.DefaultNoveltyThreshold,
            SimilarityThreshold = similarityThreshold,
        }.Validate();
        _noveltyThreshold = noveltyThreshold;
        _rule = new NoveltyRule(noveltyThreshold ?? ClusteringOptions.DefaultNoveltyThreshold);
        _similarityThreshold = similarityThreshold;
        _faulted = faulted;
    }

    /// <summary>What the names of records and contributors make doubtful: a warning each.</summary>
    public IEnumerable<string> Warnings =>
        ((string?[])[_records.Warning, _contributors.Warning, .. _clusterer?.Warnings ?? []]).OfType<string>().Distinct(StringComparer.Ordinal);

    /// <summary>Whether the embeddings came labelled; null before the first.</summary>
    public bool? IsLabelled { get; private set; }

    /// <summary>The number of records valued so far; raw records that may still be noise are not among them.</summary>
    public int RecordCount { get; private set; }

    /// <summary>Takes the next embedding.</summary>
    /// <param name="embedding">Labelled or raw, as those before it.</param>
    /// <exception cref="QosValuationException"><c>LabelsMixed</c>: labelled and raw embeddings in one valuation.</exception>
    public void Add(ClipEmbedding embedding)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        bool isLabelled = embedding.Novelty is not null || embedding.ClusterId is not null;
        if (IsLabelled is bool before && before != isLabelled)
        {
            throw new QosValuationException(
                Faults.LabelsMixed,
                $"The embedding '{embedding.Item}' is {(isLabelled ? "labelled" : "not labelled")}, those before it are{(before ? "" : " not")}: "
                + "value labelled embeddings and raw ones apart.",
                embedding);
        }

        IsLabelled = isLabelled;
        if (isLabelled)
        {
            if (!ContributorName.IsDecoded(embedding.Contributor ?? string.Empty))
            {
                _faulted(new QosValuationException(Faults.ContributorNotValid, ContributorName.NotDecoded(embedding.Contributor!), embedding));
                return;
            }

            int? cluster = embedding.ClusterId;
            QosValuation.Novelty? novelty = embedding.Novelty;
            if (!ClusterLabel.TryNormalize(ref cluster, ref novelty))
            {
                _faulted(new QosValuationException(
                    Faults.LabelsContradict,
                    $"The record '{embedding.Item}' has the ClusterId {cluster}, which stands for noise, and is labelled {novelty}: "
                    + "leave one of the two labels out.",
                    embedding));
                return;
            }

            TallyOf(embedding);
            Count(embedding, new Label(cluster, novelty), _noveltyThreshold is not null);
            return;
        }

        _clusterer ??= EmbeddingClusterer.Create(
            new ClusteringOptions
            {
                NoveltyThreshold = _rule.Threshold,
                SimilarityThreshold = _similarityThreshold,
                KeepMembers = false,
            },
            labelled => Count(labelled, new Label(labelled.ClusterId, labelled.Novelty), relabel: false),
            _faulted);
        if (_clusterer.Add(embedding))
        {
            // Founders are held back, yet contributors keep the order of their first arrival.
            TallyOf(embedding);
        }
    }

    /// <summary>Takes the members of a cluster. Clusters hold no noise: embeddings labelled one by one do.</summary>
    /// <param name="cluster">A cluster with its members.</param>
    /// <exception cref="QosValuationException">
    /// <c>ClusterHasNoMembers</c>: the cluster does not list its members. <c>LabelsMixed</c>: raw embeddings came before.
    /// </exception>
    public void Add(SemanticCluster cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        if (cluster.Members is not { Count: > 0 } && !(cluster.IsPublic && cluster.Count == 0))
        {
            throw new QosValuationException(
                Faults.ClusterHasNoMembers, $"Cluster {cluster.Id} does not list its members, so that nobody can be valued for it.", cluster);
        }

        foreach (ClipEmbedding member in cluster.Members)
        {
            Add(member.ClusterId is null && member.Novelty is null ? member with { ClusterId = cluster.Id } : member);
        }
    }

    /// <summary>Ends the input; raw records that stayed alone become noise.</summary>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The values in order of the contributors' first arrival.</returns>
    public IReadOnlyList<DataValue> Complete(CancellationToken cancellationToken = default)
    {
        _clusterer?.Complete(cancellationToken);
        return Snapshot();
    }

    /// <summary>The values of what was counted so far. O(contributors).</summary>
    /// <returns>The values in order of the contributors' first arrival.</returns>
    public IReadOnlyList<DataValue> Snapshot() =>
        [.. _tallies.Where(tally => tally.Novel + tally.Normal + tally.Noise > 0)
            .Select(tally => DataValuation.Evaluate(tally.Contributor, tally.Novel, tally.Normal, tally.Noise))];

    private Tally TallyOf(ClipEmbedding embedding)
    {
        string contributor = RecordIndex.ContributorOf(embedding);
        if (!_indexes.TryGetValue(contributor, out int index))
        {
            index = _tallies.Count;
            _indexes.Add(contributor, index);
            _contributors.Add(contributor);
            _tallies.Add(new Tally(contributor));
        }

        return _tallies[index];
    }

    private void Count(ClipEmbedding embedding, Label label, bool relabel)
    {
        if (!_records.Begins(embedding, out int record))
        {
            if (_labels[record] != label)
            {
                _faulted(new QosValuationException(
                    Faults.RecordLabelsDiffer,
                    $"The embeddings of the record '{embedding.Item}' carry different labels; the first counts. Does one Item name two records?",
                    embedding));
            }

            return;
        }

        _labels.Add(label);
        if (NoveltyOf(embedding, label, relabel) is not QosValuation.Novelty novelty)
        {
            return;
        }

        Tally tally = TallyOf(embedding);
        switch (novelty)
        {
            case QosValuation.Novelty.Novel:
                tally.Novel++;
                break;
            case QosValuation.Novelty.Normal:
                tally.Normal++;
                break;
            default:
                tally.Noise++;
                break;
        }

        RecordCount++;
    }

    private QosValuation.Novelty? NoveltyOf(ClipEmbedding embedding, Label label, bool relabel)
    {
        if (label.Novelty is QosValuation.Novelty.Noise || (label.Novelty is not null && !relabel))
        {
            return label.Novelty;
        }

        if (label.ClusterId is not int cluster)
        {
            _faulted(new QosValuationException(
                Faults.ClusterIdMissing,
                $"The record '{embedding.Item}' is labelled {label.Novelty} and names no cluster: "
                + "leave the novelty threshold out, or group the embeddings again.",
                embedding));
            return null;
        }

        ref ClusterTally tally = ref CollectionsMarshal.GetValueRefOrAddDefault(_clusters, cluster, out _);
        return tally.Take(_rule, RecordCount);
    }

    private readonly record struct Label(int? ClusterId, QosValuation.Novelty? Novelty);

    private sealed class Tally(string contributor)
    {
        public string Contributor { get; } = contributor;

        public int Novel { get; set; }

        public int Normal { get; set; }

        public int Noise { get; set; }
    }
}
