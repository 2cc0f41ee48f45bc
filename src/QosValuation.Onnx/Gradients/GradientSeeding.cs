using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <summary>Appends the scalar that is differentiated, and its gradient with respect to the output.</summary>
internal static class GradientSeeding
{
    /// <summary>Appends what the options' seed asks for.</summary>
    /// <param name="draft">A draft whose forward pass is complete and whose shapes are measured.</param>
    /// <exception cref="QosValuationException">GradientOutputNotVector.</exception>
    public static void Append(GradientDraft draft)
    {
        switch (draft.Options.Seed)
        {
            case GradientSeed.Cotangent:
                AppendCotangent(draft);
                break;
            case GradientSeed.Sum:
                AppendSum(draft);
                break;
            case GradientSeed.CrossEntropy:
                AppendCrossEntropy(draft);
                break;
            default:
                AppendCosine(draft);
                break;
        }
    }

    private static void AppendCotangent(GradientDraft draft)
    {
        OnnxGraph graph = draft.Graph;
        string y = draft.OutputName;
        string cotangent = graph.Unique("cotangent");
        graph.Inputs.Add(GradientDraft.Declare(cotangent, graph.TypeOf(y), graph.Shapes[y]));
        graph.Types[cotangent] = graph.TypeOf(y);
        (draft.Cotangent, draft.SeedName) = (cotangent, cotangent);
    }

    private static void AppendSum(GradientDraft draft)
    {
        OnnxGraph graph = draft.Graph;
        string y = draft.OutputName;
        draft.Cotangent = graph.Op("ConstantOfShape", [graph.Op("Shape", y)], ("value", OnnxExtensions.FloatTensor("one", graph.TypeOf(y), [1], 1)));
    }

    private static void AppendCrossEntropy(GradientDraft draft)
    {
        OnnxGraph graph = draft.Graph;
        string y = draft.OutputName;
        MeasuredShape shape = graph.Shapes[y];
        RequireVector(y, shape, "a cross-entropy needs one vector of scores an item. Name the output that holds the scores.");
        string target = graph.Unique("target");
        graph.Inputs.Add(GradientDraft.Declare(target, graph.TypeOf(y), shape));
        graph.Types[target] = graph.TypeOf(y);

        // d(−Σ t·ln softmax(y))/dy = softmax(y)·Σt − t.
        string total = graph.Op("ReduceSum", [target, graph.Int64(-1)], ("keepdims", 1L));
        draft.Cotangent = graph.Op("Sub", graph.Op("Mul", graph.Op("Softmax", [y], ("axis", -1L)), total), target);
        draft.SeedName = target;
    }

    private static void RequireVector(string output, MeasuredShape shape, string otherwise)
    {
        if (shape.Rank != 2)
        {
            throw new QosValuationException(Faults.GradientOutputNotVector, $"The output {output} has shape {shape}; {otherwise}", output);
        }
    }

    private static void AppendCosine(GradientDraft draft)
    {
        OnnxGraph graph = draft.Graph;
        string y = draft.OutputName;
        MeasuredShape shape = graph.Shapes[y];
        int type = graph.TypeOf(y);
        RequireVector(y, shape, "a cosine needs one vector an item. Name the output that holds the embeddings.");

        string target = graph.Unique("target");
        var targetShape = new TensorShapeProto();
        targetShape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "targets" });
        targetShape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = shape.At(1) ?? 0 });
        graph.Inputs.Add(GradientDraft.Declare(target, type, targetShape));
        graph.Types[target] = type;

        // s = ŷ·t with ŷ = y/‖y‖; ds/dy = (t − ŷ·s)/‖y‖.
        string last = graph.Int64(-1);
        string norm = graph.Op("Max", graph.Op("ReduceL2", [y, last], ("keepdims", 1L)), graph.Scalar(1e-12, type));
        string unit = graph.Op("Div", y, norm);
        string score = graph.Op("ReduceSum", [graph.Op("Mul", unit, target), last], ("keepdims", 1L));
        draft.Cotangent = graph.Op("Div", graph.Op("Sub", target, graph.Op("Mul", unit, score)), norm);
        string scoreName = graph.Unique("score");
        graph.Nodes.Add(OnnxGraph.MakeNode("Squeeze", [score, graph.Int64(1)], [scoreName]));
        graph.Outputs.Add(GradientDraft.Declare(scoreName, type, shape.Map(row => [row[0]])));
        (draft.SeedName, draft.ScoreName) = (target, scoreName);
    }
}
