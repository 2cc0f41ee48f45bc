using QosValuation.Foundation.Numerics;
using QosValuation.Learning.Learners;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>Builds a problem from labelled embeddings, and refuses those that cannot be used, each by itself.</summary>
/// <remarks>Vectors are taken as they are, not normalised: distances are Euclidean, which puts unit vectors in the order of their cosines.</remarks>
public sealed class LabelledPointBuilder
{
    private readonly Side _train = new("training");
    private readonly Side _test = new("test");
    private readonly List<UtilityPlayer> _players = [];
    private readonly List<int> _playerOf = [];
    private readonly Dictionary<string, int> _groups = new(StringComparer.Ordinal);
    private int _dimension;

    /// <summary>The number of training points.</summary>
    public int TrainCount => _train.Vectors.Count;

    /// <summary>The number of test points.</summary>
    public int TestCount => _test.Vectors.Count;

    /// <summary>The classes, in the order of their names; labels are indices of this list. O(points log classes).</summary>
    public IReadOnlyList<string> Classes =>
        [.. _train.Labels.Concat(_test.Labels).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Adds a training point that is valued by itself.</summary>
    /// <param name="embedding">The embedding.</param>
    /// <param name="label">Its class.</param>
    /// <exception cref="QosValuationException">
    /// <c>LabelMissing</c>, <c>EmbeddingEmpty</c>, <c>EmbeddingDimensionMismatch</c>, <c>EmbeddingNotFinite</c>, <c>EmbeddingIsZero</c>: the point
    /// was not added.
    /// </exception>
    public void AddTrain(ClipEmbedding embedding, string? label)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        Add(_train, embedding, label);
        string item = embedding.Item.Length > 0 ? embedding.Item : TrainCount.ToString(System.Globalization.CultureInfo.InvariantCulture);
        _playerOf.Add(_players.Count);
        _players.Add(new UtilityPlayer(embedding.Contributor, item));
    }

    /// <summary>Adds a training point that is valued with others of its group.</summary>
    /// <param name="embedding">The embedding.</param>
    /// <param name="label">Its class.</param>
    /// <param name="group">The group's name.</param>
    /// <param name="isContributor">Whether groups are contributors; otherwise they are items, and the contributor is that of the first point.</param>
    /// <exception cref="QosValuationException">As for <see cref="AddTrain(ClipEmbedding, string)"/>; <c>ContributorMissing</c>: no group.</exception>
    public void AddTrain(ClipEmbedding embedding, string? label, string? group, bool isContributor)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        if (string.IsNullOrEmpty(group))
        {
            throw new QosValuationException(
                Faults.ContributorMissing, $"The training point {Name(embedding)} belongs to no group of -GroupBy: set the property.", embedding);
        }

        Add(_train, embedding, label);
        if (!_groups.TryGetValue(group, out int player))
        {
            player = _players.Count;
            _groups.Add(group, player);
            _players.Add(isContributor ? new UtilityPlayer(group, string.Empty) : new UtilityPlayer(embedding.Contributor, group));
        }

        _playerOf.Add(player);
    }

    /// <summary>Adds a test point.</summary>
    /// <param name="embedding">The embedding.</param>
    /// <param name="label">Its class.</param>
    /// <exception cref="QosValuationException">As for <see cref="AddTrain(ClipEmbedding, string)"/>.</exception>
    public void AddTest(ClipEmbedding embedding, string? label)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        Add(_test, embedding, label);
    }

    /// <summary>The problem of all points added.</summary>
    /// <returns>The problem.</returns>
    /// <exception cref="QosValuationException"><c>TooFewRecords</c>.</exception>
    public ValuationProblem Complete()
    {
        IReadOnlyList<string> classes = Classes;
        return new ValuationProblem(Points(_train, classes), Points(_test, classes), classes.Count, _players, _playerOf);
    }

    /// <summary>The training points with labels as indices of <see cref="Classes"/>.</summary>
    /// <returns>The points.</returns>
    public LabelledPoints TrainPoints() => Points(_train, Classes);

    /// <summary>The training points as rows for learners, labels as indices of <see cref="Classes"/>. O(points · dimension).</summary>
    /// <returns>The rows; at least one point is needed.</returns>
    public LabelledRows TrainRows()
    {
        LabelledPoints points = TrainPoints();
        return LabelledRows.Of(points.Vectors, points.Labels, Classes.Count);
    }

    /// <summary>The test points with labels as indices of <see cref="Classes"/>.</summary>
    /// <returns>The points.</returns>
    public LabelledPoints TestPoints() => Points(_test, Classes);

    private static LabelledPoints Points(Side side, IReadOnlyList<string> classes)
    {
        var index = classes.Select((name, i) => (name, i)).ToDictionary(pair => pair.name, pair => pair.i, StringComparer.Ordinal);
        return new LabelledPoints(side.Vectors, [.. side.Labels.Select(label => index[label])]);
    }

    private static string Name(ClipEmbedding embedding) => embedding.Item.Length > 0
        ? $"'{embedding.Item}'"
        : $"number {embedding.Ordinal.ToString(System.Globalization.CultureInfo.InvariantCulture)}";

    private void Add(Side side, ClipEmbedding embedding, string? label)
    {
        string name = $"The {side.Name} point {Name(embedding)}";
        if (embedding.Vector is not { Length: > 0 } vector)
        {
            throw new QosValuationException(Faults.EmbeddingEmpty, $"{name} has no vector.", embedding);
        }

        if (_dimension != 0 && vector.Length != _dimension)
        {
            throw new QosValuationException(
                Faults.EmbeddingDimensionMismatch,
                $"{name} has {vector.Length} components, those before it {_dimension}: use embeddings of one model.",
                embedding);
        }

        double norm = UnitVector.Norm(vector);
        if (!double.IsFinite(norm))
        {
            throw new QosValuationException(Faults.EmbeddingNotFinite, $"{name} holds NaN or infinite components.", embedding);
        }

        if (norm == 0)
        {
            throw new QosValuationException(Faults.EmbeddingIsZero, $"{name} is the zero vector, which says nothing.", embedding);
        }

        if (string.IsNullOrWhiteSpace(label))
        {
            throw new QosValuationException(
                Faults.LabelMissing, $"{name} has no label: add a property Label, or say with -Label what its class is.", embedding);
        }

        _dimension = vector.Length;
        side.Vectors.Add(vector);
        side.Labels.Add(label);
    }

    private sealed class Side(string name)
    {
        public string Name => name;

        public List<float[]> Vectors { get; } = [];

        public List<string> Labels { get; } = [];
    }
}
