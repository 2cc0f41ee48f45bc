using System.Management.Automation;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Models;

namespace QosValuation.Cmdlets;

/// <summary>Shows the square crop that a CLIP image encoder sees of an image.</summary>
/// <remarks>
/// <para>Decodes the image, resizes its shortest edge (antialiased bicubic, the arithmetic of Pillow), cuts the square at the centre and writes it as a
/// PNG. This is the encoder's input before it is scaled and normalised.</para>
/// <para>EXIF orientation is applied, so photographs stand upright. Grey becomes three equal channels, palettes are expanded, 16-bit samples keep their
/// upper 8 bits, CMYK is converted without a profile, transparency is laid over white, embedded colour profiles are not applied, and an animation gives
/// its first frame. JPEG, PNG, WebP, GIF, TIFF and AVIF are read, and SVG with -AllowSvg. An image that announces more than 1 GiB of pixels, or
/// 4 MiB a row, is refused before it is decoded; the variables QOSVALUATION_IMAGE_BYTES and QOSVALUATION_IMAGE_ROW_BYTES set other limits.</para>
/// <para>An image that is missing or damaged costs one error record and no other image.</para>
/// </remarks>
/// <example>
/// <summary>See a photograph as ViT-B/32 does.</summary>
/// <code>ConvertTo-ClipImage ./photo.jpg ./photo-224.png</code>
/// </example>
/// <example>
/// <summary>A folder of crops at the size of the default model.</summary>
/// <code>ConvertTo-ClipImage ./photos/*.jpg -Destination ./crops -Model clip-mini</code>
/// </example>
/// <example>
/// <summary>The images of a dataset.</summary>
/// <code>Import-CocoDataset captions_val2017.json -First 20 | ConvertTo-ClipImage -Destination ./crops -Force</code>
/// </example>
/// <seealso>Get-ClipEmbedding</seealso>
/// <seealso>ConvertTo-ClipToken</seealso>
/// <seealso>Get-ClipModel</seealso>
[Cmdlet(VerbsData.ConvertTo, "ClipImage", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ConvertToClipImageCommand : ClipModelCommand
{
    private readonly HashSet<string> _written =
        new(OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
    private ImagePreprocessor? _preprocessor;
    private ProgressMeter? _meter;
    private byte[] _crop = [];
    private string _destination = string.Empty;
    private bool _toFile;
    private long _count;

    /// <summary>
    /// The images; wildcards allowed. A file of exactly the given name goes before a pattern. Objects with a property Path, such as those of
    /// Import-CocoDataset, may come from the pipeline.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "Path")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>The images, wildcard characters taken literally. Files may come from the pipeline.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "LiteralPath")]
    [Alias("PSPath", "FullName", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>
    /// The folder that receives the crops, named as the images with the ending .png; it is created. For a single image, a file whose name ends in .png.
    /// </summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = string.Empty;

    /// <summary>The side of the square in pixels, 1 to 8192; 224 by default. Not together with -Model.</summary>
    /// <value>224</value>
    [Parameter]
    [ValidateRange(1, 8192)]
    [WholeNumber]
    public int ImageSize { get; set; } = 224;

    /// <summary>The model whose size and cropping are used: a name (see Get-ClipModel) or a folder. Without it CLIP's own recipe at -ImageSize.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ClipModelNameCompleter))]
    public string? Model { get; set; }

    /// <summary>Replace crops that exist.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>
    /// How photographs are decoded: Exact (the default) or Fast, which decodes large JPEGs at a fraction of their size, not below three times the crop's. Shows
    /// what Get-ClipEmbedding -Decode Fast sees.
    /// </summary>
    /// <value>Exact</value>
    [Parameter]
    [SingleValue]
    public ImageDecoding Decode { get; set; } = ImageDecoding.Exact;

    /// <summary>
    /// Decode SVG drawings as well. A drawing of a few hundred bytes may take any time and memory to paint: allow it where you trust its source.
    /// </summary>
    [Parameter]
    public SwitchParameter AllowSvg { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        if (Model is not null && IsBound(nameof(ImageSize)))
        {
            throw new QosValuationException(Faults.ParametersConflict, "Give -ImageSize or -Model, not both: a model has its own image size.", ImageSize);
        }

        _preprocessor = new ImagePreprocessor(Model is null ? new ImagePreprocessing { ImageSize = ImageSize } : OfModel(Model), LimitsOf(AllowSvg), Decode);
        _crop = new byte[3 * _preprocessor.ImageSize * _preprocessor.ImageSize];
        _destination = ResolveNewPath(Destination);
        _toFile = _destination.EndsWith(".png", StringComparison.OrdinalIgnoreCase) && !Directory.Exists(_destination);
        _meter = new ProgressMeter(this, "Cropping images", "images");
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (string image in Images())
        {
            Cancellation.ThrowIfCancellationRequested();
            TryItem(image, () => Convert(image));
            _meter!.Report(++_count, status: System.IO.Path.GetFileName(image));
        }
    }

    /// <inheritdoc/>
    protected override void End() => _meter!.Complete();

    private ImagePreprocessing OfModel(string name)
    {
        ClipModelFiles files = Resolve(name);
        return ClipModelReader.Describe(files).Vision?.Preprocessing
            ?? throw new QosValuationException(
                Faults.ModalityNotSupported, $"The model '{files.Name}' has no image encoder. Choose another -Model, or give -ImageSize.", name);
    }

    private IEnumerable<string> Images()
    {
        if (ParameterSetName == "LiteralPath")
        {
            return ResolvePaths(LiteralPath, literal: true);
        }

        return Path.SelectMany(path => WildcardPattern.ContainsWildcardCharacters(path) && !File.Exists(ResolveNewPath(path))
            ? ResolvePaths([path], literal: false).Where(found => !Directory.Exists(found))
            : ResolvePaths([path], literal: true));
    }

    private void Convert(string image)
    {
        string target = _toFile ? _destination : System.IO.Path.Combine(_destination, System.IO.Path.GetFileNameWithoutExtension(image) + ".png");
        if (_written.Contains(target))
        {
            throw new QosValuationException(
                Faults.DestinationTaken,
                _toFile
                    ? $"'{target}' holds one crop, and '{image}' is a further image. Name a folder as -Destination."
                    : $"Another image's crop was just written to '{target}'. Convert '{image}' to another folder.",
                image);
        }

        if (File.Exists(target) && (!Force || IsSame(image, target)))
        {
            throw new QosValuationException(
                Faults.ImageExists,
                IsSame(image, target) ? $"The crop of '{image}' would replace the image itself. Choose another "
                    + $"-Destination." : $"'{target}' exists. Replace it with -Force, or choose another -Destination.",
                target);
        }

        // Before asking, so that -WhatIf reports images that cannot be read.
        _preprocessor!.Crop(image, _crop);
        if (!ShouldProcess(target, $"Write the crop of '{image}'"))
        {
            return;
        }

        ImageWriter.SavePng(target, _crop, _preprocessor.ImageSize, _preprocessor.ImageSize);
        _written.Add(target);
        WriteRecord(new FileInfo(target));
    }

    private bool IsSame(string image, string target) => _written.Comparer.Equals(System.IO.Path.GetFullPath(image), System.IO.Path.GetFullPath(target));
}
