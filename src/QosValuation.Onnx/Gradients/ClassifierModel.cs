using System.Globalization;
using System.IO.Enumeration;
using System.Numerics.Tensors;
using System.Security.Cryptography;
using QosValuation.Foundation.IO;
using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <summary>A weight that is trained.</summary>
/// <param name="Name">Its name in the model.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Start">Where it begins among all parameters.</param>
/// <param name="Count">Its number of elements.</param>
public sealed record ClassifierWeight(string Name, IReadOnlyList<long> Shape, int Start, int Count);

/// <summary>
/// A classifier in an ONNX file, ready to be trained: vectors [N, D] in, scores without softmax (logits) [N, C] out. Chosen initialisers are its
/// parameters, one after the other, each row by row; all others stay as they are. The file is not changed.
/// </summary>
public sealed class ClassifierModel
{
    private readonly float[] _initial;
    private readonly GradientGraph _graph;

    private ClassifierModel(string path, byte[] digest, GradientGraph graph, ClassifierWeight[] weights, float[] initial)
    {
        (Path, Digest, _graph, Weights, _initial) = (path, digest, graph, weights, initial);
        Features = (int)graph.InputShape[1];
        Classes = (int)graph.OutputShape[1];
        Batch = (int)Math.Max(0, graph.InputShape[0]);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The SHA-256 digest of the file.</summary>
    public ReadOnlyMemory<byte> Digest { get; }

    /// <summary>D, the length of a vector.</summary>
    public int Features { get; }

    /// <summary>C, the number of scores.</summary>
    public int Classes { get; }

    /// <summary>The number of vectors that the model takes at once; 0 for any number.</summary>
    public int Batch { get; }

    /// <summary>The weights that are trained.</summary>
    public IReadOnlyList<ClassifierWeight> Weights { get; }

    /// <summary>Their values in the file, one weight after the other.</summary>
    public ReadOnlySpan<float> Initial => _initial;

    /// <summary>Opens a classifier. O(nodes + trained weights + bytes of the file, for its digest).</summary>
    /// <param name="path">An .onnx file of opset 11 or later, whose first output are the scores.</param>
    /// <param name="features">D of the vectors to come.</param>
    /// <param name="classes">The number of classes to tell apart; output c is the score of class c, and C must be at least that.</param>
    /// <param name="trainable">
    /// Names of the initialisers to train; * stands for any characters and ? for one. None for the last linear layer.
    /// </param>
    /// <returns>The classifier.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ClassifierNotValid</c>: other inputs or outputs, other extents than D and C, a softmax at the end, no linear layer, or weights that are not
    /// finite; <c>ClassifierWeightNotFound</c>; and what <see cref="GradientGraph.Build(string, GradientOptions?)"/> refuses.
    /// </exception>
    public static ClassifierModel Open(string path, int features, int classes, IReadOnlyList<string> trainable)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(features);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        ArgumentNullException.ThrowIfNull(trainable);
        OnnxGraph read = OnnxModelReader.Read(path, OnnxWeights.Referenced);
        string output = RequireOutput(path, read, classes);
        FunctionInliner.Inline(read);
        read.Outputs.RemoveAll(each => each.Name != output);
        read.RemoveDeadCode();
        ValueInfoProto input = RequireInput(path, read, features);
        string[] names = Choose(path, read, output, trainable);

        // Read again: building edits the graph from the start.
        OnnxGraph graph = OnnxModelReader.Read(path, OnnxWeights.Referenced);
        graph.Inputs.First(each => each.Name == input.Name).Type.TensorType.Shape.Dim[1].DimValue = features;
        byte[] digest = DigestOf(path);
        GradientGraph gradients = GradientGraph.Build(
            graph,
            new GradientOptions
            {
                OutputName = output,
                InputName = input.Name,
                WithInputGradient = false,
                Parameters = names,
                Seed = GradientSeed.CrossEntropy,
            });
        if (gradients.OutputShape.Count != 2 || gradients.OutputShape[1] < classes)
        {
            throw NotValid(path, $"gives scores of shape [{string.Join(", ", gradients.OutputShape)}], and there are {classes} classes");
        }

        var weights = new List<ClassifierWeight>();
        var values = new List<float[]>();
        long start = 0;
        foreach (TensorProto tensor in names.Select(name => gradients.ParameterTensors[name]))
        {
            float[] value = Array.ConvertAll(tensor.ToDoubles(gradients.Folder), element => (float)element);
            if (!TensorPrimitives.IsFiniteAll<float>(value))
            {
                throw NotValid(path, $"holds numbers in {tensor.Name} that are not finite");
            }

            weights.Add(new ClassifierWeight(tensor.Name, [.. tensor.Dims], (int)start, value.Length));
            values.Add(value);
            start += value.Length;
            if (start > Array.MaxLength)
            {
                throw NotValid(path, $"has more than {Array.MaxLength} parameters to train; name fewer of its weights");
            }
        }

        return new ClassifierModel(path, digest, gradients, [.. weights], [.. values.SelectMany(value => value)]);
    }

    /// <summary>Makes the model and its gradient ready to run on one thread. Its weights are <see cref="Weights"/>, in that order.</summary>
    /// <returns>The model, whose seed are the weights of the classes (<see cref="GradientSeed.CrossEntropy"/>); dispose of it.</returns>
    public GradientModel Start() => GradientModel.Load(_graph, threads: 1);

    /// <summary>Writes the model with other values of the trained weights; nothing else of the file changes. The file appears whole or not at all.</summary>
    /// <param name="parameters">The values, one weight after the other.</param>
    /// <param name="path">The file to write.</param>
    /// <exception cref="QosValuationException">
    /// <c>ClassifierNotValid</c>: the model's file has changed since it was opened, or keeps weights in a file beside it and is to be written elsewhere.
    /// </exception>
    public void Write(ReadOnlySpan<float> parameters, string path)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(parameters.Length, _initial.Length, nameof(parameters));
        if (!DigestOf(Path).AsSpan().SequenceEqual(Digest.Span))
        {
            throw NotValid(Path, "has changed since it was read");
        }

        var values = new Dictionary<string, float[]>(StringComparer.Ordinal);
        foreach (ClassifierWeight weight in Weights)
        {
            values[weight.Name] = parameters.Slice(weight.Start, weight.Count).ToArray();
        }

        if (OnnxModelReader.Read(Path).ExternalFiles is [string beside, ..]
            && System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path)) != System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)))
        {
            throw NotValid(Path, $"keeps weights in '{beside}' beside it, so that it can only be written into the same folder");
        }

        OnnxModelWriter.WithWeights(Path, values, path);
    }

    private static string RequireOutput(string path, OnnxGraph graph, int classes)
    {
        OnnxValue output = graph.DeclaredOutputs is [var first, ..] ? first : throw NotValid(path, "has no output");
        if (output.Dimensions is { } sizes && (sizes.Length != 2 || sizes[1] is > 0 and var width && width < classes))
        {
            throw NotValid(path, $"gives scores of shape [{Shape(sizes)}], and there are {classes} classes");
        }

        if (graph.Producers().TryGetValue(output.Name, out NodeProto? last) && last.OpType == "Softmax")
        {
            throw NotValid(path, "ends in a softmax, and training takes the scores before it");
        }

        return output.Name;
    }

    private static ValueInfoProto RequireInput(string path, OnnxGraph graph, int features)
    {
        HashSet<string> used = graph.Nodes.SelectMany(node => node.Reads()).ToHashSet(StringComparer.Ordinal);
        ValueInfoProto[] inputs = [.. graph.Inputs.Where(each => used.Contains(each.Name))];
        if (inputs.Length != 1)
        {
            throw NotValid(path, $"has {inputs.Length} inputs");
        }

        OnnxValue input = OnnxValue.Of(inputs[0]);
        if ((int)input.ElementType != OnnxType.Single)
        {
            throw NotValid(path, $"takes {input.ElementType} values");
        }

        if (input.Dimensions is not { Length: 2 } sizes || (sizes[1] > 0 && sizes[1] != features))
        {
            string shape = input.Dimensions is null ? "unknown shape" : $"shape [{Shape(input.Dimensions)}]";
            throw NotValid(path, $"takes an input of {shape}, and the vectors have {features} numbers");
        }

        return inputs[0];
    }

    private static string[] Choose(string path, OnnxGraph graph, string output, IReadOnlyList<string> trainable)
    {
        if (trainable.Count == 0)
        {
            IReadOnlyList<string> head = TrainableWeights.Head(graph, output);
            return head.Count > 0 ? [.. head] : throw NotValid(path, "has no linear layer whose weights are single-precision initialisers");
        }

        IReadOnlyList<string> all = TrainableWeights.All(graph);
        foreach (string pattern in trainable)
        {
            if (!all.Any(name => Matches(pattern, name)))
            {
                string known = all.Count == 0
                    ? "it has none that can be trained"
                    : "there are " + string.Join(", ", all.Take(20)) + (all.Count > 20 ? ", …" : string.Empty);
                throw new QosValuationException(Faults.ClassifierWeightNotFound, $"'{path}' has no weight '{pattern}': {known}.", pattern);
            }
        }

        return [.. all.Where(name => trainable.Any(pattern => Matches(pattern, name)))];
    }

    // A backslash is a character like others.
    private static bool Matches(string pattern, string name) =>
        FileSystemName.MatchesSimpleExpression(pattern.Replace("\\", "\\\\", StringComparison.Ordinal), name, ignoreCase: false);

    private static byte[] DigestOf(string path)
    {
        using FileStream stream = RegularFile.OpenRead(path, bufferSize: 1 << 16);
        return SHA256.HashData(stream);
    }

    private static string Shape(long[] sizes) =>
        string.Join(", ", sizes.Select(size => size > 0 ? size.ToString(CultureInfo.InvariantCulture) : "?"));

    private static QosValuationException NotValid(string path, string what) =>
        new(Faults.ClassifierNotValid, $"'{path}' cannot be trained: it {what}.", path);
}
