using QosValuation.Foundation.Randomness;

namespace QosValuation.Allocation.Simulation;

/// <summary>
/// Keeps the waits above 0 of one round for quantiles: all of them up to a limit, beyond it a uniform sample of that
/// size (reservoir sampling, Vitter 1985, algorithm R). Waits of 0 are counted by the caller.
/// </summary>
internal sealed class WaitSample
{
    private readonly int _limit;
    private readonly RandomSource _random;
    private double[] _waits = new double[256];
    private int[] _agents = new int[256];
    private int _kept;

    /// <summary>Creates an empty sample.</summary>
    /// <param name="limit">How many waits are kept, at least 1.</param>
    /// <param name="random">Draws what is kept beyond the limit.</param>
    public WaitSample(int limit, RandomSource random)
    {
        _limit = limit;
        _random = random;
    }

    /// <summary>How many waits above 0 there were.</summary>
    public long Count { get; private set; }

    /// <summary>Adds a wait above 0.</summary>
    /// <param name="agent">Whose request waited.</param>
    /// <param name="wait">How long.</param>
    public void Add(int agent, double wait)
    {
        Count++;
        int slot = _kept;
        if (_kept < _limit)
        {
            if (_kept == _waits.Length)
            {
                int size = (int)Math.Min(_limit, 2L * _kept);
                Array.Resize(ref _waits, size);
                Array.Resize(ref _agents, size);
            }

            _kept++;
        }
        else
        {
            long drawn = _random.NextInt64(Count);
            if (drawn >= _limit)
            {
                return;
            }

            slot = (int)drawn;
        }

        _waits[slot] = wait;
        _agents[slot] = agent;
    }

    /// <summary>Quantiles over all agents: the smallest wait that at least the given part of the served requests does not exceed.</summary>
    /// <param name="zeros">Requests served without a wait.</param>
    /// <param name="probabilities">Each in (0, 1].</param>
    /// <param name="quantiles">Receives them; NaN where no request was served.</param>
    public void Quantiles(long zeros, ReadOnlySpan<double> probabilities, Span<double> quantiles)
    {
        double[] sorted = _waits.AsSpan(0, _kept).ToArray();
        Array.Sort(sorted);
        Quantiles(sorted, Count, zeros, probabilities, quantiles);
    }

    /// <summary>Quantiles for each agent.</summary>
    /// <param name="positives">For each agent its served requests with a wait above 0.</param>
    /// <param name="zeros">For each agent its requests served without a wait.</param>
    /// <param name="probabilities">Each in (0, 1].</param>
    /// <param name="quantiles">Receives them, agent by agent.</param>
    public void QuantilesByAgent(ReadOnlySpan<long> positives, ReadOnlySpan<long> zeros, ReadOnlySpan<double> probabilities, Span<double> quantiles)
    {
        int agents = positives.Length;
        int[] start = new int[agents + 1];
        for (int i = 0; i < _kept; i++)
        {
            start[_agents[i] + 1]++;
        }

        for (int a = 0; a < agents; a++)
        {
            start[a + 1] += start[a];
        }

        double[] grouped = new double[_kept];
        int[] next = start.AsSpan(0, agents).ToArray();
        for (int i = 0; i < _kept; i++)
        {
            grouped[next[_agents[i]]++] = _waits[i];
        }

        for (int a = 0; a < agents; a++)
        {
            Span<double> waits = grouped.AsSpan(start[a]..start[a + 1]);
            waits.Sort();
            Quantiles(waits, positives[a], zeros[a], probabilities, quantiles.Slice(a * probabilities.Length, probabilities.Length));
        }
    }

    private static void Quantiles(ReadOnlySpan<double> sorted, long positives, long zeros, ReadOnlySpan<double> probabilities, Span<double> quantiles)
    {
        for (int i = 0; i < probabilities.Length; i++)
        {
            long total = zeros + positives;
            long rank = Math.Max(1, (long)Math.Ceiling(probabilities[i] * total)) - zeros;
            if (total == 0)
            {
                quantiles[i] = double.NaN;
            }
            else if (rank <= 0 || sorted.IsEmpty)
            {
                quantiles[i] = 0;
            }
            else
            {
                // Where all are kept the rank is exact, otherwise it is scaled to the sample.
                long index = sorted.Length == positives ? rank : (long)Math.Ceiling((double)rank * sorted.Length / positives);
                quantiles[i] = sorted[(int)Math.Clamp(index, 1, sorted.Length) - 1];
            }
        }
    }
}
