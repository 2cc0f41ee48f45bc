using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QosValuation.Markets.Auctions;

/// <summary>v = u(q^η·(φ + κ)^γ) with 0⁰ = 1: the divisor of the virtual cost ψ = c/v (seed 002, section 4.2).</summary>
internal static class VirtualValue
{
    /// <summary>Values offers; 0 where the value is 0 or not finite, which makes an offer ineligible. O(n).</summary>
    /// <param name="quality">q.</param>
    /// <param name="utility">φ.</param>
    /// <param name="options">η, γ, κ and u.</param>
    /// <returns>v.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double[] Of(ReadOnlySpan<double> quality, ReadOnlySpan<double> utility, AuctionOptions options)
    {
        double[] values = GC.AllocateUninitializedArray<double>(quality.Length);
        if (options is { Eta: 1, Gamma: 1, Kappa: 0 })
        {
            TensorPrimitives.Multiply(quality, utility, values);
        }
        else
        {
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = Math.Pow(quality[i], options.Eta) * Math.Pow(utility[i] + options.Kappa, options.Gamma);
            }
        }

        switch (options.Concave)
        {
            case ConcaveUtility.Sqrt:
                TensorPrimitives.Sqrt(values, values);
                break;
            case ConcaveUtility.Log:
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = Math.Log(1 + values[i]);
                }

                break;
        }

        int k = 0;
        for (; k <= values.Length - Vector512<double>.Count; k += Vector512<double>.Count)
        {
            var value = Vector512.Create(values, k);
            Vector512.ConditionalSelect(
                Vector512.LessThanOrEqual(Vector512.Abs(value), Vector512.Create(double.MaxValue)), value, Vector512<double>.Zero).CopyTo(values, k);
        }

        for (; k < values.Length; k++)
        {
            values[k] = double.IsFinite(values[k]) ? values[k] : 0;
        }

        return values;
    }
}
