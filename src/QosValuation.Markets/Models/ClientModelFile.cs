using QosValuation.Learning.Learners;
using QosValuation.Onnx.Model;

namespace QosValuation.Markets.Models;

/// <summary>Writes the model that a client shared as an ONNX file: vectors [N, D] in, scores [N, C] out.</summary>
public static class ClientModelFile
{
    /// <summary>
    /// Writes a row's model, Initial + Update. A model of <see cref="ModelLearner.Onnx"/> is its file with other values of the trained weights and nothing else
    /// changed; the others become linear layers (Gemm) with rectified units (Relu). The file appears whole or not at all. O(bytes of the model).
    /// </summary>
    /// <param name="row">A row with Update, Initial, Learner and Classes, as -PassThru gives it.</param>
    /// <param name="path">The file to write.</param>
    /// <exception cref="QosValuationException">
    /// <c>ClientModelIncomplete</c>; for an ONNX model also what <see cref="OnnxLearner"/> refuses, and <c>ClassifierNotValid</c> where its file has changed.
    /// </exception>
    public static void Write(ModelMarketRound row, string path)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (row is not { Update: { } update, Initial: { } initial, Learner: { } learner, Classes: { Length: > 0 } classes } || update.Length != initial.Length)
        {
            throw Incomplete(row, "has no Update, Initial, Learner and Classes that fit together");
        }

        float[] model = new float[update.Length];
        for (int k = 0; k < model.Length; k++)
        {
            model[k] = (float)(initial[k] + update[k]);
        }

        if (learner != ModelLearner.Onnx)
        {
            OnnxModelWriter.Dense(WidthsOf(row, learner, model.Length, classes.Length), model, path);
            return;
        }

        if (row is not { LearnerPath: { } file, Features: > 0 and var features })
        {
            throw Incomplete(row, "has no LearnerPath and Features");
        }

        using var opened = new OnnxLearner(file, features, classes.Length, row.Trainable ?? []);
        if (opened.ParameterCount != model.Length || !Array.ConvertAll(initial, value => (float)value).AsSpan().SequenceEqual(opened.Model.Initial))
        {
            throw Incomplete(row, $"began with other weights than '{file}' holds now");
        }

        opened.Model.Write(model, path);
    }

    // The features follow from the number of parameters: (D + 1)·w for the first layer of width w.
    private static int[] WidthsOf(ModelMarketRound row, ModelLearner learner, int parameters, int classes)
    {
        int[] after = learner == ModelLearner.Logistic ? [classes]
            : [.. row.Hidden is { Length: > 0 } hidden ? hidden : [ModelLearners.StandardWidth], classes];
        long left = parameters;
        for (int layer = 1; layer < after.Length; layer++)
        {
            left -= ((long)after[layer - 1] + 1) * after[layer];
        }

        long features = (left / after[0]) - 1;
        return features >= 1 && left % after[0] == 0
            ? [(int)features, .. after]
            : throw Incomplete(row, $"has {parameters} parameters, which its layers do not make");
    }

    private static QosValuationException Incomplete(ModelMarketRound row, string what) =>
        new(Faults.ClientModelIncomplete, $"The model of '{row.Client}' cannot be written: its row {what}.", row.Client);
}
