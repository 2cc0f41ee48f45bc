using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace QosValuation.Embeddings.Encoding;

/// <summary>Constant tensors for inputs that have to be fed although nothing depends on them.</summary>
internal sealed class ConstantFeeds : IDisposable
{
    private readonly OrtValue[] _values;

    /// <summary>Allocates the tensors.</summary>
    /// <param name="inputs">What to feed.</param>
    public ConstantFeeds(IReadOnlyList<CompanionInput> inputs)
    {
        Names = [.. inputs.Select(input => input.Name)];
        _values = [.. inputs.Select(Create)];
    }

    /// <summary>The inputs' names.</summary>
    public string[] Names { get; }

    /// <summary>The tensors, in the order of <see cref="Names"/>.</summary>
    public IReadOnlyList<OrtValue> Values => _values;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (OrtValue value in _values)
        {
            value.Dispose();
        }
    }

    private static OrtValue Create(CompanionInput input)
    {
        OrtValue value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, input.ElementType, input.Shape);
        value.GetTensorMutableRawData().Clear();
        if (!input.IsOne)
        {
            return value;
        }

        switch (input.ElementType)
        {
            case TensorElementType.Int64:
                value.GetTensorMutableDataAsSpan<long>().Fill(1);
                break;
            case TensorElementType.Int32:
                value.GetTensorMutableDataAsSpan<int>().Fill(1);
                break;
            case TensorElementType.Bool:
                value.GetTensorMutableDataAsSpan<bool>().Fill(true);
                break;
            case TensorElementType.Float16:
                value.GetTensorMutableDataAsSpan<Float16>().Fill((Float16)1f);
                break;
            default:
                value.GetTensorMutableDataAsSpan<float>().Fill(1);
                break;
        }

        return value;
    }
}
