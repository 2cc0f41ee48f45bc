using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace QosValuation.Allocation.Optimal;

/// <summary>
/// The inner problem of the optimal allocation: for given prices, the reward rates that
/// <para>maximise Σ bᵢ·rᵢ − (κ/2)·Σ(rᵢ − p)² − (β/N)·Σ_{i&lt;j} |rᵢ − rⱼ| over 0 ≤ rᵢ ≤ cᵢ, with bᵢ = vᵢ² − λ·vᵢ + offset.</para>
/// Solved exactly in O(n log n), in the deviations x = r − p from the pole p, so that rates which fairness holds very close to
/// each other keep their digits.
/// </summary>
/// <remarks>
/// <para>
/// This is total variation on the complete graph with separable convex terms, so its level sets are nested minimisers of
/// binary problems (Hochbaum 2001): the agents with r &gt; θ are, among those whose cap exceeds θ, the k with the largest b,
/// where k maximises Σ_{j≤k} (b₍ⱼ₎ − κ(θ − p)) − (β/N)·k·(N − k). One level splits the agents into two independent problems of
/// the same kind, confined to either side of θ. Where no cap binds inside a part, the part is an isotonic regression
/// (pool adjacent violators) of the sorted b. Splitting at the median of the caps that the regression oversteps halves
/// their number each time; caps it respects can never bind later, since lower caps only lower the others' rates.
/// </para>
/// <para>
/// As a function of v, b is a parabola with its minimum at λ/2, so one sort by value serves every λ: the order by b is a
/// merge of the two arms. Agents who cannot receive anything are not listed; they count as <c>absentees</c> at rate 0.
/// </para>
/// </remarks>
internal sealed class RateLagrangian
{
    private readonly double[] _values;
    private readonly double[] _caps;
    private readonly int _absentees;
    private readonly double[] _slopes;
    private readonly double[] _limits;
    private readonly int[] _agents;
    private readonly double[] _spareSlopes;
    private readonly double[] _spareLimits;
    private readonly int[] _spareAgents;
    private readonly double[] _blockSum;
    private readonly int[] _blockLength;
    private readonly double[] _overstepped;
    private readonly Stack<Part> _parts = new();

    /// <summary>Prepares the workspace. O(n).</summary>
    /// <param name="values">v of the agents who can receive something, ascending, each above 0.</param>
    /// <param name="caps">c: the largest rate of each, above 0 and finite.</param>
    /// <param name="absentees">How many further agents count in N with the rate 0.</param>
    public RateLagrangian(double[] values, double[] caps, int absentees)
    {
        _values = values;
        _caps = caps;
        _absentees = absentees;
        int n = values.Length;
        Rates = new double[n];
        Deviations = new double[n];
        _slopes = new double[n];
        _limits = new double[n];
        _agents = new int[n];
        _spareSlopes = new double[n];
        _spareLimits = new double[n];
        _spareAgents = new int[n];
        _blockSum = new double[n];
        _blockLength = new int[n];
        _overstepped = new double[n];
    }

    /// <summary>r: the maximiser of the last call.</summary>
    public double[] Rates { get; }

    /// <summary>x = r − p of the last call.</summary>
    public double[] Deviations { get; }

    /// <summary>p of the last call.</summary>
    public double Pole { get; private set; }

    /// <summary>What the last call found, and how it moves with the prices.</summary>
    public RateMoments Moments { get; private set; }

    /// <summary>Solves without a Gini term (β = 0): every agent on its own. O(n), vectorised.</summary>
    /// <param name="supplyPrice">λ.</param>
    /// <param name="curvature">κ &gt; 0.</param>
    /// <param name="pole">p ≥ 0.</param>
    public void SolveSeparable(double supplyPrice, double curvature, double pole)
    {
        Pole = pole;
        int n = _values.Length;
        int width = Vector<double>.Count;
        var price = new Vector<double>(supplyPrice);
        var inverse = new Vector<double>(1 / curvature);
        var centre = new Vector<double>(pole);
        Vector<double> bottom = -centre;
        Vector<double> sum = default, squares = default, tokens = default, welfare = default;
        Vector<double> free = default, fv = default, fx = default, fvv = default, fvx = default, fxx = default;
        ReadOnlySpan<Vector<double>> v = MemoryMarshal.Cast<double, Vector<double>>(_values);
        ReadOnlySpan<Vector<double>> c = MemoryMarshal.Cast<double, Vector<double>>(_caps);
        Span<Vector<double>> r = MemoryMarshal.Cast<double, Vector<double>>(Rates.AsSpan());
        Span<Vector<double>> x = MemoryMarshal.Cast<double, Vector<double>>(Deviations.AsSpan());
        for (int i = 0; i < v.Length; i++)
        {
            Vector<double> value = v[i];
            Vector<double> cap = c[i];
            Vector<double> top = cap - centre;
            Vector<double> raw = value * (value - price) * inverse;
            Vector<double> deviation = Vector.Max(Vector.Min(raw, top), bottom);
            Vector<double> rate = Vector.Max(Vector.Min(centre + raw, cap), Vector<double>.Zero);
            x[i] = deviation;
            r[i] = rate;
            Vector<double> u = value * rate;
            sum += deviation;
            squares += deviation * deviation;
            tokens += u;
            welfare += value * u;
            Vector<double> isFree = Vector.ConditionalSelect(
                Vector.BitwiseAnd(Vector.GreaterThan(raw, bottom), Vector.LessThan(raw, top)).As<long, double>(),
                Vector<double>.One,
                Vector<double>.Zero);
            Vector<double> freeValue = isFree * value;
            Vector<double> freeDeviation = isFree * deviation;
            free += isFree;
            fv += freeValue;
            fx += freeDeviation;
            fvv += freeValue * value;
            fvx += freeValue * deviation;
            fxx += freeDeviation * deviation;
        }

        var m = new RateMoments
        {
            DeviationSum = Vector.Sum(sum),
            DeviationSquares = Vector.Sum(squares),
            Tokens = Vector.Sum(tokens),
            Welfare = Vector.Sum(welfare),
            Free = Vector.Sum(free),
            FreeV = Vector.Sum(fv),
            FreeX = Vector.Sum(fx),
            FreeVV = Vector.Sum(fvv),
            FreeVX = Vector.Sum(fvx),
            FreeXX = Vector.Sum(fxx),
        };
        for (int i = v.Length * width; i < n; i++)
        {
            double value = _values[i];
            double top = _caps[i] - pole;
            double raw = value * (value - supplyPrice) * (1 / curvature);
            double deviation = Math.Max(Math.Min(raw, top), -pole);
            double rate = Math.Max(Math.Min(pole + raw, _caps[i]), 0);
            Deviations[i] = deviation;
            Rates[i] = rate;
            m.DeviationSum += deviation;
            m.DeviationSquares += deviation * deviation;
            m.Tokens += value * rate;
            m.Welfare += value * (value * rate);
            if (raw > -pole && raw < top)
            {
                m.Free++;
                m.FreeV += value;
                m.FreeX += deviation;
                m.FreeVV += value * value;
                m.FreeVX += value * deviation;
                m.FreeXX += deviation * deviation;
            }
        }

        Moments = m;
    }

    /// <summary>Solves the whole problem. O(n log n) at worst, O(n) where no cap binds.</summary>
    /// <param name="supplyPrice">λ.</param>
    /// <param name="offset">The same addition to every b.</param>
    /// <param name="curvature">κ ≥ 0; at 0 a rate is 0 or one of the caps.</param>
    /// <param name="pole">p ≥ 0.</param>
    /// <param name="giniPrice">β ≥ 0.</param>
    /// <param name="scores">
    /// Where given, receives for every agent its share s of the slope of Σ_{i&lt;j}|rᵢ − rⱼ|/N at the solution, up to what caps
    /// tie together (see <see cref="DualCertificate"/>): a subgradient, so that b − κx − βs is the agent's reduced slope.
    /// </param>
    public void Solve(double supplyPrice, double offset, double curvature, double pole, double giniPrice, double[]? scores = null)
    {
        Pole = pole;
        int n = _values.Length;
        int total = n + _absentees;
        double unit = giniPrice / total;
        SortBySlope(supplyPrice, offset);
        double spread = 0;
        var m = default(RateMoments);
        _parts.Clear();
        if (n > 0)
        {
            _parts.Push(new Part(0, n, 0, TensorPrimitives.Max<double>(_caps), _absentees, 0));
        }

        while (_parts.TryPop(out Part part))
        {
            int blocks = Regress(part, unit);
            int overstepped = CountOverstepped(part, blocks, curvature, pole);
            if (overstepped > 0)
            {
                Split(part, MedianOfSample(overstepped), curvature, pole, unit);
                continue;
            }

            double highest = part.Top - pole;
            double lowest = part.Bottom - pole;
            int j = 0;
            for (int b = 0; b < blocks; b++)
            {
                int length = _blockLength[b];
                double mean = _blockSum[b] / length;
                double raw = Unclamped(mean, curvature);
                bool isFree = raw > lowest && raw < highest;
                double deviation = isFree ? raw : raw >= highest ? highest : lowest;
                double rate = isFree ? Math.Clamp(pole + raw, part.Bottom, part.Top) : raw >= highest ? part.Top : part.Bottom;

                // The mean of (those below − those above) over the block's places, over N.
                double score = (part.Below - part.Above + part.Length - length - 2.0 * j) / total;
                spread += score * length * deviation;
                double valueSum = 0;
                ReadOnlySpan<int> agents = _agents.AsSpan(part.Start + j, length);
                foreach (int agent in agents)
                {
                    Rates[agent] = rate;
                    Deviations[agent] = deviation;
                    valueSum += _values[agent];
                }

                if (isFree)
                {
                    m.Free += length;
                    m.FreeV += valueSum;
                    m.FreeX += length * deviation;
                    m.FreeS += length * score;
                    m.FreeVV += valueSum * valueSum / length;
                    m.FreeVX += valueSum * deviation;
                    m.FreeVS += valueSum * score;
                    m.FreeXX += length * deviation * deviation;
                    m.FreeXS += length * deviation * score;
                    m.FreeSS += length * score * score;
                }

                if (scores is not null)
                {
                    for (int i = 0; i < length; i++)
                    {
                        scores[agents[i]] = giniPrice > 0 ? (_slopes[part.Start + j + i] - mean) / giniPrice : score;
                    }
                }

                j += length;
            }
        }

        m.DeviationSum = TensorPrimitives.Sum<double>(Deviations);
        m.DeviationSquares = TensorPrimitives.SumOfSquares<double>(Deviations);
        m.Tokens = TensorPrimitives.Dot<double>(_values, Rates);
        for (int i = 0; i < n; i++)
        {
            m.Welfare += _values[i] * (_values[i] * Rates[i]);
        }

        m.DeviationSpread = spread;
        Moments = m;
    }

    private static double Unclamped(double mean, double curvature)
    {
        if (curvature > 0)
        {
            return mean / curvature;
        }

        return mean > 0 ? double.PositiveInfinity : double.NegativeInfinity;
    }

    /// <summary>Fills the working arrays in descending order of b: the two arms of the parabola, merged.</summary>
    private void SortBySlope(double supplyPrice, double offset)
    {
        int low = 0;
        int high = _values.Length - 1;
        int next = 0;
        while (low <= high)
        {
            double atLow = _values[low] * (_values[low] - supplyPrice);
            double atHigh = _values[high] * (_values[high] - supplyPrice);
            int agent = atHigh >= atLow ? high-- : low++;
            _slopes[next] = Math.Max(atLow, atHigh) + offset;
            _limits[next] = _caps[agent];
            _agents[next++] = agent;
        }
    }

    /// <summary>Pools adjacent violators of the part's slopes less what the Gini term charges each place.</summary>
    /// <returns>The number of blocks, whose sums and lengths stand in the workspace.</returns>
    private int Regress(Part part, double unit)
    {
        ReadOnlySpan<double> slopes = _slopes.AsSpan(part.Start, part.Length);
        double place = part.Below - part.Above + part.Length - 1.0;
        int blocks = 0;
        for (int j = 0; j < slopes.Length; j++)
        {
            double sum = slopes[j] - unit * (place - 2.0 * j);
            int length = 1;
            while (blocks > 0 && _blockSum[blocks - 1] * length < sum * _blockLength[blocks - 1])
            {
                blocks--;
                sum += _blockSum[blocks];
                length += _blockLength[blocks];
            }

            _blockSum[blocks] = sum;
            _blockLength[blocks++] = length;
        }

        return blocks;
    }

    /// <summary>Collects the caps inside the part that the regression oversteps.</summary>
    private int CountOverstepped(Part part, int blocks, double curvature, double pole)
    {
        int count = 0;
        int j = part.Start;
        double highest = part.Top - pole;
        for (int b = 0; b < blocks; b++)
        {
            double deviation = Unclamped(_blockSum[b] / _blockLength[b], curvature);
            int end = j + _blockLength[b];
            if (deviation <= part.Bottom - pole)
            {
                break; // Later blocks are lower still, and every cap in the part exceeds its bottom.
            }

            if (deviation >= highest)
            {
                for (; j < end; j++)
                {
                    if (_limits[j] < part.Top)
                    {
                        _overstepped[count++] = _limits[j];
                    }
                }
            }
            else
            {
                for (; j < end; j++)
                {
                    if (_limits[j] - pole < deviation)
                    {
                        _overstepped[count++] = _limits[j];
                    }
                }
            }
        }

        return count;
    }

    private double MedianOfSample(int count)
    {
        const int SampleSize = 31;
        int size = Math.Min(count, SampleSize);
        Span<double> sample = stackalloc double[SampleSize];
        for (int i = 0; i < size; i++)
        {
            sample[i] = _overstepped[(int)((long)i * count / size)];
        }

        sample[..size].Sort();
        return sample[size / 2];
    }

    /// <summary>Separates those whose rate exceeds the level from the rest, keeping the order by b.</summary>
    private void Split(Part part, double level, double curvature, double pole, double unit)
    {
        int start = part.Start;
        int end = start + part.Length;
        double place = part.Below - part.Above + part.Length - 1.0;
        double charge = curvature * (level - pole);

        // The best prefix: a run is added as soon as it pays, so nothing large is summed with anything small.
        double run = 0;
        int rank = 0;
        int last = start - 1;
        for (int j = start; j < end; j++)
        {
            if (_limits[j] > level)
            {
                run += _slopes[j] - charge - unit * (place - 2.0 * rank++);
                if (run > 0)
                {
                    run = 0;
                    last = j;
                }
            }
        }

        int above = start;
        int below = 0;
        for (int j = start; j < end; j++)
        {
            if (j <= last && _limits[j] > level)
            {
                _slopes[above] = _slopes[j];
                _limits[above] = _limits[j];
                _agents[above++] = _agents[j];
            }
            else
            {
                _spareSlopes[below] = _slopes[j];
                _spareLimits[below] = _limits[j];
                _spareAgents[below++] = _agents[j];
            }
        }

        _spareSlopes.AsSpan(0, below).CopyTo(_slopes.AsSpan(above));
        _spareLimits.AsSpan(0, below).CopyTo(_limits.AsSpan(above));
        _spareAgents.AsSpan(0, below).CopyTo(_agents.AsSpan(above));
        int higher = above - start;
        if (higher > 0)
        {
            _parts.Push(new Part(start, higher, level, part.Top, part.Below + below, part.Above));
        }

        _parts.Push(new Part(above, below, part.Bottom, level, part.Below, part.Above + higher));
    }

    /// <summary>Consecutive agents in the working arrays whose rates lie between two levels.</summary>
    private readonly record struct Part(int Start, int Length, double Bottom, double Top, int Below, int Above);
}

/// <summary>Sums over a solution of <see cref="RateLagrangian"/>.</summary>
internal struct RateMoments
{
    /// <summary>Σ x over the listed agents.</summary>
    public double DeviationSum;

    /// <summary>Σ x².</summary>
    public double DeviationSquares;

    /// <summary>Σ s·x with s each place's (below − above)/N; the spread less the pole's part. 0 after a separable call.</summary>
    public double DeviationSpread;

    /// <summary>Σ v·r = Σ u.</summary>
    public double Tokens;

    /// <summary>Σ v²·r = Σ v·u.</summary>
    public double Welfare;

    /// <summary>The number of agents free to move: neither at 0 nor held by a cap. The free move in blocks of equal rates.</summary>
    public double Free;

    /// <summary>Σ v over the free, v being the mean of the agent's block; likewise s, the mean of its places.</summary>
    public double FreeV;

    /// <summary>Σ x over the free.</summary>
    public double FreeX;

    /// <summary>Σ s over the free.</summary>
    public double FreeS;

    /// <summary>Σ v² over the free.</summary>
    public double FreeVV;

    /// <summary>Σ v·x over the free.</summary>
    public double FreeVX;

    /// <summary>Σ v·s over the free.</summary>
    public double FreeVS;

    /// <summary>Σ x² over the free.</summary>
    public double FreeXX;

    /// <summary>Σ x·s over the free.</summary>
    public double FreeXS;

    /// <summary>Σ s² over the free.</summary>
    public double FreeSS;
}
