using System.Globalization;

namespace QosValuation.Embeddings;

/// <summary>Checks a model on disk: its files, their digests, whether the encoders open, and whether tokenizer and text encoder belong together.</summary>
internal static class ClipModelInspector
{
    /// <summary>Checks a model.</summary>
    /// <param name="files">Where it lies.</param>
    /// <param name="cancellation">Stops the check.</param>
    /// <returns>The report.</returns>
    public static ClipModelReport Check(ClipModelFiles files, CancellationToken cancellation) =>
        Check(files, ClipModelReader.Read, static (_, _, _) => { }, cancellation);

    /// <summary>Checks a model.</summary>
    /// <param name="files">Where it lies.</param>
    /// <param name="open">Opens the encoders and tells what they are, or throws.</param>
    /// <param name="runText">Runs the text encoder on one row of ids, or throws.</param>
    /// <param name="cancellation">Stops the check.</param>
    /// <returns>The report.</returns>
    public static ClipModelReport Check(
        ClipModelFiles files, Func<ClipModelFiles, ClipModel> open, Action<ClipModelFiles, ClipTokenizer, int> runText, CancellationToken cancellation)
    {
        var problems = new List<string>();
        CheckFiles(files, problems);
        CheckManifest(files.Folder, problems, cancellation);
        ClipTokenizer? tokenizer = CheckTokenizer(files, problems);
        ClipModel? model = Try(problems, () => open(files));
        cancellation.ThrowIfCancellationRequested();
        if (model is not null && tokenizer is not null && files.TextModelPath is not null && problems.Count == 0)
        {
            Try(problems, () =>
            {
                runText(files, tokenizer, model.ContextLength);
                return model;
            });
        }

        return new ClipModelReport { Name = files.Name, Path = files.Folder, Problems = problems };
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
                problems.Add(string.Create(CultureInfo.InvariantCulture, $"'{file.Name}' has {new FileInfo(path).Length:N0} bytes, {file.Bytes:N0} were installed. Install the model again with -Force."));
            }
            else if (ClipModelInstaller.FileDigest(path, cancellation) is { } digest && !digest.Equals(file.Sha256, StringComparison.OrdinalIgnoreCase))
            {
                problems.Add($"'{file.Name}' has the SHA-256 {digest}, {file.Sha256} was installed. Install the model again with -Force.");
            }
        }
    }

    private static ClipTokenizer? CheckTokenizer(ClipModelFiles files, List<string> problems)
    {
        if (files.TextModelPath is null)
        {
            return null;
        }

        if (files.VocabularyPath is null)
        {
            problems.Add($"There is no tokenizer beside '{files.TextModelPath}': vocab.json and merges.txt, or tokenizer.json.");
            return null;
        }

        return Try(problems, () => ClipTokenizer.Load(files.VocabularyPath, files.MergesPath));
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
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problems.Add(exception.Message);
            return null;
        }
    }
}
