namespace QosValuation.Valuation.MarginalUtility;

/// <summary>How a measurement tells how far it is, when it stops, and on how many threads it works.</summary>
/// <param name="MaximumThreads">How many threads may work; −1 for all cores.</param>
/// <param name="Progress">Takes the part that is done, from 0 to 1.</param>
/// <param name="Cancellation">Stops the work.</param>
internal sealed record MeasurementRun(int MaximumThreads, Action<double> Progress, CancellationToken Cancellation)
{
    /// <summary>Does independent pieces of work, on this thread alone where they must not run side by side.</summary>
    /// <param name="count">The number of pieces.</param>
    /// <param name="isThreadSafe">Whether they may run side by side.</param>
    /// <param name="work">Does a piece.</param>
    public void For(int count, bool isThreadSafe, Action<int> work)
    {
        Cancellation.ThrowIfCancellationRequested();
        if (isThreadSafe && MaximumThreads != 1 && count > 1)
        {
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = MaximumThreads, CancellationToken = Cancellation }, work);
            return;
        }

        for (int i = 0; i < count; i++)
        {
            Cancellation.ThrowIfCancellationRequested();
            work(i);
        }
    }
}
