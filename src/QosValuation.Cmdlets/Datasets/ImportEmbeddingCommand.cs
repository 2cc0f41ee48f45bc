using System.Globalization;
using System.Management.Automation;
using QosValuation.Embeddings.Datasets;
using QosValuation.Foundation.Sharding;

namespace QosValuation.Cmdlets;

/// <summary>Reads embeddings from NumPy arrays, CSV, JSON lines or Parquet, and from folders of clip-retrieval.</summary>
/// <remarks>
/// <para>A .npy holds a row an embedding: 16-, 32- or 64-bit floats, either byte order, C or Fortran order. A .csv has a column a component
/// (v0, v1, …, or none named at all), or one column Vector; columns Source, Item, Modality, Model, Contributor, Ordinal, ClusterId and
/// Novelty describe the row, a column Label (or Class) becomes a property Label, and other columns are named in a warning. A first line
/// that numbers the columns (0, 1, 2, … as pandas writes it) and one that begins with # (as numpy.savetxt writes it) are headers. A
/// negative ClusterId is noise, as scikit-learn and hdbscan mark it. A .jsonl has an object a line with the same names and an array vector.
/// Rows are streamed: memory does not grow with the file.</para>
/// <para>A .parquet has a column of lists of 16-, 32- or 64-bit floats, named Vector or Embedding, or of any name where it is the only one, and columns
/// with the names above. It is read a row group at a time: memory holds one, of at most 134,217,728 numbers. Lists in data pages
/// of version 2 are refused.</para>
/// <para>A folder that clip-retrieval wrote is read as it is: img_emb/img_emb_N.npy, text_emb/text_emb_N.npy and metadata/metadata_N.parquet. Row i
/// of each is one record: its image leaves first, then its text, with the same Item. Item and the image's Source are image_path, the text's
/// Source is caption; an image_path that is neither a full path nor an address counts within the folder. All parts are looked at before the first
/// embedding leaves: one that is missing, or of another length, ends the reading of the folder. -Modality takes one of the two alone.</para>
/// <para>What rows are is told, in this order, by -MetadataPath, by the file's own columns, and by the parameters. For a .npy,
/// NAME.metadata.jsonl or NAME.metadata.csv beside it is taken by itself; Export-Embedding writes it. A metadata file has a record a row:
/// .csv, .jsonl or .parquet with the columns above (Path, Text and Caption also name the source), a .json array of texts or objects, or a COCO
/// captions file with as many images, or captions, as there are rows. A .parquet of img2dataset (url, caption, key, status, …) may have as many rows
/// as there are vectors, or as many whose status is success: rows of another status have no picture, and are left out.</para>
/// <para>Vectors are scaled to unit norm, in double precision where the file holds more than 32-bit floats. A row that is zero, not finite
/// or of another length costs one error record and no other row. Without metadata, Item is the file's full path and the row, and the contributor
/// the folder that holds the file.</para>
/// </remarks>
/// <example>
/// <summary>The photographs of a COCO file, embedded elsewhere.</summary>
/// <code>Import-Embedding image_embeddings.npy -MetadataPath captions.json | Group-Embedding</code>
/// </example>
/// <example>
/// <summary>Text embeddings of a list of prompts.</summary>
/// <code>Import-Embedding coco80_text_embeddings.npy -Modality Text -MetadataPath coco80_prompts.json</code>
/// </example>
/// <example>
/// <summary>Ten contributors, by turns.</summary>
/// <code>Import-Embedding image_embeddings.npy -Contributor { "agent$($_.Ordinal % 10)" } |
///     Group-Embedding -PassThru | Measure-DataValue</code>
/// </example>
/// <example>
/// <summary>What clip-retrieval embedded, with its captions.</summary>
/// <code>Import-Embedding ./clip_retrieval | Group-Embedding</code>
/// </example>
/// <seealso>Export-Embedding</seealso>
/// <seealso>Join-Embedding</seealso>
/// <seealso>Get-ClipEmbedding</seealso>
/// <seealso>Group-Embedding</seealso>
[Cmdlet(VerbsData.Import, "Embedding", DefaultParameterSetName = "Path")]
[OutputType(typeof(ClipEmbedding))]
public sealed class ImportEmbeddingCommand : QosCmdlet
{
    private ProgressMeter? _meter;
    private ShardCursor? _cursor;
    private long _count;

    /// <summary>
    /// The files (.npy, .csv, .jsonl or .parquet) and folders of clip-retrieval, wildcards allowed. Metadata beside an array is not taken for embeddings.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "Path")]
    [Alias("FullName")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>The files, wildcard characters taken literally.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath")]
    [Alias("PSPath")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>
    /// Image or Text: what rows are that do not say so themselves. Image by default. Of a folder of clip-retrieval, which of the two is read; both by
    /// default.
    /// </summary>
    [Parameter(Position = 1)]
    [SingleValue]
    public Modality Modality { get; set; } = Modality.Image;

    /// <summary>A .csv, .jsonl, .json or .parquet file with a record a row, in the same order.</summary>
    [Parameter(Position = 2)]
    [ValidateNotNullOrEmpty]
    public string? MetadataPath { get; set; }

    /// <summary>The name of the model that made the vectors, for rows that do not say so themselves.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ClipModelNameCompleter))]
    public string? Model { get; set; }

    /// <summary>
    /// Who contributed the rows: a name for rows that do not say so themselves, or a script block that gets each embedding as $_ and
    /// decides for every row (where it gives nothing, the row keeps its own; where it fails, the row costs one error record). By default
    /// the folder that holds the source, or the file.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public object? Contributor { get; set; }

    /// <summary>The format of the files, where their names do not end in it: Npy, Csv, JsonLines or Parquet.</summary>
    /// <value>by the ending</value>
    [Parameter]
    [SingleValue]
    public EmbeddingFileFormat? Format { get; set; }

    /// <summary>
    /// Give one of n parts of the rows, written i/n, such as 3/8. The Item decides which, so that a record stays whole; where a row names none, the name of
    /// the file and the row. Every part reads the files through. See Join-Embedding.
    /// </summary>
    [Parameter]
    [Shard]
    [ArgumentCompleter(typeof(ShardCompleter))]
    public Shard? Shard { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        _meter = new ProgressMeter(this, "Importing embeddings", "embeddings");
        _cursor = Shard is null ? null : new ShardCursor(Shard);
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        object? contributor = Contributor is PSObject wrapped ? wrapped.BaseObject : Contributor;
        var options = new EmbeddingReadOptions
        {
            Modality = IsBound(nameof(Modality)) ? Modality : null,
            Format = Format,
            MetadataPath = MetadataPath is null ? null : ResolveNewPath(MetadataPath),
            Model = Model,
            Contributor = contributor is ScriptBlock ? null : contributor?.ToString(),
            Shard = _cursor,
            Warned = WriteWarning,
        };
        bool isPattern = ParameterSetName == "Path";
        foreach (string path in ResolvePaths(isPattern ? Path : LiteralPath, literal: !isPattern))
        {
            if (isPattern && EmbeddingFile.IsSidecar(path) && Array.Exists(Path, WildcardPattern.ContainsWildcardCharacters))
            {
                continue;
            }

            TryItem(path, () => Import(path, options, contributor as ScriptBlock));
        }
    }

    /// <inheritdoc/>
    protected override void End() => _meter!.Complete();

    private void Import(string path, EmbeddingReadOptions options, ScriptBlock? contributor)
    {
        long before = _count;
        long total = _count + EmbeddingFile.CountRows(path, Format) ?? 0;
        foreach ((ClipEmbedding embedding, string? label) in EmbeddingFile.ReadLabelled(path, options, fault => WriteFault(fault), Cancellation))
        {
            _meter!.Report(++_count, total, System.IO.Path.GetFileName(path));
            string name;
            try
            {
                name = contributor is null ? embedding.Contributor : ContributorArgument.Of(contributor, embedding, embedding.Contributor);
            }
            catch (QosValuationException fault)
            {
                WriteFault(fault);
                continue;
            }

            ClipEmbedding named = contributor is null ? embedding : embedding with { Contributor = name };
            WriteRecord(label is null ? named : EmbeddingLabel.Shown(named, label));
        }

        WriteVerbose(string.Create(CultureInfo.CurrentCulture, $"Read {_count - before} embeddings from '{path}'."));
    }
}
