namespace QosValuation;

/// <summary>One shard of a job.</summary>
public sealed record QosJobShard
{
    /// <summary>Which shard: i/n; <c>merge</c> for the merge.</summary>
    public required string Shard { get; init; }

    /// <summary>How far it is.</summary>
    public required JobState State { get; init; }

    /// <summary>How often it was begun.</summary>
    public required int Attempts { get; init; }

    /// <summary>The exit code of its last attempt; null while none has ended. 128 + n: ended by signal n.</summary>
    public required int? ExitCode { get; init; }

    /// <summary>The machine of its last attempt; empty before the first.</summary>
    public required string HostName { get; init; }

    /// <summary>When its last attempt began, in UTC; null before the first.</summary>
    public required DateTime? Started { get; init; }

    /// <summary>When its last attempt ended, in UTC; null while it has not.</summary>
    public required DateTime? Ended { get; init; }

    /// <summary>What went wrong in its last attempt; empty where nothing did.</summary>
    public required string Message { get; init; }

    /// <summary>The number of objects of its result; null where it has none.</summary>
    public required long? Objects { get; init; }

    /// <summary>The number of errors that it wrote although it went on; they stand in its log.</summary>
    public required int Errors { get; init; }

    /// <summary>The folder with its stdout.log and stderr.log.</summary>
    public required string LogPath { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Shard} ({State})";
}
