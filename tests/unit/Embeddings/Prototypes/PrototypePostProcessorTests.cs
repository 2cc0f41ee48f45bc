using QosValuation.Embeddings.Prototypes;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class PrototypePostProcessorTests
{
    [Fact]
    public void TheSphereIsReachedAndNothingElseChanges()
    {
        DpPrototype prototype = Prototype(3, Modality.Text, 0.5, 3, 4);
        DpPrototype processed = Assert.Single(PrototypePostProcessor.Apply([prototype], PrototypePostProcessing.Sphere));
        Assert.Equal([0.6f, 0.8f], processed.Vector);
        Assert.Equal([3f, 4f], prototype.Vector);
        Assert.Equal(prototype with { Vector = processed.Vector, PostProcessing = PrototypePostProcessing.Sphere }, processed);
        Assert.Equal([0f, 0f], PrototypePostProcessor.Apply([Prototype(0, Modality.Image, 1, 0, 0)], PrototypePostProcessing.Sphere)[0].Vector);
        Assert.Same(prototype, PrototypePostProcessor.Apply([prototype], PrototypePostProcessing.None)[0]);
        Assert.Empty(PrototypePostProcessor.Apply([], PrototypePostProcessing.Shrink));
    }

    [Fact]
    public void WithOneNoiseTheShrinkageHasAClosedForm()
    {
        RandomSource random = RandomSource.Create(1);
        DpPrototype[] prototypes = [.. Enumerable.Range(0, 6).Select(k => Prototype(k, Modality.Image, 0.5, [.. Enumerable.Range(0, 4).Select(_ => (float)random.NextNormal())]))];
        double[] mean = [.. Enumerable.Range(0, 4).Select(i => prototypes.Average(p => (double)p.Vector[i]))];
        double squares = prototypes.Sum(p => Enumerable.Range(0, 4).Sum(i => Math.Pow(p.Vector[i] - mean[i], 2)));
        double prior = squares / (4 * 5) - 0.25;
        Assert.True(prior > 0);
        IReadOnlyList<DpPrototype> shrunk = PrototypePostProcessor.Apply(prototypes, PrototypePostProcessing.Shrink);
        for (int k = 0; k < 6; k++)
        {
            for (int i = 0; i < 4; i++)
            {
                Assert.Equal(mean[i] + prior / (prior + 0.25) * (prototypes[k].Vector[i] - mean[i]), shrunk[k].Vector[i], 5);
            }
        }
    }

    [Fact]
    public void NoisierPrototypesMoveFurtherAndExactOnesStay()
    {
        RandomSource random = RandomSource.Create(2);
        DpPrototype[] prototypes = [.. Enumerable.Range(0, 12).Select(k =>
        {
            double sigma = k < 4 ? 0 : k < 8 ? 0.3 : 1;
            return Prototype(k, Modality.Image, sigma, [.. Enumerable.Range(0, 20).Select(_ => (float)(random.NextNormal() * Math.Sqrt(0.25 + sigma * sigma)))]);
        })];
        IReadOnlyList<DpPrototype> shrunk = PrototypePostProcessor.Apply(prototypes, PrototypePostProcessing.Shrink);
        for (int k = 0; k < 4; k++)
        {
            Assert.Equal(prototypes[k].Vector, shrunk[k].Vector);
        }

        Assert.True(Enumerable.Range(4, 4).Average(Moved) < 0.5 * Enumerable.Range(8, 4).Average(Moved));

        // Two prototypes say too little about a prior.
        Assert.Equal(prototypes[9].Vector, PrototypePostProcessor.Apply(prototypes[8..10], PrototypePostProcessing.Shrink)[1].Vector);

        double Moved(int k) => Math.Sqrt(Enumerable.Range(0, 20).Sum(i => Math.Pow(shrunk[k].Vector[i] - prototypes[k].Vector[i], 2)));
    }

    [Fact]
    public void NoiseAloneShrinksToTheAverage()
    {
        // Vectors closer together than their noise allows: the estimate of the prior is 0.
        DpPrototype[] prototypes = [.. Enumerable.Range(0, 3).Select(k => Prototype(k, Modality.Image, 5, k, 1))];
        Assert.All(PrototypePostProcessor.Apply(prototypes, PrototypePostProcessing.Shrink), p => Assert.Equal([1f, 1f], p.Vector));
    }

    [Fact]
    public void ShrinkageBringsPrototypesNearerToTheTruth()
    {
        RandomSource random = RandomSource.Create(3);
        double before = 0;
        double after = 0;
        for (int trial = 0; trial < 50; trial++)
        {
            float[][] truth = [.. Enumerable.Range(0, 20).Select(_ => Samples.UnitVector(random, 16))];
            double[] sigmas = [.. truth.Select((_, k) => 0.1 + 0.05 * k)];
            DpPrototype[] prototypes = [.. truth.Select((m, k) => Prototype(k, Modality.Image, sigmas[k], Array.ConvertAll(m, x => (float)(x + sigmas[k] * random.NextNormal()))))];
            before += Error(prototypes, truth);
            after += Error(PrototypePostProcessor.Apply(prototypes, PrototypePostProcessing.Shrink), truth);
        }

        // Truth has τ² = 1/16 a coordinate; the best linear estimate that knows τ² and the
        // centre errs by Σ d·τ²σ²/(τ² + σ²). Estimating both from 20 prototypes costs about a fifth more.
        double best = 50 * Enumerable.Range(0, 20).Sum(k => 16 * (1.0 / 16) * Math.Pow(0.1 + 0.05 * k, 2) / (1.0 / 16 + Math.Pow(0.1 + 0.05 * k, 2)));
        Assert.InRange(after / best, 1, 1.3);
        Assert.True(after < 0.4 * before);

        static double Error(IReadOnlyList<DpPrototype> prototypes, float[][] truth) =>
            prototypes.Select((p, k) => p.Vector.Zip(truth[k], (a, b) => (a - b) * (double)(a - b)).Sum()).Sum();
    }

    [Fact]
    public void ImageAndTextAreAveragedByCluster()
    {
        DpPrototype[] prototypes =
        [
            Prototype(1, Modality.Image, 1, 3, 0),
            Prototype(1, Modality.Text, 1, 0, 4),
            Prototype(2, Modality.Image, 1, 2, 0),
            Prototype(2, Modality.Image, 0.5, 7, 0),
            Prototype(2, Modality.Text, 0, 0, 8),
            Prototype(2, Modality.Text, 1, 99, 99),
        ];
        IReadOnlyList<DpPrototype> averaged = PrototypePostProcessor.Apply(prototypes, PrototypePostProcessing.Average);
        Assert.Equal(prototypes.Select(p => (p.ClusterId, p.Modality, p.Sigma)), averaged.Select(p => (p.ClusterId, p.Modality, p.Sigma)));
        Assert.Equal([0.6f, 0.8f], averaged[0].Vector);
        Assert.Equal(averaged[0].Vector, averaged[1].Vector);

        // Repeated releases count by 1/σ²: (2 + 4·7)/5 = 6; the text without noise outweighs the noisy one.
        Assert.Equal([0.6f, 0.8f], averaged[2].Vector);

        // Side by side they keep their lengths; what is missing is 0.
        Assert.Equal([3f, 0f, 0f, 4f], PrototypePostProcessor.Apply(prototypes, PrototypePostProcessing.Join)[1].Vector);
        Assert.Equal([6f, 0f, 0f, 8f], PrototypePostProcessor.Apply(prototypes, PrototypePostProcessing.Join)[2].Vector);
        Assert.Equal([0f, 0f, 0f, 4f], PrototypePostProcessor.Apply([prototypes[1]], PrototypePostProcessing.Join)[0].Vector);
        Assert.Empty(PrototypePostProcessor.Apply([], PrototypePostProcessing.Join));
        Assert.Equal("PrototypeDimensionMismatch", Assert.Throws<QosValuationException>(() =>
            PrototypePostProcessor.Apply([prototypes[0], Prototype(1, Modality.Text, 1, 1)], PrototypePostProcessing.Average)).ErrorId);
    }

    [Fact]
    public void WhatMakesNoSenseAfterwardsIsRefused()
    {
        // Shrink goes by the noise of what was released; combined prototypes have no modality of their own any more.
        DpPrototype[] prototypes = [.. Enumerable.Range(0, 4).Select(k => Prototype(k, Modality.Image, 0.1, 1, k))];
        PrototypePostProcessing[] methods = Enum.GetValues<PrototypePostProcessing>();
        foreach (PrototypePostProcessing first in methods)
        {
            IReadOnlyList<DpPrototype> processed = PrototypePostProcessor.Apply(prototypes, first);
            foreach (PrototypePostProcessing second in methods)
            {
                bool combined = first is PrototypePostProcessing.Average or PrototypePostProcessing.Join;
                if (second == PrototypePostProcessing.None || first == PrototypePostProcessing.None || (!combined && second != PrototypePostProcessing.Shrink))
                {
                    Assert.Equal(4, PrototypePostProcessor.Apply(processed, second).Count);
                }
                else
                {
                    Assert.Equal("PostProcessingNotApplicable", Assert.Throws<QosValuationException>(() => PrototypePostProcessor.Apply(processed, second)).ErrorId);
                }
            }
        }
    }

    private static DpPrototype Prototype(int clusterId, Modality modality, double sigma, params float[] vector) => new()
    {
        ClusterId = clusterId,
        Modality = modality,
        Vector = vector,
        Count = 10,
        Epsilon = 1,
        Delta = 1e-5,
        Sensitivity = 0.2,
        Sigma = sigma,
        Mechanism = PrivacyMechanism.AnalyticGaussian,
        IsFormal = true,
    };
}
