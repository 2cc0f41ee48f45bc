using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <content>Elementwise operators.</content>
internal static partial class GradientRules
{
    private static void Add(RuleContext c)
    {
        for (int i = 0; i < 2; i++)
        {
            if (c.Needs(i))
            {
                c.Give(i, c.UnbroadcastTo(i, c.Gradient));
            }
        }
    }

    private static void Subtract(RuleContext c)
    {
        if (c.Needs(0))
        {
            c.Give(0, c.UnbroadcastTo(0, c.Gradient));
        }

        if (c.Needs(1))
        {
            c.Give(1, c.Op("Neg", c.UnbroadcastTo(1, c.Gradient)));
        }
    }

    private static void Sum(RuleContext c)
    {
        for (int i = 0; i < c.Node.Input.Count; i++)
        {
            if (c.Needs(i))
            {
                c.Give(i, c.UnbroadcastTo(i, c.Gradient));
            }
        }
    }

    private static void Multiply(RuleContext c)
    {
        if (GatedSigmoid(c) || GatedError(c))
        {
            return;
        }

        for (int i = 0; i < 2; i++)
        {
            if (c.Needs(i))
            {
                c.Give(i, c.UnbroadcastTo(i, c.Op("Mul", c.Gradient, c.Node.Input[1 - i])));
            }
        }
    }

    /// <summary>
    /// y = x·σ(kx) (SiLU; QuickGELU with k = 1.702) in one step: dy/dx = s + kx·s·(1 − s), five passes over memory
    /// where operator by operator there are seven.
    /// </summary>
    private static bool GatedSigmoid(RuleContext c)
    {
        for (int i = 0; i < 2; i++)
        {
            string x = c.Node.Input[i];
            string s = c.Node.Input[1 - i];
            if (c.Producer(s) is not { OpType: "Sigmoid" } sigmoid || !c.NeedsValue(x) || !c.Shape(x).SameAs(c.Shape(s)))
            {
                continue;
            }

            string scaled = sigmoid.Input[0];
            if (scaled != x && !IsScaling(c, c.Producer(scaled), x))
            {
                continue;
            }

            string tail = c.Op("Mul", c.Op("Mul", scaled, s), c.Op("Sub", c.Scalar(1), s));
            c.GiveTo(x, c.Op("Mul", c.Gradient, c.Op("Add", s, tail)));
            return true;
        }

        return false;
    }

    /// <summary>
    /// y = x·(1 + erf(u)) with u = x/√2 (twice the Gaussian error linear unit): dy/dx = (1 + erf u) + x·√(2/π)·e^(−u²).
    /// </summary>
    private static bool GatedError(RuleContext c)
    {
        for (int i = 0; i < 2; i++)
        {
            string x = c.Node.Input[i];
            string gate = c.Node.Input[1 - i];
            if (c.Producer(gate) is not { OpType: "Add" } add || !c.NeedsValue(x) || !c.Shape(x).SameAs(c.Shape(gate)))
            {
                continue;
            }

            string erf = c.G.ConstantScalar(add.Input[0]) == 1 ? add.Input[1] : c.G.ConstantScalar(add.Input[1]) == 1 ? add.Input[0] : string.Empty;
            if (c.Producer(erf) is not { OpType: "Erf" } error || c.Producer(error.Input[0]) is not NodeProto scaling || !IsScaling(c, scaling, x))
            {
                continue;
            }

            double factor = scaling.OpType == "Div"
                ? 1 / c.G.ConstantScalar(scaling.Input[1])!.Value
                : (c.G.ConstantScalar(scaling.Input[0]) ?? c.G.ConstantScalar(scaling.Input[1]))!.Value;
            string u = error.Input[0];
            string density = c.Op("Exp", c.Op("Sub", c.Scalar(Math.Log(2 * factor / Math.Sqrt(Math.PI))), c.Op("Mul", u, u)));
            c.GiveTo(x, c.Op("Mul", c.Gradient, c.Op("Add", gate, c.Op("Mul", x, density))));
            return true;
        }

        return false;
    }

    /// <summary>Whether a node is x times or divided by a positive constant.</summary>
    private static bool IsScaling(RuleContext c, NodeProto? node, string x) => node switch
    {
        { OpType: "Mul" } => (node.Input[0] == x && c.G.ConstantScalar(node.Input[1]) > 0) || (node.Input[1] == x && c.G.ConstantScalar(node.Input[0]) > 0),
        { OpType: "Div" } => node.Input[0] == x && c.G.ConstantScalar(node.Input[1]) > 0,
        _ => false,
    };

    private static void Divide(RuleContext c)
    {
        string quotient = c.Op("Div", c.Gradient, c.Node.Input[1]);
        if (c.Needs(0))
        {
            c.Give(0, c.UnbroadcastTo(0, quotient));
        }

        if (c.Needs(1))
        {
            c.Give(1, c.Op("Neg", c.UnbroadcastTo(1, c.Op("Mul", quotient, c.Y))));
        }
    }

    private static void Power(RuleContext c)
    {
        string exponent = c.Node.Input[1];
        double? constant = c.G.ConstantScalar(exponent);
        if (c.Needs(0))
        {
            string slope = constant switch
            {
                2 => c.Scale(c.X, 2),
                1 => string.Empty,
                0.5 => c.Op("Div", c.Scalar(0.5), c.Y),
                double p => c.Scale(c.Op("Pow", c.X, c.Scalar(p - 1)), p),
                null => c.Op("Mul", Floating(c, exponent), c.Op("Pow", c.X, c.Op("Sub", Floating(c, exponent), c.Scalar(1)))),
            };
            c.Give(0, c.UnbroadcastTo(0, slope.Length == 0 ? c.Gradient : c.Op("Mul", c.Gradient, slope)));
        }

        if (c.Needs(1))
        {
            c.Give(1, c.UnbroadcastTo(1, c.Op("Mul", c.Gradient, c.Op("Mul", c.Y, c.Op("Log", c.X)))));
        }
    }

    private static string Floating(RuleContext c, string value) =>
        c.G.TypeOf(value) == c.Type ? value : c.G.Op("Cast", [value], ("to", (long)c.Type));

    private static void Extremum(RuleContext c)
    {
        // Where several operands attain the extremum the cotangent is shared equally.
        int count = c.Node.Input.Count;
        string[] attained = [.. c.Node.Input.Select(input => c.Indicator(c.Op("Equal", input, c.Y)))];
        string share = count == 1 ? c.Gradient : c.Op("Div", c.Gradient, c.G.Op("Sum", attained));
        for (int i = 0; i < count; i++)
        {
            if (c.Needs(i))
            {
                c.Give(i, c.UnbroadcastTo(i, c.Op("Mul", share, attained[i])));
            }
        }
    }

    private static void Where(RuleContext c)
    {
        string condition = c.Node.Input[0];
        if (c.Needs(1))
        {
            c.Give(1, c.UnbroadcastTo(1, c.Op("Where", condition, c.Gradient, c.Scalar(0))));
        }

        if (c.Needs(2))
        {
            c.Give(2, c.UnbroadcastTo(2, c.Op("Where", condition, c.Scalar(0), c.Gradient)));
        }
    }

    private static void Clip(RuleContext c)
    {
        string? inside = null;
        if (c.Node.In(1).Length > 0)
        {
            inside = c.Op("GreaterOrEqual", c.X, c.Node.Input[1]);
        }

        if (c.Node.In(2).Length > 0)
        {
            string below = c.Op("LessOrEqual", c.X, c.Node.Input[2]);
            inside = inside is null ? below : c.Op("And", inside, below);
        }

        if (c.Needs(1) || c.Needs(2))
        {
            throw c.Refuse("its bounds are not constants");
        }

        c.Give(0, inside is null ? c.Gradient : c.Op("Where", inside, c.Gradient, c.Scalar(0)));
    }

    private static void ParametricRelu(RuleContext c)
    {
        string positive = c.Op("Greater", c.X, c.Scalar(0));
        if (c.Needs(0))
        {
            c.Give(0, c.Op("Where", positive, c.Gradient, c.Op("Mul", c.Gradient, c.Node.Input[1])));
        }

        if (c.Needs(1))
        {
            c.Give(1, c.UnbroadcastTo(1, c.Op("Where", positive, c.Scalar(0), c.Op("Mul", c.Gradient, c.X))));
        }
    }

    private static void Cast(RuleContext c)
    {
        int from = c.G.TypeOf(c.X);
        if (OnnxType.IsFloating(from))
        {
            c.Give(0, c.G.Op("Cast", [c.Gradient], ("to", (long)from)));
        }
    }

    private static void Shrink(RuleContext c) => c.Give(
        0,
        c.Op("Where", c.Op("Greater", c.Op("Abs", c.X), c.Scalar(c.Node.Float("lambd", 0.5f))), c.Gradient, c.Scalar(0)));

    private static void ThresholdedRelu(RuleContext c) =>
        c.Give(0, c.Op("Where", c.Op("Greater", c.X, c.Scalar(c.Node.Float("alpha", 1))), c.Gradient, c.Scalar(0)));

    /// <summary>The slope 1/√(1 − x²), of asin, and negated of acos.</summary>
    private static string ArcSlope(RuleContext c) => c.Op("Div", c.Gradient, c.Op("Sqrt", c.Op("Sub", c.Scalar(1), c.Op("Mul", c.X, c.X))));

    private static void ErrorFunction(RuleContext c)
    {
        string density = c.Op("Exp", c.Op("Neg", c.Op("Mul", c.X, c.X)));
        c.Give(0, c.Op("Mul", c.Gradient, c.Scale(density, 2 / Math.Sqrt(Math.PI))));
    }

    private static void Softsign(RuleContext c)
    {
        // d/dx x/(1 + |x|) = (1 − |y|)².
        string rest = c.Op("Sub", c.Scalar(1), c.Op("Abs", c.Y));
        c.Give(0, c.Op("Mul", c.Gradient, c.Op("Mul", rest, rest)));
    }

    private static void LeakyRelu(RuleContext c) =>
        c.Give(0, c.Op("Where", c.Op("Greater", c.X, c.Scalar(0)), c.Gradient, c.Scale(c.Gradient, c.Node.Float("alpha", 0.01f))));

    private static void Elu(RuleContext c)
    {
        // Below zero y = α(eˣ − 1), so dy/dx = y + α.
        string slope = c.Op("Add", c.Y, c.Scalar(c.Node.Float("alpha", 1)));
        c.Give(0, c.Op("Where", c.Op("Greater", c.X, c.Scalar(0)), c.Gradient, c.Op("Mul", c.Gradient, slope)));
    }
}
