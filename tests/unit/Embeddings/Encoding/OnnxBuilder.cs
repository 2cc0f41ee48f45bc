using System.Runtime.InteropServices;

namespace QosValuation.Tests;

/// <summary>Writes small ONNX files (opset 13, protocol-buffer wire format by hand), so that tests need no model of their own on disk.</summary>
internal sealed class OnnxBuilder
{
    public const int Float = 1, Int8 = 3, Int32 = 6, Int64 = 7, Bool = 9, Float16 = 10;

    private readonly Message _graph = new();
    private int _names;

    public OnnxBuilder() => _graph.Bytes(2, "test"u8);

    /// <summary>Declares an input; an extent is a number, a name, or null for one without either.</summary>
    public OnnxBuilder Input(string name, int type, params object?[]? shape)
    {
        _graph.Bytes(11, Value(name, type, shape));
        return this;
    }

    /// <summary>Declares an output; null instead of the shape leaves it out.</summary>
    public OnnxBuilder Output(string name, int type, params object?[]? shape)
    {
        _graph.Bytes(12, Value(name, type, shape));
        return this;
    }

    public OnnxBuilder Weights(string name, float[] values, params long[] shape) => Initializer(name, Float, MemoryMarshal.AsBytes<float>(values), shape);

    public OnnxBuilder HalfWeights(string name, Half[] values, params long[] shape) => Initializer(name, Float16, MemoryMarshal.AsBytes<Half>(values), shape);

    public OnnxBuilder Bytes(string name, sbyte[] values, params long[] shape) => Initializer(name, Int8, MemoryMarshal.AsBytes<sbyte>(values), shape);

    public OnnxBuilder Integers(string name, long[] values, params long[] shape) => Initializer(name, Int64, MemoryMarshal.AsBytes<long>(values), shape);

    /// <summary>Adds a node with whole-number attributes.</summary>
    public OnnxBuilder Node(string type, string[] inputs, string[] outputs, params (string Name, long Value)[] attributes)
    {
        var node = new Message();
        foreach (string input in inputs)
        {
            node.Bytes(1, System.Text.Encoding.UTF8.GetBytes(input));
        }

        foreach (string output in outputs)
        {
            node.Bytes(2, System.Text.Encoding.UTF8.GetBytes(output));
        }

        node.Bytes(3, System.Text.Encoding.UTF8.GetBytes($"node{_names++}"));
        node.Bytes(4, System.Text.Encoding.UTF8.GetBytes(type));
        foreach ((string name, long value) in attributes)
        {
            var attribute = new Message();
            attribute.Bytes(1, System.Text.Encoding.UTF8.GetBytes(name));
            attribute.Number(3, value);
            attribute.Number(20, 2);
            node.Bytes(5, attribute.ToArray());
        }

        _graph.Bytes(1, node.ToArray());
        return this;
    }

    public string Save(string path)
    {
        var opset = new Message();
        opset.Bytes(1, []);
        opset.Number(2, 13);
        var model = new Message();
        model.Number(1, 7);
        model.Bytes(8, opset.ToArray());
        model.Bytes(7, _graph.ToArray());
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, model.ToArray());
        return path;
    }

    private OnnxBuilder Initializer(string name, int type, ReadOnlySpan<byte> data, long[] shape)
    {
        var tensor = new Message();
        foreach (long extent in shape)
        {
            tensor.Number(1, extent);
        }

        tensor.Number(2, type);
        tensor.Bytes(8, System.Text.Encoding.UTF8.GetBytes(name));
        tensor.Bytes(9, data);
        _graph.Bytes(5, tensor.ToArray());
        return this;
    }

    private static byte[] Value(string name, int type, object?[]? shape)
    {
        var tensor = new Message();
        tensor.Number(1, type);
        if (shape is not null)
        {
            var dimensions = new Message();
            foreach (object? extent in shape)
            {
                var dimension = new Message();
                if (extent switch { int narrow => narrow, long wide => wide, _ => (long?)null } is { } number)
                {
                    dimension.Number(1, number);
                }
                else if (extent is string parameter)
                {
                    dimension.Bytes(2, System.Text.Encoding.UTF8.GetBytes(parameter));
                }

                dimensions.Bytes(1, dimension.ToArray());
            }

            tensor.Bytes(2, dimensions.ToArray());
        }

        var typeProto = new Message();
        typeProto.Bytes(1, tensor.ToArray());
        var value = new Message();
        value.Bytes(1, System.Text.Encoding.UTF8.GetBytes(name));
        value.Bytes(2, typeProto.ToArray());
        return value.ToArray();
    }

    private sealed class Message
    {
        private readonly List<byte> _bytes = [];

        public void Number(int field, long value)
        {
            Varint((ulong)field << 3);
            Varint((ulong)value);
        }

        public void Bytes(int field, ReadOnlySpan<byte> value)
        {
            Varint((ulong)field << 3 | 2);
            Varint((ulong)value.Length);
            _bytes.AddRange(value);
        }

        public byte[] ToArray() => [.. _bytes];

        private void Varint(ulong value)
        {
            for (; value >= 0x80; value >>= 7)
            {
                _bytes.Add((byte)(value | 0x80));
            }

            _bytes.Add((byte)value);
        }
    }
}
