using QosValuation.Foundation.Randomness;
using QosValuation.Markets.Shares;

namespace QosValuation.Tests;

public sealed class DataShareTokensTests
{
    private static readonly double[] Equal = [1, 1, 1];

    private static DataShareClaim Claim(double volume, double quality = 1, double impact = 1, double floor = 0, double cap = double.PositiveInfinity) =>
        new() { Contributor = "p", Volume = volume, Quality = quality, MarginalUtility = impact, Floor = floor, Cap = cap };

    [Fact]
    public void ScoresFollowSection7()
    {
        DataShareToken[] tokens = DataShareTokens.Divide([Claim(300, 0.9, 0.1), Claim(100, 0.3, -5)], 100, [0.5, 0.25, 0.25], false, ShareProjection.Proportional);
        Assert.Equal([0.75, 0.25], tokens.Select(token => token.VolumeScore));
        Assert.Equal([0.75, 0.25], tokens.Select(token => token.QualityScore), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal([1.0, 0], tokens.Select(token => token.ImpactScore));
        Assert.Equal(0.5 * 0.75 + 0.25 * 0.75 + 0.25, tokens[0].Score, 1e-12);
        Assert.Equal(100, tokens.Sum(token => token.Tokens));

        // A component that is 0 for all is dropped, and the other weights are rescaled.
        tokens = DataShareTokens.Divide([Claim(3, 1, 0), Claim(1, 1, -1)], 8, Equal, false, ShareProjection.Proportional);
        Assert.Equal([5.0, 3], tokens.Select(token => Math.Round(token.Tokens, 12)));
    }

    [Fact]
    public void TheProjectionMeetsItsConditionsOnRandomCases()
    {
        RandomSource random = RandomSource.Create(6);
        int bound = 0;
        for (int k = 0; k < 3000; k++)
        {
            int n = 1 + random.NextInt32(8);
            double[] scores = [.. Enumerable.Range(0, n).Select(_ => random.NextInt32(4) == 0 ? 0 : random.NextDouble())];
            double[] floors = [.. Enumerable.Range(0, n).Select(_ => random.NextInt32(2) == 0 ? 0 : 10 * random.NextDouble())];
            double[] caps = [.. floors.Select(floor => random.NextInt32(3) == 0 ? double.PositiveInfinity : floor + 30 * random.NextDouble())];
            double least = floors.Sum();
            double most = Math.Min(caps.Sum(), least + 100);
            double supply = least + (most - least) * random.NextDouble();
            double[] tokens = DataShareTokens.Fill(scores, floors, caps, supply, ShareProjection.Proportional);
            Assert.True(supply == tokens.Sum(), $"{string.Join(' ', scores)} | {string.Join(' ', floors)} | {string.Join(' ', caps)} | {supply} | {string.Join(' ', tokens)}");
            bool allCapped = true;
            for (int i = 0; i < n; i++)
            {
                Assert.InRange(tokens[i], floors[i], caps[i]);
                allCapped &= scores[i] == 0 || tokens[i] >= caps[i] - 1e-9;
            }

            // KKT of the proportional projection: one θ for all that no bound holds, at a floor at most it, at a cap at least it.
            double[] free = [.. Enumerable.Range(0, n).Where(i => scores[i] > 0 && tokens[i] > floors[i] + 1e-9 && tokens[i] < caps[i] - 1e-9).Select(i => tokens[i] / scores[i])];
            for (int i = 0; free.Length > 0 && i < n; i++)
            {
                bound += scores[i] > 0 && tokens[i] <= floors[i] ? 1 : 0;
                Assert.True(Math.Abs(free.Max() - free.Min()) <= 1e-9 * free.Max());
                Assert.True(scores[i] == 0 || tokens[i] > floors[i] + 1e-9 || scores[i] * free[0] <= floors[i] + 1e-6);
                Assert.True(scores[i] == 0 || tokens[i] < caps[i] - 1e-9 || scores[i] * free[0] >= caps[i] - 1e-6);
            }

            // Zero scores stay at their floors unless the positive ones are at their caps; then one level fills them.
            double[] zeros = [.. Enumerable.Range(0, n).Where(i => scores[i] == 0 && tokens[i] > floors[i] + 1e-9 && tokens[i] < caps[i] - 1e-9).Select(i => tokens[i])];
            Assert.True(allCapped || Enumerable.Range(0, n).All(i => scores[i] > 0 || tokens[i] <= floors[i] + 1e-6));
            Assert.True(zeros.Length < 2 || zeros.Max() - zeros.Min() < 1e-6);
        }

        Assert.True(bound > 100);
    }

    [Fact]
    public void TheEuclideanProjectionIsTheNearestPoint()
    {
        // Unbounded shares 60, 30, 10 with a cap of 40 and a floor of 20: the middle takes what is left, and by name only.
        double[] scores = [0.6, 0.3, 0.1];
        double[] floors = [0, 0, 20];
        double[] caps = [40, 100, 100];
        Assert.Equal([40.0, 40, 20], DataShareTokens.Fill(scores, floors, caps, 100, ShareProjection.Euclidean).Select(token => Math.Round(token, 9)));
        Assert.Equal([40.0, 40, 20], DataShareTokens.Fill(scores, floors, caps, 100, ShareProjection.Proportional).Select(token => Math.Round(token, 9)));
        caps[0] = 50;
        Assert.Equal([40.0, 30, 30], DataShareTokens.Fill([0.5, 0.375, 0.125], [0, 0, 30], [40, 100, 100], 100, ShareProjection.Proportional).Select(token => Math.Round(token, 9)));
        Assert.Equal([47.5, 31.25 - 13.75 + 15, 20], DataShareTokens.Fill([0.55, 0.4, 0.05], [0, 0, 20], [100, 100, 100], 100, ShareProjection.Euclidean).Select(token => Math.Round(token, 9)));
    }

    [Fact]
    public void WholeTokensSumToTheSupplyWithinBounds()
    {
        RandomSource random = RandomSource.Create(8);
        for (int k = 0; k < 1000; k++)
        {
            int n = 1 + random.NextInt32(9);
            DataShareClaim[] claims = [.. Enumerable.Range(0, n).Select(_ =>
            {
                double floor = random.NextInt32(5);
                return Claim(random.NextDouble(), random.NextDouble(), random.NextDouble() - 0.3, floor, floor + 20 + random.NextInt32(30) + 0.5);
            })];
            double supply = claims.Sum(claim => claim.Floor) + random.NextInt32(20);
            DataShareToken[] tokens = DataShareTokens.Divide(claims, supply, Equal, true, ShareProjection.Proportional);
            Assert.Equal(supply, tokens.Sum(token => token.Tokens));
            Assert.All(tokens, token => Assert.True(token.Tokens == Math.Floor(token.Tokens) && token.Tokens >= token.Floor && token.Tokens <= token.Cap));
        }

        // Equal fractions go to the earlier.
        Assert.Equal([4.0, 3, 3], DataShareTokens.Divide([Claim(1), Claim(1), Claim(1)], 10, Equal, true, ShareProjection.Proportional).Select(token => token.Tokens));
    }

    [Fact]
    public void WhatCannotBeDividedIsNamedWithItsNumbers()
    {
        string Message(string id, double supply, double[] weights, bool whole, params DataShareClaim[] claims)
        {
            QosValuationException fault = Assert.Throws<QosValuationException>(() => DataShareTokens.Divide(claims, supply, weights, whole, ShareProjection.Proportional));
            Assert.Equal(id, fault.ErrorId);
            return fault.Message;
        }

        Assert.Contains("sum to 12, and the supply is 10: it is 2 short", Message("ShareBoundsInfeasible", 10, Equal, false, Claim(1, floor: 5), Claim(1, floor: 7)), StringComparison.Ordinal);
        Assert.Contains("sum to 7, and the supply is 10: 3 would be left", Message("ShareBoundsInfeasible", 10, Equal, false, Claim(1, cap: 3), Claim(1, cap: 4)), StringComparison.Ordinal);
        Assert.Contains("Row 2 has a floor of 5 above its cap of 4", Message("ShareBoundsInfeasible", 10, Equal, false, Claim(1), Claim(1, floor: 5, cap: 4)), StringComparison.Ordinal);
        Assert.Contains("10.5", Message("ShareOptionNotValid", 10.5, Equal, true, Claim(1)), StringComparison.Ordinal);
        Assert.Contains("1, -1, 1", Message("ShareOptionNotValid", 10, [1, -1, 1], false, Claim(1)), StringComparison.Ordinal);
        Message("ShareOptionNotValid", 10, [0, 0, 0], false, Claim(1));
        Message("ShareOptionNotValid", double.NaN, Equal, false, Claim(1));
        Assert.Empty(DataShareTokens.Divide([], 10, Equal, false, ShareProjection.Proportional));
    }
}
