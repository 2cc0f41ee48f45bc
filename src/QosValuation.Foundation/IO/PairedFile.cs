namespace QosValuation.Foundation.IO;

/// <summary>
/// A file and another beside it that describes it, replaced together: whoever reads them through <see cref="Beside"/> sees the old pair or
/// the new one, whenever the process that writes is killed.
/// </summary>
/// <remarks>
/// Two files cannot be renamed at once. The description is laid ready under another name first, then the file is renamed, which decides, and
/// then the description gets its own name. A reader takes the one laid ready where it belongs to the file, which a digest in it tells.
/// </remarks>
public static class PairedFile
{
    private const string Pending = ".pending";

    /// <summary>The name under which a description is laid ready.</summary>
    /// <param name="beside">The description's own path.</param>
    /// <returns>A path in the same folder.</returns>
    public static string PendingPath(string beside) => beside + Pending;

    /// <summary>The name that a description has or will have.</summary>
    /// <param name="path">A description, laid ready or not.</param>
    /// <returns>Its own path.</returns>
    public static string OwnPath(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.EndsWith(Pending, StringComparison.Ordinal) ? path[..^Pending.Length] : path;
    }

    /// <summary>Writes a file and its description; on any failure before the file has its name both keep their old content.</summary>
    /// <param name="path">The file; its folder is created.</param>
    /// <param name="write">Writes its content.</param>
    /// <param name="beside">The description, in the same folder.</param>
    /// <param name="writeBeside">Writes the description.</param>
    /// <exception cref="IOException">A file cannot be written; or a target is a pipe or a device, which must not be replaced.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be written.</exception>
    public static void Write(string path, Action<Stream> write, string beside, Action<Stream> writeBeside)
    {
        string? temporary = null;
        string? temporaryBeside = null;
        try
        {
            temporary = AtomicFile.WriteTemporary(path, write);
            temporaryBeside = AtomicFile.WriteTemporary(beside, writeBeside);
            Commit(temporary, path, temporaryBeside, beside);
        }
        catch
        {
            AtomicFile.TryDelete(temporary);
            AtomicFile.TryDelete(temporaryBeside);
            throw;
        }
    }

    /// <summary>Gives two temporary files their names.</summary>
    /// <param name="temporary">A closed file from <see cref="AtomicFile.CreateTemporary"/>.</param>
    /// <param name="path">Its target.</param>
    /// <param name="temporaryBeside">The closed file that describes it.</param>
    /// <param name="beside">The description's target.</param>
    /// <exception cref="IOException">A file could not be renamed; where it is the first of the two, both targets keep their old content.</exception>
    /// <exception cref="UnauthorizedAccessException">As for <see cref="IOException"/>.</exception>
    public static void Commit(string temporary, string path, string temporaryBeside, string beside)
    {
        string full = Path.GetFullPath(beside);
        string pending = PendingPath(full);
        AtomicFile.Commit(temporaryBeside, pending, like: full);
        try
        {
            AtomicFile.Commit(temporary, path);
        }
        catch
        {
            AtomicFile.TryDelete(pending);
            throw;
        }

        File.Move(pending, full, overwrite: true);
    }

    /// <summary>The description that belongs to a file.</summary>
    /// <param name="beside">The description's own path.</param>
    /// <param name="belongs">Whether the description at a path belongs to the file; asked only where one was laid ready.</param>
    /// <returns>The one laid ready where it belongs to the file, else <paramref name="beside"/>.</returns>
    public static string Beside(string beside, Func<string, bool> belongs)
    {
        ArgumentNullException.ThrowIfNull(belongs);
        string pending = PendingPath(beside);

        // A writer at work may have given it its own name meanwhile.
        return File.Exists(pending) && belongs(pending) && File.Exists(pending) ? pending : beside;
    }
}
