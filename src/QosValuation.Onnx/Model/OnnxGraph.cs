using System.Globalization;
using QosValuation.Onnx.Gradients;

namespace QosValuation.Onnx.Model;

/// <summary>
/// The graph of an ONNX model: its nodes in topological order, its constants, and what is known of its values.
/// <see cref="OnnxModelReader"/> reads one; within this project it is edited.
/// </summary>
public sealed class OnnxGraph
{
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _constantCache = new(StringComparer.Ordinal);
    private int _next;

    /// <summary>Takes a model over; the proto is edited in place.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">Where its external data lies.</param>
    internal OnnxGraph(ModelProto model, string folder)
    {
        Model = model;
        Folder = folder;
        Nodes = [.. model.Graph.Node];
        foreach (TensorProto tensor in model.Graph.Initializer)
        {
            Initializers[tensor.Name] = tensor;
        }

        // Before IR version 4 every initialiser was listed among the inputs too.
        Inputs = [.. model.Graph.Input.Where(input => !Initializers.ContainsKey(input.Name))];
        Outputs = [.. model.Graph.Output];
        CollectNames();
        Opset = (int)(model.OpsetImport.FirstOrDefault(o => o.Domain is "" or "ai.onnx")?.Version ?? 0);
    }

    /// <summary>The inputs a caller must feed, as the file declares them; initialised ones are left out.</summary>
    public IReadOnlyList<OnnxValue> DeclaredInputs => [.. Inputs.Select(OnnxValue.Of)];

    /// <summary>The outputs, as the file declares them.</summary>
    public IReadOnlyList<OnnxValue> DeclaredOutputs => [.. Outputs.Select(OnnxValue.Of)];

    /// <summary>The nodes in topological order.</summary>
    public IReadOnlyList<NodeProto> Operations => Nodes;

    /// <summary>Initialisers by name, and the results of <c>Constant</c> nodes once those are lifted. Not all of them carry their values.</summary>
    public IReadOnlyDictionary<string, TensorProto> Constants => Initializers;

    /// <summary>Files beside the model that hold weights (ONNX external data), as the model names them; mostly none.</summary>
    public IReadOnlyList<string> ExternalFiles { get; init; } = [];

    /// <summary>The file's other parts.</summary>
    internal ModelProto Model { get; }

    /// <summary>The folder that external data is relative to.</summary>
    internal string Folder { get; }

    /// <summary>The version of the standard operators.</summary>
    internal int Opset { get; set; }

    /// <summary>The nodes, in topological order; emission appends here.</summary>
    internal List<NodeProto> Nodes { get; set; }

    /// <summary>The constants by name.</summary>
    internal Dictionary<string, TensorProto> Initializers { get; } = new(StringComparer.Ordinal);

    /// <summary>The inputs that are not constants.</summary>
    internal List<ValueInfoProto> Inputs { get; }

    /// <summary>The outputs.</summary>
    internal List<ValueInfoProto> Outputs { get; }

    /// <summary>Element types by value name; filled by <see cref="InferTypes"/> and by emission.</summary>
    internal Dictionary<string, int> Types { get; } = new(StringComparer.Ordinal);

    /// <summary>Measured shapes by value name.</summary>
    internal Dictionary<string, MeasuredShape> Shapes { get; } = new(StringComparer.Ordinal);

    /// <summary>Turns <c>Constant</c> nodes into constants by the names of their outputs.</summary>
    public void LiftConstants()
    {
        var kept = new List<NodeProto>(Nodes.Count);
        foreach (NodeProto node in Nodes)
        {
            TensorProto? tensor = node.OpType == "Constant" && node.Output.Count > 0 ? ConstantOf(node) : null;
            if (tensor is null)
            {
                kept.Add(node);
            }
            else
            {
                tensor.Name = node.Output[0];
                Initializers[tensor.Name] = tensor;
            }
        }

        Nodes = kept;
    }

    /// <summary>Puts other nodes in place of all, and forgets the names that only the earlier ones used.</summary>
    internal void ReplaceNodes(List<NodeProto> nodes)
    {
        Nodes = nodes;
        CollectNames();
    }

    /// <summary>A name that is not taken.</summary>
    /// <param name="hint">The readable part.</param>
    /// <returns>The name; it is taken from now on.</returns>
    internal string Unique(string hint)
    {
        string name = hint;
        while (!_names.Add(name))
        {
            name = hint + "_" + (++_next).ToString(CultureInfo.InvariantCulture);
        }

        return name;
    }

    /// <summary>Appends a node of one output.</summary>
    /// <param name="type">The operator.</param>
    /// <param name="inputs">Its inputs; an empty string skips an optional one.</param>
    /// <param name="attributes">Its attributes.</param>
    /// <returns>The output's name.</returns>
    internal string Op(string type, string[] inputs, params (string Name, object Value)[] attributes) =>
        Ops(type, inputs, 1, attributes)[0];

    /// <summary>Appends a node of one output and no attributes.</summary>
    /// <param name="type">The operator.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <returns>The output's name.</returns>
    internal string Op(string type, params string[] inputs) => Ops(type, inputs, 1, [])[0];

    /// <summary>Appends a node of several outputs.</summary>
    /// <param name="type">The operator.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="outputCount">How many outputs it has.</param>
    /// <param name="attributes">Its attributes.</param>
    /// <returns>The outputs' names.</returns>
    internal string[] Ops(string type, string[] inputs, int outputCount, params (string Name, object Value)[] attributes)
    {
        string[] outputs = new string[outputCount];
        for (int i = 0; i < outputCount; i++)
        {
            outputs[i] = Unique("autodiff/" + type + "_" + (++_next).ToString(CultureInfo.InvariantCulture));
        }

        NodeProto node = MakeNode(type, inputs, outputs, attributes);
        Nodes.Add(node);
        SetTypes(node);
        return outputs;
    }

    /// <summary>Makes a node without appending it.</summary>
    internal static NodeProto MakeNode(string type, string[] inputs, string[] outputs, params (string Name, object Value)[] attributes)
    {
        var node = new NodeProto { OpType = type, Name = outputs[0] };
        node.Input.Add(inputs);
        node.Output.Add(outputs);
        foreach ((string name, object value) in attributes)
        {
            node.Set(name, value);
        }

        return node;
    }

    /// <summary>A constant 1-D tensor of integers; equal ones are shared.</summary>
    internal string Int64(params long[] values) =>
        Cached("i" + string.Join(',', values), name => OnnxExtensions.Int64Tensor(name, values));

    /// <summary>A constant integer of rank 0.</summary>
    internal string Int64Scalar(long value) =>
        Cached("s" + value.ToString(CultureInfo.InvariantCulture), name => OnnxExtensions.Int64Tensor(name, [value], scalar: true));

    /// <summary>A constant of rank 0 in a floating type; equal ones are shared.</summary>
    internal string Scalar(double value, int type) =>
        Cached("f" + type + ":" + BitConverter.DoubleToInt64Bits(value), name => OnnxExtensions.FloatTensor(name, type, [value]));

    /// <summary>A constant tensor in a floating type.</summary>
    internal string Constant(double[] values, int type, params long[] dims) =>
        AddInitializer(OnnxExtensions.FloatTensor(Unique("autodiff/constant"), type, values, dims));

    /// <summary>Adds a constant.</summary>
    internal string AddInitializer(TensorProto tensor)
    {
        Initializers[tensor.Name] = tensor;
        Types[tensor.Name] = tensor.DataType;
        return tensor.Name;
    }

    /// <summary>The values of a constant as integers, or null where the name is not a constant.</summary>
    internal long[]? ConstantInts(string name) => Initializers.TryGetValue(name, out TensorProto? tensor) ? tensor.ToInt64s(Folder) : null;

    /// <summary>The value of a constant of one element, or null.</summary>
    internal double? ConstantScalar(string name) =>
        Initializers.TryGetValue(name, out TensorProto? tensor) && tensor.Count() == 1 ? tensor.ToDoubles(Folder)[0] : null;

    /// <summary>The node that makes each value.</summary>
    internal Dictionary<string, NodeProto> Producers()
    {
        var producers = new Dictionary<string, NodeProto>(StringComparer.Ordinal);
        foreach (NodeProto node in Nodes)
        {
            foreach (string output in node.Output)
            {
                if (output.Length > 0)
                {
                    producers[output] = node;
                }
            }
        }

        return producers;
    }

    /// <summary>Renames the uses of values (node inputs and captures), not their definitions.</summary>
    /// <param name="replacements">Old name to new name; chains are followed.</param>
    internal void ReplaceUses(Dictionary<string, string> replacements)
    {
        if (replacements.Count == 0)
        {
            return;
        }

        foreach (NodeProto node in Nodes)
        {
            ReplaceUses(node, replacements);
        }
    }

    /// <summary>Drops nodes and constants that no output needs.</summary>
    internal void RemoveDeadCode()
    {
        var needed = new HashSet<string>(Outputs.Select(output => output.Name), StringComparer.Ordinal);
        var kept = new List<NodeProto>(Nodes.Count);
        for (int i = Nodes.Count - 1; i >= 0; i--)
        {
            NodeProto node = Nodes[i];
            if (node.Output.Any(needed.Contains))
            {
                kept.Add(node);
                needed.UnionWith(node.Reads());
            }
        }

        kept.Reverse();
        Nodes = kept;
        foreach (string name in Initializers.Keys.Where(name => !needed.Contains(name)).ToArray())
        {
            Initializers.Remove(name);
        }
    }

    /// <summary>Fills <see cref="Types"/> from the inputs, the constants and the operators.</summary>
    internal void InferTypes()
    {
        Types.Clear();
        foreach (ValueInfoProto input in Inputs)
        {
            Types[input.Name] = input.Type?.TensorType?.ElemType ?? OnnxType.Undefined;
        }

        foreach (TensorProto tensor in Initializers.Values)
        {
            Types[tensor.Name] = tensor.DataType;
        }

        foreach (NodeProto node in Nodes)
        {
            SetTypes(node);
        }
    }

    /// <summary>The element type of a value; undefined where nothing is known.</summary>
    internal int TypeOf(string name) => Types.GetValueOrDefault(name);

    /// <summary>Writes the edited parts back and returns the model.</summary>
    internal ModelProto ToModel()
    {
        GraphProto graph = Model.Graph;
        graph.Node.Clear();
        graph.Node.Add(Nodes);
        graph.Initializer.Clear();
        graph.Initializer.Add(Initializers.Values);
        graph.Input.Clear();
        graph.Input.Add(Inputs);
        graph.Output.Clear();
        graph.Output.Add(Outputs);
        graph.ValueInfo.Clear();
        foreach (OperatorSetIdProto set in Model.OpsetImport)
        {
            if (set.Domain is "" or "ai.onnx")
            {
                set.Version = Opset;
            }
        }

        Model.IrVersion = Math.Max(Model.IrVersion, Opset switch { >= 21 => 10, >= 19 => 9, >= 15 => 8, _ => 7 });
        return Model;
    }

    /// <summary>A model of its own around other nodes of this model's operators.</summary>
    internal ModelProto Around(GraphProto graph)
    {
        var model = new ModelProto { IrVersion = Math.Max(Model.IrVersion, 4), Graph = graph };
        model.OpsetImport.Add(Model.OpsetImport.Where(o => o.Domain is not ("" or "ai.onnx")));
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = string.Empty, Version = Opset });
        return model;
    }

    private static TensorProto? ConstantOf(NodeProto node)
    {
        AttributeProto? attribute = node.Attribute.FirstOrDefault();
        return attribute?.Name switch
        {
            "value" => attribute.T,
            "value_float" => OnnxExtensions.FloatTensor(string.Empty, OnnxType.Single, [attribute.F]),
            "value_floats" => OnnxExtensions.FloatTensor(string.Empty, OnnxType.Single, [.. attribute.Floats.Select(v => (double)v)], attribute.Floats.Count),
            "value_int" => OnnxExtensions.Int64Tensor(string.Empty, [attribute.I], scalar: true),
            "value_ints" => OnnxExtensions.Int64Tensor(string.Empty, [.. attribute.Ints]),
            _ => null,
        };
    }

    private static void ReplaceUses(NodeProto node, Dictionary<string, string> replacements)
    {
        for (int i = 0; i < node.Input.Count; i++)
        {
            node.Input[i] = Resolve(node.Input[i], replacements);
        }

        foreach (AttributeProto attribute in node.Attribute)
        {
            if (attribute.G is GraphProto inner)
            {
                foreach (NodeProto innerNode in inner.Node)
                {
                    ReplaceUses(innerNode, replacements);
                }

                foreach (ValueInfoProto output in inner.Output)
                {
                    output.Name = Resolve(output.Name, replacements);
                }
            }
        }
    }

    private static string Resolve(string name, Dictionary<string, string> replacements)
    {
        while (replacements.TryGetValue(name, out string? next))
        {
            name = next;
        }

        return name;
    }

    private void CollectNames()
    {
        _names.Clear();
        _names.UnionWith(Initializers.Keys);
        _names.UnionWith(Inputs.Select(input => input.Name));
        _names.UnionWith(Nodes.SelectMany(node => node.Output));
        _names.UnionWith(Nodes.SelectMany(node => node.Reads()));
    }

    private string Cached(string key, Func<string, TensorProto> make)
    {
        if (!_constantCache.TryGetValue(key, out string? name) || !Initializers.ContainsKey(name))
        {
            name = AddInitializer(make(Unique("autodiff/constant")));
            _constantCache[key] = name;
        }

        return name;
    }

    private void SetTypes(NodeProto node)
    {
        int first = TypeOf(node.In(0));
        int main = node.OpType switch
        {
            "Cast" => (int)node.Int("to", OnnxType.Undefined),
            "CastLike" or "Where" => TypeOf(node.In(1)),
            "OneHot" => TypeOf(node.In(2)),
            "Shape" or "Size" or "ArgMax" or "ArgMin" or "NonZero" => OnnxType.Int64,
            "Equal" or "Greater" or "GreaterOrEqual" or "Less" or "LessOrEqual" or "And" or "Or" or "Not" or "Xor" or "IsNaN" or "IsInf" => OnnxType.Bool,
            "ConstantOfShape" => node.Find("value")?.T?.DataType ?? OnnxType.Single,
            "EyeLike" => (int)node.Int("dtype", first),
            "RandomNormal" or "RandomUniform" => (int)node.Int("dtype", OnnxType.Single),
            "If" or "Loop" or "Scan" => OnnxType.Undefined,
            _ => first,
        };
        for (int i = 0; i < node.Output.Count; i++)
        {
            if (node.Output[i].Length > 0)
            {
                Types[node.Output[i]] = (node.OpType, i) switch
                {
                    ("MaxPool" or "TopK", 1) => OnnxType.Int64,
                    ("Dropout", 1) => OnnxType.Bool,
                    ("LayerNormalization", > 0) => OnnxType.Single,
                    _ => main,
                };
            }
        }
    }
}
