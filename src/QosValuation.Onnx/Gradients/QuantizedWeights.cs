using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <summary>
/// Weights that a model stores as integers and widens before it computes with them: by Cast and Mul, or by DequantizeLinear (ONNX operator
/// reference, opset 13: y = (x − zero point) · scale). Such a model computes in floating-point numbers, so it has a gradient; one that
/// rounds its activations has none.
/// </summary>
internal static class QuantizedWeights
{
    private static readonly HashSet<string> Movements = new(StringComparer.Ordinal)
    {
        "Identity", "Gather", "Reshape", "Transpose", "Slice", "Squeeze", "Unsqueeze",
    };

    /// <summary>Whether a DequantizeLinear widens a stored weight, or rows of one, in a way that <see cref="WriteOut"/> can write out.</summary>
    /// <param name="graph">The graph; its constants may still be nodes.</param>
    /// <param name="producers">The graph's <see cref="OnnxGraph.Producers"/>.</param>
    /// <param name="node">A DequantizeLinear.</param>
    /// <returns>False where its numbers were rounded while the model runs, for blocks of scales, and for types below 8 bits.</returns>
    public static bool Widens(OnnxGraph graph, Dictionary<string, NodeProto> producers, NodeProto node)
    {
        string from = node.In(0);
        while (!graph.Initializers.ContainsKey(from) && producers.TryGetValue(from, out NodeProto? producer) && Movements.Contains(producer.OpType))
        {
            from = producer.In(0);
        }

        TensorProto? stored = Stored(graph, producers, from);
        TensorProto? scale = Stored(graph, producers, node.In(1));
        bool constantShift = node.In(2).Length == 0 || Stored(graph, producers, node.In(2)) is not null;
        return stored?.DataType is OnnxType.Int8 or OnnxType.UInt8 or OnnxType.Int16 or OnnxType.UInt16 or OnnxType.Int32
            && scale is not null && constantShift && node.Int("block_size", 0) == 0
            && (scale.Count() == 1 || (scale.Dims.Count == 1 && from == node.In(0) && stored.Dims.Count > 0));
    }

    /// <summary>Writes every DequantizeLinear as Cast, Sub and Mul. ONNX Runtime folds these of a stored weight once, when a session opens.</summary>
    /// <param name="graph">The graph to edit; constants must be lifted, and every DequantizeLinear must be one that <see cref="Widens"/>.</param>
    public static void WriteOut(OnnxGraph graph)
    {
        List<NodeProto> nodes = graph.Nodes;
        graph.Nodes = new List<NodeProto>(nodes.Count);
        foreach (NodeProto node in nodes)
        {
            if (node.OpType != "DequantizeLinear" || node.Domain is not ("" or "ai.onnx"))
            {
                graph.Nodes.Add(node);
                continue;
            }

            // One scale an index of one axis: the scales lie along that axis.
            TensorProto scale = graph.Initializers[node.In(1)];
            int type = scale.DataType;
            string Along(string name)
            {
                if (scale.Count() == 1)
                {
                    return graph.Op("Reshape", name, graph.Int64([]));
                }

                int rank = graph.Initializers[node.In(0)].Dims.Count;
                long axis = node.Int("axis", 1);
                long[] shape = [.. Enumerable.Repeat(1L, rank)];
                shape[axis < 0 ? axis + rank : Math.Min(axis, rank - 1)] = -1;
                return graph.Op("Reshape", name, graph.Int64(shape));
            }

            string Wide(string name) => graph.Op("Cast", [name], ("to", (long)type));
            string wide = Wide(node.In(0));
            if (node.In(2).Length > 0)
            {
                wide = graph.Op("Sub", wide, Along(Wide(node.In(2))));
            }

            graph.Nodes.Add(OnnxGraph.MakeNode("Mul", [wide, Along(scale.Name)], [node.Output[0]]));
        }
    }

    /// <summary>The value of a weight that is computed from constants alone.</summary>
    /// <param name="graph">The graph; constants must be lifted.</param>
    /// <param name="name">The value's name.</param>
    /// <returns>The value, with its numbers; null where it depends on an input, or nothing gives it.</returns>
    public static TensorProto? Value(OnnxGraph graph, string name)
    {
        Dictionary<string, NodeProto> producers = graph.Producers();
        var chain = new HashSet<NodeProto>();
        var constants = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>([name]);
        while (open.TryPop(out string? value))
        {
            if (graph.Initializers.ContainsKey(value))
            {
                constants.Add(value);
            }
            else if (!producers.TryGetValue(value, out NodeProto? producer))
            {
                return null;
            }
            else if (chain.Add(producer))
            {
                foreach (string read in producer.Reads())
                {
                    open.Push(read);
                }
            }
        }

        if (chain.Count == 0)
        {
            return null;
        }

        var folded = new GraphProto { Name = "constants" };
        folded.Initializer.Add(constants.Select(constant => ExternalData.Inline(graph.Initializers[constant], graph.Folder)));
        folded.Node.Add(graph.Nodes.Where(chain.Contains));
        folded.Output.Add(ShapeProbe.Output(name, graph.TypeOf(name)));
        using SessionOptions options = OnnxRuntimeHost.NewOptions();
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        using InferenceSession session = OnnxRuntimeHost.Open(graph.Around(folded).ToByteArray(), options);
        using var runOptions = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> results = session.Run(runOptions, new Dictionary<string, OrtValue>(), [name]);
        return ShapeProbe.ToTensor(name, results[0]);
    }

    private static TensorProto? Stored(OnnxGraph graph, Dictionary<string, NodeProto> producers, string name) =>
        graph.Initializers.GetValueOrDefault(name)
        ?? (producers.TryGetValue(name, out NodeProto? node) && node.OpType == "Constant" ? node.Find("value")?.T : null);
}
