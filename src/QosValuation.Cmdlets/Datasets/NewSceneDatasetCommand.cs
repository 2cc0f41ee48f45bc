using System.Management.Automation;
using QosValuation.Embeddings.Datasets.Scenes;

namespace QosValuation.Cmdlets;

/// <summary>Generates a folder of drawn scenes with truthful captions, in COCO layout.</summary>
/// <remarks>
/// <para>Makes a dataset to try everything on where there are no photographs: images/000000000001.jpg and so on, and captions.json with
/// five captions an image. Places (beach, snow, meadow, street, lake, sunset, night, forest, desert, pool), light, people, dogs, cars,
/// boats and other things, their positions and sizes vary; captions name what was drawn. Some places are common and some rare, so that
/// clusters, novelty and noise occur.</para>
/// <para>Emits one record an image as soon as it is on disk, as Import-CocoDataset would. captions.json is written last: a folder without
/// it is an unfinished dataset, and the same command makes it anew. The same seed gives the same scenes, whatever the number of processors;
/// a larger -Count begins with the same scenes.</para>
/// <para>With -Contributors the images lie in folders contributor-01, contributor-02 and so on, unequal in number, each with favourite
/// places. Get-ClipEmbedding takes the parent folder for the contributor.</para>
/// </remarks>
/// <example>
/// <summary>Generate, embed, group and value in one pipeline.</summary>
/// <code>New-SceneDataset ./scenes -Count 600 -Contributors 8 -Seed 1 |
///     Get-ClipEmbedding | Group-Embedding -PassThru | Measure-DataValue</code>
/// </example>
/// <example>
/// <summary>A dataset to read again later.</summary>
/// <code>New-SceneDataset -Path ./scenes -Count 200 -Seed 7 | Out-Null
/// Import-CocoDataset -AnnotationPath ./scenes/captions.json -ImageFolder ./scenes/images</code>
/// </example>
/// <example>
/// <summary>Larger pictures, replacing the dataset that stands there.</summary>
/// <code>New-SceneDataset ./scenes -Count 50 -ImageSize 640 -Force | Select-Object -First 3 -ExpandProperty Captions</code>
/// </example>
/// <seealso>Import-CocoDataset</seealso>
/// <seealso>Get-ClipEmbedding</seealso>
[Cmdlet(VerbsCommon.New, "SceneDataset", SupportsShouldProcess = true)]
[OutputType(typeof(CocoItem))]
public sealed class NewSceneDatasetCommand : QosCmdlet
{
    /// <summary>The folder that receives images/ and captions.json; it is created.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = string.Empty;

    /// <summary>The number of scenes, 1 to 10,000,000; 500 by default. A processor draws about a hundred a second.</summary>
    /// <value>500</value>
    [Parameter(Position = 1)]
    [ValidateRange(1, 10_000_000)]
    [WholeNumber]
    public int Count { get; set; } = 500;

    /// <summary>The longer side of the images in pixels, 32 to 4096; 320 by default. The aspect ratio varies.</summary>
    /// <value>320</value>
    [Parameter]
    [ValidateRange(32, 4096)]
    [WholeNumber]
    public int ImageSize { get; set; } = 320;

    /// <summary>The number of contributor folders, 1 to -Count. 1 by default: the images then lie in images/ itself.</summary>
    /// <value>1</value>
    [Parameter]
    [ValidateRange(1, 10_000_000)]
    [WholeNumber]
    public int Contributors { get; set; } = 1;

    /// <summary>The seed: the same seed gives the same scenes. Without it one is drawn, which captions.json records.</summary>
    [Parameter]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    /// <summary>Replace a dataset that stands in the folder: its images and captions are deleted, other files stay.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        var options = new SceneDatasetOptions
        {
            Path = ResolveNewPath(Path),
            Count = Count,
            ImageSize = ImageSize,
            Contributors = Contributors,
            Seed = Seed,
            Overwrite = Force,
        };
        IEnumerable<CocoItem> items = SceneDatasetGenerator.Generate(options, cancellationToken: Cancellation);
        if (!ShouldProcess(options.Path, $"Generate {Count} scenes"))
        {
            return;
        }

        var meter = new ProgressMeter(this, "Drawing scenes", "scenes");
        foreach (CocoItem item in items)
        {
            WriteRecord(item);
            meter.Report(item.ImageId, Count);
        }

        meter.Complete();
    }
}
