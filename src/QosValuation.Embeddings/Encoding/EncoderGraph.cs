using Microsoft.ML.OnnxRuntime.Tensors;
using QosValuation.Onnx.Model;

namespace QosValuation.Embeddings.Encoding;

/// <summary>The graph of an encoder's file, with the part that each of its inputs plays.</summary>
internal sealed class EncoderGraph
{
    private EncoderGraph(string path, OnnxGraph graph)
    {
        Path = path;
        Graph = graph;
        Outputs = graph.DeclaredOutputs;
    }

    /// <summary>The ONNX file.</summary>
    public string Path { get; }

    /// <summary>What the file holds; without values, and with constants lifted.</summary>
    public OnnxGraph Graph { get; }

    /// <summary>The outputs.</summary>
    public IReadOnlyList<OnnxValue> Outputs { get; }

    /// <summary>The input of images, items × 3 × height × width; null where there is none.</summary>
    public OnnxValue? Pixels { get; private set; }

    /// <summary>The input of token ids, items × positions; null where there is none.</summary>
    public OnnxValue? Ids { get; private set; }

    /// <summary>The input that tells tokens from padding; null where there is none.</summary>
    public OnnxValue? Mask { get; private set; }

    /// <summary>The input that numbers the positions; null where there is none.</summary>
    public OnnxValue? Positions { get; private set; }

    /// <summary>The input of segment numbers; null where there is none.</summary>
    public OnnxValue? Segments { get; private set; }

    /// <summary>Whether the file holds the encoders of both modalities.</summary>
    public bool HoldsBoth => Pixels is not null && Ids is not null;

    /// <summary>Reads a file.</summary>
    /// <param name="path">An ONNX file.</param>
    /// <returns>The graph.</returns>
    /// <exception cref="QosValuationException">
    /// The errors of <see cref="OnnxModelReader.Read"/>; <c>ModelNotSupported</c>: what an input takes is not known.
    /// </exception>
    public static EncoderGraph Read(string path)
    {
        OnnxGraph outline = OnnxModelReader.Read(path);
        outline.LiftConstants();
        var graph = new EncoderGraph(path, outline);
        foreach (OnnxValue input in outline.DeclaredInputs)
        {
            graph.Assign(input);
        }

        return graph;
    }

    /// <summary>The number of items an input is fixed to.</summary>
    /// <param name="input">An input.</param>
    /// <returns>At least 1; 0 where any number may be fed.</returns>
    public static int FixedBatchOf(OnnxValue input) => input.Dimensions is [> 0 and long batch, ..] ? (int)batch : 0;

    /// <summary>The number of items that are fed to an input where nothing is said about it.</summary>
    /// <param name="input">An input.</param>
    /// <returns>At least 1.</returns>
    public static int BatchOf(OnnxValue input) => Math.Max(1, FixedBatchOf(input));

    /// <summary>The error for a model that is no encoder.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="cause">Why, as the end of a sentence.</param>
    /// <returns><c>ModelNotSupported</c>.</returns>
    public static QosValuationException NotSupported(string path, string cause) =>
        new(Faults.ModelNotSupported, $"'{path}' is no CLIP encoder this software can run: {cause}.", path);

    private void Assign(OnnxValue input)
    {
        bool Says(string word) => input.Name.Contains(word, StringComparison.OrdinalIgnoreCase);
        bool isWhole = input.ElementType is TensorElementType.Int32 or TensorElementType.Int64;
        int rank = input.Dimensions?.Length ?? -1;
        if (rank == 4 || (rank < 0 && (Says("pixel") || Says("image"))))
        {
            Pixels = Once(Pixels, input);
        }
        else if (Says("mask") && (isWhole || input.ElementType is TensorElementType.Bool or TensorElementType.Float or TensorElementType.Float16))
        {
            Mask = Once(Mask, input);
        }
        else if (isWhole && Says("position"))
        {
            Positions = Once(Positions, input);
        }
        else if (isWhole && Says("type"))
        {
            Segments = Once(Segments, input);
        }
        else if (isWhole && rank is 2 or < 0)
        {
            Ids = Once(Ids, input);
        }
        else
        {
            throw NotSupported(Path, $"what its input '{input.Name}' takes is not known");
        }
    }

    private OnnxValue Once(OnnxValue? earlier, OnnxValue input) =>
        earlier is null ? input : throw NotSupported(Path, $"what its inputs '{earlier.Name}' and '{input.Name}' take cannot be told apart");
}
