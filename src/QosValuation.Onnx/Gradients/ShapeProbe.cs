using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <summary>
/// Measures every shape of a graph instead of inferring it: ONNX Runtime runs a shadow of the graph, without its
/// weights and with every product thinned to one term, at several settings of the symbolic dimensions. Whatever
/// operator ONNX Runtime knows has a shape here, and integer values computed from shapes are measured on the way.
/// </summary>
internal static class ShapeProbe
{
    /// <summary>Constants up to this many elements keep their values in the shadow.</summary>
    private const int KeptElements = 4096;

    /// <summary>The most elements an input may have: 1 GiB in single precision.</summary>
    private const int LargestInput = 1 << 28;

    private const string ShapePrefix = "probe/shape/";

    private static readonly long[] Primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43];

    /// <summary>Operators whose outputs are lists of tensors, which have no shape.</summary>
    private static readonly HashSet<string> Sequences = new(StringComparer.Ordinal)
    {
        "SplitToSequence", "SequenceConstruct", "SequenceEmpty", "SequenceInsert", "SequenceErase", "SequenceMap", "Optional",
    };

    private static readonly HashSet<string> Random = new(StringComparer.Ordinal)
    {
        "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial", "Bernoulli",
    };

    /// <summary>Fills the graph's shapes, and returns what turned out to be constant.</summary>
    /// <param name="graph">The graph; its inputs must have shapes, symbolic or not, and types must be inferred.</param>
    /// <returns>Small values that are the same at every setting, by name.</returns>
    /// <exception cref="QosValuationException">GradientShapesUnknown: the graph does not run.</exception>
    public static Dictionary<string, TensorProto> Measure(OnnxGraph graph)
    {
        HashSet<string> fromShapes = ValuesFromShapes(graph);
        List<Dictionary<string, long>> settings = Settings(graph);
        try
        {
            return Measure(graph, fromShapes, settings, thin: true);
        }
        catch (OnnxRuntimeException)
        {
            try
            {
                return Measure(graph, fromShapes, settings, thin: false);
            }
            catch (OnnxRuntimeException error)
            {
                throw new QosValuationException(
                    Faults.GradientShapesUnknown,
                    $"The model does not run, so its gradient cannot be built: {OnnxRuntimeHost.ReasonOf(error)} "
                        + "Check the model file, and the image size if the model leaves it open.",
                    graph.Model.Graph.Name,
                    error);
            }
        }
    }

    /// <summary>The symbol of an input's dimension, or null where it is a number.</summary>
    /// <param name="input">The input.</param>
    /// <param name="dimension">Which dimension.</param>
    /// <returns>The dimension's own name, or one made from its place.</returns>
    public static string? Symbol(ValueInfoProto input, int dimension)
    {
        TensorShapeProto.Types.Dimension size = input.Type.TensorType.Shape.Dim[dimension];
        return size.ValueCase switch
        {
            TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue when size.DimValue > 0 => null,
            TensorShapeProto.Types.Dimension.ValueOneofCase.DimParam when size.DimParam.Length > 0 => size.DimParam,
            _ => input.Name + ":" + dimension,
        };
    }

    private static Dictionary<string, TensorProto> Measure(OnnxGraph graph, HashSet<string> fromShapes, List<Dictionary<string, long>> settings, bool thin)
    {
        ModelProto shadow = Shadow(graph, fromShapes, thin, out List<string> shapes, out List<string> values);
        if (shapes.Count + values.Count == 0)
        {
            return [];
        }

        using SessionOptions options = OnnxRuntimeHost.NewOptions();
        options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL;
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        options.EnableCpuMemArena = false;
        options.AddSessionConfigEntry("session.disable_prepacking", "1");
        using var session = OnnxRuntimeHost.Open(shadow.ToByteArray(), options);
        string[] fetched = [.. shapes.Select(name => ShapePrefix + name), .. values];
        var rows = new Dictionary<string, long[][]>(StringComparer.Ordinal);
        var constants = new Dictionary<string, TensorProto>(StringComparer.Ordinal);
        var changing = new HashSet<string>(StringComparer.Ordinal);
        for (int setting = 0; setting < settings.Count; setting++)
        {
            var feeds = new Dictionary<string, OrtValue>(StringComparer.Ordinal);
            try
            {
                foreach (ValueInfoProto input in graph.Inputs)
                {
                    long[] shape = InputShape(input, settings[setting]);
                    if (shape.Aggregate(1m, (count, extent) => count * extent) > LargestInput)
                    {
                        throw new QosValuationException(
                            Faults.GradientShapesUnknown,
                            FaultKind.NotSupported,
                            $"The input {input.Name} takes more than {LargestInput} numbers at once; export the model for smaller inputs.",
                            input.Name);
                    }

                    var type = (TensorElementType)input.Type.TensorType.ElemType;
                    feeds[input.Name] = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, type, shape);
                    Record(rows, input.Name, setting, settings.Count, shape);
                    OnnxBuffers.Bytes(feeds[input.Name]).Clear();
                }

                using var runOptions = new RunOptions();
                using IDisposableReadOnlyCollection<OrtValue> results = session.Run(runOptions, feeds, fetched);
                for (int i = 0; i < fetched.Length; i++)
                {
                    if (i < shapes.Count)
                    {
                        Record(rows, shapes[i], setting, settings.Count, results[i].GetTensorDataAsSpan<long>().ToArray());
                    }
                    else
                    {
                        string name = fetched[i];
                        TensorProto tensor = ToTensor(name, results[i]);
                        Record(rows, name, setting, settings.Count, [.. tensor.Dims]);
                        if (!constants.TryGetValue(name, out TensorProto? earlier))
                        {
                            constants[name] = tensor;
                        }
                        else if (!earlier.Equals(tensor))
                        {
                            changing.Add(name);
                        }
                    }
                }
            }
            finally
            {
                foreach (OrtValue value in feeds.Values)
                {
                    value.Dispose();
                }
            }
        }

        foreach ((string name, long[][] sizes) in rows)
        {
            graph.Shapes[name] = new MeasuredShape(sizes);
        }

        foreach (TensorProto tensor in graph.Initializers.Values)
        {
            long[] dims = [.. tensor.Dims];
            graph.Shapes[tensor.Name] = new MeasuredShape([.. settings.Select(_ => dims)]);
        }

        foreach (string name in changing)
        {
            constants.Remove(name);
        }

        return constants;
    }

    /// <summary>Values computed from shapes and small constants alone: their values do not depend on the inputs' data.</summary>
    private static HashSet<string> ValuesFromShapes(OnnxGraph graph)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        var result = new HashSet<string>(StringComparer.Ordinal);
        foreach (TensorProto tensor in graph.Initializers.Values)
        {
            if (IsKept(tensor))
            {
                known.Add(tensor.Name);
            }
        }

        foreach (NodeProto node in graph.Nodes)
        {
            bool free = node.OpType is "Shape" or "Size" || (!Random.Contains(node.OpType) && node.Reads().All(known.Contains));
            if (free && node.Domain is "" or "ai.onnx" && !Sequences.Contains(node.OpType))
            {
                foreach (string output in node.Output)
                {
                    if (output.Length > 0 && OnnxType.Size(graph.TypeOf(output)) > 0)
                    {
                        known.Add(output);
                        result.Add(output);
                    }
                }
            }
        }

        return result;
    }

    private static List<Dictionary<string, long>> Settings(OnnxGraph graph)
    {
        string[] symbols =
        [
            .. graph.Inputs
                .SelectMany(input => Enumerable.Range(0, input.Type.TensorType.Shape.Dim.Count).Select(d => Symbol(input, d)))
                .OfType<string>()
                .Distinct(),
        ];
        Dictionary<string, long> Setting(Func<int, long> size) =>
            symbols.Select((symbol, i) => (symbol, i)).ToDictionary(s => s.symbol, s => size(s.i), StringComparer.Ordinal);

        // A first setting, one with each symbol alone changed, and one with all changed.
        var settings = new List<Dictionary<string, long>> { Setting(Prime) };
        for (int changed = 0; changed < symbols.Length; changed++)
        {
            int only = changed;
            settings.Add(Setting(i => i == only ? Prime(symbols.Length + i) : Prime(i)));
        }

        if (symbols.Length > 0)
        {
            settings.Add(Setting(i => Prime(symbols.Length + 1 + i)));
        }

        return settings;
    }

    private static long Prime(int index) => Primes[index % Primes.Length];

    private static long[] InputShape(ValueInfoProto input, Dictionary<string, long> setting)
    {
        long[] shape = new long[input.Type.TensorType.Shape.Dim.Count];
        for (int d = 0; d < shape.Length; d++)
        {
            shape[d] = Symbol(input, d) is string symbol ? setting[symbol] : input.Type.TensorType.Shape.Dim[d].DimValue;
        }

        return shape;
    }

    /// <summary>Large weights are dropped, also those stored in 8 bits; large integers may be indices, which have to stay within their tables.</summary>
    private static bool IsKept(TensorProto tensor) =>
        tensor.Count() <= KeptElements || !(OnnxType.IsFloating(tensor.DataType) || tensor.DataType is OnnxType.Int8 or OnnxType.UInt8);

    private static void Record(Dictionary<string, long[][]> rows, string name, int setting, int count, long[] shape)
    {
        if (!rows.TryGetValue(name, out long[][]? sizes))
        {
            rows[name] = sizes = new long[count][];
        }

        sizes[setting] = shape;
    }

    /// <summary>A result of ONNX Runtime as a constant.</summary>
    /// <param name="name">The constant's name.</param>
    /// <param name="value">The result.</param>
    /// <returns>A copy.</returns>
    public static TensorProto ToTensor(string name, OrtValue value)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        var tensor = new TensorProto { Name = name, DataType = (int)info.ElementDataType };
        tensor.Dims.Add(info.Shape);
        tensor.RawData = ByteString.CopyFrom(OnnxBuffers.Bytes(value));
        return tensor;
    }

    private static ModelProto Shadow(OnnxGraph graph, HashSet<string> fromShapes, bool thin, out List<string> shapes, out List<string> values)
    {
        var shadow = new GraphProto { Name = "probe" };
        shadow.Input.Add(graph.Inputs);
        shapes = [];
        values = [.. fromShapes];
        int made = 0;
        foreach (TensorProto tensor in graph.Initializers.Values)
        {
            if (IsKept(tensor))
            {
                shadow.Initializer.Add(ExternalData.Inline(tensor, graph.Folder));
                continue;
            }

            // A large weight is replaced by zeros of its shape.
            TensorProto dims = OnnxExtensions.Int64Tensor("probe/dims/" + tensor.Name, [.. tensor.Dims]);
            shadow.Initializer.Add(dims);
            byte[] nothing = new byte[OnnxType.Size(tensor.DataType)];
            var zero = new TensorProto { DataType = tensor.DataType, RawData = ByteString.CopyFrom(nothing), Dims = { 1 } };
            shadow.Node.Add(OnnxGraph.MakeNode("ConstantOfShape", [dims.Name], [tensor.Name], ("value", zero)));
        }

        shadow.Initializer.Add(OnnxExtensions.Int64Tensor("probe/0", [0]));
        shadow.Initializer.Add(OnnxExtensions.Int64Tensor("probe/1", [1]));
        string Slice(string name, long axis)
        {
            string axes = "probe/axis/" + axis;
            if (!shadow.Initializer.Any(t => t.Name == axes))
            {
                shadow.Initializer.Add(OnnxExtensions.Int64Tensor(axes, [axis]));
            }

            string output = "probe/thin/" + made++;
            shadow.Node.Add(OnnxGraph.MakeNode("Slice", [name, "probe/0", "probe/1", axes], [output]));
            return output;
        }

        foreach (NodeProto node in graph.Nodes)
        {
            NodeProto copy = node;
            if (thin && node.Input.Count > 1 && OnnxType.IsFloating(graph.TypeOf(node.In(0))) && node.Domain is "" or "ai.onnx")
            {
                (long, long)? axes = node.OpType switch
                {
                    "MatMul" => (-1, graph.Initializers.TryGetValue(node.Input[1], out TensorProto? b) && b.Dims.Count == 1 ? -1 : -2),
                    "Gemm" => (node.Int("transA", 0) == 0 ? 1 : 0, node.Int("transB", 0) == 0 ? 0 : 1),
                    "Conv" when node.Int("group", 1) == 1 => (1, 1),
                    _ => null,
                };
                if (axes is (long first, long second))
                {
                    copy = node.Clone();
                    copy.Input[0] = Slice(node.Input[0], first);
                    copy.Input[1] = Slice(node.Input[1], second);
                }
            }

            shadow.Node.Add(copy);
            foreach (string output in Sequences.Contains(node.OpType) ? [] : node.Output)
            {
                if (output.Length > 0 && !fromShapes.Contains(output) && graph.TypeOf(output) != OnnxType.Undefined)
                {
                    shapes.Add(output);
                    shadow.Node.Add(OnnxGraph.MakeNode("Shape", [output], [ShapePrefix + output]));
                }
            }
        }

        foreach (string name in shapes)
        {
            shadow.Output.Add(Output(ShapePrefix + name, OnnxType.Int64));
        }

        foreach (string name in values)
        {
            shadow.Output.Add(Output(name, graph.TypeOf(name)));
        }

        return graph.Around(shadow);
    }

    /// <summary>The declaration of an output whose shape is not known.</summary>
    /// <param name="name">The value's name.</param>
    /// <param name="type">Its element type.</param>
    /// <returns>The declaration.</returns>
    public static ValueInfoProto Output(string name, int type) =>
        new() { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = type } } };
}
