namespace QosValuation.Embeddings.Encoding;

/// <summary>How an <see cref="EmbeddingPipeline"/> works.</summary>
public sealed record EmbeddingPipelineOptions
{
    /// <summary>The batch size that is fastest on processors.</summary>
    public const int DefaultBatchSize = 8;

    /// <summary>
    /// The number of images, or of texts, that are prepared and handed over together; at least 1. Processors run images at
    /// most eight at a time, because more at a time are slower.
    /// </summary>
    public int BatchSize { get; init; } = DefaultBatchSize;

    /// <summary>Where embeddings are kept between runs; null for nowhere. Not disposed of by the pipeline.</summary>
    public EmbeddingCache? Cache { get; init; }

    /// <summary>The number of threads that decode; 0 for one a core.</summary>
    public int DecodeThreads { get; init; }

    /// <summary>How many threads may decode or infer at the same moment where the processor infers; 0 for one a core that the process may use.</summary>
    internal int Processors { get; init; }
}
