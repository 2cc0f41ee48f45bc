using Microsoft.ML.OnnxRuntime.Tensors;
using QosValuation.Embeddings.Images;
using QosValuation.Onnx.Model;

namespace QosValuation.Embeddings.Encoding;

/// <summary>Reads how images enter an encoder: the input of pixels, and how an image becomes pixels.</summary>
internal static class VisionEncoderReader
{
    private const int DefaultImageSize = 224;

    /// <summary>The largest side of an image, in pixels; one of this size takes 192 MiB in single precision.</summary>
    private const int LargestImageSize = 4096;

    /// <summary>The most numbers that a graph of a fixed number of items may take at once: 1 GiB in single precision.</summary>
    private const long LargestBatch = 1L << 28;

    /// <summary>Reads the size from the graph where it is fixed, else from preprocessor_config.json, else CLIP's 224.</summary>
    /// <param name="vision">A graph with an input of pixels.</param>
    /// <param name="configPath">The file preprocessor_config.json; null where there is none.</param>
    /// <returns>How an image becomes pixels.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ModelNotSupported</c>: not three channels, no square, or too large; the errors of <see cref="ImagePreprocessing.Load"/>.
    /// </exception>
    public static ImagePreprocessing ReadPreprocessing(EncoderGraph vision, string? configPath)
    {
        long[]? shape = vision.Pixels!.Dimensions;
        if (shape is [_, > 0 and not 3, ..])
        {
            throw EncoderGraph.NotSupported(vision.Path, $"its input '{vision.Pixels.Name}' has {shape[1]} channels in second place, not 3");
        }

        int fixedSize = 0;
        if (shape is [_, _, > 0 and long height, > 0 and long width])
        {
            fixedSize = height == width
                ? (int)height
                : throw EncoderGraph.NotSupported(vision.Path, $"its images are {width} × {height} pixels; only squares are supported");
        }

        ImagePreprocessing settings = configPath is null
            ? new ImagePreprocessing { ImageSize = fixedSize > 0 ? fixedSize : DefaultImageSize }
            : ImagePreprocessing.Load(configPath);
        if (fixedSize > 0 && fixedSize != settings.ImageSize)
        {
            settings = settings with
            {
                ImageSize = fixedSize,
                ShortestEdge = settings.ShortestEdge == 0 ? 0 : (int)Math.Round((double)settings.ShortestEdge * fixedSize / settings.ImageSize),
            };
        }

        long side = settings.ImageSize;
        if (side > LargestImageSize || EncoderGraph.BatchOf(vision.Pixels) > LargestBatch / (3 * side * side))
        {
            throw EncoderGraph.NotSupported(
                vision.Path,
                $"it takes {EncoderGraph.BatchOf(vision.Pixels)} images of {side} × {side} pixels at once; sides of {LargestImageSize} pixels "
                    + $"and {LargestBatch} numbers in all are supported");
        }

        return settings;
    }

    /// <summary>Describes the encoder.</summary>
    /// <param name="graph">A graph with an input of pixels.</param>
    /// <param name="preprocessing">How an image becomes pixels.</param>
    /// <param name="context">The number of token positions, where the graph takes texts too.</param>
    /// <returns>The description.</returns>
    /// <exception cref="QosValuationException"><c>ModelNotSupported</c>, <c>ModelNotReadable</c>.</exception>
    public static VisionEncoderDescription Describe(EncoderGraph graph, ImagePreprocessing preprocessing, int context)
    {
        OnnxValue pixels = graph.Pixels!;
        if (pixels.ElementType is not (TensorElementType.Float or TensorElementType.Float16))
        {
            throw EncoderGraph.NotSupported(graph.Path, $"its input '{pixels.Name}' takes {pixels.ElementType}, not Float or Float16");
        }

        IReadOnlyList<CompanionInput> companions = graph.Ids is null ? [] : TextEncoderReader.NeutralTokens(graph, context);
        EncoderOutput output = EncoderOutput.Choose(graph, "image", "text", [NeutralImage(graph, preprocessing), .. companions]);
        return new VisionEncoderDescription
        {
            Path = graph.Path,
            ExternalFiles = graph.Graph.ExternalFiles,
            FixedBatch = EncoderGraph.FixedBatchOf(pixels),
            OutputName = output.Name,
            OutputType = output.ElementType,
            Dimension = output.Dimension,
            Companions = companions,
            PixelInput = pixels.Name,
            PixelType = pixels.ElementType,
            Preprocessing = preprocessing,
        };
    }

    /// <summary>Black images, for a graph that wants them beside texts, and for probing.</summary>
    /// <param name="graph">A graph with an input of pixels.</param>
    /// <param name="preprocessing">Its image size.</param>
    /// <returns>The input, filled with zeros.</returns>
    public static CompanionInput NeutralImage(EncoderGraph graph, ImagePreprocessing preprocessing)
    {
        OnnxValue pixels = graph.Pixels!;
        int size = preprocessing.ImageSize;
        return new CompanionInput(pixels.Name, pixels.ElementType, [EncoderGraph.BatchOf(pixels), 3, size, size], false);
    }
}
