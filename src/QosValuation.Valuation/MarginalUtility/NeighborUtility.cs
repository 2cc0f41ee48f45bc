namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// The game of the K nearest neighbours: a coalition is worth the sum of matches among its K nearest points over K, averaged over the test
/// points. Memory O(points · test points): the order of the points by distance is kept.
/// </summary>
internal sealed class NeighborUtility : IUtilityFunction
{
    private readonly int[][] _orders;
    private readonly int[] _labels;
    private readonly int[] _tests;
    private readonly int[] _playerOf;
    private readonly int _neighbors;

    public NeighborUtility(ValuationProblem problem, MarginalUtilityOptions options, MeasurementRun run)
    {
        Players = problem.Players.Count;
        _labels = problem.Train.Labels;
        _tests = problem.Test.Labels;
        _playerOf = problem.PlayerOfPoints;
        _neighbors = options.Neighbors;
        _orders = NeighborRanking.Orders(problem.Train, problem.Test, run);
    }

    /// <inheritdoc/>
    public int Players { get; }

    /// <inheritdoc/>
    public bool IsThreadSafe => true;

    /// <inheritdoc/>
    public double Evaluate(ReadOnlySpan<int> coalition, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        bool[] members = new bool[Players];
        foreach (int player in coalition)
        {
            members[player] = true;
        }

        long matches = 0;
        for (int t = 0; t < _orders.Length; t++)
        {
            int left = _neighbors;
            foreach (int point in _orders[t])
            {
                if (members[_playerOf[point]])
                {
                    matches += _labels[point] == _tests[t] ? 1 : 0;
                    if (--left == 0)
                    {
                        break;
                    }
                }
            }
        }

        return (double)matches / ((double)_neighbors * _orders.Length);
    }
}
