using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Tests;

public sealed class NoiseMechanismsTests
{
    private static readonly NoiseParameters Parameters = new(0.9, 1e-5, 0.2, 0.05);

    public static TheoryData<PrivacyMechanism> Names => [.. Enum.GetValues<PrivacyMechanism>()];

    [Fact]
    public void EveryNameHasOneMechanism()
    {
        Assert.Equal(Enum.GetValues<PrivacyMechanism>(), NoiseMechanisms.All.Select(mechanism => mechanism.Name).Order());
        Assert.Equal("MechanismNotSupported", Assert.Throws<QosValuationException>(() => NoiseMechanisms.Of((PrivacyMechanism)99)).ErrorId);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TraitsEventsAndNoiseAgree(PrivacyMechanism name)
    {
        INoiseMechanism mechanism = NoiseMechanisms.Of(name);
        var query = new MeanQuery(new Vectors([0.6, 0.8], [0, 1]), Neighboring.ReplaceOne, PrivacyUnit.Record, IsCountPublic: true, IsImage: true);
        ICalibratedNoise noise = mechanism.Calibrate(Parameters, query);
        NoisyMean released = noise.Draw(RandomSource.Create(1));
        Assert.Equal(2, released.Count);
        Assert.Equal(mechanism.HasSensitivity, double.IsFinite(mechanism.Multiplier(Parameters)));
        Assert.Equal(mechanism.HasSensitivity, double.IsFinite(released.Sensitivity));
        Assert.Equal(mechanism.IsOnGrid, released.GridStep > 0);
        Assert.Equal(mechanism.IsFormal, mechanism.ExactDelta(Parameters) <= Parameters.Delta);

        // What is told of a release gives the event that its noise had.
        PrivacyEvent told = mechanism.EventOf(released.Sensitivity, released.Sigma, released.GridStep, Neighboring.ReplaceOne, PrivacyUnit.Record);
        if (!mechanism.IsFormal)
        {
            Assert.IsType<NonFormalEvent>(noise.Event);
            Assert.IsType<NonFormalEvent>(told);
            Assert.Equal("MechanismNotSupported", Assert.Throws<QosValuationException>(() => mechanism.Sigma(1, 1e-5, 1)).ErrorId);
            return;
        }

        double square = Assert.IsType<GaussianEvent>(noise.Event).SquaredMu;
        Assert.InRange(Assert.IsType<GaussianEvent>(told).SquaredMu / square, 1 - 1e-12, 1 + 1e-12);
        Assert.True(GaussianCalibration.EpsilonOfSquaredMu(square, Parameters.Delta) <= Parameters.Epsilon * (1 + 1e-12));
        Assert.Equal(mechanism.Sigma(0.9, 1e-5, 1) / 2, mechanism.Multiplier(mechanism.ScaleNoise(Parameters, 0.5)), 1e-12);
    }

    [Fact]
    public void WithoutNoiseTheMeanItselfComesOutAndNothingIsDrawn()
    {
        var query = new MeanQuery(new Vectors([0.6, 0.8], [0, 1]), Neighboring.ReplaceOne, PrivacyUnit.Record, IsCountPublic: true, IsImage: true);
        NoisyMean released = NoiseMechanisms.Of(PrivacyMechanism.None).Calibrate(Parameters, query).Draw(new Undrawable());
        Assert.Equal([0.3f, 0.9f], released.Vector);
        Assert.Equal(0, released.Sigma);
        Assert.True(double.IsNaN(released.Sensitivity));
    }

    private sealed class Undrawable : RandomSource
    {
        public override bool IsCryptographic => true;

        public override ulong NextUInt64() => throw new InvalidOperationException("Nothing should be drawn.");
    }

    private sealed class Vectors(params double[][] vectors) : IRecordSum
    {
        public int Count => vectors.Length;

        public int Dimension => vectors[0].Length;

        public double[] Sum(bool clip) => [.. Enumerable.Range(0, Dimension).Select(i => vectors.Sum(vector => vector[i]))];

        public long[] GridSum(long unit) => [.. Enumerable.Range(0, Dimension).Select(i => vectors.Sum(vector => (long)(vector[i] * unit)))];
    }
}
