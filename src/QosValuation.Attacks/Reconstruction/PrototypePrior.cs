using System.Numerics.Tensors;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Attacks.Reconstruction;

/// <summary>Estimates a clean prototype m from a noisy one v = m + N(0, σ²I), given prototypes of the same kind.</summary>
/// <remarks>
/// <para>Two priors, whose posterior means are the estimates of least mean square error where they hold. A Gaussian kernel density
/// with centres sᵢ and variance τ²: Σ wᵢ·(σ²sᵢ + τ²v)/(σ² + τ²) with wᵢ ∝ exp(−‖v − sᵢ‖²/2(σ² + τ²)), for τ² at several fractions
/// of the median squared distance to the next centre over the dimension. And one Gaussian with mean μ and covariance C of the
/// centres: μ + C(C + σ²I)⁻¹(v − μ), the Wiener filter.</para>
/// <para>Which is best depends on σ: an attacker finds out on his own data. Every second centre is noised, estimated from the others,
/// and the estimator with the largest mean cosine is taken (the vector as it is also stands for election). The draws are fixed.</para>
/// </remarks>
internal sealed class PrototypePrior
{
    private const int Trials = 64;

    /// <summary>The fractions of the bandwidth that are tried; −1 stands for the Gaussian, and 1e9 for the vector as it is.</summary>
    private static readonly double[] Kinds = [1e9, -1, 1, 0.25, 1.0 / 16, 0];

    private readonly float[][] _centres;
    private readonly Dictionary<double, Func<float[], float[]>> _estimators = [];

    /// <summary>Takes the centres.</summary>
    /// <param name="centres">At least one, all of one length.</param>
    public PrototypePrior(float[][] centres)
    {
        _centres = centres;
    }

    /// <summary>The estimate; the estimator is chosen once for each σ.</summary>
    /// <param name="vector">v.</param>
    /// <param name="sigma">σ &gt; 0.</param>
    /// <returns>The posterior mean under the prior chosen.</returns>
    public float[] Denoise(float[] vector, double sigma)
    {
        if (!_estimators.TryGetValue(sigma, out Func<float[], float[]>? estimator))
        {
            _estimators.Add(sigma, estimator = Estimator(_centres, Choose(sigma), sigma));
        }

        return estimator(vector);
    }

    /// <summary>The kind of estimator that does best where the truth is known.</summary>
    internal double Choose(double sigma)
    {
        float[][] known = [.. _centres.Where((_, i) => i % 2 == 0)];
        float[][] hidden = [.. _centres.Where((_, i) => i % 2 == 1)];
        if (hidden.Length < 2)
        {
            return 1;
        }

        int step = Math.Max(1, hidden.Length / Trials);
        RandomSource random = RandomSource.Create(1);
        (float[] Clean, float[] Noisy)[] trials =
        [
            .. hidden.Where((_, i) => i % step == 0).Select(clean => (clean, clean.Select(c => (float)(c + (sigma * random.NextNormal()))).ToArray())),
        ];
        return Kinds.MaxBy(kind =>
        {
            Func<float[], float[]> estimator = Estimator(known, kind, sigma);
            return trials.Average(trial => (double)TensorPrimitives.CosineSimilarity<float>(estimator(trial.Noisy), trial.Clean));
        });
    }

    private static Func<float[], float[]> Estimator(float[][] centres, double kind, double sigma) => kind switch
    {
        1e9 => vector => [.. vector],
        < 0 => Gaussian(centres, sigma),
        _ => Kernels(centres, kind * Bandwidth(centres), sigma),
    };

    private static double Bandwidth(float[][] centres)
    {
        double[] distances = new double[centres.Length];
        Parallel.For(0, centres.Length, i =>
        {
            double smallest = double.PositiveInfinity;
            for (int j = 0; j < centres.Length; j++)
            {
                double distance = i == j ? double.PositiveInfinity : TensorPrimitives.Distance<float>(centres[i], centres[j]);
                smallest = Math.Min(smallest, distance * distance);
            }

            distances[i] = smallest;
        });
        Array.Sort(distances);
        double median = distances[centres.Length / 2];
        return double.IsFinite(median) ? median / centres[0].Length : 0;
    }

    private static Func<float[], float[]> Kernels(float[][] centres, double bandwidth, double sigma) => vector =>
    {
        double noise = sigma * sigma;
        double variance = noise + bandwidth;
        double[] weights = new double[centres.Length];
        for (int i = 0; i < weights.Length; i++)
        {
            double distance = TensorPrimitives.Distance<float>(vector, centres[i]);
            weights[i] = -distance * distance / (2 * variance);
        }

        double largest = weights.Max();
        double sum = 0;
        double[] mean = new double[vector.Length];
        for (int i = 0; i < weights.Length; i++)
        {
            double weight = Math.Exp(weights[i] - largest);
            sum += weight;
            for (int k = 0; k < mean.Length; k++)
            {
                mean[k] += weight * centres[i][k];
            }
        }

        return [.. mean.Select((m, k) => (float)(((noise * m / sum) + (bandwidth * vector[k])) / variance))];
    };

    /// <summary>The Wiener filter of the centres' mean and covariance. O(centres·d² + d³).</summary>
    internal static Func<float[], float[]> Gaussian(float[][] centres, double sigma)
    {
        int d = centres[0].Length;
        double[] mean = new double[d];
        foreach (float[] centre in centres)
        {
            for (int k = 0; k < d; k++)
            {
                mean[k] += centre[k] / (double)centres.Length;
            }
        }

        // C + σ²I, factored once: the estimate is v − σ²(C + σ²I)⁻¹(v − μ).
        double[][] deviations = [.. centres.Select(centre => centre.Select((c, k) => c - mean[k]).ToArray())];
        double[][] factor = new double[d][];
        Parallel.For(0, d, i =>
        {
            factor[i] = new double[i + 1];
            foreach (double[] deviation in deviations)
            {
                TensorPrimitives.MultiplyAdd(deviation.AsSpan(0, i + 1), deviation[i] / deviations.Length, factor[i], factor[i]);
            }

            factor[i][i] += sigma * sigma;
        });
        for (int i = 0; i < d; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double rest = factor[i][j] - TensorPrimitives.Dot<double>(factor[i].AsSpan(0, j), factor[j].AsSpan(0, j));

                // Positive by construction; rounding of a vanishing σ must not divide by zero.
                factor[i][j] = i == j ? Math.Sqrt(Math.Max(rest, 1e-300)) : rest / factor[j][j];
            }
        }

        return vector =>
        {
            double[] solution = [.. vector.Select((v, k) => v - mean[k])];
            for (int i = 0; i < d; i++)
            {
                solution[i] = (solution[i] - TensorPrimitives.Dot<double>(factor[i].AsSpan(0, i), solution.AsSpan(0, i))) / factor[i][i];
            }

            for (int i = d - 1; i >= 0; i--)
            {
                solution[i] /= factor[i][i];
                for (int j = 0; j < i; j++)
                {
                    solution[j] -= factor[i][j] * solution[i];
                }
            }

            return [.. vector.Select((v, k) => (float)(v - (sigma * sigma * solution[k])))];
        };
    }
}
