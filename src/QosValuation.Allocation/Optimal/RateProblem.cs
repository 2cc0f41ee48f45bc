using System.Numerics.Tensors;
using QosValuation.Allocation.Fairness;

namespace QosValuation.Allocation.Optimal;

/// <summary>
/// Problem (12) in reward rates and in units of its own: value 1 is the mean value, and an equal rate for everyone that
/// spends the supply is 1. Only agents who can receive something are listed, by ascending value, then room.
/// </summary>
/// <remarks>
/// Bounds on rates at infinity are met here: an agent of tiny value has an enormous cap c = room/v. Lowering every rate
/// above a level M to M makes any allocation fairer, in Jain's sense and in Gini's, and spends less (it is a progressive
/// tax: Jakobsson 1976), so caps may be lowered to any M at the price of the welfare above it.
/// </remarks>
internal sealed class RateProblem
{
    /// <summary>Keeps products with a cap finite; no rate comes near it.</summary>
    private const double LargestCap = 1e200;

    /// <summary>Describes a problem whose bounds are known to be attainable.</summary>
    /// <param name="values">v in units of their mean, ascending, above 0.</param>
    /// <param name="rooms">B − R in the problem's tokens, above 0.</param>
    /// <param name="absentees">How many further agents must have the rate 0.</param>
    /// <param name="supply">V in the problem's tokens.</param>
    public RateProblem(double[] values, double[] rooms, int absentees, double supply)
        : this(values, rooms, [.. values.Select((v, i) => Math.Min(rooms[i] / v, LargestCap))], absentees, supply, null)
    {
    }

    private RateProblem(double[] values, double[] rooms, double[] caps, int absentees, double supply, int[]? byCap)
    {
        int n = values.Length;
        Values = values;
        Rooms = rooms;
        Caps = caps;
        Total = n + absentees;
        Absentees = absentees;
        Supply = supply;
        double[] keys = new double[n];
        if (byCap is null)
        {
            byCap = [.. Enumerable.Range(0, n)];
            caps.CopyTo(keys, 0);
            Array.Sort(keys, byCap);
        }
        else
        {
            for (int k = 0; k < n; k++)
            {
                keys[k] = caps[byCap[k]];
            }
        }

        ByCap = byCap;
        Ladder = new CapLadder(this, keys);
    }

    /// <summary>The same problem with no cap above a level. O(n).</summary>
    /// <param name="level">The highest cap to leave.</param>
    /// <returns>The problem, or this one where nothing changes.</returns>
    public RateProblem Below(double level)
    {
        if (!(level < Ladder.Highest))
        {
            return this;
        }

        double[] caps = [.. Caps.Select(c => Math.Min(c, level))];
        double[] rooms = [.. Rooms.Select((room, i) => Caps[i] > level ? Math.Min(room, Values[i] * level) : room)];
        return new RateProblem(Values, rooms, caps, Absentees, Supply, ByCap);
    }

    /// <summary>v, ascending, mean 1.</summary>
    public double[] Values { get; }

    /// <summary>The most tokens each may receive.</summary>
    public double[] Rooms { get; }

    /// <summary>c = room / v.</summary>
    public double[] Caps { get; }

    /// <summary>The agents by ascending cap.</summary>
    public int[] ByCap { get; }

    /// <summary>N, absentees included.</summary>
    public int Total { get; }

    /// <summary>How many agents must have the rate 0.</summary>
    public int Absentees { get; }

    /// <summary>V.</summary>
    public double Supply { get; }

    /// <summary>The fairest allocations: one common rate, as far as each cap allows.</summary>
    public CapLadder Ladder { get; }

    /// <summary>Σ v²·r. O(n).</summary>
    /// <param name="rates">r.</param>
    /// <returns>The social welfare.</returns>
    public double Welfare(ReadOnlySpan<double> rates)
    {
        double sum = 0;
        for (int i = 0; i < rates.Length; i++)
        {
            sum += Values[i] * (Values[i] * rates[i]);
        }

        return sum;
    }

    /// <summary>Σ v·r. O(n).</summary>
    /// <param name="rates">r.</param>
    /// <returns>The tokens spent.</returns>
    public double Tokens(ReadOnlySpan<double> rates) => TensorPrimitives.Dot(Values, rates);

    /// <summary>Jain's index over all N agents. O(N).</summary>
    /// <param name="rates">r of the listed agents.</param>
    /// <returns>J.</returns>
    public double Jain(ReadOnlySpan<double> rates) => FairnessMeasures.Jain(WithAbsentees(rates));

    /// <summary>The Gini coefficient over all N agents. O(N log N).</summary>
    /// <param name="rates">r of the listed agents.</param>
    /// <returns>G.</returns>
    public double Gini(ReadOnlySpan<double> rates) => FairnessMeasures.GiniInPlace(WithAbsentees(rates));

    private double[] WithAbsentees(ReadOnlySpan<double> rates)
    {
        double[] all = new double[Total];
        rates.CopyTo(all);
        return all;
    }
}

/// <summary>
/// The rates min(c, m) for every level m: among all allocations with the same largest rate they are the fairest
/// (any other is less equal in Lorenz's order). Answers in O(log n) after a sort.
/// </summary>
internal sealed class CapLadder
{
    private readonly RateProblem _problem;
    private readonly double[] _caps;
    private readonly double[] _rateSum;
    private readonly double[] _squareSum;
    private readonly double[] _tokenSum;
    private readonly double[] _valueSum;
    private readonly double[] _spreadSum;

    /// <summary>Builds the partial sums. O(n).</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="sortedCaps">Its caps, ascending.</param>
    public CapLadder(RateProblem problem, double[] sortedCaps)
    {
        int n = sortedCaps.Length;
        _problem = problem;
        _caps = sortedCaps;
        _rateSum = new double[n + 1];
        _squareSum = new double[n + 1];
        _tokenSum = new double[n + 1];
        _valueSum = new double[n + 1];
        _spreadSum = new double[n + 1];
        double total = problem.Total;
        double previous = 0;
        for (int k = 0; k < n; k++)
        {
            int agent = problem.ByCap[k];
            _rateSum[k + 1] = _rateSum[k] + sortedCaps[k];
            _squareSum[k + 1] = _squareSum[k] + sortedCaps[k] * sortedCaps[k];
            _tokenSum[k + 1] = _tokenSum[k] + problem.Rooms[agent];
            double below = problem.Absentees + k;
            _spreadSum[k + 1] = _spreadSum[k] + below * (total - below) * (sortedCaps[k] - previous) / total;
            previous = sortedCaps[k];
        }

        for (int k = n - 1; k >= 0; k--)
        {
            _valueSum[k] = _valueSum[k + 1] + problem.Values[problem.ByCap[k]];
        }
    }

    /// <summary>The largest cap.</summary>
    public double Highest => _caps[^1];

    /// <summary>A rate that no fair allocation exceeds, because the smallest caps hold everybody down. O(n).</summary>
    /// <remarks>
    /// Let the k smallest caps sum to C, and A = Σr. Pairs across the two groups alone make N·G·A ≥ kA − NC, and the
    /// variance between the groups bounds A likewise under Jain's floor. The largest rate x alone makes N·G·A ≥ Nx − A, and
    /// x ≤ (A/N)·(1 + √((N − 1)(1 − J)/J)).
    /// </remarks>
    /// <param name="bounds">J and G.</param>
    /// <returns>The rate; infinite where the bounds say nothing.</returns>
    public double HighestRate(FairnessBounds bounds)
    {
        double total = _problem.Total;
        double jain = bounds.Jain;
        double sum = double.PositiveInfinity;
        for (int k = 1; k < _caps.Length; k++)
        {
            double caps = _rateSum[k];
            double lower = _problem.Absentees + k;
            double upper = total - lower;
            double excess = lower - total * bounds.Gini;
            if (excess > 0)
            {
                sum = Math.Min(sum, total * caps / excess);
            }

            double ratio = total * jain / upper;
            if (ratio > 1)
            {
                double root = Math.Sqrt(Math.Max(ratio * ratio - (ratio - 1) * ratio * total / lower, 0));
                sum = Math.Min(sum, caps * (ratio + root) / (ratio - 1));
            }
        }

        double share = Math.Min(bounds.Gini + 1 / total, (1 + Math.Sqrt((total - 1) * (1 - jain) / jain)) / total);
        return sum * Math.Min(share, 1) * (1 + 1e-9);
    }

    /// <summary>min(c, m) for every agent. O(n).</summary>
    /// <param name="level">m.</param>
    /// <returns>The rates.</returns>
    public double[] Rates(double level)
    {
        double[] rates = new double[_caps.Length];
        for (int i = 0; i < rates.Length; i++)
        {
            rates[i] = Math.Min(_problem.Caps[i], level);
        }

        return rates;
    }

    /// <summary>The tokens that the level spends, and its fairness.</summary>
    /// <param name="level">m &gt; 0.</param>
    /// <returns>Σu, J and G of min(c, m).</returns>
    public (double Tokens, double Jain, double Gini) At(double level)
    {
        int k = Array.BinarySearch(_caps, level);
        k = k < 0 ? ~k : k;
        double total = _problem.Total;
        int rest = _caps.Length - k;

        // In units of the level, so that no square overflows or vanishes.
        double sum = _rateSum[k] / level + rest;
        double squares = k == 0 ? rest : SquaresBelow(k, level) + rest;
        double tokens = _tokenSum[k] + level * _valueSum[k];
        double below = _problem.Absentees + k;
        double spread = _spreadSum[k] / level + below * rest * (1 - (k > 0 ? _caps[k - 1] / level : 0)) / total;
        return (tokens, sum * sum / (total * squares), spread / sum);
    }

    /// <summary>The highest level that keeps within a supply and fairness bounds. O(log n) steps of bisection.</summary>
    /// <param name="supply">At most these tokens.</param>
    /// <param name="jain">At least this J.</param>
    /// <param name="gini">At most this G.</param>
    /// <returns>The level, within a relative 1e-15 and on the safe side; 0 where there is none.</returns>
    public double HighestWithin(double supply, double jain, double gini)
    {
        bool Fits(double level)
        {
            (double tokens, double j, double g) = At(level);
            return tokens <= supply && j >= jain && g <= gini;
        }

        double high = Highest;
        if (Fits(high))
        {
            return high;
        }

        // Everybody below the smallest cap has the same rate, the fairest there is.
        double low = Math.Min(_caps[0], supply / _valueSum[0]);
        if (!Fits(low))
        {
            low *= 1 - 1e-15;
        }

        for (int step = 0; step < 200 && high > low * (1 + 1e-15); step++)
        {
            double middle = high > 4 * low ? Math.Sqrt(low) * Math.Sqrt(high) : low + (high - low) / 2;
            if (middle <= low || middle >= high)
            {
                break;
            }

            if (Fits(middle))
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private double SquaresBelow(int k, double level) => _squareSum[k] / level / level;
}
