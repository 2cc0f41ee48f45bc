namespace QosValuation.Valuation.MarginalUtility;

/// <summary>The registry of the ways to measure marginal utilities, in the order of <see cref="MarginalUtilityMethod"/>.</summary>
internal static class ValuationMethods
{
    private static readonly IValuationMethod[] Methods =
    [
        new KnnShapleyMethod(),
        new SoftKnnShapleyMethod(),
        new WeightedKnnShapleyMethod(),
        new ThresholdKnnShapleyMethod(),
        new LeaveOneOutMethod(),
        new SemivalueMethod(MarginalUtilityMethod.Shapley, _ => new ShapleySemivalue(), new PermutationSampler()),
        new SemivalueMethod(MarginalUtilityMethod.BetaShapley, options => new BetaSemivalue(options.Alpha, options.Beta), new SizeSampler()),
        new SemivalueMethod(MarginalUtilityMethod.Banzhaf, _ => new BanzhafSemivalue(), new MaximumSampleReuseSampler()),
        new InfluenceMethod(),
        new NewtonStepMethod(),
        new TracInMethod(),
    ];

    /// <summary>All methods.</summary>
    public static IReadOnlyList<IValuationMethod> All => Methods;

    /// <summary>A method by its name.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The method.</returns>
    /// <exception cref="QosValuationException"><c>ValuationMethodUnknown</c>.</exception>
    public static IValuationMethod Of(MarginalUtilityMethod name) =>
        Array.Find(Methods, method => method.Name == name)
        ?? throw new QosValuationException(Faults.ValuationMethodUnknown, $"There is no method {(int)name} to measure marginal utility.", name);
}
