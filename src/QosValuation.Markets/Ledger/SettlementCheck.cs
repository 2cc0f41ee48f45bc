using System.Security.Cryptography;

namespace QosValuation.Markets.Ledger;

/// <summary>Checks one settlement, part by part; what does not hold is collected in the order in which it was found. O(n log n).</summary>
/// <param name="settlement">The settlement as it was read.</param>
internal sealed class SettlementCheck(DatSettlement settlement)
{
    private readonly List<DatLedgerFault> _faults = [];

    /// <summary>What does not hold.</summary>
    public IReadOnlyList<DatLedgerFault> Faults => _faults;

    /// <summary>Checks the key and the signature of the summary.</summary>
    /// <param name="trustedKey">The signer's public key known from elsewhere; null accepts the key in the file.</param>
    public void Signature(ECDsa? trustedKey)
    {
        try
        {
            byte[] publicKey = FromBase64(settlement.PublicKey);
            using ECDsa own = ECDsa.Create();
            own.ImportSubjectPublicKeyInfo(publicKey, out int used);
            DatSettlement.RequireCurve(own, "the settlement's key");
            if (trustedKey is not null && !own.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(trustedKey.ExportSubjectPublicKeyInfo()))
            {
                Add(0, "The settlement was signed by another key than the trusted one.");
            }

            byte[] signature = FromBase64(settlement.Signature);
            if (used != publicKey.Length || !IsSignedBy(trustedKey ?? own, signature))
            {
                Add(0, "The signature does not match the summary.");
            }
            else if (!SigningKey.WithSmallerS(signature).AsSpan().SequenceEqual(signature))
            {
                Add(0, "The signature was changed into the other one of the same message: its second half is not the smaller of the two.");
            }
        }
        catch (Exception exception) when (exception
            is CryptographicException or FormatException or QosValuationException or ArgumentException or PlatformNotSupportedException)
        {
            Add(0, "The signature cannot be checked: " + exception.Message);
        }
    }

    /// <summary>Checks the number of records, and each record's place, hash, predecessor and inclusion proof.</summary>
    public void Records()
    {
        byte[] root = TryHex(settlement.MerkleRoot) ?? [];
        if (settlement.Records.Count != settlement.Count)
        {
            Add(0, $"The settlement states {settlement.Count} records and holds {settlement.Records.Count}.");
        }

        for (int i = 0; i < settlement.Records.Count; i++)
        {
            Record(i, root);
        }

        if (settlement.Records.Count == 0 && !root.AsSpan().SequenceEqual(SHA256.HashData([])))
        {
            Add(0, "The root is not that of an empty ledger.");
        }
    }

    /// <summary>Checks that the last record is the head.</summary>
    public void Head()
    {
        if (HashBefore(settlement.Records.Count) != settlement.HeadHash)
        {
            Add(0, "The last record is not the head that was signed.");
        }
    }

    /// <summary>Checks that the totals are the sums of the records.</summary>
    public void Totals()
    {
        SortedDictionary<string, double> totals = DatSettlement.TotalsOf(settlement.Records.Select(entry => (entry.Address, entry.Value)));
        if (totals.Count != settlement.Totals.Count
            || totals.Any(pair => !settlement.Totals.TryGetValue(pair.Key, out double total) || total != pair.Value))
        {
            Add(0, "The totals are not the sums of the records.");
        }
    }

    private void Record(int index, byte[] root)
    {
        DatSettlementEntry entry = settlement.Records[index];
        if (entry.Sequence != index + 1)
        {
            Add(entry.Sequence, $"Record {entry.Sequence} stands at position {index + 1}.");
        }

        if (TryHex(entry.PreviousHash) is not { Length: 32 } || ToRecord(entry).ComputeHash() != entry.Hash)
        {
            Add(entry.Sequence, $"Record {entry.Sequence} was changed: its content does not match its hash.");
        }

        if (entry.PreviousHash != HashBefore(index))
        {
            Add(entry.Sequence, $"Record {entry.Sequence} does not follow the record before it.");
        }

        byte[]?[] proof = [.. entry.Proof.Select(TryHex)];
        if (TryHex(entry.Hash) is not { } leaf || proof.Contains(null) || !MerkleTree.Verify(leaf, index, settlement.Count, proof!, root))
        {
            Add(entry.Sequence, $"The inclusion proof of record {entry.Sequence} does not lead to the root.");
        }
    }

    private bool IsSignedBy(ECDsa key, byte[] signature) =>
        key.VerifyData(settlement.Canonical(), signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    private string HashBefore(int index) => index == 0 ? DatRecord.Genesis : settlement.Records[index - 1].Hash;

    private void Add(long sequence, string message) => _faults.Add(new DatLedgerFault(sequence, DatLedgerFaultKind.NotAuthentic, message));

    private static DatRecord ToRecord(DatSettlementEntry entry) => new()
    {
        Sequence = entry.Sequence,
        Address = entry.Address,
        Value = entry.Value,
        Pointer = entry.Pointer,
        Timestamp = DatRecord.FromMicroseconds(entry.Timestamp),
        PreviousHash = entry.PreviousHash,
        Hash = entry.Hash,
    };

    /// <summary>Decodes Base64 in its one spelling: no spaces, no stray bits.</summary>
    private static byte[] FromBase64(string text)
    {
        byte[] bytes = Convert.FromBase64String(text);
        return Convert.ToBase64String(bytes) == text ? bytes : throw new FormatException("It is not in plain Base64.");
    }

    private static byte[]? TryHex(string? text)
    {
        try
        {
            return text is null || text.Any(char.IsAsciiLetterUpper) ? null : Convert.FromHexString(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
