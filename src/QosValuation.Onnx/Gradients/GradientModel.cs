using System.Numerics.Tensors;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <summary>A weight whose gradient is wanted: its value now, and its gradient after the last evaluation.</summary>
public sealed class GradientParameter
{
    internal GradientParameter(string name, long[] shape, float[] value)
    {
        Name = name;
        Shape = shape;
        Value = value;
        Gradient = new float[value.Length];
    }

    /// <summary>The weight's name in the model.</summary>
    public string Name { get; }

    /// <summary>The weight's shape.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>The weight's value, row by row; the next evaluation uses what it holds then.</summary>
    public float[] Value { get; }

    /// <summary>The gradient of the last evaluation, in the same order.</summary>
    public float[] Gradient { get; }
}

/// <summary>
/// Evaluates a model together with its gradient: one run of ONNX Runtime gives the outputs, the scores and the gradients.
/// Not thread-safe: make one a thread, or take turns.
/// </summary>
public sealed class GradientModel : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();
    private readonly OrtMemoryInfo _memory = OrtMemoryInfo.DefaultInstance;

    private GradientModel(GradientGraph graph, InferenceSession session)
    {
        Graph = graph;
        _session = session;
        Parameters = [.. graph.ParameterTensors.Values.Select(t =>
            new GradientParameter(t.Name, [.. t.Dims], Array.ConvertAll(t.ToDoubles(graph.Folder), v => (float)v)))];
        InputLength = Length(graph.InputShape);
        OutputLength = Length(graph.OutputShape);
    }

    /// <summary>The graph that runs.</summary>
    public GradientGraph Graph { get; }

    /// <summary>Elements of one input item: 3·n·n for an image of side n; 0 where more than the batch is symbolic.</summary>
    public int InputLength { get; }

    /// <summary>Elements of one output item: the embedding's dimension.</summary>
    public int OutputLength { get; }

    /// <summary>The weights whose gradients are computed, in the order they were asked for.</summary>
    public IReadOnlyList<GradientParameter> Parameters { get; }

    /// <summary>Builds a model's gradient graph and makes it ready to run.</summary>
    /// <param name="modelPath">An .onnx file in single or half precision.</param>
    /// <param name="options">What to differentiate; null for the first output with respect to the first input of floating-point numbers.</param>
    /// <returns>The model; dispose of it.</returns>
    /// <exception cref="QosValuationException">
    /// See <see cref="GradientGraph.Build(string, GradientOptions?)"/>; ModelNotReadable where ONNX Runtime refuses the graph.
    /// </exception>
    public static GradientModel Load(string modelPath, GradientOptions? options = null) =>
        Load(GradientGraph.Build(modelPath, options), options?.Threads ?? 0);

    /// <summary>Makes a gradient graph ready to run.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="threads">Threads a kernel may use; 0 lets ONNX Runtime choose.</param>
    /// <returns>The model; dispose of it.</returns>
    /// <exception cref="QosValuationException">ModelNotReadable where ONNX Runtime refuses the graph.</exception>
    public static GradientModel Load(GradientGraph graph, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(graph);
        byte[] model = graph.Model.ToByteArray();
        try
        {
            return new GradientModel(graph, Start(model, graph.Folder, threads, GraphOptimizationLevel.ORT_ENABLE_ALL));
        }
        catch (OnnxRuntimeException)
        {
            // Some of ONNX Runtime's fusions make nodes that its own kernels refuse, such as a pool with the padding before it.
            try
            {
                return new GradientModel(graph, Start(model, graph.Folder, threads, GraphOptimizationLevel.ORT_DISABLE_ALL));
            }
            catch (OnnxRuntimeException error)
            {
                throw new QosValuationException(
                    Faults.ModelNotReadable,
                    $"ONNX Runtime cannot run the gradient graph: {OnnxRuntimeHost.ReasonOf(error)} Check that the model itself runs.",
                    graph.OutputName,
                    error);
            }
        }
    }

    /// <summary>Runs the model forward and backward on a batch.</summary>
    /// <param name="input">batch·<see cref="InputLength"/> elements, item after item; for images preprocessed pixels in channel, row, column order.</param>
    /// <param name="batch">The number of items, at least 1; a model exported for batches of one size runs as often as it takes, so it must divide this.</param>
    /// <param name="seed">
    /// The cotangent (batch·<see cref="OutputLength"/>), or the target (<see cref="OutputLength"/> for one shared by all items,
    /// or batch·<see cref="OutputLength"/>; always so for <see cref="GradientSeed.CrossEntropy"/>); empty where the seed is <see cref="GradientSeed.Sum"/>.
    /// </param>
    /// <param name="gradient">Receives batch·<see cref="InputLength"/> elements; empty where no input gradient was asked for.</param>
    /// <param name="output">Receives batch·<see cref="OutputLength"/> elements; may be empty.</param>
    /// <param name="scores">Receives one cosine an item where the seed is <see cref="GradientSeed.Cosine"/>; may be empty.</param>
    /// <param name="cancellation">Ends the run at the next node.</param>
    /// <exception cref="ArgumentException">A span has the wrong length.</exception>
    /// <exception cref="QosValuationException">
    /// GradientTypeNotSupported: the model computes in double precision; GradientInputMissing: it reads a further input;
    /// GradientBatchFixed: it takes batches of one size, which does not divide this one.
    /// </exception>
    /// <exception cref="OperationCanceledException">The run was ended; the spans hold nothing of use.</exception>
    public unsafe void Evaluate(
        ReadOnlySpan<float> input,
        int batch,
        ReadOnlySpan<float> seed,
        Span<float> gradient,
        Span<float> output = default,
        Span<float> scores = default,
        CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        Graph.RequireSingleInput();
        if (Graph.InputShape.Count > 0 && Graph.InputShape[0] is > 0 and var part && part != batch)
        {
            EvaluateInParts((int)part, input, batch, seed, gradient, output, scores, cancellation);
            return;
        }

        bool withGradient = Graph.GradientNames.TryGetValue(Graph.InputName, out string? gradientName);
        long[] inputShape = Shape(Graph.InputShape, batch);
        long[] outputShape = Shape(Graph.OutputShape, batch);
        int seedItems = OutputLength == 0 ? 0 : seed.Length / OutputLength;
        long[] seedShape = Graph.Seed == GradientSeed.Cosine ? [seedItems == 1 ? 1 : batch, OutputLength] : outputShape;
        Require(input.Length, Count(inputShape), nameof(input));
        Require(gradient.Length, withGradient ? Count(inputShape) : 0, nameof(gradient));
        Require(seed.Length, Graph.SeedName is null ? 0 : Count(seedShape), nameof(seed));
        if (!output.IsEmpty)
        {
            Require(output.Length, Count(outputShape), nameof(output));
        }

        if (!scores.IsEmpty)
        {
            Require(scores.Length, Graph.ScoreName is null ? 0 : batch, nameof(scores));
        }

        fixed (float* inputData = input, seedData = seed, gradientData = gradient, outputData = output, scoreData = scores)
        {
            using var feeds = new ValueList();
            using var fetches = new ValueList();
            feeds.Add(Graph.InputName, Wrap(inputData, inputShape));
            if (Graph.SeedName is not null)
            {
                feeds.Add(Graph.SeedName, Wrap(seedData, seedShape));
            }

            if (withGradient)
            {
                fetches.Add(gradientName!, Wrap(gradientData, inputShape));
            }

            if (!output.IsEmpty)
            {
                fetches.Add(Graph.OutputName, Wrap(outputData, outputShape));
            }

            if (!scores.IsEmpty)
            {
                fetches.Add(Graph.ScoreName!, Wrap(scoreData, [batch]));
            }

            foreach (GradientParameter parameter in Parameters)
            {
                long[] shape = [.. parameter.Shape];
                feeds.Add(parameter.Name, OrtValue.CreateTensorValueFromMemory(parameter.Value, shape));
                fetches.Add(Graph.GradientNames[parameter.Name], OrtValue.CreateTensorValueFromMemory(parameter.Gradient, shape));
            }

            Run(feeds, fetches, cancellation);
        }
    }

    /// <summary>Runs a model whose batch is fixed as often as it takes; the weights' gradients are summed.</summary>
    private void EvaluateInParts(
        int part,
        ReadOnlySpan<float> input,
        int batch,
        ReadOnlySpan<float> seed,
        Span<float> gradient,
        Span<float> output,
        Span<float> scores,
        CancellationToken cancellation)
    {
        if (batch % part != 0 || Graph.OutputShape.Count == 0 || Graph.OutputShape[0] != part)
        {
            throw new QosValuationException(
                Faults.GradientBatchFixed,
                $"The model takes batches of {part} and was given {batch}; give a multiple of {part}, or export the model with a dynamic batch.",
                batch);
        }

        bool shared = Graph.Seed == GradientSeed.Cosine && seed.Length == OutputLength;
        Require(input.Length, (long)batch * InputLength, nameof(input));
        Require(gradient.Length, Graph.GradientNames.ContainsKey(Graph.InputName) ? input.Length : 0, nameof(gradient));
        Require(seed.Length, Graph.SeedName is null ? 0 : shared ? OutputLength : (long)batch * OutputLength, nameof(seed));
        Require(output.Length, output.IsEmpty ? 0 : (long)batch * OutputLength, nameof(output));
        Require(scores.Length, scores.IsEmpty ? 0 : batch, nameof(scores));
        float[][] sums = [.. Parameters.Select(parameter => new float[parameter.Gradient.Length])];
        for (int first = 0; first < batch; first += part)
        {
            Evaluate(
                input.Slice(first * InputLength, part * InputLength),
                part,
                shared || seed.IsEmpty ? seed : seed.Slice(first * OutputLength, part * OutputLength),
                gradient.IsEmpty ? gradient : gradient.Slice(first * InputLength, part * InputLength),
                output.IsEmpty ? output : output.Slice(first * OutputLength, part * OutputLength),
                scores.IsEmpty ? scores : scores.Slice(first, part),
                cancellation);
            for (int p = 0; p < sums.Length; p++)
            {
                TensorPrimitives.Add(sums[p], Parameters[p].Gradient, sums[p]);
            }
        }

        for (int p = 0; p < sums.Length; p++)
        {
            sums[p].CopyTo(Parameters[p].Gradient, 0);
        }
    }

    /// <summary>Runs the graph on any tensors: for models with further inputs, and for other element types.</summary>
    /// <param name="feeds">Inputs by name.</param>
    /// <param name="fetches">Names of the outputs to return.</param>
    /// <returns>The outputs in that order; dispose of the collection.</returns>
    internal IDisposableReadOnlyCollection<OrtValue> Run(IReadOnlyDictionary<string, OrtValue> feeds, IReadOnlyCollection<string> fetches) =>
        _session.Run(_runOptions, feeds, fetches);

    /// <inheritdoc/>
    public void Dispose()
    {
        _runOptions.Dispose();
        _session.Dispose();
    }

    private void Run(ValueList feeds, ValueList fetches, CancellationToken cancellation)
    {
        if (!cancellation.CanBeCanceled)
        {
            _session.Run(_runOptions, feeds.Names, feeds.Values, fetches.Names, fetches.Values);
            return;
        }

        // Options of its own: once told to terminate they stay so.
        using var options = new RunOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        using CancellationTokenRegistration registration = cancellation.Register(() => options.Terminate = true);
        try
        {
            _session.Run(options, feeds.Names, feeds.Values, fetches.Names, fetches.Values);
        }
        catch (OnnxRuntimeException error) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException("The run was ended.", error, cancellation);
        }
    }

    private static InferenceSession Start(byte[] model, string folder, int threads, GraphOptimizationLevel level)
    {
        using SessionOptions options = OnnxRuntimeHost.NewOptions();
        options.GraphOptimizationLevel = level;
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        if (threads > 0)
        {
            options.IntraOpNumThreads = threads;
        }

        options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", folder);
        return OnnxRuntimeHost.Open(model, options);
    }

    /// <summary>Elements of one item: the product of all dimensions but the first.</summary>
    private static int Length(IReadOnlyList<long> shape) => (int)shape.Skip(1).Aggregate(1L, (product, size) => product * Math.Max(0, size));

    private static long Count(long[] shape) => shape.Aggregate(1L, (product, size) => product * size);

    private static long[] Shape(IReadOnlyList<long> shape, int batch)
    {
        long[] sizes = [.. shape];
        if (sizes.Length > 0 && sizes[0] < 0)
        {
            sizes[0] = batch;
        }

        return Array.TrueForAll(sizes, size => size >= 0)
            ? sizes
            : throw new QosValuationException(
                Faults.GradientShapesUnknown,
                FaultKind.InvalidArgument,
                "More than the batch is symbolic; fix the other dimensions when the gradient graph is built.",
                sizes);
    }

    private static void Require(long actual, long expected, string name)
    {
        if (actual != expected)
        {
            throw new ArgumentException($"The span holds {actual} elements where {expected} are needed.", name);
        }
    }

    private unsafe OrtValue Wrap(float* data, long[] shape) =>
        OrtValue.CreateTensorValueWithData(_memory, TensorElementType.Float, shape, (nint)data, Count(shape) * sizeof(float));

    /// <summary>Named tensors that are released together.</summary>
    private sealed class ValueList : IDisposable
    {
        public List<string> Names { get; } = [];

        public List<OrtValue> Values { get; } = [];

        public void Add(string name, OrtValue value)
        {
            Names.Add(name);
            Values.Add(value);
        }

        public void Dispose()
        {
            foreach (OrtValue value in Values)
            {
                value.Dispose();
            }
        }
    }
}
