using System.Globalization;
using QosValuation.Foundation.IO;

namespace QosValuation.Embeddings.Clustering;

/// <summary>
/// An online clustering in a file: one that is saved and resumed gives the same clusters and labels, to the bit, as one that
/// was never interrupted.
/// </summary>
/// <remarks>
/// <para>The file holds what the clustering holds: its settings, the groups with the sums of their vectors, a digest and the
/// label of each record, and the embeddings that are still needed. Those are the embeddings whose label is not certain (of
/// records that are alone so far, and of the record that may still grow) where embeddings are labelled, and all of them where
/// clusters list their members. It is written whole or not at all, with a version and a SHA-256 checksum.</para>
/// <para>Saving and loading take O(K·d) for K groups, and a few dozen bytes for each record, plus the embeddings held.</para>
/// </remarks>
public sealed class ClusteringState
{
    // A grouping whose search is approximate is a file of another kind, so that no older program goes on with it in another way.
    private static readonly SealedFile Exact = new("QosVClus", 1, "clustering state");
    private static readonly SealedFile Approximate = new("QosVClGr", 1, "clustering state");
    private readonly SealedFile _file;
    private readonly byte[] _digest;

    private ClusteringState(string path, SealedFile file, byte[] digest, Settings settings)
    {
        _file = file;
        Search = file == Exact ? NeighbourSearch.Exact : NeighbourSearch.Approximate;
        Path = path;
        _digest = digest;
        SimilarityThreshold = double.IsNaN(settings.Similarity) ? null : settings.Similarity;
        NoveltyThreshold = settings.Novelty;
        KeepsMembers = settings.Members;
        LabelsEmbeddings = settings.Labels;
        RecordCount = settings.Records;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The cosine from which a cluster takes a record; null where none was given and no record has come yet.</summary>
    public double? SimilarityThreshold { get; }

    /// <summary>The novelty threshold Γ, at least 1.</summary>
    public int NoveltyThreshold { get; }

    /// <summary>Whether clusters list their members.</summary>
    public bool KeepsMembers { get; }

    /// <summary>How the most similar cluster is found.</summary>
    public NeighbourSearch Search { get; }

    /// <summary>Whether embeddings leave with their labels.</summary>
    public bool LabelsEmbeddings { get; }

    /// <summary>The number of records clustered so far; one that may still grow is not among them.</summary>
    public int RecordCount { get; }

    /// <summary>Checks a file and reads its settings. O(length).</summary>
    /// <param name="path">A file that <see cref="Save"/> wrote.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>The state.</returns>
    /// <exception cref="QosValuationException">
    /// <c>StateIsFolder</c>, <c>StateNotRecognised</c>, <c>StateDamaged</c>, <c>StateVersionNotSupported</c> or <c>StateNotReadable</c>.
    /// </exception>
    public static ClusteringState Load(string path, CancellationToken cancellationToken = default)
    {
        if (Directory.Exists(path))
        {
            throw new QosValuationException(Faults.StateIsFolder, $"'{path}' is a folder: name a file for the clustering state.", path);
        }

        SealedFile file = Exact;
        byte[] digest;
        try
        {
            digest = file.Check(path, cancellationToken);
        }
        catch (QosValuationException fault) when (fault.Fault == Faults.StateNotRecognised)
        {
            file = Approximate;
            digest = file.Check(path, cancellationToken);
        }

        return new ClusteringState(path, file, digest, file.Read(path, ReadSettings));
    }

    /// <summary>Continues the clustering.</summary>
    /// <param name="options">The settings; they must agree with the state's. Without a similarity threshold the state's is taken.</param>
    /// <param name="labelled">Takes each embedding with its cluster and novelty; given where it was given before.</param>
    /// <param name="faulted">Takes what could not be used, with the embedding as its subject.</param>
    /// <returns>A clusterer that has seen all embeddings that came before the state was saved.</returns>
    /// <exception cref="QosValuationException"><c>StateParameterMismatch</c>: a setting disagrees. <c>StateDamaged</c>.</exception>
    public EmbeddingClusterer Resume(ClusteringOptions options, Action<ClipEmbedding>? labelled, Action<QosValuationException> faulted)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(faulted);
        options.Validate();
        RequireOnline(options);
        if (options.SimilarityThreshold is double similarity && SimilarityThreshold is double saved)
        {
            Require(similarity == saved, "similarity threshold", saved, similarity);
        }

        options = options with { SimilarityThreshold = options.SimilarityThreshold ?? SimilarityThreshold };
        Require(options.NoveltyThreshold == NoveltyThreshold, "novelty threshold", NoveltyThreshold, options.NoveltyThreshold);
        Require(options.KeepMembers == KeepsMembers, "clusters that list their members", KeepsMembers, options.KeepMembers);
        Require(options.Search == Search, "search", Search, options.Search);
        Require((labelled is not null) == LabelsEmbeddings, "embeddings passed on with their labels", LabelsEmbeddings, labelled is not null);
        return _file.Read(Path, reader =>
        {
            ReadSettings(reader);
            var clusterer = new OnlineEmbeddingClusterer(options, labelled, faulted);
            return clusterer.Load(reader)
                ? clusterer
                : throw new QosValuationException(
                    Faults.StateParameterMismatch,
                    $"The clustering state '{Path}' holds a graph of an approximate search, and this platform has no library for it (USearch): "
                        + "go on where there is one, or group the embeddings anew with -Search Exact.",
                    Path);
        });
    }

    /// <summary>The embeddings of the clustering, without labels.</summary>
    /// <returns>All that were grouped, but for those of records whose vectors cancel out.</returns>
    /// <exception cref="QosValuationException"><c>StateWithoutMembers</c>: the file does not hold them. <c>StateDamaged</c>.</exception>
    public IReadOnlyList<ClipEmbedding> ReadMembers()
    {
        if (!KeepsMembers)
        {
            throw new QosValuationException(
                Faults.StateWithoutMembers,
                $"The clustering state '{Path}' holds no members: it was saved with {(LabelsEmbeddings ? "-PassThru" : "-WithoutMember")}. "
                    + "Join the embeddings of the shards instead, and group those.",
                Path);
        }

        return _file.Read(Path, reader =>
        {
            ReadSettings(reader);
            var options = new ClusteringOptions { SimilarityThreshold = SimilarityThreshold, KeepMembers = true };
            var clusterer = new OnlineEmbeddingClusterer(options, null, static _ => { });
            clusterer.Load(reader);
            return (IReadOnlyList<ClipEmbedding>)[.. clusterer.Held];
        });
    }

    /// <summary>Writes a clustering, before <see cref="EmbeddingClusterer.Pause"/>. Of several programs that save to one file at once one succeeds.</summary>
    /// <param name="clusterer">An online clusterer that is not complete.</param>
    /// <param name="path">The file.</param>
    /// <param name="before">What the clusterer resumed from; null where it began anew, and then the file must not exist.</param>
    /// <param name="cancellationToken">Stops the writing; the old file stays.</param>
    /// <exception cref="QosValuationException">
    /// <c>StateChanged</c>: another program wrote the file since it was read. <c>DiskFull</c> or <c>FileNotWritable</c>: the old file stays.
    /// </exception>
    public static void Save(EmbeddingClusterer clusterer, string path, ClusteringState? before = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(clusterer);
        RequireOnline(clusterer.Options);
        var online = (OnlineEmbeddingClusterer)clusterer;
        online.Settle();

        // From the look at the file to its replacement nobody else may write it.
        SealedFile file = clusterer.Options.Search == NeighbourSearch.Exact ? Exact : Approximate;
        using IDisposable hold = file.Lock(path, cancellationToken);
        if (SealedFile.StoredDigest(path) is var now && !(now is null ? before is null : before is not null && now.AsSpan().SequenceEqual(before._digest)))
        {
            throw new QosValuationException(
                Faults.StateChanged,
                $"Another program changed the clustering state '{path}' while this one worked; it was left as it is. "
                + "Group these embeddings again, so that both count.",
                path);
        }

        file.Write(path, writer =>
        {
            writer.Write(clusterer.SimilarityThreshold ?? double.NaN);
            writer.Write(clusterer.Options.NoveltyThreshold);
            writer.Write(clusterer.Options.KeepMembers);
            writer.Write(online.Labels);
            writer.Write(clusterer.RecordCount);
            online.Save(writer);
        }, cancellationToken);
    }

    private static void RequireOnline(ClusteringOptions options)
    {
        if (options.Algorithm != ClusteringAlgorithm.Online || options.PublicCentroids is not null)
        {
            throw new QosValuationException(
                Faults.StateNeedsOnline,
                "Only online clustering can be saved and resumed, not "
                + $"{(options.PublicCentroids is null ? options.Algorithm : "assignment to public centroids")}.",
                options.Algorithm);
        }
    }

    private static Settings ReadSettings(BinaryReader reader) =>
        new(reader.ReadDouble(), reader.ReadCount(), reader.ReadBoolean(), reader.ReadBoolean(), reader.ReadCount());

    private void Require(bool agrees, string setting, object saved, object given)
    {
        if (!agrees)
        {
            throw new QosValuationException(
                Faults.StateParameterMismatch,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The clustering state '{Path}' was made with another setting: {setting}, there {saved}, here {given}. "
                    + $"Use the same, or name a new file."),
                Path);
        }
    }

    private sealed record Settings(double Similarity, int Novelty, bool Members, bool Labels, int Records);
}
