using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using QosValuation.Foundation.IO;

namespace QosValuation.Onnx.Model;

/// <summary>Writes ONNX files. Each appears whole or not at all.</summary>
public static class OnnxModelWriter
{
    private const string Input = "embedding";
    private const string Output = "scores";

    /// <summary>Writes a model with other values in some of its initialisers, single-precision ones; all else stays as it is. O(bytes of the model).</summary>
    /// <param name="source">A model that <see cref="OnnxModelReader"/> reads.</param>
    /// <param name="values">The values by initialiser.</param>
    /// <param name="target">The file to write.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    internal static void WithWeights(string source, IReadOnlyDictionary<string, float[]> values, string target)
    {
        ModelProto model;
        using (FileStream stream = RegularFile.OpenRead(source, bufferSize: 1 << 16))
        {
            model = ModelProto.Parser.ParseFrom(stream);
        }

        foreach (TensorProto tensor in model.Graph.Initializer)
        {
            if (values.TryGetValue(tensor.Name, out float[]? value))
            {
                Fill(tensor, value);
            }
        }

        AtomicFile.Write(target, model.WriteTo);
    }

    /// <summary>
    /// Writes linear layers with rectified units between them as a model: vectors [N, D], named embedding, to scores [N, C], named scores. Opset 13.
    /// </summary>
    /// <param name="widths">D, the widths of the hidden layers, C.</param>
    /// <param name="parameters">Layer by layer the weights, a row an output, then the biases.</param>
    /// <param name="target">The file to write.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Dense(ReadOnlySpan<int> widths, ReadOnlySpan<float> parameters, string target)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(widths.Length, 2, nameof(widths));
        var graph = new GraphProto { Name = "classifier" };
        graph.Input.Add(Declare(Input, widths[0]));
        graph.Output.Add(Declare(Output, widths[^1]));
        string given = Input;
        for (int layer = 1; layer < widths.Length; layer++)
        {
            bool isLast = layer == widths.Length - 1;
            string name = isLast ? "head" : "layer" + layer.ToString(CultureInfo.InvariantCulture);
            int weights = widths[layer - 1] * widths[layer];
            graph.Initializer.Add(Tensor(name + ".weight", parameters[..weights], widths[layer], widths[layer - 1]));
            graph.Initializer.Add(Tensor(name + ".bias", parameters.Slice(weights, widths[layer]), widths[layer]));
            parameters = parameters[(weights + widths[layer])..];
            string sums = isLast ? Output : name + ".sums";
            graph.Node.Add(OnnxGraph.MakeNode("Gemm", [given, name + ".weight", name + ".bias"], [sums], ("transB", 1L)));
            given = sums;
            if (!isLast)
            {
                given = name + ".output";
                graph.Node.Add(OnnxGraph.MakeNode("Relu", [sums], [given]));
            }
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(parameters.Length, 0, nameof(parameters));
        var model = new ModelProto { IrVersion = 7, ProducerName = "QosValuation", Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = string.Empty, Version = 13 });
        AtomicFile.Write(target, model.WriteTo);
    }

    private static TensorProto Tensor(string name, ReadOnlySpan<float> values, params long[] shape)
    {
        var tensor = new TensorProto { Name = name, DataType = OnnxType.Single };
        tensor.Dims.Add(shape);
        Fill(tensor, values);
        return tensor;
    }

    private static void Fill(TensorProto tensor, ReadOnlySpan<float> values)
    {
        tensor.FloatData.Clear();
        tensor.ExternalData.Clear();
        tensor.DataLocation = TensorProto.Types.DataLocation.Default;
        tensor.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values));
    }

    private static ValueInfoProto Declare(string name, int width)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "N" });
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = width });
        var tensor = new TypeProto.Types.Tensor { ElemType = OnnxType.Single, Shape = shape };
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
