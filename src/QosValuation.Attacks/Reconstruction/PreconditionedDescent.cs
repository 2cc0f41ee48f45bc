using System.Numerics.Tensors;
using QosValuation.Learning.Optimizers;

namespace QosValuation.Attacks.Reconstruction;

/// <summary>Plain gradient descent on components of several resolutions, as one canvas: see <see cref="MultiResolutionPreconditioner"/>.</summary>
internal sealed class PreconditionedDescent(int size, IReadOnlyList<int> resolutions, double learningRate) : IOptimizer
{
    private readonly MultiResolutionPreconditioner _preconditioner = new(size, resolutions);
    private readonly float[] _step = new float[3 * size * size];

    /// <inheritdoc/>
    public void Ascend(float[] parameters, float[] gradient)
    {
        _preconditioner.Apply(gradient, _step);
        TensorPrimitives.MultiplyAdd(_step, (float)learningRate, parameters, parameters);
    }
}
