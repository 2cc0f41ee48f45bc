namespace QosValuation;

// DAT records, settlements and signing keys.
public static partial class Faults
{
    /// <summary>The address of a DAT record is empty or cannot be stored.</summary>
    public static Fault DatAddressNotValid { get; } = Define(
        FaultKind.InvalidArgument,
        "Give an address that is not empty and holds no U+0000 and no lone surrogate.");

    /// <summary>The ledger has no record of the account.</summary>
    public static Fault DatAddressNotFound { get; } = Define(FaultKind.NotFound, "Look at the accounts with Get-DatRecord.");

    /// <summary>The pointer of a DAT record is missing or cannot be stored.</summary>
    public static Fault DatPointerNotValid { get; } = Define(FaultKind.InvalidArgument, "Give a pointer without U+0000 and without a lone surrogate.");

    /// <summary>The value of a DAT record is not a finite number of at least 0.</summary>
    public static Fault DatValueNotValid { get; } = Define(FaultKind.InvalidArgument, "Give a finite number of at least 0.");

    /// <summary>The values of an address add up to more than a number holds.</summary>
    public static Fault DatTotalNotFinite { get; } = Define(FaultKind.InvalidData, "Record values of a smaller unit in a new ledger.");

    /// <summary>A ledger does not verify, so it is not settled.</summary>
    public static Fault LedgerNotValid { get; } = Define(FaultKind.Integrity, "Look at what Test-DatLedger says.");

    /// <summary>The settlement does not exist.</summary>
    public static Fault SettlementNotFound { get; } = Define(FaultKind.NotFound, "Check the path of the settlement.");

    /// <summary>A settlement cannot be read.</summary>
    public static Fault SettlementNotReadable { get; } = Define(FaultKind.InvalidData, "Name the file that Export-DatSettlement wrote.");

    /// <summary>The signing key does not exist.</summary>
    public static Fault SigningKeyNotFound { get; } = Define(FaultKind.NotFound, "Check the path, or make a key with Export-DatSettlement -NewKey.");

    /// <summary>A file of that name exists, and a key is never replaced.</summary>
    public static Fault SigningKeyExists { get; } = Define(FaultKind.InvalidArgument, "Choose another name for the key.");

    /// <summary>The signing key cannot be read.</summary>
    public static Fault SigningKeyNotReadable { get; } = Define(FaultKind.ReadFailed, "Check that the file may be read.");

    /// <summary>The signing key has no private part or is not on the curve secp256k1.</summary>
    public static Fault SigningKeyNotValid { get; } = Define(FaultKind.InvalidArgument, "Give a private key on secp256k1 in PEM.");

    /// <summary>A document cannot be read for sealing, or a sealed one cannot be read.</summary>
    public static Fault SubmissionSourceNotReadable { get; } = Define(FaultKind.ReadFailed, "Check that the file may be read and that nobody writes to it.");

    /// <summary>A file is no sealed submission.</summary>
    public static Fault SubmissionNotReadable { get; } = Define(FaultKind.InvalidData, "Name a file that Protect-DataSubmission wrote.");

    /// <summary>A sealed submission was changed.</summary>
    public static Fault SubmissionNotAuthentic { get; } = Define(FaultKind.Integrity, "Ask the contributor for the sealed file again.");

    /// <summary>No award of a submission is in the ledger.</summary>
    public static Fault SubmissionNotAwarded { get; } = Define(
        FaultKind.NotFound,
        "Write the award first: Add-DatRecord with the contributor as address and the submission's hash as pointer.");

    /// <summary>A submission was sealed for another key.</summary>
    public static Fault SubmissionKeyMismatch { get; } = Define(FaultKind.InvalidArgument, "Give the private key whose public half it was sealed for.");

    /// <summary>The submission key does not exist.</summary>
    public static Fault SubmissionKeyNotFound { get; } = Define(FaultKind.NotFound, "Check the path, or make a key with New-DataSubmissionKey.");

    /// <summary>A file of that name exists, and a key is never replaced.</summary>
    public static Fault SubmissionKeyExists { get; } = Define(FaultKind.InvalidArgument, "Choose another name for the key.");

    /// <summary>The submission key cannot be read or is not on the curve P-256.</summary>
    public static Fault SubmissionKeyNotValid { get; } = Define(FaultKind.InvalidArgument, "Give a key on P-256 in PEM.");

    /// <summary>The ending of a file's name stands for no format of bought documents.</summary>
    public static Fault AwardFormatNotKnown { get; } = Define(
        FaultKind.InvalidArgument,
        "End the name in .jsonl, .csv, .parquet or .tfrecord, or give -Format.");

    /// <summary>No document belongs to a provider that won.</summary>
    public static Fault AwardedDocumentNotFound { get; } = Define(
        FaultKind.NotFound,
        "Give the awards of Invoke-DataAuction, and documents whose Contributor is the name of a winner.");
}
