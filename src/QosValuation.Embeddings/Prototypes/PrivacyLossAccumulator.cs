using System.Runtime.InteropServices;
using QosValuation.Foundation.Numerics;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Embeddings.Prototypes;

/// <summary>Adds up the privacy loss of releases as they arrive. O(1) a release; memory O(clusters).</summary>
/// <remarks>
/// <para>By default all releases compose in sequence: each may concern the same record, as the image and the text prototype of a
/// cluster do, or two releases of the same cluster. That is always sound.</para>
/// <para>Releases that concern disjoint sets of records compose in parallel: a record loses only what the releases of its own
/// cluster tell. That holds for clusters of one grouping whose membership is fixed and does not depend on private vectors, with
/// replacement within the cluster. <see cref="Measure"/> then takes the largest loss of any cluster; releases whose cluster is
/// not known count in each. The ids of two groupings say nothing about each other, so account for one grouping at a time.</para>
/// <para>A contributor may have records in several clusters, so releases of the unit Contributor compose in sequence even then.
/// A total of both units is stated for a record, which either protects.</para>
/// <para>Where releases under both neighbouring relations come together, the total is stated for replacement.</para>
/// <para>A release of the discrete Gaussian whose grid is known counts as continuous noise a hair smaller, exactly (see
/// <see cref="DiscreteGaussianGuarantee"/>); one whose grid is not known is accounted for by zero-concentrated privacy, ρ = μ²/2.</para>
/// </remarks>
public sealed class PrivacyLossAccumulator
{
    private readonly PrivacyAccountant _accountant;
    private readonly bool _parallel;
    private readonly Dictionary<int, SquaredDistances> _clusters = [];
    private SquaredDistances _everywhere;
    private int _releases;
    private int _withoutGuarantee;
    private bool _unknownGrid;
    private bool _records;
    private bool _contributors;
    private bool _addRemove;
    private bool _replaceOne;

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="accountant">How losses are added up.</param>
    /// <param name="parallel">Whether clusters hold disjoint records, so that their releases compose in parallel.</param>
    public PrivacyLossAccumulator(PrivacyAccountant accountant = PrivacyAccountant.Gdp, bool parallel = false)
    {
        _accountant = accountant;
        _parallel = parallel;
    }

    /// <summary>Adds a release. O(1).</summary>
    /// <param name="prototype">A released prototype: its Sensitivity and Sigma are what counts, not the ε it was asked for.</param>
    public void Add(DpPrototype prototype)
    {
        ArgumentNullException.ThrowIfNull(prototype);
        Add(prototype.Sensitivity, prototype.Sigma, prototype.Mechanism, prototype.Neighboring, prototype.ClusterId, prototype.GridStep, prototype.Unit);
    }

    /// <summary>Adds a release of a mean or sum with Gaussian noise. O(1).</summary>
    /// <param name="sensitivity">Δ ≥ 0; NaN where no sensitivity is known, which voids the guarantee.</param>
    /// <param name="sigma">σ ≥ 0 in the unit of Δ; 0 voids the guarantee.</param>
    /// <param name="mechanism">The mechanism; ImageDp voids the guarantee.</param>
    /// <param name="neighboring">The relation that Δ is stated for.</param>
    /// <param name="clusterId">The cluster whose records it concerns; null where it may concern any.</param>
    /// <param name="gridStep">The step of DiscreteGaussian's grid in the unit of σ; 0 where it is not known, and for continuous noise.</param>
    /// <param name="unit">Whose data Δ is stated for.</param>
    /// <exception cref="QosValuationException"><c>ReleaseNotValid</c> where Δ, σ or the step is negative, or σ or the step is NaN.</exception>
    public void Add(
        double sensitivity,
        double sigma,
        PrivacyMechanism mechanism = PrivacyMechanism.AnalyticGaussian,
        Neighboring neighboring = Neighboring.ReplaceOne,
        int? clusterId = null,
        double gridStep = 0,
        PrivacyUnit unit = PrivacyUnit.Record)
    {
        if (sensitivity < 0 || !(sigma >= 0) || !(gridStep >= 0))
        {
            throw new QosValuationException(Faults.ReleaseNotValid, $"A release with sensitivity {sensitivity}, σ {sigma} and grid step {gridStep} is none; all must be at least 0.", clusterId);
        }

        _releases++;
        double mu = sensitivity / sigma;
        double square = mu * mu;
        if (mechanism == PrivacyMechanism.DiscreteGaussian)
        {
            // On a grid too coarse to stand for continuous noise ρ = μ²/2 holds all the same.
            double onGrid = gridStep > 0 ? DiscreteGaussianGuarantee.SquaredMu(sensitivity, sigma, gridStep) : double.PositiveInfinity;
            _unknownGrid |= !double.IsFinite(onGrid);
            square = double.IsFinite(onGrid) ? onGrid : square;
        }

        if (mechanism == PrivacyMechanism.ImageDp || !double.IsFinite(square))
        {
            _withoutGuarantee++;
            return;
        }

        _records |= unit == PrivacyUnit.Record;
        _contributors |= unit == PrivacyUnit.Contributor;
        _addRemove |= neighboring == Neighboring.AddRemove;
        _replaceOne |= neighboring == Neighboring.ReplaceOne;
        if (_parallel && clusterId is int cluster && unit == PrivacyUnit.Record)
        {
            ref SquaredDistances distances = ref CollectionsMarshal.GetValueRefOrAddDefault(_clusters, cluster, out _);
            distances.Add(square, neighboring);
        }
        else
        {
            _everywhere.Add(square, neighboring);
        }
    }

    /// <summary>The loss of all releases so far. O(clusters).</summary>
    /// <param name="delta">δ in (0, 1) at which ε is stated.</param>
    /// <returns>The total.</returns>
    /// <exception cref="QosValuationException"><c>DeltaOutOfRange</c>.</exception>
    public PrivacyLoss Measure(double delta)
    {
        GaussianCalibration.RequireDelta(delta);
        if (_withoutGuarantee > 0)
        {
            return new PrivacyLoss
            {
                Epsilon = double.PositiveInfinity,
                Delta = delta,
                Releases = _releases,
                Mu = double.PositiveInfinity,
                Accountant = _accountant,
                Explanation = $"{_withoutGuarantee} of {_releases} releases carry no noise or noise without a sensitivity (such as ImageDp), so no finite ε holds for all of them together.",
            };
        }

        bool mixed = _replaceOne && _addRemove;
        double total = _everywhere.Total(mixed) + (_clusters.Count == 0 ? 0 : _clusters.Values.Max(distances => distances.Total(mixed)));
        PrivacyAccountant used = _accountant == PrivacyAccountant.Gdp && _unknownGrid ? PrivacyAccountant.Zcdp : _accountant;
        double epsilon = total == 0 ? 0 : used switch
        {
            PrivacyAccountant.Gdp => GaussianCalibration.EpsilonOfMu(Math.Sqrt(total), delta),
            PrivacyAccountant.Zcdp => ZeroConcentratedPrivacy.Epsilon(total / 2, delta),
            _ => RenyiEpsilon(total / 2, delta),
        };
        string composition = _parallel ? "in parallel over clusters (disjoint records, membership fixed)" : "in sequence";
        string unit = _records ? "record" : "contributor";
        string neighbours = (_replaceOne, _addRemove) switch
        {
            (true, true) => $" Neighbours differ by one {unit} replaced; releases under AddRemove count as a removal and an addition, at twice their distance.",
            (false, true) => $" Neighbours differ by one {unit} added or removed.",
            (true, false) => $" Neighbours differ by one {unit} replaced; clusters are taken as given, and counts without noise as public.",
            _ => string.Empty,
        };
        if (_parallel && _contributors)
        {
            neighbours += " Releases of the unit Contributor were composed in sequence: a contributor may be in several clusters.";
        }

        string exactness = used switch
        {
            PrivacyAccountant.Gdp => "exact for Gaussian noise",
            PrivacyAccountant.Zcdp => _accountant == PrivacyAccountant.Gdp ? "an upper bound; Zcdp stands in for Gdp, because a release of the discrete Gaussian does not tell its grid" : "an upper bound",
            _ => "an upper bound",
        };
        return new PrivacyLoss
        {
            Epsilon = epsilon,
            Delta = delta,
            Releases = _releases,
            Mu = Math.Sqrt(total),
            Accountant = used,
            Explanation = $"{_releases} releases composed {composition}; {exactness}.{neighbours}",
        };
    }

    // ε = min over α of αρ − (ln δ + ln α)/(α − 1) + ln((α − 1)/α) (Canonne, Kamath and Steinke 2020, Proposition 12). The ε that
    // an order proves is below a bound on an interval of orders, so the best one is found by narrowing it down, in ln(α − 1).
    private static double RenyiEpsilon(double rho, double delta)
    {
        double logDelta = Math.Log(delta);
        double Bound(double logBeta)
        {
            double beta = Math.Exp(logBeta);
            return rho * (1 + beta) - NormalTail.LogOnePlus(1 / beta) - (logDelta + NormalTail.LogOnePlus(beta)) / beta;
        }

        const double golden = 0.6180339887498949;
        double low = -350;
        double high = 350;
        double first = high - golden * (high - low);
        double second = low + golden * (high - low);
        (double atFirst, double atSecond) = (Bound(first), Bound(second));
        for (int i = 0; i < 100; i++)
        {
            if (atFirst <= atSecond)
            {
                (high, second, atSecond) = (second, first, atFirst);
                first = high - golden * (high - low);
                atFirst = Bound(first);
            }
            else
            {
                (low, first, atFirst) = (first, second, atSecond);
                second = low + golden * (high - low);
                atSecond = Bound(second);
            }
        }

        return Math.Max(0, Math.Min(atFirst, atSecond)) * (1 + 1e-12);
    }

    /// <summary>Σμ², apart for the two relations.</summary>
    private struct SquaredDistances
    {
        private CompensatedSum _replaceOne;
        private CompensatedSum _addRemove;

        public void Add(double square, Neighboring neighboring)
        {
            if (neighboring == Neighboring.AddRemove)
            {
                _addRemove.Add(square);
            }
            else
            {
                _replaceOne.Add(square);
            }
        }

        // A replacement is a removal and an addition: twice the distance, four times the square.
        public readonly double Total(bool mixed) => _replaceOne.Value + (mixed ? 4 : 1) * _addRemove.Value;
    }
}
