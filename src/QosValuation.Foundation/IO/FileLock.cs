namespace QosValuation.Foundation.IO;

/// <summary>Lets one program at a time replace a file: the one that holds the lock file beside it, <c>file.lock</c>.</summary>
internal static class FileLock
{
    private const int MillisecondsBetweenTries = 20;

    /// <summary>Waits until nobody else holds the lock, and takes it.</summary>
    /// <param name="path">The file to be replaced; its folder is created.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    /// <returns>
    /// The lock. Disposing of it releases the lock and removes the lock file. The operating system releases the lock of a killed
    /// process, whose empty lock file stays.
    /// </returns>
    /// <exception cref="IOException">The lock file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static IDisposable Take(string path, CancellationToken cancellationToken)
    {
        string full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        RegularFile.Require(full + ".lock");
        while (true)
        {
            try
            {
                return new FileStream(full + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
            }
            catch (IOException exception) when (IsHeldByAnother(exception))
            {
                cancellationToken.WaitHandle.WaitOne(MillisecondsBetweenTries);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    // Windows: ERROR_SHARING_VIOLATION. Unix, where HResult is errno: EWOULDBLOCK (Linux, macOS).
    private static bool IsHeldByAnother(IOException exception) =>
        exception.HResult == unchecked((int)0x80070020) || (!OperatingSystem.IsWindows() && exception.HResult is 11 or 35);
}
