using System.Globalization;
using System.Management.Automation;
using QosValuation.Cmdlets.Privacy;
using QosValuation.Foundation.Names;
using QosValuation.Foundation.Randomness;
using QosValuation.Foundation.Sharding;
using QosValuation.Privacy.Budgets;
using QosValuation.Valuation.Quality;

namespace QosValuation.Cmdlets.Quality;

/// <summary>Measures the quality of each contributor's documents: cleanliness, diversity, novelty and metadata, each from 0 to 1.</summary>
/// <remarks>
/// <para>Quality is the weighted mean of four components (weights 0.25 each; seed 002, section 7.3 and appendix C). One that cannot be measured (novelty
/// without -ReferencePath, metadata without -RequiredField) or has the weight 0 is NaN, and the other weights are rescaled.</para>
/// <para>Cleanliness is 1 − min(1, k·errors/tokens) with k = 50 (-ErrorFactor). Errors are corrupt characters (broken UTF-8, control and replacement
/// characters, mojibake), artefacts of character recognition, broken words, words that the dictionary does not know, and one for each document that repeats
/// an earlier one of the same contributor, exactly or nearly (Jaccard similarity of 5-grams of at least -DuplicateThreshold). Names inside a sentence,
/// abbreviations and words with digits are not looked up. A document without tokens has cleanliness 0.</para>
/// <para>Diversity clusters the documents' embeddings (all-MiniLM-L6-v2) by k-means with k = 50 (-ClusterCount) and is H/ln k; Entropy (H),
/// NormalizedEntropy and GiniSimpson (1 − Σp²) are all given, and -DiversityDefinition says which counts.</para>
/// <para>Novelty is 1 minus the mean cosine of each sentence to its nearest in the corpus of -ReferencePath; -NoveltyDefinition Recency is half that and
/// half recency, 1 − age/MaxAge, from the fields Date, Timestamp, Created or Published. A document without a date counts as old. The search is exact up to
/// 100,000 reference sentences; above that it is approximate and ReferenceRecall says what share of a sample it found.</para>
/// <para>A score depends on the contributor's own documents and on public things alone. It carries SHA-256 of the documents, the parameters and the version
/// (Hash); Test-DataQuality repeats it and says what differs.</para>
/// <para>-Epsilon releases a private score instead. The exact score has no useful sensitivity: one document can move every cluster and make others
/// duplicates. Released is the mean over documents of each one's own score in [0, 1] (its cleanliness, novelty and metadata; no diversity, no duplicates),
/// plus discrete Gaussian noise. Exchanging one of n documents moves that mean by at most 1/n: the sensitivity. With -Neighboring AddRemove n is private
/// too. All other figures, and the digest of the documents, are left out, because they would betray what the noise hides. -Budget is charged for each
/// contributor before noise is drawn; -Seed would make the noise removable and is refused with it.</para>
/// </remarks>
/// <example>
/// <summary>The captions of a dataset, by contributor.</summary>
/// <code>Import-CocoDataset ./captions.json -ImageFolder ./images | Measure-DataQuality</code>
/// </example>
/// <example>
/// <summary>Two contributors' texts against a public corpus that is indexed once.</summary>
/// <code>Measure-DataQuality ./submissions/*/*.txt -ReferencePath ./public/*.txt -IndexPath ./public.qvref -RequiredField Text</code>
/// </example>
/// <example>
/// <summary>Fresh documents with full metadata.</summary>
/// <code>Import-Csv ./articles.csv | Measure-DataQuality -NoveltyDefinition Recency -AsOf 2026-01-01 -MaxAge 365 -RequiredField Title, Author, Date</code>
/// </example>
/// <example>
/// <summary>A private score, charged to a budget.</summary>
/// <code>$budget = New-PrivacyBudget -Epsilon 2 -Delta 1e-5 -Path ./quality.db
/// Import-Csv ./articles.csv | Measure-DataQuality -Epsilon 0.5 -Budget $budget</code>
/// </example>
/// <seealso>Test-DataQuality</seealso>
/// <seealso>Measure-DataValue</seealso>
[Cmdlet(VerbsDiagnostic.Measure, "DataQuality", SupportsShouldProcess = true)]
[OutputType(typeof(DataQuality))]
public sealed class MeasureDataQualityCommand : QualityDocumentCommand
{
    private PrivacyBudgetStore? _budget;
    private PrivateQualityReleaser? _releaser;

    /// <summary>Where the index of -ReferencePath is kept: made once, and opened by later runs over the same corpus. Its name should end in .qvref.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? IndexPath { get; set; }

    /// <summary>k, the number of clusters, from 2.</summary>
    /// <value>50</value>
    [Parameter]
    [ValidateRange(2, 100_000)]
    [WholeNumber]
    public int ClusterCount { get; set; } = 50;

    /// <summary>k of cleanliness, at least 0: with 50 an error in fifty words leaves nothing.</summary>
    /// <value>50</value>
    [Parameter]
    [ValidateRange(0.0, 1e9)]
    [Number]
    public double ErrorFactor { get; set; } = 50;

    /// <summary>The weights of cleanliness, diversity, novelty and metadata, at least 0; only their ratios count.</summary>
    /// <value>0.25, 0.25, 0.25, 0.25</value>
    [Parameter]
    [ValidateCount(4, 4)]
    [Number(TakesList = true)]
    public double[] Weight { get; set; } = [0.25, 0.25, 0.25, 0.25];

    /// <summary>Similarity (the default: 1 − the mean nearest cosine) or Recency (half that, half freshness).</summary>
    /// <value>Similarity</value>
    [Parameter]
    [SingleValue]
    public NoveltyDefinition NoveltyDefinition { get; set; }

    /// <summary>Entropy (the default: H/ln k) or GiniSimpson (1 − Σp²).</summary>
    /// <value>Entropy</value>
    [Parameter]
    [SingleValue]
    public DiversityDefinition DiversityDefinition { get; set; }

    /// <summary>The fields that every document should have: columns, JSON properties, or properties of objects.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] RequiredField { get; set; } = [];

    /// <summary>The date that ages are counted from, for -NoveltyDefinition Recency; now by default.</summary>
    [Parameter]
    public DateTime? AsOf { get; set; }

    /// <summary>The age at which a document is not recent at all: a TimeSpan, or a number of days.</summary>
    /// <value>365 days</value>
    [Parameter]
    [DayCountTransformation]
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromDays(365);

    /// <summary>The Jaccard similarity of 5-grams of words from which a document is a duplicate, above 0 and up to 1.</summary>
    /// <value>0.7</value>
    [Parameter]
    [ValidateRange(double.Epsilon, 1.0)]
    [Number]
    public double DuplicateThreshold { get; set; } = 0.7;

    /// <summary>ε &gt; 0 of a private release of each score.</summary>
    [Parameter]
    [Number(MayBeAbsent = true)]
    public double? Epsilon { get; set; }

    /// <summary>δ in (0, 1) of a private release.</summary>
    /// <value>1e-5</value>
    [Parameter]
    [Number]
    public double Delta { get; set; } = 1e-5;

    /// <summary>Which sets of documents count as neighbours: ReplaceOne (the default; their number is public) or AddRemove.</summary>
    /// <value>ReplaceOne</value>
    [Parameter]
    [SingleValue]
    public Neighboring Neighboring { get; set; } = Neighboring.ReplaceOne;

    /// <summary>The privacy budget to charge before noise is drawn: from New-PrivacyBudget or Get-PrivacyBudget, or its path or address.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public object? Budget { get; set; }

    /// <summary>The seed of the clustering, 0 by default; with -Epsilon also of the noise, which is then no longer private.</summary>
    /// <value>0</value>
    [Parameter]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    /// <summary>
    /// Score one of n parts of the contributors, written i/n, such as 3/8. A contributor is in one part with all its documents, so that its score is the one
    /// it has in the whole: duplicates and diversity are those of all its documents. Its name decides which part. Every part reads all documents. Not with
    /// -Seed and -Epsilon together, where one stream of noise serves all contributors.
    /// </summary>
    [Parameter]
    [Shard]
    [ArgumentCompleter(typeof(ShardCompleter))]
    public Shard? Shard { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        base.Begin();
        if (Shard is not null && Epsilon is not null && Seed is not null)
        {
            throw new QosValuationException(
                Faults.ParametersConflict,
                "With -Epsilon the seed draws the noise of all contributors in turn, which a shard cannot repeat: leave -Seed or -Shard out.",
                nameof(Seed));
        }

        if (Epsilon is not { } epsilon)
        {
            if (Budget is not null)
            {
                throw new QosValuationException(Faults.ParametersConflict, "-Budget is charged for a private release: add -Epsilon, or leave it out.", Budget);
            }

            return;
        }

        _budget = Budget is null ? null : PrivacyBudgetStore.Open(ResolveStore(BudgetPath.Of(Budget)));
        _releaser = new PrivateQualityReleaser(epsilon, Delta, Neighboring, RandomSource.Create(Seed), _budget);
    }

    /// <inheritdoc/>
    protected override void End()
    {
        CompleteReading();
        IReadOnlyList<QualityDocument> documents = Shard is null
            ? Documents
            : [.. Documents.Where(document => Shard.Contains(ShardIdentity.OfName(ContributorName.Fold(document.Contributor))))];
        if (documents.Count == 0 || (_budget is not null && !ShouldProcess(_budget.Budget.Path, "Charge and release data quality")))
        {
            return;
        }

        bool isRecency = NoveltyDefinition == NoveltyDefinition.Recency;
        var parameters = new DataQualityParameters
        {
            ErrorFactor = ErrorFactor,
            ClusterCount = ClusterCount,
            Weight = Weight,
            NoveltyDefinition = NoveltyDefinition,
            DiversityDefinition = DiversityDefinition,
            RequiredField = RequiredField,
            AsOf = isRecency ? (AsOf ?? DateTime.UtcNow).ToUniversalTime() : null,
            MaxAge = isRecency ? MaxAge : null,
            DuplicateThreshold = DuplicateThreshold,
            Seed = Seed ?? 0,
        };
        var options = new DataQualityOptions { Parameters = parameters, Dictionary = OpenDictionary() };
        options.Validate();
        bool embeds = (Weight[1] > 0 && Epsilon is null) || (ReferencePath.Length > 0 && Weight[2] > 0);
        string? index = IndexPath is null ? null : ResolveNewPath(IndexPath);
        if (index is not null && !File.Exists(index) && !ShouldProcess(index, "Save the reference index"))
        {
            index = null;
        }

        using SentenceEmbedder? embedder = embeds ? SentenceEmbedder.Open() : null;
        using ReferenceCorpus? reference = OpenReference(embedder, index);
        var estimator = new DataQualityEstimator(options with { Embedder = embedder, Reference = reference });
        foreach (QualityDocument document in documents)
        {
            estimator.Add(document);
        }

        var meter = new ProgressMeter(this, "Measuring data quality", "texts");
        IReadOnlyList<DataQuality> scores = BackgroundWork.Run(
            (progress, token) => _releaser is null ? estimator.Complete(progress, token) : _releaser.Release(estimator, progress, token),
            done => meter.Report(done, estimator.TextCount),
            Cancellation);
        meter.Complete();
        if (_releaser is not null && Seed is not null)
        {
            WriteWarning("The noise comes from a seed: whoever knows it can remove the noise. Publish unseeded scores only.");
        }

        WriteVerbose(string.Create(CultureInfo.CurrentCulture, $"{documents.Count:N0} documents of {scores.Count:N0} contributors."));
        foreach (DataQuality score in scores)
        {
            WriteRecord(score);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _budget?.Dispose();
        }

        base.Dispose(disposing);
    }
}
