namespace QosValuation.Jobs.Folders;

/// <summary>How far an element of a job is: a shard, or the merge. Its file is replaced whole, so that it names a result only where there is one.</summary>
public sealed record ElementStatus
{
    /// <summary>How far it is.</summary>
    public required JobState State { get; init; }

    /// <summary>The number of the attempt, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>The exit code; null while it is at work.</summary>
    public int? ExitCode { get; init; }

    /// <summary>The machine.</summary>
    public string HostName { get; init; } = string.Empty;

    /// <summary>When the attempt began, in UTC.</summary>
    public DateTime? Started { get; init; }

    /// <summary>When it ended, in UTC.</summary>
    public DateTime? Ended { get; init; }

    /// <summary>What went wrong.</summary>
    public string Message { get; init; } = string.Empty;

    /// <summary>The file of the result, in the element's folder.</summary>
    public string? Result { get; init; }

    /// <summary>The SHA-256 of the result.</summary>
    public string? ResultHash { get; init; }

    /// <summary>The number of objects of the result.</summary>
    public long? Objects { get; init; }

    /// <summary>The number of errors that were written.</summary>
    public int Errors { get; init; }
}
