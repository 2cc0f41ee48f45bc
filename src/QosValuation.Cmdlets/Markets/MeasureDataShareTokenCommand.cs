using System.Management.Automation;
using QosValuation.Markets.Shares;

namespace QosValuation.Cmdlets.Markets;

/// <summary>Divides a fixed supply of tokens by the volume, quality and impact of what providers brought, within floors and caps.</summary>
/// <remarks>
/// <para>The data share token (DST) of seed 002, section 7: each provider's score is α·volume + β·quality + γ·impact, each its part of the sum
/// over all. Negative marginal gains count as 0. A component that is 0 for all is dropped and the other weights grow in proportion.</para>
/// <para>Tokens are clip(θ·score, floor, cap) with the one θ for which they sum to the supply, so that all whom no bound holds keep the ratios of
/// their scores. Providers with a score of 0 stay at their floors unless all others are at their caps; then they are filled equally. The
/// tokens, added in the order of the output, are the supply exactly. -Projection Euclidean adds the same amount to all shares instead, which
/// does not keep ratios. -Whole deals whole tokens: rounded down, and the rest one by one to the largest fractions, the earlier where equal.</para>
/// <para>Floors that sum to more than the supply, caps that sum to less, and a floor above its cap are errors with the numbers. A field that
/// cannot be used costs one error record (OfferNotValid) that names the row and the value.</para>
/// </remarks>
/// <example>
/// <summary>100,000 tokens, at least 500 and at most 30,000 for each.</summary>
/// <code>Import-Csv providers.csv | Measure-DataShareToken -Floor 500 -Cap 30000 -Whole</code>
/// <remarks>providers.csv has the columns Contributor, TokenCount, Quality and MarginalUtility.</remarks>
/// </example>
/// <example>
/// <summary>Impact counts half.</summary>
/// <code>$providers | Measure-DataShareToken -Supply 1000 -Weight 0.25, 0.25, 0.5</code>
/// </example>
/// <seealso>Measure-UtilityShare</seealso>
/// <seealso>Invoke-DataAuction</seealso>
[Cmdlet(VerbsDiagnostic.Measure, "DataShareToken")]
[OutputType(typeof(DataShareToken))]
public sealed class MeasureDataShareTokenCommand : DataOfferCommand
{
    private readonly List<DataShareClaim> _claims = [];

    /// <summary>The usable text tokens of the provider's data, at least 0; 0 where it is absent.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Tokens", "Volume")]
    [AllowNull]
    public object? TokenCount { get; set; }

    /// <summary>l: the fewest tokens for a provider, at least 0; 0 by default. As an argument it holds for all, else each may bring its own.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    public object? Floor { get; set; }

    /// <summary>u: the most tokens for a provider; none by default. As an argument it holds for all, else each may bring its own.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    public object? Cap { get; set; }

    /// <summary>Whether the provider takes part, as the awards of an auction say; it does where this is absent.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    public object? IsWinner { get; set; }

    /// <summary>T: the tokens to divide, finite and at least 0; 100,000 by default.</summary>
    [Parameter]
    [Number]
    public double Supply { get; set; } = 100_000;

    /// <summary>α, β and γ: the weights of volume, quality and impact, at least 0; equal by default. They are scaled to sum 1.</summary>
    [Parameter]
    [ValidateNotNull]
    [Number(TakesList = true)]
    public double[] Weight { get; set; } = [1 / 3.0, 1 / 3.0, 1 / 3.0];

    /// <summary>How tokens follow the scores where floors and caps bind; Proportional by default.</summary>
    [Parameter]
    [SingleValue]
    public ShareProjection Projection { get; set; }

    /// <summary>Deals whole tokens.</summary>
    [Parameter]
    public SwitchParameter Whole { get; set; }

    /// <inheritdoc/>
    private protected override string[] Telling => [nameof(TokenCount), nameof(Quality), nameof(MarginalUtility)];

    /// <inheritdoc/>
    protected override void Begin() => DataShareTokens.Require(Supply, Weight, Whole);

    /// <inheritdoc/>
    protected override void Add()
    {
        if (!IsInvolved(IsWinner))
        {
            return;
        }

        double floor = Amount(nameof(Floor), Floor, 0);
        double cap = Amount(nameof(Cap), Cap, double.PositiveInfinity, mayBeInfinite: true);
        if (floor > cap)
        {
            throw DataOffer.NotValid(Row, Contributor, nameof(Floor), floor, $"it lies above the cap of {cap}");
        }

        _claims.Add(new DataShareClaim
        {
            Contributor = ProviderName,
            Volume = Amount(nameof(TokenCount), TokenCount, 0),
            Quality = Amount(nameof(Quality), Quality, 0),
            MarginalUtility = Finite(nameof(MarginalUtility), MarginalUtility, 0),
            Floor = floor,
            Cap = cap,
        });
    }

    /// <inheritdoc/>
    protected override void End()
    {
        foreach (DataShareToken token in DataShareTokens.Divide(_claims, Supply, Weight, Whole, Projection))
        {
            WriteRecord(token);
        }
    }
}
