namespace QosValuation;

/// <summary>What kind of mistake a <see cref="QosValuationException"/> reports; a host maps it to its own categories.</summary>
public enum FaultKind
{
    /// <summary>An argument lies outside its documented range, or arguments contradict each other.</summary>
    InvalidArgument,

    /// <summary>A file or record was found but its content cannot be used.</summary>
    InvalidData,

    /// <summary>A file, model, column or key that was named does not exist.</summary>
    NotFound,

    /// <summary>A resource (disk, memory, privacy budget) is exhausted.</summary>
    LimitReached,

    /// <summary>A download or another remote call failed.</summary>
    Connection,

    /// <summary>A digest, signature or chain does not match.</summary>
    Integrity,

    /// <summary>The request is understood but not supported for this input.</summary>
    NotSupported,

    /// <summary>A file or folder exists and the operating system did not let it be read.</summary>
    ReadFailed,

    /// <summary>The operating system did not let a file or folder be written.</summary>
    WriteFailed,
}
