using System.Globalization;
using QosValuation.Embeddings.Datasets;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Models;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Attacks.Reconstruction;

/// <summary>How far a campaign is.</summary>
/// <param name="State">What the attacker is doing.</param>
/// <param name="Done">Steps done, of all targets so far.</param>
/// <param name="StepsOfTarget">The steps of all attackers against one target, without further starts.</param>
public sealed record CampaignProgress(AttackerProgress State, long Done, int StepsOfTarget);

/// <summary>
/// Attacks on a row of released vectors: opens the attacked models, adds texts to the targets, joins the releases that belong
/// together where several models are attacked, runs the attackers, and keeps the pictures. Not thread-safe.
/// </summary>
/// <remarks>Open it, add texts, prepare it, then take and attack targets.</remarks>
public sealed class ReconstructionCampaign : IDisposable
{
    private readonly IReadOnlyList<ClipModelFiles> _models;
    private readonly List<AttackEncoder> _encoders = [];
    private readonly List<ReconstructionTarget> _texts = [];
    private readonly List<AttackTarget> _waiting = [];
    private readonly ImagePreprocessing _preprocessing;
    private ClipEncoder? _embedder;
    private AttackerOptions? _options;
    private ReconstructionAttacker? _attacker;
    private PerceptualJudge? _judge;
    private long _done;

    private ReconstructionCampaign(IReadOnlyList<ClipModelFiles> models, int threads, CancellationToken cancellation)
    {
        _models = models;
        try
        {
            foreach (ClipModelFiles model in models)
            {
                cancellation.ThrowIfCancellationRequested();
                _encoders.Add(AttackEncoder.Open(model, threads));
            }

            _embedder = ClipEncoder.Open(models[0]);
            _preprocessing = _encoders[0].Preprocessing;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The names of the attacked models.</summary>
    public IEnumerable<string> ModelNames => _encoders.Select(encoder => encoder.Name);

    /// <summary>The side of a picture in pixels, once the campaign is prepared.</summary>
    public int ImageSize => Attacker.ImageSize;

    /// <summary>Whether there are texts, which can be attacked without a released vector.</summary>
    public bool HasTexts => _texts.Count > 0;

    /// <summary>The releases that wait for their counterparts of other models, one group for each cluster and modality, or item.</summary>
    public IReadOnlyList<IReadOnlyList<AttackTarget>> Waiting => [.. _waiting.GroupBy(KeyOf).Select(group => group.ToArray())];

    private ReconstructionAttacker Attacker => _attacker ?? throw new InvalidOperationException("The campaign is not prepared.");

    /// <summary>Opens the models.</summary>
    /// <param name="models">The attacked models, at least one; with several their scores are added.</param>
    /// <param name="methods">The attackers.</param>
    /// <param name="threads">Threads that an encoder may use; 0 lets ONNX Runtime choose.</param>
    /// <param name="cancellation">Stops the opening.</param>
    /// <returns>The campaign; dispose of it.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ModelModalityMissing</c>, <c>AttackModelNotSupported</c>: no encoder of square images. <c>ModalityNotSupported</c>:
    /// TextInversion without a text encoder.
    /// </exception>
    public static ReconstructionCampaign Open(
        IReadOnlyList<ClipModelFiles> models, IReadOnlyList<ReconstructionMethod> methods, int threads = 0, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(methods);
        var campaign = new ReconstructionCampaign(models, threads, cancellation);
        ClipModel first = campaign._embedder!.Model;
        if (!methods.Contains(ReconstructionMethod.TextInversion) || first.Modalities.Contains(Modality.Text))
        {
            return campaign;
        }

        campaign.Dispose();
        throw new QosValuationException(
            Faults.ModalityNotSupported,
            $"TextInversion needs a text encoder, and {first.Name} has none; leave it out, or attack another model.",
            first.Name);
    }

    /// <summary>Makes the texts targets of every attack, embedded by each model.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="weights">Their weights: one for all, or one for each.</param>
    /// <param name="cancellation">Stops the embedding.</param>
    /// <exception cref="QosValuationException"><c>ParametersConflict</c>: another number of weights. <c>ModalityNotSupported</c>: a model has no text
    /// encoder.</exception>
    public void AddTexts(IReadOnlyList<string> texts, IReadOnlyList<double> weights, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(weights);
        if (weights.Count != 1 && weights.Count != texts.Count)
        {
            throw new QosValuationException(
                Faults.ParametersConflict, $"-TextWeight has {weights.Count} weights for {texts.Count} texts; give one for all or one each.", weights);
        }

        for (int e = 0; e < _models.Count; e++)
        {
            using ClipEncoder encoder = ClipEncoder.Open(_models[e]);
            for (int i = 0; i < texts.Count; i++)
            {
                _texts.Add(new ReconstructionTarget(encoder.EncodeText(texts[i], cancellation), weights[weights.Count == 1 ? 0 : i], e));
            }
        }
    }

    /// <summary>Reads a picture to start from.</summary>
    /// <param name="path">The image file.</param>
    /// <returns>Its square crop: ImageSize · ImageSize · 3 bytes of the first model.</returns>
    /// <exception cref="QosValuationException"><c>ImageNotFound</c>, <c>ImageNotReadable</c>, <c>ImageTooLarge</c>.</exception>
    public byte[] InitialPicture(string path)
    {
        var preprocessor = new ImagePreprocessor(_preprocessing);
        byte[] picture = new byte[3 * preprocessor.ImageSize * preprocessor.ImageSize];
        preprocessor.Crop(path, picture);
        return picture;
    }

    /// <summary>Reads the embeddings behind a path, with the first model where they have to be made.</summary>
    /// <param name="path">An image, a folder of images with its subfolders, or an embedding file (.npy, .csv, .jsonl).</param>
    /// <param name="onFault">Told of each item that is left out, and of its source where that is known.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The embeddings, as they are ready.</returns>
    /// <exception cref="QosValuationException">The file cannot be read.</exception>
    public IEnumerable<ClipEmbedding> EmbeddingsOf(string path, Action<QosValuationException, string?> onFault, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(onFault);
        string[] images = Directory.Exists(path) ? [.. ImageFileFinder.Find(path, recurse: true, fault => onFault(fault, null))] : [path];
        if (images is [string file] && !ImageFileFinder.IsImage(file))
        {
            return EmbeddingFile.Read(file, onFault: fault => onFault(fault, null), cancellation: cancellation);
        }

        IEnumerable<EmbeddingRequest> requests = images.Select(image => new EmbeddingRequest { Modality = Modality.Image, Source = image, Item = image });
        return EmbeddingPipeline.Embed(_embedder!, requests, null, cancellation)
            .Where(outcome =>
            {
                if (outcome.Fault is not null)
                {
                    onFault(outcome.Fault, outcome.Request.Source);
                }

                return outcome.Fault is null;
            })
            .Select(outcome => outcome.Embedding!);
    }

    /// <summary>A collection for the truth, whose pictures are cropped as those of the first model.</summary>
    /// <param name="judge">The model that judges how alike pictures look; null for a built-in one that is not attacked.</param>
    /// <returns>An empty collection.</returns>
    /// <exception cref="QosValuationException">As <see cref="PerceptualJudge.Open"/>.</exception>
    public PrivateReferences NewReferences(ClipModelFiles? judge = null)
    {
        _judge ??= PerceptualJudge.Open(judge, _models);
        return new(_preprocessing, _judge);
    }

    /// <summary>Makes the attackers ready.</summary>
    /// <param name="options">Which attackers, and how.</param>
    /// <param name="publicEmbeddings">What is public; null for nothing.</param>
    /// <param name="references">The truth to judge by; null for none.</param>
    /// <exception cref="QosValuationException">As the constructor of <see cref="ReconstructionAttacker"/>.</exception>
    public void Prepare(AttackerOptions options, PublicEmbeddings? publicEmbeddings, PrivateReferences? references)
    {
        _options = options;
        _attacker = new ReconstructionAttacker(_encoders, options, publicEmbeddings, references, () => ClipEncoder.Open(_models[0]));
    }

    /// <summary>Whether a target says that a model made it which is not attacked, so that a picture cannot show what it tells.</summary>
    /// <param name="target">The target.</param>
    /// <returns>False where the target does not say.</returns>
    public bool IsOfAnotherModel(AttackTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return target.Model.Length > 0 && EncoderOf(target) < 0;
    }

    /// <summary>
    /// Takes a target. With several models it goes with the one whose name it carries, and waits for its counterparts; see <see cref="Waiting"/>.
    /// </summary>
    /// <param name="target">The target.</param>
    /// <returns>The target with the texts beside it, ready for <see cref="Attack"/>; null where it waits.</returns>
    public AttackTarget? Take(AttackTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (_models.Count == 1)
        {
            return target with { Vectors = [.. target.Vectors, .. _texts] };
        }

        _waiting.Add(target);
        return null;
    }

    /// <summary>The texts alone as a target.</summary>
    /// <param name="name">The target's name.</param>
    /// <returns>The target.</returns>
    public AttackTarget TargetOfTexts(string name) => new() { Name = name, Vectors = [.. _texts] };

    /// <summary>Joins the releases of one cluster or item, one for each model, with the texts beside them.</summary>
    /// <param name="group">A group of <see cref="Waiting"/>.</param>
    /// <returns>The target.</returns>
    /// <exception cref="QosValuationException"><c>AttackTargetInvalid</c>: too many releases, or none for a model.</exception>
    public AttackTarget Join(IReadOnlyList<AttackTarget> group)
    {
        ArgumentNullException.ThrowIfNull(group);
        AttackTarget first = group[0];
        var vectors = new List<ReconstructionTarget>();
        for (int i = 0; i < group.Count; i++)
        {
            // A release that does not name a model goes with the model at its place in the group.
            ReconstructionTarget own = group[i].Vectors[0];
            int named = EncoderOf(group[i]);
            int encoder = named >= 0 && !vectors.Exists(vector => vector.Encoder == named) ? named : i;
            if (encoder >= _models.Count)
            {
                throw new QosValuationException(
                    Faults.AttackTargetInvalid, $"{first.Name} has {group.Count} targets for {_models.Count} models; give one for each.", first.Name);
            }

            vectors.Add(own with { Encoder = encoder });
        }

        int missing = Enumerable.Range(0, _models.Count).FirstOrDefault(e => !vectors.Concat(_texts).Any(vector => vector.Encoder == e), -1);
        return missing < 0
            ? first with { Vectors = [.. vectors.OrderBy(vector => vector.Encoder), .. _texts] }
            : throw new QosValuationException(
                Faults.AttackTargetInvalid,
                $"{first.Name} has no target for {_models[missing].Name}: with several models give one release for each, or a -Text.",
                first.Name);
    }

    /// <summary>Attacks a target with every attacker and writes the pictures.</summary>
    /// <param name="target">A target of <see cref="Take"/>, <see cref="Join"/> or <see cref="TargetOfTexts"/>.</param>
    /// <param name="random">Makes the generator of each attack.</param>
    /// <param name="album">Where pictures go; null keeps them in the results alone.</param>
    /// <param name="paths">The attackers whose pictures are written, with their paths as <see cref="ReconstructionAlbum.Plan"/> gives them.</param>
    /// <param name="progress">Told after every step; may be null.</param>
    /// <param name="cancellation">Ends the attacks; what there is by then is written and returned.</param>
    /// <returns>A record for each attacker, in order, the strongest marked.</returns>
    /// <exception cref="QosValuationException">As <see cref="ReconstructionAttacker.Attack"/>, and <c>ImageNotWritable</c>.</exception>
    public IReadOnlyList<QosValuation.Reconstruction> Attack(
        AttackTarget target,
        Func<RandomSource> random,
        ReconstructionAlbum? album,
        IReadOnlyDictionary<ReconstructionMethod, string> paths,
        Action<CampaignProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(paths);
        album?.Begin(paths);
        IReadOnlyList<ReconstructionMethod> methods = _options!.Methods;
        int total = methods.Sum(StepsOf);
        void Follow(AttackerProgress state)
        {
            album?.Follow(state, ImageSize);
            int before = methods.TakeWhile(method => method != state.Method).Sum(StepsOf);
            progress?.Invoke(new CampaignProgress(state, _done + before + Math.Min(state.Step, StepsOf(state.Method)), total));
        }

        IReadOnlyList<QosValuation.Reconstruction> results = Attacker.Attack(target, random, Follow, cancellation);
        _done += total;
        return album is null ? results : [.. results.Select(result => album.Save(result, paths))];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _attacker?.Dispose();
        _judge?.Dispose();
        _embedder?.Dispose();
        _encoders.ForEach(encoder => encoder.Dispose());
    }

    /// <summary>The place of the model that made a target; −1 where it is none of the attacked ones, or not known.</summary>
    private int EncoderOf(AttackTarget target) => Enumerable.Range(0, _models.Count)
        .FirstOrDefault(e => _models[e].Name.Equals(target.Model, StringComparison.OrdinalIgnoreCase), -1);

    private static string KeyOf(AttackTarget target) => target.ClusterId >= 0
        ? string.Create(CultureInfo.InvariantCulture, $"cluster {target.ClusterId} {target.Modality}")
        : $"item {target.Item ?? target.Name} {target.Modality}";

    private int StepsOf(ReconstructionMethod method) => method switch
    {
        ReconstructionMethod.TextInversion => _options!.Inversion.MaximumWords,
        ReconstructionMethod.NearestEmbedding => 0,
        _ => _options!.Ascent.Steps,
    };
}
