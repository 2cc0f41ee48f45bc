using System.Globalization;
using QosValuation.Foundation.Randomness;
using QosValuation.Markets.Auctions;
using QosValuation.Markets.Shares;

namespace QosValuation.Markets.Properties;

/// <summary>A mechanism that a search for violations runs.</summary>
public interface ITestedMechanism
{
    /// <summary>The name that violations carry.</summary>
    string Name { get; }

    /// <summary>The command that runs the mechanism on piped offers; empty where there is none.</summary>
    string Command { get; }

    /// <summary>B: the budget.</summary>
    double Budget { get; }

    /// <summary>What the payments may sum up to.</summary>
    double Limit { get; }

    /// <summary>Whether several threads may run it at once.</summary>
    bool IsThreadSafe { get; }

    /// <summary>Whether costs are reported; else they are 0.</summary>
    bool UsesCosts { get; }

    /// <summary>Whether embeddings may matter.</summary>
    bool UsesVectors { get; }

    /// <summary>What is reported: a column of <see cref="TestMarket.Column"/>. Costs by default.</summary>
    int ReportColumn => 0;

    /// <summary>
    /// Whether each provider sells one thing, or nothing, so that its winning reports end at a threshold. Else reports are tried one by one.
    /// </summary>
    bool SellsOnce => true;

    /// <summary>Draws a market that is worth a look.</summary>
    /// <param name="random">The source.</param>
    /// <returns>The market.</returns>
    TestMarket Draw(RandomSource random) => TestMarket.Draw(random, this);

    /// <summary>Reports to try, where providers sell more than once.</summary>
    /// <param name="market">The market.</param>
    /// <param name="agent">Who reports.</param>
    /// <param name="random">The source.</param>
    /// <returns>Reports other than the truth.</returns>
    double[] Reports(TestMarket market, int agent, RandomSource random) => [];

    /// <summary>What each provider has of a market in which some report falsely: by default its payment, less its true cost where it wins.</summary>
    /// <param name="reported">The market as reported.</param>
    /// <param name="truth">The market as it is.</param>
    /// <param name="wins">Receives who wins.</param>
    /// <returns>One number for each provider.</returns>
    double[] Earn(TestMarket reported, TestMarket truth, bool[] wins)
    {
        ArgumentNullException.ThrowIfNull(reported);
        ArgumentNullException.ThrowIfNull(truth);
        ArgumentNullException.ThrowIfNull(wins);
        double[] earnings = new double[wins.Length];
        Run(reported, wins, earnings);
        for (int i = 0; i < earnings.Length; i++)
        {
            earnings[i] -= wins[i] ? truth.Costs[i] : 0;
        }

        return earnings;
    }

    /// <summary>Runs the mechanism.</summary>
    /// <param name="market">The offers.</param>
    /// <param name="wins">Receives who wins; one for each offer.</param>
    /// <param name="payments">Receives what each is paid.</param>
    void Run(TestMarket market, bool[] wins, double[] payments);
}

/// <summary>An auction under test.</summary>
/// <param name="options">How it is held. Where its outcome is drawn, each run draws alike.</param>
public sealed class AuctionUnderTest(AuctionOptions options) : ITestedMechanism
{
    /// <inheritdoc/>
    public string Name => options.Mechanism.ToString();

    /// <inheritdoc/>
    public string Command { get; } =
        "$violation.Offers | Invoke-DataAuction -Mechanism " + options.Mechanism + " -Budget $violation.Budget" + Settings(options);

    /// <inheritdoc/>
    public double Budget => options.Budget;

    /// <inheritdoc/>
    public double Limit => options.Budget + options.Pool;

    /// <inheritdoc/>
    public bool IsThreadSafe => true;

    /// <inheritdoc/>
    public bool UsesCosts => true;

    /// <inheritdoc/>
    public bool UsesVectors => DataAuctions.Find(options.Mechanism).UsesDiversity;

    /// <inheritdoc/>
    public void Run(TestMarket market, bool[] wins, double[] payments)
    {
        ArgumentNullException.ThrowIfNull(market);
        ArgumentNullException.ThrowIfNull(wins);
        ArgumentNullException.ThrowIfNull(payments);
        AuctionOptions held = options;
        if (market.Vectors is { } vectors)
        {
            held = held with { Diversity = (members, values) => FacilityLocation.OfVectors(vectors, vectors, values) };
        }

        if (DataAuctions.Find(options.Mechanism).Draws)
        {
            held = held with { Random = RandomSource.Create(0) };
        }

        AuctionColumns columns = DataAuctioneer.Clear(market.Costs, market.Qualities, market.Utilities, [], [], held);
        for (int i = 0; i < wins.Length; i++)
        {
            wins[i] = columns.Reason[i] == AwardReason.Won;
            payments[i] = columns.Payment[i];
        }
    }

    private static string Settings(AuctionOptions options)
    {
        var parts = new List<string>();
        void Add(bool isGiven, string name, object value)
        {
            if (isGiven)
            {
                parts.Add(string.Create(CultureInfo.InvariantCulture, $" -{name} {value}"));
            }
        }

        Add(options.Eta != 1, nameof(options.Eta), options.Eta);
        Add(options.Gamma != 1, nameof(options.Gamma), options.Gamma);
        Add(options.Kappa != 0, nameof(options.Kappa), options.Kappa);
        Add(options.Concave != ConcaveUtility.None, nameof(options.Concave), options.Concave);
        Add(options.Liquidity is not null, nameof(options.Liquidity), options.Liquidity ?? 1);
        Add(options.Pool != 0, nameof(options.Pool), options.Pool);
        Add(DataAuctions.Find(options.Mechanism).Draws, "Seed", 0);
        return string.Concat(parts) + (options.Corrected ? " -Corrected" : string.Empty);
    }
}

/// <summary>The MUT contract under test: everyone is paid its share of the pool, and costs play no part.</summary>
/// <param name="pool">U.</param>
/// <param name="rescale">Whether marginal utilities are rescaled as in appendix D.</param>
public sealed class UtilityShareUnderTest(double pool, bool rescale) : ITestedMechanism
{
    /// <summary>The name by which users ask for it.</summary>
    public const string MechanismName = "UtilityShare";

    /// <inheritdoc/>
    public string Name => MechanismName;

    /// <inheritdoc/>
    public string Command { get; } =
        string.Create(CultureInfo.InvariantCulture, $"$violation.Offers | Measure-UtilityShare -Pool {pool}{(rescale ? " -Rescale" : string.Empty)}");

    /// <inheritdoc/>
    public double Budget => pool;

    /// <inheritdoc/>
    public double Limit => pool;

    /// <inheritdoc/>
    public bool IsThreadSafe => true;

    /// <inheritdoc/>
    public bool UsesCosts => false;

    /// <inheritdoc/>
    public bool UsesVectors => false;

    /// <inheritdoc/>
    public void Run(TestMarket market, bool[] wins, double[] payments)
    {
        ArgumentNullException.ThrowIfNull(market);
        ArgumentNullException.ThrowIfNull(wins);
        ArgumentNullException.ThrowIfNull(payments);
        double[] utility = [.. market.Utilities];
        if (rescale)
        {
            UtilityShares.Rescale(utility);
        }

        double[] shares = UtilityShares.Of(market.Qualities, utility);
        for (int i = 0; i < wins.Length; i++)
        {
            wins[i] = true;
            payments[i] = shares[i] * pool;
        }
    }
}
