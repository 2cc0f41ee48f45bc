using System.Collections;

namespace QosValuation.Tests;

/// <summary>The claim of Fig. 7.</summary>
public sealed class ReconstructionClaimTests
{
    [Theory]
    [InlineData(0.6, 0.5, 0.5, true)]
    [InlineData(0.6, 0.5, 0.6, false)] // As high is not lower.
    [InlineData(0.6, 0.7, 0.5, false)]
    [InlineData(0.6, 0.5, double.NaN, false)] // What was not measured shows nothing.
    public void BothReleasesMustScoreLower(double baseline, double image, double text, bool expected) =>
        Assert.Equal(expected, ReconstructionClaim.Of(new Hashtable { ["Image-DP"] = baseline, ["Image-Ours"] = image, ["Text-Ours"] = text, ["None"] = 0.1 }).IsShown);

    [Fact]
    public void WithoutTextsTheImagesAloneTell() =>
        Assert.True(ReconstructionClaim.Of(new Hashtable { ["Image-DP"] = 0.6, ["Image-Ours"] = 0.5 }).IsShown);
}
