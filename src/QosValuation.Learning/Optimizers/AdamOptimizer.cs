namespace QosValuation.Learning.Optimizers;

/// <summary>Adam (Kingma and Ba, ICLR 2015, algorithm 1) with its own constants: β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸.</summary>
public sealed class AdamOptimizer(double learningRate) : IOptimizer
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.999;
    private const double Epsilon = 1e-8;

    private double[] _mean = [];
    private double[] _square = [];
    private double _power1 = 1;
    private double _power2 = 1;

    /// <inheritdoc/>
    public void Ascend(float[] parameters, float[] gradient)
    {
        if (_mean.Length == 0)
        {
            _mean = new double[parameters.Length];
            _square = new double[parameters.Length];
        }

        _power1 *= Beta1;
        _power2 *= Beta2;
        for (int i = 0; i < parameters.Length; i++)
        {
            double g = gradient[i];
            _mean[i] = (Beta1 * _mean[i]) + ((1 - Beta1) * g);
            _square[i] = (Beta2 * _square[i]) + ((1 - Beta2) * g * g);
            parameters[i] += (float)(learningRate * (_mean[i] / (1 - _power1)) / (Math.Sqrt(_square[i] / (1 - _power2)) + Epsilon));
        }
    }
}
