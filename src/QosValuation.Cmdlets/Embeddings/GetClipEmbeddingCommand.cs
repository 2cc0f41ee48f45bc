using System.Diagnostics;
using System.Globalization;
using System.Management.Automation;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Models;
using QosValuation.Embeddings.Text;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Sharding;

namespace QosValuation.Cmdlets;

/// <summary>Embeds images and texts with a CLIP model.</summary>
/// <remarks>
/// <para>Takes images by path, texts by -Text, and records from the pipeline: those of Import-CocoDataset (a photograph with its captions), files, paths
/// as strings, and any objects with properties named Path, FullName or PSPath, and Text, Caption or Captions. Emits one embedding an image and one a text,
/// in order of arrival, as soon as they are there: a vector of unit length (L2) in the space that the model's images and texts share.</para>
/// <para>Item ties together what belongs to one record, and holds its source, so that unlike things never share one. It is the full path of the image,
/// which the texts of the same pipeline object share. A record of a COCO file without an image has the Item coco:FILE:ID, with a digest of the file. Any
/// other text without an image is text: and the text, or its beginning and a digest where it is long: the same text of the same contributor is the same
/// record. The texts of one pipeline object are one record, named by its property Item where it has one, else by all of them.</para>
/// <para>Without -Contributor the contributor is the name of the image's folder, and empty for texts without an image.</para>
/// <para>An image or text that cannot be embedded (missing, damaged, empty) costs one error record and no other item; the captions of such an image are
/// embedded all the same. A text that is longer than the model's context loses its end.</para>
/// <para>Images are decoded ahead of the running inference by several threads, and as many batches run at once as there are cores. Memory does not grow
/// with the number of items. The same input gives byte-identical vectors with the same batch size on the same kind of machine; another batch size changes
/// the last digits (cosine at least 0.99999). With -CachePath, vectors computed before are taken from the file, whatever batch size they were computed
/// with.</para>
/// <para>Files and folders whose names begin with a dot, such as .thumbnails and ._photo.jpg, are left out of folders and wildcards; name them to embed
/// them.</para>
/// <para>JPEG, PNG, WebP, GIF, TIFF and AVIF are read, and SVG with -AllowSvg. An image that announces more than 1 GiB of pixels, or 4 MiB a row, is
/// refused before it is decoded; the variables QOSVALUATION_IMAGE_BYTES and QOSVALUATION_IMAGE_ROW_BYTES set other limits.</para>
/// <para>With -Decode Fast a JPEG is decoded at a half, a quarter or an eighth of its size where at least three times the encoder's size is left; all other
/// images are decoded as by Exact. The data of a JPEG are read whole all the same, so that damage is found, and large files gain less than sparse ones. The
/// cosine to the exact vector was at least 0.9999 over 358 photographs of COCO val2017 (clip-mini), and at least 0.9998 over 12 of them enlarged to 12
/// megapixels.</para>
/// <para>-Shard i/n embeds one of n parts of the items, for n machines or processes that share the work; Join-Embedding joins what they made to what one
/// would have made. Each sees all items and leaves out those of the others, whose images are not opened. What decides is the path below the folder that was
/// named, or before the first wildcard; of a file that was named itself, and of one from the pipeline, its name; of a record of Import-CocoDataset
/// the id of its image; of texts the texts. So every machine divides alike wherever the files are mounted, and items that are added move none.</para>
/// <para>ConvertTo-ClipImage and ConvertTo-ClipToken show what the encoders see.</para>
/// </remarks>
/// <example>
/// <summary>Embed photographs and group them.</summary>
/// <code>Get-ClipEmbedding *.jpg | Group-Embedding | New-DpPrototype -Epsilon 1 -Delta 1e-5</code>
/// </example>
/// <example>
/// <summary>A dataset with captions, embedded with ViT-B/32; the second run takes its vectors from the cache.</summary>
/// <code>Import-CocoDataset captions_val2017.json val2017 |
///     Get-ClipEmbedding -Model ViT-B-32 -CachePath ./embeddings.db |
///     Group-Embedding -PassThru | Measure-DataValue</code>
/// </example>
/// <example>
/// <summary>Say who contributed each photograph: here the first part of its name.</summary>
/// <code>Get-ChildItem ./photos -Recurse -Filter *.jpg | Get-ClipEmbedding -Contributor { $_.BaseName.Split('_')[0] }</code>
/// </example>
/// <example>
/// <summary>Rows of a table: the columns path, caption and contributor are taken by their names.</summary>
/// <code>Import-Csv items.csv | Get-ClipEmbedding</code>
/// </example>
/// <example>
/// <summary>How alike a photograph and two texts are (the cosine).</summary>
/// <code>Get-ClipEmbedding -Text 'a dog in the snow', 'a red car' | Find-Embedding ./photo.jpg</code>
/// </example>
/// <example>
/// <summary>The third of eight parts.</summary>
/// <code>Get-ClipEmbedding ./photos -Recurse -Shard 3/8 | Export-Embedding ./shards/3.npy</code>
/// </example>
/// <seealso>Import-CocoDataset</seealso>
/// <seealso>Join-Embedding</seealso>
/// <seealso>Group-Embedding</seealso>
/// <seealso>Find-Embedding</seealso>
/// <seealso>Get-ClipModel</seealso>
/// <seealso>Export-Embedding</seealso>
/// <seealso>ConvertTo-ClipImage</seealso>
/// <seealso>ConvertTo-ClipToken</seealso>
[Cmdlet(VerbsCommon.Get, "ClipEmbedding")]
[OutputType(typeof(ClipEmbedding))]
public sealed class GetClipEmbeddingCommand : ClipModelCommand
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(200);

    private readonly long _start = Stopwatch.GetTimestamp();
    private ClipEncoder? _encoder;
    private EmbeddingCache? _cache;
    private EmbeddingPipeline? _pipeline;
    private ProgressMeter? _meter;
    private bool _namesInput;
    private bool _hasWarnedOfModality;
    private long _position;
    private long _cached;
    private long _truncated;

    /// <summary>
    /// The images; wildcards allowed. A file of exactly the given name goes before a pattern. A folder stands for the images in it. From the pipeline by
    /// the property name Path; strings from the pipeline are paths too.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>The images, wildcard characters taken literally. From the pipeline by the property names PSPath and FullName, as files have them.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "FullName", "LP")]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Take the images of all subfolders of a folder as well. Links to folders are not followed.</summary>
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    /// <summary>
    /// Texts. From the pipeline by the property names Text, Caption and Captions; they then belong to the image of the same object, where it has one.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Caption", "Captions")]
    [PlainText]
    public string[] Text { get; set; } = [];

    /// <summary>Records from the pipeline: those of Import-CocoDataset, files, paths as strings, or objects with properties for paths and texts.</summary>
    [Parameter(ValueFromPipeline = true)]
    [Accepts(typeof(CocoItem), AndOthers = true)]
    public PSObject? InputObject { get; set; }

    /// <summary>Which parts of a record that has an image and texts are embedded: Both (the default), Image or Text.</summary>
    /// <value>Both</value>
    [Parameter]
    [SingleValue]
    public EmbeddedModalities Modality { get; set; } = EmbeddedModalities.Both;

    /// <summary>
    /// The model: a name (see Get-ClipModel), or a folder in the public ONNX layout, or an ONNX file in one. By default clip-small, which is built in;
    /// clip-mini, built in too, knows little and is seven times as fast; for results use ViT-B/32 (see Install-ClipModel).
    /// </summary>
    /// <value>clip-small</value>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ClipModelNameCompleter))]
    public string Model { get; set; } = ClipModelCatalog.DefaultName;

    /// <summary>
    /// Who contributed the records: a name, or a script block that gives the name, in which $_ is the file of the image, the text, or the object that came
    /// from the pipeline where that is neither a file nor a string. From the pipeline by property name. By default the name of the image's folder.
    /// </summary>
    /// <value>the name of the image's folder</value>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public object? Contributor { get; set; }

    /// <summary>
    /// The number of images, or of texts, that are prepared and handed to the encoder together, from 1 to 1024. 8 suits processors, which run no more
    /// images than that at a time; GPUs like more.
    /// </summary>
    /// <value>8</value>
    [Parameter]
    [ValidateRange(1, 1024)]
    [WholeNumber]
    public int BatchSize { get; set; } = EmbeddingPipelineOptions.DefaultBatchSize;

    /// <summary>
    /// What runs the model: Cpu (the default), or what else the installed ONNX Runtime binaries offer on this machine. A GPU's vectors differ from a
    /// processor's in the last digits, and a cache keeps the two apart.
    /// </summary>
    /// <value>Cpu</value>
    [Parameter]
    [SingleValue]
    public ExecutionProvider ExecutionProvider { get; set; } = ExecutionProvider.Cpu;

    /// <summary>Use the processor, with a warning, where the execution provider cannot be used. Without it that is an error.</summary>
    [Parameter]
    public SwitchParameter AllowFallback { get; set; }

    /// <summary>
    /// A SQLite file that keeps embeddings, made where there is none: a second run over the same content with the same model skips decoding and inference.
    /// Several processes may share it.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CachePath { get; set; }

    /// <summary>
    /// How photographs are decoded: Exact (the default) or Fast, which decodes large JPEGs at a fraction of their size, not below three times the encoder's.
    /// A cache keeps the vectors of the two apart.
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

    /// <summary>
    /// Repair texts before they are embedded as ftfy.fix_text does, and so OpenAI's code for CLIP: text read in the wrong encoding, curly quotation marks,
    /// ligatures, full width, control characters. Source is then the repaired text. Without it texts are cleaned as ConvertTo-ClipToken says.
    /// </summary>
    [Parameter]
    public SwitchParameter RepairText { get; set; }

    /// <summary>Embed one of n parts of the items, written i/n, such as 3/8.</summary>
    [Parameter]
    [Shard]
    [ArgumentCompleter(typeof(ShardCompleter))]
    public Shard? Shard { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        // What is bound by now was named on the command line.
        _namesInput = IsBound(nameof(Path)) || IsBound(nameof(LiteralPath)) || IsBound(nameof(Text));
        if (_namesInput && (Path is null || LiteralPath is null || Text is null))
        {
            throw new QosValuationException(Faults.InputIsNull, "-Path, -LiteralPath or -Text is null: a variable that was never set, perhaps.");
        }

        if (!_namesInput && !(MyInvocation?.ExpectingInput ?? true) && !IsBound(nameof(InputObject)))
        {
            throw new QosValuationException(Faults.NothingToEmbed, "Name images with -Path, or texts with -Text, or pipe records in.");
        }

        if (CachePath is null)
        {
            ClipEncoder.StartAhead();
        }

        _meter = new ProgressMeter(this, "Embedding", "items");
        var options = new ClipEncoderOptions
        {
            ExecutionProvider = ExecutionProvider,
            AllowFallback = AllowFallback,
            ImageLimits = LimitsOf(AllowSvg),
            Decoding = Decode,
        };
        _encoder = ClipEncoder.Open(Resolve(Model), options);
        if (_encoder.Fallback is { } fallback)
        {
            WriteWarning(fallback.Message + " The processor is used instead.");
        }

        _cache = CachePath is null ? null : OpenCache(ResolveNewPath(CachePath));
        _pipeline = new EmbeddingPipeline(_encoder, new EmbeddingPipelineOptions { BatchSize = BatchSize, Cache = _cache }, Cancellation);
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        if (InputObject is null)
        {
            AddNamed();
            return;
        }

        if (_namesInput)
        {
            throw new QosValuationException(
                Faults.ParametersConflict, "Name images and texts as arguments, or pipe records in, but not both.", InputObject.BaseObject);
        }

        // A saved item is one again, so that captions that were cut off are not taken for a caption.
        CocoItem? saved = null;
        if (RecordReader.TypeOf(InputObject) == typeof(CocoItem) && !TryRecord(InputObject, out saved))
        {
            return;
        }

        switch (saved ?? InputObject.BaseObject)
        {
            case CocoItem { Shard: { } part } item when Shard is not null:
                WriteFault(new QosValuationException(
                    Faults.ShardedAlready, $"Import-CocoDataset -Shard {part} divided the records already: leave -Shard out here, or there.", item.ImageId));
                break;
            case CocoItem item:
                AddRecord(
                    InputObject.BaseObject is CocoItem ? item : InputObject,
                    item.Path is null ? null : ResolveNewPath(item.Path),
                    item.Captions,
                    item.Item,
                    PartOf(item));
                break;
            case string path:
                AddImages(Find([path], literal: false), null);
                break;
            case FileSystemInfo file:
                AddImages(Find([file.FullName], literal: true), null);
                break;
            case var other:
                AddObject(other is PSCustomObject ? InputObject : other);
                break;
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        _pipeline!.Complete();
        while (!_pipeline.IsFinished)
        {
            _pipeline.Wait(ProgressInterval);
            Drain(_pipeline.Added);
        }

        _cache?.Flush();
        _meter!.Complete();
        Report();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            try
            {
                _pipeline?.Dispose();
                _cache?.Dispose();
            }
            catch (QosValuationException)
            {
                // The cache could not be written on the way out of a pipeline that was stopped or has failed; End reports it otherwise.
            }

            _encoder?.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Opens the cache; without room on the disk for a new one the work goes on without.</summary>
    private EmbeddingCache? OpenCache(string path)
    {
        try
        {
            return EmbeddingCache.Open(path);
        }
        catch (QosValuationException fault) when (fault.Is(Faults.CacheFull))
        {
            WriteWarning(fault.Message + " The work goes on without it.");
            return null;
        }
    }

    private static string FolderName(string imagePath) => System.IO.Path.GetFileName(System.IO.Path.GetDirectoryName(imagePath)) ?? string.Empty;

    /// <summary>What was named on the command line: every image and every text is a record.</summary>
    private void AddNamed()
    {
        AddImages(Find(Path, literal: false), null);
        AddImages(Find(LiteralPath, literal: true), null);
        foreach (string text in Text)
        {
            AddTexts(text, [text], string.Empty, string.Empty);
        }
    }

    /// <summary>Of which part of a run a record of a dataset is, and where its embeddings stand in the whole.</summary>
    private Part PartOf(CocoItem item)
    {
        if (Shard is not null)
        {
            return new Part(ShardIdentity.OfImage(item.ImageId), null, 0);
        }

        if (item is not { Shard: { } shard, RecordsBefore: { } records, CaptionsBefore: { } captions })
        {
            return default;
        }

        // The embeddings of the records before it: what this run makes of every record.
        IReadOnlyList<Modality> offered = _encoder!.Model.Modalities;
        bool hasImages = item.Path is not null && Modality != EmbeddedModalities.Text
            && (offered.Count == 0 || offered.Contains(QosValuation.Modality.Image));
        bool hasTexts = Modality != EmbeddedModalities.Image && (offered.Count == 0 || offered.Contains(QosValuation.Modality.Text));
        return new Part(string.Empty, shard, (hasImages ? records : 0) + (hasTexts ? captions : 0));
    }

    /// <summary>An object with properties: its image and its texts are one record.</summary>
    private void AddObject(object subject)
    {
        // Properties that are null bind as null.
        string[] texts = [.. (Text ?? []).Where(text => text is not null)];
        string[] paths = [.. (Path ?? []).Where(path => !string.IsNullOrEmpty(path))];
        string[] literalPaths = paths.Length > 0 ? [] : [.. (LiteralPath ?? []).Where(path => !string.IsNullOrEmpty(path))];
        FoundImage[] images = [.. Find(paths, literal: false), .. Find(literalPaths, literal: true)];
        if (paths.Length == 0 && literalPaths.Length == 0 && texts.Length == 0)
        {
            WriteFault(new QosValuationException(
                Faults.InputNotRecognized, "The object has no property named Path, FullName, PSPath, Text, Caption or Captions, so there is nothing to "
                    + "embed.", subject));
        }
        else if (images.Length == 1)
        {
            AddRecord(subject, images[0].Path, texts, string.Empty, new Part(images[0].Identity, null, 0));
        }
        else
        {
            AddImages(images, subject);
            if (texts.Length > 0 && Modality != EmbeddedModalities.Image)
            {
                string item = PSObject.AsPSObject(subject).Properties[nameof(ClipEmbedding.Item)]?.Value?.ToString() ?? string.Empty;
                AddTexts(subject, texts, images.Length == 0 ? item : string.Empty, string.Empty);
            }
        }
    }

    private void AddRecord(object subject, string? image, IReadOnlyList<string> texts, string itemWithoutImage, Part part)
    {
        texts = Repaired(texts);
        string item = image ?? (itemWithoutImage.Length > 0 || texts.Count == 0 ? itemWithoutImage : ItemName.OfTexts(texts));
        bool wantsImage = image is not null && Modality != EmbeddedModalities.Text;
        bool wantsTexts = texts.Count > 0 && Modality != EmbeddedModalities.Image;
        if (TryNameContributor(subject, image is null ? string.Empty : FolderName(image), out string contributor))
        {
            if (wantsImage && Offers(QosValuation.Modality.Image, wantsTexts))
            {
                Add(new EmbeddingRequest { Modality = QosValuation.Modality.Image, Source = image!, Item = item, Contributor = contributor }, part);
                part = part with { Position = part.Position + 1 };
            }

            if (wantsTexts && Offers(QosValuation.Modality.Text, wantsImage))
            {
                AddTexts(texts, item, contributor, part);
            }
        }
    }

    private IReadOnlyList<string> Repaired(IReadOnlyList<string> texts) =>
        RepairText ? [.. texts.Select(text => TextRepair.Fix(text ?? string.Empty))] : texts;

    private void AddImages(IEnumerable<FoundImage> images, object? subject)
    {
        foreach ((string image, string identity) in images)
        {
            if (TryNameContributor(subject ?? new FileInfo(image), FolderName(image), out string contributor))
            {
                Add(
                    new EmbeddingRequest { Modality = QosValuation.Modality.Image, Source = image, Item = image, Contributor = contributor },
                    new Part(identity, null, 0));
            }
        }
    }

    private void AddTexts(object subject, IReadOnlyList<string> texts, string item, string defaultContributor)
    {
        texts = Repaired(texts);
        if (TryNameContributor(subject, defaultContributor, out string contributor))
        {
            string name = ItemName.OfTexts(texts);
            AddTexts(texts, item.Length > 0 ? item : name, contributor, new Part(ShardIdentity.OfName(name), null, 0));
        }
    }

    private void AddTexts(IReadOnlyList<string> texts, string item, string contributor, Part part)
    {
        foreach (string? text in texts)
        {
            Add(new EmbeddingRequest { Modality = QosValuation.Modality.Text, Source = text ?? string.Empty, Item = item, Contributor = contributor }, part);
            part = part with { Position = part.Position + 1 };
        }
    }

    /// <summary>Whether the model embeds one part of a record; where it embeds the other alone, this part is left out with a warning.</summary>
    private bool Offers(Modality modality, bool hasOther)
    {
        IReadOnlyList<Modality> offered = _encoder!.Model.Modalities;
        if (offered.Contains(modality) || !hasOther || offered.Count == 0 || Modality != EmbeddedModalities.Both)
        {
            return true;
        }

        if (!_hasWarnedOfModality)
        {
            _hasWarnedOfModality = true;
            WriteWarning($"The model '{_encoder.Model.Name}' embeds no {(modality == QosValuation.Modality.Image ? "images" : "texts")}; those of the records "
                + $"are left out.");
        }

        return false;
    }

    /// <summary>Adds a request of this part of the run as soon as there is room, writing what is ready meanwhile.</summary>
    private void Add(EmbeddingRequest request, Part part)
    {
        if (Shard is not null)
        {
            // Every item has its place in the whole run, whoever embeds it.
            long position = _position++;
            if (!Shard.Contains(part.Identity))
            {
                return;
            }

            request = request with { Shard = Shard.ToString(), ShardPosition = position };
        }
        else if (part.Shard is not null)
        {
            request = request with { Shard = part.Shard, ShardPosition = part.Position };
        }

        while (!_pipeline!.TryAdd(request))
        {
            _pipeline.Wait(ProgressInterval);
            Drain(0);
        }

        Drain(0);
    }

    private void Drain(long total)
    {
        while (_pipeline!.TryTake(out EmbeddingOutcome? outcome))
        {
            _cached += outcome.IsCached ? 1 : 0;
            _truncated += outcome.IsTruncated ? 1 : 0;
            if (outcome.Fault is not null)
            {
                WriteFault(outcome.Fault, outcome.Request.Source);
            }
            else
            {
                WriteRecord(outcome.Embedding);
            }
        }

        _meter!.Report(_pipeline.Taken, total);
    }

    private void Report()
    {
        long count = _pipeline!.Taken;
        double seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        WriteVerbose(string.Create(
            CultureInfo.CurrentCulture,
            $"{count:N0} items in {seconds:N1} s ({count / Math.Max(seconds, 1e-9):N1} a second) with "
            + $"{_encoder!.Model.Name}{(_cache is null ? string.Empty : $", {_cached:N0} of them from the cache")}."));
        if (_cache?.Trouble is { } trouble)
        {
            WriteWarning(trouble.Message);
        }

        if (_truncated > 0)
        {
            WriteWarning(string.Create(
                CultureInfo.CurrentCulture,
                $"Texts that are longer than the {_encoder.Model.ContextLength} tokens of {_encoder.Model.Name} lost their ends: {_truncated:N0}. "
                + $"ConvertTo-ClipToken shows what is left of them."));
        }
    }

    /// <summary>The full paths of images: files as they are, folders as the images in them.</summary>
    private IEnumerable<FoundImage> Find(IEnumerable<string> paths, bool literal)
    {
        foreach (string path in paths)
        {
            if (string.IsNullOrEmpty(path))
            {
                WriteFault(CmdletFaults.PathNotFound(string.Empty));
                continue;
            }

            bool isPattern = !literal && WildcardPattern.ContainsWildcardCharacters(path) && !ExistsLiterally(path);
            string? root = Shard is not null && isPattern ? RootOf(path) : null;
            foreach (string found in ResolvePaths([path], literal: !isPattern))
            {
                if (isPattern && !NamesHidden(path) && ImageFileFinder.IsHidden(found))
                {
                    continue;
                }

                if (!Directory.Exists(found))
                {
                    string identity = root is null ? ShardIdentity.OfFile(found) : ShardIdentity.OfFile(root, found);
                    yield return new FoundImage(found, Shard is null ? string.Empty : identity);
                    continue;
                }

                bool isEmpty = true;
                foreach (string image in ImageFileFinder.Find(found, Recurse, fault => WriteFault(fault)))
                {
                    isEmpty = false;
                    yield return new FoundImage(image, Shard is null ? string.Empty : ShardIdentity.OfFile(root ?? System.IO.Path.GetFullPath(found), image));
                }

                if (isEmpty)
                {
                    WriteWarning($"No image lies in '{DisplayText.Of(found)}'{(Recurse ? string.Empty : " itself; -Recurse takes its subfolders as well")}.");
                }
            }
        }
    }

    /// <summary>The folder that a pattern begins with: what stands before the first part that has wildcard characters.</summary>
    private string RootOf(string pattern)
    {
        string[] parts = pattern.Split('/', '\\');
        int first = Array.FindIndex(parts, WildcardPattern.ContainsWildcardCharacters);
        string folder = string.Join('/', parts.Take(first));
        return ResolveNewPath(folder.Length > 0 ? WildcardPattern.Unescape(folder) + "/" : first > 0 ? "/" : ".");
    }

    private static bool NamesHidden(string pattern) => System.IO.Path.GetFileName(pattern).StartsWith('.');

    private bool ExistsLiterally(string path)
    {
        try
        {
            return System.IO.Path.Exists(ResolveNewPath(path));
        }
        catch (Exception exception)
            when (exception is QosValuationException or System.Management.Automation.DriveNotFoundException or ProviderNotFoundException)
        {
            // Resolving the path as a pattern reports it.
            return false;
        }
    }

    private bool TryNameContributor(object subject, string otherwise, out string contributor)
    {
        contributor = otherwise;
        try
        {
            contributor = ContributorArgument.Of(Contributor, subject, otherwise);
            return true;
        }
        catch (QosValuationException fault)
        {
            WriteFault(fault);
            return false;
        }
    }

    /// <summary>An image, and what it is to <see cref="Foundation.Sharding.Shard"/>; empty where nothing is divided.</summary>
    private readonly record struct FoundImage(string Path, string Identity);

    /// <summary>What an item is to <see cref="Foundation.Sharding.Shard"/>; or of which part it is already, and where in the whole run it stands.</summary>
    private readonly record struct Part(string Identity, string? Shard, long Position);
}
