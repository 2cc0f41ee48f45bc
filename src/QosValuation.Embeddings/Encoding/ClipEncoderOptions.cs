namespace QosValuation.Embeddings.Encoding;

/// <summary>How a <see cref="ClipEncoder"/> runs.</summary>
public sealed record ClipEncoderOptions
{
    private const int MostConcurrentRuns = 8;

    // Measured with ViT-B/32 and with clip-mini: the activations of more images do not stay in a core's cache.
    private const int ImagesPerProcessorRun = 8;

    /// <summary>What runs the arithmetic; the processor by default.</summary>
    public ExecutionProvider ExecutionProvider { get; init; } = ExecutionProvider.Cpu;

    /// <summary>Whether the processor is taken where the execution provider cannot be used; <see cref="ClipEncoder.Fallback"/> then says why.</summary>
    public bool AllowFallback { get; init; }

    /// <summary>
    /// How many batches run at once; 0 chooses. On a processor one batch a core (at most 8) is faster than all cores on one
    /// batch, because no thread ever waits for another; elsewhere 1.
    /// </summary>
    public int ConcurrentRuns { get; init; }

    /// <summary>The threads ONNX Runtime may use beside each other within a run; 0 leaves to the runs the cores they need.</summary>
    public int ThreadsPerRun { get; init; }

    /// <summary>What an image may cost to decode; null for the limits of the process.</summary>
    public Images.ImageLimits? ImageLimits { get; init; }

    /// <summary>Whether large JPEGs may be decoded at a fraction of their size.</summary>
    public ImageDecoding Decoding { get; init; }

    /// <summary>The number of runs that is meant.</summary>
    internal int EffectiveConcurrentRuns =>
        ConcurrentRuns > 0 ? ConcurrentRuns : ExecutionProvider == ExecutionProvider.Cpu ? Math.Clamp(Environment.ProcessorCount, 1, MostConcurrentRuns) : 1;

    /// <summary>The number of threads that is meant: concurrent runs share the threads beyond one each.</summary>
    internal int EffectiveThreadsPerRun =>
        ThreadsPerRun > 0 ? ThreadsPerRun : Math.Max(1, Environment.ProcessorCount - EffectiveConcurrentRuns + 1);

    /// <summary>The most images to feed at once, whatever the size of the batch; 0 for all of the batch.</summary>
    internal int EffectiveImagesPerRun => ExecutionProvider == ExecutionProvider.Cpu ? ImagesPerProcessorRun : 0;
}
