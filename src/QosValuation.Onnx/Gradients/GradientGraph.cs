using Microsoft.ML.OnnxRuntime.Tensors;
using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <summary>
/// A second ONNX graph that computes a model's output and, from the same intermediate values, the gradient of a scalar
/// of that output with respect to the input and to chosen weights: reverse-mode differentiation by source
/// transformation (Griewank and Walther 2008, chapter 3), in standard ONNX operators. ONNX Runtime runs it with the
/// same kernels as the model itself.
/// </summary>
/// <remarks>
/// Reads models of opset 11 and later in single precision, or in half precision, which is computed in single
/// precision. The batch stays symbolic. Weights stay in the model file and are mapped into memory.
/// Building takes time and memory in the number of nodes, not in the number of weights.
/// </remarks>
public sealed class GradientGraph
{
    private static readonly int[] UsualImageSizes = [224, 336, 384, 256, 288, 448, 320, 240, 512, 192, 160, 128, 96, 64, 32];

    private GradientGraph(ModelProto model, string folder, IReadOnlyDictionary<string, TensorProto> parameters)
    {
        Model = model;
        Folder = folder;
        ParameterTensors = parameters;
    }

    /// <summary>The input that is differentiated; the name the model gives it.</summary>
    public required string InputName { get; init; }

    /// <summary>The shape of that input; −1 for symbolic dimensions.</summary>
    public required IReadOnlyList<long> InputShape { get; init; }

    /// <summary>The differentiated output; the name the model gives it.</summary>
    public required string OutputName { get; init; }

    /// <summary>The shape of that output; −1 for symbolic dimensions.</summary>
    public required IReadOnlyList<long> OutputShape { get; init; }

    /// <summary>The graph's extra input: the cotangent or the target. Null where the seed is <see cref="GradientSeed.Sum"/>.</summary>
    public required string? SeedName { get; init; }

    /// <summary>The output that holds the cosine score of every item; null for other seeds.</summary>
    public required string? ScoreName { get; init; }

    /// <summary>Outputs that hold gradients, by the name of the input or weight they belong to.</summary>
    public required IReadOnlyDictionary<string, string> GradientNames { get; init; }

    /// <summary>Which scalar is differentiated.</summary>
    public required GradientSeed Seed { get; init; }

    /// <summary>Nodes of the forward pass after simplification.</summary>
    public required int ForwardNodeCount { get; init; }

    /// <summary>Nodes the backward pass adds.</summary>
    public required int BackwardNodeCount { get; init; }

    /// <summary>Operators of the combined graph and how often each occurs.</summary>
    public IReadOnlyDictionary<string, int> Operators =>
        Model.Graph.Node.GroupBy(node => node.OpType, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);

    /// <summary>The combined graph.</summary>
    internal ModelProto Model { get; }

    /// <summary>The folder that holds the weights.</summary>
    internal string Folder { get; }

    /// <summary>Initial values of the parameters, by name.</summary>
    internal IReadOnlyDictionary<string, TensorProto> ParameterTensors { get; }

    /// <summary>Builds the gradient graph of a model file.</summary>
    /// <param name="modelPath">An .onnx file; it is not changed.</param>
    /// <param name="options">What to differentiate; null for the first output with respect to the pixels.</param>
    /// <returns>The combined graph.</returns>
    /// <exception cref="QosValuationException">
    /// ModelNotFound, OnnxModelInvalid; GradientModelQuantized for integer models; GradientOpsetNotSupported before
    /// opset 11; GradientOperatorNotSupported, naming the node, for an operator without a rule; GradientNameNotFound for
    /// an unknown input, output or weight; GradientTypeNotSupported where input or output are not floating-point numbers;
    /// GradientIndependent where the output does not depend on it;
    /// GradientShapesUnknown where the model does not run.
    /// </exception>
    public static GradientGraph Build(string modelPath, GradientOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelPath);

        string named = Path.GetFullPath(modelPath);
        string path = File.Exists(named) && File.ResolveLinkTarget(named, returnFinalTarget: true) is { } target ? target.FullName : named;
        ModelProto model = OnnxModelFile.Read(path);
        return Build(model, ExternalData.Anchor(model, Path.GetDirectoryName(named)!, path), options ?? new GradientOptions());
    }

    /// <summary>Builds the gradient graph of a model in memory, which is edited in place.</summary>
    internal static GradientGraph Build(ModelProto model, string folder, GradientOptions options)
    {
        FunctionInliner.Inline(model);
        var graph = new OnnxGraph(model, folder);
        GraphNormalizer.Check(graph);
        string outputName = options.OutputName
            ?? graph.Outputs.Find(o => o.Name == "image_embeds")?.Name
            ?? graph.Outputs.FirstOrDefault()?.Name
            ?? string.Empty;
        ValueInfoProto output = graph.Outputs.Find(o => o.Name == outputName)
            ?? throw NotFound("output", outputName, graph.Outputs.Select(o => o.Name));
        graph.Outputs.RemoveAll(o => o != output);

        // A model of both modalities loses the other one here, and the other one's inputs.
        Dictionary<string, TensorProto> weights = new(graph.Initializers, StringComparer.Ordinal);
        string[] inputs = [.. graph.Inputs.Select(i => i.Name)];
        graph.RemoveDeadCode();
        HashSet<string> used = graph.Nodes.SelectMany(node => node.Reads()).ToHashSet(StringComparer.Ordinal);
        graph.Inputs.RemoveAll(i => !used.Contains(i.Name));
        foreach (string name in options.Parameters.Append(options.InputName ?? string.Empty))
        {
            if (!used.Contains(name) && (weights.ContainsKey(name) || inputs.Contains(name)))
            {
                throw Independent(outputName, name);
            }
        }

        GraphNormalizer.LiftConstants(graph);
        graph.InferTypes();
        FixDimensions(graph, options);
        GraphNormalizer.ResolveBranches(graph);
        Dictionary<string, TensorProto> parameters = Promote(graph, options.Parameters);
        GraphNormalizer.WidenHalfPrecision(graph);
        graph.InferTypes();
        string inputName = options.InputName
            ?? graph.Inputs.Find(i => i.Name == "pixel_values")?.Name
            ?? graph.Inputs.Find(i => !parameters.ContainsKey(i.Name) && OnnxType.IsFloating(graph.TypeOf(i.Name)))?.Name
            ?? graph.Inputs.Find(i => !parameters.ContainsKey(i.Name))?.Name
            ?? string.Empty;
        ValueInfoProto? input = graph.Inputs.Find(i => i.Name == inputName);
        if (input is null && (options.WithInputGradient || inputName.Length > 0))
        {
            throw NotFound("input", inputName, graph.Inputs.Select(i => i.Name));
        }

        if (input is not null && options.WithInputGradient && !OnnxType.IsFloating(graph.TypeOf(inputName)))
        {
            throw NotFloating(graph, "input", inputName);
        }

        if (graph.Opset < 13)
        {
            ShapeProbe.Measure(graph);
        }

        GraphNormalizer.RaiseOpset(graph);
        graph.InferTypes();
        GraphNormalizer.Tidy(graph);
        GraphNormalizer.RemoveIdentities(graph);
        graph.RemoveDeadCode();
        GraphNormalizer.Decompose(graph);
        graph.InferTypes();
        GraphSimplifier.Fold(graph, ShapeProbe.Measure(graph));
        GraphSimplifier.JoinLayerNormalizations(graph);
        graph.InferTypes();
        int forward = graph.Nodes.Count;
        if (!graph.Shapes.TryGetValue(outputName, out MeasuredShape? outputShape))
        {
            throw NotFound("measurable output", outputName, graph.Outputs.Select(o => o.Name));
        }

        if (!OnnxType.IsFloating(graph.TypeOf(outputName)))
        {
            throw NotFloating(graph, "output", outputName);
        }

        (string cotangent, string? seedName, string? scoreName) = Seeding(graph, output, options.Seed);
        List<string> wanted = [.. parameters.Keys];
        if (options.WithInputGradient)
        {
            wanted.Insert(0, inputName);
        }

        Dictionary<string, string> totals = GradientBuilder.Append(graph, outputName, cotangent, wanted);
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in wanted)
        {
            if (!totals.TryGetValue(name, out string? total))
            {
                throw Independent(outputName, name);
            }

            string result = graph.Unique("gradient/" + name);
            graph.Nodes.Add(OnnxGraph.MakeNode("Identity", [total], [result]));
            names[name] = result;
            graph.Outputs.Add(Value(result, graph.TypeOf(name), graph.Shapes[name]));
        }

        graph.RemoveDeadCode();
        return new GradientGraph(graph.ToModel(), folder, parameters)
        {
            InputName = inputName,
            InputShape = input is null ? [] : Sizes(graph.Shapes[inputName]),
            OutputName = outputName,
            OutputShape = Sizes(outputShape),
            SeedName = seedName,
            ScoreName = scoreName,
            GradientNames = names,
            Seed = options.Seed,
            ForwardNodeCount = forward,
            BackwardNodeCount = graph.Nodes.Count - forward,
        };
    }

    /// <summary>Makes sure that one array of single-precision numbers, with the seed and the weights, is all that the graph reads.</summary>
    /// <exception cref="QosValuationException">GradientTypeNotSupported, GradientInputMissing.</exception>
    internal void RequireSingleInput()
    {
        foreach (ValueInfoProto read in Model.Graph.Input)
        {
            if (read.Name != InputName && read.Name != SeedName && !ParameterTensors.ContainsKey(read.Name))
            {
                throw new QosValuationException(
                    Faults.GradientInputMissing,
                    $"The model reads {read.Name} besides {InputName}; use a model that takes pixels alone, such as the vision half of a CLIP pair (vision_model.onnx).",
                    read.Name);
            }

            if (read.Type.TensorType.ElemType != OnnxType.Single)
            {
                throw new QosValuationException(
                    Faults.GradientTypeNotSupported,
                    $"The input {read.Name} holds {(TensorElementType)read.Type.TensorType.ElemType} values and is given single-precision ones; use a model in single or half precision.",
                    read.Name);
            }
        }
    }

    private static long[] Sizes(MeasuredShape shape) => [.. Enumerable.Range(0, shape.Rank).Select(d => shape.At(d) ?? -1)];

    private static QosValuationException NotFound(string what, string name, IEnumerable<string> present) => new(
        Faults.GradientNameNotFound,
        $"The model has no {what} named '{name}'; it has: {string.Join(", ", present)}.",
        name);

    private static QosValuationException NotFloating(OnnxGraph graph, string what, string name) => new(
        Faults.GradientTypeNotSupported,
        $"The {what} {name} holds {(TensorElementType)graph.TypeOf(name)} values, and only floating-point values have a gradient. Name another {what}, or export the model with floating-point pixels.",
        name);

    private static QosValuationException Independent(string output, string name) => new(
        Faults.GradientIndependent,
        $"The output {output} does not depend differentiably on {name}; name another input or weight.",
        name);

    /// <summary>Turns weights into inputs, so that their values are given with every evaluation.</summary>
    private static Dictionary<string, TensorProto> Promote(OnnxGraph graph, IReadOnlyList<string> names)
    {
        var parameters = new Dictionary<string, TensorProto>(StringComparer.Ordinal);
        foreach (string name in names)
        {
            if (!graph.Initializers.TryGetValue(name, out TensorProto? tensor) || !OnnxType.IsFloating(tensor.DataType))
            {
                throw NotFound("floating-point weight", name, graph.Initializers.Values.Where(t => OnnxType.IsFloating(t.DataType)).Select(t => t.Name).Take(40));
            }

            graph.Initializers.Remove(name);
            if (OnnxType.IsHalf(tensor.DataType))
            {
                tensor = OnnxExtensions.FloatTensor(name, OnnxType.Single, tensor.ToDoubles(graph.Folder), [.. tensor.Dims]);
            }

            parameters[name] = tensor;
            var shape = new TensorShapeProto();
            shape.Dim.Add(tensor.Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
            graph.Inputs.Add(new ValueInfoProto
            {
                Name = name,
                Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = tensor.DataType, Shape = shape } },
            });
        }

        return parameters;
    }

    /// <summary>
    /// Gives the dimensions a size that the options name. A model that leaves its image size open is tried at the usual
    /// sizes until it runs: position embeddings accept one size only.
    /// </summary>
    private static void FixDimensions(OnnxGraph graph, GradientOptions options)
    {
        var sides = new List<TensorShapeProto.Types.Dimension>();
        foreach (ValueInfoProto input in graph.Inputs)
        {
            if (input.Type?.TensorType?.Shape is not TensorShapeProto shape)
            {
                throw new QosValuationException(Faults.GradientShapesUnknown, $"The input {input.Name} has no shape; export the model with the rank of its inputs.", input.Name);
            }

            bool image = shape.Dim.Count == 4 && OnnxType.IsFloating(input.Type.TensorType.ElemType);
            int channel = image && shape.Dim[3].DimValue == 3 && ShapeProbe.Symbol(input, 1) is not null ? 3 : 1;
            for (int d = 0; d < shape.Dim.Count; d++)
            {
                if (ShapeProbe.Symbol(input, d) is not string symbol)
                {
                    continue;
                }

                if (options.Dimensions.TryGetValue(symbol, out long size))
                {
                    shape.Dim[d].DimValue = size;
                }
                else if (image && d == channel)
                {
                    shape.Dim[d].DimValue = 3;
                }
                else if (image && d > 0)
                {
                    sides.Add(shape.Dim[d]);
                }
                else if (shape.Dim[d].DimParam.Length == 0)
                {
                    shape.Dim[d].DimParam = symbol;
                }
            }
        }

        if (sides.Count == 0)
        {
            return;
        }

        if (options.ImageSize > 0)
        {
            sides.ForEach(side => side.DimValue = options.ImageSize);
            return;
        }

        foreach (int candidate in UsualImageSizes)
        {
            sides.ForEach(side => side.DimValue = candidate);
            try
            {
                ShapeProbe.Measure(graph);
                return;
            }
            catch (QosValuationException) when (candidate != UsualImageSizes[^1])
            {
                // Another size, then.
            }
        }
    }

    private static (string Cotangent, string? SeedName, string? ScoreName) Seeding(OnnxGraph graph, ValueInfoProto output, GradientSeed seed)
    {
        string y = output.Name;
        MeasuredShape shape = graph.Shapes[y];
        int type = graph.TypeOf(y);
        switch (seed)
        {
            case GradientSeed.Cotangent:
                string cotangent = graph.Unique("cotangent");
                graph.Inputs.Add(Value(cotangent, type, shape));
                graph.Types[cotangent] = type;
                return (cotangent, cotangent, null);
            case GradientSeed.Sum:
                string ones = graph.Op("ConstantOfShape", [graph.Op("Shape", y)], ("value", OnnxExtensions.FloatTensor("one", type, [1], 1)));
                return (ones, null, null);
            default:
                if (shape.Rank != 2)
                {
                    throw new QosValuationException(Faults.GradientOutputNotVector, $"The output {y} has shape {shape}; a cosine needs one vector an item (such as image_embeds).", y);
                }

                string target = graph.Unique("target");
                var targetShape = new TensorShapeProto();
                targetShape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "targets" });
                targetShape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = shape.At(1) ?? 0 });
                graph.Inputs.Add(new ValueInfoProto { Name = target, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = type, Shape = targetShape } } });
                graph.Types[target] = type;

                // s = ŷ·t with ŷ = y/‖y‖; ds/dy = (t − ŷ·s)/‖y‖.
                string last = graph.Int64(-1);
                string norm = graph.Op("Max", graph.Op("ReduceL2", [y, last], ("keepdims", 1L)), graph.Scalar(1e-12, type));
                string unit = graph.Op("Div", y, norm);
                string score = graph.Op("ReduceSum", [graph.Op("Mul", unit, target), last], ("keepdims", 1L));
                string slope = graph.Op("Div", graph.Op("Sub", target, graph.Op("Mul", unit, score)), norm);
                string scoreName = graph.Unique("score");
                graph.Nodes.Add(OnnxGraph.MakeNode("Squeeze", [score, graph.Int64(1)], [scoreName]));
                graph.Outputs.Add(Value(scoreName, type, shape.Map(row => [row[0]])));
                return (slope, target, scoreName);
        }
    }

    private static ValueInfoProto Value(string name, int type, MeasuredShape shape)
    {
        var dims = new TensorShapeProto();
        for (int d = 0; d < shape.Rank; d++)
        {
            dims.Dim.Add(shape.At(d) is long size
                ? new TensorShapeProto.Types.Dimension { DimValue = size }
                : new TensorShapeProto.Types.Dimension { DimParam = name + ":" + d });
        }

        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = type, Shape = dims } } };
    }
}
