namespace QosValuation.Markets.Models;

/// <summary>The registry of graph steps.</summary>
public static class GraphSteps
{
    // In the order of the enum.
    private static readonly IGraphStep[] Registered = [new ThresholdStep(), new SkipStep(), new OptimalStep()];

    /// <summary>All graph steps, in the order of <see cref="ModelGraphStep"/>.</summary>
    public static IReadOnlyList<IGraphStep> All => Registered;

    /// <summary>Finds a graph step. O(1).</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The graph step.</returns>
    /// <exception cref="QosValuationException"><c>ModelMarketOptionNotValid</c> for a number that is none.</exception>
    public static IGraphStep Find(ModelGraphStep name) => (uint)name < (uint)Registered.Length
        ? Registered[(int)name]
        : throw new QosValuationException(Faults.ModelMarketOptionNotValid, $"The graph step {name} is not known.", name);
}
