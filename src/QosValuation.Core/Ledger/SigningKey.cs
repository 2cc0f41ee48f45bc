using System.Security.Cryptography;
using QosValuation.IO;

namespace QosValuation.Ledger;

/// <summary>Reads and makes ECDSA keys on secp256k1 as PEM files.</summary>
public static class SigningKey
{
    /// <summary>Reads a private or public key.</summary>
    /// <param name="path">A PEM file: EC PRIVATE KEY, PRIVATE KEY or PUBLIC KEY.</param>
    /// <returns>The key.</returns>
    /// <exception cref="QosValuationException"><c>SigningKeyNotFound</c>, <c>SigningKeyNotValid</c>.</exception>
    public static ECDsa Load(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new QosValuationException("SigningKeyNotFound", FaultKind.NotFound, $"There is no key at '{path}'.", path, exception);
        }

        ECDsa key = ECDsa.Create();
        try
        {
            key.ImportFromPem(text);
            return key;
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw new QosValuationException("SigningKeyNotValid", FaultKind.InvalidData, $"'{path}' is not an elliptic-curve key in PEM: {exception.Message}", path, exception);
        }
    }

    /// <summary>Makes a key pair: the private key at <paramref name="path"/>, readable by its owner alone, and the public one beside it with the ending <c>.pub</c>.</summary>
    /// <param name="path">The private key's file; never overwritten.</param>
    /// <returns>The key.</returns>
    /// <exception cref="QosValuationException"><c>SigningKeyExists</c>.</exception>
    public static ECDsa Create(string path)
    {
        if (File.Exists(path))
        {
            throw new QosValuationException("SigningKeyExists", FaultKind.InvalidArgument, $"'{path}' exists; a key is never overwritten.", path);
        }

        var key = ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.10"));
        string full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var writer = new StreamWriter(full, options))
        {
            writer.WriteLine(key.ExportPkcs8PrivateKeyPem());
        }

        AtomicFile.Write(full + ".pub", stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true);
            writer.WriteLine(key.ExportSubjectPublicKeyInfoPem());
        });
        return key;
    }
}
