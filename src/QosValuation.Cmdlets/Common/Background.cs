namespace QosValuation.Cmdlets;

/// <summary>Work beside the pipeline thread, which alone may write: it shows progress while it waits.</summary>
internal static class Background
{
    /// <summary>Runs work on another thread until it ends.</summary>
    /// <typeparam name="T">What it returns.</typeparam>
    /// <param name="output">Where progress goes.</param>
    /// <param name="activity">What is being done.</param>
    /// <param name="unit">What is counted, in the plural.</param>
    /// <param name="total">Units in all.</param>
    /// <param name="work">The work; it is given where to report the fraction done, on any thread, and when to stop.</param>
    /// <param name="cancellationToken">Cancelled when the user stops the pipeline.</param>
    /// <returns>What the work returned.</returns>
    public static T Run<T>(ICmdletOutput output, string activity, string unit, long total, Func<Action<double>, CancellationToken, T> work, CancellationToken cancellationToken)
    {
        var meter = new ProgressMeter(output, activity, unit);
        double fraction = 0;
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        CancellationToken stop = cancellation.Token;
        var worker = Task.Run(() => work(value => Volatile.Write(ref fraction, value), stop), CancellationToken.None);
        try
        {
            while (!((IAsyncResult)worker).AsyncWaitHandle.WaitOne(100))
            {
                meter.Report((long)(Volatile.Read(ref fraction) * total), total);
            }

            meter.Complete();
            return worker.GetAwaiter().GetResult();
        }
        finally
        {
            cancellation.Cancel();
            worker.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).Wait(CancellationToken.None);
        }
    }
}
