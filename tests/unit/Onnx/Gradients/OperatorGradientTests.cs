using QosValuation.Onnx.Gradients;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

/// <summary>Every rule against central differences of the operator itself, as ONNX Runtime computes it.</summary>
public sealed class OperatorGradientTests
{
    [Theory]
    [InlineData("Neg", -1, 1)]
    [InlineData("Abs", 0.1, 1)]
    [InlineData("Sqrt", 0.5, 2)]
    [InlineData("Reciprocal", 0.5, 2)]
    [InlineData("Exp", -1, 1)]
    [InlineData("Log", 0.5, 2)]
    [InlineData("Sin", -1, 1)]
    [InlineData("Tanh", -1, 1)]
    [InlineData("Sigmoid", -2, 2)]
    [InlineData("Relu", 0.1, 1)]
    [InlineData("Relu", -1, -0.1)]
    [InlineData("Identity", -1, 1)]
    [InlineData("Softmax", -1, 1)]
    [InlineData("LogSoftmax", -1, 1)]
    public void UnaryInDouble(string op, double low, double high)
    {
        var graph = new TestGraph();
        graph.Check(graph.Op(op, graph.Input(low, high, 3, 5)));
    }

    [Theory]
    [InlineData("Erf", -1, 1)]
    [InlineData("Cos", -1, 1)]
    [InlineData("Softplus", -1, 1)]
    [InlineData("Softsign", 0.1, 1)]
    [InlineData("LeakyRelu", -1, -0.1)]
    [InlineData("LeakyRelu", 0.1, 1)]
    [InlineData("Elu", -1, -0.1)]
    [InlineData("Elu", 0.1, 1)]
    [InlineData("HardSigmoid", -1, 1)]
    [InlineData("Selu", -1, -0.1)]
    [InlineData("Selu", 0.1, 1)]
    [InlineData("Celu", -1, -0.1)]
    [InlineData("ThresholdedRelu", 0.5, 0.9)]
    [InlineData("ThresholdedRelu", 1.1, 2)]
    [InlineData("Shrink", -0.4, 0.4)]
    [InlineData("Shrink", 0.6, 1)]
    [InlineData("Tan", -1, 1)]
    [InlineData("Asin", -0.8, 0.8)]
    [InlineData("Acos", -0.8, 0.8)]
    [InlineData("Atan", -1, 1)]
    [InlineData("Sinh", -1, 1)]
    [InlineData("Cosh", -1, 1)]
    [InlineData("HardSwish", -2, 2)]
    public void UnaryInSingle(string op, double low, double high)
    {
        var graph = new TestGraph(type: OnnxType.Single);
        graph.Check(graph.Op(op, graph.Input(low, high, 3, 5)));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("tanh")]
    public void Gelu(string approximate)
    {
        var graph = new TestGraph(20, OnnxType.Single);
        graph.Check(graph.Op("Gelu", [graph.Input(-2.0, 2.0, 3, 5)], ("approximate", approximate)));
    }

    [Fact]
    public void Mish()
    {
        var graph = new TestGraph(18, OnnxType.Single);
        graph.Check(graph.Op("Mish", graph.Input(-2.0, 2.0, 3, 5)));
    }

    [Theory]
    [InlineData("Add")]
    [InlineData("Sub")]
    [InlineData("Mul")]
    [InlineData("Div")]
    [InlineData("Min")]
    [InlineData("Max")]
    public void BinaryWithEveryKindOfBroadcast(string op)
    {
        foreach (long[] weight in (long[][])[[2, 3, 4], [3, 4], [4], [1], [], [3, 1], [1, 3, 1], [1, 1, 1]])
        {
            var graph = new TestGraph();
            string x = graph.Input(2.0, 3.0, 2, 3, 4);
            graph.Check(graph.Op(op, x, graph.Weight(0.5, 4.3, weight)), batchIsFixed: true);
            graph = new TestGraph();
            x = graph.Input(2.0, 3.0, 2, 3, 4);
            graph.Check(graph.Op(op, graph.Weight(0.5, 4.3, weight), x), batchIsFixed: true);
        }

        // The input is broadcast: by its own trailing 1, and by missing leading dimensions.
        var broadcast = new TestGraph();
        broadcast.Check(broadcast.Op(op, broadcast.Input(1.0, 2.0, 3, 1), broadcast.Weight(0.5, 0.9, 2, 1, 4)));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(-1.5)]
    public void PowerWithConstantExponent(double exponent)
    {
        var graph = new TestGraph();
        graph.Check(graph.Op("Pow", graph.Input(0.5, 2, 3, 4), graph.Scalar(exponent)));
    }

    [Fact]
    public void PowerWithLearnedExponent()
    {
        var graph = new TestGraph();
        graph.Check(graph.Op("Pow", graph.Input(0.5, 2, 3, 4), graph.Weight(0.5, 3, 4)));
    }

    [Fact]
    public void SumMeanClipWherePRelu()
    {
        var graph = new TestGraph();
        graph.Check(graph.Op("Sum", graph.Input(2, 3), graph.Weight(3), graph.Weight(2, 3)), batchIsFixed: true);
        graph = new TestGraph(type: OnnxType.Single);
        graph.Check(graph.Op("Mean", graph.Input(2, 3), graph.Weight(3), graph.Weight(2, 3)), batchIsFixed: true);
        graph = new TestGraph();
        graph.Check(graph.Op("Clip", graph.Input(-1.0, 1.0, 4, 7), graph.Scalar(-0.5), graph.Scalar(0.4)));
        graph = new TestGraph();
        graph.Check(graph.Op("Clip", graph.Input(-1.0, 1.0, 4, 7), string.Empty, graph.Scalar(0.4)));
        graph = new TestGraph();
        string x = graph.Input(4, 7);
        graph.Check(graph.Op("Where", graph.Op("Greater", x, graph.Scalar(0.1)), graph.Op("Mul", x, x), graph.Weight(7)));
        graph = new TestGraph(type: OnnxType.Single) { Step = 1e-3, Tolerance = 1e-2 };
        graph.Check(graph.Op("PRelu", graph.Input(0.1, 1, 2, 3), graph.Weight(3)));
        graph = new TestGraph(type: OnnxType.Single) { Step = 1e-3, Tolerance = 1e-2 };
        graph.Check(graph.Op("PRelu", graph.Input(-1, -0.1, 2, 3), graph.Weight(1)));
    }

    [Fact]
    public void FusedGatesEqualTheirDefinition()
    {
        foreach (bool flip in (bool[])[false, true])
        {
            var graph = new TestGraph(type: OnnxType.Double);
            string x = graph.Input(-2.0, 2.0, 2, 3, 4);
            string s = graph.Op("Sigmoid", graph.Op("Mul", x, graph.Scalar(1.702)));
            GradientGraph built = graph.Check(flip ? graph.Op("Mul", s, x) : graph.Op("Mul", x, s));
            Assert.Equal(4, built.Operators()["Mul"] - built.ForwardNodeCount + 2);
            graph = new TestGraph(type: OnnxType.Single);
            x = graph.Input(-2.0, 2.0, 2, 3, 4);
            string gate = graph.Op("Add", graph.Op("Erf", graph.Op("Div", x, graph.Scalar(Math.Sqrt(2)))), graph.Scalar(1));
            graph.Check(graph.Op("Mul", flip ? graph.Op("Mul", gate, x) : graph.Op("Mul", x, gate), graph.Scalar(0.5)));
        }

        // The sigmoid is used elsewhere too: both contributions count.
        var shared = new TestGraph();
        string input = shared.Input(2, 3);
        string sigmoid = shared.Op("Sigmoid", input);
        shared.Check(shared.Op("Add", shared.Op("Mul", input, sigmoid), shared.Op("Mul", sigmoid, sigmoid)));
    }

    [Fact]
    public void MatrixProducts()
    {
        foreach ((long[] a, long[] b) in ((long[], long[])[])
            [([2, 3], [3, 4]), ([2, 5, 3], [3, 4]), ([2, 5, 3], [2, 3, 4]), ([2, 5, 3], [1, 3, 4]), ([2, 2, 5, 3], [2, 3, 4]),
            ([2, 5, 3], [3]), ([3], [3, 4]), ([3], [3]), ([3], [2, 3, 4]), ([2, 3], [4, 3, 5])])
        {
            var graph = new TestGraph();
            graph.Check(graph.Op("MatMul", graph.Input(a), graph.Weight(b)), batchIsFixed: b.Length > 2 || a.Length == 1);
            if (a.Length > 1)
            {
                // The weight on the left.
                graph = new TestGraph();
                string x = graph.Input(b.Length == 1 ? [b[0]] : b);
                graph.Check(graph.Op("MatMul", graph.Weight(a), x), batchIsFixed: true);
            }
        }
    }

    [Fact]
    public void ProductOfTheInputWithItsTranspose()
    {
        var graph = new TestGraph();
        string x = graph.Input(2, 3, 4);
        graph.Check(graph.Op("MatMul", x, graph.Op("Transpose", [x], ("perm", (long[])[0, 2, 1]))));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    public void GeneralProduct(long transA, long transB)
    {
        foreach (long[] bias in (long[][])[[4], [2, 4], [1, 4], [2, 1], [1], []])
        {
            var graph = new TestGraph();
            string x = graph.Input(transA == 0 ? [2, 3] : [3, 2]);
            string w = graph.Weight(transB == 0 ? [3, 4] : [4, 3]);
            graph.Check(
                graph.Op("Gemm", [x, w, graph.Weight(bias)], ("transA", transA), ("transB", transB), ("alpha", 0.7f), ("beta", 1.3f)), batchIsFixed: true);
        }
    }

    [Theory]
    [InlineData("bij,jk->bik", new long[] { 2, 3, 4 }, new long[] { 4, 5 })]
    [InlineData("bhid,bhjd->bhij", new long[] { 2, 2, 3, 4 }, new long[] { 2, 2, 5, 4 })]
    [InlineData("bi,bj->b", new long[] { 2, 3 }, new long[] { 2, 4 })]
    [InlineData("...d,de->...e", new long[] { 2, 3, 4 }, new long[] { 4, 5 })]
    [InlineData("b...d,...d->b...", new long[] { 2, 3, 4 }, new long[] { 3, 4 })]
    [InlineData("...ij,...jk", new long[] { 2, 3, 4 }, new long[] { 2, 4, 5 })]
    [InlineData("bnd,de", new long[] { 2, 3, 4 }, new long[] { 4, 5 })]
    [InlineData("bnd,bd->bn", new long[] { 2, 3, 4 }, new long[] { 1, 4 })]
    public void EinsteinSums(string equation, long[] a, long[] b)
    {
        var graph = new TestGraph();
        graph.Check(graph.Op("Einsum", [graph.Input(a), graph.Weight(b)], ("equation", equation)), batchIsFixed: true);
    }

    [Theory]
    [InlineData(3, 1, 1, 1, 1, 1, 7)]
    [InlineData(3, 2, 1, 1, 1, 1, 8)]
    [InlineData(3, 2, 1, 0, 1, 1, 8)]
    [InlineData(4, 4, 1, 0, 0, 1, 9)]
    [InlineData(3, 1, 2, 2, 1, 1, 7)]
    [InlineData(3, 3, 2, 1, 2, 2, 9)]
    [InlineData(1, 1, 1, 0, 0, 4, 5)]
    [InlineData(3, 2, 1, 1, 1, 4, 7)]
    [InlineData(5, 2, 1, 2, 1, 2, 6)]
    [InlineData(2, 1, 1, 2, 0, 1, 5)]
    [InlineData(4, 1, 1, 2, 1, 2, 6)]
    [InlineData(3, 1, 2, 1, 2, 4, 8)]
    public void Convolutions(int kernel, int stride, int dilation, int begin, int end, int group, int size)
    {
        var graph = new TestGraph(type: OnnxType.Single) { Step = 0.5, Tolerance = 1e-4 };
        string x = graph.Input(2, 4, size, size + 1);
        string w = graph.Weight(8, 4 / group, kernel, kernel);
        graph.Check(graph.Op(
            "Conv", [x, w, graph.Weight(8)],
            ("kernel_shape", (long[])[kernel, kernel]), ("strides", (long[])[stride, stride]), ("dilations", (long[])[dilation, dilation]),
            ("pads", (long[])[begin, begin, end, end]), ("group", (long)group)));
    }

    [Theory]
    [InlineData("SAME_UPPER")]
    [InlineData("SAME_LOWER")]
    [InlineData("VALID")]
    public void ConvolutionsWithAutomaticPadding(string mode)
    {
        var graph = new TestGraph(type: OnnxType.Single) { Step = 0.5, Tolerance = 1e-4 };
        graph.Check(graph.Op("Conv", [graph.Input(2, 3, 7, 6), graph.Weight(4, 3, 3, 2)], ("strides", (long[])[2, 2]), ("auto_pad", mode)));
    }

    [Fact]
    public void ConvolutionsAlongOneAndThreeDimensions()
    {
        var graph = new TestGraph(type: OnnxType.Single) { Step = 0.5, Tolerance = 1e-4 };
        graph.Check(graph.Op("Conv", [graph.Input(2, 3, 9), graph.Weight(4, 3, 3)], ("strides", (long[])[2]), ("pads", (long[])[1, 0])));
        graph = new TestGraph(type: OnnxType.Single) { Step = 0.5, Tolerance = 1e-4 };
        graph.Check(graph.Op("Conv", [graph.Input(1, 2, 4, 5, 4), graph.Weight(3, 2, 2, 3, 2)], ("strides", (long[])[1, 2, 2])));
    }

    [Theory]
    [InlineData(2, 2, 1, 0, 0, 1)]
    [InlineData(3, 2, 1, 1, 1, 1)]
    [InlineData(3, 2, 1, 1, 0, 2)]
    [InlineData(3, 1, 2, 1, 0, 2)]
    public void TransposedConvolutions(int kernel, int stride, int dilation, int pad, int extra, int group)
    {
        var graph = new TestGraph(type: OnnxType.Single) { Step = 0.5, Tolerance = 1e-4 };
        graph.Check(graph.Op(
            "ConvTranspose", [graph.Input(2, 4, 5, 4), graph.Weight(4, 6 / group, kernel, kernel), graph.Weight(6)],
            ("strides", (long[])[stride, stride]), ("dilations", (long[])[dilation, dilation]), ("pads", (long[])[pad, pad, pad, pad]),
            ("output_padding", (long[])[extra, extra]), ("group", (long)group)));
    }

    [Theory]
    [InlineData(OnnxType.Double)]
    [InlineData(OnnxType.Single)]
    public void LayerNormalization(int type)
    {
        var graph = new TestGraph(17, type);
        graph.Check(graph.Op("LayerNormalization", [graph.Input(2, 3, 8), graph.Weight(0.5, 1.5, 8), graph.Weight(8)], ("axis", -1L), ("epsilon", 1e-3f)));
        graph = new TestGraph(17, type);
        graph.Check(graph.Op("LayerNormalization", [graph.Input(2, 3, 4), graph.Weight(0.5, 1.5, 3, 4)], ("axis", -2L)));
    }

    [Theory]
    [InlineData(false, 11)]
    [InlineData(true, 11)]
    [InlineData(false, 14)]
    [InlineData(false, 17)]
    [InlineData(true, 14)]
    public void LayerNormalizationWrittenOut(bool byProduct, int opset)
    {
        foreach (int type in (int[])[OnnxType.Single, OnnxType.Double])
        {
            var graph = new TestGraph(opset, type);
            string x = graph.Input(2, 3, 8);
            string centred = graph.Op("Sub", x, graph.Op("ReduceMean", [x], ("axes", (long[])[-1])));
            string square = byProduct ? graph.Op("Mul", centred, centred) : graph.Op("Pow", centred, graph.Scalar(2));
            string deviation = graph.Op("Sqrt", graph.Op("Add", graph.Op("ReduceMean", [square], ("axes", (long[])[-1])), graph.Scalar(1e-3)));
            string y = graph.Op("Add", graph.Op("Mul", graph.Op("Div", centred, deviation), graph.Weight(0.5, 1.5, 8)), graph.Weight(8));
            GradientGraph built = graph.Check(y);
            Assert.Equal(type == OnnxType.Single ? 1 : 0, built.Operators().GetValueOrDefault("LayerNormalization"));
            Assert.Equal(type == OnnxType.Single ? 1 : 9, built.ForwardNodeCount);
        }
    }

    [Fact]
    public void BatchAndInstanceNormalization()
    {
        var graph = new TestGraph();
        string x = graph.Input(2, 3, 4, 4);
        graph.Check(graph.Op("BatchNormalization", x, graph.Weight(0.5, 2, 3), graph.Weight(3), graph.RandomConstant(3), graph.Constant([0.5, 1, 2], 3)));
        graph = new TestGraph(type: OnnxType.Single);
        graph.Check(graph.Op("InstanceNormalization", [graph.Input(2, 3, 4, 4), graph.Weight(0.5, 2, 3), graph.Weight(3)], ("epsilon", 1e-2f)));
        foreach (int opset in (int[])[18, 21])
        {
            graph = new TestGraph(opset, OnnxType.Single);
            long parameters = opset < 21 ? 2 : 6;
            graph.Check(graph.Op(
                "GroupNormalization",
                [graph.Input(2, 6, 3, 4), graph.Weight(0.5, 2, parameters), graph.Weight(parameters)],
                ("num_groups", 2L),
                ("epsilon", 1e-2f)));
        }

        graph = new TestGraph();
        graph.Check(graph.Op("LpNormalization", [graph.Input(0.1, 1, 2, 5)], ("p", 2L)));
        graph = new TestGraph();
        graph.Check(graph.Op("LpNormalization", [graph.Input(0.1, 1, 2, 5)], ("p", 1L), ("axis", 1L)));
    }

    [Theory]
    [InlineData(11)]
    [InlineData(14)]
    [InlineData(18)]
    public void BatchNormalizationOverTheBatchItself(int opset)
    {
        // As some networks standardise the weights of their convolutions. Before opset 14 the five outputs said so.
        var graph = new TestGraph(opset, OnnxType.Single) { Tolerance = 1e-2 };
        string[] inputs = [graph.Input(3, 2, 4), graph.Weight(0.5, 2, 2), graph.Weight(2), graph.Constant([0, 0], 2), graph.Constant([1, 1], 2)];
        (string, object)[] attributes = opset < 14 ? [("epsilon", 1e-2f)] : [("epsilon", 1e-2f), ("training_mode", 1L)];
        string y = graph.Ops("BatchNormalization", inputs, opset < 14 ? 5 : 3, attributes)[0];
        GradientGraph built = graph.Check(graph.Op("Mul", y, graph.Op("Sigmoid", y)));
        Assert.False(built.Operators().ContainsKey("BatchNormalization"));
    }

    [Theory]
    [InlineData(11, 1)]
    [InlineData(11, 2)]
    [InlineData(13, 1)]
    public void TheHardMaximumIsFlat(int opset, long axis)
    {
        var graph = new TestGraph(opset, OnnxType.Single);
        string x = graph.Input(2, 3, 4);
        graph.Check(graph.Op("Mul", graph.Op("Hardmax", [x], ("axis", axis)), graph.Op("Mul", x, x)));
    }

    [Theory]
    [InlineData("Softmax", 11, 1)]
    [InlineData("Softmax", 12, 2)]
    [InlineData("Softmax", 12, -2)]
    [InlineData("Softmax", 13, 1)]
    [InlineData("Softmax", 17, -1)]
    [InlineData("LogSoftmax", 11, 1)]
    [InlineData("LogSoftmax", 17, 0)]
    public void SoftmaxBeforeAndAfterOpset13(string op, int opset, int axis)
    {
        var graph = new TestGraph(opset);
        graph.Check(graph.Op(op, [graph.Input(2, 3, 4)], ("axis", (long)axis)));
    }

    [Theory]
    [InlineData("ReduceSum")]
    [InlineData("ReduceMean")]
    [InlineData("ReduceMax")]
    [InlineData("ReduceMin")]
    [InlineData("ReduceSumSquare")]
    [InlineData("ReduceL1")]
    [InlineData("ReduceL2")]
    [InlineData("ReduceLogSum")]
    [InlineData("ReduceLogSumExp")]
    [InlineData("ReduceProd")]
    public void Reductions(string op)
    {
        foreach (long keep in (long[])[0, 1])
        {
            foreach (long[]? axes in (long[]?[])[[1], [-1], [1, 2], [0], [0, 2], null])
            {
                foreach (int opset in (int[])[11, 13, 18])
                {
                    var graph = new TestGraph(opset);
                    string x = graph.Input(0.3, 2, 2, 3, 4);
                    bool asInput = opset >= (op == "ReduceSum" ? 13 : 18);
                    string y = axes is null ? graph.Op(op, [x], ("keepdims", keep))
                        : asInput ? graph.Op(op, [x, graph.Ints(axes)], ("keepdims", keep))
                        : graph.Op(op, [x], ("axes", axes), ("keepdims", keep));
                    graph.Check(y);
                }
            }
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    public void CumulativeSums(long exclusive, long reverse)
    {
        var graph = new TestGraph();
        graph.Check(graph.Op("CumSum", [graph.Input(2, 5), graph.IntTensor([1])], ("exclusive", exclusive), ("reverse", reverse)));
    }

    [Theory]
    [InlineData(2, 2, 0, 0, 0)]
    [InlineData(3, 2, 1, 1, 0)]
    [InlineData(3, 1, 0, 0, 0)]
    [InlineData(3, 2, 0, 0, 1)]
    [InlineData(2, 3, 0, 1, 0)]
    public void Pools(int kernel, int stride, int begin, int end, int ceil)
    {
        (string, object)[] shape =
        [
            ("kernel_shape", (long[])[kernel, kernel]), ("strides", (long[])[stride, stride]), ("pads", (long[])[begin, begin, end, end]),
            ("ceil_mode", (long)ceil),
        ];
        var graph = new TestGraph();
        graph.Check(graph.Op("MaxPool", [graph.Input(2, 3, 7, 8)], shape));
        foreach (long include in (long[])[0, 1])
        {
            graph = new TestGraph(type: OnnxType.Single) { Step = 0.5, Tolerance = 1e-4 };
            graph.Check(graph.Op("AveragePool", [graph.Input(2, 3, 7, 8)], [.. shape, ("count_include_pad", include)]));
        }
    }

    [Fact]
    public void MaximaNumberedByColumns()
    {
        var graph = new TestGraph();
        graph.Check(graph.Ops(
            "MaxPool", [graph.Input(2, 3, 4, 6)], 2, ("kernel_shape", (long[])[2, 2]), ("strides", (long[])[2, 2]), ("storage_order", 1L))[0]);
    }

    [Theory]
    [InlineData("SAME_UPPER")]
    [InlineData("SAME_LOWER")]
    public void PoolsWithAutomaticPadding(string mode)
    {
        var graph = new TestGraph(type: OnnxType.Single) { Step = 0.5, Tolerance = 1e-4 };
        graph.Check(graph.Op("AveragePool", [graph.Input(2, 3, 7, 8)], ("kernel_shape", (long[])[3, 2]), ("strides", (long[])[2, 2]), ("auto_pad", mode)));
    }

    [Fact]
    public void GlobalPools()
    {
        var graph = new TestGraph(type: OnnxType.Single) { Step = 0.5, Tolerance = 1e-4 };
        graph.Check(graph.Op("GlobalAveragePool", graph.Input(2, 3, 4, 5)));
        graph = new TestGraph(type: OnnxType.Single) { Step = 1e-3, Tolerance = 1e-3 };
        graph.Check(graph.Op("GlobalMaxPool", graph.Input(2, 3, 4, 5)));
    }

    [Fact]
    public void ShapesChange()
    {
        foreach (int opset in (int[])[11, 14])
        {
            var graph = new TestGraph(opset);
            string x = graph.Op("Mul", graph.Input(2, 3, 4), graph.Weight(3, 4));
            x = graph.Op("Reshape", x, graph.Ints(0, -1));
            x = opset < 13 ? graph.Op("Unsqueeze", [x], ("axes", (long[])[0, -1])) : graph.Op("Unsqueeze", x, graph.Ints(0, -1));
            x = opset < 13 ? graph.Op("Squeeze", [x], ("axes", (long[])[0])) : graph.Op("Squeeze", x, graph.Ints(0));
            x = graph.Op("Flatten", [x], ("axis", 2L));
            x = graph.Op("Transpose", x);
            graph.Check(graph.Op("Mul", x, x));
        }

        var turned = new TestGraph();
        string z = turned.Op("Transpose", [turned.Input(2, 3, 4, 5)], ("perm", (long[])[2, 0, 3, 1]));
        turned.Check(turned.Op("Mul", z, z));
        var expanded = new TestGraph();
        expanded.Check(expanded.Op("Expand", expanded.Input(2, 1, 4), expanded.Ints(5, 1, 3, 1)));
        expanded = new TestGraph();
        string shape = expanded.Op("Shape", expanded.Input(2, 3));
        expanded.Check(expanded.Op("Expand", expanded.Op("Mul", expanded.Weight(3), expanded.Weight(3)), shape), dependsOnInput: false);
        var tiled = new TestGraph();
        tiled.Check(tiled.Op("Tile", tiled.Input(2, 3), tiled.Ints(2, 3)));

        // A learned query repeated for every item, as attention pooling has it.
        tiled = new TestGraph();
        string items = tiled.Op("Gather", tiled.Op("Shape", tiled.Input(2, 6)), tiled.Ints(0));
        string queries = tiled.Op("Tile", tiled.Weight(1, 2, 3), tiled.Op("Concat", [items, tiled.Ints(1, 2)], ("axis", 0L)));
        tiled.Check(tiled.Op("Mul", tiled.Op("Reshape", queries, tiled.Ints(-1, 2, 6)), tiled.Op("Unsqueeze", "x", tiled.Ints(1))));
    }

    [Fact]
    public void SplitAndConcat()
    {
        foreach (int opset in (int[])[11, 13, 18])
        {
            var graph = new TestGraph(opset);
            string x = graph.Input(2, 6);
            string[] parts = opset < 13
            ? graph.Ops("Split", [x], 3, ("axis", 1L), ("split", (long[])[1, 3, 2]))
            : graph.Ops("Split", [x, graph.Ints(1, 3, 2)], 3, ("axis", 1L));
            string y = graph.Op("Concat", [graph.Op("Mul", parts[1], parts[1]), graph.Weight(2, 2), parts[0]], ("axis", -1L));
            graph.Check(y, batchIsFixed: true);
        }

        // Equal parts without sizes, and the symbolic dimension joined.
        var equal = new TestGraph(14);
        string[] halves = equal.Ops("Split", [equal.Input(2, 6)], 2, ("axis", 1L));
        equal.Check(equal.Op("Concat", [halves[1], equal.Weight(3, 3), halves[0]], ("axis", 0L)));
    }

    [Fact]
    public void Slices()
    {
        foreach ((long[] starts, long[] ends, long[] axes, long[] steps) in ((long[], long[], long[], long[])[])
            [([1], [3], [1], [1]), ([-3], [-1], [-1], [1]), ([1, 0], [99, 2], [2, 1], [1, 1]), ([0], [99], [2], [2]),
            ([-1], [-99], [2], [-1]), ([4, 1], [0, 3], [2, 1], [-2, 1]), ([1], [99], [0], [1]), ([-1], [99], [0], [1])])
        {
            var graph = new TestGraph();
            string x = graph.Input(2, 3, 5);
            string y = graph.Op("Slice", x, graph.Ints(starts), graph.Ints(ends), graph.Ints(axes), graph.Ints(steps));
            graph.Check(graph.Op("Mul", y, y));
        }

        // Ends computed from the shape.
        var measured = new TestGraph();
        string input = measured.Input(4, 5);
        string half = measured.Op("Div", measured.Op("Shape", input), measured.Ints(2));
        measured.Check(measured.Op("Slice", input, measured.Ints(0, 0), half));
    }

    [Fact]
    public void Pads()
    {
        var graph = new TestGraph();
        graph.Check(graph.Op("Pad", graph.Input(2, 3, 4), graph.Ints(0, 1, 2, 0, 0, 1)));
        graph = new TestGraph();
        graph.Check(graph.Op("Pad", graph.Input(2, 3, 4), graph.Ints(0, -1, 2, 0, 1, -2), graph.Scalar(3)));
        graph = new TestGraph(18);
        graph.Check(graph.Op("Pad", graph.Input(2, 3, 4), graph.Ints(1, 2), string.Empty, graph.Ints(2)));
    }

    [Theory]
    [InlineData("reflect", 13)]
    [InlineData("edge", 13)]
    [InlineData("edge", 18)]
    [InlineData("wrap", 19)]
    public void PadsFromWithin(string mode, int opset)
    {
        var graph = new TestGraph(opset);
        graph.Check(graph.Op("Pad", [graph.Input(2, 3, 4), graph.Ints(0, 1, 2, 0, 2, 3)], ("mode", mode)));
        if (opset >= 18)
        {
            graph = new TestGraph(opset);
            graph.Check(graph.Op("Pad", [graph.Input(2, 3, 4), graph.Ints(1, 2), string.Empty, graph.Ints(-1)], ("mode", mode)));
        }
    }

    [Fact]
    public void Scatters()
    {
        foreach (string reduction in (string[])["none", "add"])
        {
            var graph = new TestGraph(16);
            graph.Check(
                graph.Op(
                    "ScatterElements",
                    [graph.Input(2, 4), graph.IntTensor([3, 0, -3, 2], 2, 2), graph.Weight(2, 2)],
                    ("axis", 1L),
                    ("reduction", reduction)),
                batchIsFixed: true);
            graph = new TestGraph(16);
            graph.Check(
                graph.Op("ScatterND", [graph.Input(2, 3, 2), graph.IntTensor([0, 2, 1, 0], 2, 2), graph.Weight(2, 2)], ("reduction", reduction)),
                batchIsFixed: true);
        }

        var refused = new TestGraph(16);
        string y = refused.Op("ScatterND", [refused.Input(2, 3), refused.IntTensor([0], 1, 1), refused.Weight(1, 3)], ("reduction", "mul"));
        QosValuationException error = Assert.Throws<QosValuationException>(() => refused.Check(y));
        Assert.Contains("reduction is mul", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LargestElementsAndTriangles()
    {
        var graph = new TestGraph();
        graph.Check(graph.Ops("TopK", [graph.Input(3, 5), graph.Ints(2)], 2, ("axis", -1L))[0]);
        graph = new TestGraph();
        graph.Check(graph.Ops("TopK", [graph.Input(3, 5, 2), graph.Ints(3)], 2, ("axis", 1L), ("largest", 0L))[0]);
        foreach (long upper in (long[])[0, 1])
        {
            graph = new TestGraph();
            graph.Check(graph.Op("Trilu", [graph.Input(2, 3, 4)], ("upper", upper)));
            graph = new TestGraph();
            graph.Check(graph.Op("Trilu", [graph.Input(2, 3, 4), graph.IntTensor([1])], ("upper", upper)));
        }
    }

    [Fact]
    public void Gathers()
    {
        foreach ((long[] indices, long[] shape, long axis) in ((long[], long[], long)[])
            [([0], [], 1), ([-1], [], 1), ([2], [1], 1), ([1, 2], [2], 1), ([2, 0, 2], [3], 1), ([0, 3, 3, 1], [2, 2], 2),
            ([0, 1, 2, 3], [2, 2], 2), ([-1, 0, -1], [3], 2), ([0, 0], [2], 0)])
        {
            var graph = new TestGraph();
            string y = graph.Op("Gather", [graph.Input(2, 3, 4), graph.IntTensor(indices, shape)], ("axis", axis));
            graph.Check(graph.Op("Mul", y, y));
        }

        var elements = new TestGraph();
        elements.Check(elements.Op("GatherElements", [elements.Input(2, 3), elements.IntTensor([0, 2, 2, -1, 1, 0, 0, 0], 2, 4)], ("axis", 1L)));
        var tuples = new TestGraph();
        string gathered = tuples.Op("GatherND", tuples.Input(2, 3, 4), tuples.IntTensor([0, 1, 1, 2, 0, 1, -1, -1], 4, 2));
        tuples.Check(tuples.Op("Mul", gathered, gathered));
        var table = new TestGraph();
        string rows = table.Op("Gather", table.Weight(5, 3), table.IntTensor([4, 1, 1, 0], 2, 2));
        table.Check(table.Op("Mul", rows, table.Op("Unsqueeze", table.Input(2, 3), table.Ints(1))), batchIsFixed: true);
    }

    [Theory]
    [InlineData("linear", 5)]
    [InlineData("cubic", 9)]
    [InlineData("nearest", 8)]
    [InlineData("linear", 2)]
    public void Resizes(string mode, long size)
    {
        var graph = new TestGraph(type: OnnxType.Single) { Step = 0.5, Tolerance = 1e-4 };
        string y = graph.Op("Resize", [graph.Input(2, 3, 4, 4), string.Empty, string.Empty, graph.Ints(2, 3, size, 4)], ("mode", mode));
        graph.Check(y, batchIsFixed: true);
    }

    [Theory]
    [InlineData("linear", 13, 1.3)]
    [InlineData("cubic", 13, 0.7)]
    [InlineData("linear", 18, 1.5)]
    public void ResizesByScalesThatAreNotQuotientsOfTheSizes(string mode, int opset, double scale)
    {
        var graph = new TestGraph(opset, OnnxType.Single) { Step = 0.5, Tolerance = 1e-4 };
        graph.Check(graph.Op("Resize", [graph.Input(2, 3, 5, 7), string.Empty, graph.FloatConstant(1, 1, scale, scale)], ("mode", mode)));
        if (opset >= 18)
        {
            graph = new TestGraph(opset, OnnxType.Single) { Step = 0.5, Tolerance = 1e-4 };
            graph.Check(graph.Op("Resize", [graph.Input(2, 3, 5, 7), string.Empty, graph.FloatConstant(scale)], ("mode", mode), ("axes", (long[])[-1])));
        }
    }

    [Fact]
    public void ResizesThatSmooth()
    {
        foreach (string mode in (string[])["linear", "cubic"])
        {
            var graph = new TestGraph(18, OnnxType.Single) { Step = 0.5, Tolerance = 1e-4 };
            graph.Check(
                graph.Op("Resize", [graph.Input(2, 3, 6, 7), string.Empty, string.Empty, graph.Ints(2, 3, 3, 4)], ("mode", mode), ("antialias", 1L)),
                batchIsFixed: true);
        }
    }

    [Fact]
    public void DepthAndSpace()
    {
        var graph = new TestGraph(type: OnnxType.Single) { Step = 0.5, Tolerance = 1e-4 };
        graph.Check(graph.Op("DepthToSpace", [graph.Input(2, 8, 3, 2)], ("blocksize", 2L)));
        graph = new TestGraph(type: OnnxType.Single) { Step = 0.5, Tolerance = 1e-4 };
        graph.Check(graph.Op("DepthToSpace", [graph.Input(2, 8, 3, 2)], ("blocksize", 2L), ("mode", "CRD")));
        graph = new TestGraph(type: OnnxType.Single) { Step = 0.5, Tolerance = 1e-4 };
        graph.Check(graph.Op("SpaceToDepth", [graph.Input(2, 2, 4, 6)], ("blocksize", 2L)));
    }

    [Fact]
    public void CastsAndDropoutPassTheCotangent()
    {
        var graph = new TestGraph(type: OnnxType.Single);
        string wide = graph.Op("Cast", [graph.Input(2, 3)], ("to", (long)OnnxType.Double));
        string back = graph.Op("Cast", [graph.Op("Mul", wide, wide)], ("to", (long)OnnxType.Single));
        graph.Check(graph.Op("Dropout", back));

        // Written after the type of another value, and with a mask that nobody reads.
        graph = new TestGraph(type: OnnxType.Single);
        string like = graph.Op("CastLike", graph.Input(2, 3), graph.Op("Cast", [graph.FloatConstant(1)], ("to", (long)OnnxType.Double)));
        graph.Check(graph.Ops("Dropout", [graph.Op("CastLike", graph.Op("Mul", like, like), "x")], 2)[0]);
        graph = new TestGraph(11, OnnxType.Single);
        graph.Check(graph.Ops("Dropout", [graph.Input(2, 3)], 2, ("ratio", 0.3f))[0]);
    }

    [Fact]
    public void ProductsWithZerosAmongTheFactorsAndTheNormOfNothing()
    {
        var graph = new TestGraph(18);
        graph.Check(
            graph.Op(
                "ReduceProd",
                graph.Op("Mul", graph.Input(0.5, 1, 4, 4), graph.Constant([0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 0], 4, 4)),
                graph.Ints(1)),
            batchIsFixed: true);
        graph = new TestGraph(18);
        graph.Check(graph.Op("ReduceL2", graph.Op("Mul", graph.Input(2, 3), graph.Constant([0, 0, 0, 1, 1, 1], 2, 3)), graph.Ints(1)), batchIsFixed: true);
    }
}
