using System.Globalization;
using System.Management.Automation;
using QosValuation.Allocation.Optimal;
using QosValuation.Allocation.Schemes;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Cmdlets.Allocation;

/// <summary>Shows the price of fairness: how much social welfare each degree of fairness costs, and where the schemes stand.</summary>
/// <remarks>
/// <para>The agents come as for Invoke-TokenAllocation. The first point that leaves is the optimum without fairness bounds (Unbounded): buckets
/// filled by descending value. Then come the optima with Jain's index at least each of -JainFloor, those with the Gini coefficient at most each
/// of -GiniCeiling, and one point for each of -Scheme. Without -JainFloor and -GiniCeiling, -Points bounds of each kind are spaced evenly from
/// where the bound begins to bite to the fairest there is. Each point leaves as soon as it is found.</para>
/// <para>PriceOfFairness is the part of the unbounded optimum that is lost. For a scheme OptimalWelfare is the most welfare of any allocation at
/// least as fair as the scheme's own, in Jain's index and in the Gini coefficient at once, and Efficiency is the share of it that the scheme
/// reaches: 1 is on the frontier. Random overfills buckets; where that makes it fairer than any allocation within the buckets can be,
/// OptimalWelfare is not a number.</para>
/// <para>Agents that can receive nothing (full buckets, value 0) count as rates of 0 and limit how fair any allocation can be: a bound beyond
/// that costs one error record (JainFloorInfeasible or GiniCeilingInfeasible, which says by how much) and the others go on. Every point is
/// solved to a proven relative gap of 1e-6.</para>
/// </remarks>
/// <example>
/// <summary>The price of fairness for the contributors of a folder of photographs.</summary>
/// <code>$values = Get-ClipEmbedding ./photos -Recurse | Group-Embedding -PassThru | Measure-DataValue
/// $values | Get-FairnessFrontier -Supply 100</code>
/// </example>
/// <example>
/// <summary>What a Jain index of 0.8, 0.9 and 0.95 costs.</summary>
/// <code>$values | Get-FairnessFrontier -Supply 100 -JainFloor 0.8, 0.9, 0.95 |
///     Where-Object Kind -eq JainFloor | Format-Table Bound, SocialWelfare, PriceOfFairness</code>
/// </example>
/// <example>
/// <summary>How far the schemes are from the frontier.</summary>
/// <code>$values | Get-FairnessFrontier -Supply 100 -Seed 1 | Where-Object Kind -eq Scheme |
///     Sort-Object Efficiency -Descending | Format-Table Scheme, Jain, Gini, SocialWelfare, Efficiency</code>
/// </example>
/// <seealso>Invoke-TokenAllocation</seealso>
/// <seealso>Measure-Fairness</seealso>
[Cmdlet(VerbsCommon.Get, "FairnessFrontier", DefaultParameterSetName = ObjectSet)]
[OutputType(typeof(FairnessFrontierPoint))]
public sealed class GetFairnessFrontierCommand : TokenAgentCommand
{
    /// <summary>Floors of Jain's index, each above 0 and at most 1.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [Number(MayBeAbsent = true, TakesList = true)]
    public double[]? JainFloor { get; set; }

    /// <summary>Ceilings of the Gini coefficient, each at least 0 and below 1.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [Number(MayBeAbsent = true, TakesList = true)]
    public double[]? GiniCeiling { get; set; }

    /// <summary>How many bounds of each kind to space evenly, at least 2, where neither -JainFloor nor -GiniCeiling is given; 11 by default.</summary>
    [Parameter]
    [ValidateRange(2, 10_000)]
    [WholeNumber]
    public int Points { get; set; } = 11;

    /// <summary>The schemes to place; by default all that need no search, and none for an empty list.</summary>
    [Parameter]
    [AllowEmptyCollection]
    [ValueList]
    public AllocationScheme[] Scheme { get; set; } = AllocationSchemes.ClosedForm;

    /// <summary>The seed of the scheme Random: the same seed gives the same point. Without it draws are cryptographic.</summary>
    [Parameter]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    /// <inheritdoc/>
    protected override void Begin() => TokenAllocator.RequireSupply(Supply, AllocationSchemes.Bounded.Name);

    /// <inheritdoc/>
    protected override void End()
    {
        if (Agents.Count == 0)
        {
            return;
        }

        WarnOfAlikeNames();
        var frontier = new FairnessFrontier(Agents, Supply);
        WriteRecord(frontier.Unbounded());
        bool isSpaced = JainFloor is null && GiniCeiling is null;
        double[] floors = isSpaced ? frontier.JainFloors(Points) : JainFloor ?? [];
        double[] ceilings = isSpaced ? frontier.GiniCeilings(Points) : GiniCeiling ?? [];
        var meter = new ProgressMeter(this, "Tracing the fairness frontier", "points");
        int total = floors.Length + ceilings.Length + Scheme.Length;
        int done = 0;
        WriteVerbose(string.Create(
            CultureInfo.CurrentCulture,
            $"{Agents.Count} agents: {floors.Length} bounds on Jain's index, {ceilings.Length} on the Gini coefficient, {Scheme.Length} schemes."));
        foreach (double floor in floors)
        {
            Trace(floor, () => frontier.AtJain(floor, Cancellation));
        }

        foreach (double ceiling in ceilings)
        {
            Trace(ceiling, () => frontier.AtGini(ceiling, Cancellation));
        }

        foreach (AllocationScheme scheme in Scheme)
        {
            Trace(scheme, () => frontier.Place(scheme, RandomSource.Create(Seed), Cancellation));
        }

        meter.Complete();

        void Trace(object target, Func<FairnessFrontierPoint> point)
        {
            FairnessFrontierPoint? found = null;
            if (TryItem(target, () => found = point()))
            {
                WriteRecord(found);
            }

            meter.Report(++done, total);
        }
    }
}
