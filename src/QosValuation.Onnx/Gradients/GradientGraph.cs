using Microsoft.ML.OnnxRuntime.Tensors;
using QosValuation.Onnx.Model;

namespace QosValuation.Onnx.Gradients;

/// <summary>
/// A second ONNX graph that computes a model's output and, from the same intermediate values, the gradient of a scalar
/// of that output with respect to the input and to chosen weights: reverse-mode differentiation by source
/// transformation (Griewank and Walther 2008, chapter 3), in standard ONNX operators. ONNX Runtime runs it with the
/// same kernels as the model itself.
/// </summary>
/// <remarks>
/// Reads models of opset 11 and later in single precision, or in half precision, which is computed in single
/// precision. The batch stays symbolic. Weights stay in the model file and are mapped into memory.
/// Building takes time and memory in the number of nodes, not in the number of weights.
/// </remarks>
public sealed class GradientGraph
{
    private GradientGraph(GradientDraft draft)
    {
        Model = draft.Graph.ToModel();
        Folder = draft.Graph.Folder;
        ParameterTensors = draft.Parameters;
    }

    /// <summary>The input that is differentiated; the name the model gives it.</summary>
    public required string InputName { get; init; }

    /// <summary>The shape of that input; −1 for symbolic dimensions.</summary>
    public required IReadOnlyList<long> InputShape { get; init; }

    /// <summary>The differentiated output; the name the model gives it.</summary>
    public required string OutputName { get; init; }

    /// <summary>The shape of that output; −1 for symbolic dimensions.</summary>
    public required IReadOnlyList<long> OutputShape { get; init; }

    /// <summary>The graph's extra input: the cotangent or the target. Null where the seed is <see cref="GradientSeed.Sum"/>.</summary>
    public required string? SeedName { get; init; }

    /// <summary>The output that holds the cosine score of every item; null for other seeds.</summary>
    public required string? ScoreName { get; init; }

    /// <summary>Outputs that hold gradients, by the name of the input or weight they belong to.</summary>
    public required IReadOnlyDictionary<string, string> GradientNames { get; init; }

    /// <summary>Which scalar is differentiated.</summary>
    public required GradientSeed Seed { get; init; }

    /// <summary>Nodes of the forward pass after simplification.</summary>
    public required int ForwardNodeCount { get; init; }

    /// <summary>Nodes the backward pass adds.</summary>
    public required int BackwardNodeCount { get; init; }

    /// <summary>The combined graph.</summary>
    internal ModelProto Model { get; }

    /// <summary>The folder that holds the weights.</summary>
    internal string Folder { get; }

    /// <summary>Initial values of the parameters, by name.</summary>
    internal IReadOnlyDictionary<string, TensorProto> ParameterTensors { get; }

    /// <summary>Builds the gradient graph of a model file.</summary>
    /// <param name="modelPath">An .onnx file; it is not changed.</param>
    /// <param name="options">What to differentiate; null for the first output with respect to the first input of floating-point numbers.</param>
    /// <returns>The combined graph.</returns>
    /// <exception cref="QosValuationException">
    /// ModelNotFound, ModelNotReadable, OnnxExternalDataInvalid; GradientModelQuantized for integer models; GradientOpsetNotSupported before
    /// opset 11; GradientOperatorNotSupported, naming the node, for an operator without a rule; GradientNameNotFound for
    /// an unknown input, output or weight; GradientTypeNotSupported where input or output are not floating-point numbers;
    /// GradientIndependent where the output does not depend on it;
    /// GradientShapesUnknown where the model does not run.
    /// </exception>
    public static GradientGraph Build(string modelPath, GradientOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelPath);
        return Build(OnnxModelReader.Read(modelPath, OnnxWeights.Referenced), options ?? new GradientOptions());
    }

    /// <summary>Builds the gradient graph of a model in memory, which is edited in place.</summary>
    internal static GradientGraph Build(ModelProto model, string folder, GradientOptions options) => Build(new OnnxGraph(model, folder), options);

    /// <summary>Builds the gradient graph of a graph, which is edited in place.</summary>
    internal static GradientGraph Build(OnnxGraph graph, GradientOptions options)
    {
        var draft = new GradientDraft(graph, options);
        foreach (GradientPass pass in GradientPasses.All)
        {
            pass.Run(draft);
        }

        return new GradientGraph(draft)
        {
            InputName = draft.InputName,
            InputShape = draft.InputName.Length == 0 ? [] : Sizes(graph.Shapes[draft.InputName]),
            OutputName = draft.OutputName,
            OutputShape = Sizes(graph.Shapes[draft.OutputName]),
            SeedName = draft.SeedName,
            ScoreName = draft.ScoreName,
            GradientNames = draft.GradientNames,
            Seed = options.Seed,
            ForwardNodeCount = draft.ForwardNodeCount,
            BackwardNodeCount = graph.Nodes.Count - draft.ForwardNodeCount,
        };
    }

    /// <summary>Makes sure that one array of single-precision numbers, with the seed and the weights, is all that the graph reads.</summary>
    /// <exception cref="QosValuationException">GradientTypeNotSupported, GradientInputMissing.</exception>
    internal void RequireSingleInput()
    {
        foreach (ValueInfoProto read in Model.Graph.Input)
        {
            if (read.Name != InputName && read.Name != SeedName && !ParameterTensors.ContainsKey(read.Name))
            {
                throw new QosValuationException(
                    Faults.GradientInputMissing,
                    $"The model reads {read.Name} besides {InputName}; use a model that takes pixels alone, "
                        + "such as the vision half of a CLIP pair (vision_model.onnx).",
                    read.Name);
            }

            if (read.Type.TensorType.ElemType != OnnxType.Single)
            {
                throw new QosValuationException(
                    Faults.GradientTypeNotSupported,
                    $"The input {read.Name} holds {(TensorElementType)read.Type.TensorType.ElemType} values and is given single-precision ones; "
                        + "use a model in single or half precision.",
                    read.Name);
            }
        }
    }

    private static long[] Sizes(MeasuredShape shape) => [.. Enumerable.Range(0, shape.Rank).Select(d => shape.At(d) ?? -1)];
}
