namespace QosValuation.Allocation.Schemes;

/// <summary>The registry of allocation schemes. Cmdlets, simulations and figures find schemes and their traits here.</summary>
public static class AllocationSchemes
{
    // In the order of the enum, which is that of tables and completion.
    private static readonly IAllocationScheme[] Registered =
    [
        new ProposedScheme(),
        new RandomScheme(),
        new RoundRobinScheme(),
        new MaxMinScheme(),
        new WaterFillingScheme(),
        new MaxWelfareScheme(),
        new VtcScheme(),
        new OptimalScheme(),
    ];

    /// <summary>All schemes, in the order of <see cref="AllocationScheme"/>.</summary>
    public static IReadOnlyList<IAllocationScheme> All => Registered;

    /// <summary>The names of the schemes that need no search, in order.</summary>
    public static AllocationScheme[] ClosedForm => [.. Registered.Where(scheme => !scheme.TakesFairnessBounds).Select(scheme => scheme.Name)];

    /// <summary>The names of the schemes that the paper compares, in order.</summary>
    public static AllocationScheme[] InPaper => [.. Registered.Where(scheme => scheme.IsInPaper).Select(scheme => scheme.Name)];

    /// <summary>The scheme that keeps to bounds on fairness.</summary>
    public static IAllocationScheme Bounded { get; } = Registered.First(scheme => scheme.TakesFairnessBounds);

    /// <summary>Finds a scheme. O(1).</summary>
    /// <param name="name">The scheme's name.</param>
    /// <returns>The scheme.</returns>
    /// <exception cref="QosValuationException"><c>SchemeNotSupported</c> for a number that is no scheme.</exception>
    public static IAllocationScheme Find(AllocationScheme name) => (uint)name < (uint)Registered.Length
        ? Registered[(int)name]
        : throw new QosValuationException(Faults.SchemeNotSupported, $"The scheme {name} is not known.", name);
}
