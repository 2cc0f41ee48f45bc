using QosValuation.Markets.Shares;

namespace QosValuation.Tests;

public sealed class UtilitySharesTests
{
    [Fact]
    public void SharesAreQualityTimesUtility()
    {
        Assert.Equal([0.25, 0.75, 0], UtilityShares.Of([0.5, 0.5, 1], [1, 3, -4]));
        Assert.Equal([0.0, 0], UtilityShares.Of([0, 1], [1, 0]));

        // Lemma 6: (q, φ) = (0, 1) has something to give and no share.
        Assert.Equal([0.0, 1], UtilityShares.Of([0, 1], [1, 1]));
    }

    [Fact]
    public void RescalingInvitesSybils()
    {
        double[] utilities = [10, 1, 0];
        UtilityShares.Rescale(utilities);
        Assert.Equal(0.091, UtilityShares.Of([1, 1, 1], utilities)[1], 5e-4);
        utilities = [10, 1, 0, -90];
        UtilityShares.Rescale(utilities);
        double[] shares = UtilityShares.Of([1, 1, 1, 1], utilities);
        Assert.Equal(0.324, shares[1] + shares[3], 5e-4);
        double[] equal = [2, 2];
        UtilityShares.Rescale(equal);
        Assert.Equal([1.0, 1], equal);
    }

    [Theory]
    [InlineData(4, 0, 4)]
    [InlineData(4, 0.5, 4)]
    [InlineData(4, 2, -0.25)]
    [InlineData(0, 0.5, 0)]
    [InlineData(0, 1, double.NegativeInfinity)]
    [InlineData(0, 3, double.NegativeInfinity)]
    [InlineData(2.718281828459045, 1, 1)]
    public void RiskAversionIsConstantAndRelative(double payout, double aversion, double utility) =>
        Assert.Equal(utility, UtilityShares.RiskUtility(payout, aversion), 1e-12);

    [Fact]
    public void BadNumbersAreRefused()
    {
        Assert.Equal("ShareOptionNotValid", Assert.Throws<QosValuationException>(() => UtilityShares.RiskUtility(-1, 1)).ErrorId);
        Assert.Equal("ShareOptionNotValid", Assert.Throws<QosValuationException>(() => UtilityShares.RiskUtility(1, double.NaN)).ErrorId);
        Assert.Equal("ShareOptionNotValid", Assert.Throws<QosValuationException>(() => UtilityShares.Divide([], -1, [], false)).ErrorId);
    }

    [Fact]
    public void TheCostStaysOutside()
    {
        UtilityShare share = UtilityShares.Divide([new DataOffer { Contributor = "a", Cost = 3 }], Math.E, [1.0], false)[0];
        Assert.Equal((1.0, Math.E, 1.0, -2.0), (share.Share, share.Payout, share.Utility, share.NetUtility));
    }
}
