using System.Collections;
using System.Globalization;
using System.Management.Automation;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Search;

namespace QosValuation.Cmdlets;

/// <summary>Finds the embeddings nearest to an image, a text or a vector, by the cosine.</summary>
/// <remarks>
/// <para>The search is exact: every embedding is compared with every query, in double precision, as it comes. Only the best of each query are
/// kept, so that memory does not grow with the embeddings. At the end the matches leave, query after query, each from the nearest: Rank from 1,
/// Similarity from −1 to 1, and the Embedding itself. Of equal ones the embedding that came first is nearer.</para>
/// <para>A -Query that ends as an image file does (.jpg, .png, …) is the path of an image, wildcards allowed; any other string is a text. Files
/// from Get-ChildItem are images. Embeddings, clusters (their centroids), prototypes and arrays of numbers are vectors. A text that ends like an
/// image file is embedded with Get-ClipEmbedding -Text first.</para>
/// <para>Images and texts are embedded by -Model, or else by the model that the first embedding names. Vectors of models of unlike dimension
/// cannot be compared: each such embedding is an error, counted once. A warning says where models differ and only their dimensions agree.</para>
/// <para>CLIP's image and text vectors lie apart: a photograph and its caption have a cosine of 0.2 to 0.35 under ViT-B/32, and two unlike
/// photographs one of 0.4 and more. Compare ranks, or set -Threshold for one modality at a time.</para>
/// </remarks>
/// <example>
/// <summary>The photographs that show a dog in the snow.</summary>
/// <code>$embeddings = Get-ClipEmbedding ./photos -Recurse
/// $embeddings | Find-Embedding 'a dog in the snow' -Top 5</code>
/// </example>
/// <example>
/// <summary>How alike a photograph and two texts are (the cosine).</summary>
/// <code>Get-ClipEmbedding -Text 'a dog in the snow', 'a red car' | Find-Embedding ./photo.jpg | Format-Table Source, Similarity</code>
/// </example>
/// <example>
/// <summary>New photographs that are nearly the same as a known one.</summary>
/// <code>Import-Embedding image_embeddings.npy | Find-Embedding ./photographs/*.jpg -Top 1 -Threshold 0.97 -Model clip-mini |
///     Format-Table Query, Source, Similarity</code>
/// </example>
/// <seealso>Get-ClipEmbedding</seealso>
/// <seealso>Import-Embedding</seealso>
/// <seealso>Group-Embedding</seealso>
[Cmdlet(VerbsCommon.Find, "Embedding")]
[OutputType(typeof(EmbeddingMatch))]
public sealed class FindEmbeddingCommand : ClipModelCommand
{
    private readonly List<EmbeddingQuery> _vectors = [];
    private readonly List<(int Place, string Source, Modality Modality)> _sources = [];
    private EmbeddingSearch? _search;
    private ProgressMeter? _meter;
    private string? _model;
    private bool _isHopeless;
    private bool _hasWarned;

    /// <summary>
    /// What to search for, one or several: paths of images, texts, files, embeddings, clusters, prototypes, or arrays of numbers.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public object[] Query { get; set; } = [];

    /// <summary>The embeddings to search: from Get-ClipEmbedding, Import-Embedding or Group-Embedding -PassThru.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [Accepts(typeof(ClipEmbedding))]
    [ValidateNotNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>The most matches of each query, at least 1; 10 by default.</summary>
    /// <value>10</value>
    [Parameter(Position = 1)]
    [ValidateRange(1, int.MaxValue)]
    [Alias("First", "K")]
    [WholeNumber]
    public int Top { get; set; } = 10;

    /// <summary>The least cosine of a match, from -1 to 1; none by default.</summary>
    [Parameter(Position = 2)]
    [ValidateRange(-1.0, 1.0)]
    [Number(MayBeAbsent = true)]
    public double? Threshold { get; set; }

    /// <summary>The model that embeds images and texts: a name (see Get-ClipModel) or a folder. By default the one that the first embedding names.</summary>
    /// <value>the model of the embeddings</value>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ClipModelNameCompleter))]
    public string? Model { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        // A list of numbers is one vector.
        object[] queries = Array.TrueForAll(Query, IsNumber) ? [Query] : Query;
        foreach (object query in queries)
        {
            TryItem(query, () => Take(query));
        }

        if (_vectors.Count + _sources.Count == 0)
        {
            throw new QosValuationException(Faults.SearchQueryInvalid, "No query is left to search for.", Query);
        }

        _meter = new ProgressMeter(this, "Searching", "embeddings");
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (ClipEmbedding embedding in Records<ClipEmbedding>(InputObject))
        {
            Cancellation.ThrowIfCancellationRequested();
            if (_isHopeless)
            {
                return;
            }

            _search ??= Open(embedding.Model ?? string.Empty);
            if (_search is not null && TryItem(embedding, () => _search.Add(embedding)))
            {
                WarnOfModel(embedding);
                _meter!.Report(_search.Count);
            }
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        _meter!.Complete();
        if (_search is null)
        {
            return;
        }

        WriteVerbose(string.Create(CultureInfo.CurrentCulture, $"Compared {_search.Count:N0} embeddings with {_vectors.Count:N0} queries."));
        foreach (EmbeddingMatch match in _search.Matches())
        {
            WriteRecord(match);
        }
    }

    private static bool IsNumber(object? value) => RecordReader.Bare(value) is float or double or int or long or decimal or Half;

    private void Take(object query)
    {
        object bare = RecordReader.Bare(query)!;
        switch (bare)
        {
            case FileSystemInfo file:
                Await(file.FullName, Modality.Image);
                return;
            case string path when ImageFileFinder.IsImage(path):
                foreach (string image in ResolvePaths([path], literal: false))
                {
                    Await(image, Modality.Image);
                }

                return;
            case string text:
                Await(text, Modality.Text);
                return;
            case IList numbers when numbers.Count > 0 && numbers.Cast<object?>().All(IsNumber):
                float[] vector = (float[])LanguagePrimitives.ConvertTo(numbers, typeof(float[]), CultureInfo.InvariantCulture);
                Take(new EmbeddingQuery(string.Create(CultureInfo.InvariantCulture, $"vector {_vectors.Count + 1}"), vector));
                return;
            case IList several when several.Count > 0:
                foreach (object? inner in several)
                {
                    Take(inner ?? throw Invalid(inner));
                }

                return;
        }

        Take(RecordReader.TryRead(query, out SemanticCluster? cluster)
            ? new EmbeddingQuery(string.Create(CultureInfo.InvariantCulture, $"cluster {cluster.Id}"), cluster.Centroid)
            : RecordReader.TryRead(query, out DpPrototype? prototype)
                ? new EmbeddingQuery(string.Create(CultureInfo.InvariantCulture, $"prototype {prototype.ClusterId} {prototype.Modality}"), prototype.Vector)
                : RecordReader.TryRead(query, out ClipEmbedding? embedding)
                    ? new EmbeddingQuery(embedding.Source, embedding.Vector, embedding.Model)
                    : throw Invalid(query));

        QosValuationException Invalid(object? item) => new(
            Faults.SearchQueryInvalid,
            Refusal([typeof(ClipEmbedding), typeof(SemanticCluster), typeof(DpPrototype)], item, "a path, text or array of numbers as -Query").Message,
            item);
    }

    private void Take(EmbeddingQuery query)
    {
        // A vector that cannot be searched for is told now, before any embedding comes.
        _ = new EmbeddingSearch([query]);
        _vectors.Add(query);
    }

    private void Await(string source, Modality modality)
    {
        _sources.Add((_vectors.Count, source, modality));
        _vectors.Add(new EmbeddingQuery(source, []));
    }

    /// <summary>Embeds the images and texts among the queries, and begins the search.</summary>
    private EmbeddingSearch? Open(string modelOfEmbeddings)
    {
        if (_sources.Count > 0)
        {
            string model = Model ?? modelOfEmbeddings;
            using ClipEncoder encoder = OpenEncoder(model);
            _model = encoder.Model.Name;
            foreach ((int place, string source, Modality modality) in _sources)
            {
                TryItem(source, () =>
                {
                    float[] vector = modality == Modality.Image ? encoder.EncodeImage(source, Cancellation) : encoder.EncodeText(source, Cancellation);
                    _vectors[place] = new EmbeddingQuery(source, vector, _model);
                });
            }

            _vectors.RemoveAll(query => query.Vector.Length == 0);
            if (_vectors.Count == 0)
            {
                _isHopeless = true;
                return null;
            }
        }

        return new EmbeddingSearch(_vectors, Top, Threshold);
    }

    private ClipEncoder OpenEncoder(string model)
    {
        try
        {
            return ClipEncoder.Open(Resolve(model));
        }
        catch (QosValuationException fault) when (Model is null && model.Length > 0 && fault.Is(Faults.ModelNotFound))
        {
            throw new QosValuationException(
                Faults.ModelNotFound,
                $"The embeddings were made by '{model}', which is not here to embed the query: name it, or its folder, with -Model, or give vectors as -Query.",
                model,
                fault);
        }
    }

    private void WarnOfModel(ClipEmbedding embedding)
    {
        if (_hasWarned || string.IsNullOrEmpty(embedding.Model))
        {
            return;
        }

        if (_vectors.Find(query => query.Model.Length > 0 && query.Model != embedding.Model) is { } other)
        {
            _hasWarned = true;
            WriteWarning($"The embeddings of '{embedding.Model}' are compared with a query of '{other.Model}': the cosine of vectors of different models "
                + "means nothing.");
        }
    }
}
