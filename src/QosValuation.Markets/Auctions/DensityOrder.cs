using QosValuation.Foundation.Numerics;

namespace QosValuation.Markets.Auctions;

/// <summary>The eligible offers by ascending cost per value ψ = c/v, the earlier offer first where equal. O(n log n).</summary>
internal readonly struct DensityOrder
{
    /// <summary>Sorts the offers.</summary>
    /// <param name="costs">c.</param>
    /// <param name="values">v; 0 leaves an offer out.</param>
    /// <param name="most">Offers that ask more are left out.</param>
    public DensityOrder(ReadOnlySpan<double> costs, ReadOnlySpan<double> values, double most = double.PositiveInfinity)
    {
        int count = 0;
        for (int i = 0; i < costs.Length; i++)
        {
            count += values[i] > 0 && costs[i] <= most ? 1 : 0;
        }

        double[] densities = GC.AllocateUninitializedArray<double>(count);
        int[] offers = GC.AllocateUninitializedArray<int>(count);
        int next = 0;
        for (int i = 0; i < costs.Length; i++)
        {
            if (values[i] > 0 && costs[i] <= most)
            {
                densities[next] = costs[i] / values[i];
                offers[next++] = i;
            }
        }

        StableOrder.Sort(densities, offers);
        Densities = densities;
        Offers = offers;
    }

    /// <summary>The offers' indices.</summary>
    public int[] Offers { get; }

    /// <summary>ψ of each, ascending.</summary>
    public double[] Densities { get; }

    /// <summary>The number of eligible offers.</summary>
    public int Count => Offers.Length;

    /// <summary>ψ at a position; ∞ behind the last.</summary>
    /// <param name="position">The position, from 0.</param>
    public double Next(int position) => position < Densities.Length ? Densities[position] : double.PositiveInfinity;

    /// <summary>Numbers in this order.</summary>
    /// <param name="column">A number for each offer of the input.</param>
    public double[] Gather(ReadOnlySpan<double> column)
    {
        double[] gathered = GC.AllocateUninitializedArray<double>(Offers.Length);
        for (int i = 0; i < gathered.Length; i++)
        {
            gathered[i] = column[Offers[i]];
        }

        return gathered;
    }

    /// <summary>Running sums: element k is the sum of the first k numbers.</summary>
    /// <param name="terms">The numbers.</param>
    public static double[] RunningSums(ReadOnlySpan<double> terms)
    {
        double[] sums = GC.AllocateUninitializedArray<double>(terms.Length + 1);
        double sum = 0;
        sums[0] = 0;
        for (int k = 0; k < terms.Length; k++)
        {
            sum += terms[k];
            sums[k + 1] = sum;
        }

        return sums;
    }
}
