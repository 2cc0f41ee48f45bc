namespace QosValuation.Onnx.Model;

/// <summary>ONNX element types by their numbers in <c>TensorProto.DataType</c>.</summary>
internal static class OnnxType
{
    public const int Undefined = 0;
    public const int Single = 1;
    public const int UInt8 = 2;
    public const int Int8 = 3;
    public const int UInt16 = 4;
    public const int Int16 = 5;
    public const int Int32 = 6;
    public const int Int64 = 7;
    public const int Text = 8;
    public const int Bool = 9;
    public const int Half = 10;
    public const int Double = 11;
    public const int UInt32 = 12;
    public const int UInt64 = 13;
    public const int BFloat16 = 16;

    /// <summary>Whether gradients can flow through values of this type.</summary>
    public static bool IsFloating(int type) => type is Single or Double or Half or BFloat16;

    /// <summary>Whether the type is a 16-bit float.</summary>
    public static bool IsHalf(int type) => type is Half or BFloat16;

    /// <summary>Bytes an element takes; 0 for text and unknown types.</summary>
    public static int Size(int type) => type switch
    {
        Single or Int32 or UInt32 => 4,
        Double or Int64 or UInt64 => 8,
        Half or BFloat16 or Int16 or UInt16 => 2,
        UInt8 or Int8 or Bool => 1,
        _ => 0,
    };
}
