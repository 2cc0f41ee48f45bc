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

    /// <summary>Whether a file or folder is hidden by its name, as thumbnails, caches and the forks that macOS leaves (<c>._photo.jpg</c>) are.</summary>
    /// <param name="path">The file or folder.</param>
    /// <returns>True where its name begins with a dot.</returns>
    public static bool IsHidden(string path) => Path.GetFileName(path.AsSpan()).StartsWith('.');

    /// <summary>
    /// The images of a folder by name (ordinal), then those of its subfolders. Links to folders are not followed, and hidden files and
    /// folders (<see cref="IsHidden"/>) are left out; the folder itself may be one.
    /// </summary>
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
                files = [.. Directory.EnumerateFiles(current).Where(file => IsImage(file) && !IsHidden(file)).Order(StringComparer.Ordinal)];
                if (recurse)
                {
                    folders = [.. new DirectoryInfo(current).EnumerateDirectories()
                        .Where(sub => sub.LinkTarget is null && !IsHidden(sub.Name))
                        .Select(sub => sub.FullName)
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
