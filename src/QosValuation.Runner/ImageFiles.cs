using QosValuation.Datasets;
using QosValuation.Embeddings;

namespace QosValuation.Runner;

/// <summary>Where the photographs of a run come from.</summary>
internal static class ImageFiles
{
    /// <summary>The contributor of an item: the name of its parent folder.</summary>
    public static string Contributor(CocoItem item) => Path.GetFileName(Path.GetDirectoryName(item.Path)) ?? string.Empty;

    /// <summary>Generates scenes, replacing an earlier run's.</summary>
    public static IEnumerable<CocoItem> Scenes(string folder, int count, int contributors, int seed, CancellationToken cancellation) =>
        SceneDatasetGenerator.Generate(
            new SceneDatasetOptions { Path = folder, Count = count, Contributors = Math.Min(contributors, count), Seed = seed, Overwrite = true }, cancellationToken: cancellation);
}
