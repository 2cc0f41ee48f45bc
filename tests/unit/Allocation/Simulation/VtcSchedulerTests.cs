using QosValuation.Allocation.Schemes;
using QosValuation.Allocation.Simulation;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class VtcSchedulerTests
{
    private readonly bool[] _filled = new bool[6];

    [Fact]
    public void AllocationEqualsTokenByTokenServiceOverManyEpochs()
    {
        RandomSource random = RandomSource.Create(8);
        for (int instance = 0; instance < 100; instance++)
        {
            int clients = 1 + random.NextInt32(7);
            double[] weights = [.. Enumerable.Range(0, clients).Select(_ => random.NextInt32(5) is var w and > 0 ? Math.Pow(2, w - 2) : 0)]; // powers of two: no rounding
            double[] capacities = [.. Enumerable.Range(0, clients).Select(_ => 1.0 + random.NextInt32(5))];
            double[] remaining = new double[clients];
            double[] grants = new double[clients];
            double[] counters = new double[clients];
            bool[] active = new bool[clients];
            int lastLeft = -1;
            var vtc = new VtcScheduler(weights);
            for (int epoch = 0; epoch < 30; epoch++)
            {
                double supply = random.NextInt32(12);
                double[] space = [.. Enumerable.Range(0, clients).Select(i => capacities[i] - remaining[i])];
                double granted = vtc.Allocate(space, supply, grants);

                // The same by search, with counters that are never moved.
                double[] expected = new double[clients];
                for (int i = 0; i < clients; i++)
                {
                    if (active[i] && remaining[i] >= capacities[i])
                    {
                        active[i] = false;
                        lastLeft = i;
                    }
                }

                for (int i = 0; i < clients; i++)
                {
                    if (!active[i] && weights[i] > 0 && remaining[i] < capacities[i])
                    {
                        double[] others = [.. Enumerable.Range(0, clients).Where(j => active[j]).Select(j => counters[j])];
                        counters[i] = Math.Max(counters[i], others.Length > 0 ? others.Min() : lastLeft >= 0 ? counters[lastLeft] : 0);
                        active[i] = true;
                    }
                }

                for (double left = supply; left > 0 && active.Any(a => a); left--)
                {
                    int next = Enumerable.Range(0, clients).Where(i => active[i]).OrderBy(i => counters[i]).ThenBy(i => i).First();
                    expected[next]++;
                    counters[next] += 2 / weights[next];
                    if (remaining[next] + expected[next] >= capacities[next])
                    {
                        active[next] = false;
                        lastLeft = next;
                    }
                }

                Assert.Equal(expected, grants);
                Assert.Equal(expected.Sum(), granted);

                // Work conservation: nothing stays where there is room.
                double room = Enumerable.Range(0, clients).Where(i => weights[i] > 0).Sum(i => capacities[i] - remaining[i]);
                Assert.Equal(Math.Min(supply, room), granted);
                for (int i = 0; i < clients; i++)
                {
                    remaining[i] += grants[i] - random.NextInt32((int)(remaining[i] + grants[i]) + 1);
                }
            }
        }
    }

    [Fact]
    public void LongRunSharesOfBusyClientsFollowTheWeights()
    {
        double[] weights = [1, 2, 3, 10];
        double[] grants = new double[4];
        double[] total = new double[4];
        var vtc = new VtcScheduler(weights);
        for (int epoch = 0; epoch < 1000; epoch++)
        {
            vtc.Allocate([100, 100, 100, 100], 5, grants); // fewer tokens than one for each weight
            for (int i = 0; i < 4; i++)
            {
                total[i] += grants[i];
            }
        }

        Assert.Equal(5000, total.Sum());
        for (int i = 0; i < 4; i++)
        {
            Assert.InRange(total[i], 5000 * weights[i] / 16 - 2, 5000 * weights[i] / 16 + 2);
        }
    }

    [Fact]
    public void WeightsOfVeryDifferentSizeStayFairForTheOthers()
    {
        // The tiny client takes what the others leave; it must not spoil their counters.
        double[] grants = new double[3];
        var vtc = new VtcScheduler([1e-300, 1, 3]);
        vtc.Allocate([8, 1, 1], 4, grants);
        Assert.Equal([2.0, 1.0, 1.0], grants);
        double[] total = new double[3];
        for (int epoch = 0; epoch < 400; epoch++)
        {
            vtc.Allocate([6, 10, 10], 1, grants);
            for (int i = 0; i < 3; i++)
            {
                total[i] += grants[i];
            }
        }

        Assert.InRange(total[0], 0, 1);
        Assert.InRange(total[2] / total[1], 2.9, 3.1);
    }

    [Fact]
    public void FractionsFillTheLastTokenOfABucketAndOfTheSupply()
    {
        double[] grants = new double[2];
        var vtc = new VtcScheduler([1, 1]);
        Assert.Equal(1.5, vtc.Allocate([0.25, 2], 1.5, grants));
        Assert.Equal([0.25, 1.25], grants);
        Assert.Equal(1, vtc.Allocate([0.25, 2], 1.5, grants, wholeTokens: true));
        Assert.Equal([0, 1.0], grants);
    }

    [Fact]
    public void LargeSuppliesGiveWhatSingleTokensGive()
    {
        RandomSource random = RandomSource.Create(9);
        for (int instance = 0; instance < 60; instance++)
        {
            int clients = 1 + random.NextInt32(6);
            double[] weights = [.. Enumerable.Range(0, clients).Select(_ => Math.Pow(2, random.NextInt32(6)))];
            var bulk = new VtcScheduler(weights);
            double[] counters = new double[clients];
            for (int epoch = 0; epoch < 4; epoch++)
            {
                // Buckets of all sizes, never all full, so that nobody is lifted to the last that left.
                double[] room = [.. Enumerable.Range(0, clients).Select(i => i == 0 ? 1e6 : random.NextInt32(2000) + 1.0)];
                double supply = random.NextInt32(3000);
                double[] grants = new double[clients];
                bulk.Allocate(room, supply, grants);

                double[] single = new double[clients];
                if (epoch > 0)
                {
                    // Clients that filled their bucket were idle: lifted to the smallest of those that were not.
                    double active = Enumerable.Range(0, clients).Where(i => !_filled[i]).Min(i => counters[i]);
                    for (int i = 0; i < clients; i++)
                    {
                        counters[i] = _filled[i] ? Math.Max(counters[i], active) : counters[i];
                    }
                }

                for (double left = supply; left > 0; left--)
                {
                    int next = Enumerable.Range(0, clients).Where(i => single[i] < room[i]).MinBy(i => (counters[i], i));
                    single[next]++;
                    counters[next] += 2 / weights[next];
                }

                Assert.Equal(single, grants);
                for (int i = 0; i < clients; i++)
                {
                    _filled[i] = single[i] >= room[i];
                }
            }

            Array.Clear(_filled);
        }
    }

    [Fact]
    public void AMillionClientsAndABillionTokensAreDividedAtOnce()
    {
        RandomSource random = RandomSource.Create(10);
        const int clients = 1_000_000;
        double[] weights = new double[clients];
        double[] room = new double[clients];
        for (int i = 0; i < clients; i++)
        {
            weights[i] = random.NextPositiveDouble();
            room[i] = 4000 * random.NextDouble();
        }

        double[] grants = new double[clients];
        Assert.Equal(1e9, new VtcScheduler(weights).Allocate(room, 1e9, grants), 1e-3);
        double level = Enumerable.Range(0, clients).Where(i => grants[i] < room[i]).Max(i => (grants[i] - 1) / weights[i]);
        for (int i = 0; i < clients; i++)
        {
            // Who had room left got its next token no later than anybody's last.
            Assert.True(grants[i] <= room[i] && (grants[i] == room[i] || (grants[i] + 1e-6) / weights[i] >= level), $"client {i}");
        }
    }

    [Fact]
    public void OneAllocationIsTheSchemeVtc()
    {
        // Weights 1, 2 and 4: the service per weight stays even until the bucket of the third is full.
        TokenAgent[] agents = [.. new[] { 1.0, 2, 4, 0 }.Select((v, i) => new TokenAgent { Agent = "a" + i, Value = v, Capacity = 5, Remaining = 1 })];
        double[] Tokens(double supply) => [.. TokenAllocator.Allocate(agents, supply, AllocationScheme.Vtc).Select(g => g.Tokens)];
        Assert.Equal([1, 2, 4, 0], Tokens(7));
        Assert.Equal([2, 4, 4, 0], Tokens(10));
        Assert.Equal([4, 4, 4, 0], Tokens(100));
        Assert.Equal([0, 0, 0, 0], Tokens(0));
    }
}
