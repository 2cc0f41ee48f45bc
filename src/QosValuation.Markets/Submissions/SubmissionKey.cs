using System.Security.Cryptography;
using QosValuation.Markets.Ledger;

namespace QosValuation.Markets.Submissions;

/// <summary>Keys for which submissions are sealed: ECDH on P-256, in PEM files.</summary>
public static class SubmissionKey
{
    private const string Advice = "New-DataSubmissionKey makes one.";

    /// <summary>Makes a key pair: the private key at <paramref name="path"/>, the public one beside it with the ending <c>.pub</c>.</summary>
    /// <param name="path">The private key's file; never overwritten.</param>
    /// <exception cref="QosValuationException"><c>SubmissionKeyExists</c>, <c>DiskFull</c>, <c>FileNotWritable</c>.</exception>
    public static void Create(string path)
    {
        using var key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        KeyFile.Write(path, key, Faults.SubmissionKeyExists, "Name another file.");
    }

    /// <summary>Reads a private or public key.</summary>
    /// <param name="path">A PEM file.</param>
    /// <returns>The key.</returns>
    /// <exception cref="QosValuationException"><c>SubmissionKeyNotFound</c>, <c>SubmissionKeyNotValid</c>.</exception>
    public static ECDiffieHellman Load(string path)
    {
        var key = ECDiffieHellman.Create();
        KeyFile.Read(path, key, Faults.SubmissionKeyNotFound, Faults.SubmissionKeyNotValid, Faults.SubmissionKeyNotValid, Advice);

        // P-256's object identifier, and its friendly name where a platform gives no identifier.
        Oid curve = key.ExportParameters(includePrivateParameters: false).Curve.Oid;
        if (curve?.Value != "1.2.840.10045.3.1.7" && curve?.FriendlyName is not ("nistP256" or "ECDSA_P256" or "ECDH_P256"))
        {
            key.Dispose();
            throw new QosValuationException(
                Faults.SubmissionKeyNotValid,
                $"The key '{path}' is not on the curve P-256 but on {curve?.FriendlyName ?? curve?.Value ?? "one of its own"}. {Advice} "
                + "The key of Export-DatSettlement signs and does not encrypt.",
                path);
        }

        return key;
    }
}
