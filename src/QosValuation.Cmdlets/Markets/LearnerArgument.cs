using QosValuation.Learning.Learners;

namespace QosValuation.Cmdlets.Markets;

/// <summary>Reads -Learner, -Hidden, -LearnerPath and -Trainable, which go together.</summary>
internal static class LearnerArgument
{
    /// <summary>What is to be trained.</summary>
    /// <param name="learner">-Learner; null where it was not given.</param>
    /// <param name="hidden">-Hidden; null where it was not given.</param>
    /// <param name="path">The full path of -LearnerPath; null where it was not given.</param>
    /// <param name="trainable">-Trainable; null where it was not given.</param>
    /// <returns>The learner; Onnx where there is a path.</returns>
    /// <exception cref="QosValuationException"><c>ParametersConflict</c>.</exception>
    public static LearnerChoice Of(ModelLearner? learner, int[]? hidden, string? path, string[]? trainable)
    {
        ModelLearner name = learner ?? (path is null ? ModelLearner.Logistic : ModelLearner.Onnx);
        string? conflict =
            path is not null && name != ModelLearner.Onnx ? $"-LearnerPath belongs to -Learner Onnx, and {name} has no file: leave one of the two out."
            : path is null && name == ModelLearner.Onnx ? "-Learner Onnx trains a model from a file: give -LearnerPath."
            : path is null && trainable is not null ? "-Trainable chooses weights of an .onnx file: give -LearnerPath, or leave it out."
            : path is not null && hidden is not null ? "-Hidden gives the widths of Mlp, and an .onnx file has its own: leave it out."
            : null;
        return conflict is null
            ? new LearnerChoice(name) { Hidden = hidden ?? [], Path = path, Trainable = trainable ?? [] }
            : throw new QosValuationException(Faults.ParametersConflict, conflict, path ?? name.ToString());
    }
}
