using System.Globalization;
using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <summary>
/// Replaces the calls of a model's own functions by the functions' nodes, as the specification defines them (onnx/onnx,
/// IR version 8 and later): some exporters write every layer or every operator of their framework as a function.
/// </summary>
internal sealed class FunctionInliner
{
    private readonly Dictionary<(string Domain, string Name), FunctionProto> _functions = [];
    private readonly Dictionary<string, long> _opsets;
    private readonly HashSet<FunctionProto> _open = new(ReferenceEqualityComparer.Instance);
    private int _calls;

    private FunctionInliner(ModelProto model)
    {
        foreach (FunctionProto function in model.Functions)
        {
            _functions[(Domain(function.Domain), function.Name)] = function;
        }

        _opsets = Opsets(model.OpsetImport);
    }

    /// <summary>Replaces every call.</summary>
    /// <param name="graph">The graph to edit; its model has no functions afterwards.</param>
    /// <exception cref="QosValuationException">GradientOperatorNotSupported: a function calls itself, or needs another operator set than the model.</exception>
    public static void Inline(OnnxGraph graph)
    {
        if (graph.Model.Functions.Count == 0)
        {
            return;
        }

        var inliner = new FunctionInliner(graph.Model);
        var nodes = new List<NodeProto>(graph.Nodes.Count);
        foreach (NodeProto node in graph.Nodes)
        {
            inliner.Inline(node, nodes.Add);
        }

        graph.ReplaceNodes(nodes);
        graph.Model.Functions.Clear();
    }

    private static string Domain(string domain) => domain == "ai.onnx" ? string.Empty : domain;

    // A model may import the standard operators under both of their names.
    private static Dictionary<string, long> Opsets(IEnumerable<OperatorSetIdProto> imports) =>
        imports
            .GroupBy(import => Domain(import.Domain), StringComparer.Ordinal)
            .ToDictionary(domain => domain.Key, domain => domain.Max(import => import.Version), StringComparer.Ordinal);

    private void Inline(GraphProto graph)
    {
        NodeProto[] nodes = [.. graph.Node];
        graph.Node.Clear();
        foreach (NodeProto node in nodes)
        {
            Inline(node, graph.Node.Add);
        }
    }

    private void Inline(NodeProto node, Action<NodeProto> emit)
    {
        foreach (AttributeProto attribute in node.Attribute.Where(attribute => attribute.G is not null))
        {
            Inline(attribute.G);
        }

        if (!_functions.TryGetValue((Domain(node.Domain), node.OpType), out FunctionProto? function))
        {
            emit(node);
            return;
        }

        if (!_open.Add(function))
        {
            throw GradientBuilder.NotSupported(node, "the function calls itself");
        }

        long modelOpset = _opsets.GetValueOrDefault(string.Empty);
        long opset = Opsets(function.OpsetImport).GetValueOrDefault(string.Empty, modelOpset);
        if (opset != modelOpset)
        {
            throw GradientBuilder.NotSupported(node, $"the function is written for operator set {opset} and the model for another");
        }

        // The function's names become the call's, and those of its own values get the call's number.
        string prefix = node.Label() + "/" + (++_calls).ToString(CultureInfo.InvariantCulture) + "/";
        var names = new Dictionary<string, string>(StringComparer.Ordinal) { [string.Empty] = string.Empty };
        for (int i = 0; i < function.Output.Count; i++)
        {
            if (node.Out(i).Length > 0)
            {
                names[function.Output[i]] = node.Output[i];
            }
        }

        for (int i = 0; i < function.Input.Count; i++)
        {
            names[function.Input[i]] = node.In(i);
        }

        foreach (NodeProto inner in function.Node)
        {
            NodeProto copy = inner.Clone();
            Rename(copy, names, prefix);
            Bind(copy, node, function);
            Inline(copy, emit);
        }

        // An input that is handed on as an output.
        for (int i = 0; i < function.Output.Count; i++)
        {
            if (node.Out(i).Length > 0 && function.Input.Contains(function.Output[i]))
            {
                emit(OnnxGraph.MakeNode("Identity", [names[function.Output[i]]], [node.Output[i]]));
            }
        }

        _open.Remove(function);
    }

    private static string Rename(string name, Dictionary<string, string> names, string prefix)
    {
        if (!names.TryGetValue(name, out string? renamed))
        {
            names[name] = renamed = prefix + name;
        }

        return renamed;
    }

    private static void Rename(NodeProto node, Dictionary<string, string> names, string prefix)
    {
        node.Name = prefix + node.Label();
        for (int i = 0; i < node.Input.Count; i++)
        {
            node.Input[i] = Rename(node.Input[i], names, prefix);
        }

        for (int i = 0; i < node.Output.Count; i++)
        {
            node.Output[i] = Rename(node.Output[i], names, prefix);
        }

        foreach (AttributeProto attribute in node.Attribute.Where(attribute => attribute.G is not null))
        {
            GraphProto body = attribute.G;
            foreach (TensorProto tensor in body.Initializer)
            {
                tensor.Name = Rename(tensor.Name, names, prefix);
            }

            foreach (ValueInfoProto value in body.Input.Concat(body.Output))
            {
                value.Name = Rename(value.Name, names, prefix);
            }

            foreach (NodeProto inner in body.Node)
            {
                Rename(inner, names, prefix);
            }
        }
    }

    /// <summary>Replaces attributes that refer to the call's by the call's, or by the function's defaults; what neither gives is absent.</summary>
    private static void Bind(NodeProto node, NodeProto call, FunctionProto function)
    {
        for (int i = node.Attribute.Count - 1; i >= 0; i--)
        {
            AttributeProto attribute = node.Attribute[i];
            if (attribute.RefAttrName.Length > 0)
            {
                AttributeProto? given = call.Find(attribute.RefAttrName) ?? function.AttributeProto.FirstOrDefault(a => a.Name == attribute.RefAttrName);
                node.Attribute.RemoveAt(i);
                if (given is not null)
                {
                    AttributeProto bound = given.Clone();
                    bound.Name = attribute.Name;
                    node.Attribute.Insert(i, bound);
                }
            }
            else if (attribute.G is GraphProto body)
            {
                foreach (NodeProto inner in body.Node)
                {
                    Bind(inner, call, function);
                }
            }
        }
    }
}
