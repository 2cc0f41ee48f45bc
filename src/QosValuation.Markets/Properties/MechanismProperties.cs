namespace QosValuation.Markets.Properties;

/// <summary>The registry of properties that a search can refute.</summary>
internal static class MechanismProperties
{
    // In the order of the enum.
    private static readonly PropertySearch[] Registered =
    [
        new TruthfulnessSearch(),
        new RationalitySearch(),
        new BudgetSearch(),
        new MonotonicitySearch(),
        new CollusionSearch(),
        new SybilSearch(),
    ];

    /// <summary>All properties, in the order of <see cref="MechanismProperty"/>.</summary>
    public static IReadOnlyList<PropertySearch> All => Registered;
}
