using System.Diagnostics;
using QosValuation.Foundation.IO;

namespace QosValuation.Markets.Ledger;

/// <summary>
/// Appends records that arrive one at a time, in one transaction a batch. A record that arrives when none came shortly before is appended at
/// once; of a fast stream at most <see cref="BatchSize"/> records or <see cref="Window"/> share a transaction, and with it one wait for the disk.
/// What arrived is on disk after <see cref="Window"/> even where nothing follows.
/// </summary>
/// <remarks>
/// Adding and completing belong to one thread; appending may happen on a thread of the pool, where nobody would catch what it throws and the process would
/// end. Whatever goes wrong is therefore kept for <see cref="Take"/>, and a cancellation for the next call.
/// </remarks>
public sealed class DatLedgerAppender : IDisposable
{
    /// <summary>The most records of one transaction.</summary>
    public const int BatchSize = 4096;

    private readonly DatLedger _ledger;
    private readonly bool _skipsExisting;
    private readonly Lock _gate = new();
    private readonly Timer _timer;
    private readonly CancellationToken _cancellation = WorkCancellation.Current;
    private List<(string Address, double Value, string Pointer)> _pending = [];
    private List<DatRecord> _appended = [];
    private List<DatAppendFailure> _failures = [];
    private long _lastAppend;
    private bool _isTimed;
    private bool _isDisposed;
    private bool _isStopped;

    /// <summary>Creates an appender.</summary>
    /// <param name="ledger">The ledger; it stays the caller's, who uses it for nothing else meanwhile.</param>
    /// <param name="skipsExisting">Whether an entry is left out whose address, value and pointer a record has already.</param>
    public DatLedgerAppender(DatLedger ledger, bool skipsExisting = false)
    {
        _skipsExisting = skipsExisting;
        ArgumentNullException.ThrowIfNull(ledger);
        _ledger = ledger;
        _timer = new Timer(_ => AppendWaiting(), null, Timeout.Infinite, Timeout.Infinite);
    }

    /// <summary>How long a record waits for others at most.</summary>
    public static TimeSpan Window { get; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Takes a record.</summary>
    /// <param name="address">The account.</param>
    /// <param name="value">v; finite and at least 0.</param>
    /// <param name="pointer">ρ.</param>
    /// <exception cref="QosValuationException">
    /// <c>DatValueNotValid</c>, <c>DatAddressNotValid</c>, <c>DatPointerNotValid</c>: the record is not taken.
    /// </exception>
    /// <exception cref="OperationCanceledException">The work was stopped (<see cref="WorkCancellation"/>) while records were being appended.</exception>
    public void Add(string address, double value, string pointer)
    {
        _ledger.Accept(address, value, pointer);
        lock (_gate)
        {
            _pending.Add((address, value, pointer));
            if (_pending.Count >= BatchSize || _lastAppend == 0 || Stopwatch.GetElapsedTime(_lastAppend) >= Window)
            {
                Append();
            }
            else if (!_isTimed)
            {
                _isTimed = true;
                _timer.Change(Window, Timeout.InfiniteTimeSpan);
            }
        }

        ThrowIfStopped();
    }

    /// <summary>Appends what waits.</summary>
    /// <exception cref="OperationCanceledException">As <see cref="Add"/>.</exception>
    public void Flush()
    {
        AppendWaiting();
        ThrowIfStopped();
    }

    /// <summary>What was appended, and what could not be, since the last call.</summary>
    /// <returns>The records as stored, and the batches that failed.</returns>
    public (IReadOnlyList<DatRecord> Appended, IReadOnlyList<DatAppendFailure> Failures) Take()
    {
        lock (_gate)
        {
            (IReadOnlyList<DatRecord>, IReadOnlyList<DatAppendFailure>) taken = (_appended, _failures);
            if (_appended.Count > 0)
            {
                _appended = [];
            }

            if (_failures.Count > 0)
            {
                _failures = [];
            }

            return taken;
        }
    }

    /// <summary>Ends the appender; what still waits is not appended.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _timer.Dispose();
        }
    }

    private void AppendWaiting()
    {
        lock (_gate)
        {
            if (!_isDisposed)
            {
                Append();
            }
        }
    }

    private void ThrowIfStopped()
    {
        if (Volatile.Read(ref _isStopped))
        {
            throw new OperationCanceledException(_cancellation);
        }
    }

    // Throws nothing.
    private void Append()
    {
        _isTimed = false;
        if (_pending.Count == 0)
        {
            return;
        }

        List<(string Address, double Value, string Pointer)> batch = _pending;
        _pending = [];
        try
        {
            _appended.AddRange(_ledger.Append(batch, skipExisting: _skipsExisting));
        }
        catch (Exception) when (_cancellation.IsCancellationRequested)
        {
            // A file says that it is busy, a server that the query was cancelled: both say no more than that the user has stopped the work.
            Volatile.Write(ref _isStopped, true);
        }
        catch (Exception exception)
        {
            QosValuationException fault = exception as QosValuationException ?? new(
                Faults.UnexpectedFailure, $"{exception.Message.TrimEnd('.')} ({exception.GetType().Name}).", null, exception);
            _failures.Add(new DatAppendFailure(fault, [.. batch.Select(entry => entry.Address)]));
        }
        finally
        {
            _lastAppend = Stopwatch.GetTimestamp();
        }
    }
}

/// <summary>A batch that could not be appended: none of its records is in the ledger.</summary>
/// <param name="Fault">Why.</param>
/// <param name="Addresses">The accounts of its records, in order.</param>
public sealed record DatAppendFailure(QosValuationException Fault, IReadOnlyList<string> Addresses);
