using System.Numerics.Tensors;
using QosValuation.Learning.Optimizers;

namespace QosValuation.Attacks.Reconstruction;

/// <summary>Plain gradient descent on components of several resolutions, as one canvas: see <see cref="MultiResolutionPreconditioner"/>.</summary>
internal sealed class PreconditionedDescent(int size, IReadOnlyList<int> resolutions, double learningRate) : IDescentOptimizer
{
    private readonly MultiResolutionPreconditioner _preconditioner = new(size, resolutions);
    private readonly float[] _gradient = new float[3 * size * size];
    private readonly float[] _step = new float[3 * size * size];

    /// <inheritdoc/>
    public void Descend(Span<float> parameters, ReadOnlySpan<float> gradient)
    {
        gradient.CopyTo(_gradient);
        _preconditioner.Apply(_gradient, _step);
        TensorPrimitives.MultiplyAdd(_step, -(float)learningRate, parameters, parameters);
    }

    /// <inheritdoc/>
    /// <remarks>A step depends on no step before it.</remarks>
    public void Save(BinaryWriter writer)
    {
    }

    /// <inheritdoc/>
    public void Restore(BinaryReader reader)
    {
    }
}
