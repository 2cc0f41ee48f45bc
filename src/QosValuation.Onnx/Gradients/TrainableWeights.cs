using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <summary>Finds the weights of a model that can be trained: initialisers in single precision that layers multiply by or add.</summary>
internal static class TrainableWeights
{
    // Which inputs of an operator are weights. Moving statistics, bounds and sizes are none.
    private static readonly Dictionary<string, int[]> Places = new(StringComparer.Ordinal)
    {
        ["Gemm"] = [0, 1, 2],
        ["MatMul"] = [0, 1],
        ["Conv"] = [1, 2],
        ["ConvTranspose"] = [1, 2],
        ["Add"] = [0, 1],
        ["Sub"] = [0, 1],
        ["Mul"] = [0, 1],
        ["Div"] = [0, 1],
        ["PRelu"] = [1],
        ["BatchNormalization"] = [1, 2],
        ["InstanceNormalization"] = [1, 2],
        ["GroupNormalization"] = [1, 2],
        ["LayerNormalization"] = [1, 2],
    };

    private static readonly HashSet<string> Movements = new(StringComparer.Ordinal) { "Identity", "Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze" };

    /// <summary>All weights that the graph's outputs need, in the order of the layers. O(nodes).</summary>
    /// <param name="graph">The graph, without dead parts.</param>
    /// <returns>Names of initialisers.</returns>
    public static IReadOnlyList<string> All(OnnxGraph graph)
    {
        Dictionary<string, NodeProto> producers = graph.Producers();
        return [.. graph.Nodes.SelectMany(node => Of(graph, producers, node)).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The weights of the last linear layer before the output: those of a Gemm, or of a MatMul and the Add behind it. O(nodes).</summary>
    /// <param name="graph">The graph, without dead parts.</param>
    /// <param name="output">The output.</param>
    /// <returns>Names of initialisers; empty where there is no such layer.</returns>
    public static IReadOnlyList<string> Head(OnnxGraph graph, string output)
    {
        Dictionary<string, NodeProto> producers = graph.Producers();
        var seen = new HashSet<string>(StringComparer.Ordinal) { output };
        var next = new Queue<string>([output]);
        NodeProto? layer = null;
        while (layer is null && next.TryDequeue(out string? name))
        {
            if (!producers.TryGetValue(name, out NodeProto? node))
            {
                continue;
            }

            if (node.OpType is "Gemm" or "MatMul" && Of(graph, producers, node).Any())
            {
                layer = node;
            }
            else
            {
                foreach (string read in node.Reads().Where(seen.Add))
                {
                    next.Enqueue(read);
                }
            }
        }

        if (layer is null)
        {
            return [];
        }

        var found = new List<string>(Of(graph, producers, layer));
        var reached = new HashSet<string>(layer.Output, StringComparer.Ordinal);
        foreach (NodeProto node in graph.Nodes.Where(node => node.OpType == "Add" || Movements.Contains(node.OpType)))
        {
            if (node.Input.Any(reached.Contains))
            {
                reached.UnionWith(node.Output);
                found.AddRange(node.OpType == "Add" ? Of(graph, producers, node) : []);
            }
        }

        return [.. found.Distinct(StringComparer.Ordinal)];
    }

    private static IEnumerable<string> Of(OnnxGraph graph, Dictionary<string, NodeProto> producers, NodeProto node)
    {
        foreach (int place in node.Domain is "" or "ai.onnx" ? Places.GetValueOrDefault(node.OpType, []) : [])
        {
            string name = node.In(place);
            while (producers.TryGetValue(name, out NodeProto? before) && Movements.Contains(before.OpType))
            {
                name = before.In(0);
            }

            // A single number beside a product or a sum is a constant of the architecture.
            if (graph.Initializers.TryGetValue(name, out TensorProto? tensor) && tensor.DataType == OnnxType.Single && tensor.Count() > 0
                && (tensor.Count() > 1 || node.OpType is not ("Add" or "Sub" or "Mul" or "Div")))
            {
                yield return name;
            }
        }
    }
}
