namespace QosValuation;

// Reading models and building their gradients.
public static partial class Faults
{
    /// <summary>The weights beside an ONNX model cannot be read.</summary>
    public static Fault OnnxExternalDataInvalid { get; } = Define(FaultKind.InvalidData, "Download the model's data file again, into the model's folder.");

    /// <summary>An ONNX model is no classifier of vectors that can be trained.</summary>
    public static Fault ClassifierNotValid { get; } = Define(
        FaultKind.InvalidData,
        "Export a model with one input, vectors [N, D], whose first output are scores without softmax, [N, C], with a column for each class.");

    /// <summary>An ONNX model has no weight of that name to train.</summary>
    public static Fault ClassifierWeightNotFound { get; } = Define(FaultKind.NotFound, "Give names, or patterns with *, of weights in the message.");

    /// <summary>The model has no input or output of that name.</summary>
    public static Fault GradientNameNotFound { get; } = Define(FaultKind.NotFound, "Choose one of the names in the message.");

    /// <summary>The model reads further inputs, for which there are no values.</summary>
    public static Fault GradientInputMissing { get; } = Define(FaultKind.NotSupported, "Choose a model with one input, or export the encoder alone.");

    /// <summary>The output does not depend differentiably on the input.</summary>
    public static Fault GradientIndependent { get; } = Define(FaultKind.InvalidArgument, "Name another output or input.");

    /// <summary>The output is not one vector for each item of the batch.</summary>
    public static Fault GradientOutputNotVector { get; } = Define(FaultKind.InvalidArgument, "Name the output that holds the embeddings.");

    /// <summary>Tensors of that type have no gradient.</summary>
    public static Fault GradientTypeNotSupported { get; } = Define(FaultKind.NotSupported, "Export the model with floating-point inputs and outputs.");

    /// <summary>The shapes inside the model cannot be found.</summary>
    public static Fault GradientShapesUnknown { get; } = Define(FaultKind.InvalidData, "Give the size of the images, and check that the model runs.");

    /// <summary>The model takes batches of one fixed size.</summary>
    public static Fault GradientBatchFixed { get; } = Define(FaultKind.InvalidArgument, "Give that batch size, or export the model with an open batch.");

    /// <summary>The model is quantised, so its gradient is zero almost everywhere.</summary>
    public static Fault GradientModelQuantized { get; } = Define(FaultKind.NotSupported, "Use the fp32 or fp16 weights of the same model.");

    /// <summary>The model uses an operator set that the gradients do not cover.</summary>
    public static Fault GradientOpsetNotSupported { get; } = Define(FaultKind.NotSupported, "Export the model with an operator set that the message names.");

    /// <summary>An operator of the model has no gradient here.</summary>
    public static Fault GradientOperatorNotSupported { get; } = Define(
        FaultKind.NotSupported,
        "Export the model with standard operators, or choose another encoder.");
}
