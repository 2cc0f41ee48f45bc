using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using QosValuation.Onnx.Model;

namespace QosValuation.Bench;

/// <summary>A vision transformer of random weights in ONNX: patches, layers of attention and feed-forward, the mean of the tokens, a projection.</summary>
/// <param name="Name">Names it in the table.</param>
/// <param name="Side">Pixels of a side.</param>
/// <param name="Patch">Pixels of a patch's side.</param>
/// <param name="Width">The width of a token.</param>
/// <param name="Layers">The number of layers.</param>
/// <param name="Heads">Heads of attention.</param>
/// <param name="Dimension">The length of an embedding.</param>
internal sealed record VisionTransformer(string Name, int Side, int Patch, int Width, int Layers, int Heads, int Dimension)
{
    private readonly GraphProto _graph = new() { Name = "vision" };
    private readonly Random _random = new(1);

    /// <summary>The size of CLIP's ViT-B/32.</summary>
    public static VisionTransformer Base32 => new("ViT-B/32 size", 224, 32, 768, 12, 12, 512);

    /// <summary>A small one.</summary>
    public static VisionTransformer Small => new("a small ViT", 112, 16, 256, 4, 4, 256);

    /// <summary>What vit_step.py is told of it.</summary>
    public string[] Arguments => [.. new[] { Side, Patch, Width, Layers, Heads, Dimension }.Select(number => number.ToString(CultureInfo.InvariantCulture))];

    /// <summary>Makes the model.</summary>
    /// <returns>The bytes of an ONNX file with the input <c>pixel_values</c> and the output <c>image_embeds</c>.</returns>
    public byte[] ToOnnx()
    {
        _graph.Input.Add(Value("pixel_values", 3, Side, Side));
        _graph.Output.Add(Value("image_embeds", Dimension));
        int tokens = Side / Patch * (Side / Patch);
        NodeProto patches = Node("Conv", "patches", "pixel_values", Weight("patch", 0.02f, Width, 3, Patch, Patch));
        patches.Attribute.Add(Integers("kernel_shape", Patch, Patch));
        patches.Attribute.Add(Integers("strides", Patch, Patch));
        string x = Permute("sequence", Reshape("flat", "patches", 0, Width, tokens), 0, 2, 1);
        x = Op("Add", "positioned", x, Weight("position", 0.02f, 1, tokens, Width));
        for (int layer = 0; layer < Layers; layer++)
        {
            string at = layer.ToString(CultureInfo.InvariantCulture);
            string y = Normalize("n1_" + at, x);
            string Head(string name, params int[] order) =>
                Permute(name + "h" + at, Reshape(name + "r" + at, Linear(name + at, y, Width, Width), 0, tokens, Heads, Width / Heads), order);
            string scores = Op("MatMul", "s" + at, Head("q", 0, 2, 1, 3), Head("k", 0, 2, 3, 1));
            NodeProto softmax = Node("Softmax", "p" + at, Op("Mul", "ss" + at, scores, Scalar("scale" + at, 1 / MathF.Sqrt(Width / (float)Heads))));
            softmax.Attribute.Add(new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = -1 });
            string mixed = Permute("m" + at, Op("MatMul", "a" + at, "p" + at, Head("v", 0, 2, 1, 3)), 0, 2, 1, 3);
            x = Op("Add", "x1_" + at, x, Linear("o" + at, Reshape("mr" + at, mixed, 0, tokens, Width), Width, Width));
            string hidden = Linear("f" + at, Normalize("n2_" + at, x), Width, 4 * Width);
            string gate = Op("Sigmoid", "g" + at, Op("Mul", "gs" + at, hidden, Scalar("gelu" + at, 1.702f)));
            x = Op("Add", "x2_" + at, x, Linear("e" + at, Op("Mul", "h" + at, hidden, gate), 4 * Width, Width));
        }

        NodeProto mean = Node("ReduceMean", "mean", Normalize("last", x));
        mean.Attribute.Add(Integers("axes", 1));
        mean.Attribute.Add(new AttributeProto { Name = "keepdims", Type = AttributeProto.Types.AttributeType.Int, I = 0 });
        Node("MatMul", "image_embeds", "mean", Weight("projection", 0.04f, Width, Dimension));
        var model = new ModelProto { IrVersion = 8, Graph = _graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = string.Empty, Version = 17 });
        return model.ToByteArray();
    }

    private static AttributeProto Integers(string name, params long[] values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
        attribute.Ints.Add(values);
        return attribute;
    }

    private static ValueInfoProto Value(string name, params long[] shape)
    {
        var dims = new TensorShapeProto();
        dims.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "batch" });
        dims.Dim.Add(shape.Select(length => new TensorShapeProto.Types.Dimension { DimValue = length }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = OnnxType.Single, Shape = dims } } };
    }

    private NodeProto Node(string type, string output, params string[] inputs)
    {
        var node = new NodeProto { OpType = type, Name = output };
        node.Input.Add(inputs);
        node.Output.Add(output);
        _graph.Node.Add(node);
        return node;
    }

    private string Op(string type, string output, params string[] inputs)
    {
        Node(type, output, inputs);
        return output;
    }

    private string Permute(string output, string input, params int[] order)
    {
        Node("Transpose", output, input).Attribute.Add(Integers("perm", [.. order.Select(axis => (long)axis)]));
        return output;
    }

    private string Reshape(string output, string input, params long[] shape)
    {
        var tensor = new TensorProto { Name = output + "_shape", DataType = OnnxType.Int64, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(shape.AsSpan())) };
        tensor.Dims.Add(shape.Length);
        _graph.Initializer.Add(tensor);
        return Op("Reshape", output, input, tensor.Name);
    }

    private string Linear(string output, string input, int from, int to) =>
        Op("Add", output, Op("MatMul", output + "_m", input, Weight(output + "_w", 0.02f, from, to)), Weight(output + "_b", 0.02f, to));

    private string Normalize(string output, string input) =>
        Op("LayerNormalization", output, input, Constant(output + "_s", 1, Width), Constant(output + "_b", 0, Width));

    private string Scalar(string name, float value) => Add(name, [value]);

    private string Constant(string name, float value, int length) => Add(name, [.. Enumerable.Repeat(value, length)], length);

    private string Weight(string name, float scale, params int[] shape)
    {
        float[] values = new float[shape.Aggregate(1, (product, length) => product * length)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = ((2 * _random.NextSingle()) - 1) * 1.7f * scale;
        }

        return Add(name, values, shape);
    }

    private string Add(string name, float[] values, params int[] shape)
    {
        var tensor = new TensorProto { Name = name, DataType = OnnxType.Single, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan())) };
        tensor.Dims.Add(shape.Select(length => (long)length));
        _graph.Initializer.Add(tensor);
        return name;
    }
}
