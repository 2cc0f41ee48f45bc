using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Models;
using QosValuation.Onnx.Gradients;

namespace QosValuation.Attacks.Reconstruction;

/// <summary>An image encoder as an attacker holds it: its weights, hence its gradient, and the pixels it expects.</summary>
public sealed class AttackEncoder : IDisposable
{
    private readonly float[] _scale;
    private readonly float[] _offset;

    /// <summary>Wraps a gradient model.</summary>
    /// <param name="model">Built with <see cref="GradientSeed.Cosine"/> over square images; disposed of with this object.</param>
    /// <param name="preprocessing">The encoder's preprocessing; its mean, deviation and scale are used.</param>
    /// <param name="name">The model's name, for messages.</param>
    /// <exception cref="QosValuationException">AttackModelNotSupported.</exception>
    public AttackEncoder(GradientModel model, ImagePreprocessing preprocessing, string name)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(preprocessing);
        IReadOnlyList<long> shape = model.Graph.InputShape;
        if (model.Graph.Seed != GradientSeed.Cosine || shape.Count != 4 || shape[1] != 3 || shape[2] != shape[3])
        {
            throw new QosValuationException(Faults.AttackModelNotSupported, $"The model {name} does not take square RGB images; choose another encoder.", name);
        }

        Model = model;
        Name = name;
        Preprocessing = preprocessing;
        _scale = new float[3];
        _offset = new float[3];
        for (int channel = 0; channel < 3; channel++)
        {
            // A sample v in [0, 1] becomes (255·v·factor − mean)/std.
            _scale[channel] = (float)(255 * preprocessing.RescaleFactor / preprocessing.Std[channel]);
            _offset[channel] = -preprocessing.Mean[channel] / preprocessing.Std[channel];
        }
    }

    /// <summary>The model's name.</summary>
    public string Name { get; }

    /// <summary>The side of the input image in pixels.</summary>
    public int ImageSize => (int)Model.Graph.InputShape[2];

    /// <summary>The length of an embedding.</summary>
    public int Dimension => Model.OutputLength;

    /// <summary>How a picture becomes the encoder's input.</summary>
    internal ImagePreprocessing Preprocessing { get; }

    /// <summary>The model with its gradient.</summary>
    internal GradientModel Model { get; }

    /// <summary>Opens a model for attack.</summary>
    /// <param name="nameOrPath">A model's name or folder; null for the default encoder.</param>
    /// <param name="threads">Threads a kernel may use; 0 lets ONNX Runtime choose.</param>
    /// <returns>The encoder; dispose of it.</returns>
    /// <exception cref="QosValuationException">ModelNotFound; the errors of <see cref="GradientGraph.Build(string, GradientOptions?)"/>;
    /// ModelModalityMissing where it has no image encoder.</exception>
    public static AttackEncoder Open(string? nameOrPath = null, int threads = 0) => Open(ClipModelCatalog.Resolve(nameOrPath), threads);

    /// <summary>Opens a model for attack.</summary>
    /// <param name="files">The model's files.</param>
    /// <param name="threads">Threads a kernel may use; 0 lets ONNX Runtime choose.</param>
    /// <returns>The encoder; dispose of it.</returns>
    /// <exception cref="QosValuationException">As <see cref="Open(string?, int)"/>.</exception>
    public static AttackEncoder Open(ClipModelFiles files, int threads = 0)
    {
        ClipModelDescription description = ClipModelReader.Describe(files);
        VisionEncoderDescription vision = description.Vision
            ?? throw new QosValuationException(
                Faults.ModelModalityMissing, $"The model {description.Model.Name} has no image encoder; choose one that has.", description.Model.Path);
        var options = new GradientOptions
        {
            InputName = vision.PixelInput,
            OutputName = vision.OutputName,
            Seed = GradientSeed.Cosine,
            ImageSize = vision.Preprocessing.ImageSize,
            Threads = threads,
        };
        return new AttackEncoder(GradientModel.Load(vision.Path, options), vision.Preprocessing, description.Model.Name);
    }

    /// <summary>Normalises one channel: v·scale + offset, and says the scale, which gradients are multiplied by.</summary>
    internal (float Scale, float Offset) Normalization(int channel) => (_scale[channel], _offset[channel]);

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}
