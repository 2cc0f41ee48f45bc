using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using QosValuation.Gradients.Onnx;
using QosValuation.Onnx;

namespace QosValuation.Gradients;

/// <summary>The matrix of a Resize along one dimension, found by resizing the identity matrix.</summary>
internal static class ResizeMatrix
{
    /// <summary>Measures the matrix.</summary>
    /// <param name="node">The Resize node; its interpolation attributes are used.</param>
    /// <param name="mode">nearest, linear or cubic.</param>
    /// <param name="dimension">The dimension that is resized.</param>
    /// <param name="from">Input size.</param>
    /// <param name="to">Output size.</param>
    /// <param name="context">For errors.</param>
    /// <returns>to × from weights, row by row.</returns>
    public static double[] Measure(NodeProto node, string mode, int dimension, long from, long to, RuleContext context)
    {
        double? scale = Scale(node, dimension, context);
        if (scale is null && node.Text("keep_aspect_ratio_policy", "stretch") != "stretch")
        {
            throw context.Refuse("its sizes keep the aspect ratio");
        }

        // A matrix [1, 1, from, from] resized along its second-last dimension: columns are the images of unit vectors.
        var graph = new GraphProto { Name = "resize" };
        float[] identity = new float[from * from];
        for (long i = 0; i < from; i++)
        {
            identity[(i * from) + i] = 1;
        }

        // Where a scale is given the positions follow it and not the quotient of the sizes, which was rounded.
        graph.Initializer.Add(scale is double factor
            ? OnnxExtensions.FloatTensor("scales", OnnxType.Single, [1, 1, factor, 1], 4)
            : OnnxExtensions.Int64Tensor("sizes", [1, 1, to, from]));
        graph.Input.Add(new ValueInfoProto
        {
            Name = "x",
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = OnnxType.Single, Shape = ShapeOf(1, 1, from, from) } },
        });
        graph.Output.Add(new ValueInfoProto { Name = "y", Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = OnnxType.Single } } });
        NodeProto resize = OnnxGraph.MakeNode("Resize", scale is null ? ["x", string.Empty, string.Empty, "sizes"] : ["x", string.Empty, "scales"], ["y"]);
        resize.Attribute.Add(node.Attribute.Where(a => a.Name is not ("axes" or "keep_aspect_ratio_policy")));
        resize.Set("mode", mode);
        graph.Node.Add(resize);
        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = string.Empty, Version = context.G.Opset });
        using var session = OnnxRuntimeHost.Open(model.ToByteArray());
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(identity, [1, 1, from, from]);
        using var options = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> results = session.Run(options, ["x"], [input], ["y"]);
        return results[0].GetTensorTypeAndShape().Shape[2] == to
            ? [.. results[0].GetTensorDataAsSpan<float>().ToArray().Select(v => (double)v)]
            : throw context.Refuse("its sizes do not follow from its scales");
    }

    /// <summary>The scale the node states for a dimension; null where it states sizes.</summary>
    private static double? Scale(NodeProto node, int dimension, RuleContext context)
    {
        if (node.In(2).Length == 0)
        {
            return null;
        }

        if (!context.G.Initializers.TryGetValue(node.In(2), out TensorProto? tensor))
        {
            throw context.Refuse("its scales are computed from the data");
        }

        // An empty list means that the sizes are given, as opsets 11 and 12 write it.
        double[] scales = tensor.ToDoubles(context.G.Folder);
        int rank = context.Shape(context.X).Rank;
        int place = node.Ints("axes") is long[] axes ? Array.FindIndex(axes, a => (a < 0 ? a + rank : a) == dimension) : dimension;
        return place >= 0 && place < scales.Length ? scales[place] : null;
    }

    private static TensorShapeProto ShapeOf(params long[] dims)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        return shape;
    }
}
