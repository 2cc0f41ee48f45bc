namespace QosValuation.Onnx.Model;

/// <summary>What <see cref="OnnxModelReader"/> does with the numbers that a model's tensors hold.</summary>
public enum OnnxWeights
{
    /// <summary>Steps over all of them: names, types and shapes are known, values are not.</summary>
    LeftOut,

    /// <summary>
    /// Reads small tensors. Initialisers of more than 16 KiB become references to their bytes in the file, which ONNX Runtime
    /// maps into memory when a session opens.
    /// </summary>
    Referenced,
}
