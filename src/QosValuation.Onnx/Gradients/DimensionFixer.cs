using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <summary>
/// Gives the dimensions of inputs a size where the options name one. A model that leaves its image size open is tried at the usual
/// sizes until it runs: position embeddings accept one size only.
/// </summary>
internal static class DimensionFixer
{
    private static readonly int[] UsualImageSizes = [224, 336, 384, 256, 288, 448, 320, 240, 512, 192, 160, 128, 96, 64, 32];

    /// <summary>Edits the shapes of a graph's inputs.</summary>
    /// <param name="graph">The graph; types must be inferred.</param>
    /// <param name="options">The sizes.</param>
    /// <exception cref="QosValuationException">GradientShapesUnknown: an input has no shape, or the model runs at no usual size.</exception>
    public static void Fix(OnnxGraph graph, GradientOptions options)
    {
        var sides = new List<TensorShapeProto.Types.Dimension>();
        foreach (ValueInfoProto input in graph.Inputs)
        {
            if (input.Type?.TensorType?.Shape is not TensorShapeProto shape)
            {
                throw new QosValuationException(
                    Faults.GradientShapesUnknown,
                    $"The input {input.Name} has no shape; export the model with the rank of its inputs.",
                    input.Name);
            }

            bool image = shape.Dim.Count == 4 && OnnxType.IsFloating(input.Type.TensorType.ElemType);
            int channel = image && shape.Dim[3].DimValue == 3 && ShapeProbe.Symbol(input, 1) is not null ? 3 : 1;
            for (int d = 0; d < shape.Dim.Count; d++)
            {
                if (ShapeProbe.Symbol(input, d) is not string symbol)
                {
                    continue;
                }

                if (options.Dimensions.TryGetValue(symbol, out long size))
                {
                    shape.Dim[d].DimValue = size;
                }
                else if (image && d == channel)
                {
                    shape.Dim[d].DimValue = 3;
                }
                else if (image && d > 0)
                {
                    sides.Add(shape.Dim[d]);
                }
                else if (shape.Dim[d].DimParam.Length == 0)
                {
                    shape.Dim[d].DimParam = symbol;
                }
            }
        }

        if (sides.Count == 0)
        {
            return;
        }

        if (options.ImageSize > 0)
        {
            sides.ForEach(side => side.DimValue = options.ImageSize);
            return;
        }

        foreach (int candidate in UsualImageSizes)
        {
            sides.ForEach(side => side.DimValue = candidate);
            try
            {
                ShapeProbe.Measure(graph);
                return;
            }
            catch (QosValuationException) when (candidate != UsualImageSizes[^1])
            {
                // The next size may run.
            }
        }
    }
}
