using QosValuation.Allocation.Simulation;

namespace QosValuation.Tests;

public sealed class RequestTraceTests
{
    [Fact]
    public void ReadsColumnsInAnyOrderAndSortsByTime()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("trace.csv");
        File.WriteAllText(path, "cost, AGENT ,note,time\n2.5,bob,late,3\n,\"Smith, Ann\",x,0.5\n1e1,Bob,\"first, quoted\",0.25\n1,bob,same,3\n");
        RequestTrace trace = RequestTrace.Read(path);
        Assert.Equal(["bob", "Smith, Ann", "Bob"], trace.Agents);
        Assert.Equal((4, 3.0), (trace.Count, trace.LastTime));
        Assert.Equal([(3, 2.5), (3, 1)], trace.Of("bob").ToArray().Select(r => (r.Time, r.Cost)));
        Assert.Equal([(0.25, 10.0)], trace.Of("Bob").ToArray().Select(r => (r.Time, r.Cost)));
        Assert.True(trace.Of("BOB").IsEmpty);
        Assert.Equal(double.NaN, trace.Of("Smith, Ann").Span[0].Cost);
        Assert.True(trace.Of("nobody").IsEmpty);
    }

    [Fact]
    public void CostsMayBeLeftOut()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("trace.csv");
        File.WriteAllText(path, "Time,Agent\r\n0,a\r\n1,a\r\n");
        Assert.All(RequestTrace.Read(path).Of("a").ToArray(), r => Assert.Equal(double.NaN, r.Cost));
    }

    [Theory]
    [InlineData("", "Time")]
    [InlineData("Time,Cost\n0,1\n", "Agent")]
    [InlineData("Agent,Cost\na,1\n", "Time")]
    [InlineData("Time,Agent\n0,a\nsoon,a\n", "Row 2")]
    [InlineData("Time,Agent,Cost\n0,a,1\n0,a,x\n", "Row 2")]
    [InlineData("Time,Agent\n-1,a\n", "Row 1")]
    [InlineData("Time,Agent\nNaN,a\n", "Row 1")]
    [InlineData("Time,Agent,Cost\n0,a,0\n", "Row 1")]
    [InlineData("Time,Agent\n0,\n", "Row 1")]
    [InlineData("Time,Agent\n0\n", "Row 1")]
    public void NamesTheRowOrColumnThatIsWrong(string text, string named)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("trace.csv");
        File.WriteAllText(path, text);
        QosValuationException fault = Assert.Throws<QosValuationException>(() => RequestTrace.Read(path));
        Assert.Equal("TraceNotValid", fault.ErrorId);
        Assert.Contains(named, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingFileIsNamed() =>
        Assert.Equal("TraceNotFound", Assert.Throws<QosValuationException>(() => RequestTrace.Read("/no/such/trace.csv")).ErrorId);
}
