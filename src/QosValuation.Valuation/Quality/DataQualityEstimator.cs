using QosValuation.Embeddings.Clustering;

namespace QosValuation.Valuation.Quality;

/// <summary>
/// Measures the quality of documents by contributor (seed 002, section 7.3 and appendix C): give it documents in any order with <see cref="Add"/>, then
/// <see cref="Complete"/>. Not thread-safe.
/// </summary>
/// <remarks>
/// <para>A contributor's score depends on its own documents and on public things alone (word list, model, reference corpus), never on other contributors:
/// duplicates and clusters are those within its own documents. So nobody can lower another's score.</para>
/// <para>A component that cannot be measured (novelty without a reference corpus, metadata without required fields) or that has no weight is NaN, and the
/// weights of the others are rescaled to the sum 1.</para>
/// <para>Memory: the texts, and one vector for each different one. Time: mostly the embedding.</para>
/// </remarks>
public sealed class DataQualityEstimator
{
    private readonly DataQualityOptions _options;
    private readonly List<string> _contributors = [];
    private readonly Dictionary<string, List<QualityDocument>> _documents = new(StringComparer.Ordinal);
    private int _total;

    /// <summary>Creates an estimator without documents.</summary>
    /// <param name="options">The settings; they are checked here.</param>
    /// <exception cref="QosValuationException"><c>QualityOptionInvalid</c>; <c>ReferenceNotReadable</c>: the corpus is of another model.</exception>
    public DataQualityEstimator(DataQualityOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        DataQualityParameters given = options.Parameters;
        bool hasReference = options is { Reference: not null, Embedder: not null };
        if (hasReference && options.Reference!.Model != ReferenceCorpus.DigestOfModel(options.Embedder!.Identity))
        {
            throw new QosValuationException(
                Faults.ReferenceNotReadable, "The reference index was made with another text model: delete it, or name its corpus.");
        }

        bool usesRecency = given.NoveltyDefinition == NoveltyDefinition.Recency;
        Parameters = given with
        {
            DictionaryHash = options.Dictionary.Sha256,
            ReferenceHash = hasReference ? options.Reference!.Sha256 : string.Empty,
            Model = options.Embedder?.Identity ?? string.Empty,
            AsOf = usesRecency ? given.AsOf : null,
            MaxAge = usesRecency ? given.MaxAge : null,
        };
    }

    /// <summary>The parameters with all digests.</summary>
    public DataQualityParameters Parameters { get; }

    /// <summary>The number of documents added.</summary>
    public int Count { get; private set; }

    /// <summary>The texts that are embedded, once known; for progress.</summary>
    public int TextCount => Volatile.Read(ref _total);

    private bool UsesDiversity => _options.Embedder is not null && Parameters.Weight[1] > 0;

    private bool UsesReference => _options is { Reference: not null, Embedder: not null } && Parameters.Weight[2] > 0;

    /// <summary>Takes a document.</summary>
    /// <param name="document">The document.</param>
    public void Add(QualityDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        if (!_documents.TryGetValue(document.Contributor, out List<QualityDocument>? own))
        {
            _documents.Add(document.Contributor, own = []);
            _contributors.Add(document.Contributor);
        }

        own.Add(document);
        Count++;
    }

    /// <summary>Measures.</summary>
    /// <param name="progress">Receives the number of texts embedded; may be null.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>A score a contributor, in the order of their first documents.</returns>
    public IReadOnlyList<DataQuality> Complete(IProgress<int>? progress = null, CancellationToken cancellationToken = default) =>
        [.. Assess(progress, cancellationToken).Select(assessment => Score(assessment, cancellationToken))];

    /// <summary>Measures all that single documents show.</summary>
    /// <param name="progress">Receives the number of texts embedded; may be null.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>An assessment a contributor.</returns>
    internal IReadOnlyList<QualityAssessment> Assess(IProgress<int>? progress, CancellationToken cancellationToken)
    {
        QualityAssessment[] assessments = [.. _contributors.Select(name => new QualityAssessment(name, [.. _documents[name]]))];
        Count = 0;
        _documents.Clear();
        _contributors.Clear();
        var counter = new TextErrorCounter(_options.Dictionary);
        foreach (QualityAssessment assessment in assessments)
        {
            Parallel.For(0, assessment.Documents.Length, new ParallelOptions { CancellationToken = cancellationToken }, i =>
                assessment.Errors[i] = counter.Count(assessment.Documents[i].Text));
            var duplicates = new MinHashDeduplicator(Parameters.DuplicateThreshold);
            for (int i = 0; i < assessment.Documents.Length; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                assessment.IsDuplicate[i] = duplicates.IsDuplicate(assessment.Documents[i].Text);
            }
        }

        Embed(assessments, progress, cancellationToken);
        return assessments;
    }

    private DataQuality Score(QualityAssessment assessment, CancellationToken cancellationToken)
    {
        TextErrors errors = default;
        for (int i = 0; i < assessment.Documents.Length; i++)
        {
            errors = errors.Plus(assessment.Errors[i] with { DuplicateDocuments = assessment.IsDuplicate[i] ? 1 : 0 });
        }

        bool hasDiversity = UsesDiversity;
        ClusterDiversity diversity = hasDiversity
            ? ClusterDiversity.Measure(assessment.Vectors!, Parameters.ClusterCount, Parameters.Seed, cancellationToken)
            : new ClusterDiversity(double.NaN, double.NaN, double.NaN);
        double duplication = UsesReference ? assessment.MeanCosine() : double.NaN;
        double recency = Parameters.AsOf is null ? double.NaN : assessment.Documents.Average(Recency);
        double novelty = Novelty(duplication, recency);
        double metadata = Parameters.RequiredField.Count == 0 ? double.NaN : assessment.Documents.Average(Metadata);
        double cleanliness = errors.Cleanliness(Parameters.ErrorFactor);
        string inputHash = QualityHash.OfInputs(assessment.Documents, Parameters);
        return new DataQuality
        {
            Contributor = assessment.Contributor,
            Quality = WeightedMean(
                cleanliness,
                Parameters.DiversityDefinition == DiversityDefinition.Entropy ? diversity.NormalizedEntropy : diversity.GiniSimpson,
                novelty,
                metadata),
            Cleanliness = cleanliness,
            Errors = errors.Total,
            Tokens = errors.Tokens,
            Documents = assessment.Documents.Length,
            Entropy = diversity.Entropy,
            NormalizedEntropy = diversity.NormalizedEntropy,
            GiniSimpson = diversity.GiniSimpson,
            Novelty = novelty,
            Recency = recency,
            Duplication = duplication,
            Metadata = metadata,
            ErrorCounts = errors,
            ReferenceRecall = assessment.Recall,
            InputHash = inputHash,
            Hash = QualityHash.Of(inputHash, Parameters),
            Parameters = Parameters,
        };
    }

    /// <summary>The score of one document alone, for a private release: without diversity and duplicates, which are no property of a document.</summary>
    /// <param name="assessment">A contributor's documents.</param>
    /// <param name="index">The document.</param>
    /// <returns>A number in [0, 1].</returns>
    internal double ScoreOfDocument(QualityAssessment assessment, int index)
    {
        QualityDocument document = assessment.Documents[index];
        double duplication = UsesReference ? assessment.MeanCosineOf(index) : double.NaN;
        double recency = Parameters.AsOf is null ? double.NaN : Recency(document);
        double metadata = Parameters.RequiredField.Count == 0 ? double.NaN : Metadata(document);
        return WeightedMean(assessment.Errors[index].Cleanliness(Parameters.ErrorFactor), double.NaN, Novelty(duplication, recency), metadata);
    }

    private double WeightedMean(params ReadOnlySpan<double> components)
    {
        double sum = 0;
        double weights = 0;
        for (int i = 0; i < components.Length; i++)
        {
            double weight = Parameters.Weight[i];
            if (weight > 0 && !double.IsNaN(components[i]))
            {
                sum += weight * components[i];
                weights += weight;
            }
        }

        return weights > 0 ? Math.Clamp(sum / weights, 0, 1) : double.NaN;
    }

    private double Novelty(double duplication, double recency)
    {
        double uniqueness = Math.Clamp(1 - duplication, 0, 1);
        return Parameters.NoveltyDefinition == NoveltyDefinition.Similarity ? uniqueness
            : double.IsNaN(uniqueness) ? recency
            : (recency + uniqueness) / 2;
    }

    private double Recency(QualityDocument document) =>
        document.Date is { } date ? Math.Clamp(1 - (Parameters.AsOf!.Value - date) / Parameters.MaxAge!.Value, 0, 1) : 0;

    private double Metadata(QualityDocument document) => Parameters.RequiredField.Average(field => document.IsFilled(field) ? 1.0 : 0);

    /// <summary>Embeds each different text once, and looks for the nearest reference of each different sentence once.</summary>
    /// <remarks>
    /// The last bits of a vector depend on the texts that it is embedded beside, and can move a document to another cluster. So a contributor with more
    /// documents than clusters is embedded by itself, and its score is the same whoever else is scored; the others, each of whose documents is a cluster of
    /// its own, are embedded together.
    /// </remarks>
    private void Embed(QualityAssessment[] assessments, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        if (!UsesDiversity && !UsesReference)
        {
            return;
        }

        (QualityAssessment[] Members, List<string> Texts)[] groups =
        [
            .. assessments.Where(assessment => assessment.Documents.Length > Parameters.ClusterCount)
                .Select(assessment => (QualityAssessment[])[assessment])
                .Append([.. assessments.Where(assessment => assessment.Documents.Length <= Parameters.ClusterCount)])
                .Select(members => (members, CollectTexts(members, cancellationToken))),
        ];
        Volatile.Write(ref _total, groups.Sum(group => group.Texts.Count));
        int done = 0;
        foreach ((QualityAssessment[] members, List<string> texts) in groups)
        {
            Embed(members, texts, progress is null ? null : new Offset(progress, done), cancellationToken);
            done += texts.Count;
        }
    }

    /// <summary>The different texts of some contributors: documents for diversity, sentences for novelty.</summary>
    private List<string> CollectTexts(QualityAssessment[] assessments, CancellationToken cancellationToken)
    {
        var texts = new List<string>();
        var rows = new Dictionary<string, int>(StringComparer.Ordinal);
        int RowOf(string text)
        {
            if (!rows.TryGetValue(text, out int row))
            {
                rows.Add(text, row = texts.Count);
                texts.Add(text);
            }

            return row;
        }

        foreach (QualityAssessment assessment in assessments)
        {
            for (int i = 0; i < assessment.Documents.Length; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                string text = assessment.Documents[i].Text.Trim();
                string[] sentences = [.. SentenceSplitter.Split(text)];
                assessment.DocumentRows[i] = UsesDiversity && sentences.Length > 0 ? RowOf(text) : -1;
                assessment.SentenceRows[i] = UsesReference ? Array.ConvertAll(sentences, RowOf) : [];
            }
        }

        return texts;
    }

    private void Embed(QualityAssessment[] assessments, List<string> texts, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        VectorMatrix vectors = texts.Count == 0
            ? new VectorMatrix(_options.Embedder!.Dimension)
            : _options.Embedder!.Embed(texts, progress, cancellationToken);
        float[] cosines = new float[texts.Count];
        double recall = double.NaN;
        int[] sentences = [.. assessments.SelectMany(assessment => assessment.SentenceRows).SelectMany(row => row).Distinct().Order()];
        if (sentences.Length > 0)
        {
            float[] found = _options.Reference!.Nearest(Rows(vectors, sentences), out recall, null, cancellationToken);
            for (int i = 0; i < sentences.Length; i++)
            {
                cosines[sentences[i]] = found[i];
            }
        }

        foreach (QualityAssessment assessment in assessments)
        {
            assessment.Vectors = Rows(vectors, assessment.DocumentRows.Where(row => row >= 0));
            assessment.Cosines = cosines;
            assessment.Recall = recall;
        }
    }

    private static VectorMatrix Rows(VectorMatrix vectors, IEnumerable<int> rows)
    {
        var chosen = new VectorMatrix(vectors.Dimension);
        foreach (int row in rows)
        {
            chosen.Add(vectors[row]);
        }

        return chosen;
    }

    /// <summary>Progress of a part of the texts as progress of all.</summary>
    private sealed class Offset(IProgress<int> progress, int done) : IProgress<int>
    {
        public void Report(int value) => progress.Report(done + value);
    }
}

/// <summary>What single documents of a contributor show.</summary>
/// <param name="contributor">The contributor.</param>
/// <param name="documents">At least one document.</param>
internal sealed class QualityAssessment(string contributor, QualityDocument[] documents)
{
    /// <summary>The contributor.</summary>
    public string Contributor { get; } = contributor;

    /// <summary>The documents in order of arrival.</summary>
    public QualityDocument[] Documents { get; } = documents;

    /// <summary>The errors in each document.</summary>
    public TextErrors[] Errors { get; } = new TextErrors[documents.Length];

    /// <summary>Whether each repeats an earlier one.</summary>
    public bool[] IsDuplicate { get; } = new bool[documents.Length];

    /// <summary>The row of each among the texts; −1 for a document without a word.</summary>
    public int[] DocumentRows { get; } = new int[documents.Length];

    /// <summary>The rows of each document's sentences.</summary>
    public int[][] SentenceRows { get; } = new int[documents.Length][];

    /// <summary>The vectors of the documents that have words.</summary>
    public VectorMatrix? Vectors { get; set; }

    /// <summary>The cosine of each text to its nearest sentence of the corpus.</summary>
    public float[] Cosines { get; set; } = [];

    /// <summary>The measured recall of the search.</summary>
    public double Recall { get; set; } = double.NaN;

    /// <summary>The mean over the sentences of all documents; 1 without a sentence, for what says nothing is not new.</summary>
    public double MeanCosine()
    {
        double sum = 0;
        long count = 0;
        foreach (int[] rows in SentenceRows)
        {
            foreach (int row in rows)
            {
                sum += Cosines[row];
                count++;
            }
        }

        return count == 0 ? 1 : sum / count;
    }

    /// <summary>The mean over the sentences of one document; 1 without a sentence.</summary>
    /// <param name="index">The document.</param>
    /// <returns>A cosine.</returns>
    public double MeanCosineOf(int index) => SentenceRows[index] is { Length: > 0 } rows ? rows.Average(row => (double)Cosines[row]) : 1;
}
