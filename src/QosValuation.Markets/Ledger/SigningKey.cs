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
        ECDsa key = ECDsa.Create();
        KeyFile.Read(
            path, key, Faults.SigningKeyNotFound, Faults.SigningKeyNotReadable, Faults.SigningKeyNotValid, "Export-DatSettlement -NewKey makes one.");
        return key;
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
        var key = ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.10"));
        try
        {
            KeyFile.Write(path, key, Faults.SigningKeyExists, "Name another file, or leave -NewKey out to sign with the key that is there.");
            return key;
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>Deletes a key pair that <see cref="Create"/> has made and nobody has used; what cannot be deleted stays.</summary>
    /// <param name="path">The private key's file.</param>
    public static void Discard(string path)
    {
        AtomicFile.TryDelete(path);
        AtomicFile.TryDelete(path + ".pub");
    }
}
