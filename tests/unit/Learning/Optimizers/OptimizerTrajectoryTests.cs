using QosValuation.Learning.Learners;
using QosValuation.Learning.Optimizers;

namespace QosValuation.Tests;

/// <summary>Sixty steps of both optimisers on both learners against PyTorch 1.13 in double precision, from the same start over the same batches.</summary>
public sealed class OptimizerTrajectoryTests
{
    private static readonly double[] SgdLogistic =
    [
        0.246494346, 0.16662713, -0.343574053, -0.369013247, -0.280185486, -0.0883743374, 0.222203453, 0.00349148078, 0.273378319,
        0.314930905, 0.131611105, 0.0282079212,
    ];

    private static readonly double[] SgdMlp =
    [
        0.254208583, -0.00812103359, -0.24665927, -0.241088141, 0.282222769, 0.37419972, 0.0251147919, -0.605347099, -0.0528872318, 0.200420543,
        1.45837322, -0.436741764, -0.52998061, 0.000671274515, 0.756964804, 1.4946483, -0.14941262, -0.0619737472, -0.73544515, 1.76836458,
        0.124389172, -0.578009835, 0.418078881, -1.29817121, -0.637067436, 1.1293384,
    ];

    private static readonly double[] AdamLogistic =
    [
        0.243061809, 0.15960747, -0.328807728, -0.275120806, -0.0270398783, 0.125329152, 0.0939790908, -0.158884065, 0.262917029,
        0.342552129, 0.198328858, 0.0440794217,
    ];

    private static readonly double[] AdamMlp =
    [
        0.0559603909, 0.0186791071, -0.0510354635, -0.265753354, 0.839589198, 0.271050169, -0.306053582, -0.141314129, -0.421768619, 0.287223952,
        1.14603853, -0.526821933, -0.267594848, 0.655750792, 0.248757853, 1.17612711, 0.00985178244, 0.352900084, -0.339872107, 1.34037367,
        -0.0131363565, -1.0175192, -0.0277717814, -0.750812325, -0.17467934, 0.766605016,
    ];

    [Fact]
    public void SgdGoesWherePyTorchGoes()
    {
        Follow(new LogisticLearner(3, 3), () => new SgdOptimizer(0.05, 0.9, 0.01), SgdLogistic, 1.0244360221100073);
        Follow(new MlpLearner(3, 2, 4), () => new SgdOptimizer(0.05, 0.9, 0.01), SgdMlp, 0.017182048132800117);
    }

    [Fact]
    public void AdamGoesWherePyTorchGoes()
    {
        Follow(new LogisticLearner(3, 3), () => new AdamOptimizer(0.02, 0.01), AdamLogistic, 1.0461897457727154);
        Follow(new MlpLearner(3, 2, 4), () => new AdamOptimizer(0.02, 0.01), AdamMlp, 0.08432999081000513);
    }

    // The optimiser is saved and made anew in the middle.
    private static void Follow(ILearner learner, Func<IDescentOptimizer> make, double[] expected, double loss)
    {
        LabelledRows rows = LabelledRows.Of(
            [.. Enumerable.Range(0, 10).Select(i => Enumerable.Range(0, 3).Select(k => (float)Math.Sin((1.7 * i) + (2.3 * k) + (0.4 * i * k))).ToArray())],
            [.. Enumerable.Range(0, 10).Select(i => ((i * i) + (i / 3)) % learner.Classes)],
            learner.Classes);
        float[] parameters = [.. Enumerable.Range(0, learner.ParameterCount).Select(k => (float)(0.5 * Math.Cos((1.3 * k) + 0.2)))];
        float[] gradient = new float[parameters.Length];
        ILearnerWorker worker = learner.CreateWorker();
        IDescentOptimizer optimizer = make();
        double last = 0;
        for (int step = 0; step < 60; step++)
        {
            if (step == 30)
            {
                using var state = new MemoryStream();
                using var writer = new BinaryWriter(state);
                optimizer.Save(writer);
                writer.Flush();
                state.Position = 0;
                optimizer = make();
                using var reader = new BinaryReader(state);
                optimizer.Restore(reader);
                Assert.Equal(state.Length, state.Position);
            }

            last = worker.MeanGradient(parameters, rows, [.. Enumerable.Range(0, 4).Select(j => ((4 * step) + j) % 10)], gradient);
            optimizer.Descend(parameters, gradient);
        }

        Assert.Equal(loss, last, 1e-5);
        for (int k = 0; k < expected.Length; k++)
        {
            Assert.Equal(expected[k], parameters[k], 2e-5);
        }
    }
}
