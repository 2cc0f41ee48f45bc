using System.Management.Automation;
using QosValuation.Markets.Ledger;
using QosValuation.Markets.Shares;

namespace QosValuation.Cmdlets.Markets;

/// <summary>Divides a pool of future utility by quality times marginal utility, and says what the parts are worth to the risk-averse.</summary>
/// <remarks>
/// <para>The marginal utility token (MUT) contract of seed 002, section 6: s = q·max(φ, 0)/Σ, the payout is s·U. Where all are 0, nobody
/// receives anything and the pool stays undistributed. Objects with IsWinner false, such as the losers of an auction, are left out.</para>
/// <para>Utility is CRRA, x^(1−γ)/(1−γ) of the payout x, ln x for γ = 1, and −∞ for x = 0 where γ is 1 or more; the cost stays outside:
/// NetUtility is Utility − c (section 8.6).</para>
/// <para>-Rescale maps marginal utilities linearly to [0, 1] with a floor of 0.001 first (appendix D). It is not Sybil-proof: whoever adds a name
/// with worthless data moves the lower end and raises its own share, as Test-MechanismProperty -Mechanism UtilityShare -Rescale shows.</para>
/// <para>A field that cannot be used costs one error record (OfferNotValid) that names the row and the value. Shares leave at the end.</para>
/// </remarks>
/// <example>
/// <summary>The winners of an auction share a revenue of 50,000.</summary>
/// <code>$offers | Invoke-DataAuction -Budget 1000 | Measure-UtilityShare -Pool 50000</code>
/// </example>
/// <example>
/// <summary>What the shares are worth to providers with logarithmic utility.</summary>
/// <code>Import-Csv providers.csv | Measure-UtilityShare -Pool 100 -RiskAversion 1</code>
/// </example>
/// <example>
/// <summary>The revenue that the ledger holds since the last payout, which was at record 120.</summary>
/// <code>Import-Csv providers.csv | Measure-UtilityShare -LedgerPath ./market.db -FirstSequence 121</code>
/// </example>
/// <seealso>Add-UsageRecord</seealso>
/// <seealso>Invoke-DataAuction</seealso>
/// <seealso>Measure-DataShareToken</seealso>
[Cmdlet(VerbsDiagnostic.Measure, "UtilityShare")]
[OutputType(typeof(UtilityShare))]
public sealed class MeasureUtilityShareCommand : DataOfferCommand
{
    private readonly List<DataOffer> _offers = [];
    private readonly List<double> _aversions = [];
    private double _pool;

    /// <summary>c: the cost of sharing, 0 where it is absent; it counts in NetUtility alone.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    public object? Cost { get; set; }

    /// <summary>γ: relative risk aversion, finite and at least 0; 0 by default. As an argument it holds for all, else each may bring its own.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    public object? RiskAversion { get; set; }

    /// <summary>Whether the provider takes part, as the awards of an auction say; it does where this is absent.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    public object? IsWinner { get; set; }

    /// <summary>U: the pool, finite and at least 0, in any unit. Without it -LedgerPath gives the pool.</summary>
    [Parameter]
    [Number]
    public double Pool { get; set; }

    /// <summary>The ledger whose usage records make the pool: the sum of their revenue. Together with -Pool both count.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? LedgerPath { get; set; }

    /// <summary>Only usage records from this sequence number on, counted from 1: those after the last payout.</summary>
    /// <value>1</value>
    [Parameter]
    [WholeNumber]
    [ValidateRange(1, long.MaxValue)]
    public long FirstSequence { get; set; } = 1;

    /// <summary>Rescales marginal utilities to [0, 1] with a floor of 0.001, as in appendix D; not Sybil-proof.</summary>
    [Parameter]
    public SwitchParameter Rescale { get; set; }

    /// <inheritdoc/>
    private protected override string[] Telling => [nameof(Quality), nameof(MarginalUtility)];

    /// <inheritdoc/>
    protected override void Begin()
    {
        _pool = Pool;
        if (LedgerPath is not null)
        {
            using DatLedger ledger = DatLedger.Open(ResolveStore(LedgerPath), create: false);
            foreach (UsageRecord usage in UsageLedger.Read(ledger, FirstSequence))
            {
                Cancellation.ThrowIfCancellationRequested();
                _pool += usage.Revenue;
            }
        }
        else if (!IsBound(nameof(Pool)))
        {
            throw new QosValuationException(Faults.ShareOptionNotValid, "There is no pool to share: give -Pool, or a -LedgerPath with usage records.");
        }

        UtilityShares.Divide([], _pool, [], rescale: false);
    }

    /// <inheritdoc/>
    protected override void Add()
    {
        if (!IsInvolved(IsWinner))
        {
            return;
        }

        var offer = new DataOffer
        {
            Contributor = ProviderName,
            Cost = Amount(nameof(Cost), Cost, 0),
            Quality = Amount(nameof(Quality), Quality, 1),
            MarginalUtility = Finite(nameof(MarginalUtility), MarginalUtility, 1),
        };
        double aversion = Amount(nameof(RiskAversion), RiskAversion, 0);
        _offers.Add(offer);
        _aversions.Add(aversion);
    }

    /// <inheritdoc/>
    protected override void End()
    {
        UtilityShare[] shares = UtilityShares.Divide(_offers, _pool, _aversions, Rescale);
        if (shares.Length > 0 && Array.TrueForAll(shares, share => share.Share == 0))
        {
            WriteWarning("No provider has both quality and marginal utility above 0, so that the pool stays undistributed.");
        }

        foreach (UtilityShare share in shares)
        {
            WriteRecord(share);
        }
    }
}
