namespace QosValuation;

/// <summary>What was done to a ledger's record.</summary>
public enum DatLedgerFaultKind
{
    /// <summary>The content does not match the hash.</summary>
    Changed,

    /// <summary>A record is missing.</summary>
    Dropped,

    /// <summary>A record does not follow the one before it.</summary>
    Reordered,

    /// <summary>A record stands where none was appended.</summary>
    Inserted,

    /// <summary>The database file itself is damaged.</summary>
    Damaged,

    /// <summary>A settlement's signature, root or proof does not hold.</summary>
    NotAuthentic,
}

/// <summary>One thing that is wrong with a ledger or a settlement.</summary>
/// <param name="Sequence">The record concerned; 0 where the fault concerns the whole.</param>
/// <param name="Kind">What was done.</param>
/// <param name="Message">The same in words.</param>
public sealed record DatLedgerFault(long Sequence, DatLedgerFaultKind Kind, string Message);

/// <summary>The outcome of checking a ledger or a settlement.</summary>
public sealed record DatLedgerReport
{
    /// <summary>The file that was checked, or the address in PostgreSQL.</summary>
    public required string Path { get; init; }

    /// <summary>Whether nothing is wrong.</summary>
    public required bool IsValid { get; init; }

    /// <summary>The number of records read.</summary>
    public required long Records { get; init; }

    /// <summary>The hash of the last record; 64 zeros for an empty ledger.</summary>
    public required string HeadHash { get; init; }

    /// <summary>Everything that is wrong, in ledger order.</summary>
    public required IReadOnlyList<DatLedgerFault> Faults { get; init; }
}
