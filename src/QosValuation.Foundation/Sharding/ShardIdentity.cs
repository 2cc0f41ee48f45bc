using System.Globalization;
using System.Text;

namespace QosValuation.Foundation.Sharding;

/// <summary>What an item is to the hash that decides its <see cref="Shard"/>: the same on every machine, wherever its data are mounted.</summary>
/// <remarks>
/// Two items may share an identity: they are then in one shard. What must never happen is that two machines give one item two identities, for then
/// each might leave it to the other. So nothing of a path above the folder that the user named counts, and letters count in normalisation form C,
/// because macOS and network shares decompose them.
/// </remarks>
public static class ShardIdentity
{
    /// <summary>A file: its path below the folder that the user named, with slashes; the file's name where it is not below.</summary>
    /// <param name="root">The folder, a full path.</param>
    /// <param name="path">The file's full path.</param>
    /// <returns>The identity.</returns>
    public static string OfFile(string root, string path)
    {
        string relative = Path.GetRelativePath(root, path);
        bool isBelow = !Path.IsPathRooted(relative) && relative is not ("." or "..")
            && !relative.StartsWith(".." + Path.DirectorySeparatorChar, StringComparison.Ordinal);
        string name = isBelow ? relative.Replace(Path.DirectorySeparatorChar, '/') : Path.GetFileName(path);
        return "file:" + Composed(name);
    }

    /// <summary>A file that was named itself, without a folder that it was found in: its name.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The identity.</returns>
    public static string OfFile(string path) => "file:" + Composed(NameOf(path));

    /// <summary>An image of a COCO file, with its captions: its id, whether the image is there or not.</summary>
    /// <param name="imageId">The id in the annotation file.</param>
    /// <returns>The identity.</returns>
    public static string OfImage(long imageId) => string.Create(CultureInfo.InvariantCulture, $"coco:{imageId}");

    /// <summary>A row of a file that names no record: the file's name and the row.</summary>
    /// <param name="path">The file.</param>
    /// <param name="row">The row, from 0.</param>
    /// <returns>The identity.</returns>
    public static string OfRow(string path, long row) => string.Create(CultureInfo.InvariantCulture, $"row:{Composed(NameOf(path))}#{row}");

    /// <summary>A record by its name, or a text: as it is. Of a full path the file's name.</summary>
    /// <param name="name">The name or the text.</param>
    /// <returns>The identity.</returns>
    public static string OfName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return IsFullPath(name) ? OfFile(name) : "name:" + Composed(name);
    }

    // Paths of either system, whatever this machine's is.
    private static bool IsFullPath(string name) =>
        name.StartsWith('/') || name.StartsWith(@"\\", StringComparison.Ordinal)
        || (name.Length > 2 && char.IsAsciiLetter(name[0]) && name[1] == ':' && name[2] is '\\' or '/');

    private static string NameOf(string path) => path[(path.LastIndexOfAny(['/', '\\']) + 1)..];

    private static string Composed(string text)
    {
        try
        {
            return text.Normalize(NormalizationForm.FormC);
        }
        catch (ArgumentException)
        {
            // Half of a surrogate pair has no normal form.
            return text;
        }
    }
}
