using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <content>Matrix products and convolutions.</content>
internal static partial class GradientRules
{
    private static void MatrixMultiply(RuleContext c)
    {
        string a = c.Node.Input[0];
        string b = c.Node.Input[1];
        MeasuredShape shapeA = c.Shape(a);
        MeasuredShape shapeB = c.Shape(b);
        MeasuredShape shapeY = c.Shape(c.Y);
        string gradient = c.Gradient;

        // Vectors become matrices first: b a column, a a row.
        bool vectorA = shapeA.Rank == 1;
        bool vectorB = shapeB.Rank == 1;
        if (vectorB)
        {
            b = c.Op("Unsqueeze", b, c.G.Int64(1));
            shapeB = shapeB.Map(row => [.. row, 1]);
            gradient = c.Op("Unsqueeze", gradient, c.G.Int64(-1));
            shapeY = shapeY.Map(row => [.. row, 1]);
        }

        if (vectorA)
        {
            a = c.Op("Unsqueeze", a, c.G.Int64(0));
            shapeA = shapeA.Map(row => [1, .. row]);
            gradient = c.Op("Unsqueeze", gradient, c.G.Int64(-2));
            shapeY = shapeY.Map(row => [.. row[..^1], 1, row[^1]]);
        }

        if (c.Needs(0))
        {
            string product = c.Op("MatMul", gradient, TransposeLast(c, b, shapeB));
            MeasuredShape full = shapeY.Zip(shapeA, (y, own) => [.. y[..^2], own[^2], own[^1]]);
            product = c.Unbroadcast(product, full, shapeA);
            c.Give(0, vectorA ? c.Op("Squeeze", product, c.G.Int64(0)) : product);
        }

        if (c.Needs(1))
        {
            string product;
            if (shapeB.Rank == 2 && shapeA.Rank > 2 && shapeA.At(shapeA.Rank - 1) is long inner && shapeB.At(1) is long columns)
            {
                // One product over all rows instead of one a batch item and a sum.
                string rowsA = c.Op("Reshape", a, c.G.Int64(-1, inner));
                string rowsG = c.Op("Reshape", gradient, c.G.Int64(-1, columns));
                product = c.G.Op("Gemm", [rowsA, rowsG], ("transA", 1L));
            }
            else
            {
                product = c.Op("MatMul", TransposeLast(c, a, shapeA), gradient);
                MeasuredShape full = shapeY.Zip(shapeB, (y, own) => [.. y[..^2], own[^2], own[^1]]);
                product = c.Unbroadcast(product, full, shapeB);
            }

            c.Give(1, vectorB ? c.Op("Squeeze", product, c.G.Int64(1)) : product);
        }
    }

    /// <summary>Swaps the last two dimensions; where the value is itself such a swap, its source is used.</summary>
    private static string TransposeLast(RuleContext c, string value, MeasuredShape shape)
    {
        long[] swap = [.. Enumerable.Range(0, shape.Rank).Select(d => (long)d)];
        (swap[^1], swap[^2]) = (swap[^2], swap[^1]);
        if (c.Producer(value) is { OpType: "Transpose" } transpose && transpose.Ints("perm") is long[] perm && perm.SequenceEqual(swap))
        {
            return transpose.Input[0];
        }

        return c.G.Op("Transpose", [value], ("perm", swap));
    }

    private static void GeneralMultiply(RuleContext c)
    {
        string a = c.Node.Input[0];
        string b = c.Node.Input[1];
        long transA = c.Node.Int("transA", 0);
        long transB = c.Node.Int("transB", 0);
        (string, object) alpha = ("alpha", c.Node.Float("alpha", 1));
        if (c.Needs(0))
        {
            c.Give(0, transA == 0
                ? c.G.Op("Gemm", [c.Gradient, b], alpha, ("transB", 1 - transB))
                : c.G.Op("Gemm", [b, c.Gradient], alpha, ("transA", transB), ("transB", 1L)));
        }

        if (c.Needs(1))
        {
            c.Give(1, transB == 0
                ? c.G.Op("Gemm", [a, c.Gradient], alpha, ("transA", 1 - transA))
                : c.G.Op("Gemm", [c.Gradient, a], alpha, ("transA", 1L), ("transB", transA)));
        }

        if (c.Needs(2))
        {
            c.Give(2, c.UnbroadcastTo(2, c.Scale(c.Gradient, c.Node.Float("beta", 1))));
        }
    }

    private static void Einsum(RuleContext c)
    {
        string equation = c.Node.Text("equation", string.Empty).Replace(" ", string.Empty, StringComparison.Ordinal);
        (string[] operands, string result) = Written(c, equation);
        if (operands.Any(o => o.Distinct().Count() != o.Length))
        {
            throw c.Refuse($"the equation '{equation}' has a repeated index");
        }

        for (int i = 0; i < operands.Length; i++)
        {
            if (!c.Needs(i))
            {
                continue;
            }

            // The product of the cotangent and the other operands, summed to this operand's indices; an index that only
            // this operand has was summed away, so its gradient is repeated along it.
            string own = operands[i];
            MeasuredShape shape = c.Shape(c.Node.Input[i]);
            string[] others = [.. operands.Where((_, k) => k != i)];
            bool IsElsewhere(char index) => result.Contains(index, StringComparison.Ordinal) || others.Any(o => o.Contains(index, StringComparison.Ordinal));
        string reachable = new([.. own.Where(IsElsewhere)]);
            string[] inputs = [c.Gradient, .. c.Node.Input.Where((_, k) => k != i)];
            string gradient = c.G.Op("Einsum", inputs, ("equation", string.Join(',', [result, .. others]) + "->" + reachable));

            // An index of size 1 here and of more elsewhere was repeated, so its gradient is summed.
            bool IsRepeated(int d) => shape.IsOneAt(own.IndexOf(reachable[d], StringComparison.Ordinal)) && IsWide(reachable[d]);
            long[] repeated = [.. Enumerable.Range(0, reachable.Length).Where(IsRepeated).Select(d => (long)d)];
            if (repeated.Length > 0)
            {
                gradient = c.G.Op("ReduceSum", [gradient, c.G.Int64(repeated)], ("keepdims", 1L));
            }

            int[] lost = [.. Enumerable.Range(0, own.Length).Where(d => !reachable.Contains(own[d], StringComparison.Ordinal))];
            if (lost.Length > 0)
            {
                gradient = c.Op("Unsqueeze", gradient, c.G.Int64([.. lost.Select(d => (long)d)]));
                gradient = c.ExpandLike(gradient, c.Node.Input[i], lost);
            }

            c.Give(i, gradient);
        }

        bool IsWide(char index) => operands.Select((operand, k) => (Shape: c.Shape(c.Node.Input[k]), Place: operand.IndexOf(index, StringComparison.Ordinal)))
            .Any(o => o.Place >= 0 && !o.Shape.IsOneAt(o.Place));
    }

    /// <summary>An Einsum equation written out: a letter for every dimension an ellipsis stands for, and the output stated.</summary>
    private static (string[] Operands, string Result) Written(RuleContext c, string equation)
    {
        const string ellipsis = "...";
        string[] sides = equation.Split("->");
        string[] operands = sides[0].Split(',');
        IEnumerable<char> alphabet = Enumerable.Range('a', 26).Concat(Enumerable.Range('A', 26)).Select(letter => (char)letter);
        string unused = new([.. alphabet.Where(letter => !equation.Contains(letter, StringComparison.Ordinal))]);
        int hidden = 0;
        for (int i = 0; i < operands.Length; i++)
        {
            if (operands[i].Contains(ellipsis, StringComparison.Ordinal))
            {
                // Dimensions under an ellipsis are aligned at its end, as in broadcasting.
                int count = c.Shape(c.Node.Input[i]).Rank - (operands[i].Length - ellipsis.Length);
                hidden = Math.Max(hidden, count);
                operands[i] = operands[i].Replace(ellipsis, new string([.. unused[..count].Reverse()]), StringComparison.Ordinal);
            }
        }

        string dots = new([.. unused[..hidden].Reverse()]);
        string letters = string.Concat(operands);
        string result = sides.Length == 2
            ? sides[1].Replace(ellipsis, dots, StringComparison.Ordinal)
            : dots + new string([.. letters.Where(index => !dots.Contains(index, StringComparison.Ordinal) && letters.Count(l => l == index) == 1).Order()]);
        return (operands, result);
    }

    /// <summary>The geometry of a convolution or pooling window along its spatial dimensions.</summary>
    /// <param name="Kernel">Sizes of the window.</param>
    /// <param name="Strides">Steps of the window.</param>
    /// <param name="Dilations">Distances between taps.</param>
    /// <param name="Begin">Padding before.</param>
    /// <param name="End">Padding after.</param>
    /// <param name="Input">Input sizes.</param>
    /// <param name="Output">Output sizes.</param>
    private sealed record Window(long[] Kernel, long[] Strides, long[] Dilations, long[] Begin, long[] End, long[] Input, long[] Output)
    {
        public int Count => Kernel.Length;

        public long[] Pads => [.. Begin, .. End];

        /// <summary>Input positions the windows reach, minus the input size with its padding: negative where some input is not reached.</summary>
        public long Overrun(int d) => ((Output[d] - 1) * Strides[d]) + (Dilations[d] * (Kernel[d] - 1)) + 1 - (Input[d] + Begin[d] + End[d]);

        /// <summary>Reads the window of a node between a large (input) and a small (output) side.</summary>
        public static Window Of(RuleContext c, string large, string small, long[] kernel)
        {
            int count = kernel.Length;
            long[] ones = [.. Enumerable.Repeat(1L, count)];
            long[] strides = c.Node.Ints("strides") ?? ones;
            long[] dilations = c.Node.Ints("dilations") ?? ones;
            long[] pads = c.Node.Ints("pads") ?? new long[2 * count];
            long[] input = [.. Enumerable.Range(2, count).Select(d => c.Size(large, d))];
            long[] output = [.. Enumerable.Range(2, count).Select(d => c.Size(small, d))];
            string mode = c.Node.Text("auto_pad", "NOTSET");
            if (mode.StartsWith("SAME", StringComparison.Ordinal))
            {
                pads = new long[2 * count];
                for (int d = 0; d < count; d++)
                {
                    long total = Math.Max(0, ((output[d] - 1) * strides[d]) + (dilations[d] * (kernel[d] - 1)) + 1 - input[d]);
                    pads[d] = mode == "SAME_UPPER" ? total / 2 : total - (total / 2);
                    pads[count + d] = total - pads[d];
                }
            }

            return new Window(kernel, strides, dilations, pads[..count], pads[count..], input, output);
        }

        /// <summary>
        /// The gradient of a convolution of stride 1 with respect to its input, as a convolution with the mirrored weights:
        /// ONNX Runtime's kernels for Conv are several times as fast as those for ConvTranspose. Null for other strides, and
        /// where more was padded than the window reaches.
        /// </summary>
        public string? Mirrored(RuleContext c, string gradient, string weights, long group)
        {
            long[] reach = [.. Enumerable.Range(0, Count).Select(d => Dilations[d] * (Kernel[d] - 1))];
            long[] pads = [.. reach.Zip(Begin, (r, p) => r - p), .. reach.Zip(End, (r, p) => r - p)];
            if (Strides.Any(s => s != 1) || pads.Any(p => p < 0))
            {
                return null;
            }

            string mirrored = weights;
            if (Kernel.Any(k => k > 1))
            {
                long[] back = [.. Enumerable.Repeat(-1L, Count)];
                long[] axes = [.. Enumerable.Range(2, Count).Select(d => (long)d)];
                mirrored = c.Op("Slice", mirrored, c.G.Int64(back), c.G.Int64([.. Enumerable.Repeat(long.MinValue, Count)]), c.G.Int64(axes), c.G.Int64(back));
            }

            // Within every group input and output channels are exchanged.
            long outputs = c.Size(weights, 0) / group;
            long inputs = c.Size(weights, 1);
            if (group == 1)
            {
                mirrored = c.G.Op("Transpose", [mirrored], ("perm", (long[])[1, 0, .. Enumerable.Range(2, Count).Select(d => (long)d)]));
            }
            else if (outputs > 1 || inputs > 1)
            {
                string split = c.Op("Reshape", mirrored, c.G.Int64([group, outputs, inputs, .. Kernel]));
                string turned = c.G.Op("Transpose", [split], ("perm", (long[])[0, 2, 1, .. Enumerable.Range(3, Count).Select(d => (long)d)]));
                mirrored = c.Op("Reshape", turned, c.G.Int64([group * inputs, outputs, .. Kernel]));
            }

            return c.G.Op(
                "Conv", [gradient, mirrored], ("kernel_shape", Kernel), ("strides", Strides), ("dilations", Dilations), ("pads", pads), ("group", group));
        }

        /// <summary>The gradient of a convolution with respect to its input: the transposed convolution back to the input's size.</summary>
        public string Transposed(RuleContext c, string gradient, string weights, long group)
        {
            long[] end = [.. End];
            long[] extra = new long[Count];
            for (int d = 0; d < Count; d++)
            {
                long overrun = Overrun(d);
                extra[d] = Math.Max(0, -overrun);
                end[d] += Math.Max(0, overrun);
            }

            return c.G.Op(
                "ConvTranspose",
                [gradient, weights],
                ("kernel_shape", Kernel), ("strides", Strides), ("dilations", Dilations), ("pads", (long[])[.. Begin, .. end]),
                ("output_padding", extra), ("group", group));
        }
    }

    private static void Convolution(RuleContext c)
    {
        string weights = c.Node.Input[1];
        long group = c.Node.Int("group", 1);
        long[] kernel = [.. Enumerable.Range(2, c.Shape(weights).Rank - 2).Select(d => c.Size(weights, d))];
        Window window = Window.Of(c, c.X, c.Y, kernel);
        if (c.Needs(0))
        {
            c.Give(0, window.Mirrored(c, c.Gradient, weights, group) ?? window.Transposed(c, c.Gradient, weights, group));
        }

        if (c.Needs(1))
        {
            c.Give(1, WeightGradient(c, window, c.X, c.Gradient, group, c.Size(c.X, 1)));
        }

        BiasGradient(c);
    }

    private static void TransposedConvolution(RuleContext c)
    {
        // A transposed convolution is the transpose of a convolution, so its gradient with respect to its input is that convolution.
        string weights = c.Node.Input[1];
        long group = c.Node.Int("group", 1);
        if (c.Node.Text("auto_pad", "NOTSET") != "NOTSET" || c.Node.Ints("output_shape") is not null)
        {
            throw c.Refuse("its padding is automatic");
        }

        long[] kernel = [.. Enumerable.Range(2, c.Shape(weights).Rank - 2).Select(d => c.Size(weights, d))];
        Window window = Window.Of(c, c.Y, c.X, kernel);
        if (c.Needs(0))
        {
            string gradient = c.G.Op(
                "Conv",
                [c.Gradient, weights],
                ("kernel_shape", kernel),
                ("strides", window.Strides),
                ("dilations", window.Dilations),
                ("pads", window.Pads),
                ("group", group));
            c.Give(0, gradient);
        }

        if (c.Needs(1))
        {
            c.Give(1, WeightGradient(c, window, c.Gradient, c.X, group, c.Size(c.Y, 1)));
        }

        BiasGradient(c);
    }

    private static void BiasGradient(RuleContext c)
    {
        if (c.Needs(2))
        {
            long[] axes = [0, .. Enumerable.Range(2, c.Shape(c.Y).Rank - 2).Select(d => (long)d)];
            c.Give(2, c.G.Op("ReduceSum", [c.Gradient, c.G.Int64(axes)], ("keepdims", 0L)));
        }
    }

    /// <summary>
    /// The gradient with respect to a convolution's weights: a convolution of the large side with the small one, batch and
    /// channels exchanged, strides and dilations exchanged.
    /// </summary>
    private static string WeightGradient(RuleContext c, Window window, string large, string small, long group, long largeChannels)
    {
        int spatial = window.Count;
        long perGroup = largeChannels / group;
        long[] swap = [1, 0, .. Enumerable.Range(2, spatial).Select(d => (long)d)];
        string input;
        string filter = c.G.Op("Transpose", [small], ("perm", swap));
        if (group == 1)
        {
            input = c.G.Op("Transpose", [large], ("perm", swap));
        }
        else
        {
            // [N, G·i, …] → [i, G·N, …]: the groups stay apart, the batch becomes their channels.
            string split = c.Op("Reshape", large, c.G.Int64([-1, group, perGroup, .. window.Input]));
            long[] perm = [2, 1, 0, .. Enumerable.Range(3, spatial).Select(d => (long)d)];
            string turned = c.G.Op("Transpose", [split], ("perm", perm));
            input = c.Op("Reshape", turned, c.G.Int64([perGroup, -1, .. window.Input]));
        }

        long[] end = [.. window.End];
        bool cut = false;
        for (int d = 0; d < spatial; d++)
        {
            end[d] += Math.Max(0, window.Overrun(d));
            cut |= window.Overrun(d) < 0;
        }

        string result = c.G.Op(
            "Conv",
            [input, filter],
            ("kernel_shape", window.Output), ("strides", window.Dilations), ("dilations", window.Strides),
            ("pads", (long[])[.. window.Begin, .. end]), ("group", group));
        if (cut)
        {
            long[] axes = [.. Enumerable.Range(2, spatial).Select(d => (long)d)];
            result = c.Op("Slice", result, c.G.Int64(new long[spatial]), c.G.Int64(window.Kernel), c.G.Int64(axes));
        }

        return c.G.Op("Transpose", [result], ("perm", swap));
    }
}
