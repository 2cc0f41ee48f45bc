using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <summary>
/// Reverse-mode differentiation: walks a normalised graph backwards once, and appends to it the nodes that carry a
/// cotangent from an output to the wanted values (vector-Jacobian products). Every intermediate value of the forward
/// pass is used as it is, so nothing is computed twice.
/// </summary>
internal sealed class GradientBuilder
{
    /// <summary>Operators whose outputs are piecewise constant in their inputs: their gradient is zero almost everywhere.</summary>
    private static readonly HashSet<string> Flat = new(StringComparer.Ordinal)
    {
        "Shape", "Size", "ArgMax", "ArgMin", "NonZero", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Not", "Xor",
        "IsNaN", "IsInf", "Sign", "Floor", "Ceil", "Round", "Hardmax", "ConstantOfShape", "EyeLike", "OneHot",
        "RandomNormalLike", "RandomUniformLike", "Bernoulli",
    };

    private readonly OnnxGraph _graph;
    private readonly Dictionary<string, NodeProto> _producers;
    private readonly HashSet<string> _needed;
    private readonly Dictionary<string, List<string>> _partials = new(StringComparer.Ordinal);

    private GradientBuilder(OnnxGraph graph, IEnumerable<string> withRespectTo)
    {
        _graph = graph;
        _producers = graph.Producers();
        _needed = new HashSet<string>(withRespectTo, StringComparer.Ordinal);
        foreach (NodeProto node in graph.Nodes)
        {
            if (!Flat.Contains(node.OpType) && node.Reads().Any(_needed.Contains))
            {
                _needed.UnionWith(node.Output.Where(output =>
                    output.Length > 0 && (OnnxType.IsFloating(graph.TypeOf(output)) || graph.TypeOf(output) == OnnxType.Undefined)));
            }
        }
    }

    /// <summary>Appends the backward pass.</summary>
    /// <param name="graph">The graph; shapes and types must be known.</param>
    /// <param name="output">The differentiated output.</param>
    /// <param name="cotangent">The value that holds the gradient of the scalar with respect to that output.</param>
    /// <param name="withRespectTo">The values whose gradients are wanted.</param>
    /// <returns>Gradient names by value name; values the output does not depend on are absent.</returns>
    /// <exception cref="QosValuationException">GradientOperatorNotSupported: names the operator and the node.</exception>
    public static Dictionary<string, string> Append(OnnxGraph graph, string output, string cotangent, IReadOnlyList<string> withRespectTo)
    {
        var builder = new GradientBuilder(graph, withRespectTo);
        NodeProto[] forward = [.. graph.Nodes];
        builder.Add(output, cotangent);
        for (int i = forward.Length - 1; i >= 0; i--)
        {
            builder.Reverse(forward[i]);
        }

        var gradients = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in withRespectTo)
        {
            if (builder.Total(name) is string total)
            {
                gradients[name] = total;
            }
        }

        return gradients;
    }

    /// <summary>The graph that nodes are appended to.</summary>
    internal OnnxGraph Graph => _graph;

    /// <summary>Whether a gradient with respect to a value is wanted.</summary>
    internal bool IsNeeded(string name) => _needed.Contains(name);

    /// <summary>The node that makes a value in the forward pass, or null.</summary>
    internal NodeProto? Producer(string name) => _producers.GetValueOrDefault(name);

    /// <summary>Adds one contribution to a value's gradient.</summary>
    internal void Add(string name, string gradient)
    {
        if (!_partials.TryGetValue(name, out List<string>? parts))
        {
            _partials[name] = parts = [];
        }

        parts.Add(gradient);
    }

    /// <summary>The sum of the contributions so far, or null where there is none.</summary>
    internal string? Total(string name)
    {
        if (!_partials.TryGetValue(name, out List<string>? parts))
        {
            return null;
        }

        while (parts.Count > 1)
        {
            string sum = _graph.Op("Add", parts[0], parts[1]);
            parts.RemoveAt(1);
            parts[0] = sum;
        }

        return parts[0];
    }

    private void Reverse(NodeProto node)
    {
        if (!node.Output.Any(_partials.ContainsKey) || !node.Output.Any(_needed.Contains))
        {
            return;
        }

        bool standard = node.Domain is "" or "ai.onnx";
        if (!standard || !GradientRules.All.TryGetValue(node.OpType, out Action<RuleContext>? rule))
        {
            throw NotSupported(node, standard
                ? "there is no rule for this operator"
                : $"operators of the domain {node.Domain} are products of an optimiser; use the plain export of the model");
        }

        if (node.OpType != "Split" && node.Output.Skip(1).FirstOrDefault(_partials.ContainsKey) is string secondary)
        {
            throw NotSupported(node, $"its secondary output {secondary} is used");
        }

        rule(new RuleContext(this, node));
    }

    /// <summary>The error for a node that cannot be differentiated.</summary>
    internal static QosValuationException NotSupported(NodeProto node, string reason) => new(
        Faults.GradientOperatorNotSupported,
        $"The gradient cannot pass the node {node.Label()} ({(node.Domain.Length > 0 ? node.Domain + "." : string.Empty)}{node.OpType}): {reason}. "
            + "Export the model with standard operators, or choose another encoder.",
        node.Label());
}
