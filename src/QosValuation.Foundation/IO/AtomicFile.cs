using System.Buffers;

namespace QosValuation.Foundation.IO;

/// <summary>
/// Writes whole files or none: content goes to a temporary file beside the target that is renamed over it at the end. A target that
/// exists keeps its Unix permissions: what was closed to others stays so.
/// </summary>
public static class AtomicFile
{
    private const string TemporaryExtension = ".tmp";
    private const int TemporaryDigits = 8;
    private static readonly SearchValues<char> HexadecimalDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>Writes a file through <paramref name="write"/>; on any failure the target keeps its old content and the temporary file is removed.</summary>
    /// <param name="path">The target; its folder is created.</param>
    /// <param name="write">Writes the content.</param>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        string full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        string temporary = TemporaryNeighbour(full);
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 1 << 16 };
            if (!OperatingSystem.IsWindows() && File.Exists(full))
            {
                options.UnixCreateMode = File.GetUnixFileMode(full);
            }

            using (var stream = new FileStream(temporary, options))
            {
                if (!OperatingSystem.IsWindows() && options.UnixCreateMode is UnixFileMode mode)
                {
                    // The process's mask may have taken some of it away.
                    File.SetUnixFileMode(stream.SafeFileHandle, mode);
                }

                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, full, overwrite: true);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    /// <summary>A fresh name in the same folder, so that the final rename stays within one file system.</summary>
    /// <param name="fullPath">The target's full path.</param>
    /// <returns>A path that does not exist.</returns>
    public static string TemporaryNeighbour(string fullPath) => fullPath + "." + Guid.NewGuid().ToString("N")[..TemporaryDigits] + TemporaryExtension;

    /// <summary>
    /// Removes the temporary neighbours that killed writers left behind, and never throws. Only for whoever alone writes the
    /// target: those of a writer at work would go as well.
    /// </summary>
    /// <param name="path">The target.</param>
    public static void RemoveAbandoned(string path)
    {
        string full = Path.GetFullPath(path);
        string prefix = full + ".";
        int length = TemporaryNeighbour(full).Length;
        try
        {
            foreach (string file in Directory.EnumerateFiles(Path.GetDirectoryName(full)!))
            {
                if (file.Length == length
                    && file.StartsWith(prefix, StringComparison.Ordinal)
                    && file.EndsWith(TemporaryExtension, StringComparison.Ordinal)
                    && file.AsSpan(prefix.Length, TemporaryDigits).IndexOfAnyExcept(HexadecimalDigits) < 0)
                {
                    TryDelete(file);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A folder that may be written to and not listed.
        }
    }

    /// <summary>Deletes a file where it exists, and never throws.</summary>
    /// <param name="path">The file.</param>
    public static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (IOException)
        {
        }
        catch (UnauthorizedAccessException)
        {
        }
    }
}
