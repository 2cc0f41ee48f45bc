using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <content>Pooling and resizing.</content>
internal static partial class GradientRules
{
    private static void GlobalAveragePool(RuleContext c)
    {
        int[] axes = [.. Enumerable.Range(2, c.Shape(c.X).Rank - 2)];
        double count = axes.Aggregate(1.0, (product, d) => product * c.Size(c.X, d));
        c.Give(0, c.ExpandLike(c.Scale(c.Gradient, 1 / count), c.X, axes));
    }

    private static void GlobalMaxPool(RuleContext c)
    {
        long[] axes = [.. Enumerable.Range(2, c.Shape(c.X).Rank - 2).Select(d => (long)d)];
        string attained = c.Indicator(c.Op("Equal", c.X, c.Y));
        string count = c.G.Op("ReduceSum", [attained, c.G.Int64(axes)], ("keepdims", 1L));
        c.Give(0, c.Op("Mul", attained, c.Op("Div", c.Gradient, count)));
    }

    private static void MaxPool(RuleContext c)
    {
        if (c.Node.Int("storage_order", 0) != 0)
        {
            // The node counts its indices by columns. Where nothing else reads them it is told to count by rows.
            if (c.Node.Out(1).Length > 0)
            {
                throw c.Refuse("its storage order is by columns");
            }

            c.Node.Remove("storage_order");
        }

        // The forward node gives the index of each maximum. Windows may overlap, so cotangents at one index are added.
        string indices = SecondaryOutput(c, 1);
        string flat = c.G.Int64(-1);
        string zeros = c.Op("Reshape", c.ZerosLike(c.X), flat);
        string sum = c.G.Op("ScatterElements", [zeros, c.Op("Reshape", indices, flat), c.Op("Reshape", c.Gradient, flat)], ("axis", 0L), ("reduction", "add"));
        c.Give(0, c.ReshapeLike(sum, c.X));
    }

    private static void AveragePool(RuleContext c)
    {
        long[] kernel = c.Node.Ints("kernel_shape")!;
        Window window = Window.Of(c, c.X, c.Y, kernel);
        double area = kernel.Aggregate(1.0, (product, k) => product * k);
        bool apart = true;
        for (int d = 0; d < kernel.Length; d++)
        {
            apart &= window.Strides[d] == kernel[d] && window.Dilations[d] == 1 && window.Begin[d] == 0 && window.End[d] == 0 && window.Overrun(d) <= 0;
        }

        if (apart)
        {
            c.Give(0, SpreadBlocks(c, window, c.Scale(c.Gradient, 1 / area)));
            return;
        }

        string share = AveragingCounts(window, c.Node.Int("count_include_pad", 0) != 0) is double[] counts
            ? c.Op("Div", c.Gradient, c.G.Constant(counts, c.Type, [1, 1, .. window.Output]))
            : c.Scale(c.Gradient, 1 / area);

        // Each image and channel by itself: a transposed convolution of one channel with a window of ones.
        string single = c.Op("Reshape", share, c.G.Int64([-1, 1, .. window.Output]));
        string ones = c.G.Constant([.. Enumerable.Repeat(1.0, (int)area)], c.Type, [1, 1, .. kernel]);
        c.Give(0, c.ReshapeLike(window.Transposed(c, single, ones, 1), c.X));
    }

    /// <summary>Repeats every element over its own block, and pads where the blocks do not reach the end.</summary>
    private static string SpreadBlocks(RuleContext c, Window window, string gradient)
    {
        int spatial = window.Count;
        string scales = c.G.Constant([1, 1, .. window.Kernel.Select(k => (double)k)], OnnxType.Single, spatial + 2);
        string result = c.G.Op(
            "Resize",
            [gradient, string.Empty, scales],
            ("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor"));
        long[] covered = [.. Enumerable.Range(0, spatial).Select(d => window.Output[d] * window.Kernel[d])];
        if (covered.SequenceEqual(window.Input))
        {
            return result;
        }

        long[] missing = [.. Enumerable.Range(0, spatial).Select(d => window.Input[d] - covered[d])];
        return c.Op("Pad", result, c.G.Int64([0, 0, .. new long[spatial], 0, 0, .. missing]));
    }

    /// <summary>How many elements each window averages; null where it is the whole window everywhere.</summary>
    private static double[]? AveragingCounts(Window window, bool includePadding)
    {
        double[] counts = [1];
        bool partial = false;
        for (int d = 0; d < window.Count; d++)
        {
            long low = includePadding ? -window.Begin[d] : 0;
            long high = window.Input[d] + (includePadding ? window.End[d] : 0);
            double[] along = new double[window.Output[d]];
            for (int o = 0; o < along.Length; o++)
            {
                for (int k = 0; k < window.Kernel[d]; k++)
                {
                    long position = (o * window.Strides[d]) - window.Begin[d] + (k * window.Dilations[d]);
                    along[o] += position >= low && position < high ? 1 : 0;
                }

                partial |= along[o] != window.Kernel[d];
            }

            counts = [.. counts.SelectMany(count => along.Select(a => count * a))];
        }

        return partial ? counts : null;
    }

    private static void Resize(RuleContext c)
    {
        MeasuredShape from = c.Shape(c.X);
        MeasuredShape to = c.Shape(c.Y);
        string mode = c.Node.Text("mode", "nearest");
        string gradient = c.Gradient;
        if (c.Node.Text("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize")
        {
            throw c.Refuse("it crops while it resizes");
        }

        // Resizing is linear and separable: one matrix a dimension, measured by resizing the identity.
        for (int d = 0; d < from.Rank; d++)
        {
            if (from.SameAt(d, to, d))
            {
                continue;
            }

            long small = c.Size(c.X, d);
            long large = c.Size(c.Y, d);
            double[] matrix = ResizeMatrix.Measure(c.Node, mode, d, small, large, c);
            string weights = c.G.Constant(matrix, c.Type, large, small);
            long[] perm = [.. Enumerable.Range(0, from.Rank).Select(k => (long)k)];
            (perm[d], perm[^1]) = (perm[^1], perm[d]);
            bool turn = d != from.Rank - 1;
            string turned = turn ? c.G.Op("Transpose", [gradient], ("perm", perm)) : gradient;
            turned = c.Op("MatMul", turned, weights);
            gradient = turn ? c.G.Op("Transpose", [turned], ("perm", perm)) : turned;
        }

        c.Give(0, gradient);
    }

    private static void DepthToSpace(RuleContext c)
    {
        long side = c.Node.Int("blocksize", 1);
        string deep = c.G.Op("SpaceToDepth", [c.Gradient], ("blocksize", side));
        if (c.Node.Text("mode", "DCR") == "CRD")
        {
            // The channels are ordered by (channel, row, column), not by (row, column, channel).
            string split = c.Op("Reshape", deep, c.G.Int64(0, side * side, c.Size(c.X, 1) / (side * side), -1));
            deep = c.ReshapeLike(c.G.Op("Transpose", [split], ("perm", (long[])[0, 2, 1, 3])), c.X);
        }

        c.Give(0, deep);
    }

    private static void SpaceToDepth(RuleContext c) =>
        c.Give(0, c.G.Op("DepthToSpace", [c.Gradient], ("blocksize", c.Node.Int("blocksize", 1)), ("mode", "DCR")));
}
