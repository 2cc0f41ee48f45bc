using QosValuation.Embeddings.Clustering;
using QosValuation.Embeddings.Models;

namespace QosValuation.Tests;

public sealed class SimilarityThresholdsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void EmbeddedModelsStateTheirsAndClipsStandInForUnknownOnes()
    {
        Assert.Equal(new SimilarityThresholds(0.41, 0.48), SimilarityThresholds.Of("clip-small"));
        Assert.Equal(new SimilarityThresholds(0.92, 0.94), SimilarityThresholds.Of("CLIP-mini"));
        Assert.All(ClipModelDefinition.All, model => Assert.Equal(SimilarityThresholds.General, SimilarityThresholds.Of(model.Name)));
        Assert.All(new[] { null, string.Empty, "of nobody" }, model => Assert.Null(SimilarityThresholds.Of(model)));
        Assert.Null(SimilarityThresholds.Read(_folder.Path));
    }

    [Fact]
    public void WhatIsWrittenIsRead()
    {
        File.WriteAllBytes(_folder.File(SimilarityThresholds.FileName), new SimilarityThresholds(0.25, 0.5).ToJson());
        Assert.Equal(new SimilarityThresholds(0.25, 0.5), SimilarityThresholds.Read(_folder.Path));
    }

    [Fact]
    public void AByteOrderMarkIsPassedAndAFloodIsNot()
    {
        string path = _folder.File(SimilarityThresholds.FileName);
        File.WriteAllText(path, "{\"online_similarity\":0.25,\"dbscan_similarity\":0.5}", System.Text.Encoding.UTF8);
        Assert.Equal(0xEF, File.ReadAllBytes(path)[0]);
        Assert.Equal(new SimilarityThresholds(0.25, 0.5), SimilarityThresholds.Read(_folder.Path));
        using (FileStream sparse = File.OpenWrite(path))
        {
            sparse.SetLength(100_000_000);
        }

        var fault = Assert.Throws<QosValuationException>(() => SimilarityThresholds.Read(_folder.Path));
        Assert.Contains("100,000,000 bytes", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"online_similarity\":NaN,\"dbscan_similarity\":0.5}")]
    [InlineData("{\"online_similarity\":2,\"dbscan_similarity\":0.5}")]
    [InlineData("[]")]
    [InlineData("{\"online_similarity\":0.5}")]
    [InlineData("{\"online_similarity\":\"0.5\",\"dbscan_similarity\":0.5}")]
    [InlineData("{\"online_similarity\":1.5,\"dbscan_similarity\":0.5}")]
    [InlineData("{\"online_similarity\":1e999,\"dbscan_similarity\":0.5}")]
    [InlineData("{\"online_similarity\":0.5,\"dbscan_similarity\":-0.1}")]
    public void DamagedFilesAreNamed(string content)
    {
        File.WriteAllText(_folder.File(SimilarityThresholds.FileName), content);
        var fault = Assert.Throws<QosValuationException>(() => SimilarityThresholds.Read(_folder.Path));
        Assert.Equal("ModelNotReadable", fault.ErrorId);
        Assert.Contains(SimilarityThresholds.FileName, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("clip-small", 0.45, 1)]
    [InlineData("clip-small", 0.36, 0)]
    [InlineData("clip-mini", 0.9, 0)]
    [InlineData("clip-mini", 0.94, 1)]
    [InlineData("ViT-B-32", 0.72, 1)]
    [InlineData("ViT-B-32", 0.66, 0)]
    [InlineData("of nobody", 0.72, 1)]
    [InlineData("of nobody", 0.66, 0)]
    [InlineData("", 0.66, 0)]
    public void OnlineGroupingTakesTheModelsThreshold(string model, double cosine, int clusters)
    {
        EmbeddingClusterer clusterer = Group(new ClusteringOptions(), model, cosine);
        Assert.Equal(clusters, clusterer.Clusters.Count);
        Assert.Equal((SimilarityThresholds.Of(model) ?? SimilarityThresholds.General).Online, clusterer.SimilarityThreshold);
        Assert.Equal(SimilarityThresholds.Of(model) is null ? null : model, clusterer.ThresholdModel);
    }

    [Theory]
    [InlineData("clip-small", 0.5, 1)]
    [InlineData("clip-small", 0.45, 0)]
    [InlineData("", 0.82, 1)]
    [InlineData("", 0.5, 0)]
    public void DbscanTakesTheModelsThreshold(string model, double cosine, int clusters) =>
        Assert.Equal(clusters, Group(new ClusteringOptions { Algorithm = ClusteringAlgorithm.Dbscan, MinimumPoints = 2 }, model, cosine).Clusters.Count);

    [Fact]
    public void AGivenThresholdWinsAndKMeansHasNone()
    {
        EmbeddingClusterer clusterer = Group(new ClusteringOptions { SimilarityThreshold = 0.6 }, "clip-small", 0.5);
        Assert.Equal((0, 0.6, null), (clusterer.Clusters.Count, clusterer.SimilarityThreshold, clusterer.ThresholdModel));
        clusterer = Group(new ClusteringOptions { Algorithm = ClusteringAlgorithm.KMeans, ClusterCount = 1, Seed = 1 }, "clip-small", 0.1);
        Assert.Equal((1, null, null), (clusterer.Clusters.Count, clusterer.SimilarityThreshold, clusterer.ThresholdModel));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void ASavedGroupingGoesOnWithItsModelsThreshold(int before)
    {
        string path = _folder.File("clusters.state");
        ClipEmbedding[] embeddings = Pair("clip-small", 0.45);
        EmbeddingClusterer first = EmbeddingClusterer.Create(new ClusteringOptions(), null, fault => throw fault);
        foreach (ClipEmbedding embedding in embeddings[..before])
        {
            first.Add(embedding);
        }

        ClusteringState.Save(first, path);
        ClusteringState state = ClusteringState.Load(path);

        // A record that may still grow has not been compared with anything.
        Assert.Equal(before == 0 ? null : 0.41, state.SimilarityThreshold);
        EmbeddingClusterer second = state.Resume(new ClusteringOptions(), null, fault => throw fault);
        foreach (ClipEmbedding embedding in embeddings[before..])
        {
            second.Add(embedding);
        }

        second.Complete();
        Assert.Equal((1, 0.41), (second.Clusters.Count, second.SimilarityThreshold));
    }

    private static EmbeddingClusterer Group(ClusteringOptions options, string model, double cosine)
    {
        EmbeddingClusterer clusterer = EmbeddingClusterer.Create(options, null, fault => throw fault);
        foreach (ClipEmbedding embedding in Pair(model, cosine))
        {
            clusterer.Add(embedding);
        }

        clusterer.Complete();
        return clusterer;
    }

    private static ClipEmbedding[] Pair(string model, double cosine) =>
    [
        Embedding([1, 0], model, 0),
        Embedding([(float)cosine, (float)Math.Sqrt(1 - (cosine * cosine))], model, 1),
    ];

    private static ClipEmbedding Embedding(float[] vector, string model, int number) => new()
    {
        Source = $"{number}", Item = string.Empty, Modality = Modality.Image, Vector = vector, Model = model, Contributor = "c", Ordinal = number,
    };
}
