using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Federated;
using QosValuation.Learning.Learners;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

/// <summary>Training of an ONNX model against the dense learners of the same shape, and against PyTorch.</summary>
public sealed class OnnxLearnerTests : IDisposable
{
    // PyTorch 1.13 in double precision: 60 steps of SGD (0.05, momentum 0.9, weight decay 0.01) on all ten rows of Waves, cross-entropy of
    // tanh(layer_norm(x·W1 + b1))·W2 + b2, from 0.5·cos(1.3 k + 0.2).
    private static readonly double[] TrainedWhole =
    [
        0.268733015, 0.156985311, -0.498394922, -0.132821108, 0.270145913, 0.362072114, 0.245381546, -0.596380229, -0.341835608, 0.398841237,
        0.39225378, -0.0675876604, -0.701721342, -0.175780857, 0.621158194, 0.138694103, -0.189377626, -0.228950693, 0.0348562348, 0.31014395,
        0.338493716, -0.993559721, -1.03309267, -0.0287472196, 0.974628654, 0.177701493, -0.548452797, -0.113919309, 0.481073778, 0.0964718032,
        0.112592228, -0.528346531, -0.139488252, -0.517273838, 1.22222264, -0.16649354, -0.583953338, -0.501115516, 0.858547256, 0.396648917,
        -0.0792471607, -0.526978326, -0.365165635, 1.02064041, -0.12467636, 0.197257546, -0.395496138, -0.362832245,
    ];

    private static readonly double[] TrainedHead =
    [
        -0.0515785065, -0.462054849, -0.0416091991, -0.331490078, 0.973757884, -0.103812541, -0.896288569, -0.0187908225, 0.688557794, 0.342835631,
        0.0270441997, -0.5794564, -0.276876501, 0.658348665, 0.149326247, 0.208917636, -0.417948209, -0.352040263,
    ];

    // The gradient at the start, of the first weights and of the last bias.
    private static readonly double[] FirstGradient = [-0.0113131225, -0.0159500426, 0.0431187025, -0.00541671447, -0.010438823];
    private static readonly double[] LastGradient = [-0.118469126, -0.0390092689, 0.157478395];

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<int[]> Shapes => [[3, 2], [70, 10], [5, 7, 3], [33, 17, 9, 6]];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Shapes))]
    public void AModelOfLinearLayersIsTheDenseLearner(int[] widths)
    {
        ILearner dense = DenseLearnerTests.Make(widths);
        float[] parameters = DenseLearnerTests.Start(dense, 2);
        using OnnxLearner learner = Open(widths, parameters, "*");
        Assert.Equal((ModelLearner.Onnx, widths[0], widths[^1], dense.ParameterCount), (learner.Name, learner.Features, learner.Classes, learner.ParameterCount));
        Assert.Equal(parameters, DenseLearnerTests.Start(learner, 5));

        // More rows than a block, one of them twice.
        LabelledRows rows = DenseLearnerTests.Random(150, widths[0], widths[^1], 3);
        int[] chosen = [.. Enumerable.Range(0, 149), 7];
        float[] moved = [.. parameters.Select((value, k) => value + (0.01f * MathF.Sin(k)))];
        float[] expected = new float[moved.Length];
        float[] found = new float[moved.Length];
        double loss = dense.CreateWorker().MeanGradient(moved, rows, chosen, expected);
        Assert.Equal(loss, learner.CreateWorker().MeanGradient(moved, rows, chosen, found), 1e-6);
        AssertNear(expected, found, 1e-6);

        double[] norms = [.. chosen.Select(i =>
        {
            float[] one = new float[moved.Length];
            dense.CreateWorker().MeanGradient(moved, rows, [i], one);
            return Norm(one);
        })];
        double clip = norms.Order().ElementAt(chosen.Length / 2) * 1.0001;
        int clipped = dense.CreateWorker().ClippedGradientSum(moved, rows, chosen, clip, expected);
        Assert.Equal(clipped, learner.CreateWorker().ClippedGradientSum(moved, rows, chosen, clip, found));
        Assert.InRange(clipped, 1, chosen.Length - 1);
        AssertNear(expected, found, 1e-4);

        float[] scores = new float[140 * widths[^1]];
        float[] others = new float[scores.Length];
        dense.CreateWorker().Scores(moved, rows, 10, scores);
        learner.CreateWorker().Scores(moved, rows, 10, others);
        AssertNear(scores, others, 1e-5);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TrainingGoesWhereTheDenseLearnerGoes(bool isPrivate)
    {
        int[] widths = [6, 8, 4];
        ILearner dense = DenseLearnerTests.Make(widths);
        float[] start = DenseLearnerTests.Start(dense, 2);
        using OnnxLearner learner = Open(widths, start, "*");
        LabelledRows rows = DenseLearnerTests.Random(50, 6, 4, 3);
        var options = new LocalTrainingOptions
        {
            Steps = 60, BatchSize = 16, LearningRate = 0.05, Privacy = isPrivate ? new PrivateTraining { NoiseMultiplier = 0.5, Clip = 0.3 } : null,
        };
        float[] expected = [.. start];
        float[] found = [.. start];
        LocalTrainingResult first = LocalTraining.Run(dense, expected, rows, options, null, RandomSource.Create(9));
        LocalTrainingResult second = LocalTraining.Run(learner, found, rows, options, null, RandomSource.Create(9));
        AssertNear(expected, found, 2e-5);
        Assert.Equal(first.Loss, second.Loss, 1e-5);
        Assert.True(Distance(start, found) > 0.5);
    }

    [Fact]
    public void WhatWasStoppedLeavesNothingBehind()
    {
        int[] widths = [5, 7, 3];
        ILearner dense = DenseLearnerTests.Make(widths);
        float[] parameters = DenseLearnerTests.Start(dense, 2);
        LabelledRows rows = DenseLearnerTests.Random(200, 5, 3, 3);
        int[] chosen = [.. Enumerable.Range(0, 200)];
        using OnnxLearner onnx = Open(widths, parameters, ["*"]);
        var stopped = new CancellationToken(canceled: true);
        foreach (ILearner learner in (ILearner[])[dense, onnx])
        {
            float[] expected = new float[parameters.Length];
            double loss = learner.CreateWorker().MeanGradient(parameters, rows, chosen, expected);
            ILearnerWorker worker = learner.CreateWorker();
            float[] found = new float[parameters.Length];
            float[] scores = new float[200 * 3];
            Assert.ThrowsAny<OperationCanceledException>(() => worker.MeanGradient(parameters, rows, chosen, found, stopped));
            Assert.ThrowsAny<OperationCanceledException>(() => worker.ClippedGradientSum(parameters, rows, chosen, 0.1, found, stopped));
            Assert.ThrowsAny<OperationCanceledException>(() => worker.Scores(parameters, rows, 0, scores, stopped));
            Assert.Equal(loss, worker.MeanGradient(parameters, rows, chosen, found));
            Assert.Equal(expected, found);
        }
    }

    [Fact]
    public void TheHeadAloneIsTrainedUnlessMoreIsNamed()
    {
        int[] widths = [5, 7, 3];
        ILearner dense = DenseLearnerTests.Make(widths);
        float[] parameters = DenseLearnerTests.Start(dense, 2);
        LabelledRows rows = DenseLearnerTests.Random(20, 5, 3, 3);
        int[] chosen = [.. Enumerable.Range(0, 20)];
        float[] whole = new float[parameters.Length];
        dense.CreateWorker().MeanGradient(parameters, rows, chosen, whole);
        foreach ((string[] trainable, string[] names, Range part) in new (string[], string[], Range)[]
        {
            ([], ["head.weight", "head.bias"], ^24..), (["head.*"], ["head.weight", "head.bias"], ^24..), (["*.bias", "layer?.bias"], ["layer1.bias", "head.bias"], default),
            (["layer1.weight"], ["layer1.weight"], ..35),
        })
        {
            using OnnxLearner learner = Open(widths, parameters, trainable);
            Assert.Equal(names, learner.Model.Weights.Select(weight => weight.Name));
            float[] found = new float[learner.ParameterCount];
            learner.CreateWorker().MeanGradient(DenseLearnerTests.Start(learner, 1), rows, chosen, found);
            float[] expected = names.Length == 2 && names[0] == "layer1.bias" ? [.. whole[35..42], .. whole[^3..]] : whole[part];
            AssertNear(expected, found, 1e-6);
        }
    }

    [Fact]
    public void WholeAndHeadGoWherePyTorchGoes()
    {
        string path = Save(Normalized());
        LabelledRows rows = Waves();
        int[] all = [.. Enumerable.Range(0, 10)];
        var options = new LocalTrainingOptions { Steps = 60, BatchSize = 10, LearningRate = 0.05, Momentum = 0.9, WeightDecay = 0.01 };
        using (var learner = new OnnxLearner(path, 3, 3, ["*"]))
        {
            float[] model = DenseLearnerTests.Start(learner, 1);
            float[] gradient = new float[model.Length];
            Assert.Equal(1.1007426121861716, learner.CreateWorker().MeanGradient(model, rows, all, gradient), 1e-6);
            AssertNear(FirstGradient, gradient[..5], 1e-6);
            AssertNear(LastGradient, gradient[^3..], 1e-6);
            LocalTraining.Run(learner, model, rows, options, null, RandomSource.Create(1));
            AssertNear(TrainedWhole, model, 2e-5);
        }

        using (var learner = new OnnxLearner(path, 3, 3, []))
        {
            Assert.Equal(["W2", "b2"], learner.Model.Weights.Select(weight => weight.Name));
            float[] model = DenseLearnerTests.Start(learner, 1);
            LocalTraining.Run(learner, model, rows, options, null, RandomSource.Create(1));
            AssertNear(TrainedHead, model, 2e-5);
        }
    }

    [Fact]
    public void TheGradientIsThatOfFiniteDifferences()
    {
        using var learner = new OnnxLearner(Save(Normalized()), 3, 3, ["*"]);
        LabelledRows rows = Waves();
        int[] chosen = [0, 3, 3, 9];
        float[] model = DenseLearnerTests.Start(learner, 1);
        float[] gradient = new float[model.Length];
        float[] scratch = new float[model.Length];
        ILearnerWorker worker = learner.CreateWorker();
        worker.MeanGradient(model, rows, chosen, gradient);
        for (int k = 0; k < model.Length; k++)
        {
            (float[] above, float[] below) = ([.. model], [.. model]);
            above[k] += 0.01f;
            below[k] -= 0.01f;
            double slope = (worker.MeanGradient(above, rows, chosen, scratch) - worker.MeanGradient(below, rows, chosen, scratch)) / ((double)above[k] - below[k]);
            Assert.Equal(slope, gradient[k], 1e-4);
        }
    }

    [Fact]
    public void AModelOfOneBatchSizeTrainsAsOneOfAny()
    {
        int[] widths = [5, 7, 3];
        float[] parameters = DenseLearnerTests.Start(DenseLearnerTests.Make(widths), 2);
        LabelledRows rows = DenseLearnerTests.Random(23, 5, 3, 3);
        int[] chosen = [.. Enumerable.Range(0, 22)];
        using OnnxLearner free = Open(widths, parameters, "*");
        float[] expected = new float[parameters.Length];
        double loss = free.CreateWorker().MeanGradient(parameters, rows, chosen, expected);
        float[] clipped = new float[parameters.Length];
        free.CreateWorker().ClippedGradientSum(parameters, rows, chosen, 0.5, clipped);
        float[] scores = new float[23 * 3];
        free.CreateWorker().Scores(parameters, rows, 0, scores);
        foreach (int batch in new[] { 1, 4, 100 })
        {
            ModelProto model = Dense(widths, parameters);
            model.Graph.Input[0].Type.TensorType.Shape.Dim[0].DimValue = batch;
            model.Graph.Output[0].Type.TensorType.Shape.Dim[0].DimValue = batch;
            using var learner = new OnnxLearner(Save(model), 5, 3, ["*"]);
            float[] found = new float[parameters.Length];
            Assert.Equal(loss, learner.CreateWorker().MeanGradient(parameters, rows, chosen, found), 1e-6);
            AssertNear(expected, found, 1e-6);
            learner.CreateWorker().ClippedGradientSum(parameters, rows, chosen, 0.5, found);
            AssertNear(clipped, found, 1e-5);
            float[] others = new float[scores.Length];
            learner.CreateWorker().Scores(parameters, rows, 0, others);
            AssertNear(scores, others, 1e-5);
        }
    }

    [Fact]
    public void AGradientThatIsNotFiniteTellsNothing()
    {
        int[] widths = [4, 3];
        float[] parameters = new float[15];
        using OnnxLearner learner = Open(widths, parameters, "*");
        var rows = new LabelledRows([1, 1, 1, 1, float.MaxValue, float.MaxValue, float.MaxValue, float.MaxValue], [0, 1], 4, 3);
        float[] sum = new float[15];
        Assert.Equal(1, learner.CreateWorker().ClippedGradientSum(parameters, rows, [1], 0.5, sum));
        Assert.All(sum, value => Assert.True(float.IsFinite(value)));
        Assert.InRange(Norm(sum), 0, 0.5 * (1 + 1e-6));
    }

    [Fact]
    public void FurtherScoresAreOfClassesThatNoRowHas()
    {
        int[] widths = [5, 6];
        float[] parameters = DenseLearnerTests.Start(DenseLearnerTests.Make(widths), 2);
        string path = Write(widths, parameters);
        using var learner = new OnnxLearner(path, 5, 4, []);
        LabelledRows four = DenseLearnerTests.Random(30, 5, 4, 3);
        var six = new LabelledRows(four.Values.ToArray(), four.Labels.ToArray(), 5, 6);
        int[] chosen = [.. Enumerable.Range(0, 30)];
        float[] expected = new float[36];
        float[] found = new float[36];
        double loss = DenseLearnerTests.Make(widths).CreateWorker().MeanGradient(parameters, six, chosen, expected);
        Assert.Equal(loss, learner.CreateWorker().MeanGradient(parameters, four, chosen, found), 1e-6);
        AssertNear(expected, found, 1e-6);
        Assert.Equal(loss, ModelEvaluation.Measure(learner, parameters, four, []).Loss, 1e-6);
    }

    [Fact]
    public void AFederationEndsInTheSameBytesAtAnyNumberOfThreads()
    {
        string path = Write([FederatedSamples.Features, 9, FederatedSamples.Classes], null);
        float[][][] models = [.. new[] { 1, 2, 8 }.Select(threads =>
        {
            using var learner = new OnnxLearner(path, FederatedSamples.Features, FederatedSamples.Classes, ["*"]);
            var options = new FederatedOptions
            {
                Algorithm = FederatedAlgorithm.FedAvg, Seed = 3, MaxDegreeOfParallelism = threads,
                Training = new LocalTrainingOptions { Steps = 12, BatchSize = 8, LearningRate = 0.1 },
            };
            var run = new FederatedRun(learner, FederatedSamples.Clients(6, 4), options);
            run.Next();
            return run.Next().Shared.Select(model => model.ToArray()).ToArray();
        })];
        Assert.Equal(models[0], models[1]);
        Assert.Equal(models[0], models[2]);
    }

    [Fact]
    public void TheWrittenModelGivesTheScoresOfTheTrainedOneAndDiffersInWeightsAlone()
    {
        string path = Save(Normalized());
        using var learner = new OnnxLearner(path, 3, 3, []);
        LabelledRows rows = Waves();
        float[] model = DenseLearnerTests.Start(learner, 1);
        LocalTraining.Run(learner, model, rows, new LocalTrainingOptions { Steps = 20, LearningRate = 0.1 }, null, RandomSource.Create(1));
        string written = Path.Combine(_folder.Path, "trained.onnx");
        learner.Model.Write(model, written);

        float[] expected = new float[30];
        learner.CreateWorker().Scores(model, rows, 0, expected);
        using InferenceSession session = OnnxRuntimeHost.Open(written);
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(rows.Values.ToArray(), [10, 3]);
        using var options = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, ["x"], [input], ["y"]);
        AssertNear(expected, outputs[0].GetTensorDataAsSpan<float>().ToArray(), 1e-6);

        ModelProto before = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        ModelProto after = ModelProto.Parser.ParseFrom(File.ReadAllBytes(written));
        Assert.NotEqual(before, after);
        foreach ((TensorProto old, TensorProto now) in before.Graph.Initializer.Zip(after.Graph.Initializer).Where(pair => pair.First.Name is "W2" or "b2"))
        {
            Assert.NotEqual(old.RawData, now.RawData);
            now.RawData = old.RawData;
        }

        Assert.Equal(before, after);

        // The model's file must be the one that was opened.
        File.WriteAllBytes(path, [.. File.ReadAllBytes(path), 0x12, 0x01, 0x61]);
        Assert.Equal(Faults.ClassifierNotValid, Assert.Throws<QosValuationException>(() => learner.Model.Write(model, written)).Fault);
    }

    [Fact]
    public void WhatCannotBeTrainedIsRefusedWithItsReason()
    {
        float[] parameters = DenseLearnerTests.Start(DenseLearnerTests.Make([5, 7, 3]), 2);
        void Refused(string reason, Fault fault, Action<ModelProto>? damage = null, int features = 5, int classes = 3, params string[] trainable)
        {
            ModelProto model = Dense([5, 7, 3], parameters);
            damage?.Invoke(model);
            string path = Save(model);
            QosValuationException error = Assert.Throws<QosValuationException>(() => new OnnxLearner(path, features, classes, trainable).Dispose());
            Assert.Equal(fault, error.Fault);
            Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        }

        Refused("takes an input of shape [?, 5], and the vectors have 6 numbers", Faults.ClassifierNotValid, features: 6);
        Refused("gives scores of shape [?, 3], and there are 4 classes", Faults.ClassifierNotValid, classes: 4);
        Refused("has no weight 'neck.*': there are layer1.weight, layer1.bias, head.weight, head.bias", Faults.ClassifierWeightNotFound, trainable: ["head.*", "neck.*"]);
        Refused("has no output", Faults.ClassifierNotValid, model => model.Graph.Output.Clear());
        Refused("has 0 inputs", Faults.ClassifierNotValid, model => model.Graph.Node[0].Input[0] = "layer1.weight");
        Refused("takes Double values", Faults.ClassifierNotValid, model => model.Graph.Input[0].Type.TensorType.ElemType = OnnxType.Double);
        Refused("takes an input of shape [?, 5, 1]", Faults.ClassifierNotValid, model =>
            model.Graph.Input[0].Type.TensorType.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = 1 }));
        Refused("unknown shape", Faults.ClassifierNotValid, model => model.Graph.Input[0].Type.TensorType.Shape = null);
        Refused("gives scores of shape [?]", Faults.ClassifierNotValid, model => model.Graph.Output[0].Type.TensorType.Shape.Dim.RemoveAt(1));
        Refused("softmax", Faults.ClassifierNotValid, model =>
        {
            model.Graph.Node.Add(OnnxGraph.MakeNode("Softmax", ["scores"], ["probabilities"], ("axis", -1L)));
            model.Graph.Output[0].Name = "probabilities";
        });
        Refused("has no linear layer", Faults.ClassifierNotValid, model =>
        {
            foreach (TensorProto tensor in model.Graph.Initializer)
            {
                tensor.DataType = OnnxType.Half;
                tensor.RawData = ByteString.CopyFrom(new byte[tensor.RawData.Length / 2]);
            }
        });
        Refused("not finite", Faults.ClassifierNotValid, model => model.Graph.Initializer[3].RawData = ByteString.CopyFrom([.. Enumerable.Repeat((byte)0xFF, 12)]));
        Refused("head", Faults.ModelNotReadable, model => model.Graph.Initializer[2].RawData = ByteString.CopyFrom([1, 2, 3]));
        Refused("Mystery", Faults.GradientShapesUnknown, model => model.Graph.Node[1].OpType = "Mystery");
        Refused("Acosh", Faults.GradientOperatorNotSupported, model => model.Graph.Node[1].OpType = "Acosh", trainable: ["*"]);
        Assert.Equal(Faults.ModelNotFound, Assert.Throws<QosValuationException>(() => new OnnxLearner(Path.Combine(_folder.Path, "none.onnx"), 5, 3, [])).Fault);
        string text = Path.Combine(_folder.Path, "text.onnx");
        File.WriteAllText(text, "no model");
        Assert.Equal(Faults.ModelNotReadable, Assert.Throws<QosValuationException>(() => new OnnxLearner(text, 5, 3, [])).Fault);
    }

    // tanh(layer_norm(x·W1 + b1))·W2 + b2 for vectors of three numbers and three classes.
    private static ModelProto Normalized()
    {
        (string Name, long[] Shape)[] weights = [("W1", [3, 5]), ("b1", [5]), ("scale", [5]), ("shift", [5]), ("W2", [5, 3]), ("b2", [3])];
        var graph = new GraphProto { Name = "normalized" };
        int next = 0;
        foreach ((string name, long[] shape) in weights)
        {
            int count = (int)shape.Aggregate(1L, (a, b) => a * b);
            graph.Initializer.Add(OnnxExtensions.FloatTensor(
                name, OnnxType.Single, [.. Enumerable.Range(next, count).Select(k => (double)(float)(0.5 * Math.Cos((1.3 * k) + 0.2)))], shape));
            next += count;
        }

        graph.Node.Add(OnnxGraph.MakeNode("MatMul", ["x", "W1"], ["h1"]));
        graph.Node.Add(OnnxGraph.MakeNode("Add", ["h1", "b1"], ["h2"]));
        graph.Node.Add(OnnxGraph.MakeNode("LayerNormalization", ["h2", "scale", "shift"], ["h3"], ("axis", -1L), ("epsilon", 1e-5f)));
        graph.Node.Add(OnnxGraph.MakeNode("Tanh", ["h3"], ["h4"]));
        graph.Node.Add(OnnxGraph.MakeNode("MatMul", ["h4", "W2"], ["h5"]));
        graph.Node.Add(OnnxGraph.MakeNode("Add", ["b2", "h5"], ["y"]));
        graph.Input.Add(Declare("x", 3));
        graph.Output.Add(Declare("y", 3));
        var model = new ModelProto { IrVersion = 8, ProducerName = "test", ProducerVersion = "7", Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        return model;
    }

    private static ValueInfoProto Declare(string name, int width)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "N" });
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = width });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = OnnxType.Single, Shape = shape } } };
    }

    private static LabelledRows Waves() => LabelledRows.Of(
        [.. Enumerable.Range(0, 10).Select(i => Enumerable.Range(0, 3).Select(k => (float)Math.Sin((1.7 * i) + (2.3 * k) + (0.4 * i * k))).ToArray())],
        [.. Enumerable.Range(0, 10).Select(i => ((i * i) + (i / 3)) % 3)],
        3);

    private OnnxLearner Open(int[] widths, float[] parameters, params string[] trainable) => new(Write(widths, parameters), widths[0], widths[^1], trainable);

    private string Write(int[] widths, float[]? parameters) =>
        Save(Dense(widths, parameters ?? DenseLearnerTests.Start(DenseLearnerTests.Make(widths), 8)));

    private ModelProto Dense(int[] widths, float[] parameters)
    {
        string path = Path.Combine(_folder.Path, Guid.NewGuid().ToString("N") + ".onnx");
        OnnxModelWriter.Dense(widths, parameters, path);
        return ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
    }

    private string Save(ModelProto model)
    {
        string path = Path.Combine(_folder.Path, Guid.NewGuid().ToString("N") + ".onnx");
        File.WriteAllBytes(path, model.ToByteArray());
        return path;
    }

    private static double Norm(float[] vector) => Math.Sqrt(vector.Sum(x => (double)x * x));

    private static double Distance(float[] first, float[] second) => Norm([.. first.Zip(second, (a, b) => a - b)]);

    private static void AssertNear(IEnumerable<float> expected, float[] found, double tolerance) =>
        AssertNear([.. expected.Select(x => (double)x)], found, tolerance);

    private static void AssertNear(double[] expected, float[] found, double tolerance)
    {
        Assert.Equal(expected.Length, found.Length);
        double scale = Math.Max(1, expected.Max(Math.Abs));
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - found[i]) <= tolerance * scale, $"{i}: {expected[i]} and {found[i]}");
        }
    }
}
