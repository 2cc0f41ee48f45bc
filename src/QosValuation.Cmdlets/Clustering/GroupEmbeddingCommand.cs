using System.Globalization;
using System.Management.Automation;
using QosValuation.Embeddings.Clustering;
using QosValuation.Embeddings.Datasets;
using QosValuation.Onnx.Model;

namespace QosValuation.Cmdlets.Clustering;

/// <summary>Groups embeddings into semantic clusters and labels each record as novel, normal or noise.</summary>
/// <remarks>
/// <para>Records are grouped, not embeddings: those of one contributor that share an Item are one record. A record is placed by its image
/// embedding, or by its text where it has no image; its other modality follows. Several embeddings of the placing modality are averaged and
/// renormalised first.</para>
/// <para>The first Γ records of a cluster in order of arrival (-NoveltyThreshold) are Novel, later ones Normal; a record that no cluster
/// takes, and whose own cluster never grows, is Noise and has no cluster (paper, section IV-B). A cluster is confirmed when it holds Γ
/// records. Clusters are numbered from 0 in order of discovery.</para>
/// <para>Online (the default) takes one pass in order of arrival: a record joins the cluster whose centroid is most similar if the cosine
/// reaches -SimilarityThreshold, else it founds one. The order of the input matters, as it does for novelty. With -PassThru records leave
/// as soon as their label is certain: a founder when the second record of its cluster arrives, or at the end as noise; all others at once.
/// Memory then grows with the number of clusters and records of noise, not with the other vectors; -WithoutMember does the same for
/// clusters. Beyond 512 clusters records are compared up to 128 at a time, on all cores; the result is the same to the bit. Beyond 100,000 clusters
/// -Search Approximate compares a few of them only. Whether that is faster, and how often it finds the most similar, depends on the data: -Verbose tells
/// the recall.</para>
/// <para>With -State an online clustering is saved at the end, and the next run with the same file goes on where it ended: the result is
/// the same to the bit as that of one run over all embeddings. The file holds what the clustering holds in memory, with a version and a
/// checksum; it is replaced whole, and only when the whole input was grouped: after Ctrl+C, an error or, with -PassThru, Select-Object
/// -First the old file stays. -SimilarityThreshold and -NoveltyThreshold may be left out then; a setting that disagrees with the file's is
/// refused.</para>
/// <para>-MergeState takes the place of the embeddings: the states of parts of a set, such as the shards of several machines, become the clustering of the
/// whole, which -State saves. Clusters of parts cannot be put together, because grouping depends on what came before: the members are grouped anew, in an
/// order that depends neither on the number of parts nor on the order in which they are named. Where -Shard made the parts it is the order of the whole run,
/// and the result is that of grouping the output of Join-Embedding, to the bit. Otherwise it is the order of a digest of contributor and Item; what
/// such an order changes is what Measure-OrderSensitivity -Merge measures.</para>
/// <para>KMeans finds -ClusterCount clusters by spherical k-means with k-means++ seeding. Dbscan finds clusters of any shape by density and
/// compares every pair of records: time grows with the square of their number. Both collect the input first.</para>
/// <para>-PublicCentroid takes the place of an algorithm: each record joins the most similar of centroids that do not depend on the data,
/// such as embeddings of public texts. Every centroid becomes a cluster, numbered by its position, even where no record joins it: which
/// clusters exist tells nothing, and New-DpPrototype then protects who is in which cluster as well. Centroids found in private data, those
/// of Group-Embedding's other clusters among them, have no such guarantee.</para>
/// <para>Keep a record's captions directly before or after its image. Embeddings that come later follow their record; but where the texts
/// come first and the image after other records, Online has placed the record by its texts by then, and so has -PublicCentroid with
/// -PassThru or -WithoutMember. The clusters of -PublicCentroid wait for all of a record, so that its place never depends on other
/// records.</para>
/// <para>An embedding that cannot be used (NaN, zero, another dimension or another model) costs one error record and no other embedding.
/// Vectors that are not of unit norm are normalised.</para>
/// </remarks>
/// <example>
/// <summary>The semantic clusters of a folder of photographs, the largest first.</summary>
/// <code>Get-ClipEmbedding ./photos/*.jpg | Group-Embedding | Sort-Object Count -Descending</code>
/// </example>
/// <example>
/// <summary>Label records on their way, and value their contributors.</summary>
/// <code>Get-ClipEmbedding ./photos -Recurse | Group-Embedding -PassThru -NoveltyThreshold 20 | Measure-DataValue</code>
/// </example>
/// <example>
/// <summary>Ten clusters by k-means, the same in every run.</summary>
/// <code>Import-Embedding image_embeddings.npy | Group-Embedding -Algorithm KMeans -ClusterCount 10 -Seed 1</code>
/// </example>
/// <example>
/// <summary>Go on where the last run ended: the clusters are those of all photographs so far.</summary>
/// <code>Get-ClipEmbedding ./photos | Group-Embedding -State ./clusters.state
/// Get-ClipEmbedding ./photographs | Group-Embedding -State ./clusters.state</code>
/// </example>
/// <example>
/// <summary>Three parts are grouped apart, and then as a whole.</summary>
/// <code>foreach ($i in 1..3) { Get-ClipEmbedding ./photos -Recurse -Shard "$i/3" | Group-Embedding -State "./parts/$i.state" }
/// Group-Embedding -MergeState ./parts/*.state -State ./whole.state</code>
/// </example>
/// <example>
/// <summary>Density clusters; what lies alone is noise.</summary>
/// <code>Import-Embedding image_embeddings.npy |
///     Group-Embedding -Algorithm Dbscan -SimilarityThreshold 0.82 -MinimumPoints 4 -PassThru |
///     Where-Object Novelty -EQ Noise</code>
/// </example>
/// <example>
/// <summary>Clusters around public texts, for private prototypes.</summary>
/// <code>$public = Get-ClipEmbedding -Text 'a dog', 'a beach', 'a city street'
/// Get-ClipEmbedding ./photos/*.jpg | Group-Embedding -PublicCentroid $public</code>
/// </example>
/// <seealso>Get-ClipEmbedding</seealso>
/// <seealso>Import-Embedding</seealso>
/// <seealso>Measure-DataValue</seealso>
/// <seealso>New-DpPrototype</seealso>
/// <seealso>Find-Embedding</seealso>
/// <seealso>Join-Embedding</seealso>
/// <seealso>Measure-OrderSensitivity</seealso>
[Cmdlet(VerbsData.Group, "Embedding", SupportsShouldProcess = true, DefaultParameterSetName = "Embedding")]
[OutputType(typeof(SemanticCluster), typeof(ClipEmbedding))]
public sealed partial class GroupEmbeddingCommand : QosCmdlet
{
    private EmbeddingClusterer? _clusterer;
    private ProgressMeter? _meter;
    private long _count;

    /// <summary>
    /// The embeddings, in order of arrival: from Get-ClipEmbedding, Import-Embedding, or objects with an embedding's properties (Source,
    /// Item, Modality, Vector, Contributor), such as Import-Clixml reads back.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = "Embedding")]
    [Accepts(typeof(ClipEmbedding))]
    [ValidateNotNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>How records are grouped: Online (the default; one pass, streaming), KMeans (needs -ClusterCount) or Dbscan.</summary>
    /// <value>Online</value>
    [Parameter(Position = 0)]
    [SingleValue]
    public ClusteringAlgorithm Algorithm { get; set; } = ClusteringAlgorithm.Online;

    /// <summary>
    /// Online: how the most similar cluster is found. Exact (the default) compares each record with every cluster. Approximate does so up to 100,000
    /// clusters, records that are alone so far counted as such; above that a graph of nearest neighbours (USearch) proposes the clusters that are
    /// compared, and the recall is measured on one record in 997. -Verbose tells it, and a warning where it is below 0.95. A state keeps the choice.
    /// </summary>
    /// <value>Exact</value>
    [Parameter]
    [SingleValue]
    public NeighbourSearch Search { get; set; } = NeighbourSearch.Exact;

    /// <summary>
    /// Centroids that do not depend on the data, in place of an algorithm: embeddings (Get-ClipEmbedding, Import-Embedding), other objects
    /// with a Vector, or arrays of numbers. They need not be of unit norm.
    /// </summary>
    [Parameter(ParameterSetName = "Embedding")]
    [PublicCentroidTransformation]
    [ValidateNotNullOrEmpty]
    public ClipEmbedding[]? PublicCentroid { get; set; }

    /// <summary>
    /// The least cosine that counts as similar, from 0 to 1. Online: to the cluster's centroid; raise it for finer clusters and more noise.
    /// Dbscan: between neighbours (eps is 1 minus it). Both have a default for each model, because encoders differ in scale: Online leaves at
    /// most one record in eight alone on the photographs it was measured with; -Verbose tells it. It is 0.41 (Dbscan 0.48) for clip-small,
    /// 0.92 (0.94) for clip-mini, 0.44 (0.52) for MiniLM-L6, and 0.7 (0.8) for ViT-B/32 and for embeddings of which no model with a file
    /// qosvaluation.json is known. KMeans and -PublicCentroid: none by default; with a value, records less similar to their centroid are
    /// noise. 1 joins exact copies only.
    /// </summary>
    /// <value>the model's (Online and Dbscan), none (KMeans)</value>
    [Parameter]
    [ValidateRange(0.0, 1.0)]
    [Number(MayBeAbsent = true)]
    public double? SimilarityThreshold { get; set; }

    /// <summary>Γ: the number of records that confirms a cluster, and of its records that count as novel. At least 1; 50 by default, as in the paper.</summary>
    /// <value>50</value>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    [Alias("Gamma")]
    [WholeNumber]
    public int NoveltyThreshold { get; set; } = ClusteringOptions.DefaultNoveltyThreshold;

    /// <summary>The number of clusters, at least 1 and at most the number of records. KMeans needs it; the others find the number themselves.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    [Alias("K")]
    [WholeNumber(MayBeAbsent = true)]
    public int? ClusterCount { get; set; }

    /// <summary>Dbscan: the number of similar records, itself included, that makes a record a core. At least 1; 5 by default.</summary>
    /// <value>5</value>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    [WholeNumber]
    public int MinimumPoints { get; set; } = 5;

    /// <summary>KMeans: the number of seedings tried; the best is kept. At least 1; 4 by default.</summary>
    /// <value>4</value>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    [WholeNumber]
    public int Restarts { get; set; } = 4;

    /// <summary>The seed of KMeans: the same seed gives the same clusters. Without it draws are cryptographic. Online and Dbscan draw nothing.</summary>
    [Parameter]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    /// <summary>Emit the embeddings with their ClusterId and Novelty instead of the clusters.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>
    /// List no members in the clusters, so that memory does not grow with the vectors: for millions of embeddings of which only the
    /// centroids and counts are wanted.
    /// </summary>
    [Parameter]
    public SwitchParameter WithoutMember { get; set; }

    /// <summary>The most threads that compare embeddings; all cores by default. The result does not depend on it.</summary>
    /// <value>all cores</value>
    [Parameter]
    [ValidateRange(1, 1024)]
    [WholeNumber]
    public int ThrottleLimit { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        if (PublicCentroid is not null && (IsBound(nameof(Algorithm)) || IsBound(nameof(Search)) || State is not null))
        {
            throw new QosValuationException(
                Faults.ParameterNotForAlgorithm,
                "-PublicCentroid takes the place of an algorithm: leave -Algorithm, -Search and -State out, or -PublicCentroid.",
                nameof(PublicCentroid));
        }

        RefuseUnless(ClusteringAlgorithm.Online, nameof(State), nameof(Complete), nameof(MergeState), nameof(Search));
        RefuseUnless(ClusteringAlgorithm.KMeans, nameof(ClusterCount), nameof(Restarts));
        RefuseUnless(ClusteringAlgorithm.Dbscan, nameof(MinimumPoints));
        _meter = new ProgressMeter(this, "Grouping embeddings", "embeddings");
        OpenState();
        OpenParts();
        _clusterer = Create(
            new ClusteringOptions
            {
                Algorithm = Algorithm,
                Search = IsBound(nameof(Search)) ? Search : (_state ?? _settings)?.Search ?? Search,
                Cancellation = Cancellation,
                PublicCentroids = PublicCentroid is null ? null : Array.ConvertAll(PublicCentroid, centroid => centroid.Vector),
                SimilarityThreshold = SimilarityThreshold ?? (_state ?? _settings)?.SimilarityThreshold,
                NoveltyThreshold = IsBound(nameof(NoveltyThreshold)) ? NoveltyThreshold : (_state ?? _settings)?.NoveltyThreshold ?? NoveltyThreshold,
                ClusterCount = ClusterCount,
                MinimumPoints = MinimumPoints,
                Restarts = Restarts,
                Seed = Seed,
                KeepMembers = !PassThru && !WithoutMember,
                MaximumThreads = ThrottleLimit == 0 ? -1 : ThrottleLimit,
                Progress = OnProgress,
            });
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (PSObject item in InputObject)
        {
            if (!TryRecord(item, out ClipEmbedding? embedding))
            {
                continue;
            }

            // A class goes with what leaves of the embedding, and with nothing else.
            _clusterer!.Add(PassThru || !WithoutMember ? new LabelledEmbedding(embedding, EmbeddingLabel.Of(item)).ToEmbedding() : embedding);
            _meter!.Report(++_count);
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        Merge();
        Finish();
        _meter!.Complete();
        WriteVerbose(string.Create(
            CultureInfo.CurrentCulture,
            $"{_clusterer!.RecordCount:N0} records of {_count:N0} embeddings: "
            + $"{_clusterer.Clusters.Count:N0} clusters, {_clusterer.Clusters.Count(c => c.IsConfirmed):N0} confirmed, "
            + $"{_clusterer.NoiseCount:N0} records of noise."));
        if (_clusterer.SimilarityThreshold is double least)
        {
            string origin = _clusterer.ThresholdModel is { } model ? $", the threshold of the model '{model}'" : string.Empty;
            WriteVerbose(string.Create(CultureInfo.CurrentCulture, $"Records count as similar from a cosine of {least} on{origin}."));
        }

        if (_clusterer.Recall is { } recall)
        {
            WriteVerbose(string.Create(
                CultureInfo.CurrentCulture,
                $"The search was approximate for {recall.Searched:N0} records. Of {recall.Sampled:N0} sampled, the most similar cluster was found of "
                + $"{recall.Nearest:P2}, and {recall.Decision:P2} went where the exact search would have sent them."));
        }

        foreach (string warning in _clusterer.Warnings)
        {
            WriteWarning(warning);
        }

        if (!_clusterer.IsConverged)
        {
            WriteWarning("k-means had not settled when it stopped at its last iteration: its clusters may improve with more restarts or another seed.");
        }

        if (Algorithm == ClusteringAlgorithm.KMeans && _clusterer.RecordCount > 0 && _clusterer.Clusters.Count < ClusterCount)
        {
            WriteWarning($"{_clusterer.Clusters.Count} clusters came out of the {ClusterCount} asked for: too few records differ, or are similar enough.");
        }

        if (!PassThru)
        {
            foreach (SemanticCluster cluster in _clusterer.Clusters)
            {
                foreach (ClipEmbedding member in cluster.Members)
                {
                    // PowerShell keeps the property with the object, also where it comes from a list.
                    EmbeddingLabel.Shown(member);
                }

                WriteRecord(cluster);
            }
        }
    }

    private void OnProgress(ClusteringProgress progress) => _meter!.Report((long)(_count * progress.Fraction), _count, progress.Stage);

    private void RefuseUnless(ClusteringAlgorithm algorithm, params ReadOnlySpan<string> parameters)
    {
        foreach (string parameter in parameters)
        {
            if (Algorithm != algorithm && IsBound(parameter))
            {
                throw new QosValuationException(
                    Faults.ParameterNotForAlgorithm,
                    $"-{parameter} belongs to -Algorithm {algorithm}: add that, or leave -{parameter} out.",
                    parameter);
            }
        }
    }
}
