using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace QosValuation.Foundation.IO;

/// <summary>
/// Writes whole files or none: content goes to a temporary file beside the target that is renamed over it at the end. A target that
/// exists keeps its Unix permissions: what was closed to others stays so.
/// </summary>
/// <remarks>
/// A temporary file is readable by its owner alone. Its name tells the machine, the process and the time at which the process started, so
/// that what a killed process left behind is removed by the next one that writes in the same folder, and nothing else is.
/// </remarks>
public static partial class AtomicFile
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int LongestName = 180;

    // Two readings of a process's start differ by the clock's steps.
    private static readonly TimeSpan StartTolerance = TimeSpan.FromSeconds(5);

    private static readonly string Machine = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Environment.MachineName)))[..8];
    private static readonly string Owner = MakeOwner();

    // A process that lives long sweeps again, but not for each of many thousand files.
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(2);

    // The permissions of a new file in each folder: the process's mask and the folder's own defaults decide them. And when each was swept.
    private static readonly ConcurrentDictionary<string, UnixFileMode> Folders = new();
    private static readonly ConcurrentDictionary<string, long> Swept = new();

    /// <summary>Writes a file through <paramref name="write"/>; on any failure the target keeps its old content and the temporary file is removed.</summary>
    /// <param name="path">The target; its folder is created.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">The file cannot be written; or the target is a pipe or a device, which must not be replaced.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        string temporary = WriteTemporary(path, write);
        try
        {
            Commit(temporary, path);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    /// <summary>Writes a temporary file, onto the disk; on any failure it is removed.</summary>
    /// <param name="path">The target that it will have; its folder is created.</param>
    /// <param name="write">Writes the content.</param>
    /// <returns>The temporary file, closed.</returns>
    internal static string WriteTemporary(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        string? temporary = null;
        try
        {
            using FileStream stream = CreateTemporary(path);
            temporary = stream.Name;
            write(stream);
            stream.Flush(flushToDisk: true);
            return temporary;
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    /// <summary>
    /// Begins a file: makes a temporary one beside it, which <see cref="Commit(string, string)"/> gives its name or <see cref="TryDelete"/> removes.
    /// </summary>
    /// <param name="path">The target; its folder is created.</param>
    /// <returns>The temporary file, which its owner alone may read; its path is the stream's name.</returns>
    /// <exception cref="IOException">The folder cannot be written to; or the target is a pipe or a device, which must not be replaced.</exception>
    public static FileStream CreateTemporary(string path)
    {
        string full = Path.GetFullPath(path);
        RegularFile.Require(full);
        string folder = Path.GetDirectoryName(full)!;
        Directory.CreateDirectory(folder);
        if (!Swept.TryGetValue(folder, out long swept) || Stopwatch.GetElapsedTime(swept) > SweepInterval)
        {
            Swept[folder] = Stopwatch.GetTimestamp();
            RemoveAbandoned(folder);
        }

        if (!Folders.ContainsKey(folder))
        {
            Folders[folder] = DefaultMode(full);
        }

        return Create(TemporaryNeighbour(full), Private);
    }

    /// <summary>Gives a temporary file its name, and the permissions of the file that it replaces; a new file gets those of any new file.</summary>
    /// <param name="temporary">A closed file from <see cref="CreateTemporary"/>.</param>
    /// <param name="path">The target.</param>
    public static void Commit(string temporary, string path) => Commit(temporary, path, path);

    /// <summary>Gives a temporary file its name, and the permissions of another one.</summary>
    /// <param name="temporary">A closed file from <see cref="CreateTemporary"/>.</param>
    /// <param name="path">The target.</param>
    /// <param name="like">The file in the same folder whose permissions it gets; where there is none, those of any new file.</param>
    internal static void Commit(string temporary, string path, string like)
    {
        string full = Path.GetFullPath(path);
        like = Path.GetFullPath(like);
        if (!OperatingSystem.IsWindows())
        {
            UnixFileMode mode = File.Exists(like) ? File.GetUnixFileMode(like)
                : Folders.TryGetValue(Path.GetDirectoryName(full)!, out UnixFileMode known) ? known
                : Private;
            File.SetUnixFileMode(temporary, mode);
        }

        File.Move(temporary, full, overwrite: true);
    }

    /// <summary>A fresh name in the same folder, so that the final rename stays within one file system.</summary>
    /// <param name="fullPath">The target's full path.</param>
    /// <returns>A path that does not exist.</returns>
    public static string TemporaryNeighbour(string fullPath)
    {
        // A file system's limit on names counts bytes.
        string name = Path.GetFileName(fullPath);
        while (Encoding.UTF8.GetByteCount(name) > LongestName)
        {
            name = name[..^(char.IsLowSurrogate(name[^1]) && name.Length > 1 ? 2 : 1)];
        }

        string random = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        return Path.Combine(Path.GetDirectoryName(fullPath)!, $"{name}.{Owner}-{random}.tmp");
    }

    /// <summary>Removes the temporary files in a folder whose process, on this machine, has ended; never throws.</summary>
    /// <param name="folder">The folder.</param>
    public static void RemoveAbandoned(string folder)
    {
        try
        {
            foreach (string file in Directory.EnumerateFiles(folder, "*.tmp"))
            {
                if (TemporaryName().Match(Path.GetFileName(file)) is { Success: true } match
                    && match.Groups["machine"].Value == Machine
                    && HasEnded(match.Groups["process"].ValueSpan, match.Groups["start"].ValueSpan))
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
    /// <param name="path">The file; null for none.</param>
    public static void TryDelete(string? path)
    {
        if (path is null)
        {
            return;
        }

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

    [GeneratedRegex(@"\.(?<machine>[0-9a-f]{8})-(?<process>[0-9a-f]{1,8})-(?<start>[0-9a-f]{1,12})-[0-9a-f]{8}\.tmp\z", RegexOptions.CultureInvariant)]
    private static partial Regex TemporaryName();

    private static FileStream Create(string path, UnixFileMode? mode)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 1 << 16 };
        if (!OperatingSystem.IsWindows() && mode is { } own)
        {
            options.UnixCreateMode = own;
        }

        return new FileStream(path, options);
    }

    /// <summary>The permissions that a new file gets in a target's folder; seen on an empty one, because the mask cannot be asked for.</summary>
    private static UnixFileMode DefaultMode(string full)
    {
        if (OperatingSystem.IsWindows())
        {
            return Private;
        }

        string probe = TemporaryNeighbour(full);
        try
        {
            Create(probe, null).Dispose();
            return File.GetUnixFileMode(probe);
        }
        finally
        {
            TryDelete(probe);
        }
    }

    private static string MakeOwner()
    {
        using var own = Process.GetCurrentProcess();
        return string.Create(
            CultureInfo.InvariantCulture, $"{Machine}-{own.Id:x}-{new DateTimeOffset(own.StartTime).ToUnixTimeSeconds():x}");
    }

    private static bool HasEnded(ReadOnlySpan<char> process, ReadOnlySpan<char> start)
    {
        int id = int.Parse(process, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        DateTimeOffset started =
            DateTimeOffset.FromUnixTimeSeconds(Math.Min(long.Parse(start, NumberStyles.HexNumber, CultureInfo.InvariantCulture), 1L << 37));
        try
        {
            using var found = Process.GetProcessById(id);
            return (new DateTimeOffset(found.StartTime) - started).Duration() > StartTolerance;
        }
        catch (ArgumentException)
        {
            return true;
        }
        catch (Exception exception) when (exception is InvalidOperationException or System.ComponentModel.Win32Exception or NotSupportedException)
        {
            // It ended meanwhile, or may not be looked at: left for another time.
            return false;
        }
    }
}
