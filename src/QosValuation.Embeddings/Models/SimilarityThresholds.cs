using System.Text.Json;
using QosValuation.Foundation.IO;

namespace QosValuation.Embeddings.Models;

/// <summary>
/// The cosines from which a model's embeddings count as similar where nobody says otherwise. Each encoder has a scale of its own: the same number
/// joins everything of one and nothing of another.
/// </summary>
/// <remarks>
/// <para>Both are measured on 999 photographs of Flickr8k, or their first captions (docs/concepts/clustering-and-valuation.md), and rounded to 0.01.
/// <see cref="Online"/> is the largest cosine at which online clustering leaves at most one record in eight alone, on average over random orders;
/// <see cref="Dbscan"/> the one that a record reaches with five others on average.</para>
/// <para>A model's folder states them in <c>qosvaluation.json</c>: <c>{"online_similarity": 0.41, "dbscan_similarity": 0.48}</c>.</para>
/// </remarks>
/// <param name="Online">The cosine to a centroid, from 0 to 1, from which online clustering takes a record.</param>
/// <param name="Dbscan">The cosine, from 0 to 1, from which DBSCAN calls two records neighbours.</param>
public sealed record SimilarityThresholds(double Online, double Dbscan)
{
    /// <summary>The file of a model's folder that states them.</summary>
    public const string FileName = "qosvaluation.json";

    private const int LargestFile = 1 << 20;
    private const string OnlineName = "online_similarity";
    private const string DbscanName = "dbscan_similarity";

    /// <summary>Those of CLIP ViT-B/32, which stand in where nothing is known about a model.</summary>
    public static SimilarityThresholds General { get; } = new(0.7, 0.8);

    /// <summary>Finds those of a model: in its folder where it is embedded or installed, else among the models that can be installed.</summary>
    /// <param name="modelName">The name that its embeddings carry; null or empty where they carry none.</param>
    /// <returns>Null where nothing is known.</returns>
    /// <exception cref="QosValuationException"><c>ModelNotReadable</c>: the model's qosvaluation.json is damaged.</exception>
    public static SimilarityThresholds? Of(string? modelName)
    {
        if (string.IsNullOrEmpty(modelName))
        {
            return null;
        }

        ClipModelFiles? files = ClipModelCatalog.List().FirstOrDefault(model => model.Name.Equals(modelName, StringComparison.OrdinalIgnoreCase));
        return (files is null ? null : Read(files.Folder))
            ?? ClipModelDefinition.All.FirstOrDefault(model => model.Name.Equals(modelName, StringComparison.OrdinalIgnoreCase))?.Similarity;
    }

    /// <summary>Reads those that a model's folder states.</summary>
    /// <param name="folder">The folder.</param>
    /// <returns>Null where it has no qosvaluation.json.</returns>
    /// <exception cref="QosValuationException"><c>ModelNotReadable</c>: the file cannot be read, or states no cosines from 0 to 1.</exception>
    public static SimilarityThresholds? Read(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            byte[] json = RegularFile.ReadAllBytes(path, LargestFile);
            int mark = json.AsSpan().StartsWith(System.Text.Encoding.UTF8.Preamble) ? System.Text.Encoding.UTF8.Preamble.Length : 0;
            using JsonDocument document = JsonDocument.Parse(json.AsMemory(mark));
            return new SimilarityThresholds(Cosine(document.RootElement, OnlineName, path), Cosine(document.RootElement, DbscanName, path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            throw NotReadable(path, exception.Message.TrimEnd('.'), exception);
        }
    }

    /// <summary>The content of a qosvaluation.json that states these.</summary>
    /// <returns>JSON in UTF-8.</returns>
    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(
        new Dictionary<string, double> { [OnlineName] = Online, [DbscanName] = Dbscan });

    private static double Cosine(JsonElement root, string name, string path) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number
            && value.GetDouble() is >= 0 and <= 1 and double cosine
            ? cosine
            : throw NotReadable(path, $"its {name} is no cosine from 0 to 1");

    private static QosValuationException NotReadable(string path, string cause, Exception? inner = null) =>
        new(Faults.ModelNotReadable, $"'{path}' cannot be read: {cause}.", path, inner);
}
