using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <summary>What a differentiation rule sees: one node, the cotangents of its outputs, and the graph to emit into.</summary>
internal sealed class RuleContext(GradientBuilder builder, NodeProto node)
{
    private string? _gradient;

    /// <summary>The node to reverse.</summary>
    public NodeProto Node => node;

    /// <summary>The graph to emit into.</summary>
    public OnnxGraph G => builder.Graph;

    /// <summary>The first input.</summary>
    public string X => node.Input[0];

    /// <summary>The first output.</summary>
    public string Y => node.Output[0];

    /// <summary>The element type of the first output.</summary>
    public int Type => G.TypeOf(Y);

    /// <summary>The cotangent of the first output; a rule runs where there is one, save for Split, which asks for each.</summary>
    public string Gradient => _gradient ??= builder.Total(Y)!;

    /// <summary>The cotangent of an output, or null where nothing depends on it.</summary>
    public string? GradientOf(int output) => node.Out(output).Length == 0 ? null : builder.Total(node.Output[output]);

    /// <summary>Whether the gradient of an input is wanted.</summary>
    public bool Needs(int input) => node.In(input).Length > 0 && builder.IsNeeded(node.Input[input]);

    /// <summary>Adds to the gradient of an input.</summary>
    public void Give(int input, string gradient) => builder.Add(node.Input[input], gradient);

    /// <summary>Adds to the gradient of any value: for rules that see through several nodes.</summary>
    public void GiveTo(string name, string gradient) => builder.Add(name, gradient);

    /// <summary>Whether the gradient of a value is wanted.</summary>
    public bool NeedsValue(string name) => builder.IsNeeded(name);

    /// <summary>The node that made a value.</summary>
    public NodeProto? Producer(string name) => builder.Producer(name);

    /// <summary>The measured shape of a forward value.</summary>
    public MeasuredShape Shape(string name) =>
        G.Shapes.TryGetValue(name, out MeasuredShape? shape) ? shape : throw Refuse("the shape of " + name + " is not known");

    /// <summary>The error for this node.</summary>
    public QosValuationException Refuse(string reason) => GradientBuilder.NotSupported(node, reason);

    /// <summary>An axis attribute, counted from the front.</summary>
    public int Axis(string value, long axis)
    {
        int rank = Shape(value).Rank;
        return (int)(axis < 0 ? axis + rank : axis);
    }

    /// <summary>The size of a dimension that must be constant.</summary>
    public long Size(string value, int dimension) =>
        Shape(value).At(dimension) ?? throw Refuse($"dimension {dimension} of {value} is not fixed; fix the input's size");

    /// <summary>Sums a gradient over the dimensions along which its operand was broadcast.</summary>
    /// <param name="gradient">A gradient of shape <paramref name="from"/>.</param>
    /// <param name="from">The broadcast shape.</param>
    /// <param name="to">The operand's shape.</param>
    /// <returns>A gradient of shape <paramref name="to"/>.</returns>
    public string Unbroadcast(string gradient, MeasuredShape from, MeasuredShape to)
    {
        int lead = from.Rank - to.Rank;
        var axes = new List<long>();
        for (int d = 0; d < from.Rank; d++)
        {
            if (d < lead || (to.IsOneAt(d - lead) && !from.IsOneAt(d)))
            {
                axes.Add(d);
            }
            else if (!from.SameAt(d, to, d - lead))
            {
                throw Refuse($"whether dimension {d - lead} is broadcast depends on the input's size ({to} to {from}); fix that size");
            }
        }

        if (axes.Count == 0)
        {
            return gradient;
        }

        string sum = G.Op("ReduceSum", [gradient, G.Int64([.. axes])], ("keepdims", 1L));
        return lead == 0 ? sum : G.Op("Squeeze", sum, G.Int64([.. Enumerable.Range(0, lead).Select(d => (long)d)]));
    }

    /// <summary>Sums a gradient of the output's shape to an input's shape.</summary>
    public string UnbroadcastTo(int input, string gradient) => Unbroadcast(gradient, Shape(Y), Shape(node.Input[input]));

    /// <summary>A shape tensor: constant where it can be, else measured at run time.</summary>
    public string ShapeTensor(string value)
    {
        MeasuredShape shape = Shape(value);
        return shape.IsConstant ? G.Int64(shape.Constants) : G.Op("Shape", value);
    }

    /// <summary>Reshapes a gradient to the shape of a forward value.</summary>
    public string ReshapeLike(string gradient, string value) =>
        G.Op("Reshape", gradient, Shape(value).AsReshapeTarget() is long[] target ? G.Int64(target) : G.Op("Shape", value));

    /// <summary>Repeats a gradient along dimensions where it has size 1 so that it has the shape of a forward value.</summary>
    /// <param name="gradient">The gradient, of the value's rank.</param>
    /// <param name="value">The forward value.</param>
    /// <param name="axes">The dimensions where the gradient has size 1.</param>
    public string ExpandLike(string gradient, string value, IReadOnlyCollection<int> axes)
    {
        MeasuredShape shape = Shape(value);
        if (axes.All(d => shape.At(d) is not null))
        {
            if (axes.All(shape.IsOneAt))
            {
                return gradient;
            }

            long[] target = new long[shape.Rank];
            for (int d = 0; d < target.Length; d++)
            {
                target[d] = axes.Contains(d) ? shape.At(d)!.Value : 1;
            }

            return G.Op("Expand", gradient, G.Int64(target));
        }

        return G.Op("Expand", gradient, G.Op("Shape", value));
    }

    /// <summary>Zeros in the shape of a forward value.</summary>
    public string ZerosLike(string value) =>
        G.Op("ConstantOfShape", [ShapeTensor(value)], ("value", OnnxExtensions.FloatTensor("zero", G.TypeOf(value), [0], 1)));

    /// <summary>A dimension of a forward value as a tensor of one integer.</summary>
    public string SizeTensor(string value, int dimension) => Shape(value).At(dimension) is long size
        ? G.Int64(size)
        : G.Op("Gather", G.Op("Shape", value), G.Int64(dimension));

    /// <summary>A constant of rank 0 in the output's type.</summary>
    public string Scalar(double value) => G.Scalar(value, Type);

    /// <summary>Applies an operator without attributes.</summary>
    public string Op(string type, params string[] inputs) => G.Op(type, inputs);

    /// <summary>Multiplies by a constant; by 1 nothing is emitted.</summary>
    public string Scale(string value, double factor) => factor == 1 ? value : Op("Mul", value, Scalar(factor));

    /// <summary>A boolean as 0 or 1 in the output's type.</summary>
    public string Indicator(string condition) => G.Op("Cast", [condition], ("to", (long)Type));

    /// <summary>The values of a constant input as integers.</summary>
    public long[] ConstantInts(int input, string what) =>
        G.ConstantInts(node.In(input)) ?? throw Refuse("its " + what + " is computed from the data");
}
