using System.Globalization;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Markets.Models;

namespace QosValuation.Markets.Properties;

/// <summary>
/// A round of a model market under test. Clients are the offers: costs are c, qualities the gain scales K, marginal utilities the sizes N. What they earn is
/// their utility at what is true.
/// </summary>
/// <param name="rules">How models are traded.</param>
/// <param name="number">What is reported falsely.</param>
public sealed class ModelMarketUnderTest(ModelMarketRules rules, ReportedNumber number) : ITestedMechanism
{
    /// <summary>The name by which users ask for it.</summary>
    public const string MechanismName = "ModelMarket";

    private const int MostClients = 5;
    private const double Scale = 1e4;

    private readonly ModelMarketRules _rules = rules with { MaxDegreeOfParallelism = 1 };

    /// <inheritdoc/>
    public string Name => MechanismName;

    /// <inheritdoc/>
    public string Command { get; } = string.Create(
        CultureInfo.InvariantCulture,
        $"$violation.Traders | Invoke-ModelMarket -Distance $violation.Distance -GraphStep {rules.GraphStep} -Payment {rules.Payment} -Lambda {rules.Lambda}");

    /// <inheritdoc/>
    public double Budget => 1;

    /// <summary>0: what some are paid others pay.</summary>
    public double Limit => 0;

    /// <inheritdoc/>
    public bool IsThreadSafe => true;

    /// <inheritdoc/>
    public bool UsesCosts => true;

    /// <inheritdoc/>
    public bool UsesVectors => false;

    /// <inheritdoc/>
    public int ReportColumn => (int)number;

    /// <inheritdoc/>
    public bool SellsOnce => false;

    /// <summary>The clients as records, with what they report.</summary>
    /// <param name="truth">The market as it is.</param>
    /// <param name="reported">The market as reported, with as many clients.</param>
    /// <returns>One for each client.</returns>
    public static ModelTrader[] Traders(TestMarket truth, TestMarket reported)
    {
        ArgumentNullException.ThrowIfNull(truth);
        ArgumentNullException.ThrowIfNull(reported);
        static double? Lie(double honest, double told) => told == honest ? null : told;
        return
        [
            .. Enumerable.Range(0, truth.Count).Select(i => new ModelTrader
            {
                Contributor = truth.Names[i],
                Size = truth.Utilities[i],
                Cost = truth.Costs[i],
                GainScale = truth.Qualities[i],
                ReportedSize = Lie(truth.Utilities[i], reported.Utilities[i]),
                ReportedCost = Lie(truth.Costs[i], reported.Costs[i]),
                ReportedGainScale = Lie(truth.Qualities[i], reported.Qualities[i]),
            }),
        ];
    }

    /// <inheritdoc/>
    public TestMarket Draw(RandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        int count = 2 + random.NextInt32(MostClients - 1);
        bool isEqual = random.NextInt32(2) == 0;
        bool isNear = random.NextInt32(2) == 0;
        return new TestMarket
        {
            Names = [.. Enumerable.Range(1, count).Select(i => "c" + i)],
            Costs = [.. Enumerable.Range(0, count).Select(_ => random.NextInt32(6) == 0 ? 0 : 4 * random.NextDouble())],
            Qualities = [.. Enumerable.Range(0, count).Select(_ => random.NextInt32(4) == 0 ? 0 : Scale * (0.5 + random.NextDouble()))],
            Utilities = [.. Enumerable.Range(0, count).Select(_ => isEqual ? 100.0 : 50 + random.NextInt32(400))],
            Distances = [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, count).Select(_ => isNear ? 0 : random.NextDouble()).ToArray())],
        };
    }

    /// <inheritdoc/>
    public double[] Reports(TestMarket market, int agent, RandomSource random)
    {
        ArgumentNullException.ThrowIfNull(market);
        ArgumentNullException.ThrowIfNull(random);
        double truth = market.Column(ReportColumn)[agent];
        double other = market.Column(ReportColumn)[random.NextInt32(market.Count)];
        double[] reports = [truth / 2, truth * 0.9, truth * 1.1, truth * 2, truth * 2 * random.NextDouble(), other * random.NextDouble()];
        return [.. reports.Append(0).Where(report => report != truth && (report > 0 || number != ReportedNumber.Size)).Distinct()];
    }

    /// <inheritdoc/>
    public double[] Earn(TestMarket reported, TestMarket truth, bool[] wins)
    {
        ArgumentNullException.ThrowIfNull(wins);
        ModelMarketClearing clearing = Clear(reported, truth);
        for (int i = 0; i < wins.Length; i++)
        {
            wins[i] = clearing.Exports[i] > 0;
        }

        return clearing.Utility;
    }

    /// <inheritdoc/>
    public void Run(TestMarket market, bool[] wins, double[] payments)
    {
        ArgumentNullException.ThrowIfNull(market);
        ArgumentNullException.ThrowIfNull(wins);
        ArgumentNullException.ThrowIfNull(payments);
        ModelMarketClearing clearing = Clear(market, market);
        for (int i = 0; i < wins.Length; i++)
        {
            wins[i] = clearing.Exports[i] > 0;
            payments[i] = clearing.Received[i] - clearing.Paid[i];
        }
    }

    private ModelMarketClearing Clear(TestMarket reported, TestMarket truth)
    {
        var distances = new SquareMatrix(truth.Count);
        for (int i = 0; i < truth.Count; i++)
        {
            truth.Distances![i].CopyTo(distances.Row(i));
        }

        return ModelMarketplace.Clear(TraderColumns.Of(Traders(truth, reported)), distances, _rules);
    }
}
