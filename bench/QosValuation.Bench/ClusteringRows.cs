using QosValuation.Embeddings.Clustering;

namespace QosValuation.Bench;

/// <summary>Online clustering beside the most multiply-adds that the processor can do.</summary>
internal sealed class ClusteringRows : IBenchmark
{
    /// <inheritdoc/>
    public string Name => "clustering";

    /// <inheritdoc/>
    public bool IsGuarded => true;

    /// <inheritdoc/>
    public IEnumerable<BenchmarkResult> Measure(BenchmarkContext context)
    {
        const int Dimension = ClusteringBenchmark.Dimension;
        const int Block = ClusteringBenchmark.Block;
        int clusters = context.IsShort ? 1_000 : 10_000;
        int blocks = context.IsShort ? 8 : 4;
        var stream = new ClusteringBenchmark.RecordStream(clusters);
        var clustering = new LeaderClustering(Dimension, 0.7, 1);
        float[] vectors = new float[Block * Dimension];
        int[] groups = new int[Block];
        for (int first = 0; first < clusters; first += Block)
        {
            int count = Math.Min(Block, clusters - first);
            stream.Found(first, vectors.AsSpan(0, count * Dimension));
            clustering.Add(vectors.AsSpan(0, count * Dimension), groups.AsSpan(0, count));
        }

        double multiplications = (double)blocks * Block * clusters * Dimension;
        yield return context.Compare(
            $"online clustering, {clusters:N0} clusters of {Dimension}, one thread",
            "multiply peak, registers only",
            () =>
            {
                double clock = 0, processor = 0;
                for (int i = 0; i < blocks; i++)
                {
                    stream.Draw(vectors);
                    Timing part = Timing.Of(() => clustering.Add(vectors, groups));
                    (clock, processor) = (clock + part.Clock, processor + part.Processor);
                }

                return new Timing(clock, processor);
            },
            () =>
            {
                long done = 0;
                Timing peak = Timing.Of(() => done = ClusteringBenchmark.PeakRate(1));
                return peak.Scaled(multiplications / done);
            });
    }
}
