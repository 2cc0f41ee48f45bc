using System.Collections;
using System.Globalization;
using System.Management.Automation;
using QosValuation.Attacks.Reconstruction;
using QosValuation.Embeddings.Models;
using QosValuation.Foundation.Randomness;
using QosValuation.Foundation.Sharding;

namespace QosValuation.Cmdlets.Attacks;

/// <summary>Attacks released vectors as a real adversary would: reconstructs a picture, or a text, from a prototype.</summary>
/// <remarks>
/// <para>The attacker is white box: he has the encoder and a released vector, and looks for the picture whose embedding points to
/// it. DirectAscent is Direct Ascent Synthesis (Fort and Whitaker 2025), the attack of the paper: 100 steps of plain gradient
/// descent on components of every resolution, over 32 shifted and noisy copies of the picture.</para>
/// <para>Two things deviate from the published algorithm, both to make the attacker stronger. Two of the 32 copies show the plain
/// crop that is scored in the end: as published that crop is never shown, and on some pictures it is left behind (a cosine of
/// 0.78 to 0.95 on the default model, against 0.99 with two). And there are further starts, at most two, until the plain crop
/// reaches 0.98 and the augmented views 0.96 of the cosine that the truth itself is expected to have to the release: where the
/// ascent from grey gets stuck, which it does on some photographs for every seed, it begins anew with the best of 64 generated
/// scenes (see New-SceneDataset), and where it is only slow it goes on (not with fewer than 100 -Steps: such an attack is short
/// by choice). Start tells which start led to the picture; where IsFromScene is true, things seen in it may be left from the
/// scene rather than from the source. -PlainCopies 0 -Restarts 0 is the published algorithm.</para>
/// <para>Other attackers: Adam works on the pixels with a prior of small total variation. NearestEmbedding takes the public
/// embedding that is nearest (-Public): what a search over a public photo set gives away already. DenoiseFirst knows the noise
/// level (that of the prototype, or -NoiseSigma) and ascends to the posterior mean of the clean prototype, given that it looks
/// like public ones (-Public). TextInversion looks for the caption that fits best, word by word. With several, each target gives
/// a record an attacker, and IsStrongest marks the one that told most: the best rank of the truth among the references, of equal
/// ranks the largest difference of ReferenceSimilarity and DecoySimilarity; without other references the largest
/// ReferenceSimilarity, without any the largest Score.</para>
/// <para>Score is the cosine of what was found to the released vector: how well the attacker did his work, and high for noise as
/// well. How much leaked is told by -Reference: ReferenceSimilarity is the cosine to the clean prototype (or to the private
/// embedding itself), SourceRank the rank of the truth among the other references, and Psnr and Ssim compare with the picture of
/// the nearest private member. Embeddings of one model lie in a narrow cone, so a cosine of 0.6 or more to the truth may mean
/// nothing: DecoySimilarity is the cosine to the others, with which it has to be compared.</para>
/// <para>A picture that deceives the attacked encoder need not look like anything. PerceptualSimilarity asks another encoder
/// (-PerceptualModel): the mean cosine of the picture to those of the private members, to be compared with PerceptualDecoySimilarity, the
/// same to the members of other references, and with PerceptualBaseline, what a random other photograph scores. PerceptualRank ranks the
/// truth among all. Captions are compared with the members' captions.</para>
/// <para>Ctrl+C ends the attack within a second; the picture so far is written.</para>
/// </remarks>
/// <example>
/// <summary>Attack the prototypes of a folder of photographs, and see how much came back; a short attack
/// on the small encoder; without -Steps it is five times as long, and clip-small takes about ten times as long a step.</summary>
/// <code>$clusters = Get-ClipEmbedding ./photos/*.jpg -Model clip-mini | Group-Embedding
/// $clusters | New-DpPrototype -Epsilon 1 | Invoke-ReconstructionAttack -Reference $clusters -OutputPath ./attack -Steps 20</code>
/// </example>
/// <example>
/// <summary>An embedding that leaked without noise, with a filmstrip of every tenth step.</summary>
/// <code>Get-ClipEmbedding ./photo.jpg -Model clip-mini |
///     Invoke-ReconstructionAttack -Reference ./photo.jpg -OutputPath ./attack -Every 10 -Steps 40 -Seed 1</code>
/// </example>
/// <example>
/// <summary>All attackers, one of which denoises with what is public, and the strongest of each target.</summary>
/// <code>$public = Get-ClipEmbedding ./photos/*.jpg
/// $short = @{ Steps = 10; MaximumWords = 4; CandidateWords = 32 }
/// $all = 'DirectAscent', 'Adam', 'DenoiseFirst', 'NearestEmbedding', 'TextInversion'
/// $prototypes | Invoke-ReconstructionAttack -Method $all -Public $public -Reference $clusters @short |
///     Where-Object IsStrongest</code>
/// </example>
/// <example>
/// <summary>A picture for a text.</summary>
/// <code>Invoke-ReconstructionAttack -Text 'a dog in the snow' -Model clip-mini -OutputPath ./attack -Steps 30</code>
/// </example>
/// <seealso>New-DpPrototype</seealso>
/// <seealso>Export-ReconstructionGrid</seealso>
/// <seealso>Get-ClipEmbedding</seealso>
/// <seealso>Group-Embedding</seealso>
[Cmdlet(VerbsLifecycle.Invoke, "ReconstructionAttack", SupportsShouldProcess = true)]
[OutputType(typeof(Reconstruction))]
public sealed class InvokeReconstructionAttackCommand : ClipModelCommand
{
    private static readonly Dictionary<ReconstructionMethod, string> NoFiles = [];

    private readonly CancellationTokenSource _stop = new();
    private ReconstructionCampaign? _campaign;
    private ReconstructionAlbum? _album;
    private ProgressMeter? _meter;
    private readonly HashSet<string> _warnedOf = new(StringComparer.OrdinalIgnoreCase);
    private int _received;

    /// <summary>
    /// What is attacked: prototypes from New-DpPrototype, embeddings, clusters (their centroids), or vectors as arrays of numbers
    /// (a single one from the pipeline with a comma before it). Without it -Text alone is the target.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [Alias("Prototype")]
    [Accepts(typeof(DpPrototype), typeof(ClipEmbedding), typeof(SemanticCluster), AndOthers = true)]
    public object? InputObject { get; set; }

    /// <summary>The attackers: DirectAscent (the default), Adam, DenoiseFirst, NearestEmbedding, TextInversion.</summary>
    /// <value>DirectAscent</value>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public ReconstructionMethod[] Method { get; set; } = [ReconstructionMethod.DirectAscent];

    /// <summary>
    /// The encoder that is attacked: a name (see Get-ClipModel) or a folder. Without it, the one that made the first target, where that says so
    /// (embeddings, clusters and prototypes do), else clip-small. With several their scores are added (an ensemble):
    /// targets of one cluster and modality, or of one item, then belong together, one for each model in this order; what carries
    /// the name of a model goes with that one.
    /// </summary>
    /// <value>the encoder of the first target</value>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ClipModelNameCompleter))]
    public string[] Model { get; set; } = [];

    /// <summary>Steps of the ascent; 100 by default, as published.</summary>
    /// <value>100</value>
    [Parameter]
    [ValidateRange(1, 1_000_000)]
    [WholeNumber]
    public int Steps { get; set; } = 100;

    /// <summary>The learning rate of gradient descent; 0.2 by default, as published.</summary>
    /// <value>0.2</value>
    [Parameter]
    [Number]
    public double LearningRate { get; set; } = 0.2;

    /// <summary>Augmented copies of the picture at every step; 32 by default, as published.</summary>
    /// <value>32</value>
    [Parameter]
    [ValidateRange(1, 65536)]
    [WholeNumber]
    public int Copies { get; set; } = 32;

    /// <summary>
    /// How many of the copies are the plain crop, neither shifted nor noisy. By default a sixteenth of them, 2 of 32; 0 is the
    /// published algorithm.
    /// </summary>
    /// <value>2</value>
    [Parameter]
    [ValidateRange(0, 65536)]
    [WholeNumber(MayBeAbsent = true)]
    public int? PlainCopies { get; set; }

    /// <summary>
    /// Further starts where the plain crop stays below 0.98, or the augmented views below 0.96, of what the truth is expected to
    /// have: from the best of 64 generated scenes where the plain crop stays below 0.9 of it, else, with 100 steps or more, on
    /// from where the best one ended; 2 by default, 0 is the published algorithm. The best picture is kept.
    /// </summary>
    /// <value>2</value>
    [Parameter]
    [ValidateRange(0, 1000)]
    [WholeNumber]
    public int Restarts { get; set; } = AttackerOptions.DefaultRestarts;

    /// <summary>
    /// Copies the encoder sees at once; 8 by default. More take more memory. Sums are rounded otherwise with another number, and
    /// over many steps that gives another picture.
    /// </summary>
    /// <value>8</value>
    [Parameter]
    [ValidateRange(1, 1024)]
    [WholeNumber]
    public int BatchSize { get; set; } = 8;

    /// <summary>
    /// The sides of the components that make up the canvas, from 1 to one and a half image sides; all of them by default. A
    /// geometric row such as 1, 2, 4, 8, … is a little faster and gives another picture.
    /// </summary>
    /// <value>all</value>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [WholeNumber(MayBeAbsent = true, TakesList = true)]
    public int[]? Resolution { get; set; }

    /// <summary>Texts the picture should fit as well, or alone.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [PlainText]
    public string[]? Text { get; set; }

    /// <summary>The weights of -Text beside the vector's 1: one for all, or one each; 1 by default, negative to lead away.</summary>
    /// <value>1</value>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [Number(TakesList = true)]
    public double[] TextWeight { get; set; } = [1];

    /// <summary>A picture to start from, in place of grey.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Initial { get; set; }

    /// <summary>
    /// The encoder that judges whether a picture looks like the truth; it must not be one that is attacked. By default clip-small, or
    /// clip-mini where clip-small is attacked. It embeds every reference's picture once.
    /// </summary>
    /// <value>clip-small, or clip-mini</value>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ClipModelNameCompleter))]
    public string? PerceptualModel { get; set; }

    /// <summary>The truth, which no attacker sees: clusters with their members, clean prototypes, private embeddings, or paths of photographs.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public object[]? Reference { get; set; }

    /// <summary>
    /// What is public: embeddings, paths of photographs or folders of them, or embedding files (.npy, .csv, .jsonl). For
    /// DenoiseFirst and NearestEmbedding.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public object[]? Public { get; set; }

    /// <summary>σ, the noise per coordinate that DenoiseFirst expects; by default what the prototype says, and 0 for other vectors.</summary>
    [Parameter]
    [ValidateRange(0, double.MaxValue)]
    [Number(MayBeAbsent = true)]
    public double? NoiseSigma { get; set; }

    /// <summary>The learning rate of Adam; 0.05 by default.</summary>
    /// <value>0.05</value>
    [Parameter]
    [Number]
    public double AdamLearningRate { get; set; } = new AttackerOptions().AdamLearningRate;

    /// <summary>The weight of the total variation that Adam's picture is charged for, 0 or more.</summary>
    [Parameter]
    [Number]
    public double TotalVariationWeight { get; set; } = new AttackerOptions().TotalVariationWeight;

    /// <summary>Captions that TextInversion keeps at every length; 8 by default.</summary>
    /// <value>8</value>
    [Parameter]
    [ValidateRange(1, 4096)]
    [WholeNumber]
    public int BeamWidth { get; set; } = new TextInversionOptions().BeamWidth;

    /// <summary>Words that TextInversion tries at every place; 128 by default. The time grows with it.</summary>
    /// <value>128</value>
    [Parameter]
    [ValidateRange(1, 1_000_000)]
    [WholeNumber]
    public int CandidateWords { get; set; } = new TextInversionOptions().CandidateWords;

    /// <summary>The longest caption of TextInversion in words; 12 by default.</summary>
    /// <value>12</value>
    [Parameter]
    [ValidateRange(1, 1024)]
    [WholeNumber]
    public int MaximumWords { get; set; } = new TextInversionOptions().MaximumWords;

    /// <summary>A folder that receives the pictures as PNG files, named after the targets and attackers; it is created.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? OutputPath { get; set; }

    /// <summary>Also write a filmstrip with the picture after every so many steps. Needs -OutputPath.</summary>
    [Parameter]
    [ValidateRange(1, 1_000_000)]
    [WholeNumber(MayBeAbsent = true)]
    public int? Every { get; set; }

    /// <summary>Replace pictures that exist.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>The seed of shifts and noise: the same seed and target give the same picture, whatever else is attacked beside it.</summary>
    [Parameter]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    /// <summary>
    /// Attack one of n parts of the targets, written i/n, such as 3/8. The cluster and modality decide which, or the Item of an embedding (of a full path the
    /// file's name), or the place of a plain vector in the input. With a -Seed the records of all parts together are those of the whole.
    /// </summary>
    [Parameter]
    [Shard]
    [ArgumentCompleter(typeof(ShardCompleter))]
    public Shard? Shard { get; set; }

    /// <summary>The most threads of an encoder under attack; all cores by default. The picture does not depend on it.</summary>
    /// <value>all cores</value>
    [Parameter]
    [ValidateRange(1, 1024)]
    [WholeNumber]
    public int ThrottleLimit { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        if (Every is not null && OutputPath is null)
        {
            throw new QosValuationException(Faults.OutputPathMissing, "-Every writes filmstrips: name a folder with -OutputPath.", Every);
        }

        if (Text is null && !MyInvocation.ExpectingInput && !IsBound(nameof(InputObject)))
        {
            throw new QosValuationException(Faults.NothingToAttack, "Pipe prototypes, embeddings or vectors in, or give a -Text.");
        }

        _album = OutputPath is null ? null : new ReconstructionAlbum(ResolveNewPath(OutputPath), Method, Every, Force);
        _meter = new ProgressMeter(this, "Attacking", "steps");
        if (Model.Length > 0)
        {
            Open([.. Model.Select(Resolve)]);
        }
    }

    /// <summary>Opens the models and makes the attackers ready.</summary>
    private void Open(IReadOnlyList<ClipModelFiles> models)
    {
        _campaign = ReconstructionCampaign.Open(models, Method, ThrottleLimit, Cancellation);
        if (Text is not null)
        {
            _campaign.AddTexts(Text, TextWeight, Cancellation);
        }

        AttackerOptions options = Options();
        _campaign.Prepare(options, Publics(), References());
        string names = string.Join(" and ", _campaign.ModelNames);
        int side = _campaign.ImageSize;
        int plain = options.Ascent.PlainCopies;
        WriteVerbose(string.Create(
            CultureInfo.CurrentCulture,
            $"{names}, pictures of {side} × {side} pixels, {Steps:N0} steps of {Copies:N0} copies, at most {plain} of them the plain crop."));
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        object? given = Bare(InputObject);
        if (given is null)
        {
            if (IsBound(nameof(InputObject)) && MyInvocation.ExpectingInput)
            {
                WriteFault(new QosValuationException(Faults.AttackTargetInvalid, "A target is null: a variable that was never set, perhaps."));
            }

            return;
        }

        _received++;
        object[] items = given is object[] several && !Array.TrueForAll(several, IsNumber) ? several : [given];
        foreach (object item in items)
        {
            AttackTarget? target = null;
            ClipModelFiles? model = null;
            if (!TryItem(item, () =>
            {
                target = TargetOf(Bare(item)!);
                model = _campaign is null ? ModelOf(target) : null;
            }))
            {
                continue;
            }

            if (model is not null)
            {
                Open([model]);
            }

            TryItem(item, () =>
            {
                if (Shard is not null && !Shard.Contains(target!.ShardIdentity))
                {
                    return;
                }

                RequireModel(target!);
                if (_campaign!.Take(target!) is { } ready)
                {
                    Attack(ready);
                }
            });
        }
    }

    /// <summary>The model that is attacked where none is named: the one that made the first target.</summary>
    private ClipModelFiles ModelOf(AttackTarget target)
    {
        try
        {
            return Resolve(target.Model);
        }
        catch (QosValuationException fault) when (target.Model.Length > 0)
        {
            throw new QosValuationException(
                Faults.ModelNotFound,
                $"{target.Name} was made by the model '{target.Model}'; name its folder with -Model. {fault.Message}",
                target.Model,
                fault);
        }
    }

    /// <summary>Refuses a target of another model where none was named; where one was, a folder may have another name, so that it is a warning.</summary>
    private void RequireModel(AttackTarget target)
    {
        if (!_campaign!.IsOfAnotherModel(target))
        {
            return;
        }

        string attacked = string.Join(" and ", _campaign.ModelNames);
        if (Model.Length == 0)
        {
            throw new QosValuationException(
                Faults.AttackModelMismatch,
                $"{target.Name} was made by the model '{target.Model}', and what made the first target, {attacked}, is attacked: give it a call of its own.",
                target.Name);
        }

        if (_warnedOf.Add(target.Model))
        {
            WriteWarning($"{target.Name} says that '{target.Model}' made it, and {attacked} is attacked: a picture of another model's vector shows nothing.");
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (_received == 0 && Text is not null)
        {
            string name = string.Join(" + ", Text);
            if (Shard is null || Shard.Contains(ShardIdentity.OfName(name)))
            {
                if (_campaign is null)
                {
                    Open([Resolve(null)]);
                }

                Attack(_campaign!.TargetOfTexts(name));
            }
        }

        foreach (IReadOnlyList<AttackTarget> group in _campaign?.Waiting ?? [])
        {
            TryItem(group[0].Name, () => Attack(_campaign!.Join(group)));
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
            _campaign?.Dispose();
            _stop.Dispose();
        }

        base.Dispose(disposing);
    }

    private static object? Bare(object? item) => item is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : item;

    private static bool IsNumber(object? value) =>
        (value is PSObject wrapped ? wrapped.BaseObject : value) is float or double or int or long or decimal or Half;

    private AttackerOptions Options() => new()
    {
        Methods = Method,
        Ascent = new ReconstructionOptions
        {
            Steps = Steps,
            LearningRate = LearningRate,
            Copies = Copies,
            PlainCopies = PlainCopies ?? AttackerOptions.PlainCopiesOf(Copies),
            BatchSize = BatchSize,
            Resolutions = Resolution,
            Initial = Initial is null ? null : _campaign!.InitialPicture(ResolveNewPath(Initial)),
        },
        Restarts = Restarts,
        AdamLearningRate = AdamLearningRate,
        TotalVariationWeight = TotalVariationWeight,
        Inversion = new TextInversionOptions { BeamWidth = BeamWidth, CandidateWords = CandidateWords, MaximumWords = MaximumWords },
        NoiseSigma = NoiseSigma,
    };

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
                const string Taken = "-Public takes embeddings, paths of photographs or folders, and embedding files.";
                WriteFault(new QosValuationException(Faults.PublicEmbeddingInvalid, Taken, item));
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

        PrivateReferences references = _campaign!.NewReferences(PerceptualModel is null ? null : Resolve(PerceptualModel));
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
                        const string Taken = "-Reference takes clusters, prototypes, embeddings, and paths of photographs or embedding files.";
                        throw new QosValuationException(Faults.ReferenceInvalid, Taken, item);
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
            object? bare = Bare(item);
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
                    foreach (ClipEmbedding embedding in _campaign!.EmbeddingsOf(path, (fault, source) => WriteFault(fault, source), Cancellation))
                    {
                        yield return embedding;
                    }
                }
            }
            else if (bare is not null)
            {
                yield return RecordOf(item) ?? bare;
            }
        }
    }

    private AttackTarget TargetOf(object item)
    {
        object? record = RecordOf(item);
        switch (record ?? item)
        {
            case DpPrototype prototype:
                return AttackTarget.Of(prototype);
            case SemanticCluster cluster:
                return AttackTarget.Of(cluster);
            case IList numbers when numbers.Count > 1 && IsNumber(numbers[0]):
                float[] vector = RecordProperties.TryReadList(numbers, out double[] wide)
                    ? Array.ConvertAll(wide, x => (float)x)
                    : throw new QosValuationException(Faults.AttackTargetInvalid, "An element of the array is no number.", item);
                return AttackTarget.Of(vector, string.Create(CultureInfo.InvariantCulture, $"vector {_received}"));
        }

        if (record is not ClipEmbedding { Dimension: > 0 } embedding)
        {
            throw new QosValuationException(
                Faults.AttackTargetInvalid,
                IsNumber(item)
                    ? "A single number is no target: the pipeline took a vector apart. Put a comma before it: , $vector | Invoke-ReconstructionAttack."
                    : Refusal([typeof(DpPrototype), typeof(ClipEmbedding), typeof(SemanticCluster)], item, "an array of numbers").Message,
                item);
        }

        // A prototype read back from a file carries its own columns.
        AttackTarget target = AttackTarget.Of(embedding);
        return item is PSObject { BaseObject: PSCustomObject } custom && custom.Properties["Sigma"] is not null && embedding.ClusterId is int id
            ? target.AsPrototype(
                id, ReadNumber(custom, "Sigma", 0), ReadNumber(custom, "Count", 1), Read(custom, "PostProcessing", PrototypePostProcessing.None))
            : target;
    }

    private static double ReadNumber(PSObject item, string name, double standard) =>
        RecordProperties.TryGetNumber(item, name, out double value) ? value : standard;

    /// <summary>The prototype, cluster or embedding that an object is, or was before it was saved; null for something else.</summary>
    private static object? RecordOf(object? item) =>
        RecordReader.TypeOf(item) is { } type
        && (type == typeof(DpPrototype) || type == typeof(SemanticCluster) || type == typeof(ClipEmbedding))
        && RecordReader.TryRead(item, type, out object? record)
            ? record
            : null;

    private static T Read<T>(PSObject item, string name, T standard) =>
        LanguagePrimitives.TryConvertTo(item.Properties[name]?.Value, CultureInfo.InvariantCulture, out T value) ? value : standard;

    private void Attack(AttackTarget target)
    {
        Cancellation.ThrowIfCancellationRequested();
        Dictionary<ReconstructionMethod, string> files = NoFiles;
        if (_album is not null)
        {
            files = new(_album.Plan(target).Where(picture => ShouldProcess(picture.Value + ".png", $"Write the reconstruction of {target.Name}")));
            if (files.Count == 0 && Array.Exists(Method, ReconstructionAlbum.HasPicture))
            {
                return;
            }
        }

        // All pictures are on disk before the first record, which a pipeline that is being stopped refuses.
        foreach (Reconstruction result in _campaign!.Attack(target, () => RandomSource.Create(Seed), _album, files, Show, _stop.Token))
        {
            WriteRecord(result);
        }
    }

    private void Show(CampaignProgress progress)
    {
        AttackerProgress state = progress.State;
        string text = state.Text is null ? string.Empty : $" “{state.Text}”";
        string again = state.Start > 1 ? string.Create(CultureInfo.CurrentCulture, $", start {state.Start}") : string.Empty;
        string step = string.Create(CultureInfo.CurrentCulture, $"{state.Method} step {state.Step} of {state.Steps}{again}: score {state.Score:F3}");
        try
        {
            _meter!.Report(progress.Done, MyInvocation.ExpectingInput ? 0 : progress.StepsOfTarget, $"{state.Target.Name}, {step}{text}");
        }
        catch (PipelineStoppedException)
        {
            // Ctrl+C: the attack ends here, and what there is gets written.
            _stop.Cancel();
        }
    }
}
