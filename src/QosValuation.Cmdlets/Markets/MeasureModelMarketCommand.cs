using System.Management.Automation;
using QosValuation.Markets.Models;

namespace QosValuation.Cmdlets.Markets;

/// <summary>Sums up what algorithms came to in a model market: accuracy and utility, with standard errors over seeds.</summary>
/// <remarks>
/// <para>One report leaves for each algorithm, and for each -GraphStep, -Payment and -Epsilon with which it was run. Accuracy is the mean over clients of
/// the best round, as in the paper (seed 003); FinalAccuracy is that of the last round, which no test row has chosen. Utility is summed over rounds and
/// averaged over clients. It depends on sizes, costs and payments alone, and on no accuracy.</para>
/// <para>Attackers and free riders count in Welfare alone. Standard errors are those of the mean over seeds; with one seed there are none.</para>
/// </remarks>
/// <example>
/// <summary>Compare three algorithms over five seeds.</summary>
/// <code>$rows = foreach ($seed in 1..5) {
///     $train | New-ClientPartition -Count 10 -Kind Dirichlet -Beta 0.1 -Seed $seed |
///         Invoke-ModelMarket -Algorithm Ipfl, FedAvg, Local -Round 10 -Seed $seed
/// }
/// $rows | Measure-ModelMarket | Sort-Object Utility -Descending</code>
/// </example>
/// <seealso>Invoke-ModelMarket</seealso>
/// <seealso>Export-QosReport</seealso>
[Cmdlet(VerbsDiagnostic.Measure, "ModelMarket")]
[OutputType(typeof(ModelMarketReport))]
public sealed class MeasureModelMarketCommand : QosCmdlet
{
    private readonly List<ModelMarketRound> _rows = [];

    /// <summary>Rows of Invoke-ModelMarket, of one or several seeds.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Accepts(typeof(ModelMarketRound))]
    [AllowEmptyCollection]
    [AllowNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <inheritdoc/>
    protected override void Process() => _rows.AddRange(Records<ModelMarketRound>(InputObject));

    /// <inheritdoc/>
    protected override void End()
    {
        foreach (ModelMarketReport report in ModelMarketSummary.Of(_rows))
        {
            WriteRecord(report);
        }
    }
}
