namespace QosValuation.Embeddings.Encoding;

/// <summary>Finds the images of a folder.</summary>
public static class ImageFileFinder
{
    private static readonly HashSet<string> Endings = new(StringComparer.OrdinalIgnoreCase)
    {
        ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".tif", ".tiff", ".avif", ".svg",
    };

    /// <summary>Whether a file's name ends as those of the formats that can be decoded: JPEG, PNG, WebP, GIF, TIFF, AVIF, SVG.</summary>
    /// <param name="path">The file.</param>
    /// <returns>True for an image, as far as its name tells.</returns>
    public static bool IsImage(string path) => Endings.Contains(Path.GetExtension(path));

    /// <summary>The images of a folder by name (ordinal), then those of its subfolders. Links to folders are not followed.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="recurse">Whether to go into subfolders.</param>
    /// <param name="onFault">Receives <c>FolderNotReadable</c> for folders that cannot be listed; the others go on.</param>
    /// <returns>Full paths, folder after folder.</returns>
    public static IEnumerable<string> Find(string folder, bool recurse, Action<QosValuationException> onFault)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(onFault);
        var waiting = new Stack<string>();
        waiting.Push(Path.GetFullPath(folder));
        while (waiting.TryPop(out string? current))
        {
            string[] files = [];
            string[] folders = [];
            try
            {
                files = [.. Directory.EnumerateFiles(current).Where(IsImage).Order(StringComparer.Ordinal)];
                if (recurse)
                {
                    folders = [.. new DirectoryInfo(current).EnumerateDirectories().Where(sub => sub.LinkTarget is null).Select(sub => sub.FullName)
                        .OrderDescending(StringComparer.Ordinal)];
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                onFault(new QosValuationException(
                    Faults.FolderNotReadable, $"The folder '{current}' cannot be listed: {exception.Message}", current, exception));
            }

            foreach (string file in files)
            {
                yield return file;
            }

            foreach (string sub in folders)
            {
                waiting.Push(sub);
            }
        }
    }
}
