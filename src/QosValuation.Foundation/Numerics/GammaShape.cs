using System.Runtime.CompilerServices;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Foundation.Numerics;

/// <summary>What the draws of one shape have in common.</summary>
internal readonly struct GammaShape(double shape)
{
    private readonly double _d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3;
    private readonly double _c = 1 / Math.Sqrt(9 * ((shape < 1 ? shape + 1 : shape) - 1.0 / 3));

    public double Log(RandomSource random)
    {
        var words = new WordReader(random, canReadAhead: false);
        double draw = Log(ref words);
        words.Close();
        return draw;
    }

    public void Logs(Span<double> draws, RandomSource random)
    {
        var words = new WordReader(random, canReadAhead: true);
        foreach (ref double draw in draws)
        {
            draw = Log(ref words);
        }

        words.Close();
    }

    /// <summary>Whether a draw below 1 is Gamma(α + 1)·U^(1/α), which takes a number more.</summary>
    public bool IsBoosted => shape < 1;

    /// <summary>α.</summary>
    public double Shape => shape;

    /// <summary>The factor of (1 + cx)³.</summary>
    public double D => _d;

    /// <summary>The factor of the normal variate.</summary>
    public double C => _c;

    /// <summary>Whether a draw is accepted.</summary>
    /// <param name="x">The normal variate.</param>
    /// <param name="v">(1 + cx)³ &gt; 0.</param>
    /// <param name="u">A uniform number in (0, 1].</param>
    /// <returns>Where not, another normal is drawn.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Accepts(double x, double v, double u)
    {
        double square = x * x;
        return u < 1 - 0.0331 * square * square || Math.Log(u) < 0.5 * square + _d * (1 - v + Math.Log(v));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private double Log(ref WordReader words)
    {
        double boost = shape < 1 ? Math.Log(RandomSource.PositiveDouble(words.Next())) / shape : 0;
        while (true)
        {
            double x = words.NextNormal();
            double v = 1 + _c * x;
            if (v <= 0)
            {
                continue;
            }

            v = v * v * v;
            if (Accepts(x, v, RandomSource.PositiveDouble(words.Next())))
            {
                return Math.Log(_d * v) + boost;
            }
        }
    }
}
