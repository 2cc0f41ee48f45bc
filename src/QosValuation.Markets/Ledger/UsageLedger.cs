using System.Globalization;

namespace QosValuation.Markets.Ledger;

/// <summary>Revenue in the ledger: records of the account <c>usage:</c> and its source, whose value is the revenue.</summary>
public static class UsageLedger
{
    /// <summary>Appends revenue.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="source">What earned it; not empty.</param>
    /// <param name="kind">How.</param>
    /// <param name="quantity">The number of calls or licences; at least 0.</param>
    /// <param name="revenue">The revenue; finite and at least 0.</param>
    /// <returns>The record as stored.</returns>
    /// <exception cref="QosValuationException"><c>DatAddressNotValid</c>, <c>DatValueNotValid</c>, <c>DiskFull</c>, <c>DatabaseBusy</c>.</exception>
    public static UsageRecord Add(DatLedger ledger, string source, UsageKind kind, long quantity, double revenue)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        ArgumentOutOfRangeException.ThrowIfNegative(quantity);
        if (string.IsNullOrWhiteSpace(source))
        {
            throw new QosValuationException(Faults.DatAddressNotValid, "Usage needs a source.", source);
        }

        string pointer = string.Create(CultureInfo.InvariantCulture, $"{kind}:{quantity}");
        return Of(ledger.AppendReserved(LedgerAccount.Usage + source, revenue, pointer));
    }

    /// <summary>Reads revenue. O(the ledger's records from <paramref name="first"/> on).</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="first">The first sequence number.</param>
    /// <returns>The usage records in order.</returns>
    /// <exception cref="QosValuationException"><c>DatabaseNotReadable</c>.</exception>
    public static IEnumerable<UsageRecord> Read(DatLedger ledger, long first = 1)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        return ledger.Read(first: first).Where(record => record.Address.StartsWith(LedgerAccount.Usage, StringComparison.Ordinal)).Select(Of);
    }

    private static UsageRecord Of(DatRecord record)
    {
        string[] parts = record.Pointer.Split(':');
        bool isUsage = parts.Length == 2
            & Enum.TryParse(parts[0], out UsageKind kind)
            & long.TryParse(parts[^1], NumberStyles.None, CultureInfo.InvariantCulture, out long quantity);
        return isUsage
            ? new UsageRecord
            {
                Sequence = record.Sequence,
                Source = record.Address[LedgerAccount.Usage.Length..],
                Kind = kind,
                Quantity = quantity,
                Revenue = record.Value,
                Timestamp = record.Timestamp,
                Hash = record.Hash,
            }
            : throw new QosValuationException(
                Faults.DatabaseNotReadable, $"Record {record.Sequence} of the ledger is no usage record: its pointer is '{record.Pointer}'.", record.Sequence);
    }
}
