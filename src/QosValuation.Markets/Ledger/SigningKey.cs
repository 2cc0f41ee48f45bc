using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using QosValuation.Foundation.IO;

namespace QosValuation.Markets.Ledger;

/// <summary>Reads and makes ECDSA keys on secp256k1 as PEM files.</summary>
public static class SigningKey
{
    /// <summary>The order n of secp256k1's group (SEC 2, section 2.4.1).</summary>
    private static readonly BigInteger Order = BigInteger.Parse(
        "0FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>Of the two signatures (r, s) and (r, n − s), which hold for the same message, the one with the smaller s.</summary>
    /// <param name="signature">r and s, 32 bytes each, big-endian.</param>
    /// <returns>The same bytes, or those of the other signature.</returns>
    public static byte[] WithSmallerS(byte[] signature)
    {
        ArgumentNullException.ThrowIfNull(signature);
        byte[] result = (byte[])signature.Clone();
        var s = new BigInteger(signature.AsSpan(signature.Length / 2), isUnsigned: true, isBigEndian: true);
        if (s > Order / 2)
        {
            Span<byte> half = result.AsSpan(signature.Length / 2);
            half.Clear();
            byte[] other = (Order - s).ToByteArray(isUnsigned: true, isBigEndian: true);
            other.CopyTo(half[^other.Length..]);
        }

        return result;
    }

    /// <summary>Reads a private or public key.</summary>
    /// <param name="path">A PEM file: EC PRIVATE KEY, PRIVATE KEY or PUBLIC KEY.</param>
    /// <returns>The key.</returns>
    /// <exception cref="QosValuationException"><c>SigningKeyNotFound</c>, <c>SigningKeyNotReadable</c>, <c>SigningKeyNotValid</c>.</exception>
    public static ECDsa Load(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new QosValuationException(
                Faults.SigningKeyNotFound, $"There is no key at '{path}'. Export-DatSettlement -NewKey makes one.", path, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(Faults.SigningKeyNotReadable, $"The key '{path}' cannot be read: {exception.Message}", path, exception);
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
            throw new QosValuationException(
                Faults.SigningKeyNotValid, FaultKind.InvalidData, $"'{path}' is not an elliptic-curve key in PEM: {exception.Message}", path, exception);
        }
    }

    /// <summary>
    /// Makes a key pair: the private key at <paramref name="path"/>, readable by its owner alone, and the public one beside it
    /// with the ending <c>.pub</c>.
    /// </summary>
    /// <param name="path">The private key's file; never overwritten.</param>
    /// <returns>The key.</returns>
    /// <exception cref="QosValuationException"><c>SigningKeyExists</c>: either file is there. <c>DiskFull</c>, <c>FileNotWritable</c>.</exception>
    public static ECDsa Create(string path)
    {
        string full = Path.GetFullPath(path);
        foreach (string file in new[] { full, full + ".pub" })
        {
            if (File.Exists(file))
            {
                throw new QosValuationException(
                    Faults.SigningKeyExists,
                    $"'{file}' exists; a key is never overwritten. Name another file, or leave -NewKey out to sign with the key that is there.",
                    file);
            }
        }

        bool madeFile = false;
        var key = ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.10"));
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
                madeFile = true;
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
            key.Dispose();
            if (madeFile)
            {
                Discard(full);
            }

            throw DiskFaults.Explain(exception, path);
        }

        return key;
    }

    /// <summary>Deletes a key pair that <see cref="Create"/> has made and nobody has used; what cannot be deleted stays.</summary>
    /// <param name="path">The private key's file.</param>
    public static void Discard(string path)
    {
        AtomicFile.TryDelete(path);
        AtomicFile.TryDelete(path + ".pub");
    }
}
