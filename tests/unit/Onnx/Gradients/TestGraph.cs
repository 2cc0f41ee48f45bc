using System.Globalization;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Gradients;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

/// <summary>
/// A tiny ONNX graph of one input x (first dimension symbolic) and weights, with its own checks: the gradient graph
/// against central differences of the forward graph, element by element.
/// </summary>
internal sealed class TestGraph(int opset = 17, int type = OnnxType.Double, int seed = 1)
{
    private readonly GraphProto _graph = new() { Name = "test" };
    private readonly List<string> _parameters = [];
    private readonly RandomSource _random = RandomSource.Create(seed);
    private long[] _inputShape = [];
    private double[] _input = [];
    private double[] _cotangent = [];
    private int _made;

    public int Type => type;

    public double Step { get; init; } = type == OnnxType.Double ? 1e-5 : 1e-2;

    public double Tolerance { get; init; } = type == OnnxType.Double ? 1e-6 : 4e-3;

    public GraphProto Proto => _graph;

    /// <summary>Declares x with random values in (low, high); the first dimension is symbolic.</summary>
    public string Input(double low, double high, params long[] shape)
    {
        _inputShape = shape;
        _input = Draw(low, high, shape);
        var dims = new TensorShapeProto();
        for (int d = 0; d < shape.Length; d++)
        {
            dims.Dim.Add(d == 0 ? new TensorShapeProto.Types.Dimension { DimParam = "batch" } : new TensorShapeProto.Types.Dimension { DimValue = shape[d] });
        }

        _graph.Input.Add(new ValueInfoProto { Name = "x", Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = type, Shape = dims } } });
        return "x";
    }

    public string Input(params long[] shape) => Input(-1, 1, shape);

    /// <summary>Adds a weight with random values whose gradient is checked too.</summary>
    public string Weight(double low, double high, params long[] shape)
    {
        string name = Constant(Draw(low, high, shape), shape);
        _parameters.Add(name);
        return name;
    }

    public string Weight(params long[] shape) => Weight(-1, 1, shape);

    public string Constant(double[] values, params long[] shape)
    {
        string name = "w" + _made++;
        _graph.Initializer.Add(OnnxExtensions.FloatTensor(name, type, values, shape));
        return name;
    }

    /// <summary>A list of single-precision numbers, whatever the graph's type: scales are always that.</summary>
    public string FloatConstant(params double[] values)
    {
        string name = "w" + _made++;
        _graph.Initializer.Add(OnnxExtensions.FloatTensor(name, OnnxType.Single, values, values.Length));
        return name;
    }

    public string RandomConstant(params long[] shape) => Constant(Draw(-1, 1, shape), shape);

    public string Scalar(double value) => Constant([value]);

    public string Ints(params long[] values)
    {
        string name = "i" + _made++;
        _graph.Initializer.Add(OnnxExtensions.Int64Tensor(name, values));
        return name;
    }

    public string IntTensor(long[] values, params long[] shape)
    {
        string name = Ints(values);
        TensorProto tensor = _graph.Initializer[^1];
        tensor.Dims.Clear();
        tensor.Dims.Add(shape);
        return name;
    }

    public string Op(string op, params string[] inputs) => Op(op, inputs, []);

    public string Op(string op, string[] inputs, params (string, object)[] attributes) => Ops(op, inputs, 1, attributes)[0];

    public string[] Ops(string op, string[] inputs, int outputs, params (string, object)[] attributes)
    {
        string[] names = [.. Enumerable.Range(0, outputs).Select(_ => op + "_" + (_made++).ToString(CultureInfo.InvariantCulture))];
        NodeProto node = OnnxGraph.MakeNode(op, inputs, names, attributes);
        _graph.Node.Add(node);
        return names;
    }

    public ModelProto Model(string output)
    {
        var model = new ModelProto { IrVersion = 8, Graph = _graph.Clone() };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = string.Empty, Version = opset });
        model.Graph.Output.Add(new ValueInfoProto { Name = output, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = type } } });
        return model;
    }

    /// <summary>Compares every gradient with central differences.</summary>
    public GradientGraph Check(string output, bool dependsOnInput = true, bool batchIsFixed = false)
    {
        if (batchIsFixed)
        {
            _graph.Input[0].Type.TensorType.Shape.Dim[0].DimValue = _inputShape[0];
        }

        GradientGraph graph = GradientGraph.Build(
            Model(output), string.Empty, new GradientOptions { InputName = "x", Parameters = _parameters, WithInputGradient = dependsOnInput });
        using GradientModel model = GradientModel.Load(graph, 1);
        using var forward = new ForwardModel(Model(output), _parameters);
        var values = new Dictionary<string, double[]>(StringComparer.Ordinal) { ["x"] = _input };
        var shapes = new Dictionary<string, long[]>(StringComparer.Ordinal) { ["x"] = _inputShape };
        foreach (string name in _parameters)
        {
            TensorProto tensor = _graph.Initializer.Single(t => t.Name == name);
            values[name] = tensor.ToDoubles(string.Empty);
            shapes[name] = [.. tensor.Dims];
        }

        double[] y = forward.Run(values, shapes, output, out long[] outputShape);
        _cotangent = Draw(-1, 1, outputShape);
        double Loss() => forward.Run(values, shapes, output, out _).Zip(_cotangent, (a, b) => a * b).Sum();

        var feeds = new Dictionary<string, OrtValue>(StringComparer.Ordinal);
        foreach (string name in values.Keys)
        {
            feeds[name] = Tensor(type, values[name], shapes[name]);
        }

        feeds[graph.SeedName!] = Tensor(type, _cotangent, outputShape);
        string[] names = [.. values.Keys.Where(graph.GradientNames.ContainsKey)];
        using IDisposableReadOnlyCollection<OrtValue> results = model.Run(feeds, [graph.OutputName, .. names.Select(n => graph.GradientNames[n])]);
        AssertClose(y, Values(results[0]), 1e-5, "output");
        for (int i = 0; i < names.Length; i++)
        {
            double[] analytic = Values(results[i + 1]);
            double[] point = values[names[i]];
            Assert.Equal(shapes[names[i]], results[i + 1].GetTensorTypeAndShape().Shape);
            double[] numeric = new double[point.Length];
            for (int e = 0; e < point.Length; e++)
            {
                double centre = point[e];
                point[e] = centre + Step;
                double above = Loss();
                point[e] = centre - Step;
                double below = Loss();
                point[e] = centre;
                numeric[e] = (above - below) / (2 * Step);
            }

            AssertClose(numeric, analytic, Tolerance, "gradient of " + names[i]);
        }

        foreach (OrtValue feed in feeds.Values)
        {
            feed.Dispose();
        }

        return graph;
    }

    public static OrtValue Tensor(int type, double[] values, long[] shape)
    {
        OrtValue tensor = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, (TensorElementType)type, shape);
        if (type == OnnxType.Double)
        {
            values.CopyTo(tensor.GetTensorMutableDataAsSpan<double>());
        }
        else
        {
            Array.ConvertAll(values, v => (float)v).CopyTo(tensor.GetTensorMutableDataAsSpan<float>());
        }

        return tensor;
    }

    public static double[] Values(OrtValue tensor) => tensor.GetTensorTypeAndShape().ElementDataType == TensorElementType.Double
        ? tensor.GetTensorDataAsSpan<double>().ToArray()
        : Array.ConvertAll(tensor.GetTensorDataAsSpan<float>().ToArray(), v => (double)v);

    public double[] Draw(double low, double high, params long[] shape)
    {
        double[] values = new double[shape.Aggregate(1L, (product, d) => product * d)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = low + ((high - low) * _random.NextDouble());
            if (type == OnnxType.Single)
            {
                values[i] = (float)values[i];
            }
        }

        return values;
    }

    private static void AssertClose(double[] expected, double[] actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        double scale = Math.Max(1e-3, expected.Select(Math.Abs).DefaultIfEmpty(0).Max());
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * scale, $"{what}[{i}]: expected {expected[i]}, got {actual[i]}");
        }
    }

    /// <summary>The forward graph alone, its weights given as inputs.</summary>
    private sealed class ForwardModel : IDisposable
    {
        private readonly InferenceSession _session;
        private readonly int _type;

        public ForwardModel(ModelProto model, List<string> parameters)
        {
            foreach (string name in parameters)
            {
                TensorProto tensor = model.Graph.Initializer.Single(t => t.Name == name);
                model.Graph.Initializer.Remove(tensor);
                var shape = new TensorShapeProto();
                shape.Dim.Add(tensor.Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
                model.Graph.Input.Add(GradientDraft.Declare(name, tensor.DataType, shape));
            }

            _type = model.Graph.Input[0].Type.TensorType.ElemType;
            // Unoptimised: ONNX Runtime's fusions assume what a test may not hold.
            using var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
            IntraOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
            _session = OnnxRuntimeHost.Open(model.ToByteArray(), options);
        }

        public double[] Run(Dictionary<string, double[]> values, Dictionary<string, long[]> shapes, string output, out long[] outputShape)
        {
            var feeds = values.ToDictionary(v => v.Key, v => Tensor(_type, v.Value, shapes[v.Key]));
            using var options = new RunOptions();
            using IDisposableReadOnlyCollection<OrtValue> results = _session.Run(options, feeds, [output]);
            foreach (OrtValue feed in feeds.Values)
            {
                feed.Dispose();
            }

            outputShape = results[0].GetTensorTypeAndShape().Shape;
            return Values(results[0]);
        }

        public void Dispose() => _session.Dispose();
    }
}
