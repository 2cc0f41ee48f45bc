namespace QosValuation.Valuation.MarginalUtility;

/// <summary>What the training points are worth to one test point, from their distances to it. Thread-safe.</summary>
internal interface INeighborRule
{
    /// <summary>Whether the points must be put in order by distance.</summary>
    bool NeedsOrder { get; }

    /// <summary>Values all training points.</summary>
    /// <param name="test">The test point's index.</param>
    /// <param name="label">Its class.</param>
    /// <param name="distances">The squared distance of each training point; receives its value.</param>
    /// <param name="order">The training points, the nearest first; empty where they need no order.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    void Value(int test, int label, Span<double> distances, ReadOnlySpan<int> order, CancellationToken cancellationToken);
}
