using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using QosValuation.Foundation.IO;

namespace QosValuation.Markets.Ledger;

/// <summary>One record of a settlement.</summary>
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

    /// <summary>The audit path from the leaf upwards, in hexadecimal. A settlement of all records needs none; a receipt of one account has them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Proof { get; init; }

    /// <summary>Copies a record.</summary>
    /// <param name="record">The ledger's record.</param>
    /// <returns>The entry, without a proof.</returns>
    internal static DatSettlementEntry Of(DatRecord record) => new()
    {
        Sequence = record.Sequence,
        Address = record.Address,
        Value = record.Value,
        Pointer = record.Pointer,
        Timestamp = DatRecord.ToMicroseconds(record.Timestamp),
        PreviousHash = record.PreviousHash,
        Hash = record.Hash,
    };

    /// <summary>The inverse of <see cref="Of"/>.</summary>
    /// <returns>The record.</returns>
    internal DatRecord ToRecord() => new()
    {
        Sequence = Sequence,
        Address = Address,
        Value = Value,
        Pointer = Pointer,
        Timestamp = DatRecord.FromMicroseconds(Timestamp),
        PreviousHash = PreviousHash,
        Hash = Hash,
    };
}

/// <summary>
/// A signed summary of a ledger that can be checked without it: a Merkle root over all records and the total by account, signed with ECDSA over
/// secp256k1 and SHA-256. In its file the records follow, or those of one account with their inclusion proofs.
/// </summary>
public sealed record DatSettlement
{
    /// <summary>The format this version writes.</summary>
    public const string CurrentFormat = "QosValuation.DatSettlement.v2";

    /// <summary>The format before: every record carried its proof. It is read still.</summary>
    public const string FormerFormat = "QosValuation.DatSettlement.v1";

    /// <summary>How a record is written and read.</summary>
    internal static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false, // of two values of one name a reader might show the other one
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private const int FlushBytes = 1 << 16;

    /// <summary>The format's name and version.</summary>
    public required string Format { get; init; }

    /// <summary>The number of the ledger's records.</summary>
    public required long Count { get; init; }

    /// <summary>The hash of the last record.</summary>
    public required string HeadHash { get; init; }

    /// <summary>The Merkle root (RFC 6962, SHA-256) over the records' hashes, in hexadecimal.</summary>
    public required string MerkleRoot { get; init; }

    /// <summary>Σ v for each account.</summary>
    public required IReadOnlyDictionary<string, double> Totals { get; init; }

    /// <summary>The signer's public key (SubjectPublicKeyInfo, Base64).</summary>
    public required string PublicKey { get; init; }

    /// <summary>
    /// ECDSA over secp256k1 with SHA-256 (IEEE P1363 form, Base64), of the canonical summary. Of the two signatures (r, s) and
    /// (r, n − s) that ECDSA knows for one message only the one with the smaller s is written and accepted (as in BIP 62), so
    /// that nobody can turn a signed file into another one.
    /// </summary>
    public required string Signature { get; init; }

    /// <summary>In a receipt, the account whose records the file holds; null where it holds all of them.</summary>
    public string? Address { get; init; }

    /// <summary>
    /// Settles a ledger: summarises and signs it, and writes the summary and the records. The records are read twice and never held: O(n) time,
    /// memory O(accounts), and 64 bytes a record where <paramref name="address"/> asks for proofs. The file appears whole or not at all.
    /// </summary>
    /// <param name="path">The file to write.</param>
    /// <param name="records">Reads the ledger's records in order, verified; called twice.</param>
    /// <param name="key">A private key on secp256k1.</param>
    /// <param name="address">Writes a receipt for this account: its records alone, each with its proof. Null writes all records.</param>
    /// <param name="cancellationToken">Stops the work; nothing is written then.</param>
    /// <returns>The summary.</returns>
    /// <exception cref="QosValuationException">
    /// <c>SigningKeyNotValid</c>: the key is on another curve or lacks its private part. <c>DatTotalNotFinite</c>: an account's
    /// values add up to more than a number holds. <c>DatAddressNotFound</c>: the ledger has no record of the account.
    /// <c>LedgerNotValid</c>: the records changed in between. <c>DiskFull</c>, <c>FileNotWritable</c>.
    /// </exception>
    public static DatSettlement Write(
        string path, Func<IEnumerable<DatRecord>> records, ECDsa key, string? address = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        ArgumentNullException.ThrowIfNull(key);
        RequireCurve(key, "the signing key");
        var tree = new MerkleTree(keepsNodes: address is not null);
        DatSettlement settlement = Summarise(records(), tree, key, cancellationToken) with { Address = address };
        if (address is not null && !settlement.Totals.ContainsKey(address))
        {
            throw new QosValuationException(Faults.DatAddressNotFound, $"The ledger has no record of '{address}'.", address);
        }

        try
        {
            AtomicFile.Write(path, stream => settlement.Save(stream, records(), tree, cancellationToken));
            return settlement;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiskFaults.Explain(exception, path);
        }
    }

    /// <summary>
    /// Checks everything that can be checked offline: the signature, each record's hash, the chain, the root or each inclusion proof, the head and
    /// the totals. The records are read one at a time: O(n) time, O(n log n) with proofs, memory O(accounts).
    /// </summary>
    /// <param name="path">A file that <see cref="Write"/> made.</param>
    /// <param name="trustedKey">The signer's public key known from elsewhere; null accepts the key in the file, which proves
    /// integrity but not who signed.</param>
    /// <param name="cancellationToken">Stops the walk.</param>
    /// <returns>The report.</returns>
    /// <exception cref="QosValuationException"><c>SettlementNotFound</c>, <c>SettlementNotReadable</c>.</exception>
    public static DatLedgerReport Verify(string path, ECDsa? trustedKey = null, CancellationToken cancellationToken = default)
    {
        using SettlementReader reader = SettlementReader.Open(path, out DatSettlement summary);
        var check = new SettlementCheck(summary);
        check.Signature(trustedKey);
        foreach (DatSettlementEntry entry in reader.Records())
        {
            cancellationToken.ThrowIfCancellationRequested();
            check.Record(entry);
        }

        check.Finish();
        return new DatLedgerReport
        {
            Path = path,
            IsValid = check.Faults.Count == 0,
            Records = check.Records,
            HeadHash = summary.HeadHash,
            Faults = check.Faults,
        };
    }

    /// <summary>The SHA-256 hash that is signed: over format, count, head and root, then each total, with lengths so that the encoding is injective.</summary>
    /// <returns>32 bytes.</returns>
    internal byte[] Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Canonical(hash.AppendData);
        return hash.GetHashAndReset();
    }

    /// <summary>Writes the canonical summary, which is what is signed.</summary>
    /// <param name="append">Takes the next bytes.</param>
    internal void Canonical(Appender append)
    {
        Span<byte> number = stackalloc byte[8];
        Text(append, Format);
        BinaryPrimitives.WriteInt64BigEndian(number, Count);
        append(number);
        Text(append, HeadHash);
        Text(append, MerkleRoot);
        foreach (KeyValuePair<string, double> pair in Totals.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            Text(append, pair.Key);
            BinaryPrimitives.WriteDoubleBigEndian(number, pair.Value);
            append(number);
        }
    }

    /// <summary>Takes bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    internal delegate void Appender(ReadOnlySpan<byte> bytes);

    private static DatSettlement Summarise(IEnumerable<DatRecord> records, MerkleTree tree, ECDsa key, CancellationToken cancellationToken)
    {
        var totals = new Dictionary<string, double>(StringComparer.Ordinal);
        string head = DatRecord.Genesis;
        foreach (DatRecord record in records)
        {
            cancellationToken.ThrowIfCancellationRequested();
            tree.Add(Convert.FromHexString(record.Hash));
            totals[record.Address] = totals.GetValueOrDefault(record.Address) + record.Value;
            head = record.Hash;
        }

        foreach ((string account, double total) in totals)
        {
            if (!double.IsFinite(total))
            {
                throw new QosValuationException(
                    Faults.DatTotalNotFinite,
                    $"The values of '{account}' add up to more than a 64-bit number holds, so that there is no total to sign: "
                    + "record values of a smaller unit in a new ledger.",
                    account);
            }
        }

        var settlement = new DatSettlement
        {
            Format = CurrentFormat,
            Count = tree.Count,
            HeadHash = head,
            MerkleRoot = Convert.ToHexStringLower(tree.Root()),
            Totals = totals,
            PublicKey = Convert.ToBase64String(key.ExportSubjectPublicKeyInfo()),
            Signature = string.Empty,
        };
        try
        {
            byte[] signature = key.SignHash(settlement.Digest(), DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
            return settlement with { Signature = Convert.ToBase64String(SigningKey.WithSmallerS(signature)) };
        }
        catch (CryptographicException exception)
        {
            throw new QosValuationException(Faults.SigningKeyNotValid, "The signing key has no private part: " + exception.Message, null, exception);
        }
    }

    private static void Text(Appender append, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
        append(length);
        append(bytes);
    }

    private void Save(Stream stream, IEnumerable<DatRecord> records, MerkleTree tree, CancellationToken cancellationToken)
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = Json.Encoder });
        json.WriteStartObject();
        json.WriteString("format", Format);
        json.WriteNumber("count", Count);
        json.WriteString("headHash", HeadHash);
        json.WriteString("merkleRoot", MerkleRoot);
        json.WriteStartObject("totals");
        foreach ((string account, double total) in Totals.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            json.WriteNumber(account, total);
            Flush(json);
        }

        json.WriteEndObject();
        json.WriteString("publicKey", PublicKey);
        json.WriteString("signature", Signature);
        if (Address is not null)
        {
            json.WriteString("address", Address);
        }

        json.WriteStartArray("records");
        var written = new MerkleTree();
        foreach (DatRecord record in records)
        {
            cancellationToken.ThrowIfCancellationRequested();
            written.Add(Convert.FromHexString(record.Hash));
            if (Address is null)
            {
                JsonSerializer.Serialize(json, DatSettlementEntry.Of(record), Json);
            }
            else if (record.Address == Address)
            {
                IReadOnlyList<string> proof = [.. tree.Proof(written.Count - 1).Select(Convert.ToHexStringLower)];
                JsonSerializer.Serialize(json, DatSettlementEntry.Of(record) with { Proof = proof }, Json);
            }

            Flush(json);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        if (Convert.ToHexStringLower(written.Root()) != MerkleRoot)
        {
            throw new QosValuationException(Faults.LedgerNotValid, "The ledger was changed while it was settled; nothing was written. See Test-DatLedger.");
        }
    }

    private static void Flush(Utf8JsonWriter json)
    {
        if (json.BytesPending >= FlushBytes)
        {
            json.Flush();
        }
    }

    /// <summary>Refuses a key on another curve than secp256k1.</summary>
    /// <param name="key">The key.</param>
    /// <param name="name">What the key is, for the message.</param>
    /// <exception cref="QosValuationException"><c>SigningKeyNotValid</c>.</exception>
    internal static void RequireCurve(ECDsa key, string name)
    {
        // secp256k1's object identifier, and its friendly name where a platform gives no identifier.
        // A curve that is given by its numbers has neither.
        Oid? curve = key.ExportParameters(includePrivateParameters: false).Curve.Oid;
        if (curve?.Value != "1.3.132.0.10" && !string.Equals(curve?.FriendlyName, "secP256k1", StringComparison.OrdinalIgnoreCase))
        {
            string other = curve?.FriendlyName ?? curve?.Value ?? "a curve of its own";
            throw new QosValuationException(Faults.SigningKeyNotValid, $"{name} is not on the curve secp256k1 but on {other}.", curve?.Value);
        }
    }
}
