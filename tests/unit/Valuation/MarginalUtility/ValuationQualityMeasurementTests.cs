using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Clients;
using QosValuation.Valuation.MarginalUtility;

namespace QosValuation.Tests;

public sealed class ValuationQualityMeasurementTests
{
    [Fact]
    public void GoodValuesFindWrongLabelsAndBeatRandomRemoval()
    {
        IReadOnlyList<ValuationQuality> rows = Run(new ValuationQualityOptions
        {
            NoiseRate = 0.2,
            Methods = [MarginalUtilityMethod.KnnShapley, MarginalUtilityMethod.Influence],
            Measurement = new MarginalUtilityOptions { Seed = 1, Neighbors = 5, Regularization = 0.01 },
        });
        Assert.Equal(["KnnShapley", "Influence", "Random"], rows.Select(row => row.Method).Distinct());
        double Score(string method, ValuationExperiment experiment, double fraction) =>
            rows.Single(row => row.Method == method && row.Experiment == experiment && row.Fraction == fraction).Score;
        foreach (string method in (string[])["KnnShapley", "Influence"])
        {
            Assert.True(Score(method, ValuationExperiment.NoisyLabelDetection, 0.2) > 0.6);
            Assert.True(Area(method, ValuationExperiment.RemoveLowFirst) > Area("Random", ValuationExperiment.RemoveLowFirst));
            Assert.True(Area(method, ValuationExperiment.RemoveHighFirst) < Area("Random", ValuationExperiment.RemoveHighFirst));
            Assert.Equal(1, Score(method, ValuationExperiment.NoisyLabelDetection, 1));
            Assert.Equal(20, rows.Count(row => row.Method == method && row.Experiment == ValuationExperiment.RemoveLowFirst));
        }

        Assert.Equal(0.2, Score("Random", ValuationExperiment.NoisyLabelDetection, 0.2));
        Assert.All(rows, row => Assert.Equal((30, 150, 1), (row.Noisy, row.Items, row.Seed)));
        double Area(string method, ValuationExperiment experiment) =>
            rows.Where(row => row.Method == method && row.Experiment == experiment).Average(row => row.Score);
    }

    [Fact]
    public void ThreadsDoNotChangeABit()
    {
        ValuationQuality[] Rows(int threads) =>
        [
            .. Run(new ValuationQualityOptions { Rounds = 2, Measurement = new MarginalUtilityOptions { Seed = 3, MaximumThreads = threads } }),
        ];
        Assert.Equal(Rows(1), Rows(4));
    }

    [Fact]
    public void GivenValuesAndKnownNoiseAreTaken()
    {
        (float[][] train, int[] labels, float[][] test, int[] testLabels) = InfluenceMethodTests.Blobs(20, 10, 1);
        bool[] noisy = [.. Enumerable.Range(0, 20).Select(i => i < 4)];
        double[] perfect = [.. Enumerable.Range(0, 20).Select(i => i < 4 ? -1.0 + (0.01 * i) : 1.0 + (0.01 * i))];
        IReadOnlyList<ValuationQuality> rows = ValuationQualityMeasurement.Run(
            new LabelledPoints(train, labels),
            new LabelledPoints(test, testLabels),
            3,
            new ValuationQualityOptions { NoiseRate = 0, Methods = [], Measurement = new MarginalUtilityOptions { Seed = 1 } },
            [("Given", perfect)],
            noisy);
        ValuationQuality fifth = rows.Single(row => row is { Method: "Given", Experiment: ValuationExperiment.NoisyLabelDetection, Fraction: 0.2 });
        Assert.Equal((1, 1, 1), (fifth.Score, fifth.F1, fifth.TwoMeansF1));
        ValuationQuality tenth = rows.Single(row => row is { Method: "Given", Experiment: ValuationExperiment.NoisyLabelDetection, Fraction: 0.1 });
        Assert.Equal((0.5, 2 * 2.0 / (2 + 4)), (tenth.Score, tenth.F1));
    }

    [Fact]
    public void NoiseExchangesExactlyThePartForOtherClasses()
    {
        int[] labels = [.. Enumerable.Range(0, 200).Select(i => i % 4)];
        (int[] flipped, bool[] noisy) = LabelNoise.Flip(labels, 4, 0.15, RandomSource.Create(2));
        Assert.Equal(30, noisy.Count(x => x));
        Assert.All(Enumerable.Range(0, 200), i => Assert.Equal(noisy[i], flipped[i] != labels[i]));
        Assert.All(flipped, label => Assert.InRange(label, 0, 3));
        Assert.DoesNotContain(true, LabelNoise.Flip(labels, 1, 0.5, RandomSource.Create(2)).IsNoisy);
    }

    [Fact]
    public void OptionsAreChecked()
    {
        foreach (ValuationQualityOptions options in (ValuationQualityOptions[])[new() { NoiseRate = 1 }, new() { Step = 0 }, new() { Rounds = 1 }])
        {
            Assert.Equal("ValuationOptionOutOfRange", Assert.Throws<QosValuationException>(() => Run(options)).ErrorId);
        }
    }

    private static IReadOnlyList<ValuationQuality> Run(ValuationQualityOptions options)
    {
        (float[][] train, int[] labels, float[][] test, int[] testLabels) = InfluenceMethodTests.Blobs(150, 90, 7, distance: 3);
        return ValuationQualityMeasurement.Run(new LabelledPoints(train, labels), new LabelledPoints(test, testLabels), 3, options);
    }
}
