using QosValuation.Attacks.Reconstruction;
using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Models;

namespace QosValuation.Tests;

/// <summary>Likeness to an encoder that was not attacked: the arithmetic by hand, and the judge on pictures whose likeness is known.</summary>
public sealed class PerceptualJudgeTests
{
    private static readonly ClipModelFiles Mini = ClipModelCatalog.Resolve("clip-mini");
    private static readonly ClipModelFiles Small = ClipModelCatalog.Resolve("clip-small");

    [Fact]
    public void SourcesCountAlikeWhateverTheirSizes()
    {
        // Own members at 0° and 90°, so their mean is (½, ½); two other sources, one of three members.
        float[][] own = [[1, 0], [0, 1]];
        float[][][] others = [[[1, 0], [1, 0], [1, 0]], [[0, -1]]];
        (double similarity, double decoys, double baseline, int rank) = PerceptualJudge.Compare([0.6f, 0.8f], own, others);
        Assert.Equal(0.7, similarity, 1e-6);
        Assert.Equal((0.6 - 0.8) / 2, decoys, 1e-6);
        Assert.Equal((0.5 - 0.5) / 2, baseline, 1e-6);
        Assert.Equal(1, rank);

        // A tie is no find: the other source comes first.
        Assert.Equal(2, PerceptualJudge.Compare([1, 0], own, [[[0.5f, 0.1f]], [[-1, 0]]]).Rank);
        Assert.Equal((0.5, double.NaN, double.NaN, 0), PerceptualJudge.Compare([1, 0], own, []));
    }

    [Fact]
    public void ABuiltInEncoderThatIsNotAttackedJudges()
    {
        Assert.Equal("clip-mini", Judge(null, Small));
        Assert.Equal("clip-small", Judge(null, Mini));
        Assert.Equal("clip-small", Judge(Small, Mini));
        Assert.Null(PerceptualJudge.Open(null, [Mini, Small]));
        Assert.Equal("ParametersConflict", Assert.Throws<QosValuationException>(() => PerceptualJudge.Open(Small, [Mini, Small])).ErrorId);
        ClipModelFiles texts = ClipModelCatalog.Resolve(TestData.MiniLm);
        Assert.Equal("ModelModalityMissing", Assert.Throws<QosValuationException>(() => PerceptualJudge.Open(texts, [Mini])).ErrorId);

        static string Judge(ClipModelFiles? named, ClipModelFiles attacked)
        {
            using PerceptualJudge judge = PerceptualJudge.Open(named, [attacked])!;
            return judge.Name;
        }
    }

    /// <summary>A copy is most alike, a blurred one less, and a picture of something else is not above what photographs have in common.</summary>
    [Fact]
    public void WhatLooksAlikeScoresMoreThanWhatDoesNot()
    {
        using PerceptualJudge judge = PerceptualJudge.Open(Small, [Mini])!;
        using var folder = new TemporaryFolder();
        const int side = 64;
        byte[][] pictures = [.. Enumerable.Range(0, 4).Select(i => Stripes(side, i))];
        var references = new PrivateReferences(new ImagePreprocessing { ImageSize = side, ShortestEdge = side }, judge);
        for (int i = 0; i < pictures.Length; i++)
        {
            string path = folder.File(i + ".png");
            ImageWriter.SavePng(path, pictures[i], side, side);
            references.Add(new ClipEmbedding { Source = path, Item = path, Modality = Modality.Image, Vector = [1, i] });
        }

        Reconstruction Judged(byte[] picture) => references.Judge(
            new Reconstruction { ClusterId = -1, Score = 0, ScoreTrace = [], Steps = 1, IsComplete = true, ImageSize = side, Image = picture, Embedding = [1, 0] },
            new AttackTarget { Name = folder.File("0.png"), Item = folder.File("0.png"), Modality = Modality.Image, Vectors = [new([1, 0])] });
        Reconstruction copy = Judged(pictures[0]);
        Assert.Equal(1, copy.PerceptualSimilarity, 1e-5);
        Assert.Equal(copy.PerceptualBaseline, copy.PerceptualDecoySimilarity, 1e-5);
        Assert.Equal(1, copy.PerceptualRank);
        Reconstruction noisy = Judged([.. pictures[0].Select((v, i) => (byte)Math.Clamp(v + (i * 7919 % 61) - 30, 0, 255))]);
        Assert.InRange(noisy.PerceptualSimilarity, copy.PerceptualBaseline + 0.05, 0.999);
        Assert.Equal(1, noisy.PerceptualRank);
        Reconstruction another = Judged(pictures[2]);
        Assert.True(another.PerceptualSimilarity < noisy.PerceptualSimilarity);
        Assert.InRange(another.PerceptualRank, 2, 4);

        // Without a judge, and without pictures, nothing is said.
        Assert.True(double.IsNaN(new PrivateReferences(new ImagePreprocessing { ImageSize = side }).Judge(
            copy with { PerceptualSimilarity = double.NaN }, AttackTarget.Of([1f, 0f], "t")).PerceptualSimilarity));
    }

    [Fact]
    public void CaptionsAreComparedWithCaptions()
    {
        using PerceptualJudge judge = PerceptualJudge.Open(Small, [Mini])!;
        var references = new PrivateReferences(new ImagePreprocessing { ImageSize = 16 }, judge);
        string[][] captions = [["a dog runs over a lawn", "a brown dog in the grass"], ["a red bus in a street", "a bus before houses"]];
        for (int i = 0; i < captions.Length; i++)
        {
            references.Add(new SemanticCluster
            {
                Id = i, Count = 2, Centroid = [1, i], IsConfirmed = true,
                Members = [.. captions[i].Select(text => new ClipEmbedding { Source = text, Item = text, Modality = Modality.Text, Vector = [1, i] })],
            });
        }

        Reconstruction Judged(string text, int cluster) => references.Judge(
            new Reconstruction
            {
                ClusterId = cluster, Method = ReconstructionMethod.TextInversion, Text = text, Score = 0, ScoreTrace = [], Steps = 1, IsComplete = true, ImageSize = 0,
                Image = [], Embedding = [1, 0],
            },
            new AttackTarget { Name = "t", ClusterId = cluster, Modality = Modality.Text, Vectors = [new([1, 0])] });
        Reconstruction dog = Judged("dog lawn", 0);
        Assert.Equal(1, dog.PerceptualRank);
        Assert.True(dog.PerceptualSimilarity > dog.PerceptualDecoySimilarity + 0.1 && dog.PerceptualSimilarity > dog.PerceptualBaseline);
        Assert.Equal(2, Judged("dog lawn", 1).PerceptualRank);
    }

    /// <summary>Stripes and a disc whose colours, widths and directions differ.</summary>
    private static byte[] Stripes(int side, int kind)
    {
        byte[] rgb = new byte[3 * side * side];
        for (int i = 0; i < side * side; i++)
        {
            int x = i % side;
            int y = i / side;
            bool disc = ((x - 40) * (x - 40)) + ((y - 24) * (y - 24)) < 150 && kind % 2 == 0;
            bool stripe = (kind < 2 ? x : y) / (4 << kind) % 2 == 0;
            (int red, int green, int blue) = disc ? (250, 220, 40) : stripe ? (40 + (60 * kind), 90, 200 - (50 * kind)) : (200, 200 - (40 * kind), 60 * kind);
            (rgb[3 * i], rgb[(3 * i) + 1], rgb[(3 * i) + 2]) = ((byte)red, (byte)green, (byte)blue);
        }

        return rgb;
    }
}
