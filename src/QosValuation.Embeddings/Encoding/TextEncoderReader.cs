using System.Text.Json;
using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Models;
using QosValuation.Embeddings.Text;
using QosValuation.Foundation.IO;
using QosValuation.Onnx.Model;

namespace QosValuation.Embeddings.Encoding;

/// <summary>Reads how texts enter an encoder: the inputs of tokens, and how many positions there are.</summary>
internal static class TextEncoderReader
{
    private const int DefaultContextLength = 77;
    private const int LargestContextLength = 1 << 16;

    /// <summary>The most token ids that a graph of a fixed number of items may take at once.</summary>
    private const long LargestBatch = 1L << 27;

    /// <summary>
    /// Reads the context length from the input's shape where it is fixed, else from the table of position embeddings, else from
    /// OpenCLIP's configuration, tokenizer_config.json or config.json, else CLIP's 77.
    /// </summary>
    /// <param name="text">A graph with an input of token ids.</param>
    /// <param name="files">The model's files.</param>
    /// <returns>The number of token positions, at least 1.</returns>
    /// <exception cref="QosValuationException"><c>ModelNotSupported</c>: more than 65,536 positions, or too many items at once.</exception>
    public static int ReadContextLength(EncoderGraph text, ClipModelFiles files)
    {
        long length = text.Ids!.Dimensions is [_, > 0 and long fixedLength]
            ? fixedLength
            : PositionTable.Length(text) ?? OpenClipLength(files) ?? ConfiguredLength(files) ?? DefaultContextLength;

        // BERT's positions are more than sentences were trained on.
        if (text.Ids.Dimensions is not [_, > 0] && SentencePooling.ReadMaximumLength(files) is { } most)
        {
            length = Math.Min(length, most);
        }

        return length <= LargestContextLength && EncoderGraph.BatchOf(text.Ids) <= LargestBatch / length
            ? (int)length
            : throw EncoderGraph.NotSupported(
                text.Path,
                $"it takes {EncoderGraph.BatchOf(text.Ids)} texts of {length} tokens at once; {LargestContextLength} tokens a text "
                    + $"and {LargestBatch} in all are supported");
    }

    /// <summary>Describes the encoder.</summary>
    /// <param name="graph">A graph with an input of token ids.</param>
    /// <param name="context">The number of token positions.</param>
    /// <param name="preprocessing">How an image becomes pixels, where the graph takes images too.</param>
    /// <param name="pooling">How the model's files say that tokens are pooled.</param>
    /// <param name="isWordPiece">Whether its tokenizer is BERT's.</param>
    /// <returns>The description.</returns>
    /// <exception cref="QosValuationException"><c>ModelNotSupported</c>, <c>ModelNotReadable</c>.</exception>
    public static TextEncoderDescription Describe(
        EncoderGraph graph, int context, ImagePreprocessing? preprocessing, PoolingSettings pooling = default,
        bool isWordPiece = false)
    {
        pooling = EncoderOutput.HasSentences(graph) ? PoolingSettings.None : pooling;
        if (pooling.Pooling == TextPooling.None && isWordPiece && graph.Outputs.Any(output => output.Dimensions is [_, _, _])
            && !graph.Outputs.Any(output => output.Name.Contains("embed", StringComparison.OrdinalIgnoreCase)))
        {
            // BERT's own pooled output was trained to tell whether two sentences follow each other, and embeds none.
            throw EncoderGraph.NotSupported(
                graph.Path,
                "it gives a vector for each token, and no file 1_Pooling/config.json says how they become one (as sentence-transformers' files do)");
        }

        OnnxValue ids = graph.Ids!;
        IReadOnlyList<CompanionInput> companions = graph.Pixels is null ? [] : [VisionEncoderReader.NeutralImage(graph, preprocessing!)];
        EncoderOutput output = EncoderOutput.Choose(graph, "text", "image", [.. NeutralTokens(graph, context), .. companions], pooling);
        return new TextEncoderDescription
        {
            Path = graph.Path,
            ExternalFiles = graph.Graph.ExternalFiles,
            FixedBatch = EncoderGraph.FixedBatchOf(ids),
            OutputName = output.Name,
            OutputType = output.ElementType,
            Dimension = output.Dimension,
            Companions = companions,
            IdInput = ids,
            MaskInput = graph.Mask,
            PositionInput = graph.Positions,
            SegmentInput = graph.Segments,
            ContextLength = context,
            Pooling = pooling.Pooling,
            IsLengthFixed = ids.Dimensions is [_, > 0],
        };
    }

    /// <summary>Neutral tokens, for a graph that wants them beside images, and for probing.</summary>
    /// <param name="graph">A graph with an input of token ids.</param>
    /// <param name="context">The number of token positions.</param>
    /// <returns>The inputs: zeros, and ones for the mask.</returns>
    public static IReadOnlyList<CompanionInput> NeutralTokens(EncoderGraph graph, int context)
    {
        long batch = EncoderGraph.BatchOf(graph.Ids!);
        var companions = new List<CompanionInput>();
        foreach (OnnxValue? input in (OnnxValue?[])[graph.Ids, graph.Mask, graph.Positions, graph.Segments])
        {
            if (input is not null)
            {
                companions.Add(new CompanionInput(input.Name, input.ElementType, [batch, context], input == graph.Mask));
            }
        }

        return companions;
    }

    private static int? OpenClipLength(ClipModelFiles files) =>
        ((string?[])[Path.GetDirectoryName(files.TextModelPath), files.Folder])
            .OfType<string>().Select(OpenClipConfiguration.ContextLength).FirstOrDefault(length => length is not null);

    private static int? ConfiguredLength(ClipModelFiles files)
    {
        foreach ((string name, string[] path) in (ReadOnlySpan<(string, string[])>)[
            ("tokenizer_config.json", ["model_max_length"]), ("config.json", ["text_config", "max_position_embeddings"])])
        {
            foreach (string? folder in (string?[])[Path.GetDirectoryName(files.VocabularyPath), files.Folder])
            {
                if (folder is not null && ReadNumber(Path.Combine(folder, name), path) is { } value)
                {
                    return value;
                }
            }
        }

        return null;
    }

    private static int? ReadNumber(string path, string[] keys)
    {
        try
        {
            if (!RegularFile.Exists(path))
            {
                return null;
            }

            using JsonDocument document = JsonDocument.Parse(RegularFile.ReadAllBytes(path));
            JsonElement element = document.RootElement;
            foreach (string key in keys)
            {
                if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(key, out element))
                {
                    return null;
                }
            }

            // Tokenizers without a limit state 10^30.
            return element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int value) && value is >= 2 and <= LargestContextLength ? value : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
