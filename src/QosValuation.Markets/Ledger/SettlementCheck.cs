using System.Security.Cryptography;

namespace QosValuation.Markets.Ledger;

/// <summary>Checks one settlement, part by part; what does not hold is collected in the order in which it was found.</summary>
/// <param name="settlement">The summary as it was read.</param>
internal sealed class SettlementCheck(DatSettlement settlement)
{
    private const int MaximumFaults = 1000;

    private readonly List<DatLedgerFault> _faults = [];
    private readonly Dictionary<string, double> _totals = new(StringComparer.Ordinal);
    private readonly MerkleTree _tree = new();
    private readonly byte[] _root = TryHex(settlement.MerkleRoot) ?? [];
    private string _last = DatRecord.Genesis;
    private long _lastSequence;

    /// <summary>What does not hold.</summary>
    public IReadOnlyList<DatLedgerFault> Faults => _faults;

    /// <summary>The records checked so far.</summary>
    public long Records { get; private set; }

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

    /// <summary>Checks the next record's place, hash, predecessor and inclusion proof.</summary>
    /// <param name="entry">The record.</param>
    public void Record(DatSettlementEntry entry)
    {
        Records++;
        bool isReceipt = settlement.Address is not null;
        if (isReceipt ? entry.Sequence <= _lastSequence : entry.Sequence != Records)
        {
            Add(entry.Sequence, isReceipt
                ? $"Record {entry.Sequence} stands behind record {_lastSequence}."
                : $"Record {entry.Sequence} stands at position {Records}.");
        }

        if (isReceipt && entry.Address != settlement.Address)
        {
            Add(entry.Sequence, $"Record {entry.Sequence} belongs to '{entry.Address}', not to the receipt's account '{settlement.Address}'.");
        }

        byte[]? hash = TryHex(entry.Hash) is { Length: SHA256.HashSizeInBytes } bytes ? bytes : null;
        if (hash is null || TryHex(entry.PreviousHash) is not { Length: 32 } || entry.ToRecord().ComputeHash() != entry.Hash)
        {
            Add(entry.Sequence, $"Record {entry.Sequence} was changed: its content does not match its hash.");
        }

        if (!isReceipt && entry.PreviousHash != _last)
        {
            Add(entry.Sequence, $"Record {entry.Sequence} does not follow the record before it.");
        }

        bool needsProof = isReceipt || settlement.Format == DatSettlement.FormerFormat;
        byte[]?[]? proof = entry.Proof is null ? null : [.. entry.Proof.Select(TryHex)];
        if (proof is null
            ? needsProof
            : hash is null || proof.Contains(null) || !MerkleTree.Verify(hash, entry.Sequence - 1, settlement.Count, proof!, _root))
        {
            Add(entry.Sequence, $"The inclusion proof of record {entry.Sequence} does not lead to the root.");
        }

        _tree.Add(hash ?? []);
        _totals[entry.Address] = _totals.GetValueOrDefault(entry.Address) + entry.Value;
        _last = entry.Hash;
        _lastSequence = entry.Sequence;
    }

    /// <summary>Checks what only the end shows: the number of records, the root, the head and the totals.</summary>
    public void Finish()
    {
        if (settlement.Address is { } account)
        {
            if (!settlement.Totals.TryGetValue(account, out double stated) || !_totals.TryGetValue(account, out double sum) || stated != sum)
            {
                Add(0, $"The records of '{account}' do not add up to the total that was signed.");
            }

            return;
        }

        if (Records != settlement.Count)
        {
            Add(0, $"The settlement states {settlement.Count} records and holds {Records}.");
        }

        if (!_tree.Root().AsSpan().SequenceEqual(_root))
        {
            Add(0, "The root is not that of the records.");
        }

        if (_last != settlement.HeadHash)
        {
            Add(0, "The last record is not the head that was signed.");
        }

        if (_totals.Count != settlement.Totals.Count
            || _totals.Any(pair => !settlement.Totals.TryGetValue(pair.Key, out double total) || total != pair.Value))
        {
            Add(0, "The totals are not the sums of the records.");
        }
    }

    private bool IsSignedBy(ECDsa key, byte[] signature) =>
        key.VerifyHash(settlement.Digest(), signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    // A file of a million bad records must not become a report of a million lines.
    private void Add(long sequence, string message)
    {
        if (_faults.Count < MaximumFaults)
        {
            _faults.Add(new DatLedgerFault(sequence, DatLedgerFaultKind.NotAuthentic, message));
        }
        else if (_faults.Count == MaximumFaults)
        {
            _faults.Add(new DatLedgerFault(sequence, DatLedgerFaultKind.NotAuthentic, $"There are more faults than the first {MaximumFaults}."));
        }
    }

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
