using System.Text.Json;
using System.Text.RegularExpressions;
using QosValuation.Embeddings.Clustering;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Models;
using QosValuation.Foundation.Numerics;
using static QosValuation.Tests.ClusteringSamples;

namespace QosValuation.Tests;

/// <summary>What the model cards of the embedded encoders say, measured anew on photographs through the pipeline of this software.</summary>
public sealed partial class EmbeddedModelTests
{
    private static readonly Lazy<Sample> Coco = new(() => Sample.Read("coco-val2017-subset/captions_val2017.json", "coco-val2017-subset/val2017"));
    private static readonly Lazy<Sample> Flickr = new(() => Sample.Read("flickr8k-clip/captions.json", "flickr8k-clip/images"));

    /// <summary>Percent of 358 photographs (first captions) found among the first n, and the median rank: image to text, then text to image.</summary>
    [SharedDataTheory]
    [InlineData("clip-small", new[] { 16.2, 45.25, 58.94 }, 7, new[] { 17.04, 42.18, 58.38 }, 8)]
    [InlineData("clip-mini", new[] { 2.23, 10.61, 17.04 }, 86, new[] { 1.40, 8.10, 15.92 }, 86)]
    public void RetrievalOnCocoIsThatOfTheModelCard(string model, double[] imageToText, int imageRank, double[] textToImage, int textRank) =>
        CheckRetrieval(Coco.Value, model, imageToText, imageRank, textToImage, textRank);

    [SharedDataFact]
    public void RetrievalOnFlickrIsThatOfTheModelCard() =>
        CheckRetrieval(Flickr.Value, "clip-small", [16.12, 40.04, 51.65], 9, [16.82, 40.34, 53.25], 9);

    /// <summary>The ten nearest photographs, shared with those of real CLIP: chance shares one in a hundred.</summary>
    [SharedDataTheory]
    [InlineData("clip-small", 0.1788)]
    [InlineData("clip-mini", 0.0552)]
    public void NeighboursAreSharedWithRealClipAsTheModelCardSays(string model, double expected)
    {
        float[][] real = RealClip();
        float[][] own = Flickr.Value.Images(model);
        double shared = Enumerable.Range(0, own.Length).Average(i => Nearest(own, i).Intersect(Nearest(real, i)).Count() / 10.0);
        Assert.Equal(expected, shared, 0.001);
    }

    /// <summary>The stored thresholds are what they are said to be, on the photographs or captions they were measured with.</summary>
    [SharedDataTheory]
    [InlineData("clip-small", false)]
    [InlineData("clip-small", true)]
    [InlineData("clip-mini", false)]
    [InlineData("clip-mini", true)]
    [InlineData("MiniLM-L6", true)]
    [InlineData("ViT-B-32", false)]
    public void ThresholdsLeaveOneRecordInEightAlone(string model, bool ofCaptions)
    {
        SimilarityThresholds thresholds = model == "MiniLM-L6" ? SimilarityThresholds.Read(TestData.MiniLm)! : SimilarityThresholds.Of(model)!;
        float[][] vectors = model == "ViT-B-32" ? RealClip() : ofCaptions ? Flickr.Value.Captions(model) : Flickr.Value.Images(model);
        VectorMatrix records = Matrix(vectors, vectors[0].Length);

        // One number a model serves both modalities: where it is the captions' by 0.01, the photographs decide.
        double slack = ofCaptions && model.StartsWith("clip-", StringComparison.Ordinal) ? 0.02 : 0.01;
        Assert.True(Alone(thresholds.Online - slack) <= 0.125, $"{model} {Alone(thresholds.Online - slack)}");
        Assert.True(Alone(thresholds.Online + slack) > 0.125, $"{model} {Alone(thresholds.Online + slack)}");
        if (!ofCaptions || model == "MiniLM-L6")
        {
            Assert.True(Neighbours(thresholds.Dbscan - 0.005) >= 5 && Neighbours(thresholds.Dbscan + 0.005) <= 5, $"{model} {Neighbours(thresholds.Dbscan)}");
        }

        double Alone(double similarity) => OrderSensitivityEstimator.Measure(records, similarity, 10, 1).Noise / vectors.Length;

        double Neighbours(double similarity) =>
            vectors.AsParallel().Sum(a => vectors.Count(b => !ReferenceEquals(a, b) && UnitVector.Dot(a, b) >= similarity)) / (double)vectors.Length;
    }

    /// <summary>
    /// COCO's photographs were used for neither training nor thresholds: records of a cluster share words of their captions far more often than any
    /// two, and few records are alone.
    /// </summary>
    [SharedDataFact]
    public void CaptionsOfAClusterAgree()
    {
        EmbeddingClusterer clusterer = EmbeddingClusterer.Create(new ClusteringOptions(), null, fault => throw fault);
        float[][] images = Coco.Value.Images("clip-small");
        for (int i = 0; i < images.Length; i++)
        {
            clusterer.Add(new ClipEmbedding
            {
                Source = $"{i}", Item = $"{i}", Modality = Modality.Image, Vector = images[i], Model = "clip-small", Contributor = "c", Ordinal = i,
            });
        }

        clusterer.Complete();
        Assert.Equal((0.41, "clip-small"), (clusterer.SimilarityThreshold, clusterer.ThresholdModel));
        Assert.InRange(clusterer.NoiseCount, 1, images.Length / 6);
        Assert.InRange(clusterer.Clusters.Count, 30, 60);
        HashSet<string>[] words = [.. Coco.Value.Texts.Select(texts => Words().Matches(string.Join(' ', texts).ToLowerInvariant()).Select(w => w.Value).ToHashSet())];

        // Words that many photographs have tell nothing about one.
        Dictionary<string, int> common = words.SelectMany(own => own).CountBy(word => word).ToDictionary();
        Assert.All(words, own => own.RemoveWhere(word => common[word] > words.Length / 10));
        double inside = Mean(clusterer.Clusters.SelectMany(cluster => Pairs([.. cluster.Members.Select(member => (int)member.Ordinal)])));
        double any = Mean(Pairs([.. Enumerable.Range(0, images.Length)]));
        Assert.True(inside > 2.3 * any, $"{inside} {any}");

        // At CLIP's own threshold this model would find next to nothing.
        Assert.True(OrderSensitivityEstimator.Measure(Matrix(images, images[0].Length), 0.7, 5, 1).Noise > 0.7 * images.Length);

        double Mean(IEnumerable<(int A, int B)> pairs) => pairs.Average(pair => Shared(words[pair.A], words[pair.B]));

        static double Shared(HashSet<string> a, HashSet<string> b) => a.Intersect(b).Count() / (double)a.Union(b).Count();

        static IEnumerable<(int A, int B)> Pairs(int[] all) => all.SelectMany((a, i) => all[(i + 1)..].Select(b => (a, b)));
    }

    [GeneratedRegex("[a-z]{4,}")]
    private static partial Regex Words();

    private static float[][] RealClip() => [.. ReadHalfMatrix(Path.Combine(TestData.SharedData!, "flickr8k-clip", "image_embeddings.npy")).Select(vector =>
    {
        Assert.True(UnitVector.TryNormalize(vector));
        return vector;
    })];

    private static int[] Nearest(float[][] vectors, int of) =>
        [.. Enumerable.Range(0, vectors.Length).Where(i => i != of).OrderByDescending(i => UnitVector.Dot(vectors[of], vectors[i])).Take(10)];

    private static void CheckRetrieval(Sample sample, string model, double[] imageToText, int imageRank, double[] textToImage, int textRank)
    {
        float[][] images = sample.Images(model);
        float[][] texts = sample.Captions(model);
        Check(images, texts, imageToText, imageRank);
        Check(texts, images, textToImage, textRank);

        static void Check(float[][] queries, float[][] found, double[] recall, int median)
        {
            // Rank 0: nothing is nearer than the own one.
            int[] ranks = [.. queries.Select((query, i) =>
            {
                float own = UnitVector.Dot(query, found[i]);
                return found.Count(other => UnitVector.Dot(query, other) > own);
            })];

            // Another processor rounds differently: one photograph may cross a rank.
            double one = 1.5 / queries.Length;
            Assert.All(new[] { 1, 5, 10 }.Zip(recall), pair => Assert.Equal(pair.Second / 100, ranks.Count(rank => rank < pair.First) / (double)ranks.Length, one));
            Assert.InRange(ranks.Order().ElementAt((ranks.Length - 1) / 2) + 1, median - 1, median + 1);
        }
    }

    /// <summary>Photographs with their captions; each model embeds them once.</summary>
    private sealed class Sample(string[] paths, string[][] texts)
    {
        private readonly Dictionary<(string Model, Modality Modality), float[][]> _vectors = [];

        public string[][] Texts { get; } = texts;

        public static Sample Read(string annotations, string images)
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TestData.SharedData!, annotations)));
            ILookup<long, string> captions = document.RootElement.GetProperty("annotations").EnumerateArray()
                .ToLookup(entry => entry.GetProperty("image_id").GetInt64(), entry => entry.GetProperty("caption").GetString()!);
            (string Path, string[] Texts)[] items = [.. document.RootElement.GetProperty("images").EnumerateArray()
                .Select(image => (
                    Path.Combine(TestData.SharedData!, images, Path.GetFileName(image.GetProperty("file_name").GetString()!)),
                    captions[image.GetProperty("id").GetInt64()].ToArray()))
                .Where(item => File.Exists(item.Item1))];
            return new Sample([.. items.Select(item => item.Path)], [.. items.Select(item => item.Texts)]);
        }

        public float[][] Images(string model) => Embed(model, Modality.Image, paths);

        public float[][] Captions(string model) => Embed(model, Modality.Text, [.. Texts.Select(captions => captions[0])]);

        private float[][] Embed(string model, Modality modality, string[] sources)
        {
            lock (_vectors)
            {
                if (!_vectors.TryGetValue((model, modality), out float[][]? vectors))
                {
                    using ClipEncoder encoder = ClipEncoder.Open(model == "MiniLM-L6" ? TestData.MiniLm : model);
                    vectors = [.. EmbeddingPipeline.Embed(
                        encoder, sources.Select(source => new EmbeddingRequest { Modality = modality, Source = source, Item = source }))
                        .Select(outcome => outcome.Embedding!.Vector)];
                    _vectors.Add((model, modality), vectors);
                }

                return vectors;
            }
        }
    }
}
