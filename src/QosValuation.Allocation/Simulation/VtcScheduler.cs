namespace QosValuation.Allocation.Simulation;

/// <summary>
/// The virtual token counter: fair serving of clients whose requests differ in length
/// (Sheng et al., "Fairness in Serving Large Language Models", OSDI 2024, arXiv:2401.00588, Algorithm 2).
/// </summary>
/// <remarks>
/// <para>Every client has a counter of the service it received, divided by its weight. The next request to be admitted is
/// the oldest of the backlogged client with the smallest counter (ties: the lowest index). Admission adds
/// w_p·input/weight, every output token adds w_q/weight (w_p = 1 and w_q = 2 in the paper). A client that becomes
/// backlogged again is lifted to at least the smallest counter of the backlogged ones, or, where no client is backlogged,
/// to the counter of the one that left last: idle time earns no credit.</para>
/// <para>For two clients that are backlogged during an interval, the service each receives per weight differs by at most
/// 2·max(w_p·L_input, w_q·M) (Theorem 4.4; weights 1), with L_input the longest input and M the largest number of tokens
/// in a running batch.</para>
/// <para>A binary heap holds the backlogged clients under the counter they had when they entered it. Counters only grow, so a
/// stale key is a lower bound that is corrected when it reaches the top: O(log N) amortised for each operation, O(N) memory.
/// An instance is not thread-safe.</para>
/// </remarks>
public sealed class VtcScheduler
{
    private readonly double[] _counters;
    private readonly double[] _weights;
    private readonly Queue<double>?[] _requests;
    private readonly bool[] _backlogged;
    private readonly bool[] _inHeap;
    private readonly int[] _heap;
    private readonly double[] _keys;
    private int _heapCount;
    private int _lastLeft = -1;

    /// <summary>Creates a scheduler whose counters are 0 and whose clients are idle.</summary>
    /// <param name="clients">N: the number of clients, at least 1.</param>
    /// <param name="weights">A weight for each client: finite and at least 0; empty gives 1 to all. A client of weight 0 may not become backlogged.</param>
    /// <param name="inputWeight">w_p: the price of an input token, at least 0.</param>
    /// <param name="outputWeight">w_q: the price of an output token, above 0.</param>
    /// <exception cref="QosValuationException"><c>VtcNotValid</c>: an argument lies outside its range.</exception>
    public VtcScheduler(int clients, ReadOnlySpan<double> weights = default, double inputWeight = 1, double outputWeight = 2)
    {
        if (clients < 1)
        {
            throw Invalid("A scheduler needs at least one client.", clients);
        }

        if (!weights.IsEmpty && weights.Length != clients)
        {
            throw Invalid($"Give one weight for each of the {clients} clients, or none; {weights.Length} were given.", weights.Length);
        }

        if (!(double.IsFinite(inputWeight) && inputWeight >= 0))
        {
            throw Invalid("The price of an input token must be finite and at least 0.", inputWeight);
        }

        if (!(double.IsFinite(outputWeight) && outputWeight > 0))
        {
            throw Invalid("The price of an output token must be finite and above 0.", outputWeight);
        }

        _counters = new double[clients];
        _weights = new double[clients];
        _requests = new Queue<double>?[clients];
        _backlogged = new bool[clients];
        _inHeap = new bool[clients];
        _heap = new int[clients];
        _keys = new double[clients];
        InputWeight = inputWeight;
        OutputWeight = outputWeight;
        if (weights.IsEmpty)
        {
            Array.Fill(_weights, 1.0);
        }
        else
        {
            foreach (double weight in weights)
            {
                if (!(double.IsFinite(weight) && weight >= 0))
                {
                    throw Invalid("A weight must be finite and at least 0.", weight);
                }
            }

            weights.CopyTo(_weights);
        }
    }

    /// <summary>w_p: the price of an input token.</summary>
    public double InputWeight { get; }

    /// <summary>w_q: the price of an output token.</summary>
    public double OutputWeight { get; }

    /// <summary>How many clients are backlogged.</summary>
    public int BackloggedCount { get; private set; }

    /// <summary>
    /// The counters, one for each client: priced service received per weight, plus lifts. Only their differences have
    /// a meaning, since <see cref="Allocate"/> moves the zero.
    /// </summary>
    public ReadOnlySpan<double> Counters => _counters;

    /// <summary>Whether a client waits for service.</summary>
    /// <param name="client">The client's index.</param>
    /// <returns>True where it is backlogged.</returns>
    public bool IsBacklogged(int client) => _backlogged[client];

    /// <summary>Adds a request to a client's queue; an idle client becomes backlogged and is lifted.</summary>
    /// <param name="client">The client's index; its weight is above 0.</param>
    /// <param name="inputTokens">The length of the input, finite and at least 0.</param>
    public void Submit(int client, double inputTokens)
    {
        RequireTokens(inputTokens);
        Enter(client);
        (_requests[client] ??= new Queue<double>()).Enqueue(inputTokens);
    }

    /// <summary>
    /// Admits the oldest request of the backlogged client with the smallest counter and charges its input.
    /// The client leaves the backlog where that was its last waiting request.
    /// </summary>
    /// <param name="client">The client that is served.</param>
    /// <param name="inputTokens">The length of the request's input.</param>
    /// <returns>False where no request waits.</returns>
    public bool TryAdmit(out int client, out double inputTokens)
    {
        inputTokens = 0;
        if (!TryPeek(out client))
        {
            return false;
        }

        Queue<double>? queue = _requests[client];
        if (queue is null || queue.Count == 0)
        {
            throw Invalid("A client that became backlogged through Enter has no queued request; use Submit with TryAdmit.", client);
        }

        inputTokens = queue.Dequeue();
        ChargeInput(client, inputTokens);
        if (queue.Count == 0)
        {
            Leave(client);
        }

        return true;
    }

    /// <summary>Looks at the input length of the request that <see cref="TryAdmit"/> would admit, to see whether it fits into memory.</summary>
    /// <param name="client">The client that would be served.</param>
    /// <param name="inputTokens">The length of its request's input.</param>
    /// <returns>False where no request waits.</returns>
    public bool TryPeekRequest(out int client, out double inputTokens)
    {
        inputTokens = 0;
        return TryPeek(out client) && _requests[client] is { } queue && queue.TryPeek(out inputTokens);
    }

    /// <summary>Finds the backlogged client with the smallest counter; ties go to the lowest index.</summary>
    /// <param name="client">The client; −1 where there is none.</param>
    /// <returns>False where no client is backlogged.</returns>
    public bool TryPeek(out int client)
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
    public void Enter(int client)
    {
        if (_backlogged[client])
        {
            return;
        }

        if (_weights[client] == 0)
        {
            throw Invalid($"Client {client} has weight 0: it is entitled to no service.", client);
        }

        double floor = TryPeek(out int smallest) ? _counters[smallest]
            : _lastLeft >= 0 ? _counters[_lastLeft]
            : 0;
        _counters[client] = Math.Max(_counters[client], floor);
        _backlogged[client] = true;
        BackloggedCount++;
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
    public void Leave(int client)
    {
        if (_backlogged[client])
        {
            _backlogged[client] = false;
            _lastLeft = client;
            BackloggedCount--;
        }
    }

    /// <summary>Adds w_p·tokens/weight to a client's counter.</summary>
    /// <param name="client">The client's index.</param>
    /// <param name="tokens">Input tokens, finite and at least 0.</param>
    public void ChargeInput(int client, double tokens) => Charge(client, InputWeight, tokens);

    /// <summary>Adds w_q·tokens/weight to a client's counter.</summary>
    /// <param name="client">The client's index.</param>
    /// <param name="tokens">Output tokens, finite and at least 0.</param>
    public void ChargeOutput(int client, double tokens) => Charge(client, OutputWeight, tokens);

    /// <summary>
    /// Divides a supply of tokens: one token after another goes to the client with the smallest counter among those with
    /// room in their bucket, and is charged as an output token. Counters are kept, so that repeated allocations are fair
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
        if (room.Length != clients || grants.Length != clients)
        {
            throw Invalid($"Rooms and grants need {clients} elements each.", clients);
        }

        RequireTokens(supply);
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
            double tokens = Math.Min(BackloggedCount == 1 ? double.PositiveInfinity : 1, Math.Min(space, limit - granted));
            if (tokens > 0)
            {
                grants[client] += tokens;
                granted += tokens;
                ChargeOutput(client, tokens);
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

    private static QosValuationException Invalid(string message, object subject) =>
        new(Faults.VtcNotValid, message, subject);

    private static void RequireTokens(double tokens)
    {
        if (!(double.IsFinite(tokens) && tokens >= 0))
        {
            throw Invalid("A number of tokens must be finite and at least 0.", tokens);
        }
    }

    private void Charge(int client, double price, double tokens)
    {
        RequireTokens(tokens);
        if (price * tokens > 0)
        {
            if (_weights[client] == 0)
            {
                throw Invalid($"Client {client} has weight 0: it is entitled to no service.", client);
            }

            _counters[client] = Math.Min(_counters[client] + price * tokens / _weights[client], double.MaxValue);
        }
    }

    /// <summary>
    /// Gives every backlogged client the tokens that go out while its counter is below a level, the highest found for which the
    /// limit pays. Nothing is given where so few tokens go out that a heap is faster.
    /// </summary>
    /// <returns>The tokens given, at most the limit.</returns>
    private double AllocateBelowLevel(ReadOnlySpan<double> room, double limit, Span<double> grants, bool wholeTokens)
    {
        if (limit < 4.0 * BackloggedCount + 64)
        {
            return 0;
        }

        double Turns(ReadOnlySpan<double> room, int client, double level) => _counters[client] < level
            ? Math.Min(Math.Ceiling(room[client]), Math.Max(1, Math.Ceiling((level - _counters[client]) * (_weights[client] / OutputWeight))))
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
            for (int step = 0; step < 200 && limit - Total(room, low) > BackloggedCount; step++)
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
                double lastToken = _counters[i] + (Math.Ceiling(tokens) - 1) * (OutputWeight / _weights[i]);
                grants[i] = tokens;
                granted += tokens;
                ChargeOutput(i, tokens);
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
