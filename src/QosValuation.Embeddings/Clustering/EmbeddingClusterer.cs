using QosValuation.Embeddings.Models;

namespace QosValuation.Embeddings.Clustering;

/// <summary>
/// Groups a stream of embeddings into semantic clusters and labels their novelty (paper, section IV-B), with any of the
/// algorithms: give it embeddings in order of arrival with <see cref="Add"/>, then <see cref="Complete"/>.
/// </summary>
/// <remarks>
/// <para>Records, not embeddings, are grouped and counted; see <see cref="RecordAssembler"/>. Their labels follow the
/// <see cref="NoveltyRule"/>. A record that cannot be used is reported as a fault and left out; the others go on.</para>
/// <para>Labelled embeddings go to the sink given to <see cref="Create"/>: for <see cref="ClusteringAlgorithm.Online"/> as soon
/// as their label is certain, for the others in order of arrival on <see cref="Complete"/>.</para>
/// </remarks>
public abstract class EmbeddingClusterer
{
    private readonly RecordAssembler _assembler;
    private Action<ClipEmbedding>? _labelled;
    private readonly Action<QosValuationException> _faulted;
    private bool _isComplete;

    private protected EmbeddingClusterer(ClusteringOptions options, Action<ClipEmbedding>? labelled, Action<QosValuationException> faulted)
    {
        Options = options;
        Rule = new NoveltyRule(options.NoveltyThreshold);
        SimilarityThreshold = options.SimilarityThreshold;
        _labelled = labelled;
        _faulted = faulted;
        _assembler = new RecordAssembler(OnRecord, OnLate, faulted);
    }

    /// <summary>The settings.</summary>
    public ClusteringOptions Options { get; }

    /// <summary>
    /// The cosine from which records count as similar; null for an algorithm without one, and before the first record where it is that record's model's.
    /// </summary>
    public double? SimilarityThreshold { get; private set; }

    /// <summary>The model whose own threshold is in force; null where one was given, or none is known for the records' model.</summary>
    public string? ThresholdModel { get; private set; }

    /// <summary>The clusters by number; empty before <see cref="Complete"/>.</summary>
    public IReadOnlyList<SemanticCluster> Clusters { get; private protected set; } = [];

    /// <summary>What the names of records and contributors make doubtful, see <see cref="RecordAssembler.Warnings"/>, and the search.</summary>
    public virtual IEnumerable<string> Warnings => _assembler.Warnings;

    /// <summary>How well the approximate search finds the most similar cluster; null where all were compared.</summary>
    public virtual SearchRecall? Recall => null;

    /// <summary>The number of records that got a label.</summary>
    public int RecordCount { get; private protected set; }

    /// <summary>The number of records labelled noise; known after <see cref="Complete"/>.</summary>
    public int NoiseCount { get; private protected set; }

    /// <summary>False where k-means stopped at its last iteration before it had settled.</summary>
    public bool IsConverged { get; private protected set; } = true;

    private protected NoveltyRule Rule { get; }

    private protected int Dimension => _assembler.Dimension;

    private protected RecordAssembler Assembler => _assembler;

    /// <summary>Creates the clusterer of an algorithm.</summary>
    /// <param name="options">The settings; they are checked here.</param>
    /// <param name="labelled">Takes each embedding with its label, on the calling thread; null where only the clusters are wanted.</param>
    /// <param name="faulted">Takes what could not be used, with the embedding as its subject.</param>
    /// <returns>A clusterer without records.</returns>
    /// <exception cref="QosValuationException">An option lies outside its range.</exception>
    public static EmbeddingClusterer Create(ClusteringOptions options, Action<ClipEmbedding>? labelled, Action<QosValuationException> faulted)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(faulted);
        options.Validate();
        if (options.PublicCentroids is not null)
        {
            return new PublicCentroidClusterer(options, labelled, faulted);
        }

        return options.Algorithm == ClusteringAlgorithm.Online
            ? new OnlineEmbeddingClusterer(options, labelled, faulted)
            : new BatchEmbeddingClusterer(options, labelled, faulted);
    }

    /// <summary>Takes the next embedding.</summary>
    /// <param name="embedding">The embedding.</param>
    /// <returns>False where it was faulty and left out; the fault was reported.</returns>
    public bool Add(ClipEmbedding embedding)
    {
        if (_isComplete)
        {
            throw new InvalidOperationException("The grouping is complete: begin another for more embeddings.");
        }

        return _assembler.Add(embedding);
    }

    /// <summary>Ends the input: labels what is left and makes the clusters.</summary>
    /// <param name="cancellationToken">Stops k-means and DBSCAN between blocks of records.</param>
    public void Complete(CancellationToken cancellationToken = default)
    {
        if (!_isComplete)
        {
            _isComplete = true;
            _assembler.Complete();
            Finish(cancellationToken);
        }
    }

    /// <summary>
    /// Ends the input for now, of a grouping whose <see cref="ClusteringState"/> was saved: makes the clusters, and emits
    /// no embedding more, because those whose label is not certain yet leave when the grouping goes on.
    /// </summary>
    /// <param name="cancellationToken">Stops the work.</param>
    public void Pause(CancellationToken cancellationToken = default)
    {
        Settle();
        _labelled = null;
        Complete(cancellationToken);
    }

    /// <summary>Labels the records that wait to be labelled together.</summary>
    internal virtual void Settle()
    {
    }

    /// <summary>Settles the threshold by the model of the first record, where none was given.</summary>
    private protected void SetThreshold(SemanticRecord first)
    {
        if (SimilarityThreshold is null && Options.EffectiveSimilarity(SimilarityThresholds.General) is double general)
        {
            SimilarityThresholds? own = SimilarityThresholds.Of(first.Model);
            ThresholdModel = own is null ? null : first.Model;
            SimilarityThreshold = own is null ? general : Options.EffectiveSimilarity(own);
        }
    }

    private protected abstract void OnRecord(SemanticRecord record);

    private protected abstract void OnLate(int record, ClipEmbedding embedding);

    private protected abstract void Finish(CancellationToken cancellationToken);

    private protected void Emit(ClipEmbedding embedding) => _labelled?.Invoke(embedding);

    private protected void Fault(QosValuationException fault) => _faulted(fault);
}
