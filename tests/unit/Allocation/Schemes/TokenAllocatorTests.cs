using QosValuation.Allocation.Schemes;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

/// <summary>Each closed form against its token-by-token definition, and the paper's constraints on random instances.</summary>
public sealed class TokenAllocatorTests
{
    private static readonly AllocationScheme[] Capped =
        [AllocationScheme.Proposed, AllocationScheme.RoundRobin, AllocationScheme.MaxMin, AllocationScheme.WaterFilling, AllocationScheme.MaxWelfare];

    [Fact]
    public void ProposedIsEquationFifteen()
    {
        // Σv = 10, V = 20: shares 2, 6, 12; the caps B − R are 4, 5 and 4.
        TokenAgent[] agents = [Agent("a", 1, 4, 0), Agent("b", 3, 6, 1), Agent("c", 6, 6, 2)];
        TokenGrant[] grants = TokenAllocator.Allocate(agents, 20, AllocationScheme.Proposed);
        Assert.Equal([2, 5, 4], grants.Select(g => g.Tokens));
        Assert.Equal([2, 5 / 3.0, 4 / 6.0], grants.Select(g => g.RewardRate));
        Assert.Equal(["a", "b", "c"], grants.Select(g => g.Agent));
        Assert.Equal([0.0, 1, 2], grants.Select(g => g.Remaining));
        Assert.All(grants, g => Assert.Equal((20.0, AllocationScheme.Proposed), (g.Supply, g.Scheme)));
    }

    [Fact]
    public void WaterFillingSharesAgainWhatTheCapsLeave()
    {
        // As above, but 9 tokens stay unspent under Eq. 15: the only bucket with room is a's, which fills to 4.
        TokenAgent[] agents = [Agent("a", 1, 4, 0), Agent("b", 3, 6, 1), Agent("c", 6, 6, 2)];
        Assert.Equal([4, 5, 4], Tokens(agents, 20, AllocationScheme.WaterFilling));

        // V = 10: shares 1, 3, 6; c is capped at 4 and leaves 2, which a and b share 1:3.
        Assert.Equal([1.5, 4.5, 4], Tokens(agents, 10, AllocationScheme.WaterFilling));
    }

    [Fact]
    public void WaterFillingLeavesNothingIdleWhereValuesLieFurtherApartThanADoubleReaches()
    {
        TokenAgent[] agents = [Agent("a", 1e-300, 4, 0), Agent("b", 3e-300, 4, 0), Agent("c", 1, 4, 1), Agent("d", 1e300, 4, 0), Agent("full", double.MaxValue, 4, 4), Agent("z", 0, 4, 0)];
        Assert.Equal([4, 4, 3, 4, 0, 0], Tokens(agents, 1000, AllocationScheme.WaterFilling));

        // c and d fill up, and what they leave is shared 1:3.
        Assert.Equal([0.5, 1.5, 3, 4, 0, 0], Tokens(agents, 9, AllocationScheme.WaterFilling));
        Assert.Equal([double.Epsilon, 4], Tokens([Agent("a", double.Epsilon, double.Epsilon, 0), Agent("b", double.MaxValue, 4, 0)], 5, AllocationScheme.WaterFilling));
    }

    [Theory]
    [InlineData(AllocationScheme.Proposed)]
    [InlineData(AllocationScheme.RoundRobin)]
    [InlineData(AllocationScheme.MaxMin)]
    [InlineData(AllocationScheme.WaterFilling)]
    [InlineData(AllocationScheme.MaxWelfare)]
    [InlineData(AllocationScheme.Vtc)]
    [InlineData(AllocationScheme.Optimal)]
    public void AFilledBucketComesBackForTheNextRound(AllocationScheme scheme)
    {
        // 0.1548072333291386 + (4.3 − 0.1548072333291386) is 4.300000000000001.
        TokenAgent[] agents = [Agent("a", 1, 4.3, 0.1548072333291386), Agent("b", 2, 5.893648258424707, 1.4), Agent("c", 3, 4, 0.1)];
        TokenGrant[] grants = TokenAllocator.Allocate(agents, 1000, scheme);
        Assert.All(grants, grant => Assert.Equal(grant.Capacity, grant.Remaining + grant.Tokens, 1e-14));
        TokenGrant[] next = TokenAllocator.Allocate([.. grants.Select(grant => Agent(grant.Agent, grant.Value, grant.Capacity, grant.Remaining + grant.Tokens))], 1000, scheme);
        Assert.All(next, grant => Assert.InRange(grant.Tokens, 0, 1e-14));
    }

    [Fact]
    public void MaxWelfareFillsTheMostValuableFirst()
    {
        TokenAgent[] agents = [Agent("a", 1, 4, 0), Agent("b", 3, 6, 1), Agent("c", 6, 6, 2), Agent("z", 0, 9, 0)];
        Assert.Equal([1, 5, 4, 0], Tokens(agents, 10, AllocationScheme.MaxWelfare));
        Assert.Equal([4, 5, 4, 0], Tokens(agents, 100, AllocationScheme.MaxWelfare));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RoundRobinEqualsDealingTokenByToken(bool wholeTokens)
    {
        RandomSource random = RandomSource.Create(1);
        for (int trial = 0; trial < 2_000; trial++)
        {
            (TokenAgent[] agents, double supply) = Instance(random);
            double[] room = [.. agents.Select(a => wholeTokens ? Math.Floor(a.Capacity - a.Remaining) : a.Capacity - a.Remaining)];
            double left = wholeTokens ? Math.Floor(supply) : supply;
            double[] expected = new double[agents.Length];
            for (bool progress = true; progress && left > 0;)
            {
                progress = false;
                for (int i = 0; i < agents.Length; i++)
                {
                    double token = Math.Min(Math.Min(1, room[i] - expected[i]), left);
                    expected[i] += token;
                    left -= token;
                    progress |= token > 0;
                }
            }

            Assert.Equal(expected, Tokens(agents, supply, AllocationScheme.RoundRobin, wholeTokens));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void MaxMinEqualsFeedingThePoorestTokenByToken(bool wholeTokens)
    {
        RandomSource random = RandomSource.Create(2);
        for (int trial = 0; trial < 2_000; trial++)
        {
            (TokenAgent[] agents, double supply) = Instance(random);
            double[] room = [.. agents.Select(a => wholeTokens ? Math.Floor(a.Capacity - a.Remaining) : a.Capacity - a.Remaining)];
            double left = wholeTokens ? Math.Floor(supply) : supply;
            double[] expected = new double[agents.Length];
            while (left > 0)
            {
                int poorest = -1;
                for (int i = 0; i < agents.Length; i++)
                {
                    if (expected[i] < room[i] && (poorest < 0 || agents[i].Remaining + expected[i] < agents[poorest].Remaining + expected[poorest]))
                    {
                        poorest = i;
                    }
                }

                if (poorest < 0)
                {
                    break;
                }

                double token = Math.Min(Math.Min(1, room[poorest] - expected[poorest]), left);
                expected[poorest] += token;
                left -= token;
            }

            Assert.Equal(expected, Tokens(agents, supply, AllocationScheme.MaxMin, wholeTokens));
        }
    }

    [Fact]
    public void MaxMinLevelsTheHoldingsAndNotTheGrants()
    {
        TokenAgent[] agents = [Agent("rich", 5, 10, 3), Agent("poor", 1, 10, 0), Agent("middle", 1, 10, 1)];
        Assert.Equal([0, 3, 2], Tokens(agents, 5, AllocationScheme.MaxMin));
        Assert.Equal([1, 3, 2], Tokens(agents, 6, AllocationScheme.MaxMin));
    }

    [Fact]
    public void MaxMinKeepsItsOrderWhereHoldingsRound()
    {
        // 0.1 + 3 and 3.1 round differently: the closed form must compare holdings as the definition does.
        RandomSource random = RandomSource.Create(8);
        for (int trial = 0; trial < 2_000; trial++)
        {
            TokenAgent[] agents = [.. Enumerable.Range(0, 6).Select(i => Agent($"{i}", 1, 12, random.NextInt32(60) / 10.0))];
            int supply = 1 + random.NextInt32(30);
            int[] counts = new int[agents.Length];
            for (int token = 0; token < supply; token++)
            {
                int poorest = Enumerable.Range(0, agents.Length).Where(i => counts[i] < Math.Floor(12 - agents[i].Remaining)).MinBy(i => agents[i].Remaining + counts[i]);
                counts[poorest]++;
            }

            Assert.Equal(counts.Select(c => (double)c), Tokens(agents, supply, AllocationScheme.MaxMin, wholeTokens: true));
        }
    }

    [Fact]
    public void WaterFillingEqualsRepeatingEquationFifteen()
    {
        RandomSource random = RandomSource.Create(3);
        for (int trial = 0; trial < 1_000; trial++)
        {
            (TokenAgent[] agents, double supply) = Instance(random);
            double[] expected = new double[agents.Length];
            for (int pass = 0; pass < 200; pass++)
            {
                double left = supply - expected.Sum();
                double weight = agents.Where((a, i) => expected[i] < a.Capacity - a.Remaining).Sum(a => a.Value);
                if (left <= 0 || weight == 0)
                {
                    break;
                }

                expected = [.. agents.Select((a, i) => expected[i] < a.Capacity - a.Remaining ? Math.Min(a.Capacity - a.Remaining, expected[i] + left * a.Value / weight) : expected[i])];
            }

            double[] actual = Tokens(agents, supply, AllocationScheme.WaterFilling);
            Assert.All(Enumerable.Range(0, agents.Length), i => Assert.Equal(expected[i], actual[i], 1e-9));
        }
    }

    [Fact]
    public void MaxWelfareIsTheOptimumOverAllWholeDivisions()
    {
        RandomSource random = RandomSource.Create(4);
        for (int trial = 0; trial < 500; trial++)
        {
            (TokenAgent[] agents, double supply) = Instance(random);
            agents = [.. agents.Take(4)];

            // Dynamic programming over the tokens spent so far.
            double[] best = new double[(int)supply + 1];
            foreach (TokenAgent agent in agents)
            {
                for (int spent = best.Length - 1; spent >= 0; spent--)
                {
                    for (int tokens = 1; tokens <= Math.Min(spent, agent.Capacity - agent.Remaining); tokens++)
                    {
                        best[spent] = Math.Max(best[spent], best[spent - tokens] + agent.Value * tokens);
                    }
                }
            }

            double[] actual = Tokens(agents, supply, AllocationScheme.MaxWelfare, wholeTokens: true);
            Assert.Equal(best[^1], actual.Zip(agents, (u, a) => u * a.Value).Sum(), 1e-9);

            // Fractions can only do better, and cannot be improved by moving tokens to a more valuable agent with room.
            double[] fractional = Tokens(agents, supply, AllocationScheme.MaxWelfare);
            Assert.True(fractional.Zip(agents, (u, a) => u * a.Value).Sum() >= best[^1] - 1e-9);
            for (int i = 0; i < agents.Length; i++)
            {
                for (int j = 0; j < agents.Length; j++)
                {
                    Assert.False(agents[i].Value > agents[j].Value && fractional[j] > 0 && fractional[i] < agents[i].Capacity - agents[i].Remaining);
                }
            }
        }
    }

    [Fact]
    public void WholeTokensFollowTheLargestRemainder()
    {
        // Shares 1.5, 2.25, 6.25: one token is left over and goes to the largest fraction.
        TokenAgent[] agents = [Agent("a", 6, 99, 0), Agent("b", 9, 99, 0), Agent("c", 25, 99, 0)];
        Assert.Equal([2, 2, 6], Tokens(agents, 10, AllocationScheme.Proposed, wholeTokens: true));

        // Equal fractions: the earlier agents first.
        TokenAgent[] equals = [.. Enumerable.Range(0, 3).Select(i => Agent($"{i}", 1, 99, 0))];
        Assert.Equal([4, 4, 3], Tokens(equals, 11, AllocationScheme.Proposed, wholeTokens: true));
        Assert.Equal([4, 4, 3], Tokens(equals, 11.9, AllocationScheme.Proposed, wholeTokens: true));

        // A bucket with room for 2.5 tokens holds two whole ones.
        TokenAgent[] capped = [Agent("a", 9, 2.5, 0), Agent("b", 1, 99, 0)];
        Assert.Equal([2, 1], Tokens(capped, 6, AllocationScheme.Proposed, wholeTokens: true));
    }

    [Fact]
    public void WholeTokensAreNotLostToRounding()
    {
        // 1000·(3/7·10⁻³…): shares whose sum rounds below a whole number must still hand out every token.
        for (int count = 1; count <= 200; count++)
        {
            TokenAgent[] agents = [.. Enumerable.Range(0, count).Select(i => Agent($"{i}", 0.1 * (i + 1), 1e6, 0))];
            Assert.Equal(1000, Tokens(agents, 1000, AllocationScheme.Proposed, wholeTokens: true).Sum());
        }
    }

    [Fact]
    public void EverySchemeKeepsTheConstraints()
    {
        RandomSource random = RandomSource.Create(5);
        for (int trial = 0; trial < 3_000; trial++)
        {
            (TokenAgent[] agents, double supply) = Instance(random);
            if (trial % 2 == 0)
            {
                agents = [.. agents.Select(a => a with { Value = a.Value * Math.Exp(10 * random.NextNormal()), Capacity = a.Capacity * Math.PI, Remaining = a.Remaining * Math.E / 2 })];
                supply *= Math.Sqrt(2);
            }

            foreach (AllocationScheme scheme in Capped)
            {
                foreach (bool wholeTokens in new[] { false, true })
                {
                    double[] tokens = Tokens(agents, supply, scheme, wholeTokens);
                    Assert.True(CompensatedSum.Of(tokens) <= supply);
                    for (int i = 0; i < tokens.Length; i++)
                    {
                        Assert.InRange(tokens[i], 0, agents[i].Capacity - agents[i].Remaining);
                        Assert.True(!wholeTokens || tokens[i] == Math.Floor(tokens[i]));
                        Assert.True(tokens[i] == 0 || agents[i].Value > 0 || scheme is AllocationScheme.RoundRobin or AllocationScheme.MaxMin);
                    }

                    // Schemes that do not look at values spend the supply or fill every bucket.
                    if (scheme is AllocationScheme.RoundRobin or AllocationScheme.MaxMin && !wholeTokens)
                    {
                        Assert.Equal(Math.Min(supply, agents.Sum(a => a.Capacity - a.Remaining)), tokens.Sum(), 1e-9);
                    }

                    if (scheme is AllocationScheme.WaterFilling or AllocationScheme.MaxWelfare && !wholeTokens)
                    {
                        Assert.Equal(Math.Min(supply, agents.Where(a => a.Value > 0).Sum(a => a.Capacity - a.Remaining)), tokens.Sum(), 1e-9);
                    }
                }
            }
        }
    }

    [Fact]
    public void WholeTokensStayWithinOneOfTheFractions()
    {
        RandomSource random = RandomSource.Create(6);
        for (int trial = 0; trial < 1_000; trial++)
        {
            (TokenAgent[] agents, double supply) = Instance(random);
            foreach (AllocationScheme scheme in new[] { AllocationScheme.Proposed, AllocationScheme.WaterFilling })
            {
                double[] exact = Tokens(agents, supply, scheme);
                double[] whole = Tokens(agents, supply, scheme, wholeTokens: true);
                Assert.All(exact.Zip(whole), pair => Assert.InRange(pair.Second, Math.Floor(pair.First), Math.Floor(pair.First) + 1));
                Assert.True(whole.Sum() <= exact.Sum() + 1e-9);
            }
        }
    }

    [Theory]
    [InlineData(40, 1_000)]
    [InlineData(7, 100_000)]
    [InlineData(300, 50)]
    public void RandomIsUniformMultinomialWithoutLimits(int agentCount, int supply)
    {
        const int rounds = 2_000;
        RandomSource random = RandomSource.Create(7);
        TokenAgent[] agents = [.. Enumerable.Range(0, agentCount).Select(i => Agent($"{i}", i, 1, 1))];
        double chiSquares = 0;
        double[] totals = new double[agentCount];
        for (int round = 0; round < rounds; round++)
        {
            TokenGrant[] grants = TokenAllocator.Allocate(agents, supply + 0.5, AllocationScheme.Random, random: random);
            Assert.Equal(supply, grants.Sum(g => g.Tokens));
            double expected = (double)supply / agentCount;
            chiSquares += grants.Sum(g => (g.Tokens - expected) * (g.Tokens - expected) / expected);
            for (int i = 0; i < agentCount; i++)
            {
                totals[i] += grants[i].Tokens;
            }
        }

        // χ² of one round has mean N − 1 and variance near 2(N − 1); its average over rounds within six standard errors.
        Assert.InRange(chiSquares / rounds, agentCount - 1 - 6 * Math.Sqrt(2.0 * agentCount / rounds), agentCount - 1 + 6 * Math.Sqrt(2.0 * agentCount / rounds));
        double each = (double)supply * rounds / agentCount;
        double chiSquare = totals.Sum(t => (t - each) * (t - each) / each);
        Assert.InRange(chiSquare, 0, agentCount + 6 * Math.Sqrt(2.0 * agentCount));
    }

    [Fact]
    public void HugeSuppliesAreDealtAtOnce()
    {
        TokenAgent[] agents = [.. Enumerable.Range(0, 1_000).Select(i => Agent($"{i}", 1, 1e15, 0))];
        double[] dealt = [.. TokenAllocator.Allocate(agents, 1e15, AllocationScheme.Random, random: RandomSource.Create(1)).Select(g => g.Tokens)];
        Assert.Equal(1e15, dealt.Sum());
        Assert.All(dealt, tokens => Assert.InRange(tokens, 1e12 - 7e6, 1e12 + 7e6)); // seven standard deviations of 10⁶
        Assert.All(Tokens(agents, 1e15, AllocationScheme.RoundRobin), tokens => Assert.Equal(1e12, tokens));
        Assert.All(Tokens(agents, 1e15, AllocationScheme.MaxMin), tokens => Assert.Equal(1e12, tokens));
    }

    [Fact]
    public void NothingToDivideGivesNothing()
    {
        TokenAgent[] agents = [Agent("a", 1, 4, 0), Agent("b", 0, 4, 0)];
        TokenAgent[] full = [Agent("a", 1, 4, 4), Agent("b", 2, 0, 0)];
        TokenAgent[] worthless = [Agent("a", 0, 4, 0), Agent("b", 0, 4, 0)];
        foreach (AllocationScheme scheme in Enum.GetValues<AllocationScheme>())
        {
            Assert.Empty(TokenAllocator.Allocate([], 10, scheme, random: RandomSource.Create(1)));
            Assert.All(TokenAllocator.Allocate(agents, 0, scheme, random: RandomSource.Create(1)), g => Assert.Equal((0.0, 0.0), (g.Tokens, g.RewardRate)));
            bool[] divisions = scheme == AllocationScheme.Optimal ? [false] : [false, true];
            foreach (bool wholeTokens in divisions)
            {
                if (scheme != AllocationScheme.Random)
                {
                    Assert.All(Tokens(full, 10, scheme, wholeTokens), tokens => Assert.Equal(0, tokens));
                }

                if (scheme is AllocationScheme.Proposed or AllocationScheme.WaterFilling or AllocationScheme.MaxWelfare or AllocationScheme.Optimal)
                {
                    Assert.All(Tokens(worthless, 10, scheme, wholeTokens), tokens => Assert.Equal(0, tokens));
                    Assert.Equal([4, 0], Tokens(agents, 10, scheme, wholeTokens));
                }
            }
        }
    }

    [Fact]
    public void ValuesAtTheEndsOfTheRangeAreDividedAllTheSame()
    {
        foreach (double unit in new[] { 1e308, 1, 1e-300, double.Epsilon })
        {
            TokenAgent[] agents = [Agent("a", unit, 10, 0), Agent("b", unit, 10, 0)];
            Assert.Equal([4, 4], Tokens(agents, 8, AllocationScheme.Proposed));
            Assert.Equal([4, 4], Tokens(agents, 8, AllocationScheme.WaterFilling));
        }
    }

    [Theory]
    [InlineData(double.NaN, 4, 0)]
    [InlineData(-1, 4, 0)]
    [InlineData(double.PositiveInfinity, 4, 0)]
    [InlineData(1, double.NaN, 0)]
    [InlineData(1, -4, 0)]
    [InlineData(1, double.PositiveInfinity, 0)]
    [InlineData(1, 4, double.NaN)]
    [InlineData(1, 4, -1)]
    [InlineData(1, 4, 5)]
    public void FaultyAgentsAreNamed(double value, double capacity, double remaining)
    {
        TokenAgent agent = Agent("mallory", value, capacity, remaining);
        QosValuationException exception = Assert.Throws<QosValuationException>(agent.Validate);
        Assert.Equal("AgentNotValid", exception.ErrorId);
        Assert.Contains("mallory", exception.Message, StringComparison.Ordinal);
        Assert.Throws<QosValuationException>(() => TokenAllocator.Allocate([agent], 1, AllocationScheme.Proposed));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void FaultySuppliesAreRefused(double supply) =>
        Assert.Equal("SupplyNotValid", Assert.Throws<QosValuationException>(() => TokenAllocator.Allocate([], supply, AllocationScheme.Proposed)).ErrorId);

    [Fact]
    public void RandomNeedsASourceAndACountableSupply()
    {
        TokenAgent[] agents = [Agent("a", 1, 4, 0)];
        Assert.Equal("RandomSourceMissing", Assert.Throws<QosValuationException>(() => TokenAllocator.Allocate(agents, 1, AllocationScheme.Random)).ErrorId);
        Assert.Equal("SupplyNotValid", Assert.Throws<QosValuationException>(() => TokenAllocator.Allocate(agents, 1e17, AllocationScheme.Random, random: RandomSource.Create(1))).ErrorId);
    }

    private static TokenAgent Agent(string name, double value, double capacity, double remaining) =>
        new() { Agent = name, Value = value, Capacity = capacity, Remaining = remaining };

    private static double[] Tokens(TokenAgent[] agents, double supply, AllocationScheme scheme, bool wholeTokens = false) =>
        [.. TokenAllocator.Allocate(agents, supply, scheme, wholeTokens).Select(g => g.Tokens)];

    /// <summary>Up to seven agents whose numbers are multiples of a quarter, so that sums are exact.</summary>
    private static (TokenAgent[] Agents, double Supply) Instance(RandomSource random)
    {
        int step = random.NextInt32(2) == 0 ? 1 : 4;
        int count = 1 + random.NextInt32(7);
        var agents = new TokenAgent[count];
        for (int i = 0; i < count; i++)
        {
            double capacity = random.NextInt32(6 * step) / (double)step;
            double remaining = random.NextInt32((int)(capacity * step) + 1) / (double)step;
            agents[i] = Agent($"{i}", random.NextInt32(5), capacity, remaining);
        }

        return (agents, random.NextInt32(20 * step) / (double)step);
    }
}
