using System.Numerics.Tensors;
using QosValuation.Attacks.Reconstruction;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Prototypes;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

public sealed class ReconstructionAttackerTests
{
    [Fact]
    public void ThePosteriorMeanIsThatOfTheMixture()
    {
        // Two public points in the plane, far apart as the noise goes: by hand.
        PublicEmbeddings known = Public([1, 0], [0, 1]);
        float[] v = [0.9f, 0.3f];
        const double sigma = 0.5;

        // τ² = ‖s₁ − s₂‖²/2 = 1; weights ∝ exp(−‖v − s‖²/(2(σ² + τ²))).
        double first = Math.Exp(-((0.1 * 0.1) + (0.3 * 0.3)) / 2.5);
        double second = Math.Exp(-((0.9 * 0.9) + (0.7 * 0.7)) / 2.5);
        double w = first / (first + second);
        float[] estimate = known.Denoise(v, sigma, 1);
        Assert.Equal(((0.25 * w) + 0.9) / 1.25, estimate[0], 1e-5);
        Assert.Equal(((0.25 * (1 - w)) + 0.3) / 1.25, estimate[1], 1e-5);
        Assert.Equal(v, known.Denoise(v, 0, 1));
    }

    [Fact]
    public void DenoisingBringsBackMuchOfWhatTheNoiseHid()
    {
        // Private and public prototypes from one distribution on a cone, as embeddings are: 40 trials, the mean error is far from chance.
        RandomSource random = RandomSource.Create(4);
        const int dimension = 64;
        float[] Draw()
        {
            float[] vector = new float[dimension];
            vector[0] = 1.5f;
            for (int i = 0; i < 8; i++)
            {
                vector[i] += (float)(0.5 * random.NextNormal());
            }

            TensorPrimitives.Divide(vector, TensorPrimitives.Norm<float>(vector), vector);
            return vector;
        }

        PublicEmbeddings known = Public([.. Enumerable.Range(0, 300).Select(_ => Draw())]);
        double raw = 0;
        double denoised = 0;
        double prior = 0;
        float[] mean = new float[dimension];
        for (int i = 0; i < 300; i++)
        {
            TensorPrimitives.Add(mean, Draw(), mean);
        }

        const double sigma = 0.2;
        for (int trial = 0; trial < 40; trial++)
        {
            float[] clean = Draw();
            float[] noisy = [.. clean.Select(c => (float)(c + (sigma * random.NextNormal())))];
            raw += TensorPrimitives.CosineSimilarity<float>(noisy, clean) / 40;
            denoised += TensorPrimitives.CosineSimilarity<float>(known.Denoise(noisy, sigma, 1), clean) / 40;
            prior += TensorPrimitives.CosineSimilarity<float>(mean, clean) / 40;
        }

        // On a linear Gaussian truth the Wiener filter is the optimum, and close to it after 300 samples.
        Assert.InRange(raw, 0.4, 0.7);
        Assert.True(denoised > prior + 0.01 && denoised > 0.9, $"{raw} {prior} {denoised}");
    }

    [Fact]
    public void TheNearestPublicEmbeddingIsOfTheSameModality()
    {
        var known = new PublicEmbeddings();
        known.Add(Embedding("text", [1, 0], Modality.Text));
        known.Add(Embedding("near", [2, 1], Modality.Image));
        known.Add(Embedding("far", [-1, 1], Modality.Image));
        Assert.Equal("near", known.Nearest([1, 0], Modality.Image).Source);
        Assert.Equal("text", known.Nearest([1, 0]).Source);
        Assert.Equal("AttackTargetInvalid", Assert.Throws<QosValuationException>(() => known.Nearest([1, 0, 0])).ErrorId);
        Assert.Equal("PublicEmbeddingInvalid", Assert.Throws<QosValuationException>(() => known.Add(Embedding("bad", [0, 0], Modality.Image))).ErrorId);
        Assert.Equal("PublicEmbeddingsMissing", Assert.Throws<QosValuationException>(() => new PublicEmbeddings().Nearest([1])).ErrorId);
    }

    [Fact]
    public void ThePriorOfAPrototypeAveragesNeighbours()
    {
        // With as many neighbours as there are points every public prototype is the mean: so is the estimate.
        PublicEmbeddings known = Public([1, 0], [0, 1], [0.6f, 0.8f]);
        float[] estimate = known.Denoise([-5, 3], 1, 10);
        Assert.Equal(1.6 / 3, estimate[0], 1e-5);
        Assert.Equal(1.8 / 3, estimate[1], 1e-5);
    }

    [Fact]
    public void TheTruthIsTheClusterOrTheItem()
    {
        var references = new PrivateReferences(new ImagePreprocessing { ImageSize = 16 });
        references.Add(Cluster(0, [1, 0], [0.6f, 0.8f]));
        references.Add(Cluster(1, [0, 1]));
        references.Add(Cluster(2, [-1, 0]));
        QosValuation.Reconstruction found = Found([0.9f, 0.1f]);
        QosValuation.Reconstruction judged = references.Judge(found, new AttackTarget { Name = "t", Vectors = [new([1, 0])], ClusterId = 0, Modality = Modality.Image });
        Assert.Equal(((0.9 * 0.8) + (0.1 * 0.4)) / Math.Sqrt(0.82 * 0.8), judged.ReferenceSimilarity, 1e-6);
        Assert.Equal(0.9 / Math.Sqrt(0.82), judged.NearestMemberSimilarity, 1e-6);
        Assert.Equal(1, judged.SourceRank);
        Assert.Equal(2, judged.Decoys);
        Assert.Equal((0.1 - 0.9) / Math.Sqrt(0.82) / 2, judged.DecoySimilarity, 1e-6);
        Assert.True(double.IsNaN(judged.Psnr));

        judged = references.Judge(found, new AttackTarget { Name = "t", Vectors = [new([1, 0])], ClusterId = 2, Modality = Modality.Image });
        Assert.Equal(3, judged.SourceRank);

        var items = new PrivateReferences(new ImagePreprocessing { ImageSize = 16 });
        items.Add(Embedding("a", [1, 0], Modality.Image));
        items.Add(Embedding("b", [0, 1], Modality.Image));
        judged = items.Judge(found, AttackTarget.Of(Embedding("b", [0, 1], Modality.Image)));
        Assert.Equal(0.1 / Math.Sqrt(0.82), judged.ReferenceSimilarity, 1e-6);
        Assert.Equal(2, judged.SourceRank);

        // Nothing says which of the two it was.
        judged = items.Judge(found, new AttackTarget { Name = "t", Vectors = [new([1, 0])] });
        Assert.True(double.IsNaN(judged.ReferenceSimilarity));
        Assert.Equal(0.9 / Math.Sqrt(0.82), judged.NearestMemberSimilarity, 1e-6);
        Assert.Equal("ReferenceInvalid", Assert.Throws<QosValuationException>(() => items.Judge(Found([1, 0, 0]), AttackTarget.Of(Embedding("b", [0, 1], Modality.Image)))).ErrorId);
    }

    [Fact]
    public void TheStrongestIsTheOneThatTellsTheTruthFromTheOthers()
    {
        // Denoising with much noise answers with the mean of what is public, which is near to every truth; the nearest public
        // embedding is further from the truth, and names it.
        using AttackEncoder encoder = ReconstructionAttackTests.TinyEncoder(16);
        float[] At(double angle, int axis)
        {
            float[] vector = new float[encoder.Dimension];
            vector[0] = (float)Math.Cos(angle);
            vector[axis] = (float)Math.Sin(angle);
            return vector;
        }

        var references = new PrivateReferences(new ImagePreprocessing { ImageSize = 16 });
        references.Add(Embedding("truth", At(0.9, 1), Modality.Image));
        references.Add(Embedding("other", At(0.9, 2), Modality.Image));
        var target = new AttackTarget { Name = "t", Vectors = [new(At(1.9, 1))], Item = "truth", Modality = Modality.Image };
        var options = new AttackerOptions { Methods = [ReconstructionMethod.NearestEmbedding, ReconstructionMethod.DirectAscent], Ascent = new ReconstructionOptions { Steps = 1, Copies = 1 }, Restarts = 0 };
        using var attacker = new ReconstructionAttacker([encoder], options, Public(At(1.9, 1)), references);
        IReadOnlyList<QosValuation.Reconstruction> results = attacker.Attack(target, () => RandomSource.Create(1));
        QosValuation.Reconstruction[] told = [.. results.Select(r => r with { IsStrongest = false })];
        Assert.Equal(1, results[0].SourceRank);
        Assert.Equal(results.OrderBy(r => r.SourceRank).ThenByDescending(r => r.ReferenceSimilarity - r.DecoySimilarity).First(), Assert.Single(results, r => r.IsStrongest));

        // The rule itself, on numbers of Fig. 7: a common answer at 0.65 to all is not stronger than 0.54 against 0.47.
        QosValuation.Reconstruction common = told[0] with { SourceRank = 2, ReferenceSimilarity = 0.65, DecoySimilarity = 0.65 };
        QosValuation.Reconstruction near = told[0] with { SourceRank = 1, ReferenceSimilarity = 0.54, DecoySimilarity = 0.47 };
        Assert.Same(near, ReconstructionAttacker.Strongest([common, near]));
        Assert.Same(near, ReconstructionAttacker.Strongest([common with { SourceRank = 1 }, near]));
        Assert.Equal(0.65, ReconstructionAttacker.Strongest([near, common with { SourceRank = 1, DecoySimilarity = 0.5 }])!.ReferenceSimilarity);

        // Without decoys the cosine to the truth, without a truth the score.
        Assert.Equal(0.65, ReconstructionAttacker.Strongest([.. new[] { near, common }.Select(r => r with { SourceRank = 0, DecoySimilarity = double.NaN })])!.ReferenceSimilarity);
        Assert.Equal(0.3, ReconstructionAttacker.Strongest([.. new[] { 0.1, 0.3, 0.2 }.Select(score => Found([1, 0]) with { Score = score })])!.Score);
        Assert.Null(ReconstructionAttacker.Strongest([]));
    }

    [Fact]
    public void TheStrongestIsTheOneNearestToTheTruth()
    {
        using AttackEncoder encoder = ReconstructionAttackTests.TinyEncoder(16);
        RandomSource random = RandomSource.Create(6);
        float[] clean = [.. Enumerable.Range(0, encoder.Dimension).Select(_ => (float)random.NextNormal())];
        TensorPrimitives.Divide(clean, TensorPrimitives.Norm<float>(clean), clean);
        float[] noisy = [.. clean.Select(c => (float)(c + (0.6 * random.NextNormal())))];
        var references = new PrivateReferences(new ImagePreprocessing { ImageSize = 16 });
        references.Add(Embedding("truth", clean, Modality.Image));
        PublicEmbeddings known = Public([.. clean.Select(c => c + 0.02f)], [.. clean.Reverse()]);
        var target = new AttackTarget { Name = "t", Vectors = [new(noisy)], Item = "truth", Modality = Modality.Image, Sigma = 0.6 };
        var options = new AttackerOptions
        {
            Methods = [ReconstructionMethod.DirectAscent, ReconstructionMethod.Adam, ReconstructionMethod.DenoiseFirst, ReconstructionMethod.NearestEmbedding],
            Ascent = new ReconstructionOptions { Steps = 20, Copies = 4, PlainCopies = 1, LearningRate = 0.05 },
        };
        using var attacker = new ReconstructionAttacker([encoder], options, known, references);
        var seen = new HashSet<ReconstructionMethod>();
        IReadOnlyList<QosValuation.Reconstruction> results = attacker.Attack(target, () => RandomSource.Create(1), state => seen.Add(state.Method));
        Assert.Equal(options.Methods, results.Select(r => r.Method));
        QosValuation.Reconstruction strongest = Assert.Single(results, r => r.IsStrongest);
        Assert.Equal(results.Max(r => r.ReferenceSimilarity), strongest.ReferenceSimilarity);
        Assert.Equal(ReconstructionMethod.NearestEmbedding, strongest.Method);
        Assert.Equal(0, strongest.ImageSize);
        Assert.Equal([ReconstructionMethod.DirectAscent, ReconstructionMethod.Adam, ReconstructionMethod.DenoiseFirst], seen.Order());

        // The same whatever else runs beside it, and from the same seed.
        using var alone = new ReconstructionAttacker([encoder], options with { Methods = [ReconstructionMethod.Adam] });
        QosValuation.Reconstruction adam = Assert.Single(alone.Attack(target, () => RandomSource.Create(1)));
        Assert.Equal(results[1].Image, adam.Image);
        Assert.True(adam.IsStrongest);
    }

    [Fact]
    public void AStuckAscentStartsAgainAndTheBestIsKept()
    {
        // One step reaches nothing near 0.9, so every start is used; with noise that hides all, one is enough.
        using AttackEncoder encoder = ReconstructionAttackTests.TinyEncoder(16);
        float[] vector = [.. Enumerable.Range(0, encoder.Dimension).Select(i => i - 2.5f)];
        var options = new AttackerOptions { Ascent = new ReconstructionOptions { Steps = 1, Copies = 2 }, Restarts = 3 };
        var target = new AttackTarget { Name = "t", Vectors = [new(vector)] };
        using var attacker = new ReconstructionAttacker([encoder], options);
        var scores = new Dictionary<int, double>();
        QosValuation.Reconstruction found = Assert.Single(attacker.Attack(target, () => RandomSource.Create(1), state => scores[state.Start] = state.Score));
        Assert.Equal([1, 2, 3, 4], scores.Keys.Order());
        Assert.Equal(4, scores.Values.Distinct().Count());
        using var alone = new ReconstructionAttacker([encoder], options with { Restarts = 0 });
        QosValuation.Reconstruction first = Assert.Single(alone.Attack(target, () => RandomSource.Create(1)));
        Assert.True(found.Score >= first.Score);
        scores.Clear();
        attacker.Attack(target with { Sigma = 100 }, () => RandomSource.Create(1), state => scores[state.Start] = state.Score);
        Assert.Equal([1], scores.Keys);
    }

    [Fact]
    public void ASlowAscentGoesOnFromWhereItEnded()
    {
        // A target that the published number of steps reaches to more than 0.9 and less than 0.98 of.
        using AttackEncoder encoder = ReconstructionAttackTests.TinyEncoder(16);
        var attack = new ReconstructionAttack(encoder);
        byte[] picture = [.. Enumerable.Range(0, 3 * 16 * 16).Select(i => (byte)(i * 37 % 256))];
        float[] vector = attack.Score(picture, [new ReconstructionTarget(new float[encoder.Dimension].Select(_ => 1f).ToArray())]).Embedding;
        ReconstructionTarget[] aims = [new(vector)];
        var options = new ReconstructionOptions { Copies = 4, PlainCopies = 2, LearningRate = 1e-6, NoiseAmplitude = 0 };
        QosValuation.Reconstruction once = attack.Run(aims, options, RandomSource.Create(1));
        while (once.Score < 0.91 && options.LearningRate < 10)
        {
            options = options with { LearningRate = options.LearningRate * 1.2 };
            once = attack.Run(aims, options, RandomSource.Create(1));
        }

        Assert.InRange(once.Score, 0.91, 0.975);
        using var attacker = new ReconstructionAttacker([encoder], new AttackerOptions { Ascent = options, Restarts = 1 });
        var states = new List<AttackerProgress>();
        QosValuation.Reconstruction found = Assert.Single(attacker.Attack(new AttackTarget { Name = "t", Vectors = aims }, () => RandomSource.Create(1), states.Add));
        Assert.Equal((2, false, options.Steps), (found.Start, found.IsFromScene, found.Steps));
        Assert.Equal(options.Steps, found.ScoreTrace.Count);
        Assert.True(found.Score > once.Score);

        // The second start is the first one continued: twice as many steps over the same draws are the same picture.
        QosValuation.Reconstruction twice = attack.Run(aims, options with { Steps = 2 * options.Steps }, RandomSource.Create(1));
        Assert.Equal(twice.Image, found.Image);
        Assert.Equal(twice.ScoreTrace, once.ScoreTrace.Concat(found.ScoreTrace));
        Assert.Equal(Enumerable.Repeat((1, 0), options.Steps).Concat(Enumerable.Repeat((2, 1), options.Steps)), states.Select(state => (state.Start, state.Previous)));

        // What is reached or short by choice is left alone, and the published algorithm stays within reach.
        using var published = new ReconstructionAttacker([encoder], new AttackerOptions { Ascent = options, Restarts = 0 });
        Assert.Equal(once.Image, Assert.Single(published.Attack(new AttackTarget { Name = "t", Vectors = aims }, () => RandomSource.Create(1))).Image);
        using var shorter = new ReconstructionAttacker([encoder], new AttackerOptions { Ascent = options with { Steps = 99 }, Restarts = 1 });
        found = Assert.Single(shorter.Attack(new AttackTarget { Name = "t", Vectors = aims }, () => RandomSource.Create(1)));
        Assert.True(found.Score > 0.9 && found.Score < 0.975 && found.Start == 1, $"{found.Score} {found.Start}");
        using var done = new ReconstructionAttacker([encoder], new AttackerOptions { Ascent = options with { Initial = picture, Steps = 1, PlainCopies = 4 }, Restarts = 1 });
        states.Clear();
        found = Assert.Single(done.Attack(new AttackTarget { Name = "t", Vectors = aims }, () => RandomSource.Create(1), states.Add));
        Assert.Equal(1, found.Start);
        Assert.Single(states);
    }

    [Fact]
    public void PostProcessingIsAccountedFor()
    {
        // On the sphere a vector of noise σ is √(1 + dσ²) times too short; the estimate is that of the vector as it was released.
        PublicEmbeddings known = Public([.. Enumerable.Range(0, 40).Select(i => (float[])[1, (i % 7 * 0.1f) - 0.3f, (i % 5 * 0.1f) - 0.2f, 0.1f])]);
        const double sigma = 0.8;
        float[] released = [2.0f, 0.3f, -0.9f, 0.6f];
        float length = TensorPrimitives.Norm<float>(released);
        TensorPrimitives.Multiply(released, (float)Math.Sqrt(1 + (4 * sigma * sigma)) / length, released);
        DpPrototype prototype = Prototype(released, sigma);
        DpPrototype onSphere = PrototypePostProcessor.Apply([prototype], PrototypePostProcessing.Sphere)[0];
        Assert.Equal(1, TensorPrimitives.Norm<float>(onSphere.Vector), 1e-5);
        float[] restored = AttackTarget.Of(onSphere).Vectors[0].Vector;
        Assert.All(released.Zip(restored), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        Assert.All(known.Denoise(released, sigma, 1).Zip(known.Denoise(restored, AttackTarget.Of(onSphere).Sigma, 1)), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        Assert.Equal(sigma, AttackTarget.Of(prototype).Sigma);

        // What is left of the noise after shrinking nobody says: denoising asks for it, before another attacker has run.
        AttackTarget shrunk = AttackTarget.Of(prototype with { PostProcessing = PrototypePostProcessing.Shrink });
        Assert.True(double.IsNaN(shrunk.Sigma));
        using AttackEncoder encoder = ReconstructionAttackTests.TinyEncoder(8);
        AttackTarget unknown = shrunk with { Vectors = [new(Enumerable.Range(1, encoder.Dimension).Select(i => (float)i).ToArray())] };
        var options = new AttackerOptions { Methods = [ReconstructionMethod.DirectAscent, ReconstructionMethod.DenoiseFirst], Ascent = new ReconstructionOptions { Steps = 1, Copies = 1 }, Restarts = 0 };
        PublicEmbeddings matching = Public([.. Enumerable.Range(0, encoder.Dimension).Select(i => (float)i)], [.. Enumerable.Range(0, encoder.Dimension).Select(i => 1f)]);
        using var attacker = new ReconstructionAttacker([encoder], options, matching);
        bool ran = false;
        Assert.Equal("NoiseUnknown", Assert.Throws<QosValuationException>(() => attacker.Attack(unknown, () => RandomSource.Create(1), _ => ran = true)).ErrorId);
        Assert.False(ran);
        using var told = new ReconstructionAttacker([encoder], options with { NoiseSigma = 0.1 }, matching);
        Assert.Equal(2, told.Attack(unknown, () => RandomSource.Create(1)).Count);
    }

    [Fact]
    public void KnowledgeOfAnotherLengthIsRefusedBeforeTheAttack()
    {
        using AttackEncoder encoder = ReconstructionAttackTests.TinyEncoder(8);
        var references = new PrivateReferences(new ImagePreprocessing { ImageSize = 8 });
        references.Add(Embedding("a", [1, 0], Modality.Image));
        Assert.Equal("ReferenceInvalid", Assert.Throws<QosValuationException>(() => new ReconstructionAttacker([encoder], new AttackerOptions(), null, references)).ErrorId);
        Assert.Equal("PublicEmbeddingInvalid", Assert.Throws<QosValuationException>(() => new ReconstructionAttacker([encoder], new AttackerOptions(), Public([1, 0]))).ErrorId);
    }

    [Fact]
    public void AStuckAscentStartsAgainFromTheScenesThatScoreBest()
    {
        using AttackEncoder encoder = ReconstructionAttackTests.TinyEncoder(16);
        var attack = new ReconstructionAttack(encoder);
        ReconstructionTarget[] aims = [new([.. Enumerable.Range(0, encoder.Dimension).Select(i => i - 2.5f)])];
        byte[][] Ranked(int count, int seed = 1, CancellationToken cancellation = default) =>
            SceneStarts.Ranked(attack, encoder.Preprocessing, aims, count, RandomSource.Create(seed), cancellation);
        byte[][] all = Ranked(64);
        double[] scores = [.. all.Select(crop => attack.Score(crop, aims).Score)];
        Assert.Equal(scores.OrderDescending(), scores);
        Assert.True(scores[0] > scores[63] + 0.05, $"{scores[0]} {scores[63]}");
        Assert.All(all, crop => Assert.Equal(3 * 16 * 16, crop.Length));
        Assert.Equal(64, all.Select(Convert.ToHexString).Distinct().Count());

        // Fewer are the best of the same; more are composed where more are asked for; the seed decides.
        Assert.Equal(all.Take(2), Ranked(2));
        Assert.Equal(70, Ranked(70).Length);
        Assert.NotEqual(all[0], Ranked(1, 2)[0]);
        Assert.Empty(Ranked(2, cancellation: new CancellationToken(true)));

        // A step of hardly any length leaves the scene where it was.
        var options = new AttackerOptions { Ascent = new ReconstructionOptions { Steps = 1, Copies = 1, PlainCopies = 1, LearningRate = 1e-9 }, Restarts = 1 };
        using var attacker = new ReconstructionAttacker([encoder], options);
        var seen = new Dictionary<int, double>();
        attacker.Attack(new AttackTarget { Name = "t", Vectors = aims }, () => RandomSource.Create(1), state => seen[state.Start] = state.Score);
        Assert.Equal(scores[0], seen[2], 0.02);
    }

    [Fact]
    public void TheGaussianPriorIsTheWienerFilter()
    {
        // Centres ±a·e₁ and ±b·e₂ around (3, 0): C = diag(a²/2, b²/2), so each coordinate shrinks by C/(C + σ²).
        float[][] centres = [.. Enumerable.Range(0, 40).Select(i => (float[])(((i / 2) % 4) switch { 0 => [5, 0], 1 => [1, 0], 2 => [3, 0.2f], _ => [3, -0.2f] }))];
        var prior = new PrototypePrior(centres);
        float[] estimate = PrototypePrior.Gaussian(centres, 0.5)([4, 1]);
        Assert.Equal(3 + (2 / 2.25), estimate[0], 1e-4);
        Assert.Equal(0.02 / 0.27, estimate[1], 1e-4);

        // Next to no noise leaves the vector as it is, or nearly.
        float[] same = prior.Denoise([4, 1], 1e-6);
        Assert.True(TensorPrimitives.CosineSimilarity<float>(same, [4, 1]) > 0.9999);
    }

    [Fact]
    public void AttackersThatNeedPublicEmbeddingsSaySo()
    {
        using AttackEncoder encoder = ReconstructionAttackTests.TinyEncoder(8);
        foreach (ReconstructionMethod method in (ReconstructionMethod[])[ReconstructionMethod.DenoiseFirst, ReconstructionMethod.NearestEmbedding])
        {
            Assert.Equal("PublicEmbeddingsMissing", Assert.Throws<QosValuationException>(() => new ReconstructionAttacker([encoder], new AttackerOptions { Methods = [method] })).ErrorId);
        }

        Assert.Equal("AttackMethodRepeated", Assert.Throws<QosValuationException>(() =>
            new ReconstructionAttacker([encoder], new AttackerOptions { Methods = [ReconstructionMethod.Adam, ReconstructionMethod.Adam] })).ErrorId);
    }

    [Fact]
    public void ACaptionIsFoundAgainByItsOwnEmbedding()
    {
        // Over a vocabulary of 4096 pieces, a caption of three words comes back, or one that fits as well.
        using ClipEncoder encoder = ClipEncoder.Open("clip-mini");
        var inversion = new TextInversion(encoder, new TextInversionOptions { BeamWidth = 4, CandidateWords = 24, MaximumWords = 4 });
        var lengths = new List<int>();
        TextInversionResult found = inversion.Run(encoder.EncodeText("dog in snow"), (length, _, _) => lengths.Add(length))!;
        Assert.True(found.Score > 0.9, found.Text + found.Score);
        Assert.Equal([1, 2, 3, 4], lengths.Take(4));
        Assert.Equal(found.Trace.Order(), found.Trace);
        Assert.Equal(found.Score, TensorPrimitives.CosineSimilarity<float>(encoder.EncodeText(found.Text), encoder.EncodeText("dog in snow")), 1e-5);
        Assert.Equal(found.Text, inversion.Run(encoder.EncodeText("dog in snow"))!.Text);

        using var cancelled = new CancellationTokenSource();
        TextInversionResult partial = inversion.Run(encoder.EncodeText("dog in snow"), (_, _, _) => cancelled.Cancel(), cancelled.Token)!;
        Assert.False(partial.IsComplete);
        Assert.Equal(found.Trace[0], partial.Score, 1e-5);
        Assert.Equal("AttackTargetInvalid", Assert.Throws<QosValuationException>(() => inversion.Run(new float[3])).ErrorId);
    }

    [Fact]
    public void AGridKeepsPixelsAndAStripTheOrder()
    {
        RgbImage red = Flat(2, 200, 0, 0);
        RgbImage blue = Flat(2, 0, 0, 200);
        RgbImage strip = ImageGrid.Strip([red, blue, red], 2);
        Assert.Equal((8, 8), (strip.Width, strip.Height));
        Assert.Equal([200, 0, 0], Pixel(strip, 0, 0));
        Assert.Equal([255, 255, 255], Pixel(strip, 3, 0));
        Assert.Equal([0, 0, 200], Pixel(strip, 6, 0));
        Assert.Equal([200, 0, 0], Pixel(strip, 0, 6));
        Assert.Equal([255, 255, 255], Pixel(strip, 6, 6));

        RgbImage table = ImageGrid.Table(["r"], ["left", "right"], [new GridTile(red, "a < b & c"), new GridTile(null, string.Empty)]);
        int reds = Enumerable.Range(0, table.Width * table.Height).Count(i => table.Pixels.AsSpan(3 * i, 3).SequenceEqual((byte[])[200, 0, 0]));
        Assert.Equal(160 * 160, reds);
        Assert.Throws<ArgumentException>(() => ImageGrid.Table(["r"], ["c"], []));

        using var folder = new TemporaryFolder();
        table.SavePng(folder.File("grid.png"));
        RgbImage square = RgbImage.LoadSquare(folder.File("grid.png"));
        Assert.Equal(Math.Min(table.Width, table.Height), square.Width);
    }

    private static byte[] Pixel(RgbImage image, int x, int y) => image.Pixels[(3 * ((y * image.Width) + x))..][..3];

    private static RgbImage Flat(int side, byte red, byte green, byte blue) =>
        new([.. Enumerable.Range(0, side * side).SelectMany(_ => (byte[])[red, green, blue])], side, side);

    private static QosValuation.Reconstruction Found(float[] embedding) => new()
    {
        ClusterId = -1,
        Score = 0,
        ScoreTrace = [],
        Steps = 0,
        IsComplete = true,
        ImageSize = 0,
        Image = [],
        Embedding = embedding,
    };

    private static DpPrototype Prototype(float[] vector, double sigma) => new()
    {
        ClusterId = 1,
        Modality = Modality.Image,
        Vector = vector,
        Count = 1,
        Epsilon = 1,
        Delta = 1e-5,
        Sensitivity = 2,
        Sigma = sigma,
        Mechanism = PrivacyMechanism.AnalyticGaussian,
        IsFormal = true,
    };

    private static ClipEmbedding Embedding(string name, float[] vector, Modality modality) => new() { Source = name, Item = name, Modality = modality, Vector = vector };

    private static PublicEmbeddings Public(params float[][] vectors)
    {
        var known = new PublicEmbeddings();
        foreach (float[] vector in vectors)
        {
            known.Add(Embedding("public", vector, Modality.Image));
        }

        return known;
    }

    private static SemanticCluster Cluster(int id, params float[][] vectors) => new()
    {
        Id = id,
        Count = vectors.Length,
        Centroid = vectors[0],
        IsConfirmed = true,
        Members = [.. vectors.Select((vector, i) => Embedding($"{id}-{i}", vector, Modality.Image))],
    };
}
