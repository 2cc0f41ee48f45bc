using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Model;

namespace QosValuation.Bench;

/// <summary>Online clustering against the most multiply-adds that the processor can do, and against ONNX Runtime's matrix product.</summary>
internal static class ClusteringBenchmark
{
    internal const int Dimension = 512;
    internal const int Block = LeaderClustering.BlockRows;

    /// <summary>Measures in turns, then prints medians.</summary>
    /// <param name="records">Records clustered in all, divided among the turns.</param>
    /// <param name="clusters">The directions that records scatter about; the first record of each founds its cluster.</param>
    /// <param name="threads">The most threads.</param>
    /// <param name="repeats">The number of turns.</param>
    /// <returns>0.</returns>
    public static int Run(int records, int clusters, int threads, int repeats)
    {
        var stream = new RecordStream(clusters);
        var clustering = new LeaderClustering(Dimension, 0.7, threads);
        float[] vectors = new float[Block * Dimension];
        int[] groups = new int[Block];

        // The clusters are founded first, so that every record after them is compared with all.
        var founding = Stopwatch.StartNew();
        for (int first = 0; first < clusters; first += Block)
        {
            int count = Math.Min(Block, clusters - first);
            stream.Found(first, vectors.AsSpan(0, count * Dimension));
            clustering.Add(vectors.AsSpan(0, count * Dimension), groups.AsSpan(0, count));
        }

        Line($"{clustering.GroupCount:N0} clusters of {Dimension} components founded in {founding.Elapsed.TotalSeconds:F1} s; {threads} threads; vectors of {(Vector512.IsHardwareAccelerated ? 512 : Vector<byte>.Count * 8)} bits");
        using var product = new MatrixProduct(clusters, threads);
        var peak = new Side("peak multiply rate, registers only");
        var kernel = new Side("block products alone");
        var library = new Side("ONNX Runtime's matrix product");
        var whole = new Side("online clustering");
        var single = new Side("online clustering, one by one");
        long block = (long)Block * clusters * Dimension;
        int perTurn = (records + repeats - 1) / repeats;
        for (int turn = -1; turn < repeats; turn++)
        {
            // The turn before the first warms up.
            peak.Measure(turn, () => PeakRate(threads));
            kernel.Measure(turn, () => Products(clusters, threads));
            library.Measure(turn, () =>
            {
                for (int i = 0; i < 10; i++)
                {
                    product.Run();
                }

                return 10 * block;
            });
            single.Measure(turn, () =>
            {
                stream.Draw(vectors);
                return new Excluding(() =>
                {
                    for (int i = 0; i < Block; i++)
                    {
                        clustering.Add(vectors.AsSpan(i * Dimension, Dimension));
                    }
                }, block);
            });
            int count = turn < 0 ? 10 * Block : perTurn;
            whole.Accumulate(turn, (count + Block - 1) / Block, () => stream.Draw(vectors), () => clustering.Add(vectors, groups), block);
        }

        Line($"{(long)repeats * ((perTurn + Block - 1) / Block) * Block:N0} records compared with {clusters:N0} clusters in {whole.TotalSeconds:F1} s by the clock; peak memory {PeakMegabytes():N0} MiB; {clustering.GroupCount:N0} clusters at the end");
        Line($"{"median of " + repeats + " turns",-38}{"Gmul/s",9}{"of peak",10}{"by processor time",20}");
        foreach (Side side in new[] { peak, library, kernel, whole, single })
        {
            Line($"{side.Name,-38}{side.Rate / 1e9,9:F1}{side.Over(peak),10:P1}{side.OverByProcessor(peak),20:P1}");
        }

        return 0;
    }

    /// <summary>What online grouping keeps of very many records: memory after each quarter of them.</summary>
    /// <param name="records">Records in all, each with a name of its own.</param>
    /// <param name="clusters">The directions that they scatter about.</param>
    /// <param name="threads">The most threads.</param>
    /// <returns>0.</returns>
    public static int Memory(int records, int clusters, int threads)
    {
        var stream = new RecordStream(clusters);
        long labelled = 0;
        EmbeddingClusterer clusterer = EmbeddingClusterer.Create(
            new ClusteringOptions { KeepMembers = false, MaximumThreads = threads }, _ => labelled++, fault => throw fault);
        var clock = Stopwatch.StartNew();
        long before = 0;
        for (int i = 0; i < records; i++)
        {
            float[] vector = new float[Dimension];
            if (i < clusters)
            {
                stream.Found(i, vector);
            }
            else
            {
                stream.Draw(vector);
            }

            clusterer.Add(new ClipEmbedding { Source = $"/photographs/{i:D8}.jpg", Item = $"/photographs/{i:D8}.jpg", Modality = Modality.Image, Vector = vector, Ordinal = i });
            if ((i + 1) % (records / 4) == 0)
            {
                long kept = GC.GetTotalMemory(forceFullCollection: true);
                Line($"{i + 1,12:N0} records in {clock.Elapsed.TotalSeconds,6:F1} s: {kept / 1048576.0,8:F1} MiB kept, {(before == 0 ? double.NaN : (kept - before) / (records / 4.0)),6:F0} bytes a further record; {labelled:N0} have left; peak {PeakMegabytes():N0} MiB");
                before = kept;
            }
        }

        clusterer.Complete();
        Line($"{clusterer.Clusters.Count:N0} clusters, {clusterer.NoiseCount:N0} records of noise; the vectors were {(long)records * Dimension * sizeof(float) >> 20:N0} MiB");
        return 0;
    }

    /// <summary>As many multiply-adds as the processor can do: independent chains that never leave the registers.</summary>
    internal static long PeakRate(int threads)
    {
        const int Steps = 4_000_000;
        long[] counts = new long[threads];
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, thread =>
            counts[thread] = Vector512.IsHardwareAccelerated ? Chains512(Steps) : ChainsPortable(Steps));
        return counts.Sum();
    }

    private static long Chains512(int steps)
    {
        Vector512<float> a = Vector512.Create(0.5f), b = Vector512.Create(1e-3f);
        Vector512<float> s0 = b, s1 = b, s2 = b, s3 = b, s4 = b, s5 = b, s6 = b, s7 = b, s8 = b, s9 = b, t0 = b, t1 = b, t2 = b, t3 = b, t4 = b, t5 = b;
        for (int i = 0; i < steps; i++)
        {
            s0 = Vector512.FusedMultiplyAdd(s0, a, b);
            s1 = Vector512.FusedMultiplyAdd(s1, a, b);
            s2 = Vector512.FusedMultiplyAdd(s2, a, b);
            s3 = Vector512.FusedMultiplyAdd(s3, a, b);
            s4 = Vector512.FusedMultiplyAdd(s4, a, b);
            s5 = Vector512.FusedMultiplyAdd(s5, a, b);
            s6 = Vector512.FusedMultiplyAdd(s6, a, b);
            s7 = Vector512.FusedMultiplyAdd(s7, a, b);
            s8 = Vector512.FusedMultiplyAdd(s8, a, b);
            s9 = Vector512.FusedMultiplyAdd(s9, a, b);
            t0 = Vector512.FusedMultiplyAdd(t0, a, b);
            t1 = Vector512.FusedMultiplyAdd(t1, a, b);
            t2 = Vector512.FusedMultiplyAdd(t2, a, b);
            t3 = Vector512.FusedMultiplyAdd(t3, a, b);
            t4 = Vector512.FusedMultiplyAdd(t4, a, b);
            t5 = Vector512.FusedMultiplyAdd(t5, a, b);
        }

        Keep(Vector512.Sum(s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + t0 + t1 + t2 + t3 + t4 + t5));
        return 16L * 16 * steps;
    }

    private static long ChainsPortable(int steps)
    {
        Vector<float> a = new(0.5f), b = new(1e-3f);
        Vector<float> s0 = b, s1 = b, s2 = b, s3 = b, s4 = b, s5 = b, s6 = b, s7 = b, s8 = b, s9 = b, t0 = b, t1 = b;
        for (int i = 0; i < steps; i++)
        {
            s0 = Vector.FusedMultiplyAdd(s0, a, b);
            s1 = Vector.FusedMultiplyAdd(s1, a, b);
            s2 = Vector.FusedMultiplyAdd(s2, a, b);
            s3 = Vector.FusedMultiplyAdd(s3, a, b);
            s4 = Vector.FusedMultiplyAdd(s4, a, b);
            s5 = Vector.FusedMultiplyAdd(s5, a, b);
            s6 = Vector.FusedMultiplyAdd(s6, a, b);
            s7 = Vector.FusedMultiplyAdd(s7, a, b);
            s8 = Vector.FusedMultiplyAdd(s8, a, b);
            s9 = Vector.FusedMultiplyAdd(s9, a, b);
            t0 = Vector.FusedMultiplyAdd(t0, a, b);
            t1 = Vector.FusedMultiplyAdd(t1, a, b);
        }

        Keep(Vector.Sum(s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + t0 + t1));
        return 12L * Vector<float>.Count * steps;
    }

    private static void Keep(float value)
    {
        if (!float.IsFinite(value))
        {
            throw new InvalidOperationException();
        }
    }

    /// <summary>The kernel on as many panels as the clusters fill, without the decisions.</summary>
    private static unsafe long Products(int clusters, int threads)
    {
        int panels = (clusters + PanelKernel.Columns - 1) / PanelKernel.Columns;
        KernelData data = KernelData.Of(panels);
        Parallel.For(0, panels, new ParallelOptions { MaxDegreeOfParallelism = threads }, panel =>
        {
            for (int start = 0; start < Dimension; start += LeaderClustering.SliceLength)
            {
                for (int tile = 0; tile < Block / PanelKernel.Rows; tile++)
                {
                    PanelKernel.Tile(
                        data.Records.Pointer + ((nint)tile * PanelKernel.Rows * Dimension) + (start * PanelKernel.Rows),
                        data.Panels.Panel(panel) + (start * PanelKernel.Columns),
                        LeaderClustering.SliceLength,
                        data.Products.Pointer + ((((nint)tile * PanelKernel.Rows * panels) + panel) * PanelKernel.Columns),
                        (nint)panels * PanelKernel.Columns,
                        continues: start > 0);
                }
            }
        });
        return (long)Block * panels * PanelKernel.Columns * Dimension;
    }

    private static long PeakMegabytes()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 >> 20;
    }

    private static void Line(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private sealed record Excluding(Action Work, long Multiplications);

    private sealed class KernelData
    {
        private static KernelData? _last;

        private KernelData(int panels)
        {
            Panels = new CentroidPanels(Dimension);
            RandomSource random = RandomSource.Create(3);
            float[] vector = new float[Dimension];
            for (int i = 0; i < panels * PanelKernel.Columns; i++)
            {
                for (int k = 0; k < Dimension; k++)
                {
                    vector[k] = (float)random.NextDouble() - 0.5f;
                }

                Panels.Write(Panels.Append(), vector);
            }

            Records = new AlignedFloats(Block * Dimension);
            Products = new AlignedFloats((long)Block * panels * PanelKernel.Columns);
        }

        public CentroidPanels Panels { get; }

        public AlignedFloats Records { get; }

        public AlignedFloats Products { get; }

        public static KernelData Of(int panels) => _last ??= new KernelData(panels);
    }

    /// <summary>Records that scatter about random directions at a cosine of about 0.82, at little cost.</summary>
    internal sealed class RecordStream
    {
        private readonly RandomSource _random = RandomSource.Create(1);
        private readonly float[][] _directions;
        private readonly float[][] _scatter;
        private readonly float _strength;

        /// <summary>Draws the directions that records scatter about.</summary>
        /// <param name="clusters">Their number.</param>
        /// <param name="intrinsic">The dimension of a plane that all directions lie in, by topics of about a hundred; 0 for anywhere.</param>
        public RecordStream(int clusters, int intrinsic = 0)
        {
            _scatter = [.. Enumerable.Range(0, 1024).Select(_ => Direction())];
            _strength = intrinsic == 0 ? 0.7f : 0.3f;
            if (intrinsic == 0)
            {
                _directions = [.. Enumerable.Range(0, clusters).Select(_ => Direction())];
                return;
            }

            float[][] axes = [.. Enumerable.Range(0, intrinsic).Select(_ => Direction())];
            double[][] topics = [.. Enumerable.Range(0, Math.Max(1, clusters / 100)).Select(_ => Coordinates(intrinsic))];
            _directions = [.. Enumerable.Range(0, clusters).Select(_ => Within(axes, topics[_random.NextInt32(topics.Length)]))];
        }

        public void Found(int first, Span<float> vectors)
        {
            for (int i = 0; i < vectors.Length / Dimension; i++)
            {
                _directions[first + i].CopyTo(vectors[(i * Dimension)..]);
            }
        }

        public void Draw(Span<float> vectors)
        {
            for (int i = 0; i < vectors.Length / Dimension; i++)
            {
                float[] direction = _directions[_random.NextInt32(_directions.Length)];
                float[] scatter = _scatter[_random.NextInt32(_scatter.Length)];
                Span<float> vector = vectors.Slice(i * Dimension, Dimension);
                for (int k = 0; k < Dimension; k++)
                {
                    vector[k] = direction[k] + (_strength * scatter[k]);
                }

                UnitVector.TryNormalize(vector);
            }
        }

        private double[] Coordinates(int count) => [.. Enumerable.Range(0, count).Select(_ => _random.NextNormal())];

        private float[] Within(float[][] axes, double[] topic)
        {
            float[] vector = new float[Dimension];
            for (int axis = 0; axis < axes.Length; axis++)
            {
                TensorPrimitives.MultiplyAdd(axes[axis], (float)(topic[axis] + _random.NextNormal()), vector, vector);
            }

            UnitVector.TryNormalize(vector);
            return vector;
        }

        private float[] Direction()
        {
            float[] vector = [.. Enumerable.Range(0, Dimension).Select(_ => (float)_random.NextNormal())];
            UnitVector.TryNormalize(vector);
            return vector;
        }
    }

    /// <summary>A block times a constant matrix in ONNX Runtime, whose kernels (MLAS) are written in assembly.</summary>
    private sealed class MatrixProduct : IDisposable
    {
        private readonly InferenceSession _session;
        private readonly RunOptions _run = new();
        private readonly OrtValue _input;
        private readonly OrtValue _output;

        public MatrixProduct(int columns, int threads)
        {
            var random = new Random(1);
            float[] weights = [.. Enumerable.Range(0, Dimension * columns).Select(_ => random.NextSingle() - 0.5f)];
            var matrix = new TensorProto { Name = "b", DataType = OnnxType.Single, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(weights.AsSpan())) };
            matrix.Dims.Add([Dimension, columns]);
            var graph = new GraphProto { Name = "product" };
            graph.Initializer.Add(matrix);
            graph.Input.Add(Value("a", Block, Dimension));
            graph.Output.Add(Value("c", Block, columns));
            var node = new NodeProto { OpType = "MatMul", Name = "c" };
            node.Input.Add(["a", "b"]);
            node.Output.Add("c");
            graph.Node.Add(node);
            var model = new ModelProto { IrVersion = 8, Graph = graph };
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = string.Empty, Version = 17 });
            using SessionOptions options = OnnxRuntimeHost.NewOptions();
            options.IntraOpNumThreads = threads;
            _session = OnnxRuntimeHost.Open(model.ToByteArray(), options);
            _input = OrtValue.CreateTensorValueFromMemory(new float[Block * Dimension], [Block, Dimension]);
            _output = OrtValue.CreateTensorValueFromMemory(new float[Block * columns], [Block, columns]);
        }

        public void Run() => _session.Run(_run, ["a"], [_input], ["c"], [_output]);

        public void Dispose()
        {
            _input.Dispose();
            _output.Dispose();
            _run.Dispose();
            _session.Dispose();
        }

        private static ValueInfoProto Value(string name, params long[] shape)
        {
            var dims = new TensorShapeProto();
            dims.Dim.Add(shape.Select(length => new TensorShapeProto.Types.Dimension { DimValue = length }));
            return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = OnnxType.Single, Shape = dims } } };
        }
    }

    /// <summary>One of the things compared: its multiply-adds a second of each turn, by the clock and by processor time.</summary>
    private sealed class Side(string name)
    {
        private readonly List<double> _rates = [];
        private readonly List<double> _processorRates = [];

        public string Name => name;

        public double TotalSeconds { get; private set; }

        public double Rate => Median(_rates);

        public double Over(Side peak) => Median([.. _rates.Zip(peak._rates, (rate, most) => rate / most)]);

        public double OverByProcessor(Side peak) => Median([.. _processorRates.Zip(peak._processorRates, (rate, most) => rate / most)]);

        public void Measure(int turn, Func<long> work)
        {
            (double seconds, double processor) = (0, 0);
            long multiplications = 0;
            while (seconds < 0.2)
            {
                (double s, double p) = Time(() => multiplications += work());
                seconds += s;
                processor += p;
            }

            Note(turn, multiplications, seconds, processor);
        }

        public void Measure(int turn, Func<Excluding> prepare)
        {
            Excluding part = prepare();
            (double seconds, double processor) = Time(part.Work);
            Note(turn, part.Multiplications, seconds, processor);
        }

        public void Accumulate(int turn, int times, Action prepare, Action work, long multiplications)
        {
            double seconds = 0, processor = 0;
            for (int i = 0; i < times; i++)
            {
                prepare();
                (double s, double p) = Time(work);
                seconds += s;
                processor += p;
            }

            Note(turn, times * multiplications, seconds, processor);
        }

        private static (double Seconds, double Processor) Time(Action work)
        {
            TimeSpan before = Environment.CpuUsage.TotalTime;
            long start = Stopwatch.GetTimestamp();
            work();
            return (Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
        }

        private static double Median(List<double> values)
        {
            double[] sorted = [.. values.Order()];
            return sorted[sorted.Length / 2];
        }

        private void Note(int turn, long multiplications, double seconds, double processor)
        {
            if (turn >= 0)
            {
                TotalSeconds += seconds;
                _rates.Add(multiplications / seconds);
                _processorRates.Add(multiplications / Math.Max(processor, 1e-9));
            }
        }
    }
}
