using QosValuation.Learning.Learners;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>What is to be valued: training points that belong to players, and the test points that decide; or any game.</summary>
public sealed class ValuationProblem
{
    private static readonly LabelledPoints None = new([], []);
    private readonly Lazy<LabelledMatrix> _trainMatrix;
    private readonly Lazy<LabelledMatrix> _testMatrix;

    /// <summary>Creates a problem of a learner.</summary>
    /// <param name="train">The training points, at least one.</param>
    /// <param name="test">The test points, at least one, of the same dimension.</param>
    /// <param name="classes">C, the number of classes; labels are below it.</param>
    /// <param name="players">Who is valued.</param>
    /// <param name="playerOfPoints">The player who holds each training point.</param>
    /// <exception cref="QosValuationException"><c>TooFewRecords</c>, <c>EmbeddingDimensionMismatch</c>.</exception>
    public ValuationProblem(
        LabelledPoints train, LabelledPoints test, int classes, IReadOnlyList<UtilityPlayer> players, IReadOnlyList<int> playerOfPoints)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(test);
        ArgumentNullException.ThrowIfNull(players);
        ArgumentNullException.ThrowIfNull(playerOfPoints);
        ArgumentOutOfRangeException.ThrowIfNotEqual(playerOfPoints.Count, train.Count);
        if (train.Count == 0 || test.Count == 0)
        {
            throw new QosValuationException(
                Faults.TooFewRecords,
                $"There are {train.Count} training points and {test.Count} test points that can be used; each takes at least one, with a label.",
                train.Count);
        }

        if (train.Dimension != test.Dimension)
        {
            throw new QosValuationException(
                Faults.EmbeddingDimensionMismatch,
                $"The training points have {train.Dimension} components, the test points {test.Dimension}: use embeddings of one model.",
                test.Dimension);
        }

        (Train, Test, Classes, Players, PlayerOfPoints) = (train, test, classes, players, [.. playerOfPoints]);
        var points = new List<int>[players.Count];
        for (int i = 0; i < players.Count; i++)
        {
            points[i] = [];
        }

        for (int i = 0; i < PlayerOfPoints.Length; i++)
        {
            points[PlayerOfPoints[i]].Add(i);
        }

        PointsOfPlayers = [.. points.Select(list => list.ToArray())];
        _trainMatrix = new(() => new LabelledMatrix(Train.Vectors, Train.Labels, Classes));
        _testMatrix = new(() => new LabelledMatrix(Test.Vectors, Test.Labels, Classes));
    }

    /// <summary>Creates a problem of any game.</summary>
    /// <param name="game">The game.</param>
    /// <param name="players">Its players, in the order of their indices.</param>
    public ValuationProblem(IUtilityFunction game, IReadOnlyList<UtilityPlayer> players)
    {
        ArgumentNullException.ThrowIfNull(game);
        ArgumentNullException.ThrowIfNull(players);
        ArgumentOutOfRangeException.ThrowIfNotEqual(players.Count, game.Players);
        (Game, Players, Train, Test, PlayerOfPoints) = (game, players, None, None, []);
        PointsOfPlayers = [.. players.Select(_ => Array.Empty<int>())];
        _trainMatrix = _testMatrix = new(() => throw new InvalidOperationException());
    }

    /// <summary>Who is valued.</summary>
    public IReadOnlyList<UtilityPlayer> Players { get; }

    /// <summary>The game; null for that of a learner.</summary>
    internal IUtilityFunction? Game { get; }

    /// <summary>The training points.</summary>
    internal LabelledPoints Train { get; }

    /// <summary>The test points.</summary>
    internal LabelledPoints Test { get; }

    /// <summary>C.</summary>
    internal int Classes { get; }

    /// <summary>The player who holds each training point.</summary>
    internal int[] PlayerOfPoints { get; }

    /// <summary>The training points of each player, ascending.</summary>
    internal int[][] PointsOfPlayers { get; }

    /// <summary>The training points in double precision; made when first asked for.</summary>
    internal LabelledMatrix TrainMatrix => _trainMatrix.Value;

    /// <summary>The test points in double precision; made when first asked for.</summary>
    internal LabelledMatrix TestMatrix => _testMatrix.Value;

    /// <summary>Adds up what points are worth to what their players are worth, in the order of the points.</summary>
    internal double[] SumByPlayer(ReadOnlySpan<double> points)
    {
        double[] sums = new double[Players.Count];
        for (int i = 0; i < points.Length; i++)
        {
            sums[PlayerOfPoints[i]] += points[i];
        }

        return sums;
    }
}
