namespace QosValuation;

/// <summary>What runs the encoders' arithmetic. Which ones work depends on the ONNX Runtime binaries and the machine.</summary>
public enum ExecutionProvider
{
    /// <summary>The processor: always there.</summary>
    Cpu,

    /// <summary>An NVIDIA GPU through CUDA.</summary>
    Cuda,

    /// <summary>An NVIDIA GPU through TensorRT.</summary>
    TensorRT,

    /// <summary>An AMD GPU through MIGraphX.</summary>
    MIGraphX,

    /// <summary>Any DirectX 12 GPU on Windows.</summary>
    DirectML,

    /// <summary>Apple's Core ML.</summary>
    CoreML,

    /// <summary>Intel's OpenVINO.</summary>
    OpenVino,
}
