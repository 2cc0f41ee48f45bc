using QosValuation.Learning.Optimizers;

namespace QosValuation.Tests;

public sealed class AdamOptimizerTests
{
    [Fact]
    public void AdamMovesAsItsAlgorithmSays()
    {
        // Three steps of one coordinate by hand: the first is the rate itself, whatever the gradient.
        var adam = new AdamOptimizer(0.1);
        float[] raw = [0, 0];
        adam.Descend(raw, [-5, 0.001f]);
        Assert.Equal(0.1, raw[0], 1e-5);
        Assert.Equal(-0.1, raw[1], 1e-5);
        adam.Descend(raw, [1, 0.001f]);

        // m = −(0.9·0.5 − 0.1) = −0.35, over 0.19; v = 0.999·0.025 + 0.001 = 0.025975, over 0.001999.
        Assert.Equal(0.1 + (0.1 * (0.35 / 0.19) / Math.Sqrt(0.025975 / 0.001999)), raw[0], 1e-5);
        Assert.Equal(-0.2, raw[1], 1e-4);
    }
}
