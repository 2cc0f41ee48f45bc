using QosValuation.Onnx.Gradients;

namespace QosValuation.Tests;

internal static class GradientGraphOperators
{
    /// <summary>The operators of a gradient graph, and how often each occurs.</summary>
    public static Dictionary<string, int> Operators(this GradientGraph graph) =>
        graph.Model.Graph.Node
            .GroupBy(node => node.OpType, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
}
