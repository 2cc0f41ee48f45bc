using QosValuation.Jobs.Folders;

namespace QosValuation.Jobs.Schedulers;

/// <summary>Runs elements on other machines: a process here for each, which holds the connection and brings the result home.</summary>
internal sealed class SshScheduler : CoordinatedScheduler
{
    /// <inheritdoc/>
    public override JobScheduler Name => JobScheduler.Ssh;

    /// <inheritdoc/>
    public override IReadOnlyList<WorkPlace> Places(JobFolder folder) =>
    [
        .. folder.Manifest.Ssh!.HostNames
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .Select(host => new WorkPlace(host, Math.Max(1, folder.Manifest.ThrottleLimit), 0)),
    ];
}
