using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Google.Protobuf;

namespace QosValuation.Onnx.Model;

/// <summary>Reads and makes attributes, tensors and nodes of the ONNX format.</summary>
internal static class OnnxExtensions
{
    /// <summary>Finds an attribute by name.</summary>
    public static AttributeProto? Find(this NodeProto node, string name)
    {
        foreach (AttributeProto attribute in node.Attribute)
        {
            if (attribute.Name == name)
            {
                return attribute;
            }
        }

        return null;
    }

    /// <summary>An integer attribute, or the operator's default.</summary>
    public static long Int(this NodeProto node, string name, long fallback) => node.Find(name)?.I ?? fallback;

    /// <summary>A float attribute, or the operator's default.</summary>
    public static float Float(this NodeProto node, string name, float fallback) => node.Find(name)?.F ?? fallback;

    /// <summary>A string attribute, or the operator's default.</summary>
    public static string Text(this NodeProto node, string name, string fallback) => node.Find(name)?.S.ToStringUtf8() ?? fallback;

    /// <summary>A list of integers, or null where the attribute is absent.</summary>
    public static long[]? Ints(this NodeProto node, string name) => node.Find(name)?.Ints.ToArray();

    /// <summary>An input's name; empty where the optional input is absent.</summary>
    public static string In(this NodeProto node, int index) => index < node.Input.Count ? node.Input[index] : string.Empty;

    /// <summary>An output's name; empty where the optional output is absent.</summary>
    public static string Out(this NodeProto node, int index) => index < node.Output.Count ? node.Output[index] : string.Empty;

    /// <summary>Removes an attribute where it is present.</summary>
    public static void Remove(this NodeProto node, string name)
    {
        if (node.Find(name) is AttributeProto attribute)
        {
            node.Attribute.Remove(attribute);
        }
    }

    /// <summary>Adds an attribute: long, long[], float, string or tensor.</summary>
    public static void Set(this NodeProto node, string name, object value)
    {
        node.Remove(name);
        var attribute = new AttributeProto { Name = name };
        switch (value)
        {
            case long i:
                attribute.Type = AttributeProto.Types.AttributeType.Int;
                attribute.I = i;
                break;
            case float f:
                attribute.Type = AttributeProto.Types.AttributeType.Float;
                attribute.F = f;
                break;
            case string s:
                attribute.Type = AttributeProto.Types.AttributeType.String;
                attribute.S = ByteString.CopyFromUtf8(s);
                break;
            case long[] ints:
                attribute.Type = AttributeProto.Types.AttributeType.Ints;
                attribute.Ints.Add(ints);
                break;
            case TensorProto tensor:
                attribute.Type = AttributeProto.Types.AttributeType.Tensor;
                attribute.T = tensor;
                break;
            default:
                throw new ArgumentException("Attributes of type " + value.GetType() + " are not written.", nameof(value));
        }

        node.Attribute.Add(attribute);
    }

    /// <summary>The node's name for messages: its own, or its first output's where it has none.</summary>
    public static string Label(this NodeProto node) => node.HasName && node.Name.Length > 0 ? node.Name : node.Out(0);

    /// <summary>Every name the node reads, including what its subgraphs capture.</summary>
    public static IEnumerable<string> Reads(this NodeProto node)
    {
        foreach (string input in node.Input)
        {
            if (input.Length > 0)
            {
                yield return input;
            }
        }

        foreach (AttributeProto attribute in node.Attribute)
        {
            if (attribute.G is not null)
            {
                foreach (string name in attribute.G.Node.SelectMany(inner => inner.Reads()).Concat(attribute.G.Output.Select(o => o.Name)))
                {
                    yield return name;
                }
            }
        }
    }

    /// <summary>The number of elements.</summary>
    public static long Count(this TensorProto tensor)
    {
        long count = 1;
        foreach (long dimension in tensor.Dims)
        {
            count = checked(count * dimension);
        }

        return count;
    }

    /// <summary>Makes a 1-D tensor of integers.</summary>
    public static TensorProto Int64Tensor(string name, ReadOnlySpan<long> values, bool scalar = false)
    {
        var tensor = new TensorProto { Name = name, DataType = OnnxType.Int64, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values)) };
        if (!scalar)
        {
            tensor.Dims.Add(values.Length);
        }

        return tensor;
    }

    /// <summary>Makes a tensor of float or double elements.</summary>
    public static TensorProto FloatTensor(string name, int type, ReadOnlySpan<double> values, params long[] dims)
    {
        var tensor = new TensorProto { Name = name, DataType = type };
        tensor.Dims.Add(dims);
        if (type == OnnxType.Double)
        {
            tensor.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values));
        }
        else
        {
            float[] singles = new float[values.Length];
            for (int i = 0; i < singles.Length; i++)
            {
                singles[i] = (float)values[i];
            }

            tensor.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(singles.AsSpan()));
        }

        return tensor;
    }

    /// <summary>The elements as integers.</summary>
    public static long[] ToInt64s(this TensorProto tensor, string folder) => [.. tensor.ToDoubles(folder).Select(v => (long)v)];

    /// <summary>The elements as doubles, whatever their numeric type (64-bit integers beyond 2⁵³ are rounded).</summary>
    public static double[] ToDoubles(this TensorProto tensor, string folder)
    {
        long elements = tensor.Count();
        if (elements > Array.MaxLength)
        {
            throw TooFew(tensor);
        }

        int count = (int)elements;
        ReadOnlySpan<byte> raw = tensor.DataLocation == TensorProto.Types.DataLocation.External
            ? ExternalData.Read(tensor, folder)
            : tensor.RawData.Span;
        if (raw.Length > 0)
        {
            int size = OnnxType.Size(tensor.DataType);
            if (size == 0 || raw.Length < (long)size * count)
            {
                throw TooFew(tensor);
            }

            double[] values = new double[count];
            for (int i = 0; i < count; i++)
            {
                values[i] = Element(raw[(i * size)..], tensor.DataType);
            }

            return values;
        }

        int listed = tensor.DataType switch
        {
            OnnxType.Single => tensor.FloatData.Count,
            OnnxType.Double => tensor.DoubleData.Count,
            OnnxType.Int64 => tensor.Int64Data.Count,
            OnnxType.UInt32 or OnnxType.UInt64 => tensor.Uint64Data.Count,
            _ => tensor.Int32Data.Count,
        };
        if (listed < count)
        {
            throw TooFew(tensor);
        }

        double[] result = new double[count];
        for (int i = 0; i < count; i++)
        {
            result[i] = tensor.DataType switch
            {
                OnnxType.Single => tensor.FloatData[i],
                OnnxType.Double => tensor.DoubleData[i],
                OnnxType.Int64 => tensor.Int64Data[i],
                OnnxType.UInt32 or OnnxType.UInt64 => tensor.Uint64Data[i],
                OnnxType.Half => (double)BitConverter.UInt16BitsToHalf((ushort)tensor.Int32Data[i]),
                OnnxType.BFloat16 => BitConverter.Int32BitsToSingle(tensor.Int32Data[i] << 16),
                _ => tensor.Int32Data[i],
            };
        }

        return result;
    }

    private static QosValuationException TooFew(TensorProto tensor) => new(
        Faults.ModelNotReadable,
        $"The tensor {tensor.Name} holds fewer bytes than its shape needs; the model file is damaged.",
        tensor.Name);

    private static double Element(ReadOnlySpan<byte> bytes, int type) => type switch
    {
        OnnxType.Single => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        OnnxType.Double => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        OnnxType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        OnnxType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        OnnxType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        OnnxType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        OnnxType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        OnnxType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        OnnxType.Half => (double)BinaryPrimitives.ReadHalfLittleEndian(bytes),
        OnnxType.BFloat16 => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(bytes) << 16),
        OnnxType.Int8 => (sbyte)bytes[0],
        _ => bytes[0],
    };
}
