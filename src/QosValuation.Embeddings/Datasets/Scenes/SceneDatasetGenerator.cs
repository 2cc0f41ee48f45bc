using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using QosValuation.Embeddings.Images;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Embeddings.Datasets.Scenes;

/// <summary>
/// Generates a dataset in COCO layout: drawn scenes as JPEG files, and captions that truly describe them. Places, light,
/// things, positions and sizes vary; some places are common and some rare, so that clusters, novelty and noise occur.
/// </summary>
public static class SceneDatasetGenerator
{
    private const string LicenseName = "CC0-1.0 (generated drawing)";
    private const int JpegQuality = 90;

    /// <summary>The name of the annotation file within the dataset's folder.</summary>
    public const string AnnotationFileName = "captions.json";

    /// <summary>
    /// Writes the dataset and yields its items in order, each as soon as its image is on disk. The work is done while the
    /// sequence is read; <c>captions.json</c> comes last, so a folder without it is an unfinished dataset.
    /// </summary>
    /// <param name="options">What to generate.</param>
    /// <param name="progress">Told the number of images written.</param>
    /// <param name="cancellationToken">Stops between images.</param>
    /// <returns>One item per scene.</returns>
    /// <exception cref="QosValuationException">
    /// SceneOptionsInvalid; DatasetExists where captions.json stands in the folder and may not be replaced;
    /// DatasetNotWritable.
    /// </exception>
    /// <remarks>
    /// Scene i is drawn from stream i + 1 of the seed, so its content depends on seed, size and index alone. About 15 ms of
    /// one core per image of 320 pixels.
    /// </remarks>
    public static IEnumerable<CocoItem> Generate(SceneDatasetOptions options, IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        Validate(options);
        return Write(options, progress, cancellationToken);
    }

    /// <summary>Composes one scene of a dataset without writing it.</summary>
    /// <param name="plan">The dataset's seed, contributors and their tastes.</param>
    /// <param name="index">The scene's number, from 0.</param>
    /// <param name="imageSize">The longer side in pixels.</param>
    /// <returns>The scene and the number of its contributor.</returns>
    internal static (Scene Scene, int Contributor) Compose(ContributorPlan plan, int index, int imageSize)
    {
        RandomSource random = RandomSource.Create(plan.Seed, (ulong)index + 1);
        int contributor = plan.DrawContributor(index, random);
        ScenePlace place = plan.DrawPlace(contributor, random);
        return (SceneComposer.Compose(random, imageSize, place), contributor);
    }

    private static IEnumerable<CocoItem> Write(SceneDatasetOptions options, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        string root = Path.GetFullPath(options.Path);
        string annotationPath = Path.Combine(root, AnnotationFileName);
        Attempt(annotationPath, () => Prepare(root, annotationPath, options.Overwrite));
        int seed = options.Seed ?? RandomSource.Create(null).NextInt32(int.MaxValue);
        var plan = new ContributorPlan(seed, options.Contributors);

        // One index at a time, ordered, unbuffered: the next scenes are drawn on other threads while this one is handed on.
        IEnumerable<Drawn> scenes = Partitioner.Create(Enumerable.Range(0, options.Count), EnumerablePartitionerOptions.NoBuffering)
            .AsParallel()
            .AsOrdered()
            .WithMergeOptions(ParallelMergeOptions.NotBuffered)
            .WithCancellation(cancellationToken)
            .Select(index => Draw(options, plan, root, index));
        List<(string Name, int Width, int Height, IReadOnlyList<string> Captions)> written = new(options.Count);
        using IEnumerator<Drawn> enumerator = scenes.GetEnumerator();
        while (TryNext(enumerator))
        {
            Drawn scene = enumerator.Current;
            written.Add((scene.FileName, scene.Width, scene.Height, scene.Captions));
            progress?.Report(written.Count);
            if (written.Count == options.Count)
            {
                // Before the last item leaves: whoever reads that far holds a finished dataset.
                Attempt(annotationPath, () => AtomicFile.Write(annotationPath, stream => WriteAnnotations(stream, seed, written)));
            }

            yield return new CocoItem
            {
                ImageId = written.Count,
                Path = Path.Combine(root, "images", scene.FileName.Replace('/', Path.DirectorySeparatorChar)),
                Captions = scene.Captions,
                Width = scene.Width,
                Height = scene.Height,
                License = LicenseName,
            };
        }
    }

    private static Drawn Draw(SceneDatasetOptions options, ContributorPlan plan, string root, int index)
    {
        (Scene scene, int contributor) = Compose(plan, index, options.ImageSize);
        string fileName = (index + 1).ToString("D12", CultureInfo.InvariantCulture) + ".jpg";
        if (options.Contributors > 1)
        {
            int digits = Math.Max(2, options.Contributors.ToString(CultureInfo.InvariantCulture).Length);
            fileName = "contributor-" + (contributor + 1).ToString("D" + digits, CultureInfo.InvariantCulture) + "/" + fileName;
        }

        string path = Path.Combine(root, "images", fileName.Replace('/', Path.DirectorySeparatorChar));
        byte[] jpeg = ImageWriter.RenderSvgAsJpeg(System.Text.Encoding.UTF8.GetBytes(scene.Svg), JpegQuality);
        Attempt(path, () => AtomicFile.Write(path, stream => stream.Write(jpeg)));
        return new Drawn(fileName, scene.Width, scene.Height, scene.Captions);
    }

    private static bool TryNext(IEnumerator<Drawn> enumerator)
    {
        try
        {
            return enumerator.MoveNext();
        }
        catch (AggregateException error) when (error.Flatten().InnerExceptions.FirstOrDefault() is Exception inner)
        {
            ExceptionDispatchInfo.Throw(inner);
            throw;
        }
    }

    private static void Validate(SceneDatasetOptions options)
    {
        string? mistake = string.IsNullOrWhiteSpace(options.Path) ? "Path must name a folder"
            : options.Count is < 1 or > 10_000_000 ? "Count must lie in 1 to 10,000,000"
            : options.ImageSize is < 32 or > 4096 ? "ImageSize must lie in 32 to 4096 pixels"
            : options.Contributors < 1 || options.Contributors > options.Count ? "Contributors must lie in 1 to Count"
            : null;
        if (mistake is not null)
        {
            throw new QosValuationException(Faults.SceneOptionsInvalid, mistake + ".", options);
        }
    }

    /// <summary>Removes an old dataset: its annotation file first, so that no moment shows old captions over new images.</summary>
    private static void Prepare(string root, string annotationPath, bool overwrite)
    {
        string images = Path.Combine(root, "images");
        Directory.CreateDirectory(images);
        if (!File.Exists(annotationPath))
        {
            return;
        }

        if (!overwrite)
        {
            throw new QosValuationException(
                Faults.DatasetExists,
                $"'{annotationPath}' exists. Choose another folder, or allow the dataset to be replaced (-Force).",
                annotationPath);
        }

        List<string> old = [];
        using (FileStream stream = RegularFile.OpenRead(annotationPath))
        using (JsonDocument document = JsonDocument.Parse(stream))
        {
            if (document.RootElement.TryGetProperty("images", out JsonElement list))
            {
                old.AddRange(list.EnumerateArray().Select(i => i.GetProperty("file_name").GetString()!));
            }
        }

        File.Delete(annotationPath);
        foreach (string name in old)
        {
            string path = Path.GetFullPath(Path.Combine(images, name));
            if (path.StartsWith(images + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            {
                AtomicFile.TryDelete(path);
            }
        }
    }

    private static void Attempt(string path, Action action)
    {
        try
        {
            action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new QosValuationException(Faults.DatasetNotWritable, $"'{path}' could not be written: {error.Message}", path, error);
        }
    }

    private static void WriteAnnotations(Stream stream, int seed, List<(string Name, int Width, int Height, IReadOnlyList<string> Captions)> scenes)
    {
        using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        writer.WriteStartObject();
        writer.WriteStartObject("info");
        writer.WriteString("description", "Generated scenes with truthful captions");
        writer.WriteString("version", "1.0");
        writer.WriteNumber("seed", seed);
        writer.WriteEndObject();
        writer.WriteStartArray("licenses");
        writer.WriteStartObject();
        writer.WriteNumber("id", 1);
        writer.WriteString("name", LicenseName);
        writer.WriteString("url", "https://creativecommons.org/publicdomain/zero/1.0/");
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteStartArray("images");
        for (int i = 0; i < scenes.Count; i++)
        {
            writer.WriteStartObject();
            writer.WriteNumber("id", i + 1);
            writer.WriteString("file_name", scenes[i].Name);
            writer.WriteNumber("width", scenes[i].Width);
            writer.WriteNumber("height", scenes[i].Height);
            writer.WriteNumber("license", 1);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("annotations");
        int annotation = 0;
        for (int i = 0; i < scenes.Count; i++)
        {
            foreach (string caption in scenes[i].Captions)
            {
                writer.WriteStartObject();
                writer.WriteNumber("id", ++annotation);
                writer.WriteNumber("image_id", i + 1);
                writer.WriteString("caption", caption);
                writer.WriteEndObject();
            }
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private sealed record Drawn(string FileName, int Width, int Height, IReadOnlyList<string> Captions);
}

/// <summary>Who contributes how much of what: uneven amounts, and for each contributor a few favourite places.</summary>
internal sealed class ContributorPlan
{
    private const double FavouriteShare = 0.6;
    private readonly double[] _cumulative;
    private readonly ScenePlace[][] _favourites;

    /// <summary>Draws the plan from stream 0 of the seed.</summary>
    /// <param name="seed">The dataset's seed.</param>
    /// <param name="contributors">The number of contributors, at least 1.</param>
    public ContributorPlan(int seed, int contributors)
    {
        Seed = seed;
        RandomSource random = RandomSource.Create(seed, 0);
        double[] weights = [.. Enumerable.Range(0, contributors).Select(rank => Math.Pow(rank + 1, -0.7))];
        random.Shuffle(weights.AsSpan());
        _cumulative = new double[contributors];
        double total = 0;
        for (int i = 0; i < contributors; i++)
        {
            _cumulative[i] = total += weights[i];
        }

        _favourites = [.. Enumerable.Range(0, contributors)
            .Select(_ => Enumerable.Range(0, 1 + random.NextInt32(3)).Select(_ => SceneComposer.DrawPlace(random)).ToArray())];
    }

    /// <summary>The dataset's seed.</summary>
    public int Seed { get; }

    /// <summary>Draws who contributes a scene; the first scenes go round, so that everyone has at least one.</summary>
    /// <param name="index">The scene's number.</param>
    /// <param name="random">The scene's generator.</param>
    /// <returns>The contributor's number, from 0.</returns>
    public int DrawContributor(int index, RandomSource random)
    {
        if (index < _cumulative.Length)
        {
            return index;
        }

        double at = random.NextDouble() * _cumulative[^1];
        int found = Array.BinarySearch(_cumulative, at);
        return Math.Min(found < 0 ? ~found : found + 1, _cumulative.Length - 1);
    }

    /// <summary>Draws a place by a contributor's taste; a single contributor has none.</summary>
    /// <param name="contributor">The contributor's number.</param>
    /// <param name="random">The scene's generator.</param>
    /// <returns>The place.</returns>
    public ScenePlace DrawPlace(int contributor, RandomSource random)
    {
        ScenePlace[] favourites = _favourites[contributor];
        return _favourites.Length > 1 && random.NextDouble() < FavouriteShare
            ? favourites[random.NextInt32(favourites.Length)]
            : SceneComposer.DrawPlace(random);
    }
}
