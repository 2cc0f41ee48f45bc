using System.Globalization;
using System.Management.Automation;
using QosValuation.Foundation.Names;
using QosValuation.Foundation.Randomness;
using QosValuation.Foundation.Sharding;
using QosValuation.Markets.Auctions;
using QosValuation.Markets.Dynamics;

namespace QosValuation.Cmdlets.Markets;

/// <summary>Holds auctions of data again and again, and measures what a bidder that learns gains over telling the truth.</summary>
/// <remarks>
/// <para>The same providers offer data in every round (seed 002, section 10, names repeated markets an open problem). Data that were bought are worth
/// less the next time: their marginal utility is multiplied by -Decay with each purchase, and -Renewal of what is lost comes back in each round
/// without one. A provider's quality is known by reputation: a first measurement, and after each purchase a step of -ReputationRate towards what was
/// delivered. What a round leaves of its budget the next may spend (-CarryOver), and what it overspends is missing there.</para>
/// <para>One provider learns by multiplicative weights over reports of -Factor times its true cost; the others report theirs. After each round it sees
/// what each factor would have earned, all else equal. Gain is what its reports earn in a round more than the truth in the same state of the market,
/// TotalGain the sum so far, and BestGain what the best factor would have earned. Under a truthful mechanism none can be above 0 but for rounding;
/// Gain rises to 0 while the learner finds the truth. A flaw that pays only now and then, as that of NaiveConstantRatio, shows in BestGain
/// although no fixed factor profits from it. TwinGain compares with a twin market in which it always told the truth. There a report also moves
/// later rounds, and no mechanism here promises anything about that: who loses a round keeps its data fresh, and the money is there in the
/// next.</para>
/// <para>One row leaves for each mechanism and round, averaged over -Repetition markets, with standard errors. Without offers a market is drawn
/// for each repetition: costs uniform from 0 to 4·B/n, qualities from 0.5 to 1, marginal utilities from 0.05 to 1.05. Piped offers give the true
/// costs of one market; then repetitions differ in deliveries, in what the learner plays and in the order of Random. All mechanisms see the same
/// markets. The same seed gives the same rows for any number of cores.</para>
/// <para>Repeated auctions have a cmdlet of their own because Invoke-DataAuction sells once what was truly offered and emits awards. Here costs
/// are true ones, rounds are simulated, several mechanisms run side by side, and a row is an average.</para>
/// </remarks>
/// <example>
/// <summary>What a learner gains under four mechanisms after 50 rounds.</summary>
/// <code>Invoke-AuctionSimulation -Budget 1 -Mechanism QMia, ProportionalShare, Random, NaiveConstantRatio -Round 50 -Seed 1 -Summary</code>
/// </example>
/// <example>
/// <summary>Mixed-MIA as published and corrected, in one report with figures.</summary>
/// <code>$published = Invoke-AuctionSimulation -Budget 1 -Mechanism QMia -Liquidity 0.5 -Pool 1 -Seed 1
/// $corrected = Invoke-AuctionSimulation -Budget 1 -Mechanism QMia -Liquidity 0.5 -Pool 1 -Corrected -Seed 1
/// $published + $corrected | Export-QosReport -Path learner.html</code>
/// </example>
/// <example>
/// <summary>Providers of your own; the second one learns.</summary>
/// <code>$offers = .2, .3, .4 | ForEach-Object { [pscustomobject]@{ Contributor = "costs $_"; Cost = $_ } }
/// $offers | Invoke-AuctionSimulation -Budget 1 -Mechanism ProportionalShare, Random -Learner 'costs 0.3' -Round 20 -Seed 1</code>
/// </example>
/// <seealso>Join-Simulation</seealso>
/// <seealso>Invoke-DataAuction</seealso>
/// <seealso>Test-MechanismProperty</seealso>
/// <seealso>Export-QosReport</seealso>
[Cmdlet(VerbsLifecycle.Invoke, "AuctionSimulation")]
[OutputType(typeof(AuctionSimulationResult), typeof(SimulationShard))]
public sealed class InvokeAuctionSimulationCommand : DataOfferCommand
{
    private readonly List<DataOffer> _offers = [];

    /// <summary>c: the true cost of an offer, finite and at least 0, in units of the budget.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    public object? Cost { get; set; }

    /// <summary>The mechanisms; QMia, ProportionalShare, ConstantRatio, Random and NaiveConstantRatio by default, or QMia alone with -Liquidity.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public AuctionMechanism[] Mechanism { get; set; } =
    [
        AuctionMechanism.QMia, AuctionMechanism.ProportionalShare, AuctionMechanism.ConstantRatio, AuctionMechanism.Random, AuctionMechanism.NaiveConstantRatio,
    ];

    /// <summary>B: what each round adds to the budget, finite and at least 0; 1 by default.</summary>
    [Parameter]
    [Number]
    public double Budget { get; set; } = 1;

    /// <summary>How many auctions follow one another, at least 1; 50 by default.</summary>
    [Parameter]
    [ValidateRange(1, 1_000_000)]
    [Alias("Rounds")]
    [WholeNumber]
    public int Round { get; set; } = 50;

    /// <summary>How many markets are averaged, at least 1; 100 by default.</summary>
    [Parameter]
    [ValidateRange(1, 10_000_000)]
    [WholeNumber]
    public int Repetition { get; set; } = 100;

    /// <summary>The number of providers of a drawn market, at least 1; 10 by default. Not with piped offers.</summary>
    [Parameter]
    [ValidateRange(1, 100_000)]
    [WholeNumber]
    public int ProviderCount { get; set; } = 10;

    /// <summary>The contributor that learns; the first offer by default.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Learner { get; set; }

    /// <summary>The factors of its true cost that the learner may report, each finite and at least 0; 1 is always among them.</summary>
    /// <value>0.25, 0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2, 3</value>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [Number(TakesList = true)]
    public double[] Factor { get; set; } = [0.25, 0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2, 3];

    /// <summary>How fast the learner learns, above 0: a multiple of the rate √(8·ln K/Σr²), r the range of a round's utilities; 1 by default.</summary>
    [Parameter]
    [Number]
    public double LearningRate { get; set; } = 1;

    /// <summary>δ: what a purchase leaves of the marginal utility of the same data, from 0 to 1; 0.8 by default, and 1 never wears out.</summary>
    [Parameter]
    [Number]
    public double Decay { get; set; } = 0.8;

    /// <summary>Which part of what is lost comes back in a round without a purchase, from 0 to 1; 0.1 by default.</summary>
    [Parameter]
    [Number]
    public double Renewal { get; set; } = 0.1;

    /// <summary>α: how far a delivery moves a reputation towards the quality delivered, from 0 to 1; 0.2 by default.</summary>
    [Parameter]
    [Number]
    public double ReputationRate { get; set; } = 0.2;

    /// <summary>The relative standard deviation of a delivery's quality and of the first measurement, at least 0; 0.1 by default.</summary>
    [Parameter]
    [Number]
    public double QualityNoise { get; set; } = 0.1;

    /// <summary>Which part of an unspent budget the next round may spend, from 0 to 1; 1 by default.</summary>
    [Parameter]
    [Number]
    public double CarryOver { get; set; } = 1;

    /// <summary>η: the exponent of quality, at least 0; 1 by default.</summary>
    [Parameter]
    [Number]
    public double Eta { get; set; } = 1;

    /// <summary>γ: the exponent of marginal utility, at least 0; 1 by default.</summary>
    [Parameter]
    [Number]
    public double Gamma { get; set; } = 1;

    /// <summary>κ: what is added to marginal utility, at least 0; 0 by default.</summary>
    [Parameter]
    [Number]
    public double Kappa { get; set; }

    /// <summary>u: a concave function of the product; None by default.</summary>
    [Parameter]
    [SingleValue]
    public ConcaveUtility Concave { get; set; }

    /// <summary>ρ: the part of a payment in money, from 0 to 1; makes the auctions Mixed-MIA.</summary>
    [Parameter]
    [Number(MayBeAbsent = true)]
    public double? Liquidity { get; set; }

    /// <summary>U: the utility pool that a Mixed-MIA shares in each round, at least 0.</summary>
    [Parameter]
    [Number]
    public double Pool { get; set; }

    /// <summary>Posts the shares of a Mixed-MIA before each auction.</summary>
    [Parameter]
    public SwitchParameter Corrected { get; set; }

    /// <summary>The seed: the same seed gives the same rows. Without it one is drawn, and the rows name it.</summary>
    [Parameter]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    /// <summary>Writes the last round of each mechanism alone.</summary>
    [Parameter]
    public SwitchParameter Summary { get; set; }

    /// <summary>
    /// Simulates only the repetitions of one of n shards, such as -Shard 3/8 for the third of eight: a contiguous part of them, of every row. Emits
    /// SimulationShard rows, of which Join-Simulation makes those of the whole run, to the last bit. Needs -Seed, the same for all shards.
    /// </summary>
    [Parameter]
    [Shard]
    [ArgumentCompleter(typeof(ShardCompleter))]
    public Shard? Shard { get; set; }

    /// <inheritdoc/>
    private protected override string[] Telling => [nameof(Cost)];

    /// <inheritdoc/>
    protected override void Begin()
    {
        ShardedRun.RequireSeed(Shard, Seed);
        Seed ??= RandomSource.Create(null).NextInt32(int.MaxValue);
        if (Liquidity is not null && !IsBound(nameof(Mechanism)))
        {
            Mechanism = [AuctionMechanism.QMia];
        }

        if (!MyInvocation.ExpectingInput && Cost is null)
        {
            Options().Validate();
            if (Learner is not null)
            {
                throw new QosValuationException(
                    Faults.SimulationNotValid, $"The learner '{Learner}' is in no drawn market, whose providers have no names; pipe offers in.", Learner);
            }
        }
        else if (IsBound(nameof(ProviderCount)))
        {
            throw new QosValuationException(
                Faults.SimulationNotValid, "The offers say how many providers there are; leave -ProviderCount out.", ProviderCount);
        }
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
            Cost = Number(nameof(Cost), Cost, null),
            Quality = Number(nameof(Quality), Quality, 1),
            MarginalUtility = Number(nameof(MarginalUtility), MarginalUtility, 1),
        };
        offer.Validate(Row, Kappa);
        _offers.Add(offer);
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (_offers.Count == 0 && (MyInvocation.ExpectingInput || Cost is not null))
        {
            return;
        }

        AuctionSimulationOptions options = Options();
        var meter = new ProgressMeter(this, "Holding repeated auctions", "rounds");
        var done = new ProgressCount();
        int repetitions = Shard?.PartOf(Repetition).Count ?? Repetition;
        BackgroundWork.Stream<object>(
            token => Shard is null ? AuctionSimulation.Run(options, done, cancellationToken: token)
                : AuctionSimulation.RunShard(options, Shard, Summary, done, cancellationToken: token),
            row =>
            {
                if (!Summary || row is not AuctionSimulationResult whole || whole.Round == Round)
                {
                    WriteRecord(row);
                }
            },
            () => meter.Report(done.Value, options.TotalRounds / Repetition * repetitions),
            Cancellation);
        meter.Complete();
        WriteVerbose(string.Create(CultureInfo.CurrentCulture, $"{repetitions:N0} markets of {Round:N0} rounds for each mechanism, seed {Seed}."));
    }

    private AuctionSimulationOptions Options() => new()
    {
        Mechanisms = [.. Mechanism.Distinct()],
        Auction = new AuctionOptions
        {
            Budget = Budget,
            Eta = Eta,
            Gamma = Gamma,
            Kappa = Kappa,
            Concave = Concave,
            Liquidity = Liquidity,
            Pool = Pool,
            Corrected = Corrected,
        },
        Offers = _offers.Count > 0 ? _offers : null,
        Providers = ProviderCount,
        Learner = _offers.Count > 0 ? PlaceOfLearner() : 0,
        Rounds = Round,
        Repetitions = Repetition,
        Decay = Decay,
        Renewal = Renewal,
        ReputationRate = ReputationRate,
        QualityNoise = QualityNoise,
        CarryOver = CarryOver,
        Factors = Factor,
        LearningRate = LearningRate,
        Seed = Seed!.Value,
    };

    private int PlaceOfLearner()
    {
        if (Learner is null)
        {
            return 0;
        }

        string wanted = ContributorName.Fold(Learner);
        int place = _offers.FindIndex(offer => ContributorName.Fold(offer.Contributor) == wanted);
        return place >= 0
            ? place
            : throw new QosValuationException(
                Faults.SimulationNotValid, $"No offer is of '{Learner}', which is to learn; name one of the contributors.", Learner);
    }
}
