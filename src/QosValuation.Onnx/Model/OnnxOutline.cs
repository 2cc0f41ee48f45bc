using Microsoft.ML.OnnxRuntime.Tensors;

namespace QosValuation.Onnx.Model;

/// <summary>An input or output of an ONNX graph.</summary>
/// <param name="Name">The name.</param>
/// <param name="ElementType">The element type.</param>
/// <param name="Dimensions">The extents, −1 where one is not fixed; null where the file does not even tell the rank.</param>
public sealed record OnnxValue(string Name, TensorElementType ElementType, long[]? Dimensions);

/// <summary>A constant tensor of an ONNX graph, without its data.</summary>
/// <param name="Name">The name.</param>
/// <param name="ElementType">The element type.</param>
/// <param name="Dimensions">The extents.</param>
public sealed record OnnxConstant(string Name, TensorElementType ElementType, long[] Dimensions);

/// <summary>A node of an ONNX graph, without its attributes.</summary>
/// <param name="OperatorType">The operator, such as <c>Gather</c>.</param>
/// <param name="Inputs">The names of its inputs.</param>
/// <param name="Outputs">The names of its outputs.</param>
public sealed record OnnxNode(string OperatorType, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs);

/// <summary>The outline of an ONNX file: inputs, outputs, nodes and the shapes of its constants, without any weight.</summary>
public sealed record OnnxOutline
{
    /// <summary>The inputs a caller must feed (initialised ones are left out).</summary>
    public required IReadOnlyList<OnnxValue> Inputs { get; init; }

    /// <summary>The outputs.</summary>
    public required IReadOnlyList<OnnxValue> Outputs { get; init; }

    /// <summary>The nodes, in the file's topological order; <c>Constant</c> nodes are among <see cref="Constants"/> instead.</summary>
    public required IReadOnlyList<OnnxNode> Nodes { get; init; }

    /// <summary>Initialisers and the results of <c>Constant</c> nodes, by name.</summary>
    public required IReadOnlyDictionary<string, OnnxConstant> Constants { get; init; }

    /// <summary>Files beside the model that hold weights (ONNX external data), as relative paths; mostly none.</summary>
    public required IReadOnlyList<string> ExternalFiles { get; init; }
}
