using QosValuation.Learning.Federated;
using QosValuation.Learning.Learners;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// The game of clients who have trained: a coalition is worth what the mean of its models, by size, achieves on test rows; the empty coalition what the
/// common initial model does. Nobody trains again (the one-round reconstruction of Song, Tong and Wei, IEEE Big Data 2019).
/// </summary>
/// <remarks>A worth costs O(coalition · p + rows · p).</remarks>
public sealed class ModelMeanUtility : IUtilityFunction
{
    private readonly ILearner _learner;
    private readonly ReadOnlyMemory<float> _initial;
    private readonly IReadOnlyList<ReadOnlyMemory<float>> _models;
    private readonly IReadOnlyList<double> _sizes;
    private readonly LabelledRows _test;
    private readonly UtilityMeasure _measure;

    /// <summary>Creates the game.</summary>
    /// <param name="learner">What was trained.</param>
    /// <param name="initial">The common initial model.</param>
    /// <param name="models">The clients' models, kept and not copied.</param>
    /// <param name="sizes">The clients' sizes, above 0.</param>
    /// <param name="test">The test rows, each counting alike.</param>
    /// <param name="measure">Accuracy, or minus the mean cross-entropy.</param>
    public ModelMeanUtility(
        ILearner learner,
        ReadOnlyMemory<float> initial,
        IReadOnlyList<ReadOnlyMemory<float>> models,
        IReadOnlyList<double> sizes,
        LabelledRows test,
        UtilityMeasure measure)
    {
        ArgumentNullException.ThrowIfNull(learner);
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(sizes);
        ArgumentNullException.ThrowIfNull(test);
        ArgumentOutOfRangeException.ThrowIfNotEqual(sizes.Count, models.Count);
        (_learner, _initial, _models, _sizes, _test, _measure) = (learner, initial, models, sizes, test, measure);
    }

    /// <inheritdoc/>
    public int Players => _models.Count;

    /// <inheritdoc/>
    public bool IsThreadSafe => true;

    /// <inheritdoc/>
    public double Evaluate(ReadOnlySpan<int> coalition, CancellationToken cancellationToken)
    {
        double total = 0;
        foreach (int player in coalition)
        {
            total += _sizes[player];
        }

        float[] mean = _initial.ToArray();
        if (coalition.Length > 0)
        {
            double[] weights = new double[coalition.Length];
            var members = new ReadOnlyMemory<float>[coalition.Length];
            for (int k = 0; k < coalition.Length; k++)
            {
                (weights[k], members[k]) = (_sizes[coalition[k]] / total, _models[coalition[k]]);
            }

            FederatedContext.Mean(weights, members, mean);
        }

        (double accuracy, double loss) = ModelEvaluation.Measure(_learner, mean, _test, [], cancellationToken);
        return _measure == UtilityMeasure.Accuracy ? accuracy : -loss;
    }
}
