using System.Numerics.Tensors;

namespace QosValuation.Markets.Auctions;

/// <summary>v = u(q^η·(φ + κ)^γ) with 0⁰ = 1: the divisor of the virtual cost ψ = c/v (seed 002, section 4.2).</summary>
internal static class VirtualValue
{
    /// <summary>Values offers; 0 where the value is 0 or not finite, which makes an offer ineligible. O(n).</summary>
    /// <param name="quality">q.</param>
    /// <param name="utility">φ.</param>
    /// <param name="options">η, γ, κ and u.</param>
    /// <returns>v.</returns>
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

        for (int i = 0; i < values.Length; i++)
        {
            double value = options.Concave switch
            {
                ConcaveUtility.Sqrt => Math.Sqrt(values[i]),
                ConcaveUtility.Log => Math.Log(1 + values[i]),
                _ => values[i],
            };
            values[i] = double.IsFinite(value) ? value : 0;
        }

        return values;
    }
}
