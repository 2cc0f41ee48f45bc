using QosValuation.Privacy.Budgets;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation;

/// <summary>What a contributor's data have spent of a privacy budget.</summary>
public sealed record PrivacySpending
{
    /// <summary>The contributor.</summary>
    public required string Contributor { get; init; }

    /// <summary>The number of releases charged to the contributor.</summary>
    public required long Releases { get; init; }

    /// <summary>
    /// μ = √Σμ² of these releases: their exact composition as Gaussian differential privacy. NaN where one of them was made of a
    /// Poisson sample, or is known by its zero-concentrated privacy only.
    /// </summary>
    public required double Mu { get; init; }

    /// <summary>ε of all releases together, at the budget's δ.</summary>
    public required double Spent { get; init; }

    /// <summary>
    /// The largest ε, at the budget's δ, of one more release that the budget allows. Not the difference of two ε, which do not
    /// add up: two releases of ε together cost less than 2ε.
    /// </summary>
    public required double Remaining { get; init; }

    /// <summary>ε of the whole budget.</summary>
    public required double Epsilon { get; init; }

    /// <summary>δ of the whole budget, at which all ε are stated.</summary>
    public required double Delta { get; init; }
}

/// <summary>
/// A privacy budget in a SQLite file or a PostgreSQL database: (ε, δ) for all releases of a contributor's data together. What has been spent is read from
/// the file each time it is asked for, because other processes may spend too.
/// </summary>
/// <remarks>
/// <para>Every release is charged μ², the squared distance of neighbours in standard deviations of its noise; μ² add up, and
/// the budget is the μ² that (ε, δ) allows (Dong, Roth and Su 2022; the same for the discrete Gaussian, see
/// <see cref="DiscreteGaussianGuarantee"/>). That is exact: no accountant allows more releases of Gaussian noise.</para>
/// <para>Once a contributor is charged for an event that is no Gaussian release (a training on Poisson samples), Rényi divergences
/// are kept beside μ², and the budget is the ε that both together prove at δ: an upper bound, so never more than was granted.</para>
/// </remarks>
public sealed class PrivacyBudget
{
    internal PrivacyBudget(string path, double epsilon, double delta, Neighboring neighboring, PrivacyUnit unit, DateTime created)
    {
        Path = path;
        Epsilon = epsilon;
        Delta = delta;
        Neighboring = neighboring;
        Unit = unit;
        Created = created;
        SquaredMu = GaussianCalibration.SquaredMu(epsilon, delta);
    }

    /// <summary>The SQLite file, or the address of the budget in PostgreSQL; it holds no password.</summary>
    public string Path { get; }

    /// <summary>ε that all releases of a contributor's data together may cost.</summary>
    public double Epsilon { get; }

    /// <summary>δ at which ε holds.</summary>
    public double Delta { get; }

    /// <summary>Which datasets count as neighbours.</summary>
    public Neighboring Neighboring { get; }

    /// <summary>Whose data the budget protects: each record's, or all of each contributor's.</summary>
    public PrivacyUnit Unit { get; }

    /// <summary>When the budget was made, in UTC.</summary>
    public DateTime Created { get; }

    /// <summary>The number of releases charged so far.</summary>
    public long Releases => With(store => store.CountReleases());

    /// <summary>What each contributor has spent, by name; those never charged are absent.</summary>
    public IReadOnlyList<PrivacySpending> Contributors => SpendingOf(null);

    /// <summary>ε, at δ, that the contributor who has spent most has spent; 0 before the first charge.</summary>
    public double Spent => With(store => store.ReadExtremes().Spent);

    /// <summary>The largest ε, at δ, of one more release that every contributor's budget allows.</summary>
    public double Remaining => With(store => store.ReadExtremes().Remaining);

    /// <summary>The μ² that (ε, δ) allows.</summary>
    internal double SquaredMu { get; }

    /// <summary>Makes a budget.</summary>
    /// <param name="path">The SQLite file to create, or the address of the budget in PostgreSQL.</param>
    /// <param name="epsilon">ε &gt; 0.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <param name="neighboring">Which datasets count as neighbours.</param>
    /// <param name="unit">Whose data the budget protects.</param>
    /// <returns>The budget.</returns>
    /// <exception cref="QosValuationException">
    /// <c>EpsilonOutOfRange</c>, <c>DeltaOutOfRange</c>; <c>PrivacyBudgetExists</c>: a budget is never replaced;
    /// <c>DatabaseNotReadable</c>, <c>DatabaseNotWritable</c>, <c>DiskFull</c>.
    /// </exception>
    public static PrivacyBudget Create(
        string path, double epsilon, double delta, Neighboring neighboring = Neighboring.ReplaceOne, PrivacyUnit unit = PrivacyUnit.Record)
    {
        using PrivacyBudgetStore store = PrivacyBudgetStore.Create(path, epsilon, delta, neighboring, unit);
        return store.Budget;
    }

    /// <summary>
    /// Opens a budget, and checks all its charges: PowerShell shows a property that fails as an empty one. O(charges·log charges).
    /// </summary>
    /// <param name="path">The SQLite file, or the address in PostgreSQL.</param>
    /// <returns>The budget.</returns>
    /// <exception cref="QosValuationException">
    /// <c>DatabaseNotFound</c>, <c>DatabaseNotReadable</c>, <c>DatabaseNotWritable</c>, <c>PrivacyBudgetDamaged</c>.
    /// </exception>
    public static PrivacyBudget Open(string path)
    {
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(path);
        return store.Budget;
    }

    /// <summary>What some contributors have spent, by name; those never charged are absent.</summary>
    /// <param name="wanted">Which contributors; null for all.</param>
    /// <returns>One row a contributor.</returns>
    /// <exception cref="QosValuationException"><c>DatabaseNotFound</c>, <c>DatabaseNotReadable</c>, <c>DatabaseNotWritable</c>.</exception>
    public IReadOnlyList<PrivacySpending> SpendingOf(Predicate<string>? wanted) => With(store => store.ReadSpending(wanted).ToArray());

    /// <inheritdoc/>
    public override string ToString() => Path;

    /// <summary>The largest ε of one more release beside μ² already spent.</summary>
    /// <param name="spent">μ² ≥ 0.</param>
    /// <returns>ε ≥ 0.</returns>
    internal double RemainingOf(double spent) =>
        spent == 0 ? Epsilon : Math.Min(Epsilon, GaussianCalibration.EpsilonOfSquaredMu(Math.Max(0, SquaredMu - spent), Delta));

    private T With<T>(Func<PrivacyBudgetStore, T> read)
    {
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(Path);
        return read(store);
    }
}
