using System.Diagnostics;
using System.Globalization;
using System.Management.Automation;

namespace QosValuation.Cmdlets;

/// <summary>
/// Progress of long work with rate and time left, at most five times a second. Report from the pipeline thread only.
/// </summary>
internal sealed class ProgressMeter
{
    private static int _lastActivity;

    private readonly Cmdlet _cmdlet;
    private readonly string _activity;
    private readonly string _unit;
    private readonly int _id = 0x51050000 + (Interlocked.Increment(ref _lastActivity) & 0xFFFF);
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _last;
    private bool _shown;

    /// <summary>Creates a meter; nothing is shown for the first half second.</summary>
    /// <param name="cmdlet">The cmdlet whose progress it is.</param>
    /// <param name="activity">What is being done, such as <c>Embedding images</c>.</param>
    /// <param name="unit">What is counted, in the plural, such as <c>images</c>.</param>
    public ProgressMeter(Cmdlet cmdlet, string activity, string unit)
    {
        _cmdlet = cmdlet;
        _activity = activity;
        _unit = unit;
        _last = _start + Stopwatch.Frequency / 2 - Stopwatch.Frequency / 5;
    }

    /// <summary>Shows how much is done, where enough time has passed since it was last shown.</summary>
    /// <param name="done">Units done.</param>
    /// <param name="total">Units in all; 0 where it is not known.</param>
    /// <param name="status">What is being done now; null shows counts alone.</param>
    public void Report(long done, long total = 0, string? status = null)
    {
        long now = Stopwatch.GetTimestamp();
        if (now - _last < Stopwatch.Frequency / 5)
        {
            return;
        }

        _last = now;
        _shown = true;
        double seconds = Stopwatch.GetElapsedTime(_start, now).TotalSeconds;
        double rate = done / Math.Max(seconds, 1e-9);
        string counts = total > 0
            ? string.Create(CultureInfo.CurrentCulture, $"{done:N0} of {total:N0} {_unit}, {rate:N1} a second")
            : string.Create(CultureInfo.CurrentCulture, $"{done:N0} {_unit}, {rate:N1} a second");
        _cmdlet.WriteProgress(new ProgressRecord(_id, _activity, status is null ? counts : counts + " · " + status)
        {
            PercentComplete = total > 0 ? (int)Math.Clamp(100.0 * done / total, 0, 100) : -1,
            SecondsRemaining = total > 0 && done > 0 ? (int)Math.Min((total - done) / rate, int.MaxValue) : -1,
        });
    }

    /// <summary>Takes the bar away.</summary>
    public void Complete()
    {
        if (_shown)
        {
            _cmdlet.WriteProgress(new ProgressRecord(_id, _activity, "Done") { RecordType = ProgressRecordType.Completed });
        }
    }
}
