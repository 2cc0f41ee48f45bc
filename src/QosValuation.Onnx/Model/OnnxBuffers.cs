using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace QosValuation.Onnx.Model;

/// <summary>Views of tensors as bytes.</summary>
internal static class OnnxBuffers
{
    /// <summary>The bytes of a numeric tensor on the host.</summary>
    /// <param name="value">The tensor.</param>
    /// <returns>A view that lives as long as the tensor.</returns>
    public static Span<byte> Bytes(OrtValue value) => value.GetTensorTypeAndShape().ElementDataType switch
    {
        TensorElementType.Float => MemoryMarshal.AsBytes(value.GetTensorMutableDataAsSpan<float>()),
        TensorElementType.Double => MemoryMarshal.AsBytes(value.GetTensorMutableDataAsSpan<double>()),
        TensorElementType.Int64 => MemoryMarshal.AsBytes(value.GetTensorMutableDataAsSpan<long>()),
        TensorElementType.Int32 => MemoryMarshal.AsBytes(value.GetTensorMutableDataAsSpan<int>()),
        TensorElementType.Bool => MemoryMarshal.AsBytes(value.GetTensorMutableDataAsSpan<bool>()),
        TensorElementType.UInt8 => value.GetTensorMutableDataAsSpan<byte>(),
        TensorElementType.Int8 => MemoryMarshal.AsBytes(value.GetTensorMutableDataAsSpan<sbyte>()),
        TensorElementType.Int16 => MemoryMarshal.AsBytes(value.GetTensorMutableDataAsSpan<short>()),
        TensorElementType.UInt16 => MemoryMarshal.AsBytes(value.GetTensorMutableDataAsSpan<ushort>()),
        TensorElementType.UInt32 => MemoryMarshal.AsBytes(value.GetTensorMutableDataAsSpan<uint>()),
        TensorElementType.UInt64 => MemoryMarshal.AsBytes(value.GetTensorMutableDataAsSpan<ulong>()),
        TensorElementType.Float16 => MemoryMarshal.AsBytes(value.GetTensorMutableDataAsSpan<Float16>()),
        TensorElementType.BFloat16 => MemoryMarshal.AsBytes(value.GetTensorMutableDataAsSpan<BFloat16>()),
        TensorElementType type => throw new QosValuationException(
            Faults.GradientTypeNotSupported, $"Tensors of type {type} are not supported.", type),
    };
}
