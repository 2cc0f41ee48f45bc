using QosValuation.Foundation.Numerics;

namespace QosValuation.Allocation.Optimal;

/// <summary>
/// Proves an upper bound on the welfare of every feasible allocation from prices alone, whatever produced them.
/// </summary>
/// <remarks>
/// <para>
/// For any λ, β ≥ 0, any y in the dual of Jain's cone and any s below a subgradient of the spread, every feasible r obeys
/// Σv²r ≤ λV + Σ gᵢ·rᵢ with gᵢ = vᵢ² − λvᵢ + yᵢ + β(G − sᵢ), hence Σv²r ≤ λV + Σ cᵢ·max(gᵢ, 0).
/// </para>
/// <para>
/// Jain's constraint ‖r‖ ≤ Σr/√(N·J) is a circular cone about the diagonal; its dual is the circular cone
/// Σy ≥ √(N(1 − J))·‖y‖. From rates r the certificate takes y = κ(t − r), t = mean + √((1 − J)/J)·(standard deviation) over all
/// N agents being the least that puts y into the dual; t and r are measured from the pole of the Lagrangian. The subgradients of Σ_{i&lt;j}|rᵢ −
/// rⱼ| are the base polytope of f(k) = k(N − k); as rates are not
/// negative, it is enough that the k largest of N·s sum to at most k(N − k) for every k, which is checked and, where rounding
/// broke it, restored by a common shift. The bound is finally taken at the best level M of
/// <see cref="RateProblem"/>'s clipping argument, so that enormous caps of worthless agents do not enter.
/// </para>
/// </remarks>
internal static class DualCertificate
{
    /// <summary>Covers the rounding of the sums themselves, relative to the bound.</summary>
    public const double Rounding = 1e-12;

    /// <summary>Covers the rounding of single terms, relative to their size.</summary>
    private const double Unit = 2e-15;

    /// <summary>The bound from the price of supply alone, for the problem without fairness: λV + Σ room·max(v − λ, 0). O(n).</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="supplyPrice">λ ≥ 0.</param>
    /// <returns>The bound.</returns>
    public static double Fill(RateProblem problem, double supplyPrice)
    {
        double sum = supplyPrice * problem.Supply;
        for (int i = 0; i < problem.Values.Length; i++)
        {
            sum += problem.Rooms[i] * Math.Max(problem.Values[i] - supplyPrice, 0);
        }

        return sum * (1 + Rounding);
    }

    /// <summary>Evaluates the bound. O(n log n).</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="searched">The same problem with the caps that the rates were found with.</param>
    /// <param name="bounds">J and G.</param>
    /// <param name="prices">λ, κ and β.</param>
    /// <param name="lagrangian">Its last solution, at the same prices: the rates that y is built from.</param>
    /// <param name="scores">
    /// The subgradient s from <see cref="RateLagrangian.Solve"/> at the same prices; it is completed here where a cap ties
    /// agents together. Not read where β = 0.
    /// </param>
    /// <returns>The bound, and Jain's multiplier α: y = α·(1 − √(N·J)·z) with ‖z‖ ≤ 1.</returns>
    public static (double Bound, double JainMultiplier) Evaluate(
        RateProblem problem, RateProblem searched, FairnessBounds bounds, RatePrices prices, RateLagrangian lagrangian, double[] scores)
    {
        double[] deviations = lagrangian.Deviations;
        int n = deviations.Length;
        (double centre, double multiplier) = prices.Curvature > 0 ? Centre(problem, bounds.Jain, lagrangian) : (0, 0);
        double shift = 0;
        if (prices.Gini > 0)
        {
            ShareTies(searched, prices, prices.Gini * bounds.Gini, lagrangian, scores);
            shift = Excess(problem, scores);
        }

        double[] gains = new double[n];
        double[] upTo = new double[n];
        double running = 0;
        for (int k = 0; k < n; k++)
        {
            int i = problem.ByCap[k];
            double v = problem.Values[i];
            double gain = v * (v - prices.Supply) + prices.Curvature * (centre - deviations[i]);
            double size = v * (v + prices.Supply) + prices.Curvature * (Math.Abs(centre) + Math.Abs(deviations[i]));
            if (prices.Gini > 0)
            {
                gain += prices.Gini * (bounds.Gini - scores[i] + shift);
                size += prices.Gini * (bounds.Gini + Math.Abs(scores[i]) + shift);
            }

            gain += Unit * size;
            gains[k] = Math.Max(gain, 0);
            running += gains[k] > 0 ? gains[k] * problem.Caps[i] : 0;
            upTo[k] = running;
        }

        // From the highest cap down, the best level M at which to cut the caps above it.
        double best = double.PositiveInfinity;
        double ahead = 0;          // Σ max(g, 0) over the caps above M
        double tailWelfare = 0;    // Σ v·room over them
        double tailSquares = 0;    // Σ v² over them
        double tailValue = 0;      // max v over them
        for (int k = n - 1; k >= 0; k--)
        {
            int i = problem.ByCap[k];
            double value = problem.Values[i];
            double level = problem.Caps[i];
            double lost = Math.Max(tailWelfare - tailSquares * level, 0) + Rounding * 1e-3 * tailWelfare;
            best = Math.Min(best, upTo[k] + ahead * level + Math.Min(lost, tailValue * problem.Supply));
            ahead += gains[k];
            tailWelfare += value * problem.Rooms[i];
            tailSquares += value * value;
            tailValue = Math.Max(tailValue, value);
        }

        return ((prices.Supply * problem.Supply + best) * (1 + Rounding), prices.Curvature * multiplier);
    }

    /// <summary>
    /// t less the pole. With m the mean of the listed n, S their summed squares about it, k the absentees and e = n − N·J:
    /// t = m·(n/N + √P) and P = ((1 − J)/J)·(S/(N·m²) + n·k/N²), written so that nothing cancels. And α/κ = m·√P/(1 − J): y
    /// lies on the boundary of the dual cone, so that its decomposition is unique.
    /// </summary>
    private static (double Centre, double Multiplier) Centre(RateProblem problem, double jain, RateLagrangian lagrangian)
    {
        double[] deviations = lagrangian.Deviations;
        double total = problem.Total;
        double n = deviations.Length;
        double k = problem.Absentees;
        double above = CompensatedSum.Of(deviations) / n;
        double mean = lagrangian.Pole + above;
        if (!(mean > 0))
        {
            return (0, 0);
        }

        double squares = 0;
        foreach (double deviation in deviations)
        {
            squares += (deviation - above) / mean * ((deviation - above) / mean);
        }

        squares /= total;
        double odds = (1 - jain) / jain;
        double room = Math.FusedMultiplyAdd(-total, jain, n);
        double root = Math.Sqrt(odds * (squares + n / total * (k / total)));
        double lift = (odds * squares + k / total * (room / total) / jain) / (root + k / total);
        lift = double.IsNaN(lift) ? 0 : lift;
        return (above + mean * lift + Unit * (Math.Abs(above) + mean * lift), mean * root / (1 - jain));
    }

    /// <summary>
    /// Among agents whose equal rate is the cap of some of them, only the capped can have a reduced slope: the others' slopes
    /// are cancelled, and the capped keep what is left, the largest slopes first.
    /// </summary>
    private static void ShareTies(RateProblem problem, RatePrices prices, double offset, RateLagrangian lagrangian, double[] scores)
    {
        int n = scores.Length;
        double[] sorted = [.. lagrangian.Rates];
        int[] agents = new int[n];
        for (int i = 0; i < n; i++)
        {
            agents[i] = i;
        }

        Array.Sort(sorted, agents);
        List<double> slopes = [];
        for (int first = 0; first < n;)
        {
            double rate = sorted[first];
            int end = first + 1;
            while (end < n && sorted[end] == rate)
            {
                end++;
            }

            int capped = 0;
            for (int k = first; k < end; k++)
            {
                capped += problem.Caps[agents[k]] <= rate ? 1 : 0;
            }

            if (rate > 0 && capped > 0 && capped < end - first)
            {
                double below = problem.Absentees + first;
                double above = n - end;
                double target = (end - first) * (below - above) / problem.Total;
                slopes.Clear();
                for (int k = first; k < end; k++)
                {
                    int i = agents[k];
                    double slope = problem.Values[i] * (problem.Values[i] - prices.Supply) + offset - prices.Curvature * (rate - lagrangian.Pole);
                    scores[i] = slope / prices.Gini;
                    if (problem.Caps[i] <= rate)
                    {
                        slopes.Add(scores[i]);
                    }
                    else
                    {
                        target -= scores[i];
                    }
                }

                double level = LevelForSum(slopes, target);
                for (int k = first; k < end; k++)
                {
                    if (problem.Caps[agents[k]] <= rate)
                    {
                        scores[agents[k]] = Math.Min(scores[agents[k]], level);
                    }
                }
            }

            first = end;
        }
    }

    /// <summary>The level L at which Σ min(x, L) meets the target; infinite where all of x falls short of it.</summary>
    private static double LevelForSum(List<double> values, double target)
    {
        values.Sort();
        double sum = 0;
        for (int k = 0; k < values.Count; k++)
        {
            double level = (target - sum) / (values.Count - k);
            if (level <= values[k])
            {
                return level;
            }

            sum += values[k];
        }

        return double.PositiveInfinity;
    }

    /// <summary>By how much all scores must fall for the k largest to sum to at most k(N − k)/N for every k.</summary>
    private static double Excess(RateProblem problem, double[] scores)
    {
        double[] sorted = [.. scores];
        Array.Sort(sorted);
        double excess = 0;
        double sum = 0;
        for (int k = 1; k <= sorted.Length; k++)
        {
            sum += sorted[^k];
            excess = Math.Max(excess, sum / k - (double)(problem.Total - k) / problem.Total);
        }

        return excess + Unit;
    }
}

/// <summary>The bounds on fairness: J at least <paramref name="Jain"/>, G at most <paramref name="Gini"/>.</summary>
/// <param name="Jain">Between 1/N, which always holds, and 1.</param>
/// <param name="Gini">Between 0 and 1, which always holds.</param>
internal readonly record struct FairnessBounds(double Jain, double Gini);

/// <summary>The multipliers of problem (12).</summary>
/// <param name="Supply">λ: of the supply.</param>
/// <param name="Curvature">κ: of Jain's constraint, per unit of rate (its multiplier over ‖r‖/√(N·J)).</param>
/// <param name="Gini">β: of G·Σr − Σ_{i&lt;j}|rᵢ − rⱼ|/N ≥ 0.</param>
internal readonly record struct RatePrices(double Supply, double Curvature, double Gini);
