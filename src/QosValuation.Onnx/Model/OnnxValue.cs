using Microsoft.ML.OnnxRuntime.Tensors;

namespace QosValuation.Onnx.Model;

/// <summary>What an input or output of an ONNX graph holds.</summary>
/// <param name="Name">The name.</param>
/// <param name="ElementType">The element type; 0 where the file does not state it.</param>
/// <param name="Dimensions">The extents, −1 where one is not fixed; null where the file does not state the rank.</param>
public sealed record OnnxValue(string Name, TensorElementType ElementType, long[]? Dimensions)
{
    /// <summary>Reads a declaration of the file.</summary>
    /// <param name="declaration">An input or output.</param>
    /// <returns>The same as a value.</returns>
    public static OnnxValue Of(ValueInfoProto declaration)
    {
        ArgumentNullException.ThrowIfNull(declaration);
        TypeProto.Types.Tensor? tensor = declaration.Type?.TensorType;

        // Some exporters write 0 for an extent that is not fixed.
        long[]? dimensions = tensor?.Shape is { } shape ? [.. shape.Dim.Select(extent => extent.DimValue > 0 ? extent.DimValue : -1)] : null;
        return new OnnxValue(declaration.Name, (TensorElementType)(tensor?.ElemType ?? 0), dimensions);
    }
}
