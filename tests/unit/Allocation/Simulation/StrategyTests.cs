using QosValuation.Allocation.Simulation;

namespace QosValuation.Tests;

public sealed class StrategyTests
{
    /// <summary>Ten equal agents that always want more than they get; agent0 deviates.</summary>
    private static QosSimulationOptions Contest(QosStrategy strategy, double rate = 20) => new()
    {
        Agents = [.. Enumerable.Range(0, 10).Select(n => new QosAgent
        {
            Name = "agent" + n,
            Value = 1,
            Quantity = 100,
            Strategy = n == 0 ? strategy : QosStrategy.Honest,
        })],
        Schemes = QosSimulationTests.AllSchemes,
        Supply = 10,
        ArrivalRate = rate,
        Epochs = 200,
        Rounds = 8,
        Seed = 40,
    };

    private static Dictionary<AllocationScheme, StrategyGain> Gains(QosSimulationOptions options) =>
        QosSimulation.CompareStrategies(options).ToDictionary(g => g.Scheme);

    [Fact]
    public void ASybilGainsNothingByValueAndEverythingByHeads()
    {
        // Supply binds, buckets do not: by value a split changes nothing; by heads 4 of 13 shares replace 1 of 10.
        Dictionary<AllocationScheme, StrategyGain> gains = Gains(Contest(QosStrategy.Sybil));
        Assert.Equal(0, gains[AllocationScheme.Proposed].ServedGain, 0.01);
        Assert.Equal(0, gains[AllocationScheme.WaterFilling].ServedGain, 0.01);
        Assert.Equal(0, gains[AllocationScheme.Vtc].ServedGain, 0.02);
        double byHeads = 4.0 / 13 / (1.0 / 10) - 1;
        Assert.Equal(byHeads, gains[AllocationScheme.RoundRobin].GrantedGain, 0.01);
        Assert.Equal(byHeads, gains[AllocationScheme.MaxMin].GrantedGain, 0.01);
        StrategyGain random = gains[AllocationScheme.Random];
        Assert.InRange(random.GrantedGain, byHeads - 5 * random.GrantedGainStandardError, byHeads + 5 * random.GrantedGainStandardError);

        // What it takes, the nine others lose.
        Assert.Equal(9.0 / 13 / (9.0 / 10) - 1, gains[AllocationScheme.RoundRobin].OthersServedGain, 0.01);
        Assert.All(gains.Values, g => Assert.Equal((4, 1.0, "agent0"), (g.Identities, g.Value, g.Agent)));
    }

    [Theory]
    [InlineData(SybilSplit.Duplicate, 4)]
    [InlineData(SybilSplit.Concave, 2.82381)] // 4·ln(1 + 25)/ln(1 + 100)
    public void UnderEq15ASybilGainsItsShareOfTheRaisedTotal(SybilSplit split, double total)
    {
        StrategyGain gain = Gains(Contest(QosStrategy.Sybil) with { Schemes = [AllocationScheme.Proposed], SybilSplit = split })[AllocationScheme.Proposed];
        Assert.Equal(total / (9 + total) * 10 - 1, gain.GrantedGain, 1e-4);
    }

    [Fact]
    public void UnderEq15ASybilGainsBucketsWhereTheCapBinds()
    {
        // A supply of 100 offers 10 tokens to a bucket of 4. Four identities of a quarter of the value are offered 2.5 each and keep all 10.
        QosSimulationOptions options = Contest(QosStrategy.Sybil) with { Schemes = [AllocationScheme.Proposed], Supply = 100 };
        Assert.Equal(10.0 / 4 - 1, Gains(options)[AllocationScheme.Proposed].GrantedGain, 0.01);

        // One capacity shared by the identities takes the gain away.
        Assert.Equal(0, Gains(options with { SybilSharesCapacity = true })[AllocationScheme.Proposed].GrantedGain, 0.01);
    }

    [Fact]
    public void AHoarderEarnsLessAndOthersLoseNothing()
    {
        Dictionary<AllocationScheme, StrategyGain> gains = Gains(Contest(QosStrategy.Hoarder));
        foreach ((AllocationScheme scheme, StrategyGain gain) in gains)
        {
            Assert.Equal(-1, gain.ServedGain);
            Assert.Equal(0, gain.Served);
            Assert.True(scheme == AllocationScheme.Random || gain.Granted <= 4, scheme.ToString());
            Assert.True(gain.OthersServedGain >= -1e-12, scheme.ToString());
        }

        // What the hoarder leaves is shared again by work-conserving schemes, and expires under Eq. 15.
        Assert.Equal(0, gains[AllocationScheme.Proposed].OthersServedGain, 1e-12);
        Assert.Equal(10.0 / 9 - 1, gains[AllocationScheme.WaterFilling].OthersServedGain, 0.01);
        Assert.Equal(10.0 / 9 - 1, gains[AllocationScheme.Vtc].OthersServedGain, 0.01);

        // One that spends a half still loses.
        StrategyGain half = Gains(Contest(QosStrategy.Hoarder, rate: 1) with { HoarderSpending = 0.5, Schemes = [AllocationScheme.Proposed] })[AllocationScheme.Proposed];
        Assert.InRange(half.ServedGain, -0.6, -0.3);
        Assert.True(half.MeanWait < half.HonestMeanWait);
    }

    [Fact]
    public void AFloodEarnsNoMoreThanTheShareAndBurnsItOnJunk()
    {
        Dictionary<AllocationScheme, StrategyGain> gains = Gains(Contest(QosStrategy.Flooder, rate: 0.8));
        foreach ((AllocationScheme scheme, StrategyGain gain) in gains)
        {
            Assert.True(gain.ServedGain < -0.5, scheme.ToString());
            Assert.True(gain.GrantedGain > 0.1 || scheme == AllocationScheme.Random, scheme.ToString());
        }

        // Eq. 15 gives at most V·v/Σv an epoch, so that others feel nothing.
        Assert.InRange(gains[AllocationScheme.Proposed].Granted, 0, 200 + 1e-9);
        Assert.Equal(0, gains[AllocationScheme.Proposed].OthersServedGain);
    }

    [Fact]
    public void AStrategyThatChangesNothingGainsNothing()
    {
        foreach (QosSimulationOptions options in new[]
        {
            Contest(QosStrategy.Sybil) with { SybilIdentities = 1 },
            Contest(QosStrategy.Flooder) with { FloodFactor = 1 },
            Contest(QosStrategy.Hoarder) with { HoarderSpending = 1 },
        })
        {
            foreach (StrategyGain gain in QosSimulation.CompareStrategies(options))
            {
                Assert.Equal((0.0, 0.0, 0.0, 0.0), (gain.GrantedGain, gain.ServedGain, gain.OthersServedGain, gain.ServedGainStandardError));
                Assert.Equal(gain.HonestMeanWait, gain.MeanWait);
            }
        }
    }

    [Fact]
    public void EveryDeviatingAgentHasARow()
    {
        QosSimulationOptions options = Contest(QosStrategy.Honest) with { Schemes = [AllocationScheme.Proposed, AllocationScheme.Vtc], ValueConcentration = 1 };
        QosAgent[] agents = [.. options.Agents];
        agents[2] = agents[2] with { Strategy = QosStrategy.Sybil };
        agents[5] = agents[5] with { Strategy = QosStrategy.Hoarder };
        StrategyGain[] gains = [.. QosSimulation.CompareStrategies(options with { Agents = agents })];
        Assert.Equal(
            [(AllocationScheme.Proposed, "agent2"), (AllocationScheme.Proposed, "agent5"), (AllocationScheme.Vtc, "agent2"), (AllocationScheme.Vtc, "agent5")],
            gains.Select(g => (g.Scheme, g.Agent)));
        Assert.Equal(gains, QosSimulation.CompareStrategies(options with { Agents = agents, MaxDegreeOfParallelism = 1 }).ToArray());
    }
}
