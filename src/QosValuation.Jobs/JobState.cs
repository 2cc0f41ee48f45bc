namespace QosValuation;

/// <summary>How far a job, or one of its shards, is.</summary>
public enum JobState
{
    /// <summary>Nothing has begun.</summary>
    Pending,

    /// <summary>At work, or between two tries.</summary>
    Running,

    /// <summary>Done; the result is there.</summary>
    Completed,

    /// <summary>A shard, or the merge, failed and has no tries left. What other shards made is there.</summary>
    Failed,

    /// <summary>Stopped by Stop-QosJob.</summary>
    Stopped,

    /// <summary>What ran it is gone: the machine restarted, say. Resume-QosJob goes on with the shards that are not done.</summary>
    Interrupted,
}
