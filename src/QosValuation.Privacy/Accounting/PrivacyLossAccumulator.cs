using System.Runtime.InteropServices;
using QosValuation.Foundation.Numerics;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Privacy.Accounting;

/// <summary>Adds up the privacy loss of events as they arrive. O(1) an event of one release; memory O(clusters).</summary>
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
/// <see cref="DiscreteGaussianGuarantee"/>); one whose grid is not known is accounted for by zero-concentrated privacy, ρ = μ²/2.
/// Releases of Poisson samples are accounted for by the distribution of their loss (<see cref="PrivacyLossDistribution"/>), or by Rényi
/// divergences of whole orders (<see cref="SampledGaussian"/>) where Rdp or Zcdp is asked for or a release is known to be zero-concentrated only.</para>
/// </remarks>
public sealed class PrivacyLossAccumulator
{
    private readonly PrivacyAccountant _accountant;
    private readonly bool _parallel;
    private readonly Dictionary<int, Losses> _clusters = [];
    private Losses _everywhere;
    private int _releases;
    private int _withoutGuarantee;
    private int _seeded;
    private bool _isConcentrated;
    private bool _isSampled;
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

    /// <summary>The number of events added.</summary>
    public int Releases => _releases;

    /// <summary>Adds an event. O(parts of the event).</summary>
    /// <param name="event">What was released. It counts as one release, however many it is composed of.</param>
    /// <param name="clusterId">The cluster whose records it concerns; null where it may concern any.</param>
    /// <param name="isSeeded">Whether the noise came from a seed.</param>
    /// <exception cref="QosValuationException"><c>PrivacyEventNotAccountable</c>; nothing is added.</exception>
    public void Add(PrivacyEvent @event, int? clusterId = null, bool isSeeded = false)
    {
        ArgumentNullException.ThrowIfNull(@event);
        PrivacyCost cost = PrivacyCost.Of(@event, @event.Neighboring)
            ?? throw new QosValuationException(
                Faults.PrivacyEventNotAccountable, $"The event is stated for {@event.Neighboring}, about which a part of it tells nothing.", @event);
        _releases++;
        _seeded += isSeeded ? 1 : 0;
        if (!cost.IsFinite)
        {
            _withoutGuarantee++;
            return;
        }

        _isConcentrated |= cost.Rho > 0;
        _isSampled |= cost.Renyi is not null;
        _records |= @event.Unit == PrivacyUnit.Record;
        _contributors |= @event.Unit == PrivacyUnit.Contributor;
        _addRemove |= @event.Neighboring == Neighboring.AddRemove;
        _replaceOne |= @event.Neighboring == Neighboring.ReplaceOne;
        if (_parallel && clusterId is int cluster && @event.Unit == PrivacyUnit.Record)
        {
            ref Losses losses = ref CollectionsMarshal.GetValueRefOrAddDefault(_clusters, cluster, out _);
            losses.Add(cost, @event.Neighboring);
        }
        else
        {
            _everywhere.Add(cost, @event.Neighboring);
        }
    }

    /// <summary>Adds a release of a mean or sum that is known by its noise. O(1).</summary>
    /// <param name="sensitivity">Δ ≥ 0; NaN where no sensitivity is known, which voids the guarantee.</param>
    /// <param name="sigma">σ ≥ 0 in the unit of Δ; 0 voids the guarantee.</param>
    /// <param name="mechanism">The mechanism; one that is not formal voids the guarantee.</param>
    /// <param name="neighboring">The relation that Δ is stated for.</param>
    /// <param name="clusterId">The cluster whose records it concerns; null where it may concern any.</param>
    /// <param name="gridStep">The step of DiscreteGaussian's grid in the unit of σ; 0 where it is not known, and for continuous noise.</param>
    /// <param name="unit">Whose data Δ is stated for.</param>
    /// <param name="isSeeded">Whether the noise came from a seed.</param>
    /// <exception cref="QosValuationException"><c>ReleaseNotValid</c> where Δ, σ or the step is negative, or σ or the step is NaN; nothing is
    /// added.</exception>
    public void Add(
        double sensitivity,
        double sigma,
        PrivacyMechanism mechanism = PrivacyMechanism.AnalyticGaussian,
        Neighboring neighboring = Neighboring.ReplaceOne,
        int? clusterId = null,
        double gridStep = 0,
        PrivacyUnit unit = PrivacyUnit.Record,
        bool isSeeded = false)
    {
        if (sensitivity < 0 || !(sigma >= 0) || !(gridStep >= 0))
        {
            throw new QosValuationException(
                Faults.ReleaseNotValid,
                $"A release with sensitivity {sensitivity}, σ {sigma} and grid step {gridStep} is none; all must be at least 0.",
                clusterId);
        }

        Add(NoiseMechanisms.Of(mechanism).EventOf(sensitivity, sigma, gridStep, neighboring, unit), clusterId, isSeeded);
    }

    /// <summary>Adds the steps of a training that are known by their noise: each releases a sum over a Poisson sample. O(1).</summary>
    /// <param name="sensitivity">Δ ≥ 0 of a step for a unit added or removed, such as the clipping norm.</param>
    /// <param name="sigma">σ ≥ 0 in the unit of Δ; 0 voids the guarantee.</param>
    /// <param name="samplingRate">q in [0, 1]: the probability that a unit takes part in a step.</param>
    /// <param name="steps">The steps, a whole number of at least 1.</param>
    /// <param name="mechanism">The mechanism; one that is not formal voids the guarantee.</param>
    /// <param name="gridStep">The step of DiscreteGaussian's grid in the unit of σ; 0 where it is not known, and for continuous noise.</param>
    /// <param name="unit">What is sampled.</param>
    /// <param name="isSeeded">Whether the noise came from a seed.</param>
    /// <exception cref="QosValuationException"><c>ReleaseNotValid</c>; <c>PrivacyEventNotAccountable</c> for noise on an unknown grid: nothing is
    /// added.</exception>
    public void AddTraining(
        double sensitivity,
        double sigma,
        double samplingRate,
        double steps,
        PrivacyMechanism mechanism = PrivacyMechanism.AnalyticGaussian,
        double gridStep = 0,
        PrivacyUnit unit = PrivacyUnit.Record,
        bool isSeeded = false)
    {
        if (sensitivity < 0 || !(sigma >= 0) || !(gridStep >= 0) || samplingRate is not (>= 0 and <= 1) || !(steps >= 1 && steps <= 1e15 && steps % 1 == 0))
        {
            throw new QosValuationException(
                Faults.ReleaseNotValid,
                $"A training with sensitivity {sensitivity}, σ {sigma}, grid step {gridStep}, sampling rate {samplingRate} and {steps} steps is none: the "
                + "rate lies between 0 and 1, steps are a whole number of at least 1, the rest is at least 0.",
                steps);
        }

        PrivacyEvent step = NoiseMechanisms.Of(mechanism).EventOf(sensitivity, sigma, gridStep, Neighboring.AddRemove, unit);
        Add(
            step is NonFormalEvent ? step : new RepeatedEvent(samplingRate == 1 ? step : new PoissonSampledEvent(samplingRate, step), (long)steps),
            isSeeded: isSeeded);
    }

    /// <summary>The loss of all releases so far. O(clusters).</summary>
    /// <param name="delta">δ in (0, 1) at which ε is stated.</param>
    /// <returns>The total.</returns>
    /// <exception cref="QosValuationException">
    /// <c>DeltaOutOfRange</c>; <c>PrivacyEventNotAccountable</c> where a release of a Poisson sample, which is stated for AddRemove, comes
    /// together with one that is stated for ReplaceOne.
    /// </exception>
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
                IsSeeded = _seeded > 0,
                Explanation = $"{_withoutGuarantee} of {_releases} releases carry no noise or noise without a sensitivity (such as ImageDp), or cannot be "
                    + $"read, so no finite ε holds for all of them together.",
            };
        }

        bool mixed = _replaceOne && _addRemove;
        if (mixed && _isSampled)
        {
            throw new QosValuationException(
                Faults.PrivacyEventNotAccountable,
                "Releases of Poisson samples are accounted for under AddRemove, and other releases are stated for ReplaceOne: account for the two apart.",
                _releases);
        }

        bool isDistribution = _accountant is PrivacyAccountant.Gdp or PrivacyAccountant.Pld;
        PrivacyAccountant used = _isSampled ? isDistribution && !_isConcentrated ? PrivacyAccountant.Pld : PrivacyAccountant.Rdp
            : isDistribution && _isConcentrated ? PrivacyAccountant.Zcdp : _accountant;
        (double epsilon, double mu) = _isSampled ? (SampledEpsilon(used, delta), double.NaN) : Epsilon(mixed, used, delta);
        return new PrivacyLoss
        {
            Epsilon = epsilon,
            Delta = delta,
            Releases = _releases,
            Mu = mu,
            Accountant = used,
            IsSeeded = _seeded > 0,
            Explanation = Explain(used),
        };
    }

    private string Explain(PrivacyAccountant used)
    {
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

        if (_seeded > 0)
        {
            neighbours += $" {_seeded} of {_releases} releases drew their noise from a seed: whoever knows it can take the noise away, so ε is no guarantee.";
        }

        string exactness = used switch
        {
            PrivacyAccountant.Gdp => "exact for Gaussian noise",
            PrivacyAccountant.Pld when !_isSampled => "exact for Gaussian noise",
            PrivacyAccountant.Pld when _accountant == PrivacyAccountant.Pld => "an upper bound within about 0.1 % of the exact ε",
            PrivacyAccountant.Pld => $"an upper bound within about 0.1 % of the exact ε; Pld stands in for {_accountant}, because a release was made of a "
                + "Poisson sample",
            _ when used == _accountant => "an upper bound",
            PrivacyAccountant.Zcdp => $"an upper bound; Zcdp stands in for {_accountant}, because a release of the discrete Gaussian does not tell its grid",
            _ => $"an upper bound; Rdp stands in for {_accountant}, because a release was made of a Poisson sample",
        };
        return $"{_releases} releases composed {composition}; {exactness}.{neighbours}";
    }

    private (double Epsilon, double Mu) Epsilon(bool mixed, PrivacyAccountant used, double delta)
    {
        double total = _everywhere.Total(mixed) + (_clusters.Count == 0 ? 0 : _clusters.Values.Max(losses => losses.Total(mixed)));
        double epsilon = total == 0 ? 0 : used switch
        {
            PrivacyAccountant.Gdp or PrivacyAccountant.Pld => GaussianCalibration.EpsilonOfMu(Math.Sqrt(total), delta),
            PrivacyAccountant.Zcdp => ZeroConcentratedPrivacy.Epsilon(total / 2, delta),
            _ => RenyiEpsilon(total / 2, delta),
        };
        return (epsilon, Math.Sqrt(total));
    }

    private double SampledEpsilon(PrivacyAccountant used, double delta)
    {
        double largest = Of(_everywhere);
        foreach (Losses losses in _clusters.Values)
        {
            largest = Math.Max(largest, Of(Losses.Sum(_everywhere, losses)));
        }

        return largest;

        // Gaussian noise and ρ = μ²/2 have the same divergences, so that both are in the total.
        double Of(Losses losses) => used == PrivacyAccountant.Pld
            ? PrivacyLossDistribution.Epsilon(losses.Total(mixed: false), losses.Samples, delta)
            : PrivacyCost.EpsilonOfCurve(losses.Total(mixed: false), losses.Sampled ?? new double[PrivacyCost.Orders.Count], delta);
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

    /// <summary>Σμ² (2ρ where no μ is known), apart for the two relations, and the divergences of samples.</summary>
    private struct Losses
    {
        private CompensatedSum _replaceOne;
        private CompensatedSum _addRemove;

        private SampledRelease[]? _samples;

        public double[]? Sampled { get; private set; }

        public readonly IReadOnlyList<SampledRelease> Samples => _samples ?? [];

        public static Losses Sum(Losses first, Losses second)
        {
            first._replaceOne.Add(second._replaceOne.Value);
            first._addRemove.Add(second._addRemove.Value);
            first.Sampled = Sum(first.Sampled, second.Sampled);
            first._samples = PrivacyCost.Merge(first.Samples, second.Samples);
            return first;
        }

        private static double[]? Sum(double[]? first, IReadOnlyList<double>? second) =>
            first is null ? second?.ToArray() : second is null ? first : [.. first.Zip(second, (a, b) => a + b)];

        public void Add(PrivacyCost cost, Neighboring neighboring)
        {
            double square = cost.SquaredMu + 2 * cost.Rho;
            if (neighboring == Neighboring.AddRemove)
            {
                _addRemove.Add(square);
            }
            else
            {
                _replaceOne.Add(square);
            }

            Sampled = Sum(Sampled, cost.Renyi);
            if (cost.Samples.Count > 0)
            {
                _samples = PrivacyCost.Merge(Samples, cost.Samples);
            }
        }

        // A replacement is a removal and an addition: twice the distance, four times the square.
        public readonly double Total(bool mixed) => _replaceOne.Value + (mixed ? 4 : 1) * _addRemove.Value;
    }
}
