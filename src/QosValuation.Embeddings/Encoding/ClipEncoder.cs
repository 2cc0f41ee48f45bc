using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Models;
using QosValuation.Embeddings.Text;
using QosValuation.Foundation.Numerics;
using QosValuation.Onnx.Model;

namespace QosValuation.Embeddings.Encoding;

/// <summary>
/// The two encoders of a CLIP model. Each is opened when first used; all members are safe for use by several threads.
/// For many items use an <see cref="EmbeddingPipeline"/>, which decodes while it infers.
/// </summary>
public sealed class ClipEncoder : IDisposable
{
    private const string ProbeText = "a photograph of a dog";
    private const double TrimmingCosine = 0.999999;

    // Decoding must not wait for weights to load, so each part has a lock of its own.
    private readonly Lock _toolsGate = new();
    private readonly Lock _visionGate = new();
    private readonly Lock _textGate = new();
    private EncoderSession? _vision;
    private EncoderSession? _text;
    private ImagePreprocessor? _preprocessor;
    private ITextTokenizer? _tokenizer;
    private bool? _trimsPadding;
    private bool _isDisposed;

    private ClipEncoder(ClipModelDescription description, ClipEncoderOptions options)
    {
        Description = description;
        Options = options;
    }

    /// <summary>The model.</summary>
    public ClipModel Model => Description.Model;

    /// <summary>The length of an embedding.</summary>
    public int Dimension => Description.Model.Dimension;

    /// <summary>How the encoder runs.</summary>
    public ClipEncoderOptions Options { get; }

    /// <summary>Why the processor is used in place of the execution provider that was asked for; null where it is not.</summary>
    public QosValuationException? Fallback { get; private init; }

    /// <summary>Names, types and sizes of the files.</summary>
    public ClipModelDescription Description { get; }

    /// <summary>Decodes and normalises images for this model.</summary>
    /// <exception cref="QosValuationException"><c>ModalityNotSupported</c>: there is no image encoder.</exception>
    internal ImagePreprocessor Preprocessor
    {
        get
        {
            lock (_toolsGate)
            {
                return _preprocessor ??= new ImagePreprocessor(Vision.Preprocessing, Options.ImageLimits, Options.Decoding);
            }
        }
    }

    /// <summary>Encodes texts for this model.</summary>
    /// <exception cref="QosValuationException"><c>ModalityNotSupported</c>: there is no text encoder. <c>TokenizerNotFound</c>.</exception>
    public ITextTokenizer Tokenizer
    {
        get
        {
            lock (_toolsGate)
            {
                _ = Text;
                return _tokenizer ??= TextTokenizer.Load(
                    Description.Files.VocabularyPath ?? throw new QosValuationException(
                        Faults.TokenizerNotFound, $"The model '{Model.Name}' has no vocab.json with merges.txt, no vocab.txt and no tokenizer.json, so it "
                            + $"cannot embed texts. Put the files of its tokenizer into '{Model.Path}'.", Model.Path),
                    Description.Files.MergesPath);
            }
        }
    }

    private VisionEncoderDescription Vision => Description.Vision ?? throw NoModality("image", "images");

    private TextEncoderDescription Text => Description.Text ?? throw NoModality("text", "texts");

    /// <summary>Opens a model by name or path.</summary>
    /// <param name="nameOrPath">As <see cref="ClipModelCatalog.Resolve"/>; null is clip-small.</param>
    /// <param name="options">How it shall run; null for the defaults.</param>
    /// <returns>The encoder; weights are loaded when first needed.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ModelNotFound</c>, <c>ModelNotReadable</c>, <c>ModelNotSupported</c>, <c>ExecutionProviderNotAvailable</c>.
    /// </exception>
    public static ClipEncoder Open(string? nameOrPath = null, ClipEncoderOptions? options = null) => Open(ClipModelCatalog.Resolve(nameOrPath), options);

    /// <summary>Opens a model.</summary>
    /// <param name="files">Its files.</param>
    /// <param name="options">How it shall run; null for the defaults.</param>
    /// <returns>The encoder; weights are loaded when first needed.</returns>
    /// <exception cref="QosValuationException">As <see cref="Open(string?, ClipEncoderOptions?)"/>.</exception>
    public static ClipEncoder Open(ClipModelFiles files, ClipEncoderOptions? options = null)
    {
        options ??= new ClipEncoderOptions();
        QosValuationException? fallback = null;
        try
        {
            EncoderSession.RequireProvider(options.ExecutionProvider);
        }
        catch (QosValuationException fault) when (options.AllowFallback && fault.Is(Faults.ExecutionProviderNotAvailable))
        {
            fallback = fault;
            options = options with { ExecutionProvider = ExecutionProvider.Cpu };
        }

        return new ClipEncoder(ClipModelReader.Describe(files), options) { Fallback = fallback };
    }

    /// <summary>The execution providers that the ONNX Runtime binaries in use offer.</summary>
    /// <returns>At least <see cref="ExecutionProvider.Cpu"/>.</returns>
    public static IReadOnlyList<ExecutionProvider> AvailableProviders() => EncoderSession.AvailableProviders();

    /// <summary>
    /// Loads the libraries of inference, and of decoding, on a thread of its own where they are not loaded yet: in a new process that takes as long as
    /// to read a small model, and both can be done at once. What goes wrong is said to who needs them.
    /// </summary>
    public static void StartAhead() => OnnxRuntimeHost.StartAhead(LibVips.EnsureStarted);

    /// <summary>Embeds one image file.</summary>
    /// <param name="path">The image.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>Its embedding, unit L2 norm.</returns>
    /// <exception cref="QosValuationException"><c>ImageNotFound</c>, <c>ImageNotReadable</c>, <c>EmbeddingNotFinite</c> and those of opening.</exception>
    public float[] EncodeImage(string path, CancellationToken cancellation = default)
    {
        using ImageBatch batch = CreateImageBatch(1);
        batch.Fill(0, Preprocessor, path);
        Run(batch, 1, cancellation);
        return Unit(batch, 0, path);
    }

    /// <summary>Embeds one text.</summary>
    /// <param name="text">The text; what exceeds the context is cut off.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>Its embedding, unit L2 norm.</returns>
    /// <exception cref="QosValuationException"><c>EmbeddingNotFinite</c> and those of opening.</exception>
    public float[] EncodeText(string text, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        using TextBatch batch = CreateTextBatch(1);
        batch.Fill(0, Tokenizer, text);
        Run(batch, 1, cancellation);
        return Unit(batch, 0, text);
    }

    /// <summary>Embeds ready pixels in one run.</summary>
    /// <param name="pixels">Images × 3 × size × size normalised pixels: of each image the red plane, the green, the blue.</param>
    /// <param name="vectors">Receives images × dimension numbers, rows of unit L2 norm.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="QosValuationException"><c>EmbeddingNotFinite</c> and those of opening.</exception>
    public void EncodeImages(ReadOnlySpan<float> pixels, Span<float> vectors, CancellationToken cancellation = default)
    {
        int side = Vision.Preprocessing.ImageSize;
        int count = CountItems(pixels.Length, 3 * side * side, vectors.Length);
        using ImageBatch batch = CreateImageBatch(Math.Max(1, count));
        for (int i = 0; i < count; i++)
        {
            batch.Fill(i, pixels.Slice(i * 3 * side * side, 3 * side * side));
        }

        RunInto(batch, count, vectors, cancellation);
    }

    /// <summary>Embeds ready token ids in one run.</summary>
    /// <param name="ids">Texts × context length token ids, padded.</param>
    /// <param name="lengths">For each text the number of positions that are not padding.</param>
    /// <param name="vectors">Receives texts × dimension numbers, rows of unit L2 norm.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="QosValuationException"><c>EmbeddingNotFinite</c> and those of opening.</exception>
    public void EncodeTexts(ReadOnlySpan<int> ids, ReadOnlySpan<int> lengths, Span<float> vectors, CancellationToken cancellation = default)
    {
        int context = Text.ContextLength;
        int count = CountItems(ids.Length, context, vectors.Length);
        if (lengths.Length != count)
        {
            throw new ArgumentException("There must be one length for each text.", nameof(lengths));
        }

        using TextBatch batch = CreateTextBatch(Math.Max(1, count));
        for (int i = 0; i < count; i++)
        {
            batch.Fill(i, ids.Slice(i * context, context), lengths[i]);
        }

        RunInto(batch, count, vectors, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_visionGate)
        {
            _isDisposed = true;
            _vision?.Dispose();
            _vision = null;
        }

        lock (_textGate)
        {
            _text?.Dispose();
            _text = null;
        }
    }

    /// <summary>Throws where the model cannot embed a modality; loads the tokenizer, but no weights.</summary>
    /// <param name="modality">The modality.</param>
    internal void Require(Modality modality)
    {
        if (modality == Modality.Image)
        {
            _ = Preprocessor;
        }
        else
        {
            _ = Tokenizer;
        }
    }

    /// <summary>Opens the encoder of images where it is not open yet, so that it is when the first of them is decoded.</summary>
    /// <param name="cancellation">Ends the opening.</param>
    internal void OpenForImages(CancellationToken cancellation) => _ = VisionSession(cancellation);

    /// <summary>Allocates the buffers of a run over images.</summary>
    /// <param name="capacity">The most images of a run.</param>
    /// <returns>The batch; the caller disposes of it.</returns>
    internal ImageBatch CreateImageBatch(int capacity) => new(Vision, capacity) { PreferredRun = Options.EffectiveImagesPerRun };

    /// <summary>Allocates the buffers of a run over texts.</summary>
    /// <param name="capacity">The most texts of a run.</param>
    /// <returns>The batch; the caller disposes of it.</returns>
    internal TextBatch CreateTextBatch(int capacity) => new(Text, capacity);

    /// <summary>Runs a batch, opening the encoder where it is not yet open.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="count">The number of items.</param>
    /// <param name="run">Ends the run from another thread.</param>
    /// <param name="cancellation">Ends the opening.</param>
    internal void Run(EncoderBatch batch, int count, RunOptions run, CancellationToken cancellation)
    {
        if (batch is TextBatch text)
        {
            text.TrimsPadding = TrimsPadding(cancellation);
            batch.Run(TextSession(cancellation), count, run);
        }
        else
        {
            batch.Run(VisionSession(cancellation), count, run);
        }
    }

    /// <summary>Copies and normalises an embedding of the last run.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="slot">The item.</param>
    /// <param name="source">Names the item in the error.</param>
    /// <returns>A vector of unit L2 norm.</returns>
    /// <exception cref="QosValuationException"><c>EmbeddingNotFinite</c>: the model gave zeros, infinities or no numbers.</exception>
    internal static float[] Unit(EncoderBatch batch, int slot, string source)
    {
        float[] vector = batch.Vector(slot).ToArray();
        return UnitVector.TryNormalize(vector)
            ? vector
            : throw new QosValuationException(
                Faults.EmbeddingNotFinite,
                $"The model gave no usable vector for '{source}': it is zero or not finite. A half-precision model may overflow; try the single-precision one.",
                source);
    }

    private static int CountItems(int length, int itemLength, int vectorsLength, int dimension)
    {
        if (length % itemLength != 0 || length / itemLength * (long)dimension != vectorsLength)
        {
            throw new ArgumentException($"Expected items × {itemLength} inputs and items × {dimension} outputs, not {length} and {vectorsLength}.");
        }

        return length / itemLength;
    }

    private int CountItems(int length, int itemLength, int vectorsLength) => CountItems(length, itemLength, vectorsLength, Dimension);

    private void RunInto(EncoderBatch batch, int count, Span<float> vectors, CancellationToken cancellation)
    {
        if (count == 0)
        {
            return;
        }

        Run(batch, count, cancellation);
        for (int i = 0; i < count; i++)
        {
            Unit(batch, i, $"item {i}").CopyTo(vectors[(i * Dimension)..]);
        }
    }

    private void Run(EncoderBatch batch, int count, CancellationToken cancellation)
    {
        using var run = new RunOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        using CancellationTokenRegistration registration = cancellation.Register(() => run.Terminate = true);
        Run(batch, count, run, cancellation);
    }

    private EncoderSession VisionSession(CancellationToken cancellation)
    {
        lock (_visionGate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _vision ??= EncoderSession.Open(Vision, Options, cancellation);
        }
    }

    private EncoderSession TextSession(CancellationToken cancellation)
    {
        lock (_textGate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _text ??= EncoderSession.Open(Text, Options, cancellation);
        }
    }

    /// <summary>
    /// Whether positions after the longest text of a run may be left out. They may where the encoder is causal and pools at
    /// the end token, as CLIP's is: padding then comes after everything that counts. Found out by trying.
    /// </summary>
    private bool TrimsPadding(CancellationToken cancellation)
    {
        lock (_textGate)
        {
            if (_trimsPadding is { } known)
            {
                return known;
            }

            if (Text.IsLengthFixed || Description.Files.VocabularyPath is null)
            {
                _trimsPadding = false;
                return false;
            }

            EncoderSession session = TextSession(cancellation);
            using var run = new RunOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
            using CancellationTokenRegistration registration = cancellation.Register(() => run.Terminate = true);
            using TextBatch batch = CreateTextBatch(1);
            batch.Fill(0, Tokenizer, ProbeText);
            batch.Run(session, 1, run);
            float[] whole = batch.Vector(0).ToArray();
            batch.TrimsPadding = true;
            try
            {
                batch.Run(session, 1, run);
                _trimsPadding = TensorPrimitives.CosineSimilarity(whole, batch.Vector(0)) >= TrimmingCosine;
            }
            catch (QosValuationException)
            {
                // The graph runs on the whole context only.
                _trimsPadding = false;
            }

            return _trimsPadding.Value;
        }
    }

    private QosValuationException NoModality(string encoder, string items) =>
        new(Faults.ModalityNotSupported, $"The model '{Model.Name}' has no {encoder} encoder, so it cannot embed {items}.", Model.Name);
}
