namespace QosValuation;

/// <summary>A document that was sealed for a market: encrypted, and bound to its contributor and to its hash.</summary>
public sealed record DataSubmission
{
    /// <summary>The sealed file.</summary>
    public required string Path { get; init; }

    /// <summary>Whose document it is.</summary>
    public required string Contributor { get; init; }

    /// <summary>The document's name.</summary>
    public required string FileName { get; init; }

    /// <summary>The document's length in bytes.</summary>
    public required long Length { get; init; }

    /// <summary>SHA-256 of the document, in lower-case hexadecimal: what Get-FileHash says of it, and the pointer of its award in the ledger.</summary>
    public required string Hash { get; init; }

    /// <summary>SHA-256 of the public key for which it was sealed, in lower-case hexadecimal.</summary>
    public required string Recipient { get; init; }
}

/// <summary>A document that was released on its award.</summary>
public sealed record DataDelivery
{
    /// <summary>The document that was written.</summary>
    public required string Path { get; init; }

    /// <summary>Whose document it is.</summary>
    public required string Contributor { get; init; }

    /// <summary>SHA-256 of the document, in lower-case hexadecimal: equal to the one that was sealed and awarded.</summary>
    public required string Hash { get; init; }

    /// <summary>The length in bytes.</summary>
    public required long Length { get; init; }

    /// <summary>The sequence of the award in the ledger.</summary>
    public required long AwardSequence { get; init; }

    /// <summary>The sequence of the record of this release.</summary>
    public required long ReleaseSequence { get; init; }
}
