using System.Diagnostics;
using QosValuation.Embeddings.Datasets.Scenes;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Models;

namespace QosValuation.Bench;

/// <summary>The image pipeline from files beside its own session with ready tensors, and beside transformers.js over the same files and weights.</summary>
internal sealed class EmbeddingRows : IBenchmark
{
    /// <inheritdoc/>
    public string Name => "embedding";

    /// <inheritdoc/>
    public bool IsGuarded => true;

    /// <summary>The photographs to embed: those named, else drawn scenes.</summary>
    internal static string Photographs(BenchmarkContext context, int count)
    {
        if (context.Images is { } named)
        {
            return EmbeddingBenchmark.Files(named).Length > 0 ? named : throw new InvalidOperationException($"There are no photographs in '{named}'.");
        }

        string folder = Path.Combine(context.Folder, "scenes");
        string images = Path.Combine(folder, "images");
        if (!Directory.Exists(images))
        {
            int drawn = SceneDatasetGenerator.Generate(new SceneDatasetOptions { Path = folder, Count = count, ImageSize = 640, Seed = 1 }).Count();
            Debug.Assert(drawn == count, "Every scene is drawn.");
        }

        return images;
    }

    /// <inheritdoc/>
    public IEnumerable<BenchmarkResult> Measure(BenchmarkContext context)
    {
        string folder = Photographs(context, context.IsShort ? 32 : 96);
        string[] files = EmbeddingBenchmark.Files(folder);
        (bool isThere, string peerName) = context.IsShort ? (false, string.Empty) : Peers.Transformers();
        foreach (string model in context.Models.Count > 0 ? context.Models : ["clip-mini"])
        {
            ClipModelFiles modelFiles = ClipModelCatalog.Resolve(model);
            using ClipEncoder encoder = ClipEncoder.Open(modelFiles);
            int length = 3 * encoder.Model.ImageSize * encoder.Model.ImageSize;
            List<float[]> tensors = EmbeddingBenchmark.Tensors(encoder, files, EmbeddingPipelineOptions.DefaultBatchSize);
            string work = $"{encoder.Model.Name}, {files.Length} {(context.Images is null ? "drawn scenes" : "photographs")} from files";
            Timing Pipeline() => Timing.Of(() => EmbeddingBenchmark.RunPipeline(encoder, files, EmbeddingPipelineOptions.DefaultBatchSize));
            yield return context.Compare(work, "own session, ready tensors", Pipeline, () => Timing.Of(() => EmbeddingBenchmark.RunOwn(encoder, tensors, length)));
            if (!context.IsShort)
            {
                using Process? peer = isThere ? EmbeddingBenchmark.StartPeer(Peers.Folder, modelFiles, folder, 16) : null;
                yield return context.Compare(
                    work, peerName, Pipeline, peer is null ? null : () => EmbeddingBenchmark.RunPeer(peer, files.Length), 1.5);
                peer?.StandardInput.Close();
                peer?.WaitForExit();
            }
        }
    }
}
