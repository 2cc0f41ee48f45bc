using QosValuation.Jobs.Folders;

namespace QosValuation.Jobs.Schedulers;

/// <summary>
/// Runs the elements of jobs. A job's state lies in its folder; a scheduler adds only whether somebody is still at work on it. Add a member to
/// <see cref="JobScheduler"/>, a class and one line to <see cref="JobSchedulers"/>: cmdlets find it there.
/// </summary>
internal interface IJobScheduler
{
    /// <summary>Which scheduler this is.</summary>
    JobScheduler Name { get; }

    /// <summary>Whether failed elements are tried again by what runs the job, and by nobody else; its end before the job's is an interruption.</summary>
    bool RetriesByItself { get; }

    /// <summary>Starts the job, and returns when the scheduler has taken it over.</summary>
    /// <param name="folder">The job.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    /// <exception cref="QosValuationException"><c>JobNotSubmitted</c>, <c>JobSchedulerNotFound</c>.</exception>
    void Submit(JobFolder folder, CancellationToken cancellationToken);

    /// <summary>Whether anybody is at work on the job, or waits for a turn.</summary>
    /// <param name="folder">The job.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    /// <returns>False where nothing will happen by itself any more.</returns>
    /// <exception cref="QosValuationException"><c>JobSchedulerFailed</c>: nobody can say.</exception>
    bool IsAtWork(JobFolder folder, CancellationToken cancellationToken);

    /// <summary>Ends the work that is going on.</summary>
    /// <param name="folder">The job, whose stop is requested already.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    void Cancel(JobFolder folder, CancellationToken cancellationToken);

    /// <summary>Starts the elements again that are not done and have tries left: those only.</summary>
    /// <param name="folder">The job, at which nobody is at work.</param>
    /// <param name="isFresh">Whether all tries are given anew.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    /// <returns>False where there are none.</returns>
    /// <exception cref="QosValuationException"><c>JobNotSubmitted</c>, <c>JobSchedulerNotFound</c>.</exception>
    bool Retry(JobFolder folder, bool isFresh, CancellationToken cancellationToken);

    /// <summary>The scheduler's own ids of the job.</summary>
    /// <param name="folder">The job.</param>
    /// <returns>The ids; none where it has none.</returns>
    IReadOnlyList<string> IdsOf(JobFolder folder);
}
