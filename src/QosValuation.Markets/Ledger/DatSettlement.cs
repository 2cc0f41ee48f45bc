using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using QosValuation.Foundation.IO;

namespace QosValuation.Markets.Ledger;

/// <summary>One record of a settlement, with the proof that it stands under the root.</summary>
public sealed record DatSettlementEntry
{
    /// <summary>The record's position in the ledger.</summary>
    public required long Sequence { get; init; }

    /// <summary>The account.</summary>
    public required string Address { get; init; }

    /// <summary>The data value.</summary>
    public required double Value { get; init; }

    /// <summary>The pointer ρ.</summary>
    public required string Pointer { get; init; }

    /// <summary>When the record was added, in microseconds since 1970-01-01 UTC.</summary>
    public required long Timestamp { get; init; }

    /// <summary>The hash of the record before.</summary>
    public required string PreviousHash { get; init; }

    /// <summary>The record's hash: the Merkle leaf.</summary>
    public required string Hash { get; init; }

    /// <summary>The audit path from the leaf upwards, in hexadecimal.</summary>
    public required IReadOnlyList<string> Proof { get; init; }
}

/// <summary>
/// A signed summary of a ledger that can be checked without it: a Merkle root over all records, each record's inclusion
/// proof, and the total by account, signed with ECDSA over secp256k1 and SHA-256.
/// </summary>
public sealed record DatSettlement
{
    /// <summary>The format this version writes.</summary>
    public const string CurrentFormat = "QosValuation.DatSettlement.v1";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false, // of two totals of one account a reader might show the other one
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The format's name and version.</summary>
    public required string Format { get; init; }

    /// <summary>The number of records.</summary>
    public required long Count { get; init; }

    /// <summary>The hash of the last record.</summary>
    public required string HeadHash { get; init; }

    /// <summary>The Merkle root (RFC 6962, SHA-256) over the records' hashes, in hexadecimal.</summary>
    public required string MerkleRoot { get; init; }

    /// <summary>Σ v for each account, in ordinal order of the accounts.</summary>
    public required IReadOnlyDictionary<string, double> Totals { get; init; }

    /// <summary>The signer's public key (SubjectPublicKeyInfo, Base64).</summary>
    public required string PublicKey { get; init; }

    /// <summary>
    /// ECDSA over secp256k1 with SHA-256 (IEEE P1363 form, Base64), of the canonical summary. Of the two signatures (r, s) and
    /// (r, n − s) that ECDSA knows for one message only the one with the smaller s is written and accepted (as in BIP 62), so
    /// that nobody can turn a signed file into another one.
    /// </summary>
    public required string Signature { get; init; }

    /// <summary>The records with their proofs.</summary>
    public required IReadOnlyList<DatSettlementEntry> Records { get; init; }

    /// <summary>Makes a settlement of all records and signs it.</summary>
    /// <param name="records">The ledger's records in order, verified.</param>
    /// <param name="key">A private key on secp256k1.</param>
    /// <returns>The settlement.</returns>
    /// <exception cref="QosValuationException">
    /// <c>SigningKeyNotValid</c>: the key is on another curve or lacks its private part. <c>DatTotalNotFinite</c>: an account's
    /// values add up to more than a number holds.
    /// </exception>
    public static DatSettlement Create(IEnumerable<DatRecord> records, ECDsa key)
    {
        ArgumentNullException.ThrowIfNull(key);
        DatRecord[] all = [.. records];
        RequireCurve(key, "the signing key");
        SortedDictionary<string, double> totals = TotalsOf(all.Select(record => (record.Address, record.Value)));
        foreach ((string address, double total) in totals)
        {
            if (!double.IsFinite(total))
            {
                throw new QosValuationException(
                    Faults.DatTotalNotFinite,
                    $"The values of '{address}' add up to more than a 64-bit number holds, so that there is no total to sign: "
                    + "record values of a smaller unit in a new ledger.",
                    address);
            }
        }

        (byte[] root, IReadOnlyList<byte[]>[] proofs) = MerkleTree.Build([.. all.Select(record => Convert.FromHexString(record.Hash))]);
        var settlement = new DatSettlement
        {
            Format = CurrentFormat,
            Count = all.Length,
            HeadHash = all.Length == 0 ? DatRecord.Genesis : all[^1].Hash,
            MerkleRoot = Convert.ToHexStringLower(root),
            Totals = totals,
            PublicKey = Convert.ToBase64String(key.ExportSubjectPublicKeyInfo()),
            Signature = string.Empty,
            Records =
            [
                .. all.Select((record, i) => new DatSettlementEntry
                {
                    Sequence = record.Sequence,
                    Address = record.Address,
                    Value = record.Value,
                    Pointer = record.Pointer,
                    Timestamp = DatRecord.ToMicroseconds(record.Timestamp),
                    PreviousHash = record.PreviousHash,
                    Hash = record.Hash,
                    Proof = [.. proofs[i].Select(Convert.ToHexStringLower)],
                }),
            ],
        };
        try
        {
            byte[] signature = key.SignData(settlement.Canonical(), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
            return settlement with { Signature = Convert.ToBase64String(SigningKey.WithSmallerS(signature)) };
        }
        catch (CryptographicException exception)
        {
            throw new QosValuationException(Faults.SigningKeyNotValid, "The signing key has no private part: " + exception.Message, null, exception);
        }
    }

    /// <summary>Reads a settlement file.</summary>
    /// <param name="path">A JSON file that <see cref="Save"/> wrote.</param>
    /// <returns>The settlement, unverified.</returns>
    /// <exception cref="QosValuationException"><c>SettlementNotFound</c>, <c>SettlementNotReadable</c>.</exception>
    public static DatSettlement Load(string path)
    {
        try
        {
            using FileStream stream = RegularFile.OpenRead(path);
            DatSettlement? settlement = JsonSerializer.Deserialize<DatSettlement>(stream, Json);
            return settlement is { Format: CurrentFormat, Records: not null, Totals: not null }
                && settlement.Records.All(entry => entry is { Proof: not null, Address: not null, Pointer: not null })
                ? settlement
                : throw new QosValuationException(Faults.SettlementNotReadable, $"'{path}' is not a settlement of the format {CurrentFormat}.", path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new QosValuationException(Faults.SettlementNotFound, $"There is no settlement at '{path}'.", path, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(
                Faults.SettlementNotReadable,
                FaultKind.ReadFailed,
                $"The settlement '{path}' cannot be read: {exception.Message} Name the file that Export-DatSettlement wrote.",
                path,
                exception);
        }
        catch (Exception exception) when (exception is JsonException or DecoderFallbackException)
        {
            throw new QosValuationException(Faults.SettlementNotReadable, $"'{path}' is not a settlement: {exception.Message}", path, exception);
        }
    }

    /// <summary>Writes the settlement as JSON; the file appears whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="QosValuationException"><c>DiskFull</c>, <c>FileNotWritable</c>.</exception>
    public void Save(string path)
    {
        try
        {
            AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, this, Json));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiskFaults.Explain(exception, path);
        }
    }

    /// <summary>
    /// Checks everything that can be checked offline: the signature, each record's hash, the chain, each inclusion proof,
    /// the root, the head and the totals. O(n log n).
    /// </summary>
    /// <param name="path">The file's name, for the report.</param>
    /// <param name="trustedKey">The signer's public key known from elsewhere; null accepts the key in the file, which proves
    /// integrity but not who signed.</param>
    /// <returns>The report.</returns>
    public DatLedgerReport Verify(string path, ECDsa? trustedKey = null)
    {
        var check = new SettlementCheck(this);
        check.Signature(trustedKey);
        check.Records();
        check.Head();
        check.Totals();
        return new DatLedgerReport { Path = path, IsValid = check.Faults.Count == 0, Records = Records.Count, HeadHash = HeadHash, Faults = check.Faults };
    }

    /// <summary>The bytes that are signed: format, count, head and root, then each total, with lengths so that the encoding is injective.</summary>
    /// <returns>The canonical summary.</returns>
    internal byte[] Canonical()
    {
        using var buffer = new MemoryStream();
        Span<byte> number = stackalloc byte[8];
        void Text(string text)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            Span<byte> length = stackalloc byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
            buffer.Write(length);
            buffer.Write(bytes);
        }

        Text(Format);
        BinaryPrimitives.WriteInt64BigEndian(number, Count);
        buffer.Write(number);
        Text(HeadHash);
        Text(MerkleRoot);
        foreach (KeyValuePair<string, double> pair in Totals.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            Text(pair.Key);
            BinaryPrimitives.WriteDoubleBigEndian(number, pair.Value);
            buffer.Write(number);
        }

        return buffer.ToArray();
    }

    /// <summary>Adds up the values of each account, in the order of the records.</summary>
    /// <param name="records">The records.</param>
    /// <returns>The totals, in ordinal order of the accounts.</returns>
    internal static SortedDictionary<string, double> TotalsOf(IEnumerable<(string Address, double Value)> records)
    {
        var totals = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach ((string address, double value) in records)
        {
            totals[address] = totals.GetValueOrDefault(address) + value;
        }

        return totals;
    }

    /// <summary>Refuses a key on another curve than secp256k1.</summary>
    /// <param name="key">The key.</param>
    /// <param name="name">What the key is, for the message.</param>
    /// <exception cref="QosValuationException"><c>SigningKeyNotValid</c>.</exception>
    internal static void RequireCurve(ECDsa key, string name)
    {
        // secp256k1's object identifier, and its friendly name where a platform gives no identifier.
        // A curve that is spelt out has none of its own.
        Oid? curve = key.ExportParameters(includePrivateParameters: false).Curve.Oid;
        if (curve?.Value != "1.3.132.0.10" && !string.Equals(curve?.FriendlyName, "secP256k1", StringComparison.OrdinalIgnoreCase))
        {
            throw new QosValuationException(
                Faults.SigningKeyNotValid,
                $"{name} is not on the curve secp256k1 but on {curve?.FriendlyName ?? curve?.Value ?? "one of its own"}.", curve?.Value);
        }
    }
}
