namespace QosValuation;

// Jobs of shards on processes, machines and clusters.
public static partial class Faults
{
    /// <summary>A job asks for something that cannot be.</summary>
    public static Fault JobNotValid { get; } = Define(FaultKind.InvalidArgument, "Correct the option that the message names.");

    /// <summary>A folder holds no job.</summary>
    public static Fault JobNotFound { get; } = Define(FaultKind.NotFound, "Name the folder that Submit-QosJob made: the job's Path.");

    /// <summary>A job's files cannot be understood.</summary>
    public static Fault JobNotReadable { get; } = Define(FaultKind.InvalidData, "Use the version of the module that submitted the job, or submit it anew.");

    /// <summary>A job's folder cannot be taken, because it holds something already.</summary>
    public static Fault JobFolderNotEmpty { get; } = Define(FaultKind.InvalidArgument, "Name a new folder with -JobPath.");

    /// <summary>A job is at work, and what was asked for needs it at rest.</summary>
    public static Fault JobAtWork { get; } = Define(FaultKind.InvalidArgument, "Wait for the job with Wait-QosJob, or stop it with Stop-QosJob.");

    /// <summary>A job is somebody else's, and going on with it would run what they wrote.</summary>
    public static Fault JobNotOwned { get; } = Define(
        FaultKind.Integrity, "Let the job's owner resume it, or submit the same script as a job of your own.");

    /// <summary>A job could not be started.</summary>
    public static Fault JobNotSubmitted { get; } = Define(FaultKind.WriteFailed, "Read the message, which quotes the scheduler, and submit again.");

    /// <summary>A scheduler's program is not there.</summary>
    public static Fault JobSchedulerNotFound { get; } = Define(
        FaultKind.NotFound, "Run this on a machine from which the scheduler can be used, or choose another one.");

    /// <summary>A scheduler did not answer.</summary>
    public static Fault JobSchedulerFailed { get; } = Define(FaultKind.Connection, "Try again; the job's folder keeps its state.");

    /// <summary>A shard of a job failed, and has no tries left.</summary>
    public static Fault JobShardFailed { get; } = Define(FaultKind.InvalidData, "Read the shard's log, mend the cause, and run Resume-QosJob.");

    /// <summary>A job's result is not what was written.</summary>
    public static Fault JobResultDamaged { get; } = Define(FaultKind.Integrity, "Run Resume-QosJob, which makes the shard anew.");
}
