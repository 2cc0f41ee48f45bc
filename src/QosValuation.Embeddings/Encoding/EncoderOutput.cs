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
    /// <returns>The output.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ModelNotSupported</c>: no output is of this shape. <c>ModelNotReadable</c>: the model does not run.
    /// </exception>
    public static EncoderOutput Choose(EncoderGraph graph, string modality, string other, IReadOnlyList<CompanionInput> probe)
    {
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
            using var options = new SessionOptions
            {
                GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
                LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            };
            using var session = OnnxRuntimeHost.Open(graph.Path, options);
            NodeMetadata inferred = session.OutputMetadata[name];
            if (inferred.Dimensions is [_, > 0 and int dimension])
            {
                return new EncoderOutput(name, RequireFloat(graph, name, inferred.ElementDataType), dimension);
            }

            using var feeds = new ConstantFeeds(probe);
            using var run = new RunOptions();
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, feeds.Names, feeds.Values, [name]);
            OrtTensorTypeAndShapeInfo shape = outputs[0].GetTensorTypeAndShape();
            return shape.Shape is [_, > 0 and <= int.MaxValue and long found]
                ? new EncoderOutput(name, RequireFloat(graph, name, shape.ElementDataType), (int)found)
                : throw EncoderGraph.NotSupported(graph.Path, $"its output '{name}' has the shape {string.Join(" × ", shape.Shape)}, not items × dimension");
        }
        catch (OnnxRuntimeException exception)
        {
            throw new QosValuationException(
                Faults.ModelNotReadable, $"ONNX Runtime cannot run '{graph.Path}': {exception.Message}", graph.Path, exception);
        }
    }

    private static TensorElementType RequireFloat(EncoderGraph graph, string name, TensorElementType type) =>
        type is TensorElementType.Float or TensorElementType.Float16
            ? type
            : throw EncoderGraph.NotSupported(graph.Path, $"its output '{name}' gives {type}, not Float or Float16");
}
