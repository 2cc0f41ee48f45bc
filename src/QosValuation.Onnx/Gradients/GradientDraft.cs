using Microsoft.ML.OnnxRuntime.Tensors;
using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <summary>What the passes of <see cref="GradientPasses"/> work on: the graph that becomes a gradient graph, and what they find out about it.</summary>
/// <param name="graph">The model's graph, which is edited in place.</param>
/// <param name="options">What to differentiate.</param>
internal sealed class GradientDraft(OnnxGraph graph, GradientOptions options)
{
    /// <summary>The graph.</summary>
    public OnnxGraph Graph { get; } = graph;

    /// <summary>What to differentiate.</summary>
    public GradientOptions Options { get; } = options;

    /// <summary>The differentiated output; empty until <see cref="GradientPasses.SelectOutput"/>.</summary>
    public string OutputName { get; set; } = string.Empty;

    /// <summary>The differentiated input; empty until <see cref="GradientPasses.SelectInput"/>, and where the graph has none.</summary>
    public string InputName { get; set; } = string.Empty;

    /// <summary>Initial values of the weights that became inputs, by name.</summary>
    public Dictionary<string, TensorProto> Parameters { get; } = new(StringComparer.Ordinal);

    /// <summary>The value that holds the gradient of the scalar with respect to the output.</summary>
    public string Cotangent { get; set; } = string.Empty;

    /// <summary>The extra input; null where the seed needs none.</summary>
    public string? SeedName { get; set; }

    /// <summary>The output that holds the cosine scores; null for other seeds.</summary>
    public string? ScoreName { get; set; }

    /// <summary>Outputs that hold gradients, by the name of the input or weight they belong to.</summary>
    public Dictionary<string, string> GradientNames { get; } = new(StringComparer.Ordinal);

    /// <summary>Nodes of the forward pass, after it is simplified.</summary>
    public int ForwardNodeCount { get; set; }

    /// <summary>The declaration of a value whose shape was measured.</summary>
    /// <param name="name">The value's name.</param>
    /// <param name="type">Its element type.</param>
    /// <param name="shape">Its shape; each dimension that is not constant gets a symbol of its own.</param>
    /// <returns>The declaration.</returns>
    public static ValueInfoProto Declare(string name, int type, MeasuredShape shape)
    {
        var dims = new TensorShapeProto();
        for (int d = 0; d < shape.Rank; d++)
        {
            dims.Dim.Add(shape.At(d) is long size
                ? new TensorShapeProto.Types.Dimension { DimValue = size }
                : new TensorShapeProto.Types.Dimension { DimParam = name + ":" + d });
        }

        return Declare(name, type, dims);
    }

    /// <summary>The declaration of a value.</summary>
    /// <param name="name">The value's name.</param>
    /// <param name="type">Its element type.</param>
    /// <param name="shape">Its shape.</param>
    /// <returns>The declaration.</returns>
    public static ValueInfoProto Declare(string name, int type, TensorShapeProto shape) =>
        new() { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = type, Shape = shape } } };

    /// <summary>The error for a name that the graph does not have.</summary>
    /// <param name="what">What was looked for.</param>
    /// <param name="name">Its name.</param>
    /// <param name="present">The names there are.</param>
    /// <returns>GradientNameNotFound.</returns>
    public static QosValuationException NotFound(string what, string name, IEnumerable<string> present) => new(
        Faults.GradientNameNotFound,
        $"The model has no {what} named '{name}'; it has: {string.Join(", ", present)}.",
        name);

    /// <summary>The error for an output that does not change with a value.</summary>
    /// <param name="name">The input or weight.</param>
    /// <returns>GradientIndependent.</returns>
    public QosValuationException Independent(string name) => new(
        Faults.GradientIndependent,
        $"The output {OutputName} does not depend differentiably on {name}; name another input or weight.",
        name);

    /// <summary>Throws where a value is not of a floating-point type.</summary>
    /// <param name="what">Input or output.</param>
    /// <param name="name">The value's name.</param>
    /// <exception cref="QosValuationException">GradientTypeNotSupported.</exception>
    public void RequireFloating(string what, string name)
    {
        if (!OnnxType.IsFloating(Graph.TypeOf(name)))
        {
            throw new QosValuationException(
                Faults.GradientTypeNotSupported,
                $"The {what} {name} holds {(TensorElementType)Graph.TypeOf(name)} values, and only floating-point values have a gradient. "
                    + $"Name another {what}, or export the model with floating-point pixels.",
                name);
        }
    }
}
