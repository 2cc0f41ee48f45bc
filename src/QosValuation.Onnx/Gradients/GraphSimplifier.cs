using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <summary>Replaces values that measuring showed to be constant, and joins nodes into one whose gradient is cheaper.</summary>
internal static class GraphSimplifier
{
    /// <summary>Larger constants are left to ONNX Runtime, which folds them without storing them in the graph.</summary>
    private const int FoldedElements = 4096;

    /// <summary>Replaces nodes by their measured values, and shape arithmetic before a Reshape by a constant.</summary>
    /// <param name="graph">The graph to edit; shapes must be measured.</param>
    /// <param name="constants">Values that do not depend on any input's data or size.</param>
    public static void Fold(OnnxGraph graph, Dictionary<string, TensorProto> constants)
    {
        var kept = new List<NodeProto>(graph.Nodes.Count);
        foreach (NodeProto node in graph.Nodes)
        {
            if (node.Output.All(output => output.Length == 0 || (constants.TryGetValue(output, out TensorProto? value) && value.Count() <= FoldedElements)))
            {
                foreach (string output in node.Output.Where(output => output.Length > 0))
                {
                    graph.Initializers[output] = constants[output];
                }
            }
            else
            {
                kept.Add(node);
            }
        }

        graph.Nodes = kept;
        foreach (NodeProto node in kept)
        {
            if (node.OpType == "Reshape" && node.Int("allowzero", 0) == 0 && graph.Shapes.TryGetValue(node.Output[0], out MeasuredShape? shape)
                && shape.AsReshapeTarget() is long[] target)
            {
                node.Input[1] = graph.Int64(target);
                graph.Shapes.TryAdd(node.Input[1], shape.Constant(target.Length));
            }
        }

        graph.RemoveDeadCode();
    }

    /// <summary>
    /// Joins a layer normalisation written out in elementary operators (exports before opset 17) into one
    /// LayerNormalization node, so that the forward pass is as fast as ONNX Runtime's own fusion although the backward
    /// pass also reads its statistics.
    /// </summary>
    /// <param name="graph">The graph to edit; shapes must be measured.</param>
    public static void JoinLayerNormalizations(OnnxGraph graph)
    {
        Dictionary<string, NodeProto> producers = graph.Producers();
        ILookup<string, NodeProto> consumers = graph.Nodes
            .SelectMany(node => node.Reads().Distinct().Select(name => (name, node)))
            .ToLookup(p => p.name, p => p.node, StringComparer.Ordinal);
        var outputs = graph.Outputs.Select(o => o.Name).ToHashSet(StringComparer.Ordinal);
        NodeProto? Only(string name, string type)
        {
            NodeProto[] users = [.. consumers[name]];
            return users.Length == 1 && users[0].OpType == type && !outputs.Contains(name) ? users[0] : null;
        }

        foreach (NodeProto divide in graph.Nodes.Where(node => node.OpType == "Div").ToArray())
        {
            string centred = divide.Input[0];
            if (graph.TypeOf(centred) != OnnxType.Single || Match(graph, producers, divide) is not (string x, double epsilon))
            {
                continue;
            }

            int width = (int)(graph.Shapes.TryGetValue(x, out MeasuredShape? shape) ? shape.At(shape.Rank - 1) ?? 0 : 0);
            if (width == 0)
            {
                continue;
            }

            NodeProto last = divide;
            string scale = string.Empty;
            if (Only(divide.Output[0], "Mul") is NodeProto multiply && Vector(graph, Other(multiply, divide.Output[0]), width) is string s)
            {
                scale = s;
                last = multiply;
            }

            string bias = string.Empty;
            if (scale.Length > 0 && Only(last.Output[0], "Add") is NodeProto add && Vector(graph, Other(add, last.Output[0]), width) is string b)
            {
                bias = b;
                last = add;
            }

            if (scale.Length == 0)
            {
                scale = graph.Constant([.. Enumerable.Repeat(1.0, width)], OnnxType.Single, width);
                graph.Shapes[scale] = shape!.Constant(width);
            }

            NodeProto joined = OnnxGraph.MakeNode(
                "LayerNormalization",
                bias.Length > 0 ? [x, scale, bias] : [x, scale],
                [last.Output[0]],
                ("axis", -1L), ("epsilon", (float)epsilon));
            joined.Name = divide.Label() + "/LayerNormalization";
            graph.Nodes[graph.Nodes.IndexOf(last)] = joined;
        }

        graph.RemoveDeadCode();
    }

    /// <summary>Recognises (x − mean(x)) / √(mean((x − mean(x))²) + ε) over the last dimension.</summary>
    private static (string X, double Epsilon)? Match(OnnxGraph graph, Dictionary<string, NodeProto> producers, NodeProto divide)
    {
        NodeProto? From(string name, string type) => producers.TryGetValue(name, out NodeProto? node) && node.OpType == type ? node : null;
        if (From(divide.Input[0], "Sub") is not NodeProto centre || From(centre.Input[1], "ReduceMean") is not NodeProto mean
            || mean.Input[0] != centre.Input[0] || !OverLast(graph, mean)
            || From(divide.Input[1], "Sqrt") is not NodeProto root || From(root.Input[0], "Add") is not NodeProto shift)
        {
            return null;
        }

        double? epsilon = graph.ConstantScalar(shift.Input[1]) ?? graph.ConstantScalar(shift.Input[0]);
        string variance = graph.ConstantScalar(shift.Input[1]) is null ? shift.Input[1] : shift.Input[0];
        if (epsilon is not double eps || From(variance, "ReduceMean") is not NodeProto spread || !OverLast(graph, spread)
            || !producers.TryGetValue(spread.Input[0], out NodeProto? square))
        {
            return null;
        }

        bool squared = square.OpType switch
        {
            "Pow" => graph.ConstantScalar(square.Input[1]) == 2 && IsCentre(square.Input[0]),
            "Mul" => square.Input[0] == square.Input[1] && IsCentre(square.Input[0]),
            _ => false,
        };

        // Some exports subtract the mean twice.
        bool IsCentre(string name) => name == divide.Input[0]
            || (From(name, "Sub") is NodeProto again && again.Input[0] == centre.Input[0] && again.Input[1] == centre.Input[1]);
        return squared ? (centre.Input[0], eps) : null;
    }

    private static bool OverLast(OnnxGraph graph, NodeProto reduce) =>
        reduce.Int("keepdims", 1) == 1 && reduce.Input.Count == 2 && graph.ConstantInts(reduce.Input[1]) is [long axis]
        && graph.Shapes.TryGetValue(reduce.Input[0], out MeasuredShape? shape) && (axis == -1 || axis == shape.Rank - 1);

    private static string Other(NodeProto node, string one) => node.Input[0] == one ? node.Input[1] : node.Input[0];

    private static string? Vector(OnnxGraph graph, string name, int width) =>
        graph.Shapes.TryGetValue(name, out MeasuredShape? shape) && shape.Rank == 1 && shape.At(0) == width ? name : null;
}
