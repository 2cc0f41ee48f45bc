using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Budgets;
using QosValuation.Valuation.Quality;

namespace QosValuation.Tests;

public sealed class DataQualityEstimatorTests
{
    private const double Near = 1e-12;

    private static readonly string[] Sentences =
    [
        "A man rides a brown horse along the beach.", "Two children play with a red ball.", "The stock market fell after the announcement.",
        "Boil the pasta in salted water for ten minutes.",
    ];

    private static QualityDocument Document(string text, string contributor = "ann", DateTimeOffset? date = null, params (string, string?)[] fields) =>
        new() { Text = text, Contributor = contributor, Date = date, Fields = fields.ToDictionary(field => field.Item1, field => field.Item2) };

    private static IReadOnlyList<DataQuality> Measure(DataQualityOptions options, params QualityDocument[] documents)
    {
        var estimator = new DataQualityEstimator(options);
        foreach (QualityDocument document in documents)
        {
            estimator.Add(document);
        }

        return estimator.Complete();
    }

    [Fact]
    public void TheSpreadOfCountsIsThatOfTheFormulas()
    {
        // Four clusters of a quarter each: H = ln 4, 1 − Σp² = 3/4; divided by ln 50.
        ClusterDiversity even = ClusterDiversity.Of([1, 1, 1, 1], 50);
        Assert.Equal(Math.Log(4), even.Entropy, Near);
        Assert.Equal(Math.Log(4) / Math.Log(50), even.NormalizedEntropy, Near);
        Assert.Equal(0.75, even.GiniSimpson, Near);

        // p = 3/4, 1/4: H = 0.5623351446, 1 − 10/16 = 0.375; k = 2: H/ln 2 = 0.8112781245.
        ClusterDiversity uneven = ClusterDiversity.Of([3, 1, 0], 2);
        Assert.Equal(0.5623351446188083, uneven.Entropy, Near);
        Assert.Equal(0.8112781244591328, uneven.NormalizedEntropy, Near);
        Assert.Equal(0.375, uneven.GiniSimpson, Near);
        Assert.Equal(1, ClusterDiversity.Of([5, 5], 2).NormalizedEntropy, Near);
        Assert.Equal(default, ClusterDiversity.Of([], 50));
    }

    [Fact]
    public void CleanlinessMetadataAndRecencyByHand()
    {
        // 20 words with one unknown and, in the third document, a repetition: 2 errors of 20 + 8 + 8 = 36 words, k = 5: 1 − 10/36.
        string clean = "the cat sat on the mat with the dog and the horse stood by the door of teh house today";
        string repeated = "a man rides a brown horse on sand";
        DateTimeOffset asOf = new(2026, 1, 11, 0, 0, 0, TimeSpan.Zero);
        var options = new DataQualityOptions
        {
            Parameters = new DataQualityParameters
            {
                ErrorFactor = 5, RequiredField = ["Title", "Licence"], NoveltyDefinition = NoveltyDefinition.Recency, AsOf = asOf,
                MaxAge = TimeSpan.FromDays(10), Weight = [0.4, 0.1, 0.3, 0.2],
            },
        };
        DataQuality quality = Measure(
            options,
            Document(clean, "ann", asOf.AddDays(-5), ("title", "x"), ("Licence", " ")),
            Document(repeated, "ann", asOf.AddDays(-100), ("Title", "x"), ("Licence", "MIT")),
            Document(repeated, "ann", null)).Single();
        Assert.Equal((36, 2, 3), (quality.Tokens, quality.Errors, quality.Documents));
        Assert.Equal(1 - 10.0 / 36, quality.Cleanliness, Near);

        // Half as old as MaxAge: 0.5; older: 0; without a date: 0. Fields: 1 of 2, 2 of 2, 0 of 2.
        Assert.Equal(0.5 / 3, quality.Recency, Near);
        Assert.Equal(0.5, quality.Metadata, Near);
        Assert.True(double.IsNaN(quality.Duplication) && double.IsNaN(quality.Entropy));
        Assert.Equal(quality.Recency, quality.Novelty, Near);

        // Diversity was not measured: the other weights are rescaled.
        Assert.Equal((0.4 * (1 - 10.0 / 36) + 0.3 * 0.5 / 3 + 0.2 * 0.5) / 0.9, quality.Quality, Near);
    }

    [Fact]
    public void ADocumentWithoutTokensHasCleanlinessZero()
    {
        DataQuality quality = Measure(new DataQualityOptions(), Document("...")).Single();
        Assert.Equal(0, quality.Cleanliness);
        Assert.Equal(0, quality.Quality);
        Assert.Empty(Measure(new DataQualityOptions()));
    }

    [Fact]
    public void AScoreDependsOnTheOwnDocumentsAlone()
    {
        using SentenceEmbedder embedder = SentenceEmbedder.Open(TestData.MiniLm);
        var options = new DataQualityOptions { Embedder = embedder };
        QualityDocument[] own = [.. Sentences.Select(text => Document(text))];
        DataQuality alone = Measure(options, own).Single();
        DataQuality beside = Measure(options, [.. Sentences.Select(text => Document(text, "bob")), Document(Sentences[0], "bob"), .. own])[1];
        Assert.Equal(alone.Quality, beside.Quality, 1e-6);
        Assert.Equal(alone.Hash, beside.Hash);
        Assert.Equal(alone.ErrorCounts, beside.ErrorCounts);

        // Four different topics in four clusters.
        Assert.Equal(Math.Log(4), alone.Entropy, 1e-9);
        Assert.Equal(0.75, alone.GiniSimpson, 1e-9);
    }

    [Fact]
    public void NoveltyIsOneMinusTheMeanNearestCosine()
    {
        using SentenceEmbedder embedder = SentenceEmbedder.Open(TestData.MiniLm);
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("public.txt"), Sentences[0] + " " + Sentences[1] + "\n" + Sentences[0]);
        string index = folder.File("public.qvref");
        var builder = new ReferenceCorpusBuilder(embedder);
        using ReferenceCorpus corpus = builder.Build([folder.File("public.txt")], index, fault => throw fault, null, CancellationToken.None);
        Assert.Equal(2, corpus.Count);
        var options = new DataQualityOptions { Embedder = embedder, Reference = corpus };

        // The first document is in the corpus, so that its cosine is 1; the second's two sentences are as far as their vectors say.
        DataQuality quality = Measure(options, Document(Sentences[0]), Document(Sentences[2] + " " + Sentences[3])).Single();
        var vectors = embedder.Embed(Sentences, null, CancellationToken.None);
        double Nearest(int i) => Math.Max(Dot(i, 0), Dot(i, 1));
        double Dot(int i, int j)
        {
            double sum = 0;
            for (int k = 0; k < vectors.Dimension; k++)
            {
                sum += (double)vectors[i][k] * vectors[j][k];
            }

            return sum;
        }

        double expected = (1 + Nearest(2) + Nearest(3)) / 3;
        Assert.Equal(expected, quality.Duplication, 1e-5);
        Assert.Equal(1 - expected, quality.Novelty, 1e-5);
        Assert.Equal(1, quality.ReferenceRecall);

        // A second run opens the index; another corpus under its name makes it anew.
        DateTime written = File.GetLastWriteTimeUtc(index);
        using (ReferenceCorpus again = builder.Build([folder.File("public.txt")], index, fault => throw fault, null, CancellationToken.None))
        {
            Assert.Equal(written, File.GetLastWriteTimeUtc(index));
            Assert.Equal(corpus.Sha256, again.Sha256);
        }

        File.WriteAllText(folder.File("public.txt"), Sentences[3]);
        using ReferenceCorpus other = builder.Build([folder.File("public.txt")], index, fault => throw fault, null, CancellationToken.None);
        Assert.NotEqual(corpus.Sha256, other.Sha256);
        Assert.Equal(1, other.Count);
    }

    [Fact]
    public void VerificationSaysWhatDiffers()
    {
        var options = new DataQualityOptions();
        DataQuality score = Measure(options, Document("a brown horse"), Document("a red ball")).Single();
        Assert.True(DataQualityVerifier.Compare(score, Measure(options, Document("a brown horse"), Document("a red ball")).Single()).IsValid);
        DataQualityReport swapped = DataQualityVerifier.Compare(score, Measure(options, Document("a red ball"), Document("a brown horse")).Single());
        Assert.Contains("order", Assert.Single(swapped.Differences), StringComparison.Ordinal);
        DataQualityReport other = DataQualityVerifier.Compare(
            score, Measure(options with { Parameters = new DataQualityParameters { ErrorFactor = 10 } }, Document("a brown horse"), Document("a red ball")).Single());
        Assert.Equal("ErrorFactor was '50' and is '10'.", Assert.Single(other.Differences));
        DataQuality altered = score with { Parameters = score.Parameters with { ErrorFactor = 1 } };
        Assert.Contains("altered", DataQualityVerifier.Compare(altered, score).Differences[0], StringComparison.Ordinal);
        DataQuality better = score with { Quality = 0.5 };
        Assert.StartsWith("Quality was", Assert.Single(DataQualityVerifier.Compare(better, score).Differences), StringComparison.Ordinal);
        Assert.False(DataQualityVerifier.Compare(score, null).IsValid);
    }

    [Fact]
    public void SettingsOutOfRangeAreNamed()
    {
        DataQualityParameters[] wrong =
        [
            new() { ErrorFactor = -1 }, new() { ErrorFactor = double.NaN }, new() { ClusterCount = 1 }, new() { Weight = [1, 1, 1] },
            new() { Weight = [0, 0, 0, 0] }, new() { Weight = [1, -1, 0, 0] }, new() { DuplicateThreshold = 0 },
            new() { NoveltyDefinition = NoveltyDefinition.Recency },
        ];
        foreach (DataQualityParameters parameters in wrong)
        {
            var fault = Assert.Throws<QosValuationException>(() => new DataQualityEstimator(new DataQualityOptions { Parameters = parameters }));
            Assert.True(fault.Is(Faults.QualityOptionInvalid));
        }
    }

    [Fact]
    public void APrivateReleaseIsTheMeanOfDocumentsPlusNoiseOfOneOverN()
    {
        // 100 documents, 40 of them of one unknown word (cleanliness 0), 60 clean: the mean is 0.6 before noise.
        DataQualityEstimator Estimator()
        {
            var estimator = new DataQualityEstimator(new DataQualityOptions { Parameters = new DataQualityParameters { Weight = [1, 1, 1, 1] } });
            for (int i = 0; i < 100; i++)
            {
                estimator.Add(Document(i < 40 ? "zzqq" : "a horse"));
            }

            return estimator;
        }

        double[] released = [.. Enumerable.Range(0, 400).Select(seed =>
            new PrivateQualityReleaser(5, 1e-5, Neighboring.ReplaceOne, RandomSource.Create(seed), null).Release(Estimator(), null, default).Single().Quality)];
        DataQuality one = new PrivateQualityReleaser(5, 1e-5, Neighboring.ReplaceOne, RandomSource.Create(null), null).Release(Estimator(), null, default).Single();
        Assert.Equal(0.01, one.Sensitivity!.Value, 1e-8);

        // Analytic σ for ε = 5, δ = 10⁻⁵ and Δ = 1 is 0.892 (field notes).
        Assert.Equal(0.00892, one.Sigma!.Value, 1e-5);
        Assert.Equal(0.6, released.Average(), 4 * 0.00892 / 20);
        double deviation = Math.Sqrt(released.Average(x => (x - 0.6) * (x - 0.6)));
        Assert.InRange(deviation, 0.0078, 0.0100);
        Assert.True(double.IsNaN(one.Cleanliness) && one.Tokens is null && one.Errors is null && one.InputHash.Length == 0);
        Assert.True(Assert.Throws<QosValuationException>(() => DataQualityVerifier.Compare(one, one)).Is(Faults.QualityNotRepeatable));
    }

    [Theory]
    [InlineData(Neighboring.ReplaceOne)]
    [InlineData(Neighboring.AddRemove)]
    public void ABudgetIsChargedBeforeNoiseIsDrawn(Neighboring neighboring)
    {
        using var folder = new TemporaryFolder();
        PrivacyBudget budget = PrivacyBudget.Create(folder.File("budget.db"), 1, 1e-5, neighboring);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(budget.Path);
        DataQualityEstimator Estimator()
        {
            var estimator = new DataQualityEstimator(new DataQualityOptions());
            estimator.Add(Document("a horse", "ann"));
            estimator.Add(Document("a horse", "bob"));
            return estimator;
        }

        var releaser = new PrivateQualityReleaser(0.9, 1e-5, neighboring, RandomSource.Create(null), store);
        Assert.Equal(2, releaser.Release(Estimator(), null, default).Count);
        Assert.Equal(["ann", "bob"], budget.Contributors.Select(spending => spending.Contributor));
        Assert.All(budget.Contributors, spending => Assert.InRange(spending.Spent, 0.89, 0.91));
        Assert.True(Assert.Throws<PrivacyBudgetException>(() => releaser.Release(Estimator(), null, default)).Is(Faults.PrivacyBudgetExceeded));
        Assert.True(Assert.Throws<PrivacyBudgetException>(() =>
            new PrivateQualityReleaser(0.1, 1e-5, neighboring, RandomSource.Create(1), store)).Is(Faults.PrivacyBudgetNotApplicable));
    }
}
