namespace QosValuation;

/// <summary>What was done to a budget.</summary>
public enum PrivacyBudgetFaultKind
{
    /// <summary>The terms, a release or its charges are not those that were written.</summary>
    Changed,

    /// <summary>Releases or charges are missing.</summary>
    Dropped,

    /// <summary>A release or a charge stands where none was written.</summary>
    Inserted,

    /// <summary>What is noted as spent is not the sum of the charges.</summary>
    Miscounted,

    /// <summary>The database file itself is damaged.</summary>
    Damaged,
}

/// <summary>One thing that is wrong with a budget.</summary>
/// <param name="Release">The release concerned; 0 where the fault concerns the whole.</param>
/// <param name="Kind">What was done.</param>
/// <param name="Message">The same in words.</param>
public sealed record PrivacyBudgetFault(long Release, PrivacyBudgetFaultKind Kind, string Message);

/// <summary>The outcome of checking a budget's file.</summary>
public sealed record PrivacyBudgetReport
{
    /// <summary>The file that was checked, or the address in PostgreSQL.</summary>
    public required string Path { get; init; }

    /// <summary>Whether nothing is wrong.</summary>
    public required bool IsValid { get; init; }

    /// <summary>
    /// Whether the charges are chained by hashes. False for a file from before there was a chain, which gets one when it is next charged or
    /// read where it may be written to; its sums are checked all the same.
    /// </summary>
    public required bool IsChained { get; init; }

    /// <summary>The number of releases read.</summary>
    public required long Releases { get; init; }

    /// <summary>The number of charges read: one for each contributor of each release.</summary>
    public required long Charges { get; init; }

    /// <summary>The number of contributors that were charged.</summary>
    public required int Contributors { get; init; }

    /// <summary>The hash of the last release, which stands for all before it and for the terms; empty without a chain.</summary>
    public required string HeadHash { get; init; }

    /// <summary>Everything that is wrong, in order of the releases.</summary>
    public required IReadOnlyList<PrivacyBudgetFault> Faults { get; init; }
}
