using System.Text.Json;
using QosValuation.Foundation.Sharding;

namespace QosValuation.Tests;

public sealed class SimulationJoinerTests
{
    private const string Run = "run";

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 1)]
    [InlineData(7, 3)]
    [InlineData(7, 7)]
    [InlineData(7, 8)]
    [InlineData(1, 1000)]
    [InlineData(0, 4)]
    [InlineData(int.MaxValue, 1_000_000)]
    public void PartsFollowOneAnotherAndAreEven(int total, int count)
    {
        int next = 0;
        for (int index = 1; index <= count; index++)
        {
            (int first, int length) = new Shard(index, count).PartOf(total);
            Assert.Equal(next, first);
            Assert.InRange(length, total / count, (total / count) + 1);
            next = first + length;
        }

        Assert.Equal(total, next);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(20)]
    public void PutsRoundsInTheirOrder(int count)
    {
        SimulationShard[] parts = [.. Parts(count).Reverse()];
        var joiner = new SimulationJoiner([new SumReduction()]);
        foreach (SimulationShard part in parts)
        {
            joiner.Add(part);
        }

        Assert.Equal([Whole("a", 1), Whole("b", 2)], joiner.Join());
        Assert.Equal(2, joiner.Rows);
        Assert.False(joiner.IsSummary);
    }

    [Fact]
    public void JoinsNothingToNothing() => Assert.Empty(new SimulationJoiner([new SumReduction()]).Join());

    [Fact]
    public void NamesWhatIsMissing()
    {
        SimulationShard[] parts = [.. Parts(3)];
        Assert.Contains("2/3", Refused("ShardsMissing", parts.Where(part => part.Shard != "2/3")), StringComparison.Ordinal);
        Assert.Contains("row 2 of the shard 3/3", Refused("ShardsMissing", parts.Where(part => part is not { Shard: "3/3", Row: 2 })), StringComparison.Ordinal);
        Assert.Contains("13/20", Refused("ShardsMissing", Parts(20).Where(part => part.Shard != "13/20")), StringComparison.Ordinal);
    }

    [Fact]
    public void RefusesAShardTwice() => Assert.Contains("2/3", Refused("ShardsRepeated", [.. Parts(3), Parts(3)[3]]), StringComparison.Ordinal);

    [Fact]
    public void RefusesShardsOfOtherRuns()
    {
        SimulationShard[] parts = [.. Parts(3)];
        Assert.Contains("1 and 2", Refused("ShardsDiffer", [parts[0], .. Parts(3, seed: 2)]), StringComparison.Ordinal);
        Assert.Contains("settings", Refused("ShardsDiffer", [parts[0], .. Parts(3, run: "other")]), StringComparison.Ordinal);
        Assert.Contains("4", Refused("ShardsDiffer", [parts[0], .. Parts(4)]), StringComparison.Ordinal);
        Assert.Contains("rows", Refused("ShardsDiffer", [parts[0], .. Parts(3, isSummary: true)]), StringComparison.Ordinal);
    }

    [Fact]
    public void RefusesShardsOfAnotherVersion()
    {
        SimulationShard[] parts = [.. Parts(3)];
        string own = typeof(SimulationShard).Assembly.GetName().Version!.ToString(3);
        Assert.All(parts, part => Assert.Equal(own, part.ModuleVersion));
        SimulationShard[] older = [.. parts.Select(part => Hashed(part with { ModuleVersion = "0.0.9" }))];
        Assert.Contains($"{own} and 0.0.9", Refused("ShardsDiffer", [.. parts[..2], .. older[2..]]), StringComparison.Ordinal);

        // All of one version are joined, whichever that is.
        var joiner = new SimulationJoiner([new SumReduction()]);
        Array.ForEach(older, joiner.Add);
        Assert.Equal([Whole("a", 1), Whole("b", 2)], joiner.Join());
    }

    [Fact]
    public void RefusesWhatWasChanged()
    {
        SimulationShard part = Parts(3)[3];
        double[] flipped = [.. part.Values];
        flipped[0] = Math.BitIncrement(flipped[0]);
        SimulationShard[] changed =
        [
            part with { Values = [double.NaN, .. part.Values[1..]] },
            part with { Values = part.Values[1..] },
            part with { Values = [.. part.Values, 1] },
            part with { Values = flipped },
            part with { Values = [.. part.Values.Reverse()] },
            part with { Row = 1, Result = Told(Whole("a", 0)) },
            part with { Row = 0 },
            part with { Row = 3 },
            part with { Row = 1, Rows = 1 },
            part with { First = part.First - 1, Last = part.Last - 1 },
            part with { Total = -1 },
            part with { Total = int.MaxValue },
            part with { Seed = 2 },
            part with { Run = "other" },
            part with { ModuleVersion = "99.0.0" },
            part with { Result = Told(Whole("c", 1)) },
            part with { Result = "a" },
            part with { Result = "null" },
            part with { Result = "[1]" },
            part with { Result = string.Empty },
            part with { IsSummary = true },
            part with { Hash = new string('0', 64) },
            part with { Simulation = "Other" },
        ];
        foreach (SimulationShard damaged in changed)
        {
            Refused("ShardDamaged", [damaged]);
        }

        Refused("ShardNotValid", [part with { Shard = "4/3" }]);
    }

    [Fact]
    public void TellsRunsApart()
    {
        string Of(object settings, params byte[] data) => ShardedRun.IdentityOf(settings, [data]);
        Assert.Equal(Of(new { A = 1, B = double.PositiveInfinity }), Of(new { A = 1, B = double.PositiveInfinity }));
        Assert.NotEqual(Of(new { A = 0.1 }), Of(new { A = Math.BitIncrement(0.1) }));
        Assert.NotEqual(Of(new { A = 1 }, 1), Of(new { A = 1 }, 2));
        Assert.Equal("ShardWithoutSeed", Assert.Throws<QosValuationException>(() => ShardedRun.RequireSeed(new Shard(1, 2), null)).ErrorId);
        ShardedRun.RequireSeed(null, null);
    }

    private static string Refused(string id, IEnumerable<SimulationShard> parts)
    {
        var joiner = new SimulationJoiner([new SumReduction()]);
        QosValuationException fault = Assert.Throws<QosValuationException>(() =>
        {
            foreach (SimulationShard part in parts)
            {
                joiner.Add(part);
            }

            joiner.Join();
        });
        Assert.Equal(id, fault.ErrorId);
        return fault.Message;
    }

    // Eleven rounds of two rows; the rounds of row k give k/r.
    private static SimulationShard[] Parts(int count, int seed = 1, string run = Run, bool isSummary = false)
    {
        var parts = new List<SimulationShard>();
        for (int index = 1; index <= count; index++)
        {
            var shard = new ShardedRun(new Shard(index, count), seed, 11, 2, run, isSummary);
            double[] Values(int row) => [.. Enumerable.Range(shard.First, shard.Count).Select(round => row / (round + 1.0))];
            parts.Add(shard.Next(new SumReduction(), Whole("a", 0), Values(1)));
            parts.Add(shard.Next(new SumReduction(), Whole("b", 0), Values(2)));
        }

        return [.. parts];
    }

    private static SimulationShard Hashed(SimulationShard part)
    {
        var reduction = new SumReduction();
        return part with { Hash = ShardedRun.HashOf(part, reduction, reduction.TryRead(part.Result)!) };
    }

    private static string Told(SumRow row) => JsonSerializer.Serialize(row);

    // Written out: the order of the digits of a sum in floating point is that of the rounds.
    private static SumRow Whole(string name, int row)
    {
        double sum = 0;
        for (int round = 0; row > 0 && round < 11; round++)
        {
            sum += row / (round + 1.0);
        }

        return new SumRow(name, row > 0 ? 11 : 0, sum);
    }

    private sealed record SumRow(string Name, int Rounds, double Sum);

    private sealed class SumReduction : SimulationReduction<SumRow>
    {
        public override int Width => 1;

        public override bool IsValid(ReadOnlySpan<double> round) => double.IsFinite(round[0]);

        protected override SumRow Reduce(SumRow row, double[] values) => row with { Rounds = values.Length, Sum = values.Aggregate(0.0, (sum, x) => sum + x) };
    }
}
