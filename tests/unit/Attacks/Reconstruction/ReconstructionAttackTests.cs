using Google.Protobuf;
using QosValuation.Attacks.Reconstruction;
using QosValuation.Embeddings.Images;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Gradients;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

public sealed class ReconstructionAttackTests
{
    /// <summary>Rows of PyTorch's F.interpolate(eye, mode="bicubic", align_corners=False).</summary>
    public static TheoryData<int, double[][]> BicubicRows => new()
    {
        { 2, [[1.11025, -0.1102498], [0.918, 0.0820002], [0.5, 0.5], [0.0819996, 0.9180002], [-0.1102498, 1.11025]] },
        {
            3,
            [
                [1.1093292, -0.1093292, 0.0], [0.8790087, 0.1341108, -0.013119], [0.4198247, 0.6851312, -0.1049562], [0.0, 1.0, 0.0],
                [-0.1049562, 0.6851312, 0.4198248], [-0.013119, 0.1341108, 0.8790085], [0.0, -0.1093295, 1.1093296],
            ]
        },
        {
            5,
            [
                [1.0525174, -0.0525174, 0.0, 0.0, 0.0], [0.2265625, 0.8789062, -0.1054688, 0.0, 0.0], [-0.0759549, 0.4824943, 0.6997974, -0.1063366, 0.0],
                [0.0, -0.1063368, 0.6997975, 0.4824942, -0.0759549], [0.0, 0.0, -0.1054688, 0.8789063, 0.2265626], [0.0, 0.0, 0.0, -0.0525174, 1.0525177],
            ]
        },
    };

    [Theory]
    [MemberData(nameof(BicubicRows))]
    public void BicubicWeightsAreThoseOfTheReferenceImplementation(int samples, double[][] rows)
    {
        double[][] actual = Dense(new BicubicMatrix(samples, rows.Length));
        for (int row = 0; row < rows.Length; row++)
        {
            for (int k = 0; k < samples; k++)
            {
                Assert.Equal(rows[row][k], actual[row][k], 1e-6);
            }
        }
    }

    [Fact]
    public void OneSampleIsRepeatedAndAllSamplesAreKept()
    {
        Assert.All(Dense(new BicubicMatrix(1, 6)), row => Assert.Equal([1.0], row));
        double[][] whole = Dense(new BicubicMatrix(6, 6));
        for (int row = 0; row < 6; row++)
        {
            Assert.Equal(Enumerable.Range(0, 6).Select(k => k == row ? 1.0 : 0.0), whole[row]);
        }
    }

    [Theory]
    [InlineData(1, 9)]
    [InlineData(4, 9)]
    [InlineData(9, 9)]
    [InlineData(7, 30)]
    public void TransposedUpsamplingIsTheAdjoint(int samples, int size)
    {
        var matrix = new BicubicMatrix(samples, size);
        RandomSource random = RandomSource.Create(samples);
        const int width = 5;
        float[] x = Uniform(random, samples * width);
        float[] y = Uniform(random, size * width);
        float[] up = new float[y.Length];
        float[] down = new float[x.Length];
        matrix.Apply(x, width, up);
        matrix.ApplyTransposed(y, width, down);
        Assert.Equal(Dot(up, y), Dot(x, down), 1e-5);
    }

    [Fact]
    public void OneCanvasMovesAsTheSumOfAllComponentsDoes()
    {
        // Gradient descent on ½Σ(tanh ΣP − T)² over explicit components of every side, in double precision, against the map.
        const int size = 13;
        const double rate = 0.003;
        RandomSource random = RandomSource.Create(8);
        float[] goal = Uniform(random, 3 * size * size);
        double[][][] up = [.. Enumerable.Range(1, size).Select(r => Dense(new BicubicMatrix(r, size)))];
        double[][] components = [.. Enumerable.Range(1, size).Select(r => new double[3 * r * r])];
        var map = new MultiResolutionPreconditioner(size, [.. Enumerable.Range(1, size)]);
        float[] canvas = new float[3 * size * size];
        double[] sum = new double[canvas.Length];
        for (int step = 0; step < 25; step++)
        {
            double[] naive = [.. sum.Select((z, i) => (Math.Tanh(z) - goal[i]) * (1 - (Math.Tanh(z) * Math.Tanh(z))))];
            for (int r = 1; r <= size; r++)
            {
                Descend(components[r - 1], up[r - 1], naive, r, size, rate);
            }

            sum = Sum(components, up, size);
            float[] gradient = [.. canvas.Select((z, i) => (float)((Math.Tanh(z) - goal[i]) * (1 - (Math.Tanh(z) * Math.Tanh(z)))))];
            float[] direction = new float[canvas.Length];
            map.Apply(gradient, direction);
            for (int i = 0; i < canvas.Length; i++)
            {
                canvas[i] -= (float)rate * direction[i];
            }
        }

        double largest = sum.Max(Math.Abs);
        Assert.True(largest > 0.5);
        for (int i = 0; i < canvas.Length; i++)
        {
            Assert.Equal(sum[i], canvas[i], 2e-5 * largest);
        }
    }

    [Fact]
    public void TheMapDoesNotDependOnTheNumberOfThreads()
    {
        const int size = 40;
        float[] gradient = Uniform(RandomSource.Create(1), 3 * size * size);
        float[] first = new float[gradient.Length];
        float[] second = new float[gradient.Length];
        new MultiResolutionPreconditioner(size, [.. Enumerable.Range(1, size)], threads: 1).Apply(gradient, first);
        new MultiResolutionPreconditioner(size, [.. Enumerable.Range(1, size)], threads: 5).Apply(gradient, second);
        Assert.Equal(first, second);
    }

    [Theory]
    [InlineData(8, 1)]
    [InlineData(8, 3)]
    public void TheAttackEqualsItsDefinitionOverExplicitComponents(int side, int seed)
    {
        // The published algorithm, word for word and in double precision, over the same draws.
        using AttackEncoder encoder = TinyEncoder(side);
        float[] target = Uniform(RandomSource.Create(seed, 9), encoder.Dimension);
        var options = new ReconstructionOptions { Steps = 6, Copies = 5, BatchSize = 2, LearningRate = 0.05 };
        QosValuation.Reconstruction result = new ReconstructionAttack(encoder).Run([new ReconstructionTarget(target, 0.7)], options, RandomSource.Create(seed));

        int margin = side / 4;
        int size = side + (2 * margin);
        double[][][] up = [.. Enumerable.Range(1, size).Select(r => Dense(new BicubicMatrix(r, size)))];
        double[][] components = [.. Enumerable.Range(1, size).Select(r => new double[3 * r * r])];
        double[] sum = new double[3 * size * size];
        RandomSource random = RandomSource.Create(seed);
        double norm = Math.Sqrt(target.Sum(v => (double)v * v));
        var trace = new List<double>();
        float[] mean = [0.48145466f, 0.4578275f, 0.40821073f];
        float[] std = [0.26862954f, 0.26130258f, 0.27577711f];
        for (int step = 0; step < options.Steps; step++)
        {
            double[] x = [.. sum.Select(z => (Math.Tanh(z) + 1) / 2)];
            double[] gradient = new double[x.Length];
            double score = 0;
            for (int copy = 0; copy < options.Copies; copy++)
            {
                int dy = random.NextInt32((2 * margin) + 1) - margin;
                int dx = random.NextInt32((2 * margin) + 1) - margin;
                double[] noise = new double[3 * side * side];
                for (int i = 0; i < noise.Length; i += 2)
                {
                    ulong word = random.NextUInt64();
                    noise[i] = 0.2 * (word >> 40) / (1 << 24);
                    if (i + 1 < noise.Length)
                    {
                        noise[i + 1] = 0.2 * ((word >> 8) & 0xFFFFFF) / (1 << 24);
                    }
                }

                // Roll circularly by (dy, dx), then crop the centre.
                int Place(int i)
                {
                    int channel = i / (side * side);
                    int row = (((i / side % side) + margin - dy) % size + size) % size;
                    int column = (((i % side) + margin - dx) % size + size) % size;
                    return (((channel * size) + row) * size) + column;
                }

                float[] pixels = new float[noise.Length];
                for (int i = 0; i < pixels.Length; i++)
                {
                    double seen = Math.Clamp(x[Place(i)] + noise[i], 0, 1);
                    pixels[i] = (float)((seen - mean[i / (side * side)]) / std[i / (side * side)]);
                }

                float[] back = new float[pixels.Length];
                float[] cosine = new float[1];
                encoder.Model.Evaluate(pixels, 1, target, back, default, cosine);
                score += 0.7 * cosine[0] / norm;
                for (int i = 0; i < back.Length; i++)
                {
                    gradient[Place(i)] += x[Place(i)] + noise[i] <= 1 ? 0.7 * back[i] / norm / std[i / (side * side)] : 0;
                }
            }

            trace.Add(score / options.Copies);
            double[] descent = [.. gradient.Select((g, i) => -g / options.Copies * 2 * x[i] * (1 - x[i]))];
            for (int r = 1; r <= size; r++)
            {
                Descend(components[r - 1], up[r - 1], descent, r, size, options.LearningRate);
            }

            sum = Sum(components, up, size);
        }

        Assert.Equal(trace.Count, result.ScoreTrace.Count);
        Assert.All(trace.Zip(result.ScoreTrace), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        Assert.True(sum.Max(Math.Abs) > 0.02);
        for (int i = 0; i < 3 * side * side; i++)
        {
            int channel = i % 3;
            int row = (i / 3 / side) + margin;
            int column = (i / 3 % side) + margin;
            double expected = 255 * (Math.Tanh(sum[(((channel * size) + row) * size) + column]) + 1) / 2;
            Assert.InRange(Math.Abs(expected - result.Image[i]), 0, 0.6);
        }
    }

    [Fact]
    public void TheSameSeedGivesTheSamePictureAndAnotherSeedAnother()
    {
        using AttackEncoder encoder = TinyEncoder(8);
        var attack = new ReconstructionAttack(encoder);
        ReconstructionTarget[] targets = [new(Uniform(RandomSource.Create(5), encoder.Dimension))];
        var options = new ReconstructionOptions { Steps = 5, Copies = 3 };
        QosValuation.Reconstruction Run(int seed) => attack.Run(targets, options, RandomSource.Create(seed));
        Assert.Equal(Run(1).Image, Run(1).Image);
        Assert.Equal(Run(1).ScoreTrace, Run(1).ScoreTrace);
        Assert.NotEqual(Run(1).Image, Run(2).Image);
    }

    [Fact]
    public void CancellationKeepsWhatThereIs()
    {
        using AttackEncoder encoder = TinyEncoder(8);
        var attack = new ReconstructionAttack(encoder);
        ReconstructionTarget[] targets = [new(Uniform(RandomSource.Create(5), encoder.Dimension))];
        using var source = new CancellationTokenSource();
        var steps = new List<int>();
        byte[] snapshot = [];
        QosValuation.Reconstruction result = attack.Run(targets, new ReconstructionOptions { Copies = 2 }, RandomSource.Create(1), state =>
        {
            steps.Add(state.Step);
            snapshot = state.Snapshot();
            if (state.Step == 3)
            {
                source.Cancel();
            }
        }, source.Token);
        Assert.Equal([1, 2, 3], steps);
        Assert.Equal(3, result.Steps);
        Assert.False(result.IsComplete);
        Assert.Equal(snapshot, result.Image);
        Assert.Equal(attack.Score(result.Image, targets).Score, result.Score);
    }

    [Fact]
    public void CancellationWithinAStepDropsTheStep()
    {
        using AttackEncoder encoder = TinyEncoder(8);
        var attack = new ReconstructionAttack(encoder);
        ReconstructionTarget[] targets = [new(Uniform(RandomSource.Create(5), encoder.Dimension))];
        var options = new ReconstructionOptions { Copies = 4, BatchSize = 1 };
        using var source = new CancellationTokenSource();
        var random = new CancellingSource(RandomSource.Create(1), source, 4 * 2);
        QosValuation.Reconstruction result = attack.Run(targets, options, random, null, source.Token);
        Assert.False(result.IsComplete);
        Assert.Equal(0, result.Steps);
        Assert.All(result.Image, value => Assert.Equal(128, value));
    }

    [Fact]
    public void TheGradientOfTheTotalVariationIsItsSlope()
    {
        const int size = 5;
        float[] canvas = Uniform(RandomSource.Create(3), 3 * size * size);
        float[] gradient = new float[canvas.Length];
        TotalVariation.SubtractGradient(canvas, size, 2, gradient);
        for (int i = 0; i < canvas.Length; i++)
        {
            const float h = 1e-3f;
            float[] up = [.. canvas];
            float[] down = [.. canvas];
            up[i] += h;
            down[i] -= h;
            double slope = (TotalVariation.Measure(up, size) - TotalVariation.Measure(down, size)) / (up[i] - down[i]);
            Assert.Equal(-2 * slope, gradient[i], 1e-4);
        }

        // A plane of one value varies only by the smoothing.
        Assert.Equal(1e-3, TotalVariation.Measure(new float[3 * size * size], size), 1e-9);
    }

    [Fact]
    public void AdamClimbsAndAPriorMakesThePictureSmoother()
    {
        using AttackEncoder encoder = TinyEncoder(16);
        var attack = new ReconstructionAttack(encoder);
        ReconstructionTarget[] targets = [new(Uniform(RandomSource.Create(5), encoder.Dimension))];
        var options = new ReconstructionOptions { Steps = 40, Copies = 4, Optimizer = ReconstructionOptimizer.Adam, LearningRate = 0.05 };
        QosValuation.Reconstruction free = attack.Run(targets, options, RandomSource.Create(1));
        QosValuation.Reconstruction smooth = attack.Run(targets, options with { TotalVariationWeight = 5 }, RandomSource.Create(1));
        Assert.True(free.ScoreTrace[^1] > free.ScoreTrace[0] + 0.2, string.Join(' ', free.ScoreTrace));
        static double Variation(QosValuation.Reconstruction r) => TotalVariation.Measure([.. r.Image.Chunk(3).Select(pixel => pixel[0] / 255f)], r.ImageSize);
        Assert.True(Variation(smooth) < 0.7 * Variation(free), $"{Variation(smooth)} {Variation(free)}");
    }

    [Fact]
    public void PlainCopiesAreTheCropThatIsScored()
    {
        // With plain copies alone nothing is random, and the first score of a step is that of the picture before it.
        using AttackEncoder encoder = TinyEncoder(8);
        var attack = new ReconstructionAttack(encoder);
        ReconstructionTarget[] targets = [new(Uniform(RandomSource.Create(5), encoder.Dimension))];
        var options = new ReconstructionOptions { Steps = 8, Copies = 2, PlainCopies = 2 };
        QosValuation.Reconstruction first = attack.Run(targets, options, RandomSource.Create(1));
        QosValuation.Reconstruction other = attack.Run(targets, options, RandomSource.Create(2));
        Assert.Equal(first.Image, other.Image);
        QosValuation.Reconstruction before = attack.Run(targets, options with { Steps = 7 }, RandomSource.Create(1));
        Assert.Equal(first.ScoreTrace[^1], before.Score, 5e-3);
        Assert.True(first.Score > first.ScoreTrace[0]);
    }

    [Fact]
    public void SeveralTargetsAndEncodersAreSummed()
    {
        using AttackEncoder first = TinyEncoder(8);
        using AttackEncoder second = TinyEncoder(12, 4);
        var attack = new ReconstructionAttack(first, second);
        RandomSource random = RandomSource.Create(2);
        ReconstructionTarget[] targets =
        [
            new(Uniform(random, first.Dimension)), new(Uniform(random, first.Dimension), -0.5), new(Uniform(random, second.Dimension), 2, 1),
        ];
        QosValuation.Reconstruction result = attack.Run(targets, new ReconstructionOptions { Steps = 15, Copies = 4, LearningRate = 0.05 }, RandomSource.Create(3));
        Assert.True(result.ScoreTrace[^1] > result.ScoreTrace[0] + 0.02);
        Assert.Equal(8, result.ImageSize);

        // The score is the sum over encoders of the mean weighted cosine.
        double alone = attack.Score(result.Image, [targets[0]]).Score;
        double opposite = attack.Score(result.Image, [targets[1]]).Score;
        double other = attack.Score(result.Image, [targets[2]]).Score;
        Assert.Equal(((alone + opposite) / 2) + other, result.Score, 1e-5);
    }

    [Fact]
    public void AnInitialPictureIsWhereTheAttackStarts()
    {
        using AttackEncoder encoder = TinyEncoder(8);
        var attack = new ReconstructionAttack(encoder);
        byte[] initial = [.. Uniform(RandomSource.Create(6), 3 * 64).Select(v => (byte)(20 + (200 * (v + 1) / 2)))];
        ReconstructionTarget[] targets = [new(Uniform(RandomSource.Create(5), encoder.Dimension))];
        QosValuation.Reconstruction result = attack.Run(targets, new ReconstructionOptions { Steps = 1, Copies = 1, LearningRate = 1e-12, Initial = initial }, RandomSource.Create(1));
        Assert.Equal(initial, result.Image);
        QosValuation.Reconstruction grey = attack.Run(targets, new ReconstructionOptions { Steps = 1, Copies = 1, LearningRate = 1e-12 }, RandomSource.Create(1));
        Assert.All(grey.Image, v => Assert.InRange(v, 127, 128));
    }

    [Fact]
    public void MistakesAreExplained()
    {
        using AttackEncoder encoder = TinyEncoder(8);
        var attack = new ReconstructionAttack(encoder);
        float[] good = Uniform(RandomSource.Create(5), encoder.Dimension);
        string Id(IReadOnlyList<ReconstructionTarget> targets, ReconstructionOptions? options = null) =>
            Assert.Throws<QosValuationException>(() => attack.Run(targets, options ?? new ReconstructionOptions { Steps = 1, Copies = 1 }, RandomSource.Create(1))).ErrorId;
        Assert.Equal("AttackTargetInvalid", Id([]));
        Assert.Equal("AttackTargetInvalid", Id([new(new float[3])]));
        Assert.Equal("AttackTargetInvalid", Id([new(new float[encoder.Dimension])]));
        Assert.Equal("AttackTargetInvalid", Id([new(good, double.NaN)]));
        Assert.Equal("AttackTargetInvalid", Id([new(good, 1, 1)]));
        foreach (ReconstructionOptions options in (ReconstructionOptions[])
            [new() { Steps = 0 }, new() { Copies = 0 }, new() { PlainCopies = 33 }, new() { BatchSize = 0 }, new() { LearningRate = 0 }, new() { NoiseAmplitude = 2 }, new() { MaximumShift = 3 }, new() { Initial = new byte[5] }])
        {
            Assert.Equal("AttackOptionInvalid", Id([new(good)], options));
        }

        Assert.Equal("ResolutionOutOfRange", Id([new(good)], new ReconstructionOptions { Resolutions = [0, 4] }));
        Assert.Equal("ResolutionOutOfRange", Id([new(good)], new ReconstructionOptions { Resolutions = [13] }));
    }

    [Theory]
    [InlineData("clip-mini", 96, 144)]
    [InlineData(null, 160, 240)]
    public void AnEmbeddedEncodersEmbeddingIsApproachedByAPicture(string? model, int side, int canvas)
    {
        // Few copies and steps: enough to leave no doubt of the direction.
        using AttackEncoder encoder = AttackEncoder.Open(model);
        Assert.Equal(side, encoder.ImageSize);
        var attack = new ReconstructionAttack(encoder);
        Assert.Equal(canvas, attack.CanvasSize);
        byte[] source = new byte[3 * side * side];
        for (int y = 0; y < side; y++)
        {
            for (int x = 0; x < side; x++)
            {
                bool disc = ((x - 40) * (x - 40)) + ((y - 50) * (y - 50)) < 600;
                source[3 * ((y * side) + x)] = (byte)(disc ? 220 : 40);
                source[(3 * ((y * side) + x)) + 1] = (byte)(disc ? 60 : 120 + (96 * y / side));
                source[(3 * ((y * side) + x)) + 2] = (byte)(disc ? 30 : 200);
            }
        }

        (double self, float[] embedding) = attack.Score(source, [new ReconstructionTarget(new float[512].Select((_, i) => i == 0 ? 1f : 0f).ToArray())]);
        Assert.InRange(self, -1, 1);
        QosValuation.Reconstruction result = attack.Run([new ReconstructionTarget(embedding)], new ReconstructionOptions { Steps = 12, Copies = 4 }, RandomSource.Create(1));
        Assert.True(result.ScoreTrace[^1] > result.ScoreTrace[0] + 0.1, string.Join(' ', result.ScoreTrace));
        Assert.Equal(3 * side * side, result.Image.Length);
        Assert.Equal(result.Score, Dot(result.Embedding, embedding), 1e-4);
    }

    [Fact]
    public void RanksCountDecoysThatAreNearer()
    {
        float[] embedding = [1, 0];
        Assert.Equal(1, ReconstructionAttack.Rank(embedding, [1, 0.1f], [[0, 1], [-1, 0]]));
        Assert.Equal(2, ReconstructionAttack.Rank(embedding, [1, 0.1f], [[1, 0], [-1, 0]]));
        Assert.Equal(2, ReconstructionAttack.Rank(embedding, [1, 0.1f], [[2, 0.2f]]));
    }

    /// <summary>A small nonlinear encoder of square images: a convolution, a squashing, a product.</summary>
    internal static AttackEncoder TinyEncoder(int side, int seed = 3)
    {
        var graph = new TestGraph(17, OnnxType.Single, seed);
        string x = graph.Input(1, 3, side, side);
        string y = graph.Op("Tanh", graph.Op("Conv", [x, graph.RandomConstant(6, 3, 4, 4)], ("strides", (long[])[4, 4])));
        y = graph.Op("MatMul", graph.Op("Flatten", y), graph.RandomConstant(6 * (side / 4) * (side / 4), 7));
        ModelProto model = ModelProto.Parser.ParseFrom(graph.Model(y).ToByteArray());
        GradientGraph built = GradientGraph.Build(model, string.Empty, new GradientOptions { Seed = GradientSeed.Cosine });
        return new AttackEncoder(GradientModel.Load(built, 1), new ImagePreprocessing { ImageSize = side }, "tiny");
    }

    private static double[][] Dense(BicubicMatrix matrix)
    {
        float[] identity = new float[matrix.Samples * matrix.Samples];
        for (int i = 0; i < matrix.Samples; i++)
        {
            identity[(i * matrix.Samples) + i] = 1;
        }

        float[] result = new float[matrix.Size * matrix.Samples];
        matrix.Apply(identity, matrix.Samples, result);
        return [.. result.Chunk(matrix.Samples).Select(row => Array.ConvertAll(row, v => (double)v))];
    }

    /// <summary>P −= rate·UᵀGU for each of three planes.</summary>
    private static void Descend(double[] component, double[][] up, double[] gradient, int r, int size, double rate)
    {
        for (int channel = 0; channel < 3; channel++)
        {
            for (int i = 0; i < r; i++)
            {
                for (int j = 0; j < r; j++)
                {
                    double sum = 0;
                    for (int y = 0; y < size; y++)
                    {
                        for (int x = 0; x < size; x++)
                        {
                            sum += up[y][i] * gradient[(((channel * size) + y) * size) + x] * up[x][j];
                        }
                    }

                    component[(((channel * r) + i) * r) + j] -= rate * sum;
                }
            }
        }
    }

    /// <summary>Σ_r U_r·P_r·U_rᵀ.</summary>
    private static double[] Sum(double[][] components, double[][][] up, int size)
    {
        double[] sum = new double[3 * size * size];
        for (int r = 1; r <= size; r++)
        {
            double[] component = components[r - 1];
            double[][] u = up[r - 1];
            for (int channel = 0; channel < 3; channel++)
            {
                for (int y = 0; y < size; y++)
                {
                    for (int x = 0; x < size; x++)
                    {
                        for (int i = 0; i < r; i++)
                        {
                            for (int j = 0; j < r; j++)
                            {
                                sum[(((channel * size) + y) * size) + x] += u[y][i] * component[(((channel * r) + i) * r) + j] * u[x][j];
                            }
                        }
                    }
                }
            }
        }

        return sum;
    }

    private static float[] Uniform(RandomSource random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)((2 * random.NextDouble()) - 1))];

    /// <summary>Cancels after some draws.</summary>
    private sealed class CancellingSource(RandomSource inner, CancellationTokenSource source, int draws) : RandomSource
    {
        private int _left = draws;

        public override bool IsCryptographic => false;

        public override ulong NextUInt64()
        {
            if (--_left == 0)
            {
                source.Cancel();
            }

            return inner.NextUInt64();
        }
    }

    private static double Dot(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();
}
