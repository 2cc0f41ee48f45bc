using System.Collections.Concurrent;

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
            WaitForEnd(task);
        }

        return task.GetAwaiter().GetResult();
    }

    /// <summary>Draws records from a sequence on another thread and hands them over as they are ready; returns when the sequence ended.</summary>
    /// <typeparam name="T">The records.</typeparam>
    /// <param name="work">Makes the sequence: told when to stop. It is enumerated on another thread.</param>
    /// <param name="write">Takes a record; called on the calling thread, in the order of the sequence.</param>
    /// <param name="show">Shows how far the work is; called on the calling thread about ten times a second, and after each record.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static void Stream<T>(Func<CancellationToken, IEnumerable<T>> work, Action<T> write, Action show, CancellationToken cancellationToken)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        CancellationToken token = cancellation.Token;
        IEnumerable<T> records = work(token);

        // Bounded, so that a slow reader does not make the engine pile records up.
        using var ready = new BlockingCollection<T>(1024);
        var task = Task.Run(
            () =>
            {
                try
                {
                    foreach (T record in records)
                    {
                        ready.Add(record, token);
                    }
                }
                finally
                {
                    ready.CompleteAdding();
                }
            },
            CancellationToken.None);
        try
        {
            while (!ready.IsCompleted)
            {
                if (ready.TryTake(out T? record, 100, cancellationToken))
                {
                    write(record);
                }

                show();
            }
        }
        finally
        {
            cancellation.Cancel();
            WaitForEnd(task);
        }

        task.GetAwaiter().GetResult();
    }

    /// <summary>Waits until the work ended, however it ended.</summary>
    private static void WaitForEnd(Task task) => task
        .ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default)
        .Wait(CancellationToken.None);

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
