using System.Collections;
using System.Globalization;
using System.Management.Automation;
using QosValuation.Attacks.Reconstruction;
using QosValuation.Cmdlets.Clustering;
using QosValuation.Embeddings.Datasets;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Models;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Cmdlets.Attacks;

/// <summary>Attacks released vectors as a real adversary would: reconstructs a picture, or a text, from a prototype.</summary>
/// <remarks>
/// <para>The attacker is white box: he has the encoder and a released vector, and looks for the picture whose embedding points to it. DirectAscent is Direct Ascent Synthesis (Fort and Whitaker 2025), the attack of the paper: 100 steps of plain gradient descent on components of every resolution, over 32 shifted and noisy copies of the picture.</para>
/// <para>Two things deviate from the published algorithm, both to make the attacker stronger. Two of the 32 copies show the plain crop that is scored in the end: as published that crop is never shown, and on some pictures it is left behind (a cosine of 0.78 to 0.95 on the default model, against 0.99 with two). And there are further starts, at most two, until the plain crop reaches 0.98 and the augmented views 0.96 of the cosine that the truth itself is expected to have to the release: where the ascent from grey gets stuck, which it does on some photographs for every seed, it begins anew with the best of 64 generated scenes (see New-SceneDataset), and where it is only slow it goes on (not with fewer than 100 -Steps: such an attack is short by choice). Start tells which start led to the picture; where IsFromScene is true, things seen in it may be left from the scene rather than from the source. -PlainCopies 0 -Restarts 0 is the published algorithm.</para>
/// <para>Other attackers: Adam works on the pixels with a prior of small total variation. NearestEmbedding takes the public embedding that is nearest (-Public): what a search over a public photo set gives away already. DenoiseFirst knows the noise level (that of the prototype, or -NoiseSigma) and ascends to the posterior mean of the clean prototype, given that it looks like public ones (-Public). TextInversion looks for the caption that fits best, word by word. With several, each target gives a record an attacker, and IsStrongest marks the one that told most: the best rank of the truth among the references, of equal ranks the largest difference of ReferenceSimilarity and DecoySimilarity; without other references the largest ReferenceSimilarity, without any the largest Score.</para>
/// <para>Score is the cosine of what was found to the released vector: how well the attacker did his work, and high for noise as well. How much leaked is told by -Reference: ReferenceSimilarity is the cosine to the clean prototype (or to the private embedding itself), SourceRank the rank of the truth among the other references, and Psnr and Ssim compare with the picture of the nearest private member. Embeddings of one model lie in a narrow cone, so a cosine of 0.6 or more to the truth may mean nothing: DecoySimilarity is the cosine to the others, with which it has to be compared.</para>
/// <para>Ctrl+C ends the attack within a second; the picture so far is written.</para>
/// </remarks>
/// <example>
/// <summary>Attack the prototypes of a folder of photographs, and see how much came back; a short attack, without -Steps it is five times as long.</summary>
/// <code>$clusters = Get-ClipEmbedding ./photos/*.jpg | Group-Embedding
/// $clusters | New-DpPrototype -Epsilon 1 | Invoke-ReconstructionAttack -Reference $clusters -OutputPath ./attack -Steps 20</code>
/// </example>
/// <example>
/// <summary>An embedding that leaked without noise, with a filmstrip of every tenth step.</summary>
/// <code>Get-ClipEmbedding ./photo.jpg | Invoke-ReconstructionAttack -Reference ./photo.jpg -OutputPath ./attack -Every 10 -Steps 40 -Seed 1</code>
/// </example>
/// <example>
/// <summary>All attackers, one of which denoises with what is public, and the strongest of each target.</summary>
/// <code>$public = Get-ClipEmbedding ./photos/*.jpg
/// $prototypes | Invoke-ReconstructionAttack -Method DirectAscent, Adam, DenoiseFirst, NearestEmbedding, TextInversion -Public $public -Reference $clusters -Steps 10 -MaximumWords 4 -CandidateWords 32 |
///     Where-Object IsStrongest</code>
/// </example>
/// <example>
/// <summary>A picture for a text.</summary>
/// <code>Invoke-ReconstructionAttack -Text 'a dog in the snow' -OutputPath ./attack -Steps 30</code>
/// </example>
/// <seealso>New-DpPrototype</seealso>
/// <seealso>Export-ReconstructionGrid</seealso>
/// <seealso>Get-ClipEmbedding</seealso>
/// <seealso>Group-Embedding</seealso>
[Cmdlet(VerbsLifecycle.Invoke, "ReconstructionAttack", SupportsShouldProcess = true)]
[OutputType(typeof(Reconstruction))]
public sealed class InvokeReconstructionAttackCommand : ClipModelCommand
{
    private const int FilmstripColumns = 10;

    private readonly List<AttackEncoder> _encoders = [];
    private readonly List<ClipModelFiles> _models = [];
    private readonly List<ReconstructionTarget> _texts = [];
    private readonly List<AttackTarget> _waiting = [];
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly CancellationTokenSource _stop = new();
    private ReconstructionAttacker? _attacker;
    private ClipEncoder? _embedder;
    private ProgressMeter? _meter;
    private string? _folder;
    private int _received;
    private long _steps;

    /// <summary>What is attacked: prototypes from New-DpPrototype, embeddings, clusters (their centroids), or vectors as arrays of numbers (a single one from the pipeline with a comma before it). Without it -Text alone is the target.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [Alias("Prototype")]
    public object? InputObject { get; set; }

    /// <summary>The attackers: DirectAscent (the default), Adam, DenoiseFirst, NearestEmbedding, TextInversion.</summary>
    /// <value>DirectAscent</value>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public ReconstructionMethod[] Method { get; set; } = [ReconstructionMethod.DirectAscent];

    /// <summary>The encoder that is attacked: a name (see Get-ClipModel) or a folder. With several their scores are added (an ensemble): targets of one cluster and modality, or of one item, then belong together, one for each model in this order; what carries the name of a model goes with that one.</summary>
    /// <value>clip-mini</value>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ClipModelNameCompleter))]
    public string[] Model { get; set; } = [ClipModelCatalog.DefaultName];

    /// <summary>Steps of the ascent; 100 by default, as published.</summary>
    /// <value>100</value>
    [Parameter]
    [ValidateRange(1, 1_000_000)]
    public int Steps { get; set; } = 100;

    /// <summary>The learning rate of gradient descent; 0.2 by default, as published.</summary>
    /// <value>0.2</value>
    [Parameter]
    public double LearningRate { get; set; } = 0.2;

    /// <summary>Augmented copies of the picture at every step; 32 by default, as published.</summary>
    /// <value>32</value>
    [Parameter]
    [ValidateRange(1, 65536)]
    public int Copies { get; set; } = 32;

    /// <summary>How many of the copies are the plain crop, neither shifted nor noisy. By default a sixteenth of them, 2 of 32; 0 is the published algorithm.</summary>
    /// <value>2</value>
    [Parameter]
    [ValidateRange(0, 65536)]
    public int? PlainCopies { get; set; }

    /// <summary>Further starts where the plain crop stays below 0.98, or the augmented views below 0.96, of what the truth is expected to have: from the best of 64 generated scenes where the plain crop stays below 0.9 of it, else, with 100 steps or more, on from where the best one ended; 2 by default, 0 is the published algorithm. The best picture is kept.</summary>
    /// <value>2</value>
    [Parameter]
    [ValidateRange(0, 1000)]
    public int Restarts { get; set; } = AttackerOptions.DefaultRestarts;

    /// <summary>Copies the encoder sees at once; 8 by default. More take more memory. Sums are rounded otherwise with another number, and over many steps that gives another picture.</summary>
    /// <value>8</value>
    [Parameter]
    [ValidateRange(1, 1024)]
    public int BatchSize { get; set; } = 8;

    /// <summary>The sides of the components that make up the canvas, from 1 to one and a half image sides; all of them by default. A geometric row such as 1, 2, 4, 8, … is a little faster and gives another picture.</summary>
    /// <value>all</value>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public int[]? Resolution { get; set; }

    /// <summary>Texts the picture should fit as well, or alone.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? Text { get; set; }

    /// <summary>The weights of -Text beside the vector's 1: one for all, or one each; 1 by default, negative to lead away.</summary>
    /// <value>1</value>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public double[] TextWeight { get; set; } = [1];

    /// <summary>A picture to start from, in place of grey.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Initial { get; set; }

    /// <summary>The truth, which no attacker sees: clusters with their members, clean prototypes, private embeddings, or paths of photographs.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public object[]? Reference { get; set; }

    /// <summary>What is public: embeddings, paths of photographs or folders of them, or embedding files (.npy, .csv, .jsonl). For DenoiseFirst and NearestEmbedding.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public object[]? Public { get; set; }

    /// <summary>σ, the noise per coordinate that DenoiseFirst expects; by default what the prototype says, and 0 for other vectors.</summary>
    [Parameter]
    [ValidateRange(0, double.MaxValue)]
    public double? NoiseSigma { get; set; }

    /// <summary>The learning rate of Adam; 0.05 by default.</summary>
    /// <value>0.05</value>
    [Parameter]
    public double AdamLearningRate { get; set; } = new AttackerOptions().AdamLearningRate;

    /// <summary>The weight of the total variation that Adam's picture is charged for, 0 or more.</summary>
    [Parameter]
    public double TotalVariationWeight { get; set; } = new AttackerOptions().TotalVariationWeight;

    /// <summary>Captions that TextInversion keeps at every length; 8 by default.</summary>
    /// <value>8</value>
    [Parameter]
    [ValidateRange(1, 4096)]
    public int BeamWidth { get; set; } = new TextInversionOptions().BeamWidth;

    /// <summary>Words that TextInversion tries at every place; 128 by default. The time grows with it.</summary>
    /// <value>128</value>
    [Parameter]
    [ValidateRange(1, 1_000_000)]
    public int CandidateWords { get; set; } = new TextInversionOptions().CandidateWords;

    /// <summary>The longest caption of TextInversion in words; 12 by default.</summary>
    /// <value>12</value>
    [Parameter]
    [ValidateRange(1, 1024)]
    public int MaximumWords { get; set; } = new TextInversionOptions().MaximumWords;

    /// <summary>A folder that receives the pictures as PNG files, named after the targets and attackers; it is created.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? OutputPath { get; set; }

    /// <summary>Also write a filmstrip with the picture after every so many steps. Needs -OutputPath.</summary>
    [Parameter]
    [ValidateRange(1, 1_000_000)]
    public int? Every { get; set; }

    /// <summary>Replace pictures that exist.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>The seed of shifts and noise: the same seed and target give the same picture, whatever else is attacked beside it.</summary>
    [Parameter]
    public int? Seed { get; set; }

    /// <summary>The most threads of an encoder under attack; all cores by default. The picture does not depend on it.</summary>
    /// <value>all cores</value>
    [Parameter]
    [ValidateRange(1, 1024)]
    public int ThrottleLimit { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        if (Every is not null && OutputPath is null)
        {
            throw new QosValuationException(Faults.OutputPathMissing, "-Every writes filmstrips: name a folder with -OutputPath.", Every);
        }

        if (Text is not null && TextWeight.Length != 1 && TextWeight.Length != Text.Length)
        {
            throw new QosValuationException(Faults.ParametersConflict, $"-TextWeight has {TextWeight.Length} weights for {Text.Length} texts; give one for all or one each.", TextWeight);
        }

        if (Text is null && !(MyInvocation?.ExpectingInput ?? true) && !IsBound(nameof(InputObject)))
        {
            throw new QosValuationException(Faults.NothingToAttack, "Pipe prototypes, embeddings or vectors in, or give a -Text.");
        }

        _folder = OutputPath is null ? null : ResolveNewPath(OutputPath);
        foreach (string name in Model)
        {
            _models.Add(Resolve(name));
        }

        foreach (ClipModelFiles model in _models)
        {
            Cancellation.ThrowIfCancellationRequested();
            _encoders.Add(AttackEncoder.Open(model, ThrottleLimit));
        }

        _embedder = ClipEncoder.Open(_models[0]);
        if (Method.Contains(ReconstructionMethod.TextInversion) && !_embedder.Model.Modalities.Contains(Modality.Text))
        {
            throw new QosValuationException(Faults.ModalityNotSupported, $"TextInversion needs a text encoder, and {_embedder.Model.Name} has none; leave it out, or attack another model.", _embedder.Model.Name);
        }

        AddTexts();
        _attacker = new ReconstructionAttacker(_encoders, Options(), Publics(), References(), () => ClipEncoder.Open(_models[0]));
        _meter = new ProgressMeter(this, "Attacking", "steps");
        WriteVerbose(string.Create(
            CultureInfo.CurrentCulture,
            $"{string.Join(" and ", _encoders.Select(e => e.Name))}, pictures of {_attacker.ImageSize} × {_attacker.ImageSize} pixels, {Steps:N0} steps of {Copies:N0} copies, {Plain()} of them the plain crop."));
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        object? given = InputObject is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : InputObject;
        if (given is null)
        {
            if (IsBound(nameof(InputObject)) && (MyInvocation?.ExpectingInput ?? false))
            {
                WriteFault(new QosValuationException(Faults.AttackTargetInvalid, "A target is null: a variable that was never set, perhaps."));
            }

            return;
        }

        _received++;
        object[] items = given is object[] several && !Array.TrueForAll(several, IsNumber) ? several : [given];
        foreach (object item in items)
        {
            TryItem(item, () => Take(TargetOf(item is PSObject { BaseObject: not PSCustomObject } inner ? inner.BaseObject : item)));
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (_received == 0 && _texts.Count > 0)
        {
            Take(new AttackTarget { Name = string.Join(" + ", Text!), Vectors = _texts });
        }

        foreach (IGrouping<string, AttackTarget> group in _waiting.GroupBy(GroupKey))
        {
            TryItem(group.First().Name, () => Attack(Join([.. group])));
        }

        _meter!.Complete();
    }

    /// <inheritdoc/>
    protected override void StopProcessing()
    {
        base.StopProcessing();
        _stop.Cancel();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _attacker?.Dispose();
            _embedder?.Dispose();
            _encoders.ForEach(encoder => encoder.Dispose());
            _stop.Dispose();
        }

        base.Dispose(disposing);
    }

    private static bool IsNumber(object? value) => (value is PSObject wrapped ? wrapped.BaseObject : value) is float or double or int or long or decimal or Half;

    private static string GroupKey(AttackTarget target) => target.ClusterId >= 0
        ? string.Create(CultureInfo.InvariantCulture, $"cluster {target.ClusterId} {target.Modality}")
        : $"item {target.Item ?? target.Name} {target.Modality}";

    private int Plain() => Math.Min(Copies, PlainCopies ?? Copies * AttackerOptions.DefaultPlainCopies / 32);

    private AttackerOptions Options() => new()
    {
        Methods = Method,
        Ascent = new ReconstructionOptions
        {
            Steps = Steps,
            LearningRate = LearningRate,
            Copies = Copies,
            PlainCopies = PlainCopies ?? Plain(),
            BatchSize = BatchSize,
            Resolutions = Resolution,
            Initial = Initial is null ? null : InitialPicture(Initial),
        },
        Restarts = Restarts,
        AdamLearningRate = AdamLearningRate,
        TotalVariationWeight = TotalVariationWeight,
        Inversion = new TextInversionOptions { BeamWidth = BeamWidth, CandidateWords = CandidateWords, MaximumWords = MaximumWords },
        NoiseSigma = NoiseSigma,
    };

    private byte[] InitialPicture(string path)
    {
        var preprocessor = new ImagePreprocessor(ClipModelReader.Describe(_models[0]).Vision!.Preprocessing);
        byte[] picture = new byte[3 * preprocessor.ImageSize * preprocessor.ImageSize];
        preprocessor.Crop(ResolveNewPath(path), picture);
        return picture;
    }

    private void AddTexts()
    {
        for (int e = 0; Text is not null && e < _models.Count; e++)
        {
            using ClipEncoder encoder = ClipEncoder.Open(_models[e]);
            for (int i = 0; i < Text.Length; i++)
            {
                _texts.Add(new ReconstructionTarget(encoder.EncodeText(Text[i], Cancellation), TextWeight[TextWeight.Length == 1 ? 0 : i], e));
            }
        }
    }

    private PublicEmbeddings? Publics()
    {
        if (Public is null)
        {
            return null;
        }

        var known = new PublicEmbeddings();
        foreach (object item in Objects(Public))
        {
            if (item is ClipEmbedding embedding)
            {
                TryItem(embedding.Source, () => known.Add(embedding));
            }
            else
            {
                WriteFault(new QosValuationException(Faults.PublicEmbeddingInvalid, "-Public takes embeddings, paths of photographs or folders, and embedding files.", item));
            }
        }

        WriteVerbose($"The attacker knows {known.Count} public embeddings.");
        return known;
    }

    private PrivateReferences? References()
    {
        if (Reference is null)
        {
            return null;
        }

        var references = new PrivateReferences(ClipModelReader.Describe(_models[0]).Vision!.Preprocessing);
        foreach (object item in Objects(Reference))
        {
            TryItem(item, () =>
            {
                switch (item)
                {
                    case SemanticCluster cluster:
                        references.Add(cluster);
                        break;
                    case DpPrototype prototype:
                        references.Add(prototype);
                        break;
                    case ClipEmbedding embedding:
                        references.Add(embedding);
                        break;
                    default:
                        throw new QosValuationException(Faults.ReferenceInvalid, "-Reference takes clusters, prototypes, embeddings, and paths of photographs or embedding files.", item);
                }
            });
        }

        return references;
    }

    /// <summary>Clusters, prototypes and embeddings as they are; paths as the embeddings behind them.</summary>
    private IEnumerable<object> Objects(object[] given)
    {
        foreach (object? item in given)
        {
            Cancellation.ThrowIfCancellationRequested();
            object? bare = item is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : item;
            if (bare is IList list and not byte[] && list.Count > 0 && list[0] is not null && !IsNumber(list[0]))
            {
                foreach (object inner in Objects([.. list.Cast<object>()]))
                {
                    yield return inner;
                }
            }
            else if (bare is string or FileSystemInfo)
            {
                bool literal = bare is FileSystemInfo || Path.Exists(ResolveNewPath((string)bare));
                foreach (string path in ResolvePaths([bare is FileSystemInfo file ? file.FullName : (string)bare], literal))
                {
                    foreach (ClipEmbedding embedding in Embeddings(path))
                    {
                        yield return embedding;
                    }
                }
            }
            else if (bare is not null)
            {
                yield return bare is SemanticCluster or DpPrototype ? bare : (object?)ClipEmbeddingTransformationAttribute.Convert(bare) ?? bare;
            }
        }
    }

    private IEnumerable<ClipEmbedding> Embeddings(string path)
    {
        string[] images = Directory.Exists(path) ? [.. ImageFileFinder.Find(path, recurse: true, fault => WriteFault(fault))] : [path];
        if (images is [string file] && !ImageFileFinder.IsImage(file))
        {
            return EmbeddingFile.Read(file, onFault: fault => WriteFault(fault), cancellation: Cancellation);
        }

        return EmbeddingPipeline.Embed(_embedder!, images.Select(image => new EmbeddingRequest { Modality = Modality.Image, Source = image, Item = image }), null, Cancellation)
            .Where(outcome =>
            {
                if (outcome.Fault is not null)
                {
                    WriteFault(outcome.Fault, outcome.Request.Source);
                }

                return outcome.Fault is null;
            })
            .Select(outcome => outcome.Embedding!);
    }

    private AttackTarget TargetOf(object item)
    {
        switch (item)
        {
            case DpPrototype prototype:
                return AttackTarget.Of(prototype);
            case SemanticCluster cluster:
                return AttackTarget.Of(cluster);
            case IList numbers when numbers.Count > 1 && IsNumber(numbers[0]):
                return new AttackTarget
                {
                    Name = string.Create(CultureInfo.InvariantCulture, $"vector {_received}"),
                    Vectors = [new ReconstructionTarget((float[])LanguagePrimitives.ConvertTo(numbers, typeof(float[]), CultureInfo.InvariantCulture))],
                };
        }

        if (ClipEmbeddingTransformationAttribute.Convert(item) is not { Dimension: > 0 } embedding)
        {
            throw new QosValuationException(
                Faults.AttackTargetInvalid,
                IsNumber(item)
                    ? "A single number is no target: the pipeline took a vector apart. Put a comma before it: , $vector | Invoke-ReconstructionAttack."
                    : "A target is a prototype, an embedding, a cluster, or an array of numbers.",
                item);
        }

        int encoder = Math.Max(0, _models.FindIndex(model => model.Name.Equals(embedding.Model, StringComparison.OrdinalIgnoreCase)));
        AttackTarget target = AttackTarget.Of(embedding);
        target = target with { Vectors = [target.Vectors[0] with { Encoder = _models.Count > 1 && embedding.Model.Length > 0 ? encoder : 0 }] };

        if (item is not PSObject { BaseObject: PSCustomObject } custom || custom.Properties["Sigma"] is null || embedding.ClusterId is not int id)
        {
            return target;
        }

        // A prototype read back from a file carries its own columns.
        target = target with
        {
            Name = string.Create(CultureInfo.InvariantCulture, $"cluster {id} {(embedding.Modality == Modality.Image ? "image" : "text")}"),
            ClusterId = id,
            Item = null,
            Sigma = Number(custom, "Sigma", 0),
            Count = (int)Math.Max(1, Number(custom, "Count", 1)),
        };
        return LanguagePrimitives.TryConvertTo(custom.Properties["PostProcessing"]?.Value, CultureInfo.InvariantCulture, out PrototypePostProcessing processing) ? target.After(processing) : target;
    }

    private static double Number(PSObject item, string name, double standard) =>
        LanguagePrimitives.TryConvertTo(item.Properties[name]?.Value, CultureInfo.InvariantCulture, out double value) ? value : standard;

    private void Take(AttackTarget target)
    {
        if (_models.Count > 1 && _received > 0)
        {
            _waiting.Add(target);
        }
        else
        {
            Attack(target with { Vectors = ReferenceEquals(target.Vectors, _texts) ? _texts : [.. target.Vectors, .. _texts] });
        }
    }

    /// <summary>The releases of one cluster or item, one a model.</summary>
    private AttackTarget Join(AttackTarget[] group)
    {
        var vectors = new List<ReconstructionTarget>();
        foreach ((AttackTarget target, int i) in group.Select((target, i) => (target, i)))
        {
            ReconstructionTarget own = target.Vectors[0];
            int encoder = own.Encoder > 0 || vectors.Count == 0 ? own.Encoder : i;
            if (encoder >= _models.Count)
            {
                throw new QosValuationException(Faults.AttackTargetInvalid, $"{group[0].Name} has {group.Length} targets for {_models.Count} models; give one for each.", group[0].Name);
            }

            vectors.Add(own with { Encoder = encoder });
        }

        int missing = Enumerable.Range(0, _models.Count).FirstOrDefault(e => !vectors.Concat(_texts).Any(v => v.Encoder == e), -1);
        return missing < 0
            ? group[0] with { Vectors = [.. vectors.OrderBy(v => v.Encoder), .. _texts] }
            : throw new QosValuationException(Faults.AttackTargetInvalid, $"{group[0].Name} has no target for {_models[missing].Name}: with several models give one release for each, or a -Text.", group[0].Name);
    }

    private void Attack(AttackTarget target)
    {
        Cancellation.ThrowIfCancellationRequested();
        string name = FileName(target);
        Dictionary<ReconstructionMethod, string> files = [];
        if (_folder is not null)
        {
            foreach (ReconstructionMethod method in Method.Where(method => method != ReconstructionMethod.TextInversion))
            {
                string path = Path.Combine(_folder, Method.Length == 1 ? name : $"{name}-{method.ToString().ToLowerInvariant()}");
                string? taken = ((string[])[path + ".png", path + "-steps.png"]).FirstOrDefault(File.Exists);
                if (taken is not null && !Force)
                {
                    throw new QosValuationException(Faults.ImageExists, $"'{taken}' exists. Replace it with -Force, or choose another -OutputPath.", taken);
                }

                if (ShouldProcess(path + ".png", $"Write the reconstruction of {target.Name}"))
                {
                    files.Add(method, path);
                }
            }

            if (files.Count == 0 && Array.Exists(Method, method => method != ReconstructionMethod.TextInversion))
            {
                return;
            }

            if (files.Count > 0)
            {
                ImageWriter.RequireWritable(files.Values.First() + ".png");
            }
        }

        var frames = new Dictionary<(ReconstructionMethod Method, int Start), List<RgbImage>>();
        int total = Method.Sum(StepsOf);
        IReadOnlyList<Reconstruction> results = _attacker!.Attack(target, () => RandomSource.Create(Seed), state => Follow(state, frames, total), _stop.Token);
        _steps += total;
        var written = new List<Reconstruction>();
        foreach (Reconstruction result in results)
        {
            written.Add(files.TryGetValue(result.Method, out string? path) ? Save(result, path, frames.GetValueOrDefault((result.Method, result.Start))) : result);
        }

        // All pictures are on disk before the first record, which a pipeline that is being stopped refuses.
        foreach (Reconstruction result in written)
        {
            WriteRecord(result);
        }
    }

    private int StepsOf(ReconstructionMethod method) => method switch
    {
        ReconstructionMethod.TextInversion => MaximumWords,
        ReconstructionMethod.NearestEmbedding => 0,
        _ => Steps,
    };

    private void Follow(AttackerProgress state, Dictionary<(ReconstructionMethod Method, int Start), List<RgbImage>> frames, int total)
    {
        if (Every is int every && state.Snapshot is not null && (state.Step % every == 0 || state.Step == state.Steps))
        {
            if (!frames.TryGetValue((state.Method, state.Start), out List<RgbImage>? strip))
            {
                // A start that goes on from an earlier one continues its strip.
                strip = [.. frames.GetValueOrDefault((state.Method, state.Previous)) ?? []];
                frames.Add((state.Method, state.Start), strip);
            }

            strip.Add(new RgbImage(state.Snapshot(), _attacker!.ImageSize, _attacker.ImageSize));
        }

        try
        {
            int before = Method.TakeWhile(method => method != state.Method).Sum(StepsOf);
            string text = state.Text is null ? string.Empty : $" “{state.Text}”";
            string again = state.Start > 1 ? string.Create(CultureInfo.CurrentCulture, $", start {state.Start}") : string.Empty;
            _meter!.Report(
                _steps + before + Math.Min(state.Step, StepsOf(state.Method)),
                MyInvocation?.ExpectingInput ?? false ? 0 : total,
                string.Create(CultureInfo.CurrentCulture, $"{state.Target.Name}, {state.Method} step {state.Step} of {state.Steps}{again}: score {state.Score:F3}{text}"));
        }
        catch (PipelineStoppedException)
        {
            // Ctrl+C: the attack ends here, and what there is gets written.
            _stop.Cancel();
        }
    }

    private static Reconstruction Save(Reconstruction result, string path, List<RgbImage>? frames)
    {
        if (result.ImageSize == 0)
        {
            return result;
        }

        string picture = path + ".png";
        ImageWriter.SavePng(picture, result.Image, result.ImageSize, result.ImageSize);
        if (frames is null || frames.Count == 0)
        {
            return result with { ImagePath = picture };
        }

        string strip = path + "-steps.png";
        ImageGrid.Strip(frames, FilmstripColumns).SavePng(strip);
        return result with { ImagePath = picture, FilmstripPath = strip };
    }

    /// <summary>A name for the target's files that no other target of this run has.</summary>
    private string FileName(AttackTarget target)
    {
        string plain = target.ClusterId >= 0
            ? string.Create(CultureInfo.InvariantCulture, $"cluster-{target.ClusterId:D3}{(target.Modality is Modality modality ? "-" + modality.ToString().ToLowerInvariant() : string.Empty)}")
            : target.Item is not null && target.Modality == Modality.Image ? Path.GetFileNameWithoutExtension(target.Name) : target.Name;
        char[] allowed = [.. plain.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-').Take(60)];
        string name = new string(allowed).Trim('-') is { Length: > 0 } given ? given : "target";
        string unique = name;
        for (int i = 2; !_names.Add(unique); i++)
        {
            unique = string.Create(CultureInfo.InvariantCulture, $"{name}-{i}");
        }

        return unique;
    }
}
