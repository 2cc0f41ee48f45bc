using QosValuation.Foundation.Randomness;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Budgets;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>The one private release behind the values of ThresholdKnnShapley: the counts of all test points with discrete Gaussian noise.</summary>
/// <remarks>
/// <para>A training point that joins or leaves moves both counts of a test point by at most 1, so that the vector of all counts moves by at
/// most √(2·n_test) in L2. One that is exchanged moves each count by at most 1 as well: the bound and the loss are the same under both
/// relations. The test points are public.</para>
/// <para>Noise is drawn in whole steps of 1/unit in integer arithmetic (Canonne, Kamath and Steinke 2020), and rounded to whole counts
/// afterwards, which costs nothing.</para>
/// </remarks>
internal sealed class NeighborCountRelease
{
    private const int UnitBits = 10;
    private readonly PrivacyBudgetStore? _budget;
    private readonly long _unit = 1L << UnitBits;

    /// <summary>Calibrates the noise. O(1).</summary>
    /// <exception cref="QosValuationException"><c>EpsilonOutOfRange</c>, <c>DeltaOutOfRange</c>, <c>SigmaOutOfRange</c>.</exception>
    /// <exception cref="PrivacyBudgetException"><c>PrivacyBudgetNotApplicable</c>: a budget, and a seed that lets the noise be drawn again.</exception>
    public NeighborCountRelease(MarginalUtilityOptions options, int tests)
    {
        double epsilon = options.Epsilon ?? double.NaN;
        GaussianCalibration.RequireEpsilon(epsilon);
        GaussianCalibration.RequireDelta(options.Delta);
        _budget = options.Budget;
        if (_budget is not null && options.Seed is not null)
        {
            throw _budget.NotApplicable("Whoever knows the seed can take the noise away again, so that nothing is protected: leave -Seed out.");
        }

        _budget?.RequireUnit(PrivacyUnit.Record);
        double sensitivity = Sensitivity(tests) * _unit;
        double multiplier = GaussianCalibration.AnalyticSigma(epsilon, options.Delta, 1);
        GridSigma = DiscreteGaussianGuarantee.GridSigma(sensitivity, multiplier);
        if (!(GridSigma <= DiscreteGaussianSampler.MaximumSigma))
        {
            throw new QosValuationException(
                Faults.SigmaOutOfRange, "The discrete Gaussian cannot express that much noise; use a larger ε or fewer test points.", GridSigma);
        }

        double square = DiscreteGaussianGuarantee.SquaredMu(sensitivity, GridSigma, 1);
        Event = new GaussianEvent(square) { Neighboring = Neighboring.AddRemove, Unit = PrivacyUnit.Record, OtherSquaredMu = square };
    }

    /// <summary>The L2 sensitivity of all counts together: √(2·tests).</summary>
    public static double Sensitivity(int tests) => Math.Sqrt(2.0 * tests);

    /// <summary>What drawing once costs.</summary>
    public PrivacyEvent Event { get; }

    /// <summary>The standard deviation of the noise of a count.</summary>
    public double Sigma => GridSigma / _unit;

    private double GridSigma { get; }

    /// <summary>Charges the release to everyone whose data are counted; does nothing without a budget.</summary>
    /// <exception cref="QosValuationException"><c>ContributorMissing</c>.</exception>
    /// <exception cref="PrivacyBudgetException">The budget does not allow it: nothing is charged.</exception>
    public void Charge(IReadOnlyList<string> contributors)
    {
        if (_budget is null)
        {
            return;
        }

        if (contributors.Any(string.IsNullOrEmpty))
        {
            throw new QosValuationException(
                Faults.ContributorMissing,
                "A training item does not say who contributed it, so that nobody can be charged for it: set Contributor.",
                null);
        }

        _budget.Charge([new PrivacyCharge(Event, new ReleaseLabel("ThresholdKnnShapley"), contributors)]);
    }

    /// <summary>Draws the noise. O(tests).</summary>
    public NeighborCounts[] Draw(NeighborCounts[] counts, RandomSource random)
    {
        var sampler = new DiscreteGaussianSampler((long)GridSigma, random);
        return Array.ConvertAll(counts, count =>
        {
            long within = Noisy(count.Within, sampler);
            return new NeighborCounts(within, Noisy(count.Matches, sampler));
        });
    }

    private long Noisy(long count, DiscreteGaussianSampler sampler) => (long)Math.Round((double)((count * _unit) + sampler.Sample()) / _unit);
}
