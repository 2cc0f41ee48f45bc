using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace QosValuation.Learning.Optimizers;

/// <summary>
/// Stochastic gradient descent as PyTorch defines it (<c>torch.optim.SGD</c>, no dampening): g ← ∇ + decay·θ, v ← momentum·v + g with v = 0 at
/// first, θ ← θ − rate·v.
/// </summary>
/// <param name="learningRate">The rate, above 0.</param>
/// <param name="momentum">Momentum in [0, 1).</param>
/// <param name="weightDecay">Decay, at least 0.</param>
public sealed class SgdOptimizer(double learningRate, double momentum = 0, double weightDecay = 0) : IDescentOptimizer
{
    private float[] _velocity = [];

    /// <inheritdoc/>
    public void Descend(Span<float> parameters, ReadOnlySpan<float> gradient)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(gradient.Length, parameters.Length, nameof(gradient));
        if (_velocity.Length == 0)
        {
            _velocity = new float[parameters.Length];
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(_velocity.Length, parameters.Length, nameof(parameters));
        TensorPrimitives.MultiplyAdd(_velocity, (float)momentum, gradient, _velocity);
        if (weightDecay != 0)
        {
            TensorPrimitives.MultiplyAdd(parameters, (float)weightDecay, _velocity, _velocity);
        }

        TensorPrimitives.MultiplyAdd(_velocity, -(float)learningRate, parameters, parameters);
    }

    /// <inheritdoc/>
    public void Save(BinaryWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write(_velocity.Length);
        writer.Write(MemoryMarshal.AsBytes(_velocity.AsSpan()));
    }

    /// <inheritdoc/>
    public void Restore(BinaryReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        _velocity = new float[reader.ReadInt32()];
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(_velocity.AsSpan()));
    }
}
