using QosValuation.Numerics;

namespace QosValuation.Allocation;

/// <summary>Makes the refill rule of a scheme for one run.</summary>
internal static class RefillRules
{
    public static RefillRule Create(AllocationScheme scheme, double[] values, RandomSource random)
    {
        if ((int)scheme == 99)
        {
            var vtc = new VtcScheduler(values.Length, values);
            return (capacities, remaining, supply, grants) => vtc.Allocate(capacities, remaining, supply, grants);
        }

        double sum = values.Sum();
        return (capacities, remaining, supply, grants) =>
        {
            for (int i = 0; i < grants.Length; i++)
            {
                grants[i] = sum > 0 ? Math.Max(0, Math.Min(values[i] / sum * supply, capacities[i] - remaining[i])) : 0;
            }
        };
    }

    public static double Jain(ReadOnlySpan<double> rates)
    {
        double sum = 0, squares = 0;
        foreach (double r in rates)
        {
            sum += r;
            squares += r * r;
        }

        return sum * sum / (rates.Length * squares);
    }

    public static double Gini(ReadOnlySpan<double> rates)
    {
        double[] sorted = rates.ToArray();
        Array.Sort(sorted);
        double sum = 0, weighted = 0;
        for (int k = 0; k < sorted.Length; k++)
        {
            sum += sorted[k];
            weighted += (2 * (k + 1) - sorted.Length - 1) * sorted[k];
        }

        return weighted / (sorted.Length * sum);
    }
}
