using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <content>Normalisation, softmax and reductions.</content>
internal static partial class GradientRules
{
    private static void LayerNormalization(RuleContext c)
    {
        // x̂ = (x − μ)/σ, y = x̂·s + b; dx = (g − mean(g) − x̂·mean(g·x̂))/σ with g = dy·s. μ and 1/σ come from the forward node.
        string scale = c.Node.Input[1];
        int rank = c.Shape(c.X).Rank;
        int axis = c.Axis(c.X, c.Node.Int("axis", -1));
        string mean = SecondaryOutput(c, 1);
        string inverse = SecondaryOutput(c, 2);
        string axes = c.G.Int64([.. Enumerable.Range(axis, rank - axis).Select(d => (long)d)]);
        string centred = c.Op("Sub", c.X, mean);
        if (c.Needs(0))
        {
            string g = IsOnes(c, scale) ? c.Gradient : c.Op("Mul", c.Gradient, scale);
            string projection = c.Op("ReduceMean", c.Op("Mul", g, centred), axes);
            string slope = c.Op("Mul", projection, c.Op("Mul", inverse, inverse));
            string level = c.Op("Sub", g, c.Op("ReduceMean", g, axes));
            c.Give(0, c.Op("Mul", c.Op("Sub", level, c.Op("Mul", centred, slope)), inverse));
        }

        if (c.Needs(1))
        {
            c.Give(1, c.UnbroadcastTo(1, c.Op("Mul", c.Gradient, c.Op("Mul", centred, inverse))));
        }

        if (c.Needs(2))
        {
            c.Give(2, c.UnbroadcastTo(2, c.Gradient));
        }
    }

    private static bool IsOnes(RuleContext c, string name) =>
        c.G.Initializers.TryGetValue(name, out TensorProto? tensor) && tensor.Count() <= 1 << 16 && Array.TrueForAll(tensor.ToDoubles(c.G.Folder), v => v == 1);

    /// <summary>Asks a forward node for an optional output it did not have.</summary>
    private static string SecondaryOutput(RuleContext c, int index)
    {
        while (c.Node.Output.Count <= index)
        {
            c.Node.Output.Add(string.Empty);
        }

        if (c.Node.Output[index].Length == 0)
        {
            c.Node.Output[index] = c.G.Unique("autodiff/" + c.Node.OpType + "_output" + index);
            c.G.Types[c.Node.Output[index]] = c.Node.OpType is "MaxPool" or "TopK" ? OnnxType.Int64 : OnnxType.Single;
        }

        return c.Node.Output[index];
    }

    private static void BatchNormalization(RuleContext c)
    {
        if (c.Node.Int("training_mode", 0) != 0)
        {
            throw c.Refuse("its running statistics are used in training mode");
        }

        if (c.Needs(3) || c.Needs(4))
        {
            throw c.Refuse("its running statistics are not parameters");
        }

        string scale = c.Node.Input[1];
        string mean = c.Node.Input[3];
        string variance = c.Node.Input[4];
        long[] column = [-1, .. Enumerable.Repeat(1L, c.Shape(c.X).Rank - 2)];
        string Column(string perChannel) => c.Op("Reshape", perChannel, c.G.Int64(column));
        string inverse = c.Op("Reciprocal", c.Op("Sqrt", c.Op("Add", variance, c.Scalar(c.Node.Float("epsilon", 1e-5f)))));
        long[] axes = [0, .. Enumerable.Range(2, c.Shape(c.X).Rank - 2).Select(d => (long)d)];
        if (c.Needs(0))
        {
            c.Give(0, c.Op("Mul", c.Gradient, Column(c.Op("Mul", scale, inverse))));
        }

        if (c.Needs(1))
        {
            string normal = c.Op("Mul", c.Op("Sub", c.X, Column(mean)), Column(inverse));
            c.Give(1, c.G.Op("ReduceSum", [c.Op("Mul", c.Gradient, normal), c.G.Int64(axes)], ("keepdims", 0L)));
        }

        if (c.Needs(2))
        {
            c.Give(2, c.G.Op("ReduceSum", [c.Gradient, c.G.Int64(axes)], ("keepdims", 0L)));
        }
    }

    private static void InstanceNormalization(RuleContext c)
    {
        int rank = c.Shape(c.X).Rank;
        string axes = c.G.Int64([.. Enumerable.Range(2, rank - 2).Select(d => (long)d)]);
        string column = c.G.Int64([-1, .. Enumerable.Repeat(1L, rank - 2)]);
        string centred = c.Op("Sub", c.X, c.Op("ReduceMean", c.X, axes));
        string variance = c.Op("ReduceMean", c.Op("Mul", centred, centred), axes);
        string inverse = c.Op("Reciprocal", c.Op("Sqrt", c.Op("Add", variance, c.Scalar(c.Node.Float("epsilon", 1e-5f)))));
        string normal = c.Op("Mul", centred, inverse);
        if (c.Needs(0))
        {
            string g = c.Op("Mul", c.Gradient, c.Op("Reshape", c.Node.Input[1], column));
            string projected = c.Op("Mul", normal, c.Op("ReduceMean", c.Op("Mul", g, normal), axes));
            c.Give(0, c.Op("Mul", c.Op("Sub", c.Op("Sub", g, c.Op("ReduceMean", g, axes)), projected), inverse));
        }

        string channels = c.G.Int64([0, .. Enumerable.Range(2, rank - 2).Select(d => (long)d)]);
        if (c.Needs(1))
        {
            c.Give(1, c.G.Op("ReduceSum", [c.Op("Mul", c.Gradient, normal), channels], ("keepdims", 0L)));
        }

        if (c.Needs(2))
        {
            c.Give(2, c.G.Op("ReduceSum", [c.Gradient, channels], ("keepdims", 0L)));
        }
    }

    private static void Softmax(RuleContext c)
    {
        string axis = c.G.Int64(c.Node.Int("axis", -1));
        string weighted = c.Op("Mul", c.Gradient, c.Y);
        string total = c.G.Op("ReduceSum", [weighted, axis], ("keepdims", 1L));
        c.Give(0, c.Op("Sub", weighted, c.Op("Mul", c.Y, total)));
    }

    private static void LogSoftmax(RuleContext c)
    {
        string total = c.G.Op("ReduceSum", [c.Gradient, c.G.Int64(c.Node.Int("axis", -1))], ("keepdims", 1L));
        c.Give(0, c.Op("Sub", c.Gradient, c.Op("Mul", c.Op("Exp", c.Y), total)));
    }

    /// <summary>The reduced axes, counted from the front.</summary>
    private static int[] ReducedAxes(RuleContext c)
    {
        int rank = c.Shape(c.X).Rank;
        if (c.Node.In(1).Length == 0)
        {
            return c.Node.Int("noop_with_empty_axes", 0) != 0 ? [] : [.. Enumerable.Range(0, rank)];
        }

        long[] axes = c.ConstantInts(1, "list of axes");
        if (axes.Length == 0)
        {
            return c.Node.Int("noop_with_empty_axes", 0) != 0 ? [] : [.. Enumerable.Range(0, rank)];
        }

        return [.. axes.Select(a => (int)(a < 0 ? a + rank : a)).Order()];
    }

    /// <summary>Puts the reduced axes back as axes of size 1.</summary>
    private static string Restore(RuleContext c, string value, int[] axes) =>
        c.Node.Int("keepdims", 1) != 0 || axes.Length == 0 ? value : c.Op("Unsqueeze", value, c.G.Int64([.. axes.Select(a => (long)a)]));

    private static void Reduction(RuleContext c, Func<RuleContext, string, string, string> slope)
    {
        int[] axes = ReducedAxes(c);
        string y = Restore(c, c.Y, axes);
        string gradient = slope(c, Restore(c, c.Gradient, axes), y);
        if (c.Node.OpType is "ReduceSum" or "ReduceLogSum")
        {
            gradient = c.ExpandLike(gradient, c.X, axes);
        }

        c.Give(0, gradient);
    }

    private static void ReduceL2(RuleContext c) => Reduction(c, static (c, g, y) =>
    {
        // The norm is not differentiable at 0; 0 is one of its subgradients there.
        string safe = c.Op("Where", c.Op("Equal", y, c.Scalar(0)), c.Scalar(1), y);
        return c.Op("Mul", c.Op("Div", g, safe), c.X);
    });

    private static void ReduceProduct(RuleContext c) => Reduction(c, static (c, g, _) =>
    {
        // The product of the other factors: ∏/x where no factor is 0; where exactly one is 0, only its own gradient is not 0.
        string axes = c.G.Int64([.. ReducedAxes(c).Select(a => (long)a)]);
        string isZero = c.Op("Equal", c.X, c.Scalar(0));
        string factors = c.Op("Where", isZero, c.Scalar(1), c.X);
        string product = c.G.Op("ReduceProd", [factors, axes], ("keepdims", 1L));
        string zeros = c.G.Op("ReduceSum", [c.Indicator(isZero), axes], ("keepdims", 1L));
        string others = c.Op("Sub", zeros, c.Indicator(isZero));
        string slope = c.Op("Where", c.Op("Equal", others, c.Scalar(0)), c.Op("Div", product, factors), c.Scalar(0));
        return c.Op("Mul", g, slope);
    });

    private static void ReduceMean(RuleContext c)
    {
        int[] axes = ReducedAxes(c);
        string gradient = Restore(c, c.Gradient, axes);
        MeasuredShape shape = c.Shape(c.X);
        if (axes.All(shape.IsConstantAt))
        {
            double count = axes.Aggregate(1.0, (product, d) => product * shape.At(d)!.Value);
            gradient = c.Scale(gradient, 1 / count);
        }
        else
        {
            string sizes = c.Op("Gather", c.Op("Shape", c.X), c.G.Int64([.. axes.Select(a => (long)a)]));
            string count = c.G.Op("ReduceProd", [c.G.Op("Cast", [sizes], ("to", (long)c.Type))], ("keepdims", 0L));
            gradient = c.Op("Div", gradient, count);
        }

        c.Give(0, c.ExpandLike(gradient, c.X, axes));
    }

    private static void ReduceExtremum(RuleContext c)
    {
        // Where several elements attain the extremum the cotangent is shared equally.
        int[] axes = ReducedAxes(c);
        string attained = c.Indicator(c.Op("Equal", c.X, Restore(c, c.Y, axes)));
        string count = axes.Length == 0 ? attained : c.G.Op("ReduceSum", [attained, c.G.Int64([.. axes.Select(a => (long)a)])], ("keepdims", 1L));
        c.Give(0, c.Op("Mul", attained, c.Op("Div", Restore(c, c.Gradient, axes), count)));
    }

    private static void CumulativeSum(RuleContext c) =>
        c.Give(0, c.G.Op("CumSum", [c.Gradient, c.Node.Input[1]], ("exclusive", c.Node.Int("exclusive", 0)), ("reverse", 1 - c.Node.Int("reverse", 0))));
}
