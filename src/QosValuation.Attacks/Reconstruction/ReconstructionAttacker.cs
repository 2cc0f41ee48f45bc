using System.Numerics.Tensors;
using QosValuation.Embeddings.Datasets.Scenes;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Images;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Model;

namespace QosValuation.Attacks.Reconstruction;

/// <summary>What an attacker is doing, for progress and filmstrips.</summary>
/// <param name="Target">What is attacked.</param>
/// <param name="Method">By which attacker.</param>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Score">The score so far.</param>
/// <param name="Text">The caption so far, of TextInversion; else null.</param>
/// <param name="Start">The start, from 1.</param>
/// <param name="Snapshot">Makes the current picture; null where there is none.</param>
/// <param name="Previous">The start that this one goes on from; 0 where it begins anew.</param>
public sealed record AttackerProgress(
    AttackTarget Target, ReconstructionMethod Method, int Step, int Steps, double Score, string? Text, int Start, Func<byte[]>? Snapshot, int Previous = 0);

/// <summary>How the attackers run.</summary>
public sealed record AttackerOptions
{
    /// <summary>The attackers, in order; each once.</summary>
    public IReadOnlyList<ReconstructionMethod> Methods { get; init; } = [ReconstructionMethod.DirectAscent];

    /// <summary>
    /// The ascent. Adam takes it with its own optimiser, <see cref="AdamLearningRate"/> and <see cref="TotalVariationWeight"/>.
    /// </summary>
    public ReconstructionOptions Ascent { get; init; } = new() { PlainCopies = DefaultPlainCopies };

    /// <summary>
    /// Of 32 copies, 2 show the plain crop that is scored in the end. The published algorithm has none and leaves that crop behind
    /// its own views on some pictures.
    /// </summary>
    public const int DefaultPlainCopies = 2;

    /// <summary>How many copies show the plain crop where nothing else is said: a sixteenth.</summary>
    /// <param name="copies">The copies in all.</param>
    /// <returns>The plain ones among them.</returns>
    public static int PlainCopiesOf(int copies) => copies * DefaultPlainCopies / 32;

    /// <summary>
    /// Further starts of as many steps, until the plain crop reaches 0.98 and the augmented views 0.96 of the cosine that the truth
    /// itself is expected to have to the release, √(1 − dσ²/‖v‖²). Where the plain crop of the best picture is below 0.9 of it the ascent
    /// is stuck, and begins anew with a generated scene, of 64 the best ones (see <see cref="SceneDatasetGenerator"/>); else it is
    /// slow, and goes on from where the best one ended; an attack of fewer steps than published is short by choice and does not.
    /// The best picture is kept. The published algorithm has none: from grey some photographs are never found, and some not within
    /// 100 steps.
    /// </summary>
    public int Restarts { get; init; } = DefaultRestarts;

    /// <summary>Two further starts.</summary>
    public const int DefaultRestarts = 2;

    /// <summary>The learning rate of Adam.</summary>
    public double AdamLearningRate { get; init; } = 0.05;

    /// <summary>λ of Adam's total-variation prior.</summary>
    public double TotalVariationWeight { get; init; } = 0.5;

    /// <summary>The caption search of TextInversion.</summary>
    public TextInversionOptions Inversion { get; init; } = new();

    /// <summary>σ as the attacker knows it from elsewhere; null for what the target says.</summary>
    public double? NoiseSigma { get; init; }
}

/// <summary>Runs one attacker or several against released vectors, judges each against the truth, and names the strongest.</summary>
/// <remarks>Not thread-safe. Each attacker of each target draws from a generator of its own, so that a picture depends on the target, the method and the
/// seed alone.</remarks>
public sealed class ReconstructionAttacker : IDisposable
{
    /// <summary>Below this share of what can be reached, the plain crop is taken to be stuck.</summary>
    private const double StuckShare = 0.9;

    /// <summary>The shares at which an ascent is done: of the plain crop, and of the views, which carry noise.</summary>
    private const double PlainGoal = 0.98;
    private const double ViewGoal = 0.96;

    private readonly IReadOnlyList<AttackEncoder> _encoders;
    private readonly ReconstructionAttack _attack;
    private readonly AttackerOptions _options;
    private readonly PublicEmbeddings? _public;
    private readonly PrivateReferences? _references;
    private readonly Func<ClipEncoder>? _openText;
    private ClipEncoder? _textEncoder;
    private TextInversion? _inversion;

    /// <summary>Prepares attackers.</summary>
    /// <param name="encoders">The encoders; they stay the caller's.</param>
    /// <param name="options">Which attackers, and how.</param>
    /// <param name="publicEmbeddings">What NearestEmbedding and DenoiseFirst know; null for nothing.</param>
    /// <param name="references">The truth to judge by; null for none.</param>
    /// <param name="openText">Opens the first encoder's model for TextInversion; disposed of with this object.</param>
    /// <exception cref="QosValuationException"><c>PublicEmbeddingsMissing</c>: an attacker needs them. <c>AttackMethodRepeated</c>.
    /// <c>PublicEmbeddingInvalid</c>, <c>ReferenceInvalid</c>: of another length than the first encoder's.</exception>
    public ReconstructionAttacker(
        IReadOnlyList<AttackEncoder> encoders,
        AttackerOptions options,
        PublicEmbeddings? publicEmbeddings = null,
        PrivateReferences? references = null,
        Func<ClipEncoder>? openText = null)
    {
        ArgumentNullException.ThrowIfNull(encoders);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Methods.Distinct().Count() != options.Methods.Count || options.Methods.Count == 0)
        {
            throw new QosValuationException(Faults.AttackMethodRepeated, "Name each attacker once, and at least one.", options.Methods);
        }

        foreach (ReconstructionMethod method in options.Methods)
        {
            if (method is ReconstructionMethod.NearestEmbedding or ReconstructionMethod.DenoiseFirst && publicEmbeddings is not { Count: > 0 })
            {
                throw new QosValuationException(
                    Faults.PublicEmbeddingsMissing,
                    $"{method} needs public embeddings as prior knowledge: give some with -Public (embeddings, a folder of photographs, or an embedding file). "
                    + $"Shrinking a vector without them changes no cosine.",
                    method);
            }
        }

        if (publicEmbeddings is { Count: > 0 } && publicEmbeddings.Dimension != encoders[0].Dimension)
        {
            throw new QosValuationException(
                Faults.PublicEmbeddingInvalid, $"The public embeddings have {publicEmbeddings.Dimension} numbers and {encoders[0].Name} gives "
                    + $"{encoders[0].Dimension}; embed them with the model that is attacked.", publicEmbeddings.Dimension);
        }

        references?.Require(encoders[0].Dimension);
        _encoders = encoders;
        _attack = new ReconstructionAttack(encoders);
        _options = options;
        _public = publicEmbeddings;
        _references = references;
        _openText = openText;
    }

    /// <summary>The side of a picture in pixels.</summary>
    public int ImageSize => _attack.ImageSize;

    /// <summary>Attacks one target with every method.</summary>
    /// <param name="target">The target.</param>
    /// <param name="random">Makes the generator of each attack.</param>
    /// <param name="progress">Called after every step; may be null.</param>
    /// <param name="cancellation">Ends the attacks: the one under way returns what it has, and the others are left out.</param>
    /// <returns>A record an attacker, in order, the strongest marked; none where nothing was found before the cancellation.</returns>
    /// <exception cref="QosValuationException">AttackTargetInvalid, AttackOptionInvalid, NoiseUnknown, ResolutionOutOfRange, ReferenceInvalid.</exception>
    public IReadOnlyList<QosValuation.Reconstruction> Attack(
        AttackTarget target, Func<RandomSource> random, Action<AttackerProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(random);
        if (_options.Methods.Contains(ReconstructionMethod.DenoiseFirst))
        {
            // Before anything is spent on the attackers that come first.
            _ = KnownSigma(target);
        }

        var results = new List<QosValuation.Reconstruction>();
        foreach (ReconstructionMethod method in _options.Methods)
        {
            if (results.Count > 0 && cancellation.IsCancellationRequested)
            {
                break;
            }

            QosValuation.Reconstruction? result = method switch
            {
                ReconstructionMethod.NearestEmbedding => Search(target),
                ReconstructionMethod.TextInversion => Invert(target, progress, cancellation),
                _ => Ascend(target, method, random(), progress, cancellation),
            };
            if (result is null)
            {
                break;
            }

            result = result with { ClusterId = target.ClusterId, Target = target.Name, Modality = target.Modality, Method = method };
            results.Add(_references?.Judge(result, target) ?? result);
        }

        QosValuation.Reconstruction? strongest = Strongest(results);
        return [.. results.Select(result => ReferenceEquals(result, strongest) ? result with { IsStrongest = true } : result)];
    }

    /// <summary>The one that told most about the truth: see <see cref="QosValuation.Reconstruction.IsStrongest"/>.</summary>
    /// <param name="results">What several attackers found of one target, judged by the same references.</param>
    /// <returns>The first of the strongest; null where there are none.</returns>
    internal static QosValuation.Reconstruction? Strongest(IReadOnlyCollection<QosValuation.Reconstruction> results)
    {
        static double Strength(QosValuation.Reconstruction r) =>
            double.IsNaN(r.ReferenceSimilarity) ? r.Score : double.IsNaN(r.DecoySimilarity) ? r.ReferenceSimilarity : r.ReferenceSimilarity - r.DecoySimilarity;
        return results.MaxBy(r => (-r.SourceRank, Strength(r)));
    }

    /// <inheritdoc/>
    public void Dispose() => _textEncoder?.Dispose();

    private QosValuation.Reconstruction Ascend(
        AttackTarget target, ReconstructionMethod method, RandomSource random, Action<AttackerProgress>? progress, CancellationToken cancellation)
    {
        IReadOnlyList<ReconstructionTarget> aims = method == ReconstructionMethod.DenoiseFirst ? Denoised(target) : target.Vectors;
        ReconstructionOptions options = method != ReconstructionMethod.Adam ? _options.Ascent : _options.Ascent with
        {
            Optimizer = ReconstructionOptimizer.Adam,
            LearningRate = _options.AdamLearningRate,
            TotalVariationWeight = _options.TotalVariationWeight,
        };
        double sigma = method == ReconstructionMethod.DenoiseFirst ? 0 : _options.NoiseSigma ?? target.Sigma;

        // With several targets nobody knows what can be reached.
        double reachable = aims.Count == 1 ? Reachable(aims[0].Vector, sigma) * aims[0].Weight : 0;
        double Share(QosValuation.Reconstruction found) => reachable <= 0 ? double.PositiveInfinity
            : Math.Min(found.Score / PlainGoal, found.AugmentedScore / ViewGoal) / reachable;
        float[] canvas = [];
        QosValuation.Reconstruction best = From(1, options, 0, ref canvas);
        byte[][] scenes = [];
        int used = 0;
        for (int start = 2; start <= 1 + _options.Restarts && !(Share(best) >= 1) && !cancellation.IsCancellationRequested; start++)
        {
            float[] ended = canvas;
            QosValuation.Reconstruction found;
            if (best.Score >= StuckShare * reachable)
            {
                if (options.Steps < ReconstructionOptions.PublishedSteps)
                {
                    // Short by choice.
                    break;
                }

                found = From(start, options, best.Start, ref ended) with { IsFromScene = best.IsFromScene };
            }
            else
            {
                scenes = used == 0 ? SceneStarts.Ranked(_attack, _encoders[0].Preprocessing, aims, _options.Restarts, random, cancellation) : scenes;
                if (cancellation.IsCancellationRequested)
                {
                    break;
                }

                ended = [];
                found = From(start, options with { Initial = scenes[used++] }, 0, ref ended) with { IsFromScene = true };
            }

            if (Share(found) > Share(best))
            {
                (best, canvas) = (found, ended);
            }
        }

        return method == ReconstructionMethod.DenoiseFirst ? best with { Score = _attack.Score(best.Image, target.Vectors).Score } : best;

        QosValuation.Reconstruction From(int start, ReconstructionOptions ascent, int previous, ref float[] raw) => _attack.Run(
            aims,
            ascent,
            random,
            ref raw,
            progress is null ? null : state => progress(new AttackerProgress(
                target, method, state.Step, state.Steps, state.Score, null, start, state.Snapshot, previous)),
            cancellation) with { Start = start };
    }

    /// <summary>
    /// The cosine that the truth has to its release at least, but for one release in forty: ‖v‖² is ‖m‖² + dσ² in the mean,
    /// and the noise alone spreads it by σ²√(2d).
    /// </summary>
    private static double Reachable(float[] vector, double sigma)
    {
        double square = vector.Sum(v => (double)v * v);
        return square > 0 && double.IsFinite(sigma)
            ? Math.Sqrt(Math.Max(0, 1 - ((vector.Length + (2 * Math.Sqrt(2.0 * vector.Length))) * sigma * sigma / square))) : 1;
    }

    /// <summary>The targets with the released vector replaced by the attacker's estimate of the clean one.</summary>
    private ReconstructionTarget[] Denoised(AttackTarget target)
    {
        ReconstructionTarget released = Released(target);
        float[] estimate = _public!.Denoise(released.Vector, KnownSigma(target), target.Count, target.Modality);
        return [.. target.Vectors.Select(vector => ReferenceEquals(vector, released) ? vector with { Vector = estimate } : vector)];
    }

    private double KnownSigma(AttackTarget target)
    {
        double sigma = _options.NoiseSigma ?? target.Sigma;
        return sigma >= 0 && double.IsFinite(sigma)
            ? sigma
            : throw new QosValuationException(
                Faults.NoiseUnknown, $"How much noise is in {target.Name} is not known; give its standard deviation per coordinate with "
                    + $"-NoiseSigma.", target.Name);
    }

    private QosValuation.Reconstruction Search(AttackTarget target)
    {
        ClipEmbedding found = _public!.Nearest(Combined(target), target.Modality);
        byte[] image = Crop(found);
        return new QosValuation.Reconstruction
        {
            ClusterId = target.ClusterId,
            Text = found.Source,
            Score = _attack.Cosine(found.Vector, target.Vectors),
            ScoreTrace = Array.Empty<double>(),
            Steps = 0,
            IsComplete = true,
            ImageSize = image.Length == 0 ? 0 : ImageSize,
            Image = image,
            Embedding = found.Vector,
        };
    }

    private QosValuation.Reconstruction? Invert(AttackTarget target, Action<AttackerProgress>? progress, CancellationToken cancellation)
    {
        _textEncoder ??= _openText?.Invoke()
            ?? throw new QosValuationException(Faults.ModalityNotSupported, "TextInversion needs a model with a text encoder.");
        _inversion ??= new TextInversion(_textEncoder, _options.Inversion);
        TextInversionResult? found = _inversion.Run(
            Combined(target),
            progress is null ? null : (length, text, score) => progress(new AttackerProgress(
                target, ReconstructionMethod.TextInversion, length, _options.Inversion.MaximumWords, score, text, 1, null)),
            cancellation);
        return found is null ? null : new QosValuation.Reconstruction
        {
            ClusterId = target.ClusterId,
            Text = found.Text,
            Score = _attack.Cosine(found.Embedding, target.Vectors),
            ScoreTrace = found.Trace,
            Steps = found.Trace.Length,
            IsComplete = found.IsComplete,
            ImageSize = 0,
            Image = [],
            Embedding = found.Embedding,
        };
    }

    /// <summary>Σ w·v/‖v‖ of the first encoder's targets: the direction that a search looks for.</summary>
    private float[] Combined(AttackTarget target) => _attack.Direction(target.Vectors) is { } direction && TensorPrimitives.Norm<float>(direction) > 0
        ? direction
        : throw new QosValuationException(Faults.AttackTargetInvalid, $"{target.Name} has no target for {_encoders[0].Name}.", target.Name);

    private ReconstructionTarget Released(AttackTarget target) => target.Vectors.FirstOrDefault(vector => vector.Encoder == 0)
        ?? throw new QosValuationException(Faults.AttackTargetInvalid, $"{target.Name} has no target for {_encoders[0].Name}.", target.Name);

    private byte[] Crop(ClipEmbedding found)
    {
        if (found.Modality != Modality.Image || !ImageFileFinder.IsImage(found.Source) || !File.Exists(found.Source))
        {
            return [];
        }

        byte[] image = new byte[3 * ImageSize * ImageSize];
        try
        {
            new ImagePreprocessor(_encoders[0].Preprocessing).Crop(found.Source, image);
            return image;
        }
        catch (QosValuationException)
        {
            // Embedded before, gone or damaged now: the find stands without its picture.
            return [];
        }
    }
}
