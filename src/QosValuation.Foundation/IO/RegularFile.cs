using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace QosValuation.Foundation.IO;

/// <summary>
/// Opens files for reading, and nothing else: to open a pipe waits for its other end, and a device may have no end. Neither waiting
/// can be stopped, so what a path names is looked at before it is opened.
/// </summary>
public static partial class RegularFile
{
    private const int TypeMask = 0xF000;

    /// <summary>Refuses a path that names a pipe, a device or a socket. What does not exist, and folders, pass.</summary>
    /// <param name="path">The path; links are followed.</param>
    /// <exception cref="IOException">It is something else than a file; the message is the end of a sentence.</exception>
    public static void Require(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (KindOf(path) is { } kind)
        {
            throw new IOException($"it is a {kind}, not a file.");
        }
    }

    /// <summary>Whether a path names a file that can be read to its end: no folder, pipe, device or socket.</summary>
    /// <param name="path">The path; links are followed.</param>
    /// <returns>False also where there is nothing.</returns>
    public static bool Exists(string? path) => File.Exists(path) && KindOf(path) is null;

    /// <summary>Opens a file for reading.</summary>
    /// <param name="path">The file.</param>
    /// <param name="share">What others may do with it meanwhile.</param>
    /// <param name="bufferSize">The size of the buffer in bytes; 0 for none.</param>
    /// <returns>The stream.</returns>
    /// <exception cref="IOException">The file cannot be read, or is none.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static FileStream OpenRead(string path, FileShare share = FileShare.Read, int bufferSize = 1 << 12)
    {
        RequireFile(path);
        return new FileStream(path, FileMode.Open, FileAccess.Read, share, bufferSize);
    }

    /// <summary>Opens a file for reading from front to back, while others may do with it what they like.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The handle.</returns>
    /// <exception cref="IOException">The file cannot be read, or is none.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static SafeFileHandle OpenHandle(string path)
    {
        RequireFile(path);
        return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
    }

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>Its bytes.</returns>
    /// <exception cref="IOException">The file cannot be read, is none, or is larger than an array can be.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static byte[] ReadAllBytes(string path)
    {
        RequireFile(path);
        return File.ReadAllBytes(path);
    }

    /// <summary>Reads a whole file that has no reason to be large.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">The most bytes it may have.</param>
    /// <returns>Its bytes.</returns>
    /// <exception cref="IOException">The file cannot be read, is none, or is larger.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static byte[] ReadAllBytes(string path, int most)
    {
        using FileStream stream = OpenRead(path);
        if (stream.Length > most)
        {
            throw new IOException($"it has {stream.Length:N0} bytes, and {most:N0} are the most for such a file.");
        }

        byte[] bytes = new byte[(int)stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Reads a whole file as text in UTF-8, or as its byte order mark says.</summary>
    /// <param name="path">The file.</param>
    /// <returns>Its text.</returns>
    /// <exception cref="IOException">The file cannot be read, or is none.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static string ReadAllText(string path)
    {
        RequireFile(path);
        return File.ReadAllText(path);
    }

    /// <summary>Whether a text file's last line is whole: it ends in a line break.</summary>
    /// <param name="path">The file.</param>
    /// <returns>False also for an empty file.</returns>
    /// <exception cref="IOException">The file cannot be read, or is none.</exception>
    public static bool EndsInLineBreak(string path)
    {
        using FileStream stream = OpenRead(path, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        if (stream.Length == 0)
        {
            return false;
        }

        stream.Position = stream.Length - 1;
        return stream.ReadByte() is '\n' or '\r';
    }

    // A folder would be told as an access that is denied.
    private static void RequireFile(string path)
    {
        Require(path);
        if (Directory.Exists(path))
        {
            throw new IOException("it is a folder, not a file.");
        }
    }

    /// <summary>What a path names where it is neither a file nor a folder; null otherwise.</summary>
    private static string? KindOf(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            // Pipes and devices lie below this prefix, and names such as CON and COM1 lead there.
            return Path.GetFullPath(path).StartsWith(@"\\.\", StringComparison.Ordinal) ? "pipe or a device" : null;
        }

        // The runtime's own view of stat(2), alike on every Unix: flags, then the mode, 32 bits each.
        Span<byte> status = stackalloc byte[512];
        if (Status(path, status) != 0)
        {
            return null;
        }

        return (MemoryMarshal.Read<int>(status[sizeof(int)..]) & TypeMask) switch
        {
            0x1000 => "named pipe",
            0x2000 => "character device",
            0x6000 => "block device",
            0xC000 => "socket",
            _ => null,
        };
    }

    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_Stat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Status(string path, Span<byte> output);
}
