namespace QosValuation.Cmdlets;

/// <summary>Runs long work beside the pipeline thread, which alone may write progress and must notice Ctrl+C.</summary>
internal static class BackgroundWork
{
    /// <summary>Runs the work and shows how far it is; returns when it ended.</summary>
    /// <typeparam name="T">What the work returns.</typeparam>
    /// <param name="work">The work: told where to report how much is done, and when to stop. Runs on another thread.</param>
    /// <param name="show">Shows how much is done; called on the calling thread about ten times a second.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The work's result.</returns>
    public static T Run<T>(Func<IProgress<int>, CancellationToken, T> work, Action<int> show, CancellationToken cancellationToken)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var counter = new Counter();
        CancellationToken token = cancellation.Token;
        Task<T> task = Task.Run(() => work(counter, token), CancellationToken.None);
        try
        {
            while (!((IAsyncResult)task).AsyncWaitHandle.WaitOne(100))
            {
                show(counter.Value);
            }
        }
        finally
        {
            // Where showing failed, the pipeline has been stopped: nothing may go on behind its back.
            cancellation.Cancel();
            task.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).Wait(CancellationToken.None);
        }

        return task.GetAwaiter().GetResult();
    }

    /// <summary>Keeps the largest number reported, which may come out of order from several threads.</summary>
    private sealed class Counter : IProgress<int>
    {
        private int _value;

        public int Value => Volatile.Read(ref _value);

        public void Report(int value)
        {
            int seen = Volatile.Read(ref _value);
            while (value > seen)
            {
                int before = Interlocked.CompareExchange(ref _value, value, seen);
                if (before == seen)
                {
                    return;
                }

                seen = before;
            }
        }
    }
}
