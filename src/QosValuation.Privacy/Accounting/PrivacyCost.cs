using QosValuation.Foundation.Numerics;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Privacy.Accounting;

/// <summary>
/// What events cost, in terms that add up over adaptive composition: μ² of what is Gaussian, ρ of what is known to be
/// zero-concentrated only, and Rényi divergences of what was sampled. Immutable.
/// </summary>
public sealed class PrivacyCost
{
    // Where the best order lies: small ones for much noise, large ones for little loss.
    private static readonly int[] RenyiOrders = [.. Enumerable.Range(2, 63), 80, 96, 128, 192, 256, 384, 512, 768, 1024];

    private readonly SampledRelease[] _samples;

    private double[]? _renyi;

    private PrivacyCost(double squaredMu, double rho, params SampledRelease[] samples)
    {
        SquaredMu = squaredMu;
        Rho = rho;
        _samples = samples;
    }

    /// <summary>The cost of nothing.</summary>
    public static PrivacyCost Zero { get; } = new(0, 0);

    /// <summary>The cost of an event without a guarantee.</summary>
    public static PrivacyCost Infinite { get; } = new(double.PositiveInfinity, 0);

    /// <summary>The whole orders α at which <see cref="Renyi"/> is given. They are part of the format of budget files.</summary>
    public static IReadOnlyList<int> Orders => RenyiOrders;

    /// <summary>Σμ² of the Gaussian events; +∞ where an event has no guarantee.</summary>
    public double SquaredMu { get; }

    /// <summary>Σρ of the events of which nothing tighter is known.</summary>
    public double Rho { get; }

    /// <summary>Rényi divergences of the sampled events at <see cref="Orders"/>; null where nothing was sampled. O(orders²) when first asked for.</summary>
    public IReadOnlyList<double>? Renyi => _samples.Length == 0 ? null : _renyi ??= [.. RenyiOrders.Select(RenyiAt)];

    /// <summary>What was sampled, equal releases together: from these the loss follows more exactly than from <see cref="Renyi"/>.</summary>
    public IReadOnlyList<SampledRelease> Samples => _samples;

    /// <summary>Whether any guarantee holds.</summary>
    public bool IsFinite => double.IsFinite(SquaredMu) && double.IsFinite(Rho);

    /// <summary>The cost of an event under a relation. O(parts of the event).</summary>
    /// <param name="event">The event.</param>
    /// <param name="neighboring">The relation.</param>
    /// <returns>The cost; null where the event tells nothing about that relation.</returns>
    /// <exception cref="QosValuationException"><c>PrivacyEventNotAccountable</c>: a sample of what is not Gaussian, for which no bound is known
    /// here.</exception>
    public static PrivacyCost? Of(PrivacyEvent @event, Neighboring neighboring)
    {
        ArgumentNullException.ThrowIfNull(@event);
        return @event switch
        {
            NonFormalEvent => Infinite,
            GaussianEvent gaussian => Scaled(gaussian, neighboring, gaussian.OtherSquaredMu, 4 * gaussian.SquaredMu) is double square
                ? new PrivacyCost(square, 0)
                : null,
            ConcentratedEvent concentrated => Scaled(concentrated, neighboring, null, 4 * concentrated.Rho) is double rho ? new PrivacyCost(0, rho)
                : null,
            ComposedEvent composed => composed.Events.Aggregate(
                (PrivacyCost?)Zero, (sum, part) => sum is null ? null : Of(part, neighboring) is PrivacyCost cost ? sum.Plus(cost) : null),
            RepeatedEvent repeated => Of(repeated.Event, neighboring)?.Times(repeated.Count),
            PoissonSampledEvent sampled => OfSample(sampled, neighboring),
            _ => throw NotAccountable(@event, $"An event of the type {@event.GetType().Name} cannot be accounted for."),
        };
    }

    /// <summary>The cost of both together.</summary>
    /// <param name="other">The other.</param>
    /// <returns>The sum.</returns>
    public PrivacyCost Plus(PrivacyCost other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new PrivacyCost(SquaredMu + other.SquaredMu, Rho + other.Rho, Merge(_samples, other._samples));
    }

    /// <summary>The cost of the same several times.</summary>
    /// <param name="count">How often, at least 0.</param>
    /// <returns>The product.</returns>
    public PrivacyCost Times(long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return count == 0 ? Zero : new PrivacyCost(
            SquaredMu * count,
            Rho * count,
            [.. _samples.Select(sample => sample with { Count = checked(sample.Count * count) })]);
    }

    /// <summary>The Rényi divergences of what is not Gaussian, at <see cref="Orders"/>.</summary>
    /// <returns>αρ plus that of the samples; null where all is Gaussian.</returns>
    public double[]? Curve() => HasCurve ? [.. RenyiOrders.Select((order, i) => order * Rho + (Renyi?[i] ?? 0))] : null;

    /// <summary>Whether something is not Gaussian, so that there is a <see cref="Curve"/>.</summary>
    public bool HasCurve => _samples.Length > 0 || Rho != 0;

    /// <summary>What <see cref="Curve"/> has at one order. O(samples · order).</summary>
    /// <param name="order">One of <see cref="Orders"/>.</param>
    /// <returns>The divergence.</returns>
    internal double CurveAt(int order) => (order * Rho) + RenyiAt(order);

    /// <summary>
    /// The smallest ε that Rényi divergences at <see cref="Orders"/> prove together with Gaussian events (Canonne, Kamath and Steinke
    /// 2020, Proposition 12): the least of ε(α) + ln(1 − 1/α) − (ln δ + ln α)/(α − 1). O(orders).
    /// </summary>
    /// <param name="squaredMu">Σμ² ≥ 0 of the Gaussian events.</param>
    /// <param name="curve">Divergences at <see cref="Orders"/>.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <returns>ε ≥ 0; +∞ where none is proven.</returns>
    public static double EpsilonOfCurve(double squaredMu, IReadOnlyList<double> curve, double delta)
    {
        ArgumentNullException.ThrowIfNull(curve);
        GaussianCalibration.RequireDelta(delta);
        double logDelta = Math.Log(delta);
        double best = double.PositiveInfinity;
        for (int i = 0; i < RenyiOrders.Length; i++)
        {
            double order = RenyiOrders[i];
            double bound = order * squaredMu / 2 + curve[i] + NormalTail.LogOnePlus(-1 / order) - (logDelta + Math.Log(order)) / (order - 1);
            best = Math.Min(best, bound);
        }

        return Math.Max(0, best) * (1 + 1e-12);
    }

    /// <summary>Puts equal releases together, in the order in which they came first.</summary>
    /// <param name="first">Some.</param>
    /// <param name="second">Others.</param>
    /// <returns>All.</returns>
    internal static SampledRelease[] Merge(IReadOnlyList<SampledRelease> first, IReadOnlyList<SampledRelease> second) =>
    [
        .. first.Concat(second).GroupBy(sample => (sample.Rate, sample.SquaredMu))
            .Select(group => new SampledRelease(group.Key.Rate, group.Key.SquaredMu, group.Aggregate(0L, (sum, sample) => checked(sum + sample.Count)))),
    ];

    // A replacement is a removal and an addition, at twice the distance; the other way round nothing follows.
    private static double? Scaled(PrivacyEvent @event, Neighboring neighboring, double? other, double doubled)
    {
        double own = @event is GaussianEvent gaussian ? gaussian.SquaredMu : ((ConcentratedEvent)@event).Rho;
        return @event.Neighboring == neighboring ? own : other ?? (neighboring == Neighboring.ReplaceOne ? doubled : null);
    }

    private static PrivacyCost? OfSample(PoissonSampledEvent sampled, Neighboring neighboring)
    {
        // Under replacement a sample is amplified in another way, which is not accounted for here.
        if (neighboring != Neighboring.AddRemove || Of(sampled.Event, neighboring) is not PrivacyCost inner)
        {
            return null;
        }

        if (sampled.Rate == 0)
        {
            return Zero;
        }

        if (sampled.Rate == 1 || !inner.IsFinite)
        {
            return inner;
        }

        if (inner.HasCurve)
        {
            throw NotAccountable(
                sampled,
                "A Poisson sample can be accounted for where Gaussian noise of a known grid is released of it, once or several times: no bound is known here "
                + "for a sample of a sample, or of zero-concentrated noise.");
        }

        if (inner.SquaredMu == 0)
        {
            return Zero;
        }

        return new PrivacyCost(0, 0, new SampledRelease(sampled.Rate, inner.SquaredMu, 1));
    }

    private double RenyiAt(int order) => _samples.Sum(sample => sample.Count * SampledGaussian.Renyi(sample.Rate, sample.SquaredMu, order));

    private static QosValuationException NotAccountable(PrivacyEvent @event, string message) => new(Faults.PrivacyEventNotAccountable, message, @event);
}
