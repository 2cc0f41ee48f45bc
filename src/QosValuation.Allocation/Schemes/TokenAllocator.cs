using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using QosValuation.Allocation.Fairness;
using QosValuation.Allocation.Optimal;
using QosValuation.Allocation.Simulation;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Allocation.Schemes;

/// <summary>
/// Divides a supply of V tokens among agents with values v, capacities B and remaining tokens R. Each scheme is a closed form,
/// O(N log N) at most, equal to its token-by-token definition; Random is O(N + min(V, 16·N)).
/// </summary>
/// <remarks>
/// <para>All schemes but Random keep 0 ≤ u ≤ B − R (paper, Eq. 13), and all keep Σu ≤ V (Eq. 1). No agents, no supply or full
/// buckets give grants of 0 tokens.</para>
/// <para>Optimal without bounds on fairness is MaxWelfare; with them see <see cref="OptimalAllocator"/>.</para>
/// <para>Proposed, WaterFilling, MaxWelfare, Vtc and Optimal give nothing to agents with v = 0; where all have v = 0, nobody receives anything.
/// RoundRobin, MaxMin and Random do not look at v.</para>
/// </remarks>
public static class TokenAllocator
{
    // The most whole tokens that a double counts one by one.
    private const double MaximumWhole = 1L << 53;

    // The binary exponents between which the largest term of a scaled sum is kept: high, so that terms far smaller keep their digits.
    private const int LowestScaled = 800;
    private const int HighestScaled = 900;

    /// <summary>Divides the supply.</summary>
    /// <param name="agents">The agents, in the order that RoundRobin follows and that breaks ties.</param>
    /// <param name="supply">V ≥ 0 in tokens. Random deals its whole tokens only.</param>
    /// <param name="scheme">How to divide.</param>
    /// <param name="wholeTokens">Whether grants are whole numbers of tokens.</param>
    /// <param name="random">The source that Random draws from; not used by the other schemes.</param>
    /// <returns>One grant an agent, in order.</returns>
    /// <exception cref="QosValuationException"><c>AgentNotValid</c>, <c>SupplyNotValid</c>, or <c>RandomSourceMissing</c> where Random has none.</exception>
    public static TokenGrant[] Allocate(IReadOnlyList<TokenAgent> agents, double supply, AllocationScheme scheme, bool wholeTokens = false, RandomSource? random = null)
    {
        ArgumentNullException.ThrowIfNull(agents);
        double[] values = new double[agents.Count];
        double[] room = new double[agents.Count];
        double[] remaining = new double[agents.Count];
        for (int i = 0; i < agents.Count; i++)
        {
            TokenAgent agent = agents[i];
            agent.Validate();
            values[i] = agent.Value;
            room[i] = TokenAgent.Room(agent.Capacity, agent.Remaining);
            remaining[i] = agent.Remaining;
        }

        double[] tokens = new double[agents.Count];
        Allocate(scheme, values, room, remaining, supply, wholeTokens, random, tokens);
        var grants = new TokenGrant[agents.Count];
        for (int i = 0; i < grants.Length; i++)
        {
            grants[i] = new TokenGrant
            {
                Agent = agents[i].Agent,
                Value = values[i],
                Tokens = tokens[i],
                Capacity = agents[i].Capacity,
                Remaining = remaining[i],
                RewardRate = FairnessMeasures.RewardRate(tokens[i], values[i]),
                Scheme = scheme,
                Supply = supply,
            };
        }

        return grants;
    }

    /// <summary>Divides the supply, on spans of one length N. Arguments other than the supply are trusted.</summary>
    /// <param name="scheme">How to divide.</param>
    /// <param name="values">v ≥ 0.</param>
    /// <param name="room">B − R ≥ 0.</param>
    /// <param name="remaining">R ≥ 0.</param>
    /// <param name="supply">V ≥ 0.</param>
    /// <param name="wholeTokens">Whether grants are whole numbers.</param>
    /// <param name="random">The source that Random draws from.</param>
    /// <param name="tokens">Receives u.</param>
    internal static void Allocate(
        AllocationScheme scheme,
        ReadOnlySpan<double> values,
        ReadOnlySpan<double> room,
        ReadOnlySpan<double> remaining,
        double supply,
        bool wholeTokens,
        RandomSource? random,
        Span<double> tokens)
    {
        RequireSupply(supply, scheme);
        RequireDivisible(scheme, wholeTokens);
        if (tokens.IsEmpty)
        {
            return;
        }

        switch (scheme)
        {
            case AllocationScheme.Proposed:
                Proportional(values, room, supply, tokens);
                break;
            case AllocationScheme.WaterFilling:
                WaterFilling(values, room, supply, tokens);
                break;
            case AllocationScheme.MaxWelfare:
                MaxWelfare(values, room, supply, wholeTokens, tokens);
                return;
            case AllocationScheme.Optimal:
                OptimalAllocator.Solve(values, room, supply, null, CancellationToken.None).Tokens.CopyTo(tokens);
                return;
            case AllocationScheme.RoundRobin:
                RoundRobin(room, supply, wholeTokens, tokens);
                return;
            case AllocationScheme.MaxMin:
                MaxMin(room, remaining, supply, wholeTokens, tokens);
                return;
            case AllocationScheme.Random:
                Random(supply, random, tokens);
                return;
            case AllocationScheme.Vtc:
                new VtcScheduler(values.Length, values).Allocate(room, supply, tokens, wholeTokens);
                TrimToSupply(supply, tokens);
                return;
            default:
                throw new QosValuationException(Faults.SchemeNotSupported, $"The scheme {scheme} is not known.", scheme);
        }

        if (wholeTokens)
        {
            LargestRemainder(room, supply, tokens);
        }
        else if (scheme != AllocationScheme.Proposed)
        {
            TrimToSupply(supply, tokens);
        }
    }

    /// <summary>Checks a supply. O(1).</summary>
    /// <param name="supply">V.</param>
    /// <param name="scheme">The scheme that divides it.</param>
    /// <exception cref="QosValuationException"><c>SupplyNotValid</c>: it is not a finite number of at least 0, or too large for Random to deal token by token.</exception>
    public static void RequireSupply(double supply, AllocationScheme scheme)
    {
        if (!(supply >= 0) || !double.IsFinite(supply))
        {
            throw new QosValuationException(Faults.SupplyNotValid, $"The supply is {supply}; give a finite number of tokens of at least 0.", supply);
        }

        if (scheme == AllocationScheme.Random && supply > MaximumWhole)
        {
            throw new QosValuationException(Faults.SupplyNotValid, $"The scheme Random deals single tokens; give a supply of at most 2^53, not {supply}.", supply);
        }
    }

    /// <summary>Checks that a scheme can do what is asked of its tokens. O(1).</summary>
    /// <param name="scheme">The scheme.</param>
    /// <param name="wholeTokens">Whether grants are to be whole numbers.</param>
    /// <exception cref="QosValuationException"><c>WholeTokensNotSupported</c> for Optimal.</exception>
    public static void RequireDivisible(AllocationScheme scheme, bool wholeTokens)
    {
        if (wholeTokens && scheme == AllocationScheme.Optimal)
        {
            throw new QosValuationException(
                Faults.WholeTokensNotSupported,
                "The scheme Optimal divides tokens into fractions; rounding them would break its bounds. Leave out whole tokens, or take another scheme.",
                scheme);
        }
    }

    // u = min(V·v/Σv, B − R) (paper, Eq. 15), trimmed to the supply. O(N): the values are read twice, all else once.
    private static void Proportional(ReadOnlySpan<double> values, ReadOnlySpan<double> room, double supply, Span<double> tokens)
    {
        double total = CompensatedSum.Of(values, out double largest);
        if (!(largest is >= 1e-100 and <= 1e100 && supply is >= 1e-100 and <= 1e100))
        {
            ScaledProportional(values, room, supply, tokens);
            TrimToSupply(supply, tokens);
            return;
        }

        // A plain sum tells whether the supply can be exceeded at all: its error is below N·2⁻⁵².
        double spent = CappedShares(values, room, supply, total, tokens);
        if (spent >= supply * (1 - Math.ScaleB(tokens.Length + 8, -52)))
        {
            TrimToSupply(supply, tokens);
        }
    }

    // Writes min(V·v/Σv, room) and returns the plain sum. The quotient is that of a division: the remainder of p·(1/Σv), which a
    // fused multiplication and addition gives exactly, corrects its last digit (Markstein 1990).
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double CappedShares(ReadOnlySpan<double> values, ReadOnlySpan<double> room, double supply, double total, Span<double> tokens)
    {
        Vector256<double> factor = Vector256.Create(supply);
        Vector256<double> divisor = Vector256.Create(-total);
        Vector256<double> reciprocal = Vector256.Create(1 / total);
        Vector256<double> firstSpent = Vector256<double>.Zero;
        Vector256<double> secondSpent = Vector256<double>.Zero;
        ref double value = ref MemoryMarshal.GetReference(values);
        ref double space = ref MemoryMarshal.GetReference(room);
        ref double token = ref MemoryMarshal.GetReference(tokens);
        int count = Math.Min(Math.Min(values.Length, room.Length), tokens.Length);
        int i = 0;
        for (; i <= count - 8; i += 8)
        {
            Vector256<double> first = Vector256.LoadUnsafe(ref value, (nuint)i) * factor;
            Vector256<double> second = Vector256.LoadUnsafe(ref value, (nuint)i + 4) * factor;
            Vector256<double> firstQuotient = first * reciprocal;
            Vector256<double> secondQuotient = second * reciprocal;
            firstQuotient = Vector256.FusedMultiplyAdd(Vector256.FusedMultiplyAdd(firstQuotient, divisor, first), reciprocal, firstQuotient);
            secondQuotient = Vector256.FusedMultiplyAdd(Vector256.FusedMultiplyAdd(secondQuotient, divisor, second), reciprocal, secondQuotient);
            first = Vector256.MinNative(firstQuotient, Vector256.LoadUnsafe(ref space, (nuint)i));
            second = Vector256.MinNative(secondQuotient, Vector256.LoadUnsafe(ref space, (nuint)i + 4));
            first.StoreUnsafe(ref token, (nuint)i);
            second.StoreUnsafe(ref token, (nuint)i + 4);
            firstSpent += first;
            secondSpent += second;
        }

        double spent = Vector256.Sum(firstSpent + secondSpent);
        for (; i < count; i++)
        {
            tokens[i] = Math.Min(values[i] * supply / total, room[i]);
            spent += tokens[i];
        }

        return spent;
    }

    // The same where sums or products could leave the range of a double.
    private static void ScaledProportional(ReadOnlySpan<double> values, ReadOnlySpan<double> room, double supply, Span<double> tokens)
    {
        int exponent = ScaleOf(values);
        CompensatedSum sum = default;
        foreach (double value in values)
        {
            sum.Add(Math.ScaleB(value, exponent));
        }

        double total = sum.Value;
        for (int i = 0; i < tokens.Length; i++)
        {
            tokens[i] = total > 0 ? Math.Min(Share(Math.ScaleB(values[i], exponent), total, supply), room[i]) : 0;
        }
    }

    // u = min(λ·v, B − R) with λ so that the supply is spent or every bucket of an agent with v > 0 is full. Newton's method on the
    // concave, piecewise linear Σu(λ): each step takes out the buckets that the present level fills, and the level only rises, so
    // it ends at the root after some ten passes; sorting bounds the cases that would take more. O(N) as a rule, O(N log N) at most.
    private static void WaterFilling(ReadOnlySpan<double> values, ReadOnlySpan<double> room, double supply, Span<double> tokens)
    {
        const int MaximumPasses = 50;
        double outstanding = CompensatedSum.Of(values, out double largest);
        double left = supply;
        if (largest is >= 1e-100 and <= 1e100 && supply is >= 1e-100 and <= 1e100)
        {
            int full = -1;
            for (int pass = 0; pass < MaximumPasses; pass++)
            {
                (int filled, double rest, double spent) = FilledAt(values, room, left, outstanding);
                if (filled == full)
                {
                    CappedShares(values, room, left, outstanding, tokens);
                    return;
                }

                if (rest == 0)
                {
                    for (int i = 0; i < tokens.Length; i++)
                    {
                        tokens[i] = values[i] > 0 ? room[i] : 0;
                    }

                    return;
                }

                full = filled;
                outstanding = rest;
                left = Math.Max(0, supply - spent);
            }
        }

        SortedWaterFilling(values, room, supply, tokens);
    }

    // How many buckets the level left/outstanding fills, the weight of the others, and what the full ones take.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (int Filled, double Unfilled, double Spent) FilledAt(ReadOnlySpan<double> values, ReadOnlySpan<double> room, double left, double outstanding)
    {
        Vector256<double> supply = Vector256.Create(left);
        Vector256<double> weight = Vector256.Create(outstanding);
        Vector256<double> restSum = Vector256<double>.Zero;
        Vector256<double> restCorrection = Vector256<double>.Zero;
        Vector256<double> spentSum = Vector256<double>.Zero;
        Vector256<double> spentCorrection = Vector256<double>.Zero;
        Vector256<long> counts = Vector256<long>.Zero;
        ref double value = ref MemoryMarshal.GetReference(values);
        ref double space = ref MemoryMarshal.GetReference(room);
        int count = Math.Min(values.Length, room.Length);
        int i = 0;
        for (; i <= count - 4; i += 4)
        {
            Vector256<double> v = Vector256.LoadUnsafe(ref value, (nuint)i);
            Vector256<double> b = Vector256.LoadUnsafe(ref space, (nuint)i);
            Vector256<double> isFull = Vector256.GreaterThanOrEqual(v * supply, b * weight);
            counts -= isFull.AsInt64();
            Vector256<double> term = Vector256.AndNot(v, isFull);
            Vector256<double> next = restSum + term;
            Vector256<double> part = next - restSum;
            restCorrection += (restSum - (next - part)) + (term - part);
            restSum = next;
            term = b & isFull;
            next = spentSum + term;
            part = next - spentSum;
            spentCorrection += (spentSum - (next - part)) + (term - part);
            spentSum = next;
        }

        int filled = (int)Vector256.Sum(counts);
        CompensatedSum rest = default;
        CompensatedSum spent = default;
        for (int lane = 0; lane < 4; lane++)
        {
            rest.Add(restSum.GetElement(lane));
            spent.Add(spentSum.GetElement(lane));
        }

        for (int lane = 0; lane < 4; lane++)
        {
            rest.Add(restCorrection.GetElement(lane));
            spent.Add(spentCorrection.GetElement(lane));
        }

        for (; i < count; i++)
        {
            if (values[i] * left >= room[i] * outstanding)
            {
                filled++;
                spent.Add(room[i]);
            }
            else
            {
                rest.Add(values[i]);
            }
        }

        return (filled, rest.Value, spent.Value);
    }

    // The same by sorting: agents leave in the order of the λ at which their buckets fill. Values may lie further apart than the
    // range of a double: levels carry their exponent apart, and each suffix sum is scaled to the values that it holds. O(N log N).
    internal static void SortedWaterFilling(ReadOnlySpan<double> values, ReadOnlySpan<double> room, double supply, Span<double> tokens)
    {
        int[] order = new int[values.Length];
        var levels = new FillLevel[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            levels[i] = FillLevel.Of(room[i], values[i]);
            order[i] = i;
        }

        Array.Sort(levels, order);

        // The weight that has not left yet, summed from the small end of the list so that nothing is subtracted.
        double[] outstanding = new double[order.Length];
        int[] exponents = new int[order.Length];
        CompensatedSum suffix = default;
        int exponent = int.MaxValue;
        for (int k = order.Length - 1; k >= 0; k--)
        {
            double value = values[order[k]];
            if (value > 0 && (exponent == int.MaxValue || Math.ILogB(value) + exponent > HighestScaled))
            {
                int next = LowestScaled - Math.ILogB(value);
                double before = suffix.Value;
                suffix = default;
                suffix.Add(before > 0 ? Math.ScaleB(before, next - exponent) : 0);
                exponent = next;
            }

            suffix.Add(value > 0 ? Math.ScaleB(value, exponent) : 0);
            outstanding[k] = suffix.Value;
            exponents[k] = exponent;
        }

        tokens.Clear();
        CompensatedSum spent = default;
        for (int k = 0; k < order.Length && outstanding[k] > 0; k++)
        {
            int i = order[k];
            double left = Math.Max(0, supply - spent.Value);
            if (Share(Math.ScaleB(values[i], exponents[k]), outstanding[k], left) < room[i])
            {
                // This bucket does not fill, and so none of the later ones does: all share what is left in proportion.
                for (int j = k; j < order.Length; j++)
                {
                    int later = order[j];
                    tokens[later] = values[later] > 0 ? Math.Min(Share(Math.ScaleB(values[later], exponents[k]), outstanding[k], left), room[later]) : 0;
                }

                return;
            }

            tokens[i] = Math.Min(room[i], left);
            spent.Add(tokens[i]);
        }
    }

    // The fractional knapsack of problem (14): all items weigh 1, so filling by descending v is optimal, and whole tokens fit greedily. O(N log N).
    private static void MaxWelfare(ReadOnlySpan<double> values, ReadOnlySpan<double> room, double supply, bool wholeTokens, Span<double> tokens)
    {
        int[] order = new int[values.Length];
        double[] keys = new double[values.Length];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
            keys[i] = -values[i];
        }

        StableSort(keys, order);
        tokens.Clear();
        double limit = wholeTokens ? Math.Floor(supply) : supply;
        CompensatedSum spent = default;
        foreach (int i in order)
        {
            double left = limit - spent.Value;
            if (values[i] == 0 || left <= 0)
            {
                break;
            }

            tokens[i] = Math.Min(wholeTokens ? Math.Floor(room[i]) : room[i], left);
            spent.Add(tokens[i]);
        }

        TrimToSupply(supply, tokens);
    }

    // Turns in a fixed order; a turn gives min(1, room left, supply left). After K whole turns an agent has min(room, K). O(N log max room).
    private static void RoundRobin(ReadOnlySpan<double> room, double supply, bool wholeTokens, Span<double> tokens)
    {
        Copy(room, wholeTokens, tokens);
        double limit = wholeTokens ? Math.Floor(supply) : supply;
        double turns = WholeTurns(tokens, limit, static (capacity, _, turns) => Math.Min(capacity, turns), []);
        CompensatedSum spent = default;
        foreach (double capacity in tokens)
        {
            spent.Add(Math.Min(capacity, turns));
        }

        for (int i = 0; i < tokens.Length; i++)
        {
            double before = Math.Min(tokens[i], turns);
            double turn = Math.Clamp(limit - spent.Value, 0, Math.Min(1, tokens[i] - before));
            spent.Add(turn);
            tokens[i] = before + turn;
        }

        TrimToSupply(supply, tokens);
    }

    // The next token goes to the agent with the smallest holding R + u, the earlier one where equal. An agent's j-th token goes out at
    // the holding R + j, so tokens leave in the order of (R + j, agent): the tokens below a level L are counted at once, and those
    // within the last step of 1, at most one an agent, are sorted. O(N log N + N log max room).
    private static void MaxMin(ReadOnlySpan<double> room, ReadOnlySpan<double> remaining, double supply, bool wholeTokens, Span<double> tokens)
    {
        Copy(room, wholeTokens, tokens);
        double limit = wholeTokens ? Math.Floor(supply) : supply;
        double lowest = double.PositiveInfinity;
        for (int i = 0; i < tokens.Length; i++)
        {
            lowest = tokens[i] > 0 ? Math.Min(lowest, remaining[i]) : lowest;
        }

        if (double.IsInfinity(lowest))
        {
            return;
        }

        double[] holdings = new double[tokens.Length];
        for (int i = 0; i < holdings.Length; i++)
        {
            holdings[i] = remaining[i];
        }

        double turns = WholeTurns(tokens, limit, (capacity, holding, turns) => Below(capacity, holding, lowest + turns), holdings);
        double level = lowest + turns;
        var keys = new List<double>();
        var order = new List<int>();
        CompensatedSum spent = default;
        for (int i = 0; i < tokens.Length; i++)
        {
            double granted = Below(tokens[i], holdings[i], level);
            spent.Add(granted);
            if (granted < tokens[i])
            {
                keys.Add(holdings[i] + granted);
                order.Add(i);
            }
        }

        double[] last = [.. keys];
        int[] agents = [.. order];
        StableSort(last, agents);
        for (int i = 0; i < tokens.Length; i++)
        {
            double granted = Below(tokens[i], holdings[i], level);
            holdings[i] = tokens[i] - granted;
            tokens[i] = granted;
        }

        for (int k = 0; k < agents.Length; k++)
        {
            double left = limit - spent.Value;
            if (left <= 0 || last[k] >= level + 1)
            {
                break;
            }

            double token = Math.Min(left, Math.Min(1, holdings[agents[k]]));
            tokens[agents[k]] += token;
            spent.Add(token);
        }

        TrimToSupply(supply, tokens);
    }

    // Σ over whole tokens, each to an agent drawn uniformly (paper, section V-A). O(N + min(V, 16·N)).
    private static void Random(double supply, RandomSource? random, Span<double> tokens)
    {
        if (random is null)
        {
            throw new QosValuationException(Faults.RandomSourceMissing, "The scheme Random needs a source of randomness.", AllocationScheme.Random);
        }

        Distributions.UniformMultinomial((long)supply, tokens, random);
    }

    // Rounds fractional grants down and hands the whole tokens that are left over to the largest fractions, the earlier agent where
    // equal, never above the whole tokens that fit the bucket (Hamilton's method). O(N log N).
    private static void LargestRemainder(ReadOnlySpan<double> room, double supply, Span<double> tokens)
    {
        CompensatedSum exact = default;
        CompensatedSum whole = default;
        var fractions = new List<double>();
        var order = new List<int>();
        for (int i = 0; i < tokens.Length; i++)
        {
            exact.Add(tokens[i]);

            // A share such as 2.9999999999999996 stands for 3: the rounding of the division must not cost a token.
            double nearest = Math.Round(tokens[i]);
            double floor = Math.Abs(tokens[i] - nearest) <= 1e-12 * nearest ? nearest : Math.Floor(tokens[i]);
            floor = Math.Min(floor, Math.Floor(room[i]));
            if (floor + 1 <= room[i] && tokens[i] > floor)
            {
                fractions.Add(floor - tokens[i]);
                order.Add(i);
            }

            tokens[i] = floor;
            whole.Add(floor);
        }

        double total = exact.Value;
        total = Math.Min(Math.Abs(total - Math.Round(total)) <= 1e-9 * Math.Max(1, total) ? Math.Round(total) : Math.Floor(total), Math.Floor(supply));
        double[] keys = [.. fractions];
        int[] agents = [.. order];
        StableSort(keys, agents);
        double extra = Math.Min(total - whole.Value, agents.Length);
        for (int k = 0; k < extra; k++)
        {
            tokens[agents[k]]++;
        }
    }

    // Rounding can leave Σu above V by some units in the last place: they are taken from the largest grant, so that Eq. 1 holds as written. O(N).
    private static void TrimToSupply(double supply, Span<double> tokens)
    {
        double excess = CompensatedSum.Of(tokens) - supply;
        if (!(excess > 0))
        {
            return;
        }

        int largest = TensorPrimitives.IndexOfMax(tokens);
        while (excess > 0 && tokens[largest] > 0)
        {
            tokens[largest] = Math.Max(0, Math.Min(tokens[largest] - excess, Math.BitDecrement(tokens[largest])));
            excess = CompensatedSum.Of(tokens) - supply;
        }
    }

    // The largest whole number of turns that the limit pays for in full, by bisection over a sum that does not decrease.
    private static double WholeTurns(ReadOnlySpan<double> capacities, double limit, Func<double, double, double, double> granted, double[] holdings)
    {
        double Total(ReadOnlySpan<double> capacities, double turns)
        {
            CompensatedSum sum = default;
            for (int i = 0; i < capacities.Length; i++)
            {
                sum.Add(granted(capacities[i], holdings.Length == 0 ? 0 : holdings[i], turns));
            }

            return sum.Value;
        }

        double everything = CompensatedSum.Of(capacities);
        double low = 0;
        double high = 1;
        double reached;
        while ((reached = Total(capacities, high)) <= limit && reached < everything)
        {
            low = high;
            high *= 2;
        }

        if (reached <= limit)
        {
            return high;
        }

        while (high - low > 1)
        {
            double middle = Math.Floor(low + (high - low) / 2);
            if (middle <= low || middle >= high)
            {
                break;
            }

            if (Total(capacities, middle) <= limit)
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

    // What an agent has been given when all tokens that go out at a holding below the level are out.
    private static double Below(double capacity, double holding, double level)
    {
        if (!(holding < level))
        {
            return 0;
        }

        double count = Math.Min(Math.Ceiling(level - holding), Math.Ceiling(capacity));

        // Subtraction may round across a token whose holding equals the level: compare as the definition does.
        while (count > 0 && holding + (count - 1) >= level)
        {
            count--;
        }

        while (count < Math.Ceiling(capacity) && holding + count < level && holding + count + 1 > holding + count)
        {
            count++;
        }

        return Math.Min(count, capacity);
    }

    // V·v/Σv without overflow: v/Σv is at most 1.
    private static double Share(double weight, double total, double supply)
    {
        double product = weight * supply;
        return double.IsFinite(product) ? product / total : weight / total * supply;
    }

    // The power of two that brings the largest value near 1, so that sums neither overflow nor vanish; scaling by it is exact.
    private static int ScaleOf(ReadOnlySpan<double> values)
    {
        double largest = 0;
        foreach (double value in values)
        {
            largest = Math.Max(largest, value);
        }

        return largest > 0 ? -Math.ILogB(largest) : 0;
    }

    private static void Copy(ReadOnlySpan<double> room, bool wholeTokens, Span<double> tokens)
    {
        for (int i = 0; i < room.Length; i++)
        {
            tokens[i] = wholeTokens ? Math.Floor(room[i]) : room[i];
        }
    }

    // Sorts indices by ascending key; equal keys keep their order. Indices must be ascending at the start.
    private static void StableSort(double[] keys, int[] indices)
    {
        Array.Sort(keys, indices);
        for (int start = 0; start < keys.Length;)
        {
            int end = start + 1;
            while (end < keys.Length && keys[end] == keys[start])
            {
                end++;
            }

            Array.Sort(indices, start, end - start);
            start = end;
        }
    }

    /// <summary>The level (B − R)/v at which a bucket fills, as m·2ᵉ with m in [1, 2), also where the quotient leaves the range of a double.</summary>
    /// <param name="Exponent">e; the least integer for a full bucket, the greatest for an agent without value.</param>
    /// <param name="Mantissa">m.</param>
    private readonly record struct FillLevel(int Exponent, double Mantissa) : IComparable<FillLevel>
    {
        public static FillLevel Of(double room, double value)
        {
            if (value == 0 || room == 0)
            {
                return new FillLevel(value == 0 ? int.MaxValue : int.MinValue, 1);
            }

            int roomExponent = Math.ILogB(room);
            int valueExponent = Math.ILogB(value);
            double quotient = Math.ScaleB(room, -roomExponent) / Math.ScaleB(value, -valueExponent);
            return quotient < 1 ? new FillLevel(roomExponent - valueExponent - 1, 2 * quotient) : new FillLevel(roomExponent - valueExponent, quotient);
        }

        public int CompareTo(FillLevel other) => Exponent != other.Exponent ? Exponent.CompareTo(other.Exponent) : Mantissa.CompareTo(other.Mantissa);
    }
}
