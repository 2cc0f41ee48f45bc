using QosValuation.Datasets;
using QosValuation.Embeddings;

namespace QosValuation.Runner;

/// <summary>Where the photographs of a run come from, and their embeddings.</summary>
internal static class ImageFiles
{
    private static readonly HashSet<string> Extensions = new(StringComparer.OrdinalIgnoreCase) { ".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".avif" };

    /// <summary>Whether a file's ending is that of a photograph.</summary>
    public static bool IsImage(string path) => Extensions.Contains(Path.GetExtension(path));

    /// <summary>The contributor of an item: the name of its parent folder.</summary>
    public static string Contributor(CocoItem item) => Path.GetFileName(Path.GetDirectoryName(item.Path)) ?? string.Empty;

    /// <summary>Generates scenes, replacing an earlier run's.</summary>
    public static IEnumerable<CocoItem> Scenes(string folder, int count, int contributors, int seed, CancellationToken cancellation) =>
        SceneDatasetGenerator.Generate(
            new SceneDatasetOptions { Path = folder, Count = count, Contributors = Math.Min(contributors, count), Seed = seed, Overwrite = true }, cancellationToken: cancellation);

    /// <summary>Embeds each item's image and captions, in order; what cannot be embedded is one fault and no other item.</summary>
    public static IEnumerable<ClipEmbedding> Embed(
        IEnumerable<CocoItem> items, string? model, string? cachePath, Action<QosValuationException> onFault, CancellationToken cancellation)
    {
        using ClipEncoder encoder = ClipEncoder.Open(model);
        using EmbeddingCache? cache = cachePath is null ? null : EmbeddingCache.Open(cachePath);
        var pipeline = new EmbeddingPipelineOptions { Cache = cache };
        foreach (EmbeddingOutcome outcome in EmbeddingPipeline.Embed(encoder, items.SelectMany(item => Requests(item, encoder.Model)), pipeline, cancellation))
        {
            if (outcome.Fault is not null)
            {
                onFault(outcome.Fault);
            }
            else
            {
                yield return outcome.Embedding!;
            }
        }
    }

    private static IEnumerable<EmbeddingRequest> Requests(CocoItem item, ClipModel model)
    {
        string contributor = Contributor(item);
        if (model.Modalities.Contains(Modality.Image))
        {
            yield return new EmbeddingRequest { Modality = Modality.Image, Source = item.Path!, Item = item.Path!, Contributor = contributor };
        }

        if (model.Modalities.Contains(Modality.Text))
        {
            foreach (string caption in item.Captions)
            {
                yield return new EmbeddingRequest { Modality = Modality.Text, Source = caption, Item = item.Path!, Contributor = contributor };
            }
        }
    }
}
