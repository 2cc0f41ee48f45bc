using QosValuation.Foundation.Numerics;

namespace QosValuation.Allocation.Schemes;

/// <summary>How many turns of one token for each agent a supply pays for.</summary>
internal static class WholeTurns
{
    // The largest whole number of turns that the limit pays for in full, by bisection over a sum that does not decrease.
    internal static double Count(ReadOnlySpan<double> capacities, double limit, Func<double, double, double, double> granted, double[] holdings)
    {
        double Total(ReadOnlySpan<double> capacities, double turns)
        {
            CompensatedSum sum = default;
            for (int i = 0; i < capacities.Length; i++)
            {
                sum.Add(granted(capacities[i], holdings.Length == 0 ? 0 : holdings[i], turns));
            }

            return sum.Value;
        }

        double everything = CompensatedSum.Of(capacities);
        double low = 0;
        double high = 1;
        double reached;
        while ((reached = Total(capacities, high)) <= limit && reached < everything)
        {
            low = high;
            high *= 2;
        }

        if (reached <= limit)
        {
            return high;
        }

        while (high - low > 1)
        {
            double middle = Math.Floor(low + (high - low) / 2);
            if (middle <= low || middle >= high)
            {
                break;
            }

            if (Total(capacities, middle) <= limit)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
