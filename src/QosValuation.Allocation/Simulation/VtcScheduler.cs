namespace QosValuation.Allocation.Simulation;

/// <summary>
/// The virtual token counter: fair serving of clients, by the service that each has received so far
/// (Sheng et al., "Fairness in Serving Large Language Models", OSDI 2024, arXiv:2401.00588, Algorithm 2), applied to a supply of tokens.
/// </summary>
/// <remarks>
/// <para>Every client has a counter of the service it received, divided by its weight. The next token goes to the backlogged client with the
/// smallest counter (ties: the lowest index) and adds w_q/weight to it (w_q = 2 in the paper). A client that becomes backlogged again is
/// lifted to at least the smallest counter of the backlogged ones, or, where no client is backlogged, to the counter of the one that left
/// last: idle time earns no credit.</para>
/// <para>A binary heap holds the backlogged clients under the counter they had when they entered it. Counters only grow, so a
/// stale key is a lower bound that is corrected when it reaches the top: O(log N) amortised for each operation, O(N) memory.
/// An instance is not thread-safe.</para>
/// </remarks>
internal sealed class VtcScheduler
{
    // w_q: what a token adds to the counter of a client of weight 1.
    private const double TokenPrice = 2;

    private readonly double[] _counters;
    private readonly double[] _weights;
    private readonly bool[] _backlogged;
    private readonly bool[] _inHeap;
    private readonly int[] _heap;
    private readonly double[] _keys;
    private int _backloggedCount;
    private int _heapCount;
    private int _lastLeft = -1;

    /// <summary>Creates a scheduler whose counters are 0 and whose clients are idle.</summary>
    /// <param name="weights">A weight for each client, finite and at least 0. A client of weight 0 receives nothing.</param>
    public VtcScheduler(ReadOnlySpan<double> weights)
    {
        _weights = weights.ToArray();
        _counters = new double[weights.Length];
        _backlogged = new bool[weights.Length];
        _inHeap = new bool[weights.Length];
        _heap = new int[weights.Length];
        _keys = new double[weights.Length];
    }

    /// <summary>
    /// Divides a supply of tokens: one token after another goes to the client with the smallest counter among those with
    /// room in their bucket, and is charged for it. Counters are kept, so that repeated allocations are fair
    /// over time. A client is backlogged while its bucket has room; the last token into a bucket, and the last of the
    /// supply, may be a fraction. The smallest counter among the backlogged is taken as the new zero first: only
    /// differences matter, and so weights of very different size lose no digits over many allocations.
    /// </summary>
    /// <param name="room">B − R, one for each client.</param>
    /// <param name="supply">V: the tokens to divide, finite and at least 0.</param>
    /// <param name="grants">Receives u ≤ B − R, one for each client; 0 for weight 0.</param>
    /// <param name="wholeTokens">Whether grants are whole numbers: the rooms and the supply are rounded down.</param>
    /// <returns>Σ u ≤ V.</returns>
    /// <remarks>
    /// O(N log N) time, and not one token at a time: the j-th token of a client goes out at the counter c + (j − 1)·w_q/weight, so
    /// that all tokens below a level, found by bisection, are given at once; the last N or fewer follow singly.
    /// </remarks>
    public double Allocate(ReadOnlySpan<double> room, double supply, Span<double> grants, bool wholeTokens = false)
    {
        int clients = _counters.Length;
        grants.Clear();
        double least = wholeTokens ? 1 : double.Epsilon;
        for (int i = 0; i < clients; i++)
        {
            if (!(room[i] >= least))
            {
                Leave(i);
            }
        }

        for (int i = 0; i < clients; i++)
        {
            if (room[i] >= least && _weights[i] > 0)
            {
                Enter(i);
            }
        }

        Rebase();
        double limit = wholeTokens ? Math.Floor(supply) : supply;
        double granted = AllocateBelowLevel(room, limit, grants, wholeTokens);
        while (granted < limit && TryPeek(out int client))
        {
            // The last backlogged client takes what is left at once.
            double space = (wholeTokens ? Math.Floor(room[client]) : room[client]) - grants[client];
            double tokens = Math.Min(_backloggedCount == 1 ? double.PositiveInfinity : 1, Math.Min(space, limit - granted));
            if (tokens > 0)
            {
                grants[client] += tokens;
                granted += tokens;
                Charge(client, tokens);
            }

            if (tokens >= space)
            {
                Leave(client);
            }
        }

        return granted;
    }

    private static bool Before(double key, int client, double otherKey, int otherClient) =>
        key < otherKey || (key == otherKey && client < otherClient);

    /// <summary>Finds the backlogged client with the smallest counter; ties go to the lowest index.</summary>
    /// <param name="client">The client; −1 where there is none.</param>
    /// <returns>False where no client is backlogged.</returns>
    private bool TryPeek(out int client)
    {
        while (_heapCount > 0)
        {
            int top = _heap[0];
            if (!_backlogged[top])
            {
                _inHeap[top] = false;
                _heapCount--;
                if (_heapCount > 0)
                {
                    Place(0, _heap[_heapCount], _keys[_heapCount]);
                }
            }
            else if (_keys[0] < _counters[top])
            {
                Place(0, top, _counters[top]);
            }
            else
            {
                client = top;
                return true;
            }
        }

        client = -1;
        return false;
    }

    /// <summary>Marks a client as backlogged and lifts its counter; nothing changes where it already is.</summary>
    /// <param name="client">The client's index; its weight is above 0.</param>
    private void Enter(int client)
    {
        if (_backlogged[client])
        {
            return;
        }

        double floor = TryPeek(out int smallest) ? _counters[smallest]
            : _lastLeft >= 0 ? _counters[_lastLeft]
            : 0;
        _counters[client] = Math.Max(_counters[client], floor);
        _backlogged[client] = true;
        _backloggedCount++;
        if (!_inHeap[client])
        {
            _inHeap[client] = true;
            int hole = _heapCount++;
            double key = _counters[client];
            while (hole > 0)
            {
                int parent = (hole - 1) >> 1;
                if (!Before(key, client, _keys[parent], _heap[parent]))
                {
                    break;
                }

                _heap[hole] = _heap[parent];
                _keys[hole] = _keys[parent];
                hole = parent;
            }

            _heap[hole] = client;
            _keys[hole] = key;
        }
    }

    /// <summary>Marks a client as idle; its counter stays. Nothing changes where it already is.</summary>
    /// <param name="client">The client's index.</param>
    private void Leave(int client)
    {
        if (_backlogged[client])
        {
            _backlogged[client] = false;
            _lastLeft = client;
            _backloggedCount--;
        }
    }

    /// <summary>Adds w_q·tokens/weight to a client's counter.</summary>
    /// <param name="client">The client's index; its weight is above 0.</param>
    /// <param name="tokens">The tokens it receives.</param>
    private void Charge(int client, double tokens) =>
        _counters[client] = Math.Min(_counters[client] + TokenPrice * tokens / _weights[client], double.MaxValue);

    /// <summary>
    /// Gives every backlogged client the tokens that go out while its counter is below a level, the highest found for which the
    /// limit pays. Nothing is given where so few tokens go out that a heap is faster.
    /// </summary>
    /// <returns>The tokens given, at most the limit.</returns>
    private double AllocateBelowLevel(ReadOnlySpan<double> room, double limit, Span<double> grants, bool wholeTokens)
    {
        if (limit < 4.0 * _backloggedCount + 64)
        {
            return 0;
        }

        double Turns(ReadOnlySpan<double> room, int client, double level) => _counters[client] < level
            ? Math.Min(Math.Ceiling(room[client]), Math.Max(1, Math.Ceiling((level - _counters[client]) * (_weights[client] / TokenPrice))))
            : 0;
        double Tokens(ReadOnlySpan<double> room, int client, double level)
        {
            double space = wholeTokens ? Math.Floor(room[client]) : room[client];
            return Math.Min(space, Turns(room, client, level));
        }

        double Total(ReadOnlySpan<double> room, double level)
        {
            double sum = 0;
            for (int i = 0; i < _counters.Length; i++)
            {
                sum += _backlogged[i] ? Tokens(room, i, level) : 0;
            }

            return sum;
        }

        // The sum of tokens is compared with a margin for its own rounding; the singles make up for it.
        double target = limit * (1 - 1e-12 * 4);
        double low = 0;
        double high = 1;
        double everything = Total(room, double.PositiveInfinity);
        while (high < double.MaxValue && Total(room, high) is var sum && sum <= target && sum < everything)
        {
            low = high;
            high *= 2;
        }

        if (everything <= target)
        {
            low = double.PositiveInfinity;
        }
        else
        {
            for (int step = 0; step < 200 && limit - Total(room, low) > _backloggedCount; step++)
            {
                double middle = low + (high - low) / 2;
                if (middle <= low || middle >= high)
                {
                    break;
                }

                (low, high) = Total(room, middle) <= target ? (middle, high) : (low, middle);
            }
        }

        double granted = 0;
        double lastKey = double.NegativeInfinity;
        int last = -1;
        for (int i = 0; i < _counters.Length; i++)
        {
            if (_backlogged[i] && Tokens(room, i, low) is var tokens && tokens > 0)
            {
                double lastToken = _counters[i] + (Math.Ceiling(tokens) - 1) * (TokenPrice / _weights[i]);
                grants[i] = tokens;
                granted += tokens;
                Charge(i, tokens);
                if (tokens >= (wholeTokens ? Math.Floor(room[i]) : room[i]))
                {
                    Leave(i);
                    if (lastToken >= lastKey)
                    {
                        lastKey = lastToken;
                        last = i;
                    }
                }
            }
        }

        // The one that left last is the one whose bucket was filled at the highest counter.
        _lastLeft = last >= 0 ? last : _lastLeft;
        return granted;
    }

    /// <summary>
    /// Subtracts the smallest backlogged counter from all, and rebuilds the heap. An idle counter below it becomes 0,
    /// which changes nothing: the smallest backlogged counter never falls, so the client would be lifted beyond it.
    /// </summary>
    private void Rebase()
    {
        if (!TryPeek(out int smallest) || _counters[smallest] == 0)
        {
            return;
        }

        double zero = _counters[smallest];
        _heapCount = 0;
        for (int i = 0; i < _counters.Length; i++)
        {
            _counters[i] = Math.Max(0, _counters[i] - zero);
            _inHeap[i] = _backlogged[i];
            if (_backlogged[i])
            {
                _heap[_heapCount] = i;
                _keys[_heapCount++] = _counters[i];
            }
        }

        for (int hole = (_heapCount >> 1) - 1; hole >= 0; hole--)
        {
            Place(hole, _heap[hole], _keys[hole]);
        }
    }

    /// <summary>Puts an entry into a hole and sifts it down.</summary>
    private void Place(int hole, int client, double key)
    {
        while (true)
        {
            int child = 2 * hole + 1;
            if (child >= _heapCount)
            {
                break;
            }

            if (child + 1 < _heapCount && Before(_keys[child + 1], _heap[child + 1], _keys[child], _heap[child]))
            {
                child++;
            }

            if (!Before(_keys[child], _heap[child], key, client))
            {
                break;
            }

            _heap[hole] = _heap[child];
            _keys[hole] = _keys[child];
            hole = child;
        }

        _heap[hole] = client;
        _keys[hole] = key;
    }
}
