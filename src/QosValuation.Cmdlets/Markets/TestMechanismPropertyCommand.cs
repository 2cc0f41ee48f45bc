using System.Globalization;
using System.Management.Automation;
using QosValuation.Foundation.Randomness;
using QosValuation.Markets.Auctions;
using QosValuation.Markets.Models;
using QosValuation.Markets.Properties;

namespace QosValuation.Cmdlets.Markets;

/// <summary>Searches for cases in which a mechanism breaks what it promises.</summary>
/// <remarks>
/// <para>Each trial draws a small market (or takes the offers from the pipeline), follows one provider's report from 0 to beyond the budget, and
/// tries deviations. Where the mechanism has a threshold it is found exactly: a truthful mechanism pays each winner the supremum of its
/// winning reports, whatever it reported. Coalitions are searched at random and then one member's report at a time; a Sybil splits its
/// data among several names, each honest about its part of the cost.</para>
/// <para>The first violation of each property is made as small and plain as it can be, and leaves as soon as it is found. It can be replayed: its
/// Offers go into Invoke-DataAuction, and its property Command is the whole line. Nothing leaves where nothing was found; -Verbose says how
/// many trials that were. A search that finds nothing proves nothing, but it finds every flaw that section 3 of the seed's corrections lists.</para>
/// <para>A coalition counts only where each member gains and no money moves between them.</para>
/// </remarks>
/// <example>
/// <summary>The paper's auction is truthful, but over the budget and open to collusion.</summary>
/// <code>Test-MechanismProperty -Mechanism QMia -Property Truthfulness, Budget, Collusion, Sybil -Seed 1</code>
/// </example>
/// <example>
/// <summary>Replay what was found.</summary>
/// <code>$violation = Test-MechanismProperty -Mechanism NaiveConstantRatio -Property Truthfulness -Trial 10000 -Seed 1
/// $violation.HonestOffers | Invoke-DataAuction -Mechanism $violation.Mechanism -Budget $violation.Budget
/// $violation.Offers | Invoke-DataAuction -Mechanism $violation.Mechanism -Budget $violation.Budget
/// Invoke-Expression $violation.Command</code>
/// </example>
/// <example>
/// <summary>Mixed-MIA as published, and corrected.</summary>
/// <code>Test-MechanismProperty -Mechanism QMia -Liquidity 0.5 -Pool 1 -Seed 1
/// Test-MechanismProperty -Mechanism QMia -Liquidity 0.5 -Pool 1 -Corrected -Property Truthfulness, IndividualRationality -Trial 100000 -Seed 1</code>
/// </example>
/// <example>
/// <summary>The market of models: a false cost gains under the published payment, none was found under the critical one; false sizes gain under both.</summary>
/// <code>Test-MechanismProperty ModelMarket -Payment Marginal -Property Truthfulness -Seed 1
/// Test-MechanismProperty ModelMarket -Payment Critical -Property Truthfulness -Trial 100000 -Seed 1
/// Test-MechanismProperty ModelMarket -Payment Critical -Lie Size -Property Truthfulness -Seed 1</code>
/// </example>
/// <example>
/// <summary>A mechanism of your own: the block receives offers and the budget, and returns an object with Contributor and Payment for each winner.</summary>
/// <code>Test-MechanismProperty -Seed 1 -ScriptBlock {
///     param($Offers, $Budget)
///     $Offers | Sort-Object Cost | Select-Object -First 1 | ForEach-Object { [pscustomobject]@{ Contributor = $_.Contributor; Payment = $_.Cost } }
/// }</code>
/// </example>
/// <seealso>Invoke-DataAuction</seealso>
[Cmdlet(VerbsDiagnostic.Test, "MechanismProperty", DefaultParameterSetName = MechanismSet)]
[OutputType(typeof(MechanismViolation))]
public sealed class TestMechanismPropertyCommand : DataOfferCommand
{
    private const string MechanismSet = "Mechanism";
    private const string ScriptSet = "ScriptBlock";

    private readonly List<DataOffer> _offers = [];

    /// <summary>
    /// The mechanism: one of Invoke-DataAuction, UtilityShare for the contract of Measure-UtilityShare, or ModelMarket for a round of Invoke-ModelMarket.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = MechanismSet)]
    [ArgumentCompleter(typeof(MechanismCompleter))]
    [SingleValue]
    [ValidateNotNullOrEmpty]
    public string Mechanism { get; set; } = string.Empty;

    /// <summary>A mechanism of your own: param($Offers, $Budget), and for each winner an object with Contributor and Payment.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ScriptSet)]
    [ValidateNotNull]
    public ScriptBlock ScriptBlock { get; set; } = null!;

    /// <summary>The properties to refute; Truthfulness, IndividualRationality, Budget and Monotonicity by default.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public MechanismProperty[] Property { get; set; } =
    [
        MechanismProperty.Truthfulness, MechanismProperty.IndividualRationality, MechanismProperty.Budget, MechanismProperty.Monotonicity,
    ];

    /// <summary>How many markets are looked at for each property, at least 1; 1,000 by default.</summary>
    [Parameter]
    [WholeNumber]
    public long Trial { get; set; } = 1000;

    /// <summary>The most members of a coalition, and the most names of a Sybil, at least 2; 2 by default.</summary>
    [Parameter]
    [WholeNumber]
    public int CoalitionSize { get; set; } = 2;

    /// <summary>B: the budget of the markets, above 0; 1 by default.</summary>
    [Parameter]
    [Number]
    public double Budget { get; set; } = 1;

    /// <summary>η: the exponent of quality; 1 by default.</summary>
    [Parameter(ParameterSetName = MechanismSet)]
    [Number]
    public double Eta { get; set; } = 1;

    /// <summary>γ: the exponent of marginal utility; 1 by default.</summary>
    [Parameter(ParameterSetName = MechanismSet)]
    [Number]
    public double Gamma { get; set; } = 1;

    /// <summary>κ: what is added to marginal utility; 0 by default.</summary>
    [Parameter(ParameterSetName = MechanismSet)]
    [Number]
    public double Kappa { get; set; }

    /// <summary>u: a concave function of the product; None by default.</summary>
    [Parameter(ParameterSetName = MechanismSet)]
    [SingleValue]
    public ConcaveUtility Concave { get; set; }

    /// <summary>ρ: the part of a payment in money, from 0 to 1; makes the auction a Mixed-MIA.</summary>
    [Parameter(ParameterSetName = MechanismSet)]
    [Number(MayBeAbsent = true)]
    public double? Liquidity { get; set; }

    /// <summary>U: the utility pool of a Mixed-MIA, and of UtilityShare (1 by default there).</summary>
    [Parameter(ParameterSetName = MechanismSet)]
    [Number]
    public double Pool { get; set; }

    /// <summary>Posts the shares of a Mixed-MIA before the auction.</summary>
    [Parameter(ParameterSetName = MechanismSet)]
    public SwitchParameter Corrected { get; set; }

    /// <summary>For UtilityShare: rescales marginal utilities as in appendix D.</summary>
    [Parameter(ParameterSetName = MechanismSet)]
    public SwitchParameter Rescale { get; set; }

    /// <summary>For ModelMarket: how a client chooses its imports; Threshold by default.</summary>
    [Parameter(ParameterSetName = MechanismSet)]
    [SingleValue]
    public ModelGraphStep GraphStep { get; set; }

    /// <summary>For ModelMarket: what it pays for them; Marginal by default.</summary>
    [Parameter(ParameterSetName = MechanismSet)]
    [SingleValue]
    public ModelPayment Payment { get; set; }

    /// <summary>For ModelMarket: λ, what distance costs a buyer, at least 0; 1 by default.</summary>
    [Parameter(ParameterSetName = MechanismSet)]
    [Number]
    public double Lambda { get; set; } = 1;

    /// <summary>For ModelMarket: what clients may report falsely, Cost, Size or GainScale; Cost by default.</summary>
    [Parameter(ParameterSetName = MechanismSet)]
    [SingleValue]
    public ReportedNumber Lie { get; set; }

    /// <summary>c: the true cost of an offer to search among.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    public object? Cost { get; set; }

    /// <summary>The embedding of an offer to search among.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    public object? Vector { get; set; }

    /// <summary>The seed: the same seed finds the same violations. Without it one is drawn, and violations name it.</summary>
    [Parameter]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    /// <inheritdoc/>
    private protected override string[] Telling => [nameof(Cost)];

    /// <inheritdoc/>
    protected override void Begin()
    {
        Search().Validate();
        Target();
    }

    /// <inheritdoc/>
    protected override void Add()
    {
        if (!MyInvocation.ExpectingInput && Cost is null)
        {
            return;
        }

        var offer = new DataOffer
        {
            Contributor = ProviderName,
            Cost = Amount(nameof(Cost), Cost, 0),
            Quality = Amount(nameof(Quality), Quality, 1),
            MarginalUtility = Finite(nameof(MarginalUtility), MarginalUtility, 1),
            Vector = OfferFields.Vector(Row, ProviderName, Vector),
        };
        if (Mechanism != UtilityShareUnderTest.MechanismName)
        {
            offer.Validate(Row, Kappa);
        }

        _offers.Add(offer);
    }

    /// <inheritdoc/>
    protected override void End()
    {
        ITestedMechanism target = Target();
        MechanismSearchOptions search = Search();
        var meter = new ProgressMeter(this, "Searching " + target.Name + " for violations", "trials");
        var progress = new ProgressCount();
        long total = search.Trials * search.Properties.Count;
        int found = 0;
        void Write(MechanismViolation violation)
        {
            found++;
            WriteRecord(violation);
        }

        if (target.IsThreadSafe)
        {
            BackgroundWork.Stream(
                token => MechanismSearch.Run(target, search, progress, token), Write, () => meter.Report(progress.Value, total), Cancellation);
        }
        else
        {
            foreach (MechanismViolation violation in MechanismSearch.Run(target, search, progress, Cancellation))
            {
                Write(violation);
                meter.Report(progress.Value, total);
            }
        }

        meter.Complete();
        WriteVerbose($"{found} of {search.Properties.Count} properties of {target.Name} refuted; {search.Trials:N0} trials a property, seed {search.Seed}.");
    }

    private MechanismSearchOptions Search()
    {
        Seed ??= RandomSource.Create(null).NextInt32(int.MaxValue);
        return new()
        {
            Properties = [.. Property.Distinct()],
            Trials = Trial,
            CoalitionSize = CoalitionSize,
            Offers = _offers.Count > 0 ? _offers : null,
            Seed = Seed.Value,
        };
    }

    private ITestedMechanism Target()
    {
        if (!(Budget > 0) || !double.IsFinite(Budget))
        {
            throw new QosValuationException(
                Faults.MechanismSearchNotValid, string.Create(CultureInfo.CurrentCulture, $"The budget is {Budget}; give a finite number above 0."), Budget);
        }

        if (ParameterSetName == ScriptSet)
        {
            return new ScriptUnderTest(ScriptBlock, Budget);
        }

        if (string.Equals(Mechanism, UtilityShareUnderTest.MechanismName, StringComparison.OrdinalIgnoreCase))
        {
            Mechanism = UtilityShareUnderTest.MechanismName;
            return new UtilityShareUnderTest(IsBound(nameof(Pool)) ? Pool : 1, Rescale);
        }

        if (string.Equals(Mechanism, ModelMarketUnderTest.MechanismName, StringComparison.OrdinalIgnoreCase))
        {
            var rules = new ModelMarketRules { GraphStep = GraphStep, Payment = Payment, Lambda = Lambda };
            rules.Validate();
            return _offers.Count == 0
                ? new ModelMarketUnderTest(rules, Lie)
                : throw new QosValuationException(
                    Faults.MechanismSearchNotValid, "Offers of data are no clients of a model market; pipe none, and markets are drawn.", Mechanism);
        }

        if (!Enum.TryParse(Mechanism, ignoreCase: true, out AuctionMechanism auction) || !Enum.IsDefined(auction) || char.IsDigit(Mechanism[0]))
        {
            throw new QosValuationException(
                Faults.MechanismSearchNotValid, $"'{Mechanism}' is no mechanism; choose one of {string.Join(", ", MechanismCompleter.Names)}.", Mechanism);
        }

        var options = new AuctionOptions
        {
            Mechanism = auction,
            Budget = Budget,
            Eta = Eta,
            Gamma = Gamma,
            Kappa = Kappa,
            Concave = Concave,
            Liquidity = Liquidity,
            Pool = Pool,
            Corrected = Corrected,
        };
        options.Validate();
        return new AuctionUnderTest(options);
    }

    private sealed class ScriptUnderTest(ScriptBlock script, double budget) : ITestedMechanism
    {
        public string Name => "ScriptBlock";

        public string Command => string.Empty;

        public double Budget => budget;

        public double Limit => budget;

        public bool IsThreadSafe => false;

        public bool UsesCosts => true;

        public bool UsesVectors => false;

        public void Run(TestMarket market, bool[] wins, double[] payments)
        {
            DataOffer[] offers = market.ToOffers();
            IEnumerable<PSObject> results;
            try
            {
                results = script.InvokeWithContext(
                    null, [new PSVariable("Offers", offers), new PSVariable("Budget", budget), new PSVariable("_", offers)], offers, budget);
            }
            catch (RuntimeException exception) when (exception is not PipelineStoppedException)
            {
                throw new QosValuationException(Faults.MechanismScriptFailed, "The script block failed: " + exception.Message, offers, exception);
            }

            Array.Clear(wins);
            Array.Clear(payments);
            foreach (PSObject result in results)
            {
                string? name = result?.Properties["Contributor"]?.Value?.ToString();
                int offer = Array.IndexOf(market.Names, name);
                if (offer < 0 || !RecordProperties.TryGetNumber(result, "Payment", out double payment))
                {
                    throw new QosValuationException(
                        Faults.MechanismScriptFailed, $"The script block returned '{result}', which names no offer and its payment.", result);
                }

                object? isWinner = result!.Properties["IsWinner"]?.Value;
                wins[offer] = OfferFields.Truth(isWinner)
                    ?? throw new QosValuationException(
                        Faults.MechanismScriptFailed, $"The script block returned '{isWinner}' as IsWinner; give $true or $false.", result);
                payments[offer] = payment;
            }
        }
    }
}
