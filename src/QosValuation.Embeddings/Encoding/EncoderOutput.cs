using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using QosValuation.Onnx.Model;

namespace QosValuation.Embeddings.Encoding;

/// <summary>The output of an encoder that holds the embeddings.</summary>
/// <param name="Name">Its name.</param>
/// <param name="ElementType">Float or Float16.</param>
/// <param name="Dimension">The length of an embedding.</param>
internal sealed record EncoderOutput(string Name, TensorElementType ElementType, int Dimension)
{
    /// <summary>Picks the output with one vector an item, and finds out how long it is: from the file, else by running the model.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="modality">The word for what is embedded: <c>image</c> or <c>text</c>.</param>
    /// <param name="other">The word for the other modality.</param>
    /// <param name="probe">What to feed where the model has to run.</param>
    /// <param name="pooling">How the vectors of tokens are pooled, for a text model that gives one vector a token.</param>
    /// <returns>The output.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ModelNotSupported</c>: no output is of this shape. <c>ModelNotReadable</c>: the model does not run.
    /// </exception>
    public static EncoderOutput Choose(
        EncoderGraph graph, string modality, string other, IReadOnlyList<CompanionInput> probe, PoolingSettings pooling = default)
    {
        if (pooling.Pooling != TextPooling.None)
        {
            return ChooseOfTokens(graph, pooling.Dimension, probe);
        }

        OnnxValue? chosen = graph.Outputs
            .Where(output => output.ElementType is TensorElementType.Float or TensorElementType.Float16 or 0 && output.Dimensions is null or [_, _])
            .Where(output => !(graph.HoldsBoth && output.Name.Contains(other, StringComparison.OrdinalIgnoreCase)))
            .OrderBy(output => Rank(output, modality))
            .FirstOrDefault();
        if (chosen is null)
        {
            string outputs = string.Join(", ", graph.Outputs.Select(output => output.Name));
            throw EncoderGraph.NotSupported(graph.Path, $"none of its outputs ({outputs}) has the shape items × dimension");
        }

        return chosen is { Dimensions: [_, > 0 and long dimension], ElementType: not 0 }
            ? new EncoderOutput(chosen.Name, chosen.ElementType, (int)dimension)
            : Probe(graph, chosen.Name, probe);
    }

    /// <summary>Whether a graph gives one vector a text by itself although its files say how to pool: sentence-transformers' own exports do.</summary>
    /// <param name="graph">The graph.</param>
    /// <returns>True where an output of shape items × dimension is named sentence_embedding.</returns>
    public static bool HasSentences(EncoderGraph graph) =>
        graph.Outputs.Any(output => output.Name.Equals("sentence_embedding", StringComparison.OrdinalIgnoreCase) && output.Dimensions is null or [_, _]);

    private static EncoderOutput ChooseOfTokens(EncoderGraph graph, int dimension, IReadOnlyList<CompanionInput> probe)
    {
        OnnxValue? chosen = graph.Outputs
            .Where(output => output.ElementType is TensorElementType.Float or TensorElementType.Float16 && output.Dimensions is [_, _, _])
            .OrderBy(output => output.Name.Contains("hidden", StringComparison.OrdinalIgnoreCase)
                || output.Name.Contains("token", StringComparison.OrdinalIgnoreCase) ? 0 : 1)
            .FirstOrDefault();
        return chosen is { Dimensions: [_, _, > 0 and long declared] } ? new EncoderOutput(chosen.Name, chosen.ElementType, (int)declared)
            : chosen is not null && dimension > 0 ? new EncoderOutput(chosen.Name, chosen.ElementType, dimension)
            : chosen is not null ? Probe(graph, chosen.Name, probe)
            : throw EncoderGraph.NotSupported(
                graph.Path,
                "its files say how the vectors of tokens are pooled, but none of its outputs "
                    + $"({string.Join(", ", graph.Outputs.Select(output => output.Name))}) has the shape items × positions × dimension");
    }

    private static int Rank(OnnxValue output, string modality)
    {
        string name = output.Name;
        bool Says(string word) => name.Contains(word, StringComparison.OrdinalIgnoreCase);
        return name.Equals(modality + "_embeds", StringComparison.OrdinalIgnoreCase) ? 0
            : Says("embed") && Says(modality) ? 1
            : Says("embed") ? 2
            : Says("pool") ? 3
            : Says("logits") ? 6
            : Says("hidden") ? 5
            : 4;
    }

    private static EncoderOutput Probe(EncoderGraph graph, string name, IReadOnlyList<CompanionInput> probe)
    {
        try
        {
            using SessionOptions options = OnnxRuntimeHost.NewOptions();
            options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL;
            options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR;
            using var session = OnnxRuntimeHost.Open(graph.Path, options);
            NodeMetadata inferred = session.OutputMetadata[name];
            if (inferred.Dimensions is [_, .., > 0] and { Length: 2 or 3 } and [.., int dimension])
            {
                return new EncoderOutput(name, RequireFloat(graph, name, inferred.ElementDataType), dimension);
            }

            using var feeds = new ConstantFeeds(probe);
            using var run = new RunOptions();
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, feeds.Names, feeds.Values, [name]);
            OrtTensorTypeAndShapeInfo shape = outputs[0].GetTensorTypeAndShape();
            return shape.Shape is [_, .., > 0 and <= int.MaxValue and long found] and { Length: 2 or 3 }
                ? new EncoderOutput(name, RequireFloat(graph, name, shape.ElementDataType), (int)found)
                : throw EncoderGraph.NotSupported(graph.Path, $"its output '{name}' has the shape {string.Join(" × ", shape.Shape)}, not items × dimension");
        }
        catch (OnnxRuntimeException exception)
        {
            throw new QosValuationException(
                Faults.ModelNotReadable, $"ONNX Runtime cannot run '{graph.Path}': {OnnxRuntimeHost.ReasonOf(exception)}", graph.Path, exception);
        }
    }

    private static TensorElementType RequireFloat(EncoderGraph graph, string name, TensorElementType type) =>
        type is TensorElementType.Float or TensorElementType.Float16
            ? type
            : throw EncoderGraph.NotSupported(graph.Path, $"its output '{name}' gives {type}, not Float or Float16");
}
