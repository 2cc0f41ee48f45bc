using QosValuation.Embeddings.Encoding;

namespace QosValuation.Tests;

/// <summary>A theory over NVIDIA's GPUs; skipped, with what is missing as its reason, where CUDA cannot be used.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GpuTheoryAttribute : TheoryAttribute
{
    public GpuTheoryAttribute()
    {
        try
        {
            EncoderSession.RequireProvider(ExecutionProvider.Cuda);
        }
        catch (QosValuationException missing)
        {
            Skip = missing.Message;
        }
    }
}
