using QosValuation.Learning.Learners;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>The game of logistic regression: a coalition is worth what a model trained on its points alone achieves on the test points.</summary>
internal sealed class LogisticUtility(ValuationProblem problem, MarginalUtilityOptions options) : IUtilityFunction
{
    private readonly LabelledMatrix _train = problem.TrainMatrix;
    private readonly LabelledMatrix _test = problem.TestMatrix;
    private readonly int[][] _points = problem.PointsOfPlayers;

    /// <inheritdoc/>
    public int Players => _points.Length;

    /// <inheritdoc/>
    public bool IsThreadSafe => true;

    /// <inheritdoc/>
    public double Evaluate(ReadOnlySpan<int> coalition, CancellationToken cancellationToken)
    {
        var rows = new List<int>();
        foreach (int player in coalition)
        {
            rows.AddRange(_points[player]);
        }

        LogisticModel model = LogisticRegression.Fit(_train, [.. rows], options.Regularization, cancellationToken: cancellationToken);
        return options.Utility == UtilityMeasure.Accuracy
            ? model.Accuracy(_test, cancellationToken)
            : -model.MeanLoss(_test, cancellationToken);
    }
}
