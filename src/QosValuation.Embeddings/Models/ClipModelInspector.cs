using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Text;

namespace QosValuation.Embeddings.Models;

/// <summary>Checks a model on disk: its files, their digests, whether the encoders open, and whether tokenizer and text encoder belong together.</summary>
public static class ClipModelInspector
{
    /// <summary>Checks a model: reads all of its files, and runs each encoder once.</summary>
    /// <param name="files">Where it lies.</param>
    /// <param name="cancellation">Stops the check.</param>
    /// <returns>The report.</returns>
    public static ClipModelReport Check(ClipModelFiles files, CancellationToken cancellation)
    {
        var problems = new List<string>();
        CheckFiles(files, problems);
        CheckManifest(files.Folder, problems, cancellation);
        Try(problems, () => SimilarityThresholds.Read(files.Folder) ?? SimilarityThresholds.General);
        ITextTokenizer? tokenizer = CheckTokenizer(files, problems);
        using ClipEncoder? encoder = Try(problems, () => ClipEncoder.Open(files));
        if (encoder is not null)
        {
            cancellation.ThrowIfCancellationRequested();
            if (encoder.Description.Vision is { } vision)
            {
                Try(problems, () => RunVision(encoder, vision.Preprocessing.ImageSize, cancellation));
            }

            if (encoder.Description.Text is { } text && tokenizer is not null)
            {
                Try(problems, () => RunText(encoder, tokenizer, text.ContextLength, cancellation));
            }
        }

        return new ClipModelReport { Name = files.Name, Path = files.Folder, Problems = problems };
    }

    /// <summary>Embeds a soft pattern, since an even image may have a degenerate embedding.</summary>
    private static float[] RunVision(ClipEncoder encoder, int side, CancellationToken cancellation)
    {
        float[] pixels = new float[3 * side * side];
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = MathF.Sin(0.1f * i);
        }

        float[] vector = new float[encoder.Dimension];
        encoder.EncodeImages(pixels, vector, cancellation);
        return vector;
    }

    /// <summary>Embeds the largest and the smallest id: a table of token embeddings that is too short fails at the largest.</summary>
    private static float[] RunText(ClipEncoder encoder, ITextTokenizer tokenizer, int contextLength, CancellationToken cancellation)
    {
        int[] ids = new int[contextLength];
        Array.Fill(ids, tokenizer.PadId);
        int[] meaningful = [tokenizer.StartId, 0, tokenizer.VocabularySize - 1, tokenizer.EndId];
        int length = Math.Min(meaningful.Length, contextLength);
        meaningful.AsSpan(0, length).CopyTo(ids);
        ids[length - 1] = tokenizer.EndId;
        float[] vector = new float[encoder.Dimension];
        try
        {
            encoder.EncodeTexts(ids, [length], vector, cancellation);
        }
        catch (Exception exception) when (exception is OnnxRuntimeException or QosValuationException)
        {
            throw new QosValuationException(
                Faults.ModelNotUsable,
                $"The text encoder fails on ids of the vocabulary (0 to {tokenizer.VocabularySize - 1}): "
                    + $"the tokenizer may belong to another model. {exception.Message}",
                encoder.Model.Path,
                exception);
        }

        return vector;
    }

    private static void CheckFiles(ClipModelFiles files, List<string> problems)
    {
        foreach (string? path in (string?[])[files.VisionModelPath, files.TextModelPath])
        {
            if (path is not null && new FileInfo(path) is { Length: 0 })
            {
                problems.Add($"'{path}' is empty.");
            }
        }
    }

    private static void CheckManifest(string folder, List<string> problems, CancellationToken cancellation)
    {
        if (ClipModelInstaller.ReadManifest(folder) is not { } manifest)
        {
            if (File.Exists(Path.Combine(folder, ClipModelInstaller.ManifestName)))
            {
                problems.Add($"'{ClipModelInstaller.ManifestName}' is damaged, or names files outside the model's folder. "
                    + "Install the model again with -Force.");
            }

            return;
        }

        foreach (InstalledFile file in manifest.Files)
        {
            string path = Path.Combine(folder, file.Name);
            if (!File.Exists(path))
            {
                problems.Add($"'{file.Name}' is missing. Install the model again with -Force.");
            }
            else if (new FileInfo(path).Length != file.Bytes)
            {
                problems.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"'{file.Name}' has not the {file.Bytes:N0} bytes that were installed. Install the model again with -Force."));
            }
            else if (ClipModelInstaller.FileDigest(path, cancellation) is { } digest && !digest.Equals(file.Sha256, StringComparison.OrdinalIgnoreCase))
            {
                problems.Add($"'{file.Name}' has not the SHA-256 {file.Sha256} that was installed. Install the model again with -Force.");
            }
        }
    }

    private static ITextTokenizer? CheckTokenizer(ClipModelFiles files, List<string> problems)
    {
        if (files.TextModelPath is null)
        {
            return null;
        }

        if (files.VocabularyPath is null)
        {
            problems.Add($"There is no tokenizer beside '{files.TextModelPath}': vocab.json and merges.txt, vocab.txt, or tokenizer.json.");
            return null;
        }

        return Try(problems, () => TextTokenizer.Load(files.VocabularyPath, files.MergesPath));
    }

    private static T? Try<T>(List<string> problems, Func<T> work)
        where T : class
    {
        try
        {
            return work();
        }
        catch (QosValuationException exception)
        {
            problems.Add(exception.Message);
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or OnnxRuntimeException)
        {
            problems.Add(exception.Message);
            return null;
        }
    }
}
