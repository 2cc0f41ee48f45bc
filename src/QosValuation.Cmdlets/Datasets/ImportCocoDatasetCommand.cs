using System.Management.Automation;
using QosValuation.Embeddings.Datasets;
using QosValuation.Foundation.Sharding;

namespace QosValuation.Cmdlets;

/// <summary>Reads photographs and captions in COCO's captions layout.</summary>
/// <remarks>
/// <para>Emits one record an image, in the order of the annotation file: its id, its path, its captions, its size and its licence.
/// Get-ClipEmbedding takes these records from the pipeline and embeds the image and its captions.</para>
/// <para>An image that the file lists and the folder lacks costs one error record, and the others go on; -ErrorAction SilentlyContinue
/// reads what is there. The same holds for other entries that cannot be used: a file name that leads out of the folder, an image id that
/// occurs twice, a caption without text. Captions whose images the file does not list cost one error record in all.</para>
/// </remarks>
/// <example>
/// <summary>Photographs and captions on their way to token grants.</summary>
/// <code>Import-CocoDataset -AnnotationPath captions_val2017.json -ImageFolder val2017 |
///     Get-ClipEmbedding | Group-Embedding -PassThru | Measure-DataValue |
///     Invoke-TokenAllocation -Supply 1000 -Capacity 4</code>
/// </example>
/// <example>
/// <summary>Ten records to look at.</summary>
/// <code>Import-CocoDataset captions_val2017.json val2017 -First 10</code>
/// </example>
/// <example>
/// <summary>Captions alone, without photographs.</summary>
/// <code>Import-CocoDataset captions_val2017.json -WithoutImage | Get-ClipEmbedding</code>
/// </example>
/// <example>
/// <summary>The second of four machines takes its part, with its photographs and captions.</summary>
/// <code>Import-CocoDataset captions_val2017.json val2017 -Shard 2/4 | Get-ClipEmbedding | Export-Embedding ./shards/2.npy</code>
/// </example>
/// <seealso>Get-ClipEmbedding</seealso>
/// <seealso>Join-Embedding</seealso>
/// <seealso>New-SceneDataset</seealso>
/// <seealso>Import-Embedding</seealso>
[Cmdlet(VerbsData.Import, "CocoDataset", DefaultParameterSetName = "Image")]
[OutputType(typeof(CocoItem))]
public sealed class ImportCocoDatasetCommand : QosCmdlet
{
    /// <summary>The annotation file, such as captions_val2017.json; wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "Image")]
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "Text")]
    [Alias("Path", "FullName")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] AnnotationPath { get; set; } = [];

    /// <summary>The annotation file, wildcard characters taken literally.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralImage")]
    [Parameter(Mandatory = true, ParameterSetName = "LiteralText")]
    [Alias("PSPath")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>
    /// The folder of the images. By default it is looked for beside the annotation file: a folder named like a part of its name (val2017
    /// for captions_val2017.json), its own folder, images; then the same one level up.
    /// </summary>
    [Parameter(Position = 1, ParameterSetName = "Image")]
    [Parameter(Position = 1, ParameterSetName = "LiteralImage")]
    [ValidateNotNullOrEmpty]
    public string? ImageFolder { get; set; }

    /// <summary>Stop after this many records of each annotation file, at least 1. All by default.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    [WholeNumber]
    public int First { get; set; } = int.MaxValue;

    /// <summary>Give captions alone: no image is looked for, and Path is empty.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Text")]
    [Parameter(Mandatory = true, ParameterSetName = "LiteralText")]
    public SwitchParameter WithoutImage { get; set; }

    /// <summary>
    /// Give one of n parts of the records, written i/n, such as 3/8. The image's id decides which, so that all machines agree wherever the files lie, and
    /// records that are added later move none. -First counts the records of all parts. See Join-Embedding.
    /// </summary>
    [Parameter]
    [Shard]
    [ArgumentCompleter(typeof(ShardCompleter))]
    public Shard? Shard { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        string? folder = ImageFolder is null ? null : ResolveNewPath(ImageFolder);
        bool literal = LiteralPath.Length > 0;
        foreach (string path in ResolvePaths(literal ? LiteralPath : AnnotationPath, literal))
        {
            TryItem(path, () =>
            {
                WriteVerbose($"Reading '{path}', images from '{(WithoutImage ? "nowhere" : folder ?? "its own folder")}'.");
                foreach (CocoItem item in CocoDataset.Read(path, folder, First, WithoutImage, fault => WriteFault(fault), Shard, Cancellation))
                {
                    WriteRecord(item);
                }
            });
        }
    }
}
