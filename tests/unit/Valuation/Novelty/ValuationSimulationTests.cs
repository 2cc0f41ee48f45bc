using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Model;
using QosValuation.Valuation.Novelty;
using static QosValuation.Tests.ClusteringSamples;

namespace QosValuation.Tests;

public sealed class ValuationSimulationTests
{
    private const double Similarity = 0.8;

    [Fact]
    public void EveryRowIsWhatGroupingAndValuationSayOfTheSameOrders()
    {
        float[][] vectors = Mixture(21, 150, 24, 6, 0.6);
        int[] quantities = [150, 1, 40, 90];
        int[] gammas = [1, 2, 7, 15, 500];
        const int Repetitions = 4;
        IReadOnlyList<ValuationSimulationResult> rows = ValuationSimulation.Run(
            Matrix(vectors, 24),
            new ValuationSimulationOptions
            {
                NoveltyThresholds = gammas,
                Quantities = quantities,
                Repetitions = Repetitions,
                SimilarityThreshold = Similarity,
                Seed = 5,
            });
        Assert.Equal(gammas.SelectMany(g => quantities.Select(q => (g, q))), rows.Select(row => (row.NoveltyThreshold, row.Quantity)));
        foreach (ValuationSimulationResult row in rows)
        {
            List<double> values = [], novel = [], confirmed = [], delays = [], firsts = [], clusters = [], coverages = [];
            double normal = 0, noise = 0;
            for (int repetition = 0; repetition < Repetitions; repetition++)
            {
                int[] order = [.. Enumerable.Range(0, vectors.Length)];
                RandomSource.Create(5, ValuationSimulation.StreamOf(repetition)).Shuffle(order.AsSpan());
                (List<ClipEmbedding> labelled, EmbeddingClusterer clusterer, _) = Group(
                    Images(order.Take(row.Quantity).Select(i => vectors[i])),
                    new ClusteringOptions { SimilarityThreshold = Similarity, NoveltyThreshold = row.NoveltyThreshold });
                DataValue value = DataValuation.Evaluate(
                    "all",
                    labelled.Count(e => e.Novelty == Novelty.Novel),
                    labelled.Count(e => e.Novelty == Novelty.Normal),
                    labelled.Count(e => e.Novelty == Novelty.Noise));
                Assert.Equal(row.Quantity, value.Quantity);
                values.Add(value.Value);
                novel.Add(value.Novel);
                normal += value.Normal / (double)Repetitions;
                noise += value.Noise / (double)Repetitions;
                clusters.Add(clusterer.Clusters.Count);
                SemanticCluster[] sure = [.. clusterer.Clusters.Where(c => c.IsConfirmed)];
                confirmed.Add(sure.Length);
                coverages.Add(sure.Sum(c => c.Count) / (double)row.Quantity);

                // The Γ-th record confirms its cluster; for Γ = 1 that is the founder.
                int rank = row.NoveltyThreshold - 1;
                if (sure.Length > 0)
                {
                    delays.Add(sure.Average(c => c.Members[rank].Ordinal - c.Members[0].Ordinal));
                    firsts.Add(sure.Min(c => c.Members[rank].Ordinal) + 1);
                }
            }

            AssertMean(values, row.Value, row.ValueStandardError);
            AssertMean(novel, row.Novel, row.NovelStandardError);
            AssertMean(clusters, row.Clusters, row.ClustersStandardError);
            AssertMean(confirmed, row.Confirmed, row.ConfirmedStandardError);
            AssertMean(coverages, row.Coverage, row.CoverageStandardError);
            AssertMean(delays, row.ConfirmationDelay, row.ConfirmationDelayStandardError);
            AssertMean(firsts, row.FirstConfirmation, row.FirstConfirmationStandardError);
            Assert.Equal(normal, row.Normal, 1e-9);
            Assert.Equal(noise, row.Noise, 1e-9);
            Assert.Equal(delays.Count, row.ConfirmedRepetitions);
            Assert.Equal((Repetitions, Similarity), (row.Repetitions, row.SimilarityThreshold));
        }

        // Every kind of row was among them.
        Assert.Contains(rows, row => row.ConfirmedRepetitions == 0);
        Assert.Contains(rows, row => row.ConfirmedRepetitions is > 0 and < Repetitions);
        Assert.Contains(rows, row => row.Confirmed > 3);
    }

    [Fact]
    public void TheSeedDecidesAndThreadsDoNot()
    {
        VectorMatrix records = Matrix(Mixture(22, 300, 16, 8, 0.5), 16);
        var options = new ValuationSimulationOptions
        {
            NoveltyThresholds = [3, 9],
            Repetitions = 12,
            SimilarityThreshold = Similarity,
            Seed = 1,
            MaximumThreads = 1,
        };
        IReadOnlyList<ValuationSimulationResult> rows = ValuationSimulation.Run(records, options);
        Assert.Equal(rows, ValuationSimulation.Run(records, options with { MaximumThreads = 3 }));
        Assert.NotEqual(rows, ValuationSimulation.Run(records, options with { Seed = 2 }));

        // A row does not depend on which others there are.
        Assert.Equal(rows.Where(row => row.NoveltyThreshold == 9), ValuationSimulation.Run(records, options with { NoveltyThresholds = [9] }));
        Assert.Equal(Enumerable.Range(1, 20).Select(i => 15 * i), rows.Take(20).Select(row => row.Quantity));
        Assert.Equal(rows[5], Assert.Single(ValuationSimulation.Run(records, options with { NoveltyThresholds = [3], Quantities = [90] })));
    }

    [Fact]
    public void OneRecordIsNoise()
    {
        ValuationSimulationResult row = Assert.Single(
            ValuationSimulation.Run(Matrix([Plane(0)], 2), new ValuationSimulationOptions { NoveltyThresholds = [1], Repetitions = 1 }));
        Assert.Equal((1, 0d, 1d, 0d, null), (row.Quantity, row.Value, row.Noise, row.Confirmed, row.FirstConfirmation));
        Assert.True(double.IsNaN(row.ValueStandardError));
    }

    [Fact]
    public void OptionsAreChecked()
    {
        VectorMatrix records = Matrix([Plane(0), Plane(1)], 2);
        string IdOf(ValuationSimulationOptions options) => Assert.Throws<QosValuationException>(() => ValuationSimulation.Run(records, options)).ErrorId;
        Assert.Equal("SimulationNotValid", IdOf(new() { NoveltyThresholds = [] }));
        Assert.Equal("SimulationNotValid", IdOf(new() { NoveltyThresholds = [5, 0] }));
        Assert.Equal("SimulationNotValid", IdOf(new() { Quantities = [] }));
        Assert.Equal("SimulationNotValid", IdOf(new() { Quantities = [0] }));
        Assert.Equal("SimulationNotValid", IdOf(new() { Repetitions = 0 }));
        Assert.Equal("QuantityExceedsRecords", IdOf(new() { Quantities = [3] }));
        Assert.Equal("SimilarityThresholdOutOfRange", IdOf(new() { SimilarityThreshold = double.NaN }));
        Assert.Throws<OperationCanceledException>(() => ValuationSimulation.Run(records, new(), cancellationToken: new CancellationToken(canceled: true)));
    }

    [SharedDataFact]
    public void RealPhotographsShowWhatThePaperSays()
    {
        VectorMatrix records = Matrix(ReadHalfMatrix(Path.Combine(TestData.SharedData!, "flickr8k-clip", "image_embeddings.npy")), 512);
        ValuationSimulationResult[] rows =
            [.. ValuationSimulation.Run(
                records,
                new ValuationSimulationOptions { NoveltyThresholds = [5, 10, 25, 50], Quantities = [250, 999], Repetitions = 8, Seed = 1 })];
        ValuationSimulationResult[] last = [.. rows.Where(row => row.Quantity == 999)];
        foreach ((ValuationSimulationResult smaller, ValuationSimulationResult larger) in last.Zip(last.Skip(1)))
        {
            Assert.True(larger.Novel > smaller.Novel);
            Assert.True(larger.Value > smaller.Value);
            Assert.True(larger.FirstConfirmation > smaller.FirstConfirmation);
            Assert.True(larger.Confirmed < smaller.Confirmed);
        }
    }

    private static void AssertMean(List<double> samples, double? mean, double? error)
    {
        if (samples.Count == 0)
        {
            Assert.Null(mean);
            Assert.Null(error);
            return;
        }

        double average = samples.Average();
        Assert.Equal(average, mean!.Value, 1e-9);
        if (samples.Count == 1)
        {
            Assert.True(double.IsNaN(error!.Value));
        }
        else
        {
            Assert.Equal(Math.Sqrt(samples.Sum(x => (x - average) * (x - average)) / (samples.Count - 1) / samples.Count), error!.Value, 1e-9);
        }
    }
}
