using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using QosValuation.Gradients.Onnx;

namespace QosValuation.Gradients;

/// <summary>The matrix of a Resize along one dimension, found by resizing the identity matrix.</summary>
internal static class ResizeMatrix
{
    /// <summary>Measures the matrix.</summary>
    /// <param name="node">The Resize node; its interpolation attributes are used, its scale is that of the two sizes.</param>
    /// <param name="mode">nearest, linear or cubic.</param>
    /// <param name="from">Input size.</param>
    /// <param name="to">Output size.</param>
    /// <param name="context">For errors.</param>
    /// <returns>to × from weights, row by row.</returns>
    public static double[] Measure(NodeProto node, string mode, long from, long to, RuleContext context)
    {
        double exact = (double)to / from;
        if (context.G.Initializers.TryGetValue(node.In(2), out TensorProto? scales) && scales.Count() > 0
            && !Array.Exists(scales.ToDoubles(context.G.Folder), s => Math.Abs(s - exact) < 1e-6))
        {
            throw context.Refuse("its scales are not the quotients of its sizes");
        }

        // A matrix [1, 1, from, from] resized along its second-last dimension: columns are the images of unit vectors.
        var graph = new GraphProto { Name = "resize" };
        float[] identity = new float[from * from];
        for (long i = 0; i < from; i++)
        {
            identity[(i * from) + i] = 1;
        }

        graph.Initializer.Add(OnnxExtensions.Int64Tensor("sizes", [1, 1, to, from]));
        graph.Input.Add(new ValueInfoProto
        {
            Name = "x",
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = OnnxType.Single, Shape = ShapeOf(1, 1, from, from) } },
        });
        graph.Output.Add(new ValueInfoProto { Name = "y", Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = OnnxType.Single } } });
        NodeProto resize = OnnxGraph.MakeNode("Resize", ["x", string.Empty, string.Empty, "sizes"], ["y"]);
        resize.Attribute.Add(node.Attribute.Where(a => a.Name is not ("axes" or "keep_aspect_ratio_policy")));
        resize.Set("mode", mode);
        graph.Node.Add(resize);
        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = string.Empty, Version = context.G.Opset });
        using var session = new InferenceSession(model.ToByteArray());
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(identity, [1, 1, from, from]);
        using var options = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> results = session.Run(options, ["x"], [input], ["y"]);
        return [.. results[0].GetTensorDataAsSpan<float>().ToArray().Select(v => (double)v)];
    }

    private static TensorShapeProto ShapeOf(params long[] dims)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        return shape;
    }
}
