using QosValuation.Foundation.IO;
using System.Text.Json;
using QosValuation.Embeddings.Models;
using QosValuation.Embeddings.Text;

namespace QosValuation.Embeddings.Encoding;

/// <summary>
/// Reads how a model in the layout of sentence-transformers pools: <c>modules.json</c> lists its steps, and the folder of the step Pooling holds a
/// <c>config.json</c>. Without modules.json the folder is <c>1_Pooling</c>.
/// </summary>
/// <remarks>The step Normalize needs no reading: embeddings have unit L2 norm here, whatever the model says.</remarks>
internal static class SentencePooling
{
    private const string ModulesFile = "modules.json";
    private const int LargestDimension = 1 << 16;

    /// <summary>Reads the pooling.</summary>
    /// <param name="files">The model's files.</param>
    /// <returns>The pooling; <see cref="PoolingSettings.None"/> where the files say nothing about one.</returns>
    /// <exception cref="QosValuationException"><c>ModelNotSupported</c>: a step or a pooling that is not known; <c>ModelNotReadable</c>.</exception>
    public static PoolingSettings Read(ClipModelFiles files)
    {
        ArgumentNullException.ThrowIfNull(files);
        string? folder = new[] { files.Folder, Path.GetDirectoryName(files.TextModelPath) }.OfType<string>().FirstOrDefault(place =>
            File.Exists(Path.Combine(place, ModulesFile)) || File.Exists(Path.Combine(place, "1_Pooling", "config.json")));
        if (folder is null)
        {
            return PoolingSettings.None;
        }

        string modules = Path.Combine(folder, ModulesFile);
        string pooling = "1_Pooling";
        if (File.Exists(modules))
        {
            if (FindPooling(modules) is not { } path)
            {
                return PoolingSettings.None;
            }

            pooling = path.Length > 0 ? path : pooling;
            if (Path.IsPathRooted(pooling) || pooling.Split('/', '\\').Contains("..") || pooling.Contains('\0', StringComparison.Ordinal))
            {
                throw NotReadable(modules, $"its step Pooling lies outside the model's folder ('{pooling}')");
            }
        }

        return ReadConfiguration(Path.Combine(folder, pooling, "config.json"));
    }

    /// <summary>The folder of the step Pooling as modules.json names it; null where there is no such step.</summary>
    private static string? FindPooling(string modules)
    {
        using JsonDocument document = Parse(modules);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
        {
            throw NotReadable(modules, "it is no list of steps");
        }

        (string Type, string Path)[] steps = Reading(
            modules, () => document.RootElement.EnumerateArray().Select(step => (Text(step, "type").Split('.')[^1], Text(step, "path"))).ToArray());
        if (Array.Find(steps, step => step.Type is not ("Transformer" or "Pooling" or "Normalize")) is { Type: not null } unknown)
        {
            throw EncoderGraph.NotSupported(modules, $"its step '{unknown.Type}' is none of Transformer, Pooling and Normalize");
        }

        return Array.Find(steps, step => step.Type == "Pooling").Path;
    }

    /// <summary>The most tokens of a text, as <c>sentence_bert_config.json</c> says.</summary>
    /// <param name="files">The model's files.</param>
    /// <returns>The number; null where the file says none.</returns>
    public static int? ReadMaximumLength(ClipModelFiles files)
    {
        string path = Path.Combine(files.Folder, "sentence_bert_config.json");
        if (!File.Exists(path))
        {
            return null;
        }

        using JsonDocument document = Parse(path);
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("max_seq_length", out JsonElement length)
            && length.ValueKind == JsonValueKind.Number && length.TryGetInt32(out int most) && most >= 2 ? most : null;
    }

    private static PoolingSettings ReadConfiguration(string path)
    {
        using JsonDocument document = Parse(path);
        JsonElement root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw NotReadable(path, "it is no object of settings");
        }

        string[] chosen = Reading(path, () => root.EnumerateObject()
            .Where(setting => setting.Name.StartsWith("pooling_mode_", StringComparison.Ordinal) && setting.Value.ValueKind == JsonValueKind.True)
            .Select(setting => setting.Name)
            .ToArray());
        TextPooling pooling = chosen switch
        {
            ["pooling_mode_mean_tokens"] => TextPooling.Mean,
            ["pooling_mode_cls_token"] => TextPooling.First,
            _ => throw EncoderGraph.NotSupported(
                path,
                $"it pools by {(chosen.Length == 0 ? "nothing" : string.Join(" and ", chosen))}; the mean of the tokens and the first token are known here"),
        };
        int dimension = root.TryGetProperty("word_embedding_dimension", out JsonElement width) && width.ValueKind == JsonValueKind.Number
            && width.TryGetInt32(out int number) && number is > 0 and <= LargestDimension ? number : 0;
        return new PoolingSettings(pooling, dimension);
    }

    private static JsonDocument Parse(string path)
    {
        try
        {
            byte[] json = RegularFile.ReadAllBytes(path);
            return JsonDocument.Parse(json.AsMemory(json.Length - ClipTokenizerReader.WithoutMark(json).Length));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            throw NotReadable(path, exception.Message.TrimEnd('.'), exception);
        }
    }

    /// <summary>Strings of JSON that are no text, such as half of a surrogate pair, show when they are read.</summary>
    private static T Reading<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException exception)
        {
            throw NotReadable(path, exception.Message.TrimEnd('.'), exception);
        }
    }

    private static string Text(JsonElement step, string name) =>
        step.ValueKind == JsonValueKind.Object && step.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : string.Empty;

    private static QosValuationException NotReadable(string path, string cause, Exception? inner = null) =>
        new(Faults.ModelNotReadable, $"'{path}' cannot be read: {cause}.", path, inner);
}

/// <summary>What a model's files say about pooling.</summary>
/// <param name="Pooling">The pooling.</param>
/// <param name="Dimension">The length of a token's vector; 0 where the files do not say it.</param>
internal readonly record struct PoolingSettings(TextPooling Pooling, int Dimension)
{
    /// <summary>The files say nothing.</summary>
    public static PoolingSettings None => default;
}
