namespace QosValuation.Jobs.Schedulers;

/// <summary>The schedulers that there are.</summary>
internal static class JobSchedulers
{
    /// <summary>All of them, in the order of the enum.</summary>
    public static IReadOnlyList<IJobScheduler> All { get; } =
    [
        new LocalScheduler(),
        new SshScheduler(),
        new SlurmScheduler(),
    ];

    /// <summary>The scheduler of a name.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The scheduler.</returns>
    public static IJobScheduler Get(JobScheduler name) => All.Single(scheduler => scheduler.Name == name);
}
