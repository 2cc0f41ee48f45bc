using QosValuation.Allocation.Optimal;
using QosValuation.Allocation.Simulation;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Allocation.Schemes;

/// <summary>
/// One way to divide a supply of tokens, with the traits that cmdlets and simulations decide by. An instance holds no state and is
/// thread-safe. To add a scheme, add its name to <see cref="AllocationScheme"/>, its class to this folder and one line to
/// <see cref="AllocationSchemes"/>.
/// </summary>
public interface IAllocationScheme
{
    /// <summary>The name under which users ask for the scheme.</summary>
    AllocationScheme Name { get; }

    /// <summary>Whether grants depend on values. Then an agent with v = 0 receives nothing, and where all have v = 0, nobody does.</summary>
    bool UsesValue { get; }

    /// <summary>Whether grants are drawn from <see cref="AllocationRequest.Random"/>, so that they differ from call to call.</summary>
    bool Draws => false;

    /// <summary>Whether the scheme can grant whole numbers of tokens.</summary>
    bool SupportsWholeTokens { get; }

    /// <summary>Whether a refill depends on earlier refills of the same agents. Then <see cref="StartRefills"/> makes the rule for a run.</summary>
    bool KeepsState { get; }

    /// <summary>
    /// Whether the scheme keeps to the bounds on fairness of <see cref="AllocationRequest.Bounds"/>. It is then a search, and slower than a
    /// closed form.
    /// </summary>
    bool TakesFairnessBounds => false;

    /// <summary>Whether the paper compares the scheme in section V (Figs. 4 and 5).</summary>
    bool IsInPaper => false;

    /// <summary>The largest supply in tokens that the scheme can divide.</summary>
    double MaximumSupply => double.MaxValue;

    /// <summary>Divides the supply once.</summary>
    /// <param name="request">The agents and the supply. All spans have one length N ≥ 1, the numbers are valid and the supply is at most
    /// <see cref="MaximumSupply"/>.</param>
    /// <param name="tokens">Receives u, N numbers of at least 0 whose sum is at most V. What it held before has no meaning.</param>
    /// <returns>How close the grants are to the optimum; null where the scheme proves nothing.</returns>
    /// <exception cref="QosValuationException"><c>RandomSourceMissing</c> where the scheme draws and has no source, or bounds that cannot be kept.</exception>
    /// <exception cref="OperationCanceledException">The request's token was cancelled.</exception>
    OptimalityProof? Allocate(in AllocationRequest request, Span<double> tokens);

    /// <summary>Makes the rule that refills the buckets of one run. Called only where <see cref="KeepsState"/> is true.</summary>
    /// <param name="values">v, one for each agent.</param>
    /// <param name="random">The source for schemes that draw.</param>
    /// <returns>A rule that remembers the run. It is not thread-safe.</returns>
    /// <exception cref="NotSupportedException">The scheme keeps no state.</exception>
    RefillRule StartRefills(double[] values, RandomSource random) => throw new NotSupportedException($"The scheme {Name} keeps no state.");
}

/// <summary>What a scheme is asked to divide, and among whom. Spans have one length N; element i of each belongs to agent i.</summary>
public readonly ref struct AllocationRequest
{
    /// <summary>v ≥ 0: data values.</summary>
    public required ReadOnlySpan<double> Values { get; init; }

    /// <summary>B − R ≥ 0: the room in each bucket, in tokens.</summary>
    public required ReadOnlySpan<double> Room { get; init; }

    /// <summary>R ≥ 0: the tokens left in each bucket.</summary>
    public required ReadOnlySpan<double> Remaining { get; init; }

    /// <summary>V ≥ 0: the tokens to divide.</summary>
    public required double Supply { get; init; }

    /// <summary>Whether grants are whole numbers of tokens.</summary>
    public bool WholeTokens { get; init; }

    /// <summary>The source for schemes that draw; null where there is none.</summary>
    public RandomSource? Random { get; init; }

    /// <summary>Bounds on fairness, for schemes that take them; null for none.</summary>
    public OptimalAllocationOptions? Bounds { get; init; }

    /// <summary>Stops a scheme that searches.</summary>
    public CancellationToken CancellationToken { get; init; }
}
