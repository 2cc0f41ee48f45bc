using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Microsoft.ML.OnnxRuntime;

namespace QosValuation.Embeddings.Encoding;

/// <summary>
/// Embeds a stream of images and texts: requests go in one after another, outcomes come out in the same order, and in
/// between several threads decode ahead of the running inference.
/// </summary>
/// <remarks>
/// <para>Stages: requests are looked up in the cache (where there is one), put into slots of batches in arrival order, prepared
/// (decoded or tokenised) by several threads, handed over a bounded channel, and run. The number of batches in flight is
/// fixed, so that memory does not grow with the number of requests.</para>
/// <para>Which requests share a batch depends on their order alone, never on timing: a batch of one modality is full at
/// the batch size, or closed when requests of the other modality have overtaken its first by sixteen batch sizes, or at
/// the end. A bad item keeps its slot with neutral content. So the same requests give byte-identical vectors whenever
/// the batch size is the same and no embedding comes from the cache.</para>
/// <para>On a processor, threads that decode and threads that infer together keep no more processors busy than the process may use: decoding one
/// item and running one batch each hold one of as many places. So a worker that was given one processor takes one, and does not slow its neighbours.</para>
/// <para>One thread at a time adds and takes; the outcomes of all that was added have to be taken, or the pipeline disposed of.</para>
/// </remarks>
public sealed class EmbeddingPipeline : IDisposable
{
    private const int WindowBatches = 16;
    private const int CapacityWindows = 4;

    private readonly ClipEncoder _encoder;
    private readonly EmbeddingCache? _cache;
    private readonly EncoderCacheKeys? _keys;
    private readonly int _batchSize;
    private readonly int _window;
    private readonly int _capacity;
    private readonly CancellationTokenSource _cancellation;
    private readonly CancellationToken _token;
    private readonly Lock _runsGate = new();
    private readonly List<RunOptions> _runs = [];
    private readonly List<Thread> _threads = [];
    private readonly Channel<Entry> _inbox = Channel.CreateUnbounded<Entry>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly Channel<Entry>? _lookups;
    private readonly SemaphoreSlim? _lookahead;
    private readonly SemaphoreSlim? _processors;
    private readonly Channel<(OpenBatch Batch, int Slot)> _preparations = Channel.CreateUnbounded<(OpenBatch, int)>();
    private readonly Channel<OpenBatch> _ready;
    private readonly BufferPool _imageBuffers;
    private readonly BufferPool _textBuffers;
    private readonly ConcurrentQueue<Entry> _order = new();
    private readonly object _arrival = new();
    private readonly CancellationTokenRegistration _termination;
    private Exception? _failure;
    private int _runningPreparers;
    private long _added;
    private long _taken;
    private bool _opens;
    private bool _isComplete;
    private bool _isDisposed;

    /// <summary>Starts the threads; no weights are loaded before the first image is added, or the first batch of texts or behind a cache is ready.</summary>
    /// <param name="encoder">The encoder; not disposed of by the pipeline.</param>
    /// <param name="options">How to work; null for the defaults.</param>
    /// <param name="cancellation">Ends all work within a fraction of a second.</param>
    public EmbeddingPipeline(ClipEncoder encoder, EmbeddingPipelineOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        options ??= new EmbeddingPipelineOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1, nameof(options));
        _encoder = encoder;
        _batchSize = options.BatchSize;
        _window = checked(_batchSize * WindowBatches);
        _capacity = checked(_window * CapacityWindows);
        _cache = options.Cache;
        _keys = _cache is null ? null : new EncoderCacheKeys(encoder, _cache);

        int runs = encoder.Options.EffectiveConcurrentRuns;
        int preparers = options.DecodeThreads > 0 ? options.DecodeThreads : Environment.ProcessorCount;

        if (encoder.Options.ExecutionProvider == ExecutionProvider.Cpu)
        {
            _processors = new SemaphoreSlim(options.Processors > 0 ? options.Processors : Environment.ProcessorCount);
        }

        // Those that run, one that waits for a run, and one that is being filled.
        int buffers = runs + 2;
        _imageBuffers = new BufferPool(buffers, () => encoder.CreateImageBatch(_batchSize));
        _textBuffers = new BufferPool(buffers, () => encoder.CreateTextBatch(_batchSize));
        _ready = Channel.CreateBounded<OpenBatch>(2 * buffers);

        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _token = _cancellation.Token;
        _termination = _token.Register(TerminateRuns);

        if (_cache is not null)
        {
            _lookups = Channel.CreateUnbounded<Entry>();
            _lookahead = new SemaphoreSlim(2 * _batchSize);
            Start("lookup", preparers, LookUp);
        }

        _runningPreparers = preparers;
        Start("dispatch", 1, Dispatch);
        Start("prepare", preparers, Prepare);
        Start("infer", runs, Infer);
    }

    /// <summary>The number of requests added.</summary>
    public long Added => _added;

    /// <summary>The number of outcomes taken.</summary>
    public long Taken => _taken;

    /// <summary>Whether no more outcome will come: <see cref="Complete"/> was called and all were taken.</summary>
    public bool IsFinished => _isComplete && _order.IsEmpty;

    /// <summary>Embeds everything, in order.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="requests">What to embed; read as fast as it can be worked on.</param>
    /// <param name="options">How to work; null for the defaults.</param>
    /// <param name="cancellation">Ends all work within a fraction of a second.</param>
    /// <returns>The outcomes, each as soon as it and those before it are there.</returns>
    public static IEnumerable<EmbeddingOutcome> Embed(
        ClipEncoder encoder, IEnumerable<EmbeddingRequest> requests, EmbeddingPipelineOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        using var pipeline = new EmbeddingPipeline(encoder, options, cancellation);
        foreach (EmbeddingRequest request in requests)
        {
            while (!pipeline.TryAdd(request))
            {
                pipeline.Wait(Timeout.InfiniteTimeSpan);
                if (pipeline.TryTake(out EmbeddingOutcome? outcome))
                {
                    yield return outcome;
                }
            }

            while (pipeline.TryTake(out EmbeddingOutcome? outcome))
            {
                yield return outcome;
            }
        }

        pipeline.Complete();
        while (!pipeline.IsFinished)
        {
            pipeline.Wait(Timeout.InfiniteTimeSpan);
            while (pipeline.TryTake(out EmbeddingOutcome? outcome))
            {
                yield return outcome;
            }
        }
    }

    /// <summary>Adds a request, unless so many outcomes wait to be taken that one has to be taken first.</summary>
    /// <param name="request">The request.</param>
    /// <returns>False where the request was not added.</returns>
    /// <exception cref="QosValuationException"><c>ModalityNotSupported</c>, <c>TokenizerNotFound</c>: the model cannot embed such a thing.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public bool TryAdd(EmbeddingRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_isComplete)
        {
            throw new InvalidOperationException("Complete was called; nothing can be added.");
        }

        ThrowIfBroken();
        if (_added - _taken >= _capacity)
        {
            return false;
        }

        _encoder.Require(request.Modality);

        // With a cache it may never be needed. Decoding begins meanwhile.
        if (!_opens && _cache is null && request.Modality == Modality.Image)
        {
            _opens = true;
            Start("open", 1, OpenForImages);
        }

        var entry = new Entry(request, _added++);
        _order.Enqueue(entry);
        if (_lookups is not null)
        {
            _lookups.Writer.TryWrite(entry);
        }

        _inbox.Writer.TryWrite(entry);
        return true;
    }

    /// <summary>Says that no more request comes, so that batches that are not full are run.</summary>
    public void Complete()
    {
        _isComplete = true;
        _lookups?.Writer.TryComplete();
        _inbox.Writer.TryComplete();
    }

    /// <summary>Takes the next outcome where it is there.</summary>
    /// <param name="outcome">The outcome.</param>
    /// <returns>False where it is not there yet.</returns>
    /// <exception cref="QosValuationException">The model cannot be run at all.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public bool TryTake([NotNullWhen(true)] out EmbeddingOutcome? outcome)
    {
        ThrowIfBroken();
        if (_order.TryPeek(out Entry? head) && head.Outcome is { } ready)
        {
            _order.TryDequeue(out _);
            _taken++;
            outcome = ready;
            return true;
        }

        outcome = null;
        return false;
    }

    /// <summary>Waits until the next outcome is there, or none will come, or time is up.</summary>
    /// <param name="timeout">The longest to wait; may be infinite.</param>
    /// <returns>True where <see cref="TryTake"/> will succeed.</returns>
    /// <exception cref="QosValuationException">The model cannot be run at all.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public bool Wait(TimeSpan timeout)
    {
        long start = Environment.TickCount64;
        lock (_arrival)
        {
            while (true)
            {
                ThrowIfBroken();
                if (!_order.TryPeek(out Entry? head))
                {
                    return false;
                }

                if (head.Outcome is not null)
                {
                    return true;
                }

                TimeSpan left = timeout == Timeout.InfiniteTimeSpan ? timeout : timeout - TimeSpan.FromMilliseconds(Environment.TickCount64 - start);
                if (left < TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
                {
                    return false;
                }

                Monitor.Wait(_arrival, left);
            }
        }
    }

    /// <summary>Stops the threads and frees the buffers. What was computed is in the cache, which its owner flushes.</summary>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _cancellation.Cancel();
        foreach (Thread thread in _threads)
        {
            thread.Join();
        }

        _termination.Dispose();
        _imageBuffers.Dispose();
        _textBuffers.Dispose();
        _lookahead?.Dispose();
        _processors?.Dispose();
        _cancellation.Dispose();
        foreach (RunOptions run in _runs)
        {
            run.Dispose();
        }
    }

    private void ThrowIfBroken()
    {
        if (_failure is { } failure)
        {
            throw failure is QosValuationException fault
                ? new QosValuationException(fault.Fault, fault.Kind, fault.Message, fault.Subject, fault)
                : new QosValuationException(Faults.EmbeddingFailed, $"Embedding failed unexpectedly: {failure.Message}", null, failure);
        }

        _token.ThrowIfCancellationRequested();
    }

    private void Start(string name, int count, Action work)
    {
        for (int i = 0; i < count; i++)
        {
            var thread = new Thread(() => Guard(work)) { IsBackground = true, Name = $"embedding {name} {i}" };
            _threads.Add(thread);
            thread.Start();
        }
    }

    private void OpenForImages()
    {
        try
        {
            _encoder.OpenForImages(_token);
        }
        catch (QosValuationException)
        {
            // The first run meets it again; where every image is at fault there is none.
        }
    }

    private void Guard(Action work)
    {
        try
        {
            work();
        }
        catch (OperationCanceledException) when (_token.IsCancellationRequested)
        {
            Pulse();
        }
        catch (Exception exception)
        {
            Interlocked.CompareExchange(ref _failure, exception, null);
            _cancellation.Cancel();
            Pulse();
        }
    }

    private void Pulse()
    {
        lock (_arrival)
        {
            Monitor.PulseAll(_arrival);
        }
    }

    private void TerminateRuns()
    {
        lock (_runsGate)
        {
            foreach (RunOptions run in _runs)
            {
                run.Terminate = true;
            }
        }

        Pulse();
    }

    /// <summary>Reads and hashes sources a little ahead of the dispatcher and asks the cache for them.</summary>
    private void LookUp()
    {
        while (true)
        {
            // The permit comes first, so that the sources of earliest arrival hold the permits.
            _lookahead!.Wait(_token);
            if (!_lookups!.Reader.TryTake(out Entry? entry, _token))
            {
                _lookahead.Release();
                return;
            }

            try
            {
                entry.ReadContent();
                CacheKey key = _keys!.KeyOf(entry.Request.Modality, entry.Content);
                entry.Key = key;
                if (_cache!.TryGet(key, _encoder.Dimension) is { } vector)
                {
                    // Said on every run, not only on the one that computed the vector.
                    entry.IsTruncated = entry.Request.Modality == Modality.Text
                        && _encoder.Tokenizer.Tokenize(entry.Request.Source, _encoder.Description.Text!.ContextLength).IsTruncated;
                    entry.Succeed(vector, _encoder.Model.Name, isCached: true);
                }
            }
            catch (Exception exception) when (FaultOfItem(exception, entry) is { } fault)
            {
                entry.Fail(fault);
            }

            if (entry.Outcome is not null)
            {
                entry.ReleaseContent();
                Pulse();
            }

            entry.LookedUp.Set();
        }
    }

    /// <summary>Gives every request that has to be computed a slot, in arrival order.</summary>
    private void Dispatch()
    {
        OpenBatch? images = null, texts = null;
        while (_inbox.Reader.TryTake(out Entry? entry, _token))
        {
            if (_lookups is not null)
            {
                entry.LookedUp.Wait(_token);
                _lookahead!.Release();
            }

            if (entry.Outcome is null)
            {
                ref OpenBatch? open = ref entry.Request.Modality == Modality.Image ? ref images : ref texts;
                open ??= new OpenBatch((entry.Request.Modality == Modality.Image ? _imageBuffers : _textBuffers).Take(_token), _batchSize);
                int slot = open.Add(entry);
                _preparations.Writer.TryWrite((open, slot));
                if (open.Count == _batchSize)
                {
                    Close(ref open);
                }
            }

            if (images is not null && entry.Ordinal - images[0].Ordinal >= _window)
            {
                Close(ref images);
            }

            if (texts is not null && entry.Ordinal - texts[0].Ordinal >= _window)
            {
                Close(ref texts);
            }
        }

        // What arrived first goes first.
        if (images is not null && texts is not null && texts[0].Ordinal < images[0].Ordinal)
        {
            Close(ref texts);
        }

        Close(ref images);
        Close(ref texts);
        _preparations.Writer.TryComplete();
    }

    private void Close(ref OpenBatch? open)
    {
        if (open is not null && open.FinishPart())
        {
            _ready.Writer.Put(open, _token);
        }

        open = null;
    }

    /// <summary>Decodes images and tokenises texts into their slots.</summary>
    private void Prepare()
    {
        while (_preparations.Reader.TryTake(out (OpenBatch Batch, int Slot) work, _token))
        {
            Entry entry = work.Batch[work.Slot];
            _processors?.Wait(_token);
            try
            {
                if (work.Batch.Buffers is ImageBatch images)
                {
                    images.Fill(work.Slot, _encoder.Preprocessor, entry.Request.Source, entry.Content);
                }
                else if (string.IsNullOrWhiteSpace(entry.Request.Source))
                {
                    throw new QosValuationException(Faults.TextEmpty, "An empty text has no meaning to embed.", entry.Request.Item);
                }
                else
                {
                    entry.IsTruncated = ((TextBatch)work.Batch.Buffers).Fill(work.Slot, _encoder.Tokenizer, entry.Request.Source);
                }
            }
            catch (Exception exception) when (FaultOfItem(exception, entry) is { } fault)
            {
                work.Batch.Buffers.Clear(work.Slot);
                work.Batch.ReportFault();
                entry.Fail(fault);
                Pulse();
            }
            finally
            {
                _processors?.Release();
            }

            entry.ReleaseContent();
            if (work.Batch.FinishPart())
            {
                _ready.Writer.Put(work.Batch, _token);
            }
        }

        if (Interlocked.Decrement(ref _runningPreparers) == 0)
        {
            _ready.Writer.TryComplete();
        }
    }

    /// <summary>Runs prepared batches.</summary>
    private void Infer()
    {
        var run = new RunOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        lock (_runsGate)
        {
            _runs.Add(run);
        }

        while (_ready.Reader.TryTake(out OpenBatch? batch, _token))
        {
            if (batch.Faults < batch.Count)
            {
                Run(batch, run);
                for (int slot = 0; slot < batch.Count; slot++)
                {
                    Entry entry = batch[slot];
                    if (entry.Outcome is null)
                    {
                        Finish(entry, batch.Buffers, slot);
                    }
                }
            }

            (batch.Buffers is ImageBatch ? _imageBuffers : _textBuffers).Return(batch.Buffers);
            Pulse();
        }
    }

    private void Run(OpenBatch batch, RunOptions run)
    {
        _processors?.Wait(_token);
        try
        {
            _encoder.Run(batch.Buffers, batch.Count, run, _token);
        }
        finally
        {
            _processors?.Release();
        }
    }

    // What goes wrong with one item costs that item. A cache that cannot be read concerns them all, as does an end that was asked for.
    private QosValuationException? FaultOfItem(Exception exception, Entry entry) => exception switch
    {
        OperationCanceledException when _token.IsCancellationRequested => null,
        QosValuationException fault => fault.Is(Faults.CacheNotReadable, Faults.CacheBusy, Faults.CacheFull) ? null : fault,
        OutOfMemoryException => new QosValuationException(
            Faults.OutOfMemory,
            $"The memory does not suffice for '{entry.Request.Source}': {exception.Message}",
            entry.Request.Source,
            exception),
        _ => new QosValuationException(
            Faults.UnexpectedFailure,
            $"'{entry.Request.Source}' could not be embedded: {exception.Message} ({exception.GetType().Name})",
            entry.Request.Source,
            exception),
    };

    private void Finish(Entry entry, EncoderBatch buffers, int slot)
    {
        try
        {
            float[] vector = ClipEncoder.Unit(buffers, slot, entry.Request.Source);
            if (_cache is not null)
            {
                _cache.Add(entry.Key, vector);
            }

            entry.Succeed(vector, _encoder.Model.Name, isCached: false);
        }
        catch (QosValuationException fault) when (fault.Is(Faults.EmbeddingNotFinite))
        {
            entry.Fail(fault);
        }
    }

    /// <summary>A request on its way.</summary>
    private sealed class Entry(EmbeddingRequest request, long ordinal)
    {
        private byte[]? _content;
        private int _contentLength;
        private volatile EmbeddingOutcome? _outcome;

        public EmbeddingRequest Request { get; } = request;

        public long Ordinal { get; } = ordinal;

        public CacheKey Key { get; set; }

        public bool IsTruncated { get; set; }

        public ManualResetEventSlim LookedUp { get; } = new(initialState: false, spinCount: 0);

        public EmbeddingOutcome? Outcome => _outcome;

        /// <summary>The bytes of the image or the text; empty where they have not been read.</summary>
        public ReadOnlySpan<byte> Content => _content.AsSpan(0, _contentLength);

        public void ReadContent() => (_content, _contentLength) = SourceContent.Read(Request);

        public void ReleaseContent()
        {
            if (_content is { } content)
            {
                _content = null;
                _contentLength = 0;
                ArrayPool<byte>.Shared.Return(content);
            }
        }

        public void Succeed(float[] vector, string model, bool isCached) => _outcome = new EmbeddingOutcome
        {
            Request = Request,
            Ordinal = Ordinal,
            IsCached = isCached,
            IsTruncated = IsTruncated,
            Embedding = new ClipEmbedding
            {
                Source = Request.Source,
                Item = Request.Item,
                Modality = Request.Modality,
                Vector = vector,
                Model = model,
                Contributor = Request.Contributor,
                Ordinal = Request.ShardPosition ?? Ordinal,
                Shard = Request.Shard,
                ShardPosition = Request.ShardPosition,
            },
        };

        public void Fail(QosValuationException fault) => _outcome = new EmbeddingOutcome { Request = Request, Ordinal = Ordinal, Fault = fault };
    }

    /// <summary>Requests that will run together.</summary>
    private sealed class OpenBatch(EncoderBatch buffers, int capacity)
    {
        private readonly Entry[] _entries = new Entry[capacity];

        // One part for the batch being open, and one for every slot to prepare.
        private int _unfinishedParts = 1;
        private int _faults;

        public EncoderBatch Buffers { get; } = buffers;

        public int Count { get; private set; }

        public int Faults => _faults;

        public Entry this[int slot] => _entries[slot];

        public int Add(Entry entry)
        {
            _entries[Count] = entry;
            Interlocked.Increment(ref _unfinishedParts);
            return Count++;
        }

        public void ReportFault() => Interlocked.Increment(ref _faults);

        /// <summary>Notes that a part is done.</summary>
        /// <returns>True where it was the last.</returns>
        public bool FinishPart() => Interlocked.Decrement(ref _unfinishedParts) == 0;
    }

    /// <summary>A fixed number of buffers, made when first needed.</summary>
    private sealed class BufferPool(int count, Func<EncoderBatch> create) : IDisposable
    {
        private readonly SemaphoreSlim _permits = new(count);
        private readonly ConcurrentBag<EncoderBatch> _free = [];
        private readonly ConcurrentBag<EncoderBatch> _all = [];

        public EncoderBatch Take(CancellationToken cancellation)
        {
            _permits.Wait(cancellation);
            if (!_free.TryTake(out EncoderBatch? buffers))
            {
                buffers = create();
                _all.Add(buffers);
            }

            return buffers;
        }

        public void Return(EncoderBatch buffers)
        {
            _free.Add(buffers);
            _permits.Release();
        }

        public void Dispose()
        {
            foreach (EncoderBatch buffers in _all)
            {
                buffers.Dispose();
            }

            _permits.Dispose();
        }
    }
}
