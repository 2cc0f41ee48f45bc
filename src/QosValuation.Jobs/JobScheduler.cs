namespace QosValuation;

/// <summary>Who runs the shards of a job.</summary>
public enum JobScheduler
{
    /// <summary>Processes of this machine.</summary>
    Local,

    /// <summary>Other machines, by PowerShell remoting over SSH.</summary>
    Ssh,

    /// <summary>A Slurm cluster: a job array and a job that depends on it.</summary>
    Slurm,
}
