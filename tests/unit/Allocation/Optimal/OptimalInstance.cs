using QosValuation.Allocation.Fairness;
using QosValuation.Allocation.Optimal;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

/// <summary>Random agents with values from even to extremely uneven, buckets equal, unequal, partly or wholly full.</summary>
internal sealed record OptimalInstance(double[] Values, double[] Capacities, double[] Remaining, double Supply, double? JainFloor, double? GiniCeiling)
{
    public int Count => Values.Length;

    public double[] Rooms => [.. Capacities.Zip(Remaining, (b, r) => b - r)];

    public int Active => Enumerable.Range(0, Count).Count(i => Values[i] > 0 && Capacities[i] > Remaining[i]);

    public OptimalAllocationOptions Options => new() { JainFloor = JainFloor, GiniCeiling = GiniCeiling };

    public OptimalAllocation Solve() => OptimalAllocator.Solve(Values, Capacities, Remaining, Supply, Options);

    public double[] Rates(OptimalAllocation allocation) => [.. allocation.Tokens.Zip(Values, FairnessMeasures.RewardRate)];

    public static OptimalInstance Draw(int seed, int count)
    {
        RandomSource random = RandomSource.Create(seed);
        double[] values = new double[count];
        double[] capacities = new double[count];
        double[] remaining = new double[count];
        int kind = random.NextInt32(6);
        double unevenness = new[] { 0.1, 0.5, 1.5, 4 }[random.NextInt32(4)];
        for (int i = 0; i < count; i++)
        {
            values[i] = kind == 4 ? 1 + random.NextInt32(3) : Math.Exp(unevenness * random.NextNormal());
            capacities[i] = kind == 1 ? 6 * random.NextPositiveDouble() : 4;
            remaining[i] = kind == 2 ? 4 * random.NextDouble() : kind == 3 && random.NextInt32(5) == 0 ? 4 : 0;
            values[i] = kind == 5 && random.NextInt32(6) == 0 ? 0 : values[i];
        }

        // Somebody must be able to receive something.
        (values[0], remaining[0]) = (Math.Max(values[0], 0.5), 0);
        double supply = new[] { 0.02, 0.2, 0.5, 0.9, 1.5 }[random.NextInt32(5)] * capacities.Sum();
        var instance = new OptimalInstance(values, capacities, remaining, supply, null, null);
        double most = (double)instance.Active / count;
        double jain = new[] { 0.2, 0.5, 0.8, 0.95, 0.999, 1 - 1e-6 }[random.NextInt32(6)] * most;
        double gini = 1 - most + most * new[] { 0.9, 0.5, 0.2, 0.1, 0.01, 1e-6 }[random.NextInt32(6)];
        return random.NextInt32(3) switch
        {
            0 => instance with { JainFloor = jain },
            1 => instance with { GiniCeiling = gini },
            _ => instance with { JainFloor = jain, GiniCeiling = gini },
        };
    }
}
