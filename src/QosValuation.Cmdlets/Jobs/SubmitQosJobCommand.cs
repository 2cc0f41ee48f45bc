using System.Collections;
using System.Management.Automation;
using System.Security.Cryptography;
using QosValuation.Foundation.IO;
using QosValuation.Jobs.Folders;

namespace QosValuation.Cmdlets.Jobs;

/// <summary>Runs a script for each of n shards: in processes of this machine, on other machines by SSH, or on a Slurm cluster.</summary>
/// <remarks>
/// <para>The script is run once for each shard. It finds its shard in $Shard, a text i/n such as 3/8 as -Shard takes it, in $ShardIndex (from 1) and
/// $ShardCount, in parameters of these names, and in $env:QOSVALUATION_SHARD. What it writes is saved for the shard, and Receive-QosJob gives all of it in
/// the order of the shards. This module is imported for it, in the very build that submits; another build on a machine is an error, so that results of
/// different builds are not mixed. Values come by -ArgumentList or as $using:name; both are saved with the job, so give paths rather than open files,
/// ledgers or budgets.</para>
/// <para>A shard fails where its script throws or ends with exit and a number; errors after which the script goes on are counted, and stand in the log.
/// A shard that failed is tried again -MaximumRetries times, and no other shard with it. A shard whose process, host or node is lost is run
/// elsewhere. Scripts may therefore run more than once for a shard: let them write files under names of their own, and charge budgets once.</para>
/// <para>Everything about the job lies in its folder (-JobPath): the scripts, the arguments, and for each shard its logs, its status and its result. None
/// of it needs this session. Ctrl+C, the end of the session and a logout leave the job at work, whichever scheduler runs it: Local and Ssh by a process of
/// their own that runs the shards, Slurm by the cluster. Get-QosJob gets back to it. After a restart of the machine Resume-QosJob goes on.</para>
/// <para>Ssh: every host needs PowerShell 7.6 as a subsystem of its sshd (Subsystem powershell /usr/bin/pwsh -sshs -nologo), and a login that asks for
/// nothing, by a key. The script travels and the results come home by the connection; the hosts share no folder with this machine, but the script has
/// to find its data there. A host that cannot be reached three times is given up, and its shards move to the others.</para>
/// <para>Slurm: needs a folder that this machine and the nodes share, for the job and for the module. A job array runs the shards; a second job,
/// which depends on the array, submits again those shards that failed, and merges. The batch scripts are scripts/slurm/shard.sbatch and merge.sbatch,
/// which can be used by hand as well.</para>
/// </remarks>
/// <example>
/// <summary>Embed photographs in two processes</summary>
/// <code>$job = Submit-QosJob -Shards 2 -ScriptBlock {
///     $all = @(Get-ChildItem ./photographs -Filter *.jpg | Sort-Object Name).FullName
///     $mine = @(for ($i = $ShardIndex - 1; $i -lt $all.Count; $i += $ShardCount) { $all[$i] })
///     Get-ClipEmbedding -LiteralPath $mine
/// }
/// $job | Wait-QosJob | Receive-QosJob</code>
/// </example>
/// <example>
/// <summary>What a cluster would be asked for, and nothing is done</summary>
/// <code>Submit-QosJob -Scheduler Slurm -Shards 64 -CpusPerShard 4 -Memory 8G -Time 02:00:00 -FilePath ./embed.ps1 -WhatIf</code>
/// </example>
/// <example>
/// <summary>Two machines, and nothing is done</summary>
/// <code>Submit-QosJob -Scheduler Ssh -HostName node1, node2 -UserName me -Shards 8 -ScriptBlock { hostname } -WhatIf</code>
/// </example>
/// <seealso>Wait-QosJob</seealso>
/// <seealso>Receive-QosJob</seealso>
/// <seealso>Get-QosJob</seealso>
/// <seealso>Resume-QosJob</seealso>
[Cmdlet(VerbsLifecycle.Submit, "QosJob", DefaultParameterSetName = "ScriptBlock", SupportsShouldProcess = true)]
[OutputType(typeof(QosJob))]
public sealed class SubmitQosJobCommand : QosCmdlet
{
    private const int LargestScript = 1 << 24;

    private static readonly string[] OfSsh =
        [nameof(HostName), nameof(UserName), nameof(Port), nameof(KeyFilePath), nameof(Subsystem), nameof(Options), nameof(ModulePath)];
    private static readonly string[] OfSlurm = [nameof(Partition), nameof(Time), nameof(Memory), nameof(SbatchArgument)];

    /// <summary>The script that is run for each shard.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "ScriptBlock")]
    [ValidateNotNull]
    public ScriptBlock ScriptBlock { get; set; } = ScriptBlock.Create(string.Empty);

    /// <summary>A script file that is run for each shard. The job keeps a copy, so $PSScriptRoot is the job's folder.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "FilePath")]
    [Alias("PSPath")]
    [ValidateNotNullOrEmpty]
    public string FilePath { get; set; } = string.Empty;

    /// <summary>The number of shards, 1 to 99,999.</summary>
    [Parameter(Mandatory = true)]
    [WholeNumber]
    public int Shards { get; set; }

    /// <summary>Who runs the shards: Local (the default), Ssh or Slurm.</summary>
    [Parameter]
    [SingleValue]
    public JobScheduler Scheduler { get; set; } = JobScheduler.Local;

    /// <summary>Arguments for the script, in the order of its parameters. They are saved as Export-Clixml saves them.</summary>
    [Parameter]
    [Alias("Args")]
    [AllowNull]
    public object?[]? ArgumentList { get; set; }

    /// <summary>
    /// A script that is run once when all shards are done, with their objects in the order of the shards as its pipeline input ($input) and -ArgumentList
    /// as arguments. What it writes is the job's result.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public ScriptBlock? MergeScriptBlock { get; set; }

    /// <summary>The job's name, for people and for squeue: letters, digits, '.', '_' and '-'. By default qosjob.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "qosjob";

    /// <summary>The job's folder: new or empty. By default qosjob-, the name where one is given, and the id in the current location.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? JobPath { get; set; }

    /// <summary>How often a shard that failed is tried again, 0 to 100.</summary>
    [Parameter]
    [WholeNumber]
    public int MaximumRetries { get; set; } = 2;

    /// <summary>
    /// How many shards run at a time: for Local in all (by default as many as there are processors), for Ssh on each host (by default one), for Slurm of
    /// the array (by default as many as the cluster lets).
    /// </summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    [WholeNumber(MayBeAbsent = true)]
    public int? ThrottleLimit { get; set; }

    /// <summary>
    /// Processors for each shard; the cmdlets of this module then use as many threads. By default Local divides the machine's among the shards that run
    /// at a time, and Slurm gives what the cluster gives. Not for Ssh, where a host's shard uses the whole host.
    /// </summary>
    [Parameter]
    [ValidateRange(1, 4096)]
    [WholeNumber(MayBeAbsent = true)]
    public int? CpusPerShard { get; set; }

    /// <summary>How many levels of nested objects results keep, as Export-Clixml. The module's own records are always kept whole.</summary>
    [Parameter]
    [ValidateRange(1, 100)]
    [WholeNumber]
    public int Depth { get; set; } = 2;

    /// <summary>Ssh: the machines that run the shards.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? HostName { get; set; }

    /// <summary>Ssh: the user on the hosts; otherwise as ssh's own configuration says.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? UserName { get; set; }

    /// <summary>Ssh: the port, 1 to 65535; otherwise as ssh's own configuration says.</summary>
    [Parameter]
    [ValidateRange(1, 65535)]
    [WholeNumber(MayBeAbsent = true)]
    public int? Port { get; set; }

    /// <summary>Ssh: the file of the private key; otherwise what ssh's configuration and agent offer.</summary>
    [Parameter]
    [Alias("IdentityFilePath")]
    [ValidateNotNullOrEmpty]
    public string? KeyFilePath { get; set; }

    /// <summary>Ssh: the subsystem that starts PowerShell on the hosts; powershell by default.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Subsystem { get; set; }

    /// <summary>Ssh: more options of ssh by name, as in its configuration, such as @{ ProxyJump = 'gate' }.</summary>
    [Parameter]
    [ValidateNotNull]
    public Hashtable? Options { get; set; }

    /// <summary>Ssh: the module's manifest or folder on the hosts; by default the same path as here, or else the one that is installed.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ModulePath { get; set; }

    /// <summary>Slurm: the partition.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Partition { get; set; }

    /// <summary>Slurm: the time limit of a shard, as hours:minutes:seconds or days.hours:minutes:seconds.</summary>
    [Parameter]
    [ValidateNotNull]
    public TimeSpan? Time { get; set; }

    /// <summary>Slurm: the memory of a shard, such as 4G.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Memory { get; set; }

    /// <summary>Slurm: more arguments of sbatch, each as it is, such as --account=lab, --gres=gpu:1.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? SbatchArgument { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        Refuse(OfSsh, JobScheduler.Ssh);
        Refuse(OfSlurm, JobScheduler.Slurm);
        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
        string path = ResolveNewPath(JobPath ?? (IsBound(nameof(Name)) ? $"qosjob-{Name}-{id}" : $"qosjob-{id}"));
        var values = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase);
        string script = JobScript.Prepare(ReadScript(), "The script", SessionState, values, isFile: ParameterSetName != "ScriptBlock");
        string? merge = MergeScriptBlock is null ? null : JobScript.Prepare(MergeScriptBlock.ToString(), "The script that merges", SessionState, values);
        JobManifest manifest = MakeManifest(id);
        manifest.Check();
        if (!ShouldProcess(path, $"Submit a job of {Shards} shards to {Scheduler}"))
        {
            return;
        }

        string arguments = JobScript.Serialize(ArgumentList ?? [], values);
        var folder = JobFolder.Create(path, manifest, JobWorker.Script, script, arguments, merge);
        try
        {
            WriteRecord(QosJob.Submit(folder, Cancellation));
        }
        catch (QosValuationException)
        {
            // Nothing was started, so nothing stays.
            Directory.Delete(folder.Path, recursive: true);
            throw;
        }
    }

    private static string? TextOf(object? value) => value switch
    {
        null => null,
        PSObject wrapped => TextOf(wrapped.BaseObject),
        IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };

    private JobManifest MakeManifest(string id) => new()
    {
        Id = id,
        Name = Name,
        Scheduler = Scheduler,
        Shards = Shards,
        MaximumRetries = MaximumRetries,
        Submitted = DateTime.UtcNow,
        ModuleVersion = typeof(SubmitQosJobCommand).Assembly.GetName().Version!.ToString(3),
        ModuleBuild = JobWorker.Build,
        ModulePath = FindManifest(),
        Program = FindProgram(),
        WorkingDirectory = ResolveNewPath("."),
        ScriptHash = string.Empty,
        ArgumentHash = string.Empty,
        Depth = Depth,
        ThrottleLimit = ThrottleLimit ?? 0,
        CpusPerShard = CpusPerShard ?? 0,
        Ssh = Scheduler != JobScheduler.Ssh ? null : new SshOptions
        {
            HostNames = HostName ?? [],
            UserName = UserName,
            Port = Port ?? 0,
            KeyFilePath = KeyFilePath is null ? null : ResolveNewPath(KeyFilePath),
            Subsystem = Subsystem,
            Options = (Options ?? []).Cast<DictionaryEntry>()
                .ToDictionary(entry => TextOf(entry.Key) ?? string.Empty, entry => TextOf(entry.Value) ?? string.Empty),
            ModulePath = ModulePath,
        },
        Slurm = Scheduler != JobScheduler.Slurm ? null : new SlurmOptions
        {
            Partition = Partition,
            Time = Time,
            Memory = Memory,
            Arguments = SbatchArgument ?? [],
        },
    };

    private string ReadScript()
    {
        if (ParameterSetName == "ScriptBlock")
        {
            return ScriptBlock.ToString();
        }

        string file = ResolveNewPath(FilePath);
        if (!File.Exists(file))
        {
            throw CmdletFaults.PathNotFound(FilePath);
        }

        // As PowerShell reads a script: UTF-8, unless its first bytes say otherwise.
        using var reader = new StreamReader(new MemoryStream(RegularFile.ReadAllBytes(file, LargestScript)), System.Text.Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private void Refuse(string[] parameters, JobScheduler scheduler)
    {
        string? wrong = Array.Find(parameters, IsBound);
        if (wrong is not null && Scheduler != scheduler)
        {
            throw new QosValuationException(Faults.JobNotValid, $"-{wrong} is for -Scheduler {scheduler}, and the job goes to {Scheduler}.", wrong);
        }
    }

    // The assembly lies in bin/lib of the module, or deeper, where it was compiled for this platform.
    private static string FindManifest()
    {
        string start = System.IO.Path.GetDirectoryName(typeof(SubmitQosJobCommand).Assembly.Location)!;
        for (string? folder = start; folder is not null; folder = System.IO.Path.GetDirectoryName(folder))
        {
            string manifest = System.IO.Path.Combine(folder, "QosValuation.psd1");
            if (File.Exists(manifest))
            {
                return manifest;
            }
        }

        throw new QosValuationException(Faults.JobNotSubmitted, $"The module's manifest QosValuation.psd1 is not above '{start}'.", start);
    }

    // As a .NET tool PowerShell is no program of its own, but dotnet with pwsh.dll.
    private string[] FindProgram()
    {
        string own = Environment.ProcessPath ?? string.Empty;
        string library = System.IO.Path.Combine((string)SessionState.PSVariable.GetValue("PSHOME", string.Empty), "pwsh.dll");
        return System.IO.Path.GetFileNameWithoutExtension(own) switch
        {
            "pwsh" => [own],
            "dotnet" when File.Exists(library) => [own, library],
            _ => ["pwsh"],
        };
    }
}
