using QosValuation.Allocation.Schemes;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class TokenAgentCollectionTests
{
    [Fact]
    public void DividesAsAListOfAgentsDoes()
    {
        RandomSource random = RandomSource.Create(1);
        TokenAgent[] list = [.. Enumerable.Range(0, 40).Select(i =>
            new TokenAgent { Agent = $"a{i}", Value = random.NextInt32(4), Capacity = 2 + random.NextDouble(), Remaining = random.NextDouble() })];
        TokenAgentCollection columns = [];
        foreach (TokenAgent agent in list)
        {
            columns.Add(agent.Agent, agent.Value, agent.Capacity, agent.Remaining);
        }

        Assert.Equal(list, columns);
        foreach (AllocationScheme scheme in Enum.GetValues<AllocationScheme>())
        {
            TokenAllocation divided = TokenAllocator.Divide(columns, 30, scheme, random: RandomSource.Create(2));
            TokenGrant[] grants = TokenAllocator.Allocate(list, 30, scheme, random: RandomSource.Create(2));
            Assert.Equal(grants.Select(grant => grant with { Proof = null }), divided.Select(grant => grant with { Proof = null }));
            Assert.Equal((40, grants[0].Proof is null, true), (divided.Count, divided.Proof is null, divided.HasValue));
        }
    }

    [Theory]
    [InlineData("a", -1.0, 4.0, 0.0)]
    [InlineData("a", double.NaN, 4.0, 0.0)]
    [InlineData("a", 1.0, double.PositiveInfinity, 0.0)]
    [InlineData("a", 1.0, double.NaN, 0.0)]
    [InlineData("a", 1.0, 4.0, 5.0)]
    [InlineData("a", 1.0, 4.0, -1.0)]
    [InlineData("a\uFFFD", 1.0, 4.0, 0.0)]
    public void RefusesWhatAnAgentRefuses(string name, double value, double capacity, double remaining)
    {
        var agent = new TokenAgent { Agent = name, Value = value, Capacity = capacity, Remaining = remaining };
        TokenAgentCollection columns = [];
        QosValuationException own = Assert.Throws<QosValuationException>(() => columns.Add(name, value, capacity, remaining));
        Assert.Equal(Assert.Throws<QosValuationException>(agent.Validate).Message, own.Message);
        Assert.Equal("AgentNotValid", own.ErrorId);
        Assert.Equal(agent, own.Subject);
        Assert.Empty(columns);
        Assert.False(TokenAllocator.Divide(columns, 1, AllocationScheme.Proposed).HasValue);
    }
}
