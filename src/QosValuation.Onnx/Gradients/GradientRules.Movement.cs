using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <content>Operators that move values about: each gradient moves them back, adding where one value went to several places.</content>
internal static partial class GradientRules
{
    private static void Transpose(RuleContext c)
    {
        int rank = c.Shape(c.X).Rank;
        long[] perm = c.Node.Ints("perm") ?? [.. Enumerable.Range(0, rank).Reverse().Select(d => (long)d)];
        long[] inverse = new long[rank];
        for (int d = 0; d < rank; d++)
        {
            inverse[perm[d]] = d;
        }

        c.Give(0, c.G.Op("Transpose", [c.Gradient], ("perm", inverse)));
    }

    private static void Tile(RuleContext c)
    {
        // [r₀·s₀, r₁·s₁, …] → [r₀, s₀, r₁, s₁, …], summed over the repeats.
        MeasuredShape shape = c.Shape(c.X);
        string target;
        if (c.G.ConstantInts(c.Node.Input[1]) is long[] repeats
            && shape.Map(row => [.. row.SelectMany((size, d) => (long[])[repeats[d], size])]).AsReshapeTarget() is long[] interleaved)
        {
            target = c.G.Int64(interleaved);
        }
        else
        {
            string last = c.G.Int64(1);
            string pairs = c.G.Op("Concat", [c.Op("Unsqueeze", c.Node.Input[1], last), c.Op("Unsqueeze", c.ShapeTensor(c.X), last)], ("axis", 1L));
            target = c.Op("Reshape", pairs, c.G.Int64(-1));
        }

        string blocks = c.Op("Reshape", c.Gradient, target);
        long[] axes = [.. Enumerable.Range(0, shape.Rank).Select(d => 2L * d)];
        c.Give(0, c.G.Op("ReduceSum", [blocks, c.G.Int64(axes)], ("keepdims", 0L)));
    }

    private static void Concat(RuleContext c)
    {
        int axis = c.Axis(c.Y, c.Node.Int("axis", 0));
        string axes = c.G.Int64(axis);
        string begin = c.G.Int64(0);
        long? known = 0;
        for (int i = 0; i < c.Node.Input.Count; i++)
        {
            string input = c.Node.Input[i];
            long? size = c.Shape(input).At(axis);
            string end;
            if (known is long start && size is long length)
            {
                known = start + length;
                end = c.G.Int64(start + length);
            }
            else
            {
                known = null;
                end = c.Op("Add", begin, c.SizeTensor(input, axis));
            }

            if (c.Needs(i))
            {
                c.Give(i, c.Op("Slice", c.Gradient, begin, end, axes));
            }

            begin = end;
        }
    }

    private static void Split(RuleContext c)
    {
        string[] parts = [.. c.Node.Output.Select((output, i) => c.GradientOf(i) ?? c.ZerosLike(output))];
        c.Give(0, c.G.Op("Concat", parts, ("axis", c.Node.Int("axis", 0))));
    }

    private static void Slice(RuleContext c)
    {
        MeasuredShape shape = c.Shape(c.X);
        MeasuredShape result = c.Shape(c.Y);
        string starts = c.Node.Input[1];
        string ends = c.Node.Input[2];
        int count = (int)c.Size(starts, 0);
        int[] axes = c.Node.In(3).Length > 0
            ? [.. c.ConstantInts(3, "list of axes").Select(a => (int)(a < 0 ? a + shape.Rank : a))]
            : [.. Enumerable.Range(0, count)];
        long[] steps = c.Node.In(4).Length > 0 ? c.ConstantInts(4, "list of steps") : [.. Enumerable.Repeat(1L, count)];
        long[]? fixedStarts = c.G.ConstantInts(starts);
        bool constant = fixedStarts is not null && axes.All(d => shape.At(d) is not null && result.At(d) is not null);
        if (constant && steps.All(s => s == 1))
        {
            long[] before = new long[shape.Rank];
            long[] after = new long[shape.Rank];
            for (int k = 0; k < count; k++)
            {
                int d = axes[k];
                long size = shape.At(d)!.Value;
                before[d] = Math.Clamp(fixedStarts![k] < 0 ? fixedStarts[k] + size : fixedStarts[k], 0, size);
                after[d] = size - before[d] - result.At(d)!.Value;
            }

            c.Give(0, Array.TrueForAll(before, p => p == 0) && Array.TrueForAll(after, p => p == 0)
                ? c.Gradient
                : c.Op("Pad", c.Gradient, c.G.Int64([.. before, .. after])));
            return;
        }

        // In general: slice the indices 0 … size − 1 in the same way, and scatter the cotangents to the indices that remain.
        string gradient = c.Gradient;
        for (int k = count - 1; k >= 0; k--)
        {
            // In this gradient the axes before k are still sliced; the axes from k on have their full size.
            string At(string list) => Int64(c, c.Op("Gather", list, c.G.Int64(k)));
            string size = c.SizeTensor(c.X, axes[k]);
            string numbers = c.Op("Range", c.G.Int64Scalar(0), c.Op("Squeeze", size), c.G.Int64Scalar(1));
            string left = c.Op("Slice", numbers, At(starts), At(ends), c.G.Int64(0), c.G.Int64(steps[k]));
            gradient = Scatter(c, gradient, left, axes[k], size, shape.Rank);
        }

        c.Give(0, gradient);
    }

    /// <summary>
    /// Puts slices of a gradient back along an axis, adding where an index occurs more than once.
    /// </summary>
    /// <param name="c">The rule's context.</param>
    /// <param name="gradient">The gradient, with as many slices along the axis as there are indices.</param>
    /// <param name="indices">A list of integers; negative ones count from the end.</param>
    /// <param name="axis">The axis.</param>
    /// <param name="size">The axis' size afterwards, a tensor of one integer.</param>
    /// <param name="rank">The rank of the gradient.</param>
    private static string Scatter(RuleContext c, string gradient, string indices, int axis, string size, int rank)
    {
        long[] around = [.. Enumerable.Range(0, rank).Where(d => d != axis).Select(d => (long)d)];
        string shape = c.Op("Shape", gradient);
        string column = around.Length == 0 ? indices : c.Op("Unsqueeze", indices, c.G.Int64(around));
        string everywhere = c.Op("Expand", column, shape);
        string whole = c.G.Op("ScatterElements", [shape, c.G.Int64(axis), size], ("axis", 0L));
        string zeros = c.G.Op("ConstantOfShape", [whole], ("value", OnnxExtensions.FloatTensor("zero", c.Type, [0], 1)));
        return c.G.Op("ScatterElements", [zeros, everywhere, gradient], ("axis", (long)axis), ("reduction", "add"));
    }

    private static void Pad(RuleContext c)
    {
        if (c.Node.Text("mode", "constant") is var mode && mode != "constant")
        {
            PadFromWithin(c, mode);
            return;
        }

        // Padding by the negated amounts cuts what was added, and fills with zeros what was cut.
        string back = c.G.ConstantInts(c.Node.Input[1]) is long[] pads ? c.G.Int64([.. pads.Select(p => -p)]) : c.Op("Neg", c.Node.Input[1]);
        c.Give(0, c.Node.In(3).Length > 0 ? c.Op("Pad", c.Gradient, back, string.Empty, c.Node.Input[3]) : c.Op("Pad", c.Gradient, back));
    }

    /// <summary>Padding with the value's own elements, axis by axis: each cotangent returns to the element it was copied from.</summary>
    private static void PadFromWithin(RuleContext c, string mode)
    {
        MeasuredShape shape = c.Shape(c.X);
        long[] pads = c.ConstantInts(1, "padding");
        int[] axes = c.Node.In(3).Length > 0
            ? [.. c.ConstantInts(3, "list of axes").Select(a => (int)(a < 0 ? a + shape.Rank : a))]
            : [.. Enumerable.Range(0, shape.Rank)];
        string gradient = c.Gradient;
        for (int k = 0; k < axes.Length; k++)
        {
            if (pads[k] == 0 && pads[axes.Length + k] == 0)
            {
                continue;
            }

            long size = c.Size(c.X, axes[k]);
            long[] sources = new long[pads[k] + size + pads[axes.Length + k]];
            for (int i = 0; i < sources.Length; i++)
            {
                long at = i - pads[k];
                sources[i] = mode switch
                {
                    "edge" => Math.Clamp(at, 0, size - 1),
                    "wrap" => ((at % size) + size) % size,
                    "reflect" when size > 1 => Math.Abs((((at + size - 1) % (2 * (size - 1))) + (2 * (size - 1))) % (2 * (size - 1)) - (size - 1)),
                    "reflect" => 0,
                    _ => throw c.Refuse($"its mode {mode} is not known"),
                };
            }

            gradient = Scatter(c, gradient, c.G.Int64(sources), axes[k], c.G.Int64(size), shape.Rank);
        }

        c.Give(0, gradient);
    }

    /// <summary>Values written over or added to some places: those places' cotangents go to the values.</summary>
    private static void ScatterBack(RuleContext c, string gather, params (string, object)[] attributes)
    {
        string reduction = c.Node.Text("reduction", "none");
        if (reduction is not ("none" or "add"))
        {
            throw c.Refuse($"its reduction is {reduction}");
        }

        string indices = c.Node.Input[1];
        if (c.Needs(0))
        {
            c.Give(0, reduction == "add" ? c.Gradient : c.G.Op(c.Node.OpType, [c.Gradient, indices, c.ZerosLike(c.Node.Input[2])], attributes));
        }

        if (c.Needs(2))
        {
            c.Give(2, c.G.Op(gather, [c.Gradient, indices], attributes));
        }
    }

    private static void TopK(RuleContext c) => c.Give(
        0,
        c.G.Op("ScatterElements", [c.ZerosLike(c.X), SecondaryOutput(c, 1), c.Gradient], ("axis", c.Node.Int("axis", -1))));

    private static void Trilu(RuleContext c) =>
        c.Give(0, c.G.Op("Trilu", [c.Gradient, .. c.Node.Input.Skip(1)], ("upper", c.Node.Int("upper", 1))));

    private static void Gather(RuleContext c)
    {
        int axis = c.Axis(c.X, c.Node.Int("axis", 0));
        MeasuredShape shape = c.Shape(c.X);
        string indices = c.Node.Input[1];
        int indexRank = c.Shape(indices).Rank;
        if (c.G.ConstantInts(indices) is long[] list && shape.At(axis) is long fixedSize && IsRun(list, fixedSize, out long first))
        {
            // One index or a run of neighbours: zeros before and after.
            string run = indexRank == 1 ? c.Gradient : ToOneAxis(c, axis, indexRank, list.Length);
            long[] before = new long[shape.Rank];
            long[] after = new long[shape.Rank];
            before[axis] = first;
            after[axis] = fixedSize - first - list.Length;
            c.Give(0, before[axis] == 0 && after[axis] == 0 ? run : c.Op("Pad", run, c.G.Int64([.. before, .. after])));
            return;
        }

        string gradient = indexRank == 1 ? c.Gradient : ToOneAxis(c, axis, indexRank, null);
        string flat = indexRank == 1 ? indices : c.Op("Reshape", indices, c.G.Int64(-1));
        c.Give(0, Scatter(c, gradient, Int64(c, flat), axis, c.SizeTensor(c.X, axis), shape.Rank));
    }

    /// <summary>Joins the index axes of a gathered gradient into one.</summary>
    private static string ToOneAxis(RuleContext c, int axis, int indexRank, long? count)
    {
        if (indexRank == 0)
        {
            return c.Op("Unsqueeze", c.Gradient, c.G.Int64(axis));
        }

        MeasuredShape shape = c.Shape(c.X);
        if (count is long known && shape.Map(row => [.. row[..axis], known, .. row[(axis + 1)..]]).AsReshapeTarget() is long[] target)
        {
            return c.Op("Reshape", c.Gradient, c.G.Int64(target));
        }

        // The input's shape with −1 in place of the axis.
        string pattern = c.G.Op("ScatterElements", [c.ShapeTensor(c.X), c.G.Int64(axis), c.G.Int64(-1)], ("axis", 0L));
        return c.Op("Reshape", c.Gradient, pattern);
    }

    private static bool IsRun(long[] indices, long size, out long first)
    {
        long[] positive = Array.ConvertAll(indices, i => i < 0 ? i + size : i);
        first = positive.Length > 0 ? positive[0] : 0;
        for (int i = 0; i < positive.Length; i++)
        {
            if (positive[i] != positive[0] + i)
            {
                return false;
            }
        }

        return positive.Length > 0;
    }

    private static string Int64(RuleContext c, string indices) =>
        c.G.TypeOf(indices) == OnnxType.Int64 ? indices : c.G.Op("Cast", [indices], ("to", (long)OnnxType.Int64));

    private static void GatherElements(RuleContext c) => c.Give(
        0,
        c.G.Op("ScatterElements", [c.ZerosLike(c.X), c.Node.Input[1], c.Gradient], ("axis", c.Node.Int("axis", 0)), ("reduction", "add")));

    private static void GatherND(RuleContext c)
    {
        if (c.Node.Int("batch_dims", 0) != 0)
        {
            throw c.Refuse("it has batch dimensions");
        }

        // The leading dimensions become one, and each index tuple one number.
        string indices = c.Node.Input[1];
        MeasuredShape shape = c.Shape(c.X);
        int depth = (int)c.Size(indices, c.Shape(indices).Rank - 1);
        string? number = null;
        for (int d = 0; d < depth; d++)
        {
            string size = c.SizeTensor(c.X, d);
            string index = c.G.Op("Gather", [indices, c.G.Int64Scalar(d)], ("axis", -1L));
            index = c.Op("Mod", index, size);
            number = number is null ? index : c.Op("Add", c.Op("Mul", number, size), index);
        }

        string flat = c.Op("Reshape", number!, c.G.Int64(-1, 1));
        string sizes = c.ShapeTensor(c.X);
        string lead = c.Op("Slice", sizes, c.G.Int64(0), c.G.Int64(depth));
        string rest = c.Op("Slice", sizes, c.G.Int64(depth), c.G.Int64(shape.Rank));
        string leadCount = c.G.Op("ReduceProd", [lead], ("keepdims", 1L));
        string restCount = c.G.Op("ReduceProd", [rest], ("keepdims", 1L));
        string zeros = c.G.Op(
            "ConstantOfShape",
            [c.G.Op("Concat", [leadCount, restCount], ("axis", 0L))],
            ("value", OnnxExtensions.FloatTensor("zero", c.Type, [0], 1)));
        string rows = c.Op("Reshape", c.Gradient, c.G.Op("Concat", [c.G.Int64(-1), restCount], ("axis", 0L)));
        string everywhere = c.Op("Expand", flat, c.Op("Shape", rows));
        string sum = c.G.Op("ScatterElements", [zeros, everywhere, rows], ("axis", 0L), ("reduction", "add"));
        c.Give(0, c.ReshapeLike(sum, c.X));
    }
}
