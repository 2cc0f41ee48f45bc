using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <summary>
/// The vector-Jacobian product of every supported operator: given the cotangent of the outputs, the cotangents of the
/// inputs, in standard operators. A rule is a few lines over the node's own values; what it may assume of the graph is
/// in <see cref="GraphNormalizer"/>.
/// </summary>
internal static partial class GradientRules
{
    /// <summary>The rules by operator.</summary>
    public static IReadOnlyDictionary<string, Action<RuleContext>> All { get; } = new Dictionary<string, Action<RuleContext>>(StringComparer.Ordinal)
    {
        // Elementwise, with broadcasting.
        ["Add"] = Add,
        ["Sub"] = Subtract,
        ["Mul"] = Multiply,
        ["Div"] = Divide,
        ["Pow"] = Power,
        ["Sum"] = Sum,
        ["Min"] = Extremum,
        ["Max"] = Extremum,
        ["Where"] = Where,
        ["Clip"] = Clip,
        ["PRelu"] = ParametricRelu,

        // Elementwise, one operand.
        ["Identity"] = c => c.Give(0, c.Gradient),
        ["Cast"] = Cast,
        ["Neg"] = c => c.Give(0, c.Op("Neg", c.Gradient)),
        ["Abs"] = c => c.Give(0, c.Op("Mul", c.Gradient, c.Op("Sign", c.X))),
        ["Sqrt"] = c => c.Give(0, c.Op("Div", c.Scale(c.Gradient, 0.5), c.Y)),
        ["Reciprocal"] = c => c.Give(0, c.Op("Neg", c.Op("Mul", c.Gradient, c.Op("Mul", c.Y, c.Y)))),
        ["Exp"] = c => c.Give(0, c.Op("Mul", c.Gradient, c.Y)),
        ["Log"] = c => c.Give(0, c.Op("Div", c.Gradient, c.X)),
        ["Sin"] = c => c.Give(0, c.Op("Mul", c.Gradient, c.Op("Cos", c.X))),
        ["Cos"] = c => c.Give(0, c.Op("Neg", c.Op("Mul", c.Gradient, c.Op("Sin", c.X)))),
        ["Tan"] = c => c.Give(0, c.Op("Mul", c.Gradient, c.Op("Add", c.Scalar(1), c.Op("Mul", c.Y, c.Y)))),
        ["Asin"] = c => c.Give(0, ArcSlope(c)),
        ["Acos"] = c => c.Give(0, c.Op("Neg", ArcSlope(c))),
        ["Atan"] = c => c.Give(0, c.Op("Div", c.Gradient, c.Op("Add", c.Scalar(1), c.Op("Mul", c.X, c.X)))),
        ["Sinh"] = c => c.Give(0, c.Op("Mul", c.Gradient, c.Op("Cosh", c.X))),
        ["Cosh"] = c => c.Give(0, c.Op("Mul", c.Gradient, c.Op("Sinh", c.X))),
        ["Erf"] = ErrorFunction,
        ["Tanh"] = c => c.Give(0, c.Op("Mul", c.Gradient, c.Op("Sub", c.Scalar(1), c.Op("Mul", c.Y, c.Y)))),
        ["Sigmoid"] = c => c.Give(0, c.Op("Mul", c.Gradient, c.Op("Mul", c.Y, c.Op("Sub", c.Scalar(1), c.Y)))),
        ["Softplus"] = c => c.Give(0, c.Op("Mul", c.Gradient, c.Op("Sigmoid", c.X))),
        ["Softsign"] = Softsign,
        ["Relu"] = c => c.Give(0, c.Op("Where", c.Op("Greater", c.Y, c.Scalar(0)), c.Gradient, c.Scalar(0))),
        ["LeakyRelu"] = LeakyRelu,
        ["Elu"] = Elu,
        ["ThresholdedRelu"] = ThresholdedRelu,
        ["Shrink"] = Shrink,
        ["Dropout"] = c => throw c.Refuse("it drops values at random; export the model for inference"),

        // Products.
        ["MatMul"] = MatrixMultiply,
        ["Gemm"] = GeneralMultiply,
        ["Einsum"] = Einsum,
        ["Conv"] = Convolution,
        ["ConvTranspose"] = TransposedConvolution,

        // Normalisation.
        ["LayerNormalization"] = LayerNormalization,
        ["BatchNormalization"] = BatchNormalization,
        ["InstanceNormalization"] = InstanceNormalization,
        ["Softmax"] = Softmax,
        ["LogSoftmax"] = LogSoftmax,

        // Reductions.
        ["ReduceSum"] = c => Reduction(c, static (c, g, _) => g),
        ["ReduceMean"] = ReduceMean,
        ["ReduceSumSquare"] = c => Reduction(c, static (c, g, _) => c.Op("Mul", c.Scale(g, 2), c.X)),
        ["ReduceL1"] = c => Reduction(c, static (c, g, _) => c.Op("Mul", g, c.Op("Sign", c.X))),
        ["ReduceL2"] = ReduceL2,
        ["ReduceLogSum"] = c => Reduction(c, static (c, g, y) => c.Op("Div", g, c.Op("Exp", y))),
        ["ReduceLogSumExp"] = c => Reduction(c, static (c, g, y) => c.Op("Mul", g, c.Op("Exp", c.Op("Sub", c.X, y)))),
        ["ReduceMax"] = ReduceExtremum,
        ["ReduceMin"] = ReduceExtremum,
        ["ReduceProd"] = ReduceProduct,
        ["CumSum"] = CumulativeSum,

        // Pooling.
        ["MaxPool"] = MaxPool,
        ["AveragePool"] = AveragePool,
        ["GlobalAveragePool"] = GlobalAveragePool,
        ["GlobalMaxPool"] = GlobalMaxPool,

        // Moving values about.
        ["Reshape"] = c => c.Give(0, c.ReshapeLike(c.Gradient, c.X)),
        ["Flatten"] = c => c.Give(0, c.ReshapeLike(c.Gradient, c.X)),
        ["Squeeze"] = c => c.Give(0, c.ReshapeLike(c.Gradient, c.X)),
        ["Unsqueeze"] = c => c.Give(0, c.ReshapeLike(c.Gradient, c.X)),
        ["Transpose"] = Transpose,
        ["Expand"] = c => c.Give(0, c.UnbroadcastTo(0, c.Gradient)),
        ["Tile"] = Tile,
        ["Concat"] = Concat,
        ["Split"] = Split,
        ["Slice"] = Slice,
        ["Pad"] = Pad,
        ["Gather"] = Gather,
        ["GatherElements"] = GatherElements,
        ["GatherND"] = GatherND,
        ["ScatterElements"] = c => ScatterBack(c, "GatherElements", ("axis", c.Node.Int("axis", 0))),
        ["ScatterND"] = c => ScatterBack(c, "GatherND"),
        ["TopK"] = TopK,
        ["Trilu"] = Trilu,
        ["Resize"] = Resize,
        ["DepthToSpace"] = DepthToSpace,
        ["SpaceToDepth"] = SpaceToDepth,
    };
}
