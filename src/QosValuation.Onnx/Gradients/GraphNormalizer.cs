using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <summary>
/// Brings a model into one form, so that the differentiation rules see one: constants as initialisers, no 16-bit
/// floats, the operators of opset 18 or later, no identities, and composite operators written out.
/// </summary>
internal static class GraphNormalizer
{
    /// <summary>Older opsets are lifted to this one: from it on every Reduce takes its axes as an input.</summary>
    public const int MinimumOpset = 18;

    private const int OldestOpset = 11;

    private static readonly HashSet<string> AttributeReductions = new(StringComparer.Ordinal)
    {
        "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare", "ReduceSum",
    };

    /// <summary>
    /// Refuses models that have no useful gradient: those that round while they run, and opsets before 11. Weights stored as integers are no fault.
    /// </summary>
    /// <param name="graph">The model.</param>
    /// <exception cref="QosValuationException">GradientModelQuantized, GradientOpsetNotSupported.</exception>
    public static void Check(OnnxGraph graph)
    {
        Dictionary<string, NodeProto> producers = graph.Producers();
        NodeProto? quantized = graph.Nodes.Find(node =>
            !(node.OpType == "DequantizeLinear" && node.Domain is "" or "ai.onnx" && QuantizedWeights.Widens(graph, producers, node))
            && (node.OpType.Contains("QLinear", StringComparison.Ordinal) || node.OpType.Contains("QuantizeLinear", StringComparison.OrdinalIgnoreCase)
            || node.OpType.EndsWith("Integer", StringComparison.Ordinal) || node.OpType.StartsWith("QAttention", StringComparison.Ordinal)
            || node.OpType.Contains("NBits", StringComparison.Ordinal) || node.OpType.StartsWith("QGemm", StringComparison.Ordinal)));
        if (quantized is not null)
        {
            throw new QosValuationException(
                Faults.GradientModelQuantized,
                $"The model is quantised ({quantized.OpType} at node {quantized.Label()}): rounding to integers has a gradient of zero "
                    + "almost everywhere. Use the fp32 or fp16 weights of the same model (vision_model.onnx or vision_model_fp16.onnx).",
                quantized.Label());
        }

        if (graph.Opset < OldestOpset)
        {
            throw new QosValuationException(
                Faults.GradientOpsetNotSupported,
                $"The model uses operator set {graph.Opset}; gradients need {OldestOpset} or later. "
                    + $"Export it again with opset_version={OldestOpset} or higher.",
                graph.Opset);
        }
    }

    /// <summary>
    /// Replaces every If whose condition depends on sizes alone by the branch it takes: some exporters write one around
    /// a Squeeze.
    /// </summary>
    /// <param name="graph">The graph to edit; constants must be lifted and types inferred.</param>
    /// <exception cref="QosValuationException">GradientOperatorNotSupported: control flow that depends on the data.</exception>
    public static void ResolveBranches(OnnxGraph graph)
    {
        while (graph.Nodes.Exists(HasBody))
        {
            Dictionary<string, TensorProto> constants = ShapeProbe.Measure(graph);
            bool changed = false;
            List<NodeProto> nodes = graph.Nodes;
            graph.Nodes = new List<NodeProto>(nodes.Count);
            foreach (NodeProto node in nodes)
            {
                TensorProto? condition = node.OpType == "If"
                    ? graph.Initializers.GetValueOrDefault(node.In(0)) ?? constants.GetValueOrDefault(node.In(0))
                    : null;
                if (condition is null)
                {
                    graph.Nodes.Add(node);
                    continue;
                }

                changed = true;
                GraphProto? taken = node.Find(condition.ToDoubles(graph.Folder) is [not 0, ..] ? "then_branch" : "else_branch")?.G;
                if (taken is null || taken.Output.Count < node.Output.Count)
                {
                    throw GradientBuilder.NotSupported(node, "the branch it takes does not give every output");
                }

                foreach (TensorProto tensor in taken.Initializer)
                {
                    graph.Initializers[tensor.Name] = tensor;
                }

                graph.Nodes.AddRange(taken.Node);
                for (int i = 0; i < node.Output.Count; i++)
                {
                    graph.Nodes.Add(OnnxGraph.MakeNode("Identity", [taken.Output[i].Name], [node.Output[i]]));
                }
            }

            graph.LiftConstants();
            graph.InferTypes();
            if (!changed)
            {
                graph.RemoveDeadCode();
                if (graph.Nodes.Find(HasBody) is NodeProto flow)
                {
                    throw GradientBuilder.NotSupported(flow, "which branch it takes, or how often it runs, depends on the data");
                }
            }
        }
    }

    /// <summary>
    /// Replaces 16-bit floats by 32-bit ones throughout. Weights keep their 16 bits in the file and are cast where the
    /// session is made, so the computation is that of the half-precision weights in single precision: more accurate
    /// than the half-precision forward pass, and faster on processors without half-precision arithmetic.
    /// </summary>
    /// <param name="graph">The graph to edit.</param>
    /// <returns>Whether anything was widened.</returns>
    public static bool WidenHalfPrecision(OnnxGraph graph)
    {
        bool widened = false;
        foreach (ValueInfoProto value in graph.Inputs.Concat(graph.Outputs))
        {
            if (value.Type?.TensorType is TypeProto.Types.Tensor tensor && OnnxType.IsHalf(tensor.ElemType))
            {
                tensor.ElemType = OnnxType.Single;
                widened = true;
            }
        }

        var casts = new List<NodeProto>();
        foreach (TensorProto tensor in graph.Initializers.Values.Where(t => OnnxType.IsHalf(t.DataType)).ToArray())
        {
            widened = true;
            string name = tensor.Name;
            if (tensor.Count() <= 1024)
            {
                graph.Initializers[name] = OnnxExtensions.FloatTensor(name, OnnxType.Single, tensor.ToDoubles(graph.Folder), [.. tensor.Dims]);
                continue;
            }

            graph.Initializers.Remove(name);
            tensor.Name = graph.Unique(name + "/half");
            graph.Initializers[tensor.Name] = tensor;
            casts.Add(OnnxGraph.MakeNode("Cast", [tensor.Name], [name], ("to", (long)OnnxType.Single)));
        }

        foreach (NodeProto node in graph.Nodes)
        {
            foreach (AttributeProto attribute in node.Attribute)
            {
                if (attribute.Name is "to" or "dtype" && OnnxType.IsHalf((int)attribute.I))
                {
                    attribute.I = OnnxType.Single;
                    widened = true;
                }
                else if (attribute.T is TensorProto value && OnnxType.IsHalf(value.DataType))
                {
                    attribute.T = OnnxExtensions.FloatTensor(value.Name, OnnxType.Single, value.ToDoubles(graph.Folder), [.. value.Dims]);
                    widened = true;
                }
            }
        }

        graph.Nodes.InsertRange(0, casts);
        return widened;
    }

    /// <summary>Lifts the operators to <see cref="MinimumOpset"/>.</summary>
    /// <param name="graph">The graph to edit; shapes must be measured where the opset is below 13.</param>
    public static void RaiseOpset(OnnxGraph graph)
    {
        int from = graph.Opset;
        if (from >= MinimumOpset)
        {
            return;
        }

        List<NodeProto> nodes = graph.Nodes;
        graph.Nodes = new List<NodeProto>(nodes.Count);
        foreach (NodeProto node in nodes)
        {
            bool standard = node.Domain is "" or "ai.onnx";
            if (standard && AttributeReductions.Contains(node.OpType))
            {
                AttributeToInput(graph, node, "axes");
            }
            else if (standard && from < 13 && node.OpType is "Squeeze" or "Unsqueeze")
            {
                AttributeToInput(graph, node, "axes");
            }
            else if (standard && node.OpType == "Split")
            {
                AttributeToInput(graph, node, "split");
                if (node.In(1).Length == 0)
                {
                    node.Set("num_outputs", (long)node.Output.Count);
                }
            }
            else if (standard && from < 13 && node.OpType is "Softmax" or "LogSoftmax" or "Hardmax" && RaiseSoftmax(graph, node))
            {
                continue;
            }
            else if (standard && from < 14 && node.OpType == "BatchNormalization" && node.Output.Count > 1)
            {
                // Before opset 14 the number of outputs said that the batch's own statistics are used.
                node.Set("training_mode", 1L);
            }

            graph.Nodes.Add(node);
        }

        graph.Opset = MinimumOpset;
    }

    /// <summary>Writes CastLike as Cast, and drops secondary outputs that nothing reads (the mask of a Dropout, for one).</summary>
    /// <param name="graph">The graph to edit; types must be inferred.</param>
    public static void Tidy(OnnxGraph graph)
    {
        HashSet<string> read = graph.Nodes
            .SelectMany(node => node.Reads())
            .Concat(graph.Outputs.Select(output => output.Name))
            .ToHashSet(StringComparer.Ordinal);
        foreach (NodeProto node in graph.Nodes)
        {
            if (node.OpType == "CastLike" && graph.TypeOf(node.In(1)) is var type and not OnnxType.Undefined)
            {
                node.OpType = "Cast";
                node.Input.RemoveAt(1);
                node.Set("to", (long)type);
            }
            else if (node.OpType is "Dropout" or "BatchNormalization" or "MaxPool" or "LayerNormalization")
            {
                while (node.Output.Count > 1 && !read.Contains(node.Output[^1]))
                {
                    node.Output.RemoveAt(node.Output.Count - 1);
                }
            }
        }
    }

    /// <summary>Removes Identity, Dropout that drops nothing, and casts to the same type.</summary>
    /// <param name="graph">The graph to edit; types must be inferred.</param>
    public static void RemoveIdentities(OnnxGraph graph)
    {
        var replacements = new Dictionary<string, string>(StringComparer.Ordinal);
        var outputs = graph.Outputs.Select(output => output.Name).ToHashSet(StringComparer.Ordinal);
        var kept = new List<NodeProto>(graph.Nodes.Count);
        foreach (NodeProto node in graph.Nodes)
        {
            bool identity = node.Input.Count > 0 && node.Output.Count > 0 && node.OpType switch
            {
                "Identity" => true,
                "Dropout" => node.Out(1).Length == 0
                    && (node.In(2).Length == 0 || graph.ConstantScalar(node.In(2)) == 0 || graph.ConstantScalar(node.In(1)) == 0),
                "Cast" => graph.TypeOf(node.In(0)) == (int)node.Int("to", 0),
                _ => false,
            };
            if (identity && outputs.Contains(node.Output[0]))
            {
                node.OpType = "Identity";
                node.Attribute.Clear();
                while (node.Input.Count > 1)
                {
                    node.Input.RemoveAt(1);
                }

                identity = false;
            }

            if (identity)
            {
                replacements[node.Output[0]] = node.Input[0];
            }
            else
            {
                kept.Add(node);
            }
        }

        graph.Nodes = kept;
        graph.ReplaceUses(replacements);
    }

    /// <summary>Writes composite operators out in elementary ones, whose rules then serve both directions.</summary>
    /// <param name="graph">The graph to edit; types must be inferred.</param>
    public static void Decompose(OnnxGraph graph)
    {
        List<NodeProto> nodes = graph.Nodes;
        graph.Nodes = new List<NodeProto>(nodes.Count);
        foreach (NodeProto node in nodes)
        {
            string? result = node.Domain is "" or "ai.onnx" ? Decompose(graph, node) : null;
            if (result is null)
            {
                graph.Nodes.Add(node);
                continue;
            }

            // The last emitted node takes over the name that others know.
            NodeProto last = graph.Nodes[^1];
            last.Output[0] = node.Output[0];
            graph.Types[node.Output[0]] = graph.TypeOf(result);
        }
    }

    private static bool HasBody(NodeProto node) => node.Attribute.Any(attribute => attribute.G is not null);

    private static string? Decompose(OnnxGraph g, NodeProto node)
    {
        string x = node.In(0);
        int type = g.TypeOf(x);
        switch (node.OpType)
        {
            case "Gelu" when node.Text("approximate", "none") == "none":
                string erf = g.Op("Erf", g.Op("Mul", x, g.Scalar(Math.Sqrt(0.5), type)));
                string half = g.Op("Mul", x, g.Op("Add", erf, g.Scalar(1, type)));
                return g.Op("Mul", half, g.Scalar(0.5, type));
            case "Gelu":
                string cube = g.Op("Mul", g.Op("Mul", x, x), x);
                string inner = g.Op("Mul", g.Op("Add", x, g.Op("Mul", cube, g.Scalar(0.044715, type))), g.Scalar(Math.Sqrt(2 / Math.PI), type));
                string gate = g.Op("Add", g.Op("Tanh", inner), g.Scalar(1, type));
                return g.Op("Mul", g.Op("Mul", x, gate), g.Scalar(0.5, type));
            case "HardSwish":
                return g.Op("Mul", x, HardSigmoid(g, x, 1.0 / 6, 0.5, type));
            case "HardSigmoid":
                return HardSigmoid(g, x, node.Float("alpha", 0.2f), node.Float("beta", 0.5f), type);
            case "Mish":
                return g.Op("Mul", x, g.Op("Tanh", g.Op("Softplus", x)));
            case "LpNormalization":
                string reduce = node.Int("p", 2) == 1 ? "ReduceL1" : "ReduceL2";
                return g.Op("Div", x, g.Op(reduce, [x, g.Int64(node.Int("axis", -1))], ("keepdims", 1L)));
            case "Selu":
                string elu = g.Op("Elu", [x], ("alpha", node.Float("alpha", 1.67326319217681884765625f)));
                return g.Op("Mul", elu, g.Scalar(node.Float("gamma", 1.05070102214813232421875f), type));
            case "Celu":
                float sharpness = node.Float("alpha", 1);
                return g.Op("Mul", g.Op("Elu", g.Op("Div", x, g.Scalar(sharpness, type))), g.Scalar(sharpness, type));
            case "GroupNormalization":
                return DecomposeGroupNormalization(g, node, type);
            case "BatchNormalization" when node.Int("training_mode", 0) != 0 && node.Output.Count == 1:
                return DecomposeBatchNormalization(g, node, type);
            case "Mean":
                string sum = node.Input.Count == 1 ? g.Op("Identity", x) : g.Op("Sum", [.. node.Input]);
                return g.Op("Mul", sum, g.Scalar(1.0 / node.Input.Count, type));
            case "LayerNormalization" when type == OnnxType.Double:
                return DecomposeLayerNormalization(g, node, type);
            default:
                return null;
        }
    }

    private static string HardSigmoid(OnnxGraph g, string x, double alpha, double beta, int type) =>
        g.Op("Clip", g.Op("Add", g.Op("Mul", x, g.Scalar(alpha, type)), g.Scalar(beta, type)), g.Scalar(0, type), g.Scalar(1, type));

    private static string? DecomposeLayerNormalization(OnnxGraph g, NodeProto node, int type)
    {
        // ONNX Runtime keeps the statistics of a double LayerNormalization in single precision; write it out instead.
        long axis = node.Int("axis", -1);
        if (axis >= 0 || node.Out(1).Length > 0 || node.Out(2).Length > 0)
        {
            return null;
        }

        string axes = g.Int64([.. Enumerable.Range(0, (int)-axis).Select(i => axis + i)]);
        string scaled = g.Op("Mul", Standardize(g, node.In(0), axes, node.Float("epsilon", 1e-5f), type), node.In(1));
        return node.In(2).Length > 0 ? g.Op("Add", scaled, node.In(2)) : scaled;
    }

    private static string DecomposeGroupNormalization(OnnxGraph g, NodeProto node, int type)
    {
        string x = node.In(0);
        string sizes = g.Op("Shape", x);
        string groups = g.Op("Reshape", x, g.Int64(0, node.Int("num_groups", 1), -1));
        string normal = Standardize(g, groups, g.Int64(-1), node.Float("epsilon", 1e-5f), type);
        if (g.Opset >= 21)
        {
            // From here on scale and bias are a channel's, before a group's.
            normal = g.Op("Reshape", normal, g.Op("Concat", [g.Op("Slice", sizes, g.Int64(0), g.Int64(2)), g.Int64(-1)], ("axis", 0L)));
        }

        return g.Op("Reshape", ScaleAndShift(g, normal, node), sizes);
    }

    private static string DecomposeBatchNormalization(OnnxGraph g, NodeProto node, int type)
    {
        string x = node.In(0);
        string channels = g.Op("Reshape", x, g.Int64(0, 0, -1));
        string normal = Standardize(g, channels, g.Int64(0, 2), node.Float("epsilon", 1e-5f), type);
        return g.Op("Reshape", ScaleAndShift(g, normal, node), g.Op("Shape", x));
    }

    /// <summary>(x − mean) / √(variance + ε) over some axes.</summary>
    private static string Standardize(OnnxGraph g, string x, string axes, float epsilon, int type)
    {
        string centred = g.Op("Sub", x, g.Op("ReduceMean", x, axes));
        string variance = g.Op("ReduceMean", g.Op("Mul", centred, centred), axes);
        return g.Op("Div", centred, g.Op("Sqrt", g.Op("Add", variance, g.Scalar(epsilon, type))));
    }

    /// <summary>Scales and shifts [N, C, …] by the node's second and third inputs, a number a channel each.</summary>
    private static string ScaleAndShift(OnnxGraph g, string x, NodeProto node)
    {
        string column = g.Int64(-1, 1);
        return g.Op("Add", g.Op("Mul", x, g.Op("Reshape", node.In(1), column)), g.Op("Reshape", node.In(2), column));
    }

    private static void AttributeToInput(OnnxGraph graph, NodeProto node, string name)
    {
        if (node.Ints(name) is long[] values)
        {
            node.Remove(name);
            node.Input.Add(graph.Int64(values));
        }
    }

    private static bool RaiseSoftmax(OnnxGraph graph, NodeProto node)
    {
        // Before opset 13 the input was flattened to a matrix at the axis, and the softmax ran over the whole second half.
        string x = node.In(0);
        int rank = graph.Shapes[x].Rank;
        long axis = node.Int("axis", 1);
        axis = axis < 0 ? axis + rank : axis;
        if (axis == rank - 1)
        {
            node.Set("axis", -1L);
            return false;
        }

        string flat = graph.Op("Flatten", [x], ("axis", axis));
        string soft = graph.Op(node.OpType, [flat], ("axis", -1L));
        graph.Nodes.Add(OnnxGraph.MakeNode("Reshape", [soft, graph.Op("Shape", x)], [node.Output[0]]));
        return true;
    }
}
