using System.Security.Cryptography;
using QosValuation.Foundation.IO;

namespace QosValuation.Markets.Ledger;

/// <summary>Key pairs in PEM files: the private key, readable by its owner alone, and the public one beside it with the ending <c>.pub</c>.</summary>
internal static class KeyFile
{
    /// <summary>Writes a key pair; where that fails nothing of it stays.</summary>
    /// <param name="path">The private key's file; neither file is ever overwritten.</param>
    /// <param name="key">The pair.</param>
    /// <param name="exists">The fault where either file is there.</param>
    /// <param name="advice">What to do then.</param>
    /// <exception cref="QosValuationException"><paramref name="exists"/>, <c>DiskFull</c>, <c>FileNotWritable</c>.</exception>
    public static void Write(string path, ECAlgorithm key, Fault exists, string advice)
    {
        string full = Path.GetFullPath(path);
        foreach (string file in new[] { full, full + ".pub" })
        {
            if (File.Exists(file))
            {
                throw new QosValuationException(exists, $"'{file}' exists; a key is never overwritten. {advice}", file);
            }
        }

        bool isMade = false;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var writer = new StreamWriter(full, options))
            {
                isMade = true;
                writer.WriteLine(key.ExportPkcs8PrivateKeyPem());
            }

            AtomicFile.Write(full + ".pub", stream =>
            {
                using var writer = new StreamWriter(stream, leaveOpen: true);
                writer.WriteLine(key.ExportSubjectPublicKeyInfoPem());
            });
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (isMade)
            {
                AtomicFile.TryDelete(full);
            }

            throw DiskFaults.Explain(exception, path);
        }
    }

    /// <summary>Reads a key.</summary>
    /// <param name="path">A PEM file: EC PRIVATE KEY, PRIVATE KEY or PUBLIC KEY.</param>
    /// <param name="key">What the key is imported into; disposed of where that fails.</param>
    /// <param name="notFound">The fault where there is no file.</param>
    /// <param name="notReadable">The fault where it cannot be read.</param>
    /// <param name="notValid">The fault where it holds no such key.</param>
    /// <param name="advice">How to make one.</param>
    /// <exception cref="QosValuationException">One of the three.</exception>
    public static void Read(string path, ECAlgorithm key, Fault notFound, Fault notReadable, Fault notValid, string advice)
    {
        try
        {
            key.ImportFromPem(RegularFile.ReadAllText(path));
        }
        catch (Exception exception)
        {
            key.Dispose();
            throw exception switch
            {
                FileNotFoundException or DirectoryNotFoundException =>
                    new QosValuationException(notFound, $"There is no key at '{path}'. {advice}", path, exception),
                IOException or UnauthorizedAccessException =>
                    new QosValuationException(notReadable, $"The key '{path}' cannot be read: {exception.Message}", path, exception),

                // A damaged key ends in many kinds of exception, with the system's library.
                _ => new QosValuationException(
                    notValid, FaultKind.InvalidData, $"'{path}' is not an elliptic-curve key in PEM: {exception.Message}", path, exception),
            };
        }
    }
}
