using Microsoft.ML.OnnxRuntime.Tensors;
using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Models;
using QosValuation.Onnx.Model;

namespace QosValuation.Embeddings.Encoding;

/// <summary>A CLIP model with everything its encoders need to know about its files.</summary>
public sealed record ClipModelDescription
{
    /// <summary>The files that were read.</summary>
    public required ClipModelFiles Files { get; init; }

    /// <summary>What users see of it.</summary>
    public required ClipModel Model { get; init; }

    /// <summary>The image encoder; null where there is none.</summary>
    public VisionEncoderDescription? Vision { get; init; }

    /// <summary>The text encoder; null where there is none.</summary>
    public TextEncoderDescription? Text { get; init; }
}

/// <summary>What both encoders have.</summary>
public abstract record EncoderDescription
{
    /// <summary>The ONNX file.</summary>
    public required string Path { get; init; }

    /// <summary>Files beside it that hold weights; mostly none.</summary>
    public required IReadOnlyList<string> ExternalFiles { get; init; }

    /// <summary>The number of items the graph is fixed to; 0 where any number may be fed.</summary>
    public required int FixedBatch { get; init; }

    /// <summary>The output that holds the embeddings, shape items × dimension.</summary>
    public required string OutputName { get; init; }

    /// <summary>The output's element type: Float or Float16.</summary>
    public required TensorElementType OutputType { get; init; }

    /// <summary>The length of an embedding.</summary>
    public required int Dimension { get; init; }

    /// <summary>Inputs of the other encoder, where one file holds both: fed with constants.</summary>
    public required IReadOnlyList<CompanionInput> Companions { get; init; }
}

/// <summary>An image encoder.</summary>
public sealed record VisionEncoderDescription : EncoderDescription
{
    /// <summary>The input that takes pixels, shape items × 3 × size × size.</summary>
    public required string PixelInput { get; init; }

    /// <summary>Its element type: Float or Float16.</summary>
    public required TensorElementType PixelType { get; init; }

    /// <summary>How an image becomes pixels.</summary>
    public required ImagePreprocessing Preprocessing { get; init; }
}

/// <summary>A text encoder.</summary>
public sealed record TextEncoderDescription : EncoderDescription
{
    /// <summary>The input that takes token ids, shape items × positions; Int64 or Int32.</summary>
    public required OnnxValue IdInput { get; init; }

    /// <summary>The input that is 1 where a position holds a token and 0 where it is padding; null where there is none.</summary>
    public OnnxValue? MaskInput { get; init; }

    /// <summary>The input that numbers the positions; null where there is none.</summary>
    public OnnxValue? PositionInput { get; init; }

    /// <summary>The input of segment numbers, all 0; null where there is none.</summary>
    public OnnxValue? SegmentInput { get; init; }

    /// <summary>The number of token positions.</summary>
    public required int ContextLength { get; init; }

    /// <summary>How the vectors of the tokens become one; None where the graph gives one vector a text.</summary>
    public TextPooling Pooling { get; init; }

    /// <summary>Whether the graph takes no other number of positions.</summary>
    public required bool IsLengthFixed { get; init; }
}

/// <summary>An input that is fed with a constant.</summary>
/// <param name="Name">The input's name.</param>
/// <param name="ElementType">Its element type.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="IsOne">Whether it is filled with ones instead of zeros.</param>
public sealed record CompanionInput(string Name, TensorElementType ElementType, long[] Shape, bool IsOne);
