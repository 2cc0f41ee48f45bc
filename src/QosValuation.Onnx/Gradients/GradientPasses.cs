using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <summary>The steps from a model's graph to its gradient graph, in the order in which they run.</summary>
internal static class GradientPasses
{
    /// <summary>All steps. Each relies on those before it.</summary>
    public static IReadOnlyList<GradientPass> All { get; } =
    [
        new(nameof(InlineFunctions), InlineFunctions),
        new(nameof(RefuseUnsupported), RefuseUnsupported),
        new(nameof(SelectOutput), SelectOutput),
        new(nameof(DropUnusedParts), DropUnusedParts),
        new(nameof(LiftConstants), LiftConstants),
        new(nameof(WidenIntegerWeights), WidenIntegerWeights),
        new(nameof(FixDimensions), FixDimensions),
        new(nameof(ResolveBranches), ResolveBranches),
        new(nameof(PromoteParameters), PromoteParameters),
        new(nameof(WidenHalfPrecision), WidenHalfPrecision),
        new(nameof(SelectInput), SelectInput),
        new(nameof(RaiseOpset), RaiseOpset),
        new(nameof(RemoveIdentities), RemoveIdentities),
        new(nameof(Decompose), Decompose),
        new(nameof(FoldConstants), FoldConstants),
        new(nameof(JoinLayerNormalizations), JoinLayerNormalizations),
        new(nameof(Seed), Seed),
        new(nameof(AppendBackward), AppendBackward),
    ];

    /// <summary>Replaces calls of the model's own functions by their nodes.</summary>
    public static void InlineFunctions(GradientDraft draft) => FunctionInliner.Inline(draft.Graph);

    /// <summary>Refuses quantised models and operator sets before 11.</summary>
    public static void RefuseUnsupported(GradientDraft draft) => GraphNormalizer.Check(draft.Graph);

    /// <summary>Keeps one output: the one the options name, or the graph's first.</summary>
    /// <exception cref="QosValuationException">GradientNameNotFound.</exception>
    public static void SelectOutput(GradientDraft draft)
    {
        OnnxGraph graph = draft.Graph;
        string name = draft.Options.OutputName ?? graph.Outputs.FirstOrDefault()?.Name ?? string.Empty;
        ValueInfoProto output = graph.Outputs.Find(o => o.Name == name) ?? throw GradientDraft.NotFound("output", name, graph.Outputs.Select(o => o.Name));
        graph.Outputs.RemoveAll(o => o != output);
        draft.OutputName = name;
    }

    /// <summary>Drops what the output does not need: a model of both modalities loses the other one here, and the other one's inputs.</summary>
    /// <exception cref="QosValuationException">GradientIndependent: an input or weight that the options name is among what is dropped.</exception>
    public static void DropUnusedParts(GradientDraft draft)
    {
        OnnxGraph graph = draft.Graph;
        HashSet<string> known = graph.Initializers.Keys.Concat(graph.Inputs.Select(i => i.Name)).ToHashSet(StringComparer.Ordinal);
        graph.RemoveDeadCode();
        HashSet<string> used = graph.Nodes.SelectMany(node => node.Reads()).ToHashSet(StringComparer.Ordinal);
        graph.Inputs.RemoveAll(i => !used.Contains(i.Name));
        IEnumerable<string> named = draft.Options.Parameters.Append(draft.Options.InputName ?? string.Empty);
        if (named.FirstOrDefault(name => !used.Contains(name) && known.Contains(name)) is { } unused)
        {
            throw draft.Independent(unused);
        }
    }

    /// <summary>Turns Constant nodes into initialisers.</summary>
    public static void LiftConstants(GradientDraft draft)
    {
        draft.Graph.LiftConstants();
        draft.Graph.InferTypes();
    }

    /// <summary>Writes the widening of weights that are stored as integers in elementary operators.</summary>
    public static void WidenIntegerWeights(GradientDraft draft)
    {
        QuantizedWeights.WriteOut(draft.Graph);
        draft.Graph.InferTypes();
    }

    /// <summary>Gives the dimensions of inputs the sizes that the options name, and images a size at which the model runs.</summary>
    /// <exception cref="QosValuationException">GradientShapesUnknown.</exception>
    public static void FixDimensions(GradientDraft draft) => DimensionFixer.Fix(draft.Graph, draft.Options);

    /// <summary>Replaces every If by the branch it takes.</summary>
    /// <exception cref="QosValuationException">GradientOperatorNotSupported.</exception>
    public static void ResolveBranches(GradientDraft draft) => GraphNormalizer.ResolveBranches(draft.Graph);

    /// <summary>
    /// Turns the weights that the options name into inputs, so that their values are given with every evaluation. A weight that is stored
    /// in another form goes by the name it has once it is widened: what Cast and Mul, or DequantizeLinear, make of constants.
    /// </summary>
    /// <exception cref="QosValuationException">GradientNameNotFound.</exception>
    public static void PromoteParameters(GradientDraft draft)
    {
        OnnxGraph graph = draft.Graph;
        foreach (string name in draft.Options.Parameters)
        {
            TensorProto? tensor = graph.Initializers.GetValueOrDefault(name)
                ?? (OnnxType.IsFloating(graph.TypeOf(name)) ? QuantizedWeights.Value(graph, name) : null);
            if (tensor is null || !OnnxType.IsFloating(tensor.DataType))
            {
                IEnumerable<string> present = graph.Initializers.Values.Where(t => OnnxType.IsFloating(t.DataType)).Select(t => t.Name).Take(40);
                throw GradientDraft.NotFound("floating-point weight", name, present);
            }

            graph.Initializers.Remove(name);
            graph.Nodes.RemoveAll(node => node.Output.Contains(name));
            if (OnnxType.IsHalf(tensor.DataType))
            {
                tensor = OnnxExtensions.FloatTensor(name, OnnxType.Single, tensor.ToDoubles(graph.Folder), [.. tensor.Dims]);
            }

            draft.Parameters[name] = tensor;
            var shape = new TensorShapeProto();
            shape.Dim.Add(tensor.Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
            graph.Inputs.Add(GradientDraft.Declare(name, tensor.DataType, shape));
        }
    }

    /// <summary>Replaces 16-bit floats by 32-bit ones.</summary>
    public static void WidenHalfPrecision(GradientDraft draft)
    {
        GraphNormalizer.WidenHalfPrecision(draft.Graph);
        draft.Graph.InferTypes();
    }

    /// <summary>Finds the input: the one the options name, or the first of floating-point numbers, or the first.</summary>
    /// <exception cref="QosValuationException">
    /// GradientNameNotFound; GradientTypeNotSupported where its gradient is wanted and it holds no floating-point numbers.
    /// </exception>
    public static void SelectInput(GradientDraft draft)
    {
        OnnxGraph graph = draft.Graph;
        string name = draft.Options.InputName
            ?? graph.Inputs.Find(i => !draft.Parameters.ContainsKey(i.Name) && OnnxType.IsFloating(graph.TypeOf(i.Name)))?.Name
            ?? graph.Inputs.Find(i => !draft.Parameters.ContainsKey(i.Name))?.Name
            ?? string.Empty;
        bool present = graph.Inputs.Exists(i => i.Name == name);
        if (!present && (draft.Options.WithInputGradient || name.Length > 0))
        {
            throw GradientDraft.NotFound("input", name, graph.Inputs.Select(i => i.Name));
        }

        if (present && draft.Options.WithInputGradient)
        {
            draft.RequireFloating("input", name);
        }

        draft.InputName = name;
    }

    /// <summary>Lifts the operators to <see cref="GraphNormalizer.MinimumOpset"/>.</summary>
    public static void RaiseOpset(GradientDraft draft)
    {
        if (draft.Graph.Opset < 13)
        {
            ShapeProbe.Measure(draft.Graph);
        }

        GraphNormalizer.RaiseOpset(draft.Graph);
        draft.Graph.InferTypes();
    }

    /// <summary>Removes nodes that change nothing, and secondary outputs that nothing reads.</summary>
    public static void RemoveIdentities(GradientDraft draft)
    {
        GraphNormalizer.Tidy(draft.Graph);
        GraphNormalizer.RemoveIdentities(draft.Graph);
        draft.Graph.RemoveDeadCode();
    }

    /// <summary>Writes composite operators out in elementary ones.</summary>
    public static void Decompose(GradientDraft draft)
    {
        GraphNormalizer.Decompose(draft.Graph);
        draft.Graph.InferTypes();
    }

    /// <summary>Measures every shape, and replaces values that turn out to be constant.</summary>
    /// <exception cref="QosValuationException">GradientShapesUnknown: the model does not run.</exception>
    public static void FoldConstants(GradientDraft draft) => GraphSimplifier.Fold(draft.Graph, ShapeProbe.Measure(draft.Graph));

    /// <summary>Writes layer normalisations that were exported in parts as one node each. Ends the forward pass.</summary>
    /// <exception cref="QosValuationException">GradientNameNotFound, GradientTypeNotSupported: the output is no tensor of floating-point numbers.</exception>
    public static void JoinLayerNormalizations(GradientDraft draft)
    {
        OnnxGraph graph = draft.Graph;
        GraphSimplifier.JoinLayerNormalizations(graph);
        graph.InferTypes();
        draft.ForwardNodeCount = graph.Nodes.Count;
        if (!graph.Shapes.ContainsKey(draft.OutputName))
        {
            throw GradientDraft.NotFound("measurable output", draft.OutputName, graph.Outputs.Select(o => o.Name));
        }

        draft.RequireFloating("output", draft.OutputName);
    }

    /// <summary>Appends the scalar that is differentiated.</summary>
    /// <exception cref="QosValuationException">GradientOutputNotVector: a cosine is asked for and the output is not one vector an item.</exception>
    public static void Seed(GradientDraft draft) => GradientSeeding.Append(draft);

    /// <summary>Appends the backward pass, and an output for every gradient.</summary>
    /// <exception cref="QosValuationException">GradientOperatorNotSupported, GradientIndependent.</exception>
    public static void AppendBackward(GradientDraft draft)
    {
        OnnxGraph graph = draft.Graph;
        List<string> wanted = [.. draft.Parameters.Keys];
        if (draft.Options.WithInputGradient)
        {
            wanted.Insert(0, draft.InputName);
        }

        Dictionary<string, string> totals = GradientBuilder.Append(graph, draft.OutputName, draft.Cotangent, wanted);
        foreach (string name in wanted)
        {
            if (!totals.TryGetValue(name, out string? total))
            {
                throw draft.Independent(name);
            }

            string result = graph.Unique("gradient/" + name);
            graph.Nodes.Add(OnnxGraph.MakeNode("Identity", [total], [result]));
            draft.GradientNames[name] = result;
            graph.Outputs.Add(GradientDraft.Declare(result, graph.TypeOf(name), graph.Shapes[name]));
        }

        graph.RemoveDeadCode();
    }
}
