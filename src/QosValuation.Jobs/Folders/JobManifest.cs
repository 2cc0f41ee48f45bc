using System.Text.RegularExpressions;

namespace QosValuation.Jobs.Folders;

/// <summary>What a job is: written once, when it is submitted.</summary>
public sealed partial record JobManifest
{
    /// <summary>The most shards of a job.</summary>
    public const int MostShards = 99_999;

    /// <summary>The version of the folder's layout that this code writes and reads.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The version of the folder's layout.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The job's id: 12 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>The job's name, for people.</summary>
    public required string Name { get; init; }

    /// <summary>Who runs the shards.</summary>
    public required JobScheduler Scheduler { get; init; }

    /// <summary>The number of shards.</summary>
    public required int Shards { get; init; }

    /// <summary>How often a shard that failed is tried again.</summary>
    public required int MaximumRetries { get; init; }

    /// <summary>When the job was submitted, in UTC.</summary>
    public required DateTime Submitted { get; init; }

    /// <summary>The module's version.</summary>
    public required string ModuleVersion { get; init; }

    /// <summary>The build of the module: the hash of its code.</summary>
    public required string ModuleBuild { get; init; }

    /// <summary>The module's manifest on the machine that submitted.</summary>
    public required string ModulePath { get; init; }

    /// <summary>The program that runs PowerShell scripts, and what comes before <c>-NoProfile</c>: pwsh alone, or dotnet and pwsh.dll.</summary>
    public required IReadOnlyList<string> Program { get; init; }

    /// <summary>The folder in which the shards work.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>The SHA-256 of the job's script.</summary>
    public required string ScriptHash { get; init; }

    /// <summary>The SHA-256 of the job's arguments.</summary>
    public required string ArgumentHash { get; init; }

    /// <summary>The SHA-256 of the script that runs an element; null in a job of a version that did not note it.</summary>
    public string? WorkerHash { get; init; }

    /// <summary>The SHA-256 of the script that merges; null where results are joined in the order of the shards.</summary>
    public string? MergeHash { get; init; }

    /// <summary>How many levels of nested objects results keep.</summary>
    public required int Depth { get; init; }

    /// <summary>How many shards run at a time: on this machine, on each host, or of the array. 0: as many as may.</summary>
    public required int ThrottleLimit { get; init; }

    /// <summary>Processors of a shard; 0 where nobody said.</summary>
    public required int CpusPerShard { get; init; }

    /// <summary>How hosts are reached; null for other schedulers.</summary>
    public SshOptions? Ssh { get; init; }

    /// <summary>What Slurm is asked for; null for other schedulers.</summary>
    public SlurmOptions? Slurm { get; init; }

    /// <summary>Refuses options that cannot be, or that a program would take for an option of its own.</summary>
    /// <exception cref="QosValuationException"><c>JobNotValid</c>.</exception>
    public void Check()
    {
        Require(Shards is >= 1 and <= MostShards, $"{Shards} shards cannot be: there are 1 to {MostShards}.", Shards);
        Require(MaximumRetries is >= 0 and <= 100, $"{MaximumRetries} retries cannot be: there are 0 to 100.", MaximumRetries);
        Require(ThrottleLimit >= 0, $"A throttle limit of {ThrottleLimit} cannot be: it is at least 1.", ThrottleLimit);
        Require(CpusPerShard is >= 0 and <= 4096, $"{CpusPerShard} processors a shard cannot be: there are 1 to 4096.", CpusPerShard);
        Require(JobName().IsMatch(Name), $"'{Name}' cannot be a job's name: letters, digits, '.', '_' and '-', at most 64, the first no '-' or '.'.", Name);
        Require(Program.Count > 0 && Program.All(part => part is not null), "The program that runs scripts, or a part of it, is missing.", Name);
        if (Scheduler == JobScheduler.Ssh)
        {
            Require(Ssh is { HostNames.Count: > 0 }, "-Scheduler Ssh needs -HostName: the machines that run the shards.", Name);
            foreach (string host in Ssh!.HostNames)
            {
                Require(host is not null && HostName().IsMatch(host), $"'{host}' cannot be the name or the address of a host.", host);
            }

            Require(Ssh.UserName is null || HostName().IsMatch(Ssh.UserName), $"'{Ssh.UserName}' cannot be the name of a user.", Ssh.UserName);
            Require(Ssh.Port is >= 0 and <= 65535, $"{Ssh.Port} cannot be a port: there are 1 to 65535.", Ssh.Port);
            Require(
                Ssh.KeyFilePath is null || !Ssh.KeyFilePath.AsSpan().ContainsAny('"', '\n', '\r'),
                $"The path of the key file, '{Ssh.KeyFilePath}', holds a quote or a line break, which ssh cannot be told.",
                Ssh.KeyFilePath);
            Require(Ssh.Subsystem is null || OptionName().IsMatch(Ssh.Subsystem), $"'{Ssh.Subsystem}' cannot be the name of a subsystem.", Ssh.Subsystem);
            foreach ((string option, string value) in Ssh.Options)
            {
                Require(
                    OptionName().IsMatch(option) && !value.AsSpan().ContainsAny('"', '\n', '\r'),
                    $"'{option}={value}' cannot be an option of ssh: names are letters and digits, and values hold no quote and no line break.",
                    option);
            }
        }

        if (Scheduler == JobScheduler.Slurm)
        {
            SlurmOptions slurm = Slurm ?? new SlurmOptions();
            Require(slurm.Arguments.All(argument => argument is not null), "An argument of sbatch is null.", Name);
            Require(slurm.Memory is null || Memory().IsMatch(slurm.Memory), $"'{slurm.Memory}' is not an amount of memory such as 4G.", slurm.Memory);
            Require(
                slurm.Time is null || slurm.Time >= TimeSpan.FromMinutes(1),
                $"A time limit of {slurm.Time} cannot be: Slurm counts minutes. Write hours:minutes:seconds, such as 02:00:00.",
                slurm.Time);
        }
    }

    private static void Require(bool isValid, string message, object? subject)
    {
        if (!isValid)
        {
            throw new QosValuationException(Faults.JobNotValid, message, subject);
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9._-]{0,63}\z")]
    private static partial Regex JobName();

    // Also IPv6 addresses with a zone. Never a leading dash, which ssh would take for an option.
    [GeneratedRegex(@"\A[\p{L}\p{N}_:\[][\p{L}\p{N}._:%\[\]-]{0,252}\z")]
    private static partial Regex HostName();

    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9_-]{0,63}\z")]
    private static partial Regex OptionName();

    [GeneratedRegex(@"\A[1-9][0-9]{0,12}[KMGT]?\z")]
    private static partial Regex Memory();
}

/// <summary>How hosts are reached by SSH.</summary>
public sealed record SshOptions
{
    /// <summary>The hosts.</summary>
    public required IReadOnlyList<string> HostNames { get; init; }

    /// <summary>The user on the hosts; null for what ssh's own configuration says.</summary>
    public string? UserName { get; init; }

    /// <summary>The port; 0 for what ssh's own configuration says.</summary>
    public int Port { get; init; }

    /// <summary>The file of the private key; null for what ssh's own configuration and agent offer.</summary>
    public string? KeyFilePath { get; init; }

    /// <summary>The subsystem that starts PowerShell on the hosts; null for <c>powershell</c>.</summary>
    public string? Subsystem { get; init; }

    /// <summary>More options of ssh, as in its configuration.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();

    /// <summary>The module's manifest or folder on the hosts; null for the same path as here, or else the one that is installed.</summary>
    public string? ModulePath { get; init; }
}

/// <summary>What Slurm is asked for.</summary>
public sealed record SlurmOptions
{
    /// <summary>The partition; null for the cluster's default.</summary>
    public string? Partition { get; init; }

    /// <summary>The time limit of a shard; null for the partition's.</summary>
    public TimeSpan? Time { get; init; }

    /// <summary>The memory of a shard, such as 4G; null for the partition's.</summary>
    public string? Memory { get; init; }

    /// <summary>More arguments of sbatch, each as it is.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];
}
