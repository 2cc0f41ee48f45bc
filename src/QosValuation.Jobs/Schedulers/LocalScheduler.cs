using QosValuation.Jobs.Folders;

namespace QosValuation.Jobs.Schedulers;

/// <summary>Runs elements as processes of this machine, so many at a time.</summary>
internal sealed class LocalScheduler : CoordinatedScheduler
{
    /// <inheritdoc/>
    public override JobScheduler Name => JobScheduler.Local;

    /// <inheritdoc/>
    public override IReadOnlyList<WorkPlace> Places(JobFolder folder)
    {
        int places = Math.Min(folder.Manifest.Shards, folder.Manifest.ThrottleLimit > 0 ? folder.Manifest.ThrottleLimit : Environment.ProcessorCount);
        int processors = folder.Manifest.CpusPerShard > 0 ? folder.Manifest.CpusPerShard : Math.Max(1, Environment.ProcessorCount / places);
        return [new WorkPlace(null, places, processors)];
    }
}
