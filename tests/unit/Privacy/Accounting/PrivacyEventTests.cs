using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Tests;

public sealed class PrivacyEventTests
{
    private static readonly GaussianEvent Step = new(1) { Neighboring = Neighboring.AddRemove, Unit = PrivacyUnit.Contributor };

    public static TheoryData<PrivacyEvent> Events =>
    [
        new GaussianEvent(0.25) { Neighboring = Neighboring.AddRemove, OtherSquaredMu = 0.8 },
        new ConcentratedEvent(0.1) { Unit = PrivacyUnit.Contributor },
        new NonFormalEvent(),
        new ComposedEvent([Step, new RepeatedEvent(new PoissonSampledEvent(0.01, Step), 1000)]),
    ];

    [Theory]
    [MemberData(nameof(Events))]
    public void AnEventSurvivesItsText(PrivacyEvent @event)
    {
        PrivacyEvent read = PrivacyEvent.Parse(@event.ToText());
        Assert.Equal(@event, read);
        Assert.Equal((@event.Neighboring, @event.Unit), (read.Neighboring, read.Unit));
        Assert.DoesNotContain('\n', @event.ToText());
    }

    [Fact]
    public void WhatIsNoEventIsRefused()
    {
        foreach (Func<object> make in (Func<object>[])[
            () => new GaussianEvent(-1), () => new GaussianEvent(double.NaN), () => new GaussianEvent(double.PositiveInfinity), () => new ConcentratedEvent(-1),
            () => new RepeatedEvent(Step, -1), () => new PoissonSampledEvent(1.1, Step), () => new PoissonSampledEvent(double.NaN, Step), () => new ComposedEvent([]),
            () => PrivacyEvent.Parse("{}"), () => PrivacyEvent.Parse("nonsense"), () => PrivacyEvent.Parse("null")])
        {
            Assert.Equal("PrivacyEventNotValid", Assert.Throws<QosValuationException>(make).ErrorId);
        }
    }

    [Fact]
    public void RelationsAreConvertedWhereThatIsSound()
    {
        // A replacement is a removal and an addition: twice μ, four times μ² and ρ. The other way round nothing follows.
        Assert.Equal(4, PrivacyCost.Of(Step, Neighboring.ReplaceOne)!.SquaredMu);
        Assert.Equal(3.2, PrivacyCost.Of(Step with { OtherSquaredMu = 3.2 }, Neighboring.ReplaceOne)!.SquaredMu);
        Assert.Null(PrivacyCost.Of(new GaussianEvent(1), Neighboring.AddRemove));
        Assert.Equal(0.4, PrivacyCost.Of(new ConcentratedEvent(0.1) { Neighboring = Neighboring.AddRemove }, Neighboring.ReplaceOne)!.Rho, 1e-15);
        Assert.Null(PrivacyCost.Of(new ConcentratedEvent(0.1), Neighboring.AddRemove));
        Assert.Null(PrivacyCost.Of(new PoissonSampledEvent(0.1, Step), Neighboring.ReplaceOne));
        Assert.Null(PrivacyCost.Of(new PoissonSampledEvent(0.1, new GaussianEvent(1)), Neighboring.AddRemove));
        Assert.Null(PrivacyCost.Of(new ComposedEvent([Step, new GaussianEvent(1)]), Neighboring.AddRemove));
        Assert.False(PrivacyCost.Of(new ComposedEvent([Step, new NonFormalEvent()]), Neighboring.AddRemove)!.IsFinite);
    }

    [Fact]
    public void ASampleOfWhatIsNotGaussianIsRefusedRatherThanAccountedForWrongly()
    {
        foreach (PrivacyEvent inner in (PrivacyEvent[])[new ConcentratedEvent(0.1) { Neighboring = Neighboring.AddRemove }, new PoissonSampledEvent(0.5, Step)])
        {
            Assert.Equal("PrivacyEventNotAccountable", Assert.Throws<QosValuationException>(() => PrivacyCost.Of(new PoissonSampledEvent(0.1, inner), Neighboring.AddRemove)).ErrorId);
            Assert.Equal("PrivacyEventNotAccountable", Assert.Throws<QosValuationException>(() => new PrivacyLossAccumulator().Add(new PoissonSampledEvent(0.1, inner))).ErrorId);
        }
    }

    // The least over whole orders of T·ε(α) + αμ²/2 + ln(1 − 1/α) − (ln δ + ln α)/(α − 1), with 30 digits (mpmath).
    [Theory]
    [InlineData(0.01, 1, 1000, 1e-5, 0, 2.10775307545157)]
    [InlineData(0.004, 0.5917159763313609, 10000, 1e-6, 0, 1.73744715874658)]
    [InlineData(0.01, 1, 1000, 1e-5, 0.1, 2.50399832792159)]
    public void ATrainingOnPoissonSamplesHasTheEpsilonOfItsRenyiDivergences(double rate, double squaredMu, int steps, double delta, double beside, double expected)
    {
        var step = new PoissonSampledEvent(rate, new GaussianEvent(squaredMu) { Neighboring = Neighboring.AddRemove });
        foreach (PrivacyAccountant accountant in new[] { PrivacyAccountant.Rdp, PrivacyAccountant.Zcdp })
        {
            var accumulator = new PrivacyLossAccumulator(accountant, parallel: true);
            accumulator.Add(new RepeatedEvent(step, steps - 1));
            accumulator.Add(new ComposedEvent([step, new GaussianEvent(beside) { Neighboring = Neighboring.AddRemove }]), clusterId: 3);
            PrivacyLoss loss = accumulator.Measure(delta);
            Assert.InRange(loss.Epsilon / expected, 1 - 1e-12, 1 + 1e-9);
            Assert.Equal((PrivacyAccountant.Rdp, 2, true), (loss.Accountant, loss.Releases, loss.IsFormal));
            Assert.True(double.IsNaN(loss.Mu));
            Assert.Contains("Rdp", accountant == PrivacyAccountant.Rdp ? "Rdp" : loss.Explanation, StringComparison.Ordinal);
        }
    }

    // Between a bound rounded down and one rounded up: quadrature over 8 million points, losses on a grid of 2e-6, one Fourier transform (NumPy).
    [Theory]
    [InlineData(0.01, 1, 1000, 1e-5, 1.8272367010, 1.8292367012)]
    [InlineData(0.004, 0.8, 500, 1e-5, 1.0311077625, 1.0321077623)]
    [InlineData(0.05, 2, 2000, 1e-6, 6.1044936857, 6.1084925316)]
    [InlineData(0.5, 4, 100, 1e-5, 5.8684701713, 5.8689701713)]
    [InlineData(0.1, 0.7, 10, 1e-5, 6.0205687264, 6.0206187035)]
    public void TheDistributionOfTheLossAgreesWithAnOutsideProgram(double rate, double sigma, int steps, double delta, double low, double high)
    {
        var step = new PoissonSampledEvent(rate, new GaussianEvent(1 / (sigma * sigma)) { Neighboring = Neighboring.AddRemove });
        foreach (PrivacyAccountant accountant in new[] { PrivacyAccountant.Gdp, PrivacyAccountant.Pld })
        {
            var accumulator = new PrivacyLossAccumulator(accountant, parallel: true);
            accumulator.Add(new RepeatedEvent(step, steps - 1));
            accumulator.Add(step, clusterId: 3);
            PrivacyLoss loss = accumulator.Measure(delta);
            Assert.InRange(loss.Epsilon, low, high * 1.0005);
            Assert.Equal((PrivacyAccountant.Pld, 2, true), (loss.Accountant, loss.Releases, loss.IsFormal));
            Assert.True(double.IsNaN(loss.Mu));
            Assert.Contains("Pld", accountant == PrivacyAccountant.Pld ? "Pld" : loss.Explanation, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void WithoutSamplesTheDistributionIsThatOfGaussianNoise()
    {
        var accumulator = new PrivacyLossAccumulator(PrivacyAccountant.Pld);
        accumulator.Add(new RepeatedEvent(Step, 3));
        PrivacyLoss loss = accumulator.Measure(1e-5);
        Assert.Equal(PrivacyAccountant.Pld, loss.Accountant);
        Assert.Equal(GaussianCalibration.EpsilonOfSquaredMu(3 * Step.SquaredMu, 1e-5), loss.Epsilon, 1e-12);

        // What is known to be zero-concentrated only has no distribution; samples beside it have divergences.
        accumulator.Add(new ConcentratedEvent(0.01) { Neighboring = Neighboring.AddRemove });
        Assert.Equal(PrivacyAccountant.Zcdp, accumulator.Measure(1e-5).Accountant);
        accumulator.Add(new PoissonSampledEvent(0.01, Step));
        Assert.Equal(PrivacyAccountant.Rdp, accumulator.Measure(1e-5).Accountant);
    }

    [Fact]
    public void ASampleIsNeverAccountedForBesideAReplacement()
    {
        var accumulator = new PrivacyLossAccumulator();
        accumulator.Add(new PoissonSampledEvent(0.01, Step));
        accumulator.Add(new GaussianEvent(1));
        Assert.Equal("PrivacyEventNotAccountable", Assert.Throws<QosValuationException>(() => accumulator.Measure(1e-5)).ErrorId);
    }

    [Fact]
    public void RepeatedGaussianReleasesAreOneGaussianRelease()
    {
        var accumulator = new PrivacyLossAccumulator();
        accumulator.Add(new RepeatedEvent(new ComposedEvent([new GaussianEvent(0.01), new GaussianEvent(0.03)]), 25));
        Assert.Equal(GaussianCalibration.EpsilonOfMu(1, 1e-5), accumulator.Measure(1e-5).Epsilon, 1e-9);
        accumulator.Add(new RepeatedEvent(new NonFormalEvent(), 0));
        Assert.True(accumulator.Measure(1e-5).IsFormal);
    }

    [Fact]
    public void ASeededReleaseIsNoGuarantee()
    {
        var accumulator = new PrivacyLossAccumulator();
        accumulator.Add(1, 4);
        double epsilon = accumulator.Measure(1e-5).Epsilon;
        accumulator.Add(new GaussianEvent(0), isSeeded: true);
        PrivacyLoss loss = accumulator.Measure(1e-5);
        Assert.Equal(epsilon, loss.Epsilon);
        Assert.True(loss.IsSeeded);
        Assert.False(loss.IsFormal);
        Assert.Contains("1 of 2 releases drew their noise from a seed", loss.Explanation, StringComparison.Ordinal);
    }
}
