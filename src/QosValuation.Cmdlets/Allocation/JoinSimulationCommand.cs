using System.Globalization;
using System.Management.Automation;
using QosValuation.Allocation.Simulation;
using QosValuation.Cmdlets.Valuation;
using QosValuation.Foundation.Sharding;
using QosValuation.Markets.Dynamics;
using QosValuation.Valuation.Novelty;

namespace QosValuation.Cmdlets.Allocation;

/// <summary>Joins the shards of a simulation into the rows that one run would have made, to the last bit.</summary>
/// <remarks>
/// <para>Takes the rows that a simulation emits with -Shard, of all n shards of one run and in any order: as they come, out of jobs, or saved with
/// Export-Clixml or ConvertTo-Json. They carry the numbers of each round, which are put in the order of the rounds and averaged as the run itself does
/// it. Figures that were averaged in parts and put together would differ in their last digits, and quantiles in more.</para>
/// <para>Nothing is emitted unless all is there. A shard that is missing, or that lacks a row, is an error, and so is one that is there twice. Shards
/// with another seed, other settings, other data or another n are of another run and are refused, and so are those that another version of the module
/// made, which may draw other numbers from one seed; join runs one by one. A shard in which no round fell has rows too. A row that was changed is
/// refused: each carries a hash of what it says.</para>
/// <para>Rows are equal to the bit where the shards were made on machines of one kind, as those of any run are. All rows of all shards are held in
/// memory.</para>
/// </remarks>
/// <example>
/// <summary>Fig. 4 from three shards, here one after the other.</summary>
/// <code>$shards = 1..3 | ForEach-Object { Invoke-AllocationSimulation -Alpha 0.1, 0.5, 0.9 -Seed 1 -Shard "$_/3" }
/// $shards | Join-Simulation | Export-Csv fig4.csv</code>
/// </example>
/// <example>
/// <summary>Shards that were saved.</summary>
/// <code>foreach ($i in 1..2) { Invoke-QosSimulation -Agents 50 -Supply 50 -Seed 1 -Shard "$i/2" | Export-Clixml "qos$i.xml" }
/// Import-Clixml qos1.xml, qos2.xml | Join-Simulation</code>
/// </example>
/// <seealso>Invoke-AllocationSimulation</seealso>
/// <seealso>Invoke-QosSimulation</seealso>
/// <seealso>Invoke-AuctionSimulation</seealso>
/// <seealso>Invoke-ValuationSimulation</seealso>
/// <seealso>Receive-QosJob</seealso>
[Cmdlet(VerbsCommon.Join, "Simulation")]
[OutputType(
    typeof(AllocationSimulationResult), typeof(QosReport), typeof(StrategyGain), typeof(AuctionSimulationResult), typeof(ValuationSimulationResult))]
public sealed class JoinSimulationCommand : QosCmdlet
{
    private static readonly SimulationReduction[] Reductions =
    [
        new AllocationSimulationReduction(), new QosReportReduction(), new StrategyGainReduction(), new AuctionSimulationReduction(),
        new ValuationSimulationReduction(),
    ];

    private readonly SimulationJoiner _joiner = new(Reductions);
    private bool _hasFailed;

    /// <summary>The rows of the shards, from a simulation with -Shard.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Accepts(typeof(SimulationShard))]
    [ValidateNotNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <inheritdoc/>
    private protected override bool OnlyCollects => true;

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (PSObject item in InputObject)
        {
            if (!TryRecord(item, out SimulationShard? part))
            {
                _hasFailed = true;
                continue;
            }

            _joiner.Add(part);
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        // Where nothing was a row of a shard, that was said.
        if (_hasFailed && _joiner.Rows > 0)
        {
            throw new QosValuationException(
                Faults.ShardsMissing, "A row could not be read, as the error before this one says: nothing is joined, because it would not be the whole.");
        }

        foreach (object row in _joiner.Join())
        {
            Cancellation.ThrowIfCancellationRequested();
            WriteRecord(_joiner.IsSummary && row is ValuationSimulationResult summary ? InvokeValuationSimulationCommand.Summarized(summary) : row);
        }

        WriteVerbose(string.Create(CultureInfo.CurrentCulture, $"Joined {_joiner.Rows:N0} rows."));
    }
}
