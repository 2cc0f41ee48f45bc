namespace QosValuation.Cmdlets;

/// <summary>Keeps how much work is done, as worker threads report it, for the pipeline thread to show.</summary>
internal sealed class ProgressCount : IProgress<long>
{
    private long _value;

    /// <summary>The largest number reported; reports may come out of order.</summary>
    public long Value => Volatile.Read(ref _value);

    /// <inheritdoc/>
    public void Report(long value)
    {
        long seen = Volatile.Read(ref _value);
        while (value > seen)
        {
            long before = Interlocked.CompareExchange(ref _value, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
