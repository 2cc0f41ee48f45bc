using System.Runtime.InteropServices;

namespace QosValuation.Learning.Optimizers;

/// <summary>
/// Adam (Kingma and Ba, ICLR 2015, algorithm 1) with its own constants β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸, and weight decay as PyTorch defines it
/// (<c>torch.optim.Adam</c>): g ← ∇ + decay·θ. Means are kept in double precision.
/// </summary>
/// <param name="learningRate">The rate, above 0.</param>
/// <param name="weightDecay">Decay, at least 0.</param>
public sealed class AdamOptimizer(double learningRate, double weightDecay = 0) : IDescentOptimizer
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.999;
    private const double Epsilon = 1e-8;

    private double[] _mean = [];
    private double[] _square = [];
    private double _power1 = 1;
    private double _power2 = 1;

    /// <inheritdoc/>
    public void Descend(Span<float> parameters, ReadOnlySpan<float> gradient)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(gradient.Length, parameters.Length, nameof(gradient));
        if (_mean.Length == 0)
        {
            _mean = new double[parameters.Length];
            _square = new double[parameters.Length];
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(_mean.Length, parameters.Length, nameof(parameters));
        _power1 *= Beta1;
        _power2 *= Beta2;
        for (int i = 0; i < parameters.Length; i++)
        {
            double g = gradient[i] + (weightDecay * parameters[i]);
            _mean[i] = (Beta1 * _mean[i]) + ((1 - Beta1) * g);
            _square[i] = (Beta2 * _square[i]) + ((1 - Beta2) * g * g);
            parameters[i] -= (float)(learningRate * (_mean[i] / (1 - _power1)) / (Math.Sqrt(_square[i] / (1 - _power2)) + Epsilon));
        }
    }

    /// <inheritdoc/>
    public void Save(BinaryWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write(_mean.Length);
        writer.Write(_power1);
        writer.Write(_power2);
        writer.Write(MemoryMarshal.AsBytes(_mean.AsSpan()));
        writer.Write(MemoryMarshal.AsBytes(_square.AsSpan()));
    }

    /// <inheritdoc/>
    public void Restore(BinaryReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        int count = reader.ReadInt32();
        _power1 = reader.ReadDouble();
        _power2 = reader.ReadDouble();
        _mean = new double[count];
        _square = new double[count];
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(_mean.AsSpan()));
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(_square.AsSpan()));
    }
}
