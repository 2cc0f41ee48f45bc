using QosValuation.Allocation.Fairness;
using QosValuation.Allocation.Schemes;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Allocation.Optimal;

/// <summary>
/// The price of fairness: the optimum of problem (12) as a function of its bounds, for one set of agents and one supply, with
/// other schemes placed against it. Searches start from the prices of earlier points.
/// </summary>
public sealed class FairnessFrontier
{
    private readonly IReadOnlyList<TokenAgent> _agents;
    private readonly double _supply;
    private readonly double _relativeGap;
    private readonly OptimalAllocationSolver _solver;
    private FairnessFrontierPoint? _unbounded;

    /// <summary>Checks and sorts the agents. O(N log N).</summary>
    /// <param name="agents">The agents.</param>
    /// <param name="supply">V: the tokens to divide, finite and not negative.</param>
    /// <param name="relativeGap">How closely to solve each point.</param>
    /// <exception cref="QosValuationException"><c>AgentNotValid</c> or <c>SupplyNotValid</c>.</exception>
    public FairnessFrontier(IReadOnlyList<TokenAgent> agents, double supply, double relativeGap = 1e-6)
    {
        ArgumentNullException.ThrowIfNull(agents);
        TokenAllocator.RequireSupply(supply, AllocationScheme.Optimal);
        double[] values = new double[agents.Count];
        double[] rooms = new double[agents.Count];
        for (int i = 0; i < rooms.Length; i++)
        {
            agents[i].Validate();
            values[i] = agents[i].Value;
            rooms[i] = TokenAgent.Room(agents[i].Capacity, agents[i].Remaining);
        }

        _agents = agents;
        _supply = supply;
        _relativeGap = relativeGap;
        _solver = new OptimalAllocationSolver(values, rooms, supply);
    }

    /// <summary>The largest Jain index that any allocation of something can have: agents of value 0 or with full buckets lower it.</summary>
    public double HighestJain => _solver.HighestJain;

    /// <summary>The least Gini coefficient that any allocation of something can have.</summary>
    public double LowestGini => _solver.LowestGini;

    /// <summary>The optimum without fairness bounds. O(N log N).</summary>
    /// <returns>The point; its bound is NaN.</returns>
    public FairnessFrontierPoint Unbounded() => _unbounded ??= Point(FairnessFrontierKind.Unbounded, double.NaN, Solve(null, null, CancellationToken.None));

    /// <summary>The optimum with Jain's index at least a floor.</summary>
    /// <param name="floor">Above 0 and at most <see cref="HighestJain"/>.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns>The point.</returns>
    /// <exception cref="QosValuationException"><c>JainFloorInfeasible</c> or <c>FairnessBoundNotValid</c>.</exception>
    public FairnessFrontierPoint AtJain(double floor, CancellationToken cancellationToken = default) =>
        Point(FairnessFrontierKind.JainFloor, floor, Solve(floor, null, cancellationToken));

    /// <summary>The optimum with the Gini coefficient at most a ceiling.</summary>
    /// <param name="ceiling">At least <see cref="LowestGini"/> and below 1.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns>The point.</returns>
    /// <exception cref="QosValuationException"><c>GiniCeilingInfeasible</c> or <c>FairnessBoundNotValid</c>.</exception>
    public FairnessFrontierPoint AtGini(double ceiling, CancellationToken cancellationToken = default) =>
        Point(FairnessFrontierKind.GiniCeiling, ceiling, Solve(null, ceiling, cancellationToken));

    /// <summary>Places a scheme against the optimum that is at least as fair as it in both measures.</summary>
    /// <param name="scheme">The scheme.</param>
    /// <param name="random">The source that Random draws from.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns>The point.</returns>
    /// <exception cref="QosValuationException"><c>RandomSourceMissing</c> where Random has none.</exception>
    public FairnessFrontierPoint Place(AllocationScheme scheme, RandomSource? random = null, CancellationToken cancellationToken = default)
    {
        TokenGrant[] grants = TokenAllocator.Allocate(_agents, _supply, scheme, wholeTokens: false, random, cancellationToken: cancellationToken);
        FairnessReport report = FairnessMeasures.Measure(grants);
        double welfare = report.SocialWelfare;
        double optimal = double.NaN;
        double gap = double.NaN;
        if (_agents.Count > 0 && report.Jain <= HighestJain + 1e-12 && report.Gini >= LowestGini - 1e-12)
        {
            // The scheme's own figures as bounds, a rounding below and above, so that it stays within them.
            OptimalAllocation best = Solve(
                Math.Min(report.Jain * (1 - 1e-12), HighestJain),
                report.Gini < 1 ? Math.Clamp(report.Gini * (1 + 1e-12), LowestGini, 1 - 1e-15) : null,
                cancellationToken);
            optimal = best.SocialWelfare;
            gap = best.RelativeGap;
        }

        return new FairnessFrontierPoint
        {
            Kind = FairnessFrontierKind.Scheme,
            Scheme = scheme,
            Bound = double.NaN,
            SocialWelfare = welfare,
            Jain = report.Jain,
            Gini = report.Gini,
            PriceOfFairness = Price(welfare, Unbounded().SocialWelfare),
            OptimalWelfare = optimal,
            Efficiency = optimal > 0 ? welfare / optimal : welfare == 0 ? 1 : double.NaN,
            RelativeGap = gap,
        };
    }

    /// <summary>Evenly spaced floors from the Jain index of the welfare optimum, where the bound begins to bite, to the highest there is.</summary>
    /// <param name="count">How many, at least 2.</param>
    /// <returns>The floors, ascending.</returns>
    public double[] JainFloors(int count) => Spaced(Unbounded().Jain, HighestJain, count);

    /// <summary>Evenly spaced ceilings from the Gini coefficient of the welfare optimum down to the lowest there is.</summary>
    /// <param name="count">How many, at least 2.</param>
    /// <returns>The ceilings, descending.</returns>
    public double[] GiniCeilings(int count) => Spaced(Math.Min(Unbounded().Gini, 1 - 1e-15), LowestGini, count);

    private static double[] Spaced(double first, double last, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 2);
        double[] points = new double[count];
        for (int i = 0; i < count; i++)
        {
            points[i] = i == count - 1 ? last : first + (last - first) * i / (count - 1);
        }

        return points;
    }

    private static double Price(double welfare, double most) => most > 0 ? 1 - welfare / most : double.NaN;

    private OptimalAllocation Solve(double? jain, double? gini, CancellationToken cancellationToken) =>
        _solver.Solve(new OptimalAllocationOptions { JainFloor = jain, GiniCeiling = gini, RelativeGap = _relativeGap }, cancellationToken);

    private FairnessFrontierPoint Point(FairnessFrontierKind kind, double bound, OptimalAllocation allocation) => new()
    {
        Kind = kind,
        Scheme = AllocationScheme.Optimal,
        Bound = bound,
        SocialWelfare = allocation.SocialWelfare,
        Jain = allocation.Jain,
        Gini = allocation.Gini,
        PriceOfFairness = kind == FairnessFrontierKind.Unbounded
            ? Price(allocation.SocialWelfare, allocation.SocialWelfare)
            : Price(allocation.SocialWelfare, Unbounded().SocialWelfare),
        OptimalWelfare = allocation.SocialWelfare,
        Efficiency = 1,
        RelativeGap = allocation.RelativeGap,
    };
}
