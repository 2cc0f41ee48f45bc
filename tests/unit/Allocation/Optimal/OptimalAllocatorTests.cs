using QosValuation.Allocation.Fairness;
using QosValuation.Allocation.Optimal;
using QosValuation.Allocation.Schemes;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class OptimalAllocatorTests
{
    [Fact]
    public void TwoAgentsWorkedByHand()
    {
        // v = (1, 2), V = 3: (a + b)²/(2(a² + b²)) ≥ 0.9 is b/a in [1/2, 2]; a + 2b·... with b = 2a: a + 4a = 3, W = a + 4b = 5.4.
        OptimalAllocation allocation = OptimalAllocator.Solve([1, 2], [9, 9], [0, 0], 3, new OptimalAllocationOptions { JainFloor = 0.9 });
        Assert.Equal(0.6, allocation.Tokens[0], 1e-6);
        Assert.Equal(2.4, allocation.Tokens[1], 1e-6);
        Assert.Equal(5.4, allocation.SocialWelfare, 1e-5);
        Assert.InRange(allocation.RelativeGap, 0, 1e-6);

        // |a − b|/(2(a + b)) ≤ 1/6 says the same.
        allocation = OptimalAllocator.Solve([1, 2], [9, 9], [0, 0], 3, new OptimalAllocationOptions { GiniCeiling = 1.0 / 6 });
        Assert.Equal(0.6, allocation.Tokens[0], 1e-6);
        Assert.Equal(5.4, allocation.SocialWelfare, 1e-5);

        // One more token of supply is worth 5.4/3; the bounds scale with the rates, so their multipliers bring nothing by themselves.
        Assert.Equal(1.8, allocation.SupplyPrice, 1e-5);
    }

    [Fact]
    public void ThreeAgentsOfWhomOneIsFull()
    {
        // r = (a, b, 0), J = (a + b)²/(3(a² + b²)) ≥ 0.6 is the same cone as above.
        OptimalAllocation allocation = OptimalAllocator.Solve([1, 2, 5], [9, 9, 4], [0, 0, 4], 3, new OptimalAllocationOptions { JainFloor = 0.6 });
        Assert.Equal(0.6, allocation.Tokens[0], 1e-6);
        Assert.Equal(2.4, allocation.Tokens[1], 1e-6);
        Assert.Equal(0, allocation.Tokens[2]);
        Assert.InRange(allocation.Jain, 0.6, 0.6 + 1e-6);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void SmallInstancesAgreeWithADenseBarrierOverAllOrderings(int count)
    {
        int compared = 0;
        for (int seed = 0; seed < (count < 5 ? 150 : 30); seed++)
        {
            OptimalInstance instance = OptimalInstance.Draw(1_000 * count + seed, count);
            if (instance.JainFloor > 0.9999 || instance.GiniCeiling - (1 - (double)instance.Active / count) < 1e-4)
            {
                continue; // The barrier's own arithmetic gives out there.
            }

            OptimalAllocation allocation = instance.Solve();
            int[] active = [.. Enumerable.Range(0, count).Where(i => instance.Values[i] > 0 && instance.Rooms[i] > 0)];
            (double welfare, double error) = BarrierReference.Solve(
                [.. active.Select(i => instance.Values[i])],
                [.. active.Select(i => instance.Rooms[i])],
                count - active.Length,
                instance.Supply,
                instance.JainFloor ?? 0,
                instance.GiniCeiling ?? 1);
            Assert.InRange(allocation.SocialWelfare, welfare * (1 - 2e-6), (welfare + error) * (1 + 1e-8));
            Assert.InRange(allocation.DualBound, welfare * (1 - 1e-12), double.PositiveInfinity);
            compared++;
        }

        Assert.InRange(compared, 15, 150);
    }

    [Theory]
    [InlineData(1, 100)]
    [InlineData(2, 100)]
    [InlineData(7, 200)]
    [InlineData(30, 200)]
    [InlineData(200, 100)]
    [InlineData(1500, 25)]
    public void EveryInstanceIsFeasibleAndProvenOptimal(int count, int instances)
    {
        for (int seed = 0; seed < instances; seed++)
        {
            OptimalInstance instance = OptimalInstance.Draw(77_000 + 1_000 * count + seed, count);
            OptimalAllocation allocation = instance.Solve();
            string who = $"seed {seed}";
            Assert.True(allocation.RelativeGap <= 1e-6, $"{who}: gap {allocation.RelativeGap}");
            Assert.True(CompensatedSum.Of(allocation.Tokens) <= instance.Supply * (1 + 1e-15), who);
            for (int i = 0; i < count; i++)
            {
                Assert.InRange(allocation.Tokens[i], 0, instance.Rooms[i]);
            }

            double[] rates = instance.Rates(allocation);
            Assert.True(FairnessMeasures.Jain(rates) >= (instance.JainFloor ?? 0) - 1e-13, $"{who}: J {FairnessMeasures.Jain(rates)}");
            Assert.True(FairnessMeasures.Gini(rates) <= (instance.GiniCeiling ?? 1) + 1e-13, $"{who}: G {FairnessMeasures.Gini(rates)}");
            Assert.Equal(FairnessMeasures.Jain(rates), allocation.Jain, 1e-12);
            Assert.Equal(FairnessMeasures.Gini(rates), allocation.Gini, 1e-12);
            double welfare = instance.Values.Zip(allocation.Tokens, (v, u) => v * u).Sum();
            Assert.Equal(welfare, allocation.SocialWelfare, 1e-12 * welfare);
            Assert.True(allocation.DualBound >= allocation.SocialWelfare, who);
        }
    }

    [Theory]
    [InlineData(3, 60)]
    [InlineData(12, 60)]
    [InlineData(80, 40)]
    public void MultipliersMeetTheKarushKuhnTuckerConditions(int count, int instances)
    {
        RandomSource random = RandomSource.Create(5);
        for (int seed = 0; seed < instances; seed++)
        {
            OptimalInstance instance = OptimalInstance.Draw(500_000 + 1_000 * count + seed, count);
            if (instance.JainFloor > 0.9999 || instance.GiniCeiling - (1 - (double)instance.Active / count) < 1e-4)
            {
                continue; // Multipliers of nearly equal rates are so large that products with them are noise.
            }

            OptimalAllocation allocation = instance.Solve();
            double[] rates = instance.Rates(allocation);
            double welfare = allocation.SocialWelfare;
            double tolerance = 3e-6 * welfare;
            Assert.InRange(allocation.SupplyPrice, 0, double.MaxValue);
            Assert.InRange(allocation.JainMultiplier, 0, double.MaxValue);
            Assert.InRange(allocation.GiniMultiplier, 0, double.MaxValue);

            // Complementary slackness.
            (double supplySlack, double jainSlack, double giniSlack) = Slacks(rates);
            Assert.InRange(allocation.SupplyPrice * supplySlack, -tolerance, tolerance);
            Assert.InRange(allocation.JainMultiplier * jainSlack, -tolerance, tolerance);
            Assert.InRange(allocation.GiniMultiplier * giniSlack, -tolerance, tolerance);

            // Stationarity: the Lagrangian is concave, so that no point of the box exceeds its value at the solution.
            double peak = Lagrangian(rates);
            double[] top = [.. Enumerable.Range(0, count).Select(i => instance.Values[i] > 0 ? instance.Rooms[i] / instance.Values[i] : 0)];
            for (int trial = 0; trial < 300; trial++)
            {
                double[] moved = [.. rates];
                double size = Math.Pow(10, -6 * random.NextDouble());
                switch (trial % 4)
                {
                    case 0:
                        int one = random.NextInt32(count);
                        moved[one] = Math.Clamp(moved[one] + size * random.NextNormal() * Math.Max(moved[one], rates.Average()), 0, top[one]);
                        break;
                    case 1:
                        for (int i = 0; i < count; i++)
                        {
                            moved[i] = Math.Clamp(moved[i] * Math.Exp(size * random.NextNormal()), 0, top[i]);
                        }

                        break;
                    case 2:
                        double factor = Math.Exp(size * random.NextNormal());
                        moved = [.. moved.Select((r, i) => Math.Min(r * factor, top[i]))];
                        break;
                    default:
                        double level = rates[random.NextInt32(count)];
                        moved = [.. moved.Select((r, i) => Math.Clamp(r + size * (level - r), 0, top[i]))];
                        break;
                }

                Assert.True(Lagrangian(moved) <= peak + tolerance, $"seed {seed}, trial {trial}: {Lagrangian(moved) - peak} of {welfare}");
            }

            (double Supply, double Jain, double Gini) Slacks(double[] r)
            {
                double tokens = 0;
                for (int i = 0; i < count; i++)
                {
                    tokens += instance.Values[i] * r[i];
                }

                double floor = Math.Max(instance.JainFloor ?? 0, 1.0 / count);
                return (
                    instance.Supply - tokens,
                    r.Sum() - Math.Sqrt(count * floor * r.Sum(x => x * x)),
                    ((instance.GiniCeiling ?? 1) - FairnessMeasures.Gini(r)) * r.Sum());
            }

            double Lagrangian(double[] r)
            {
                (double s, double j, double g) = Slacks(r);
                double value = allocation.SupplyPrice * s + allocation.JainMultiplier * j + allocation.GiniMultiplier * g;
                for (int i = 0; i < count; i++)
                {
                    value += instance.Values[i] * instance.Values[i] * r[i];
                }

                return value;
            }
        }
    }

    [Fact]
    public void WithoutBoundsItIsTheFractionalKnapsack()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            OptimalInstance instance = OptimalInstance.Draw(900 + seed, 40);
            TokenAgent[] agents = [.. Enumerable.Range(0, 40).Select(i =>
                new TokenAgent { Agent = $"{i}", Value = instance.Values[i], Capacity = instance.Capacities[i], Remaining = instance.Remaining[i] })];
            double best = TokenAllocator.Allocate(agents, instance.Supply, AllocationScheme.MaxWelfare).Sum(g => g.Value * g.Tokens);
            TokenGrant[] grants = TokenAllocator.Allocate(agents, instance.Supply, AllocationScheme.Optimal);
            Assert.Equal(best, grants.Sum(g => g.Value * g.Tokens), 1e-12 * best);

            // Bounds that the knapsack meets anyway change nothing.
            OptimalAllocation loose = (instance with { JainFloor = 1e-9, GiniCeiling = 0.9999 }).Solve();
            Assert.Equal(best, loose.SocialWelfare, 1e-12 * best);
            Assert.Equal(0, loose.Iterations);
        }
    }

    [Fact]
    public void NoSchemeBeatsItAtItsOwnFairness()
    {
        AllocationScheme[] schemes = [AllocationScheme.Proposed, AllocationScheme.RoundRobin, AllocationScheme.MaxMin, AllocationScheme.WaterFilling, AllocationScheme.MaxWelfare];
        for (int seed = 0; seed < 30; seed++)
        {
            OptimalInstance instance = OptimalInstance.Draw(3_100 + seed, 60);
            TokenAgent[] agents = [.. Enumerable.Range(0, 60).Select(i =>
                new TokenAgent { Agent = $"{i}", Value = instance.Values[i], Capacity = instance.Capacities[i], Remaining = instance.Remaining[i] })];
            foreach (AllocationScheme scheme in schemes)
            {
                FairnessReport report = FairnessMeasures.Measure(TokenAllocator.Allocate(agents, instance.Supply, scheme));
                OptimalAllocation optimal = (instance with { JainFloor = report.Jain * (1 - 1e-9), GiniCeiling = Math.Min(report.Gini * (1 + 1e-9) + 1e-12, 0.999) }).Solve();
                Assert.True(optimal.DualBound >= report.SocialWelfare * (1 - 1e-9), $"{scheme}, seed {seed}");
                Assert.True(optimal.SocialWelfare >= report.SocialWelfare * (1 - 2e-6), $"{scheme}, seed {seed}: {optimal.SocialWelfare} < {report.SocialWelfare}");
            }
        }
    }

    [Fact]
    public void WelfareFallsAsTheBoundsTighten()
    {
        for (int seed = 0; seed < 12; seed++)
        {
            OptimalInstance instance = OptimalInstance.Draw(4_000 + seed, 50) with { JainFloor = null, GiniCeiling = null };
            double most = instance.Active / 50.0;
            double previous = double.PositiveInfinity;
            foreach (double part in new[] { 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1 })
            {
                double welfare = (instance with { JainFloor = part * most }).Solve().SocialWelfare;
                Assert.True(welfare <= previous * (1 + 1e-6), $"seed {seed}, J {part}");
                previous = welfare;
            }

            double equal = previous;
            previous = double.PositiveInfinity;
            foreach (double part in new[] { 0.95, 0.7, 0.5, 0.3, 0.1, 0.01, 0 })
            {
                double welfare = (instance with { GiniCeiling = 1 - most + most * part }).Solve().SocialWelfare;
                Assert.True(welfare <= previous * (1 + 1e-6), $"seed {seed}, G {part}");
                previous = welfare;
            }

            // The strictest bounds of either kind leave equal rates.
            Assert.Equal(equal, previous, 1e-9 * equal);
        }
    }

    [Fact]
    public void TheOrderOfTheAgentsDoesNotMatter()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            OptimalInstance instance = OptimalInstance.Draw(6_000 + seed, 45);
            int[] order = [.. Enumerable.Range(0, 45)];
            RandomSource.Create(seed).Shuffle<int>(order);
            OptimalInstance shuffled = instance with
            {
                Values = [.. order.Select(i => instance.Values[i])],
                Capacities = [.. order.Select(i => instance.Capacities[i])],
                Remaining = [.. order.Select(i => instance.Remaining[i])],
            };
            double[] tokens = instance.Solve().Tokens;
            Assert.Equal(order.Select(i => tokens[i]), shuffled.Solve().Tokens);
        }
    }

    [Fact]
    public void AgentsAlikeReceiveTheSame()
    {
        OptimalAllocation allocation = OptimalAllocator.Solve(
            [3, 1, 3, 1, 3, 2], [4, 4, 4, 4, 4, 4], [0, 0, 0, 0, 0, 0], 5, new OptimalAllocationOptions { GiniCeiling = 0.2 });
        Assert.Equal(allocation.Tokens[0], allocation.Tokens[2]);
        Assert.Equal(allocation.Tokens[0], allocation.Tokens[4]);
        Assert.Equal(allocation.Tokens[1], allocation.Tokens[3]);

        // Also without bounds, where the supply runs out among equals.
        Assert.Equal([1, 1, 1], OptimalAllocator.Solve([2, 2, 2], [4, 4, 4], [0, 0, 0], 3).Tokens);
    }

    [Theory]
    [InlineData(1e-12, 1)]
    [InlineData(1e12, 1)]
    [InlineData(1, 1e-12)]
    [InlineData(1, 1e12)]
    [InlineData(1e-150, 1e140)]
    [InlineData(1e150, 1e-140)]
    public void UnitsDoNotMatter(double valueUnit, double tokenUnit)
    {
        for (int seed = 0; seed < 30; seed++)
        {
            OptimalInstance instance = OptimalInstance.Draw(8_000 + seed, 35);
            OptimalAllocation plain = instance.Solve();
            OptimalAllocation scaled = (instance with
            {
                Values = [.. instance.Values.Select(v => v * valueUnit)],
                Capacities = [.. instance.Capacities.Select(b => b * tokenUnit)],
                Remaining = [.. instance.Remaining.Select(r => r * tokenUnit)],
                Supply = instance.Supply * tokenUnit,
            }).Solve();
            Assert.InRange(scaled.RelativeGap, 0, 1e-6);
            Assert.Equal(1, scaled.SocialWelfare / valueUnit / tokenUnit / plain.SocialWelfare, 2e-6);
            Assert.Equal(1, scaled.DualBound / valueUnit / tokenUnit / plain.DualBound, 2e-6);
        }
    }

    [Fact]
    public void TinyValuesWithEnormousCapsNeitherBreakTheBoundNorTheSearch()
    {
        // Values over 60 orders of magnitude: the caps 4/v of most agents are beyond anything else in the problem.
        RandomSource random = RandomSource.Create(31);
        double[] values = [.. Enumerable.Range(0, 300).Select(_ => Math.Pow(10, -60 * random.NextDouble()))];
        double[] capacities = [.. values.Select(_ => 4.0)];
        double[] remaining = new double[300];
        foreach ((double? jain, double? gini) in new (double?, double?)[] { (0.1, null), (0.9, null), (null, 0.5), (null, 0.05), (0.6, 0.3), (0.3, 0.45) })
        {
            foreach (double supply in new[] { 1.0, 20, 400, 2_000 })
            {
                OptimalAllocation allocation = OptimalAllocator.Solve(
                    values, capacities, remaining, supply, new OptimalAllocationOptions { JainFloor = jain, GiniCeiling = gini });
                Assert.InRange(allocation.RelativeGap, 0, 1e-6);
                Assert.True(allocation.Jain >= (jain ?? 0) && allocation.Gini <= (gini ?? 1), $"V {supply}: J {allocation.Jain} {jain} G {allocation.Gini} {gini}");
            }
        }
    }

    [Fact]
    public void AThousandthOfARateApartStillCounts()
    {
        // Bounds next to the extreme: the deviations from equal rates are what the welfare can gain.
        RandomSource random = RandomSource.Create(8);
        double[] values = [.. Enumerable.Range(0, 200).Select(_ => Math.Exp(random.NextNormal()))];
        double[] capacities = [.. values.Select(_ => 4.0)];
        double[] remaining = new double[200];
        double equal = OptimalAllocator.Solve(values, capacities, remaining, 80, new OptimalAllocationOptions { JainFloor = 1 }).SocialWelfare;
        double previous = equal;
        foreach (double distance in new[] { 1e-12, 1e-9, 1e-6, 1e-3 })
        {
            OptimalAllocation allocation = OptimalAllocator.Solve(values, capacities, remaining, 80, new OptimalAllocationOptions { JainFloor = 1 - distance });
            Assert.InRange(allocation.RelativeGap, 0, 1e-6);
            Assert.InRange(allocation.Jain, 1 - distance, 1);

            // To first order the gain grows with the root of the distance.
            Assert.True(allocation.SocialWelfare > previous, $"{distance}");
            Assert.InRange((allocation.SocialWelfare - equal) / equal, 0.1 * Math.Sqrt(distance), 10 * Math.Sqrt(distance));
            previous = allocation.SocialWelfare;
        }
    }

    [Fact]
    public void EqualRatesWhereNothingElseIsFairEnough()
    {
        // Supply binds: r = V/Σv = 6/6.
        OptimalAllocation allocation = OptimalAllocator.Solve([1, 2, 3], [4, 4, 4], [0, 0, 0], 6, new OptimalAllocationOptions { JainFloor = 1 });
        Assert.Equal([1.0, 2, 3], allocation.Tokens.Select(u => Math.Round(u, 12)));
        Assert.Equal(14, allocation.SocialWelfare, 1e-11);
        Assert.InRange(allocation.RelativeGap, 0, 1e-11);
        Assert.Equal(14 / 6.0, allocation.SupplyPrice, 1e-11);

        // The smallest cap binds: r = 0.5 of the agent with room 0.5.
        allocation = OptimalAllocator.Solve([1, 2, 3], [4, 4, 4], [3.5, 0, 0], 6, new OptimalAllocationOptions { GiniCeiling = 0 });
        Assert.Equal([0.5, 1, 1.5], allocation.Tokens.Select(u => Math.Round(u, 12)));
        Assert.Equal(0, allocation.SupplyPrice);

        // An agent who can receive nothing counts in N: J is at most 2/3, and G at least 1/3.
        allocation = OptimalAllocator.Solve([1, 2, 3], [4, 4, 4], [4, 0, 0], 5, new OptimalAllocationOptions { JainFloor = 2.0 / 3, GiniCeiling = 1.0 / 3 });
        Assert.Equal([0, 2.0, 3], allocation.Tokens.Select(u => Math.Round(u, 12)));
    }

    [Fact]
    public void NothingToAllocateIsAllocated()
    {
        var strict = new OptimalAllocationOptions { JainFloor = 0.99, GiniCeiling = 0.01 };
        OptimalAllocation[] empty =
        [
            OptimalAllocator.Solve([1, 2], [4, 4], [0, 0], 0, strict),
            OptimalAllocator.Solve([1, 2], [4, 4], [4, 4], 9, strict),
            OptimalAllocator.Solve([0, 0], [4, 4], [0, 0], 9, strict),
        ];
        Assert.All(empty, allocation =>
        {
            Assert.Equal([0.0, 0], allocation.Tokens);
            Assert.Equal((0.0, 0.0, 0.0, 1.0, 0.0), (allocation.SocialWelfare, allocation.DualBound, allocation.RelativeGap, allocation.Jain, allocation.Gini));
        });
        Assert.Empty(OptimalAllocator.Solve([], [], [], 9, strict).Tokens);

        OptimalAllocation single = OptimalAllocator.Solve([7], [4], [1], 2, strict);
        Assert.Equal([2.0], single.Tokens);
        Assert.Equal(14, single.SocialWelfare);
    }

    [Fact]
    public void InfeasibleBoundsAreNamedWithTheDistance()
    {
        double[] values = [1, 2, 0, 4, 5];
        double[] capacities = [4, 4, 4, 4, 4];
        double[] remaining = [0, 0, 0, 4, 0];
        QosValuationException fault = Assert.Throws<QosValuationException>(
            () => OptimalAllocator.Solve(values, capacities, remaining, 9, new OptimalAllocationOptions { JainFloor = 0.95 }));
        Assert.Equal("JainFloorInfeasible", fault.ErrorId);
        Assert.Contains("2 of 5 agents can receive nothing", fault.Message, StringComparison.Ordinal);
        Assert.Contains("at most 0.6, short by 0.35", fault.Message, StringComparison.Ordinal);

        fault = Assert.Throws<QosValuationException>(
            () => OptimalAllocator.Solve(values, capacities, remaining, 9, new OptimalAllocationOptions { GiniCeiling = 0.15 }));
        Assert.Equal("GiniCeilingInfeasible", fault.ErrorId);
        Assert.Contains("at least 0.4, over by 0.25", fault.Message, StringComparison.Ordinal);

        // The extremes themselves can be met.
        OptimalAllocation extreme = OptimalAllocator.Solve(values, capacities, remaining, 9, new OptimalAllocationOptions { JainFloor = 0.6, GiniCeiling = 0.4 });
        Assert.Equal(0.6, extreme.Jain, 1e-12);
        Assert.Equal(0.4, extreme.Gini, 1e-12);
    }

    [Theory]
    [InlineData(0.0, null, 1e-6, 10, "FairnessBoundNotValid")]
    [InlineData(1.1, null, 1e-6, 10, "FairnessBoundNotValid")]
    [InlineData(double.NaN, null, 1e-6, 10, "FairnessBoundNotValid")]
    [InlineData(null, 1.0, 1e-6, 10, "FairnessBoundNotValid")]
    [InlineData(null, -0.1, 1e-6, 10, "FairnessBoundNotValid")]
    [InlineData(null, null, 0.0, 10, "SearchLimitNotValid")]
    [InlineData(null, null, 1e-6, 0, "SearchLimitNotValid")]
    public void OptionsOutsideTheirRangeAreRefused(double? jain, double? gini, double gap, int iterations, string errorId)
    {
        var options = new OptimalAllocationOptions { JainFloor = jain, GiniCeiling = gini, RelativeGap = gap, MaxIterations = iterations };
        Assert.Equal(errorId, Assert.Throws<QosValuationException>(() => OptimalAllocator.Solve([1], [4], [0], 2, options)).ErrorId);
    }

    [Theory]
    [InlineData(double.NaN, 4.0, 0.0, 1.0, "AgentNotValid")]
    [InlineData(-1.0, 4.0, 0.0, 1.0, "AgentNotValid")]
    [InlineData(1.0, double.PositiveInfinity, 0.0, 1.0, "AgentNotValid")]
    [InlineData(1.0, 4.0, 5.0, 1.0, "AgentNotValid")]
    [InlineData(1.0, 4.0, 0.0, -1.0, "SupplyNotValid")]
    [InlineData(1.0, 4.0, 0.0, double.NaN, "SupplyNotValid")]
    public void AgentsOutsideTheirRangeAreRefused(double value, double capacity, double remaining, double supply, string errorId) =>
        Assert.Equal(errorId, Assert.Throws<QosValuationException>(() => OptimalAllocator.Solve([value], [capacity], [remaining], supply)).ErrorId);

    [Fact]
    public void ColumnsOfDifferentLengthsAreRefused() =>
        Assert.Equal("AgentsNotAligned", Assert.Throws<QosValuationException>(() => OptimalAllocator.Solve([1, 2], [4], [0, 0], 1)).ErrorId);

    [Fact]
    public void WholeTokensAreRefused()
    {
        TokenAgent[] agents = [new TokenAgent { Agent = "a", Value = 1, Capacity = 4 }];
        Assert.Equal(
            "WholeTokensNotSupported",
            Assert.Throws<QosValuationException>(() => TokenAllocator.Allocate(agents, 3, AllocationScheme.Optimal, wholeTokens: true)).ErrorId);
    }

    [Fact]
    public void GrantsCarryTheProof()
    {
        TokenAgent[] agents = [new TokenAgent { Agent = "a", Value = 1, Capacity = 9 }, new TokenAgent { Agent = "b", Value = 2, Capacity = 9, Remaining = 1 }];
        TokenGrant[] grants = TokenAllocator.Allocate(agents, 3, AllocationScheme.Optimal, bounds: new OptimalAllocationOptions { JainFloor = 0.9 });
        Assert.Equal(["a", "b"], grants.Select(g => g.Agent));
        Assert.All(grants, g => Assert.Equal((AllocationScheme.Optimal, 3.0), (g.Scheme, g.Supply)));
        Assert.Equal(grants[1].Tokens / 2, grants[1].RewardRate);
        Assert.Same(grants[0].Proof, grants[1].Proof);
        Assert.Equal(5.4, grants[0].Proof!.SocialWelfare, 1e-5);
        Assert.Null(TokenAllocator.Allocate(agents, 3, AllocationScheme.Proposed)[0].Proof);
    }

    [Fact]
    public void TooFewIterationsStillGiveAFeasibleAllocationAndAnHonestGap()
    {
        OptimalInstance instance = OptimalInstance.Draw(12, 300) with { JainFloor = 0.6, GiniCeiling = 0.3 };
        instance = instance with { Remaining = new double[300], Values = [.. instance.Values.Select(v => v + 0.01)] };
        double optimum = instance.Solve().SocialWelfare;
        foreach (int limit in new[] { 1, 3, 10, 30 })
        {
            OptimalAllocation allocation = OptimalAllocator.Solve(
                instance.Values, instance.Capacities, instance.Remaining, instance.Supply, instance.Options with { MaxIterations = limit });
            Assert.True(allocation.Jain >= 0.6 && allocation.Gini <= 0.3);
            Assert.InRange(allocation.SocialWelfare, 0, optimum * (1 + 1e-6));
            Assert.InRange(allocation.DualBound, optimum, double.PositiveInfinity);
        }
    }

    [Fact]
    public void CancellationStopsTheSearch()
    {
        OptimalInstance instance = OptimalInstance.Draw(3, 200) with { JainFloor = 0.5, GiniCeiling = 0.4, Remaining = new double[200] };
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(
            () => OptimalAllocator.Solve(
                [.. instance.Values.Select(v => v + 0.01)], instance.Capacities, instance.Remaining, instance.Supply, instance.Options, source.Token));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(100_000)]
    public void PaperSizedAndLargeInstancesAreProven(int count)
    {
        // The paper's setting: Dirichlet(0.5) values, B = 4, V = 2N; then buckets partly full and both bounds active.
        RandomSource random = RandomSource.Create(99);
        double[] values = new double[count];
        Distributions.Dirichlet(0.5, values, 1e-300, random);
        double[] capacities = [.. values.Select(_ => 4.0)];
        double[] remaining = [.. values.Select(_ => 3 * random.NextDouble())];
        (double?, double?)[] all = [(0.5, 0.4), (0.8, null), (null, 0.25)];
        foreach ((double? jain, double? gini) in count > 1_000 ? all[..1] : all)
        {
            OptimalAllocation allocation = OptimalAllocator.Solve(
                values, capacities, remaining, 0.4 * count, new OptimalAllocationOptions { JainFloor = jain, GiniCeiling = gini });
            Assert.InRange(allocation.RelativeGap, 0, 1e-6);
            Assert.True(allocation.Jain >= (jain ?? 0) && allocation.Gini <= (gini ?? 1));
            Assert.True(CompensatedSum.Of(allocation.Tokens) <= 0.4 * count * (1 + 1e-15));
        }
    }
}
