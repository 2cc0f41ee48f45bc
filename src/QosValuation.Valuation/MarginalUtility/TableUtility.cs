namespace QosValuation.Valuation.MarginalUtility;

/// <summary>A game that is given as a table of coalitions. O(players) a question.</summary>
public sealed class TableUtility : IUtilityFunction
{
    private static readonly char[] Separators = [',', ';', '+', '|'];
    private readonly Dictionary<string, double> _worths = new(StringComparer.Ordinal);
    private readonly List<string> _players = [];

    /// <summary>Creates a game.</summary>
    /// <param name="rows">Coalitions and their worth. A coalition is named by its players, in any order, between commas; the empty text is the empty
    /// coalition, whose worth is 0 where it is not given.</param>
    /// <exception cref="QosValuationException"><c>UtilityTableNotValid</c>: a worth that is not finite, a coalition named twice, or no player.</exception>
    public TableUtility(IEnumerable<KeyValuePair<string, double>> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var coalitions = new List<(string[] Members, double Worth)>();
        var index = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach ((string name, double worth) in rows)
        {
            if (!double.IsFinite(worth))
            {
                throw new QosValuationException(
                    Faults.UtilityTableNotValid, $"The coalition '{name}' is worth {worth}; give a finite number.", name);
            }

            string[] members = name.Split(Separators, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            coalitions.Add((members, worth));
        }

        // Players in the order of their names, whatever order the table has them in: a hashtable has none.
        _players.AddRange(coalitions.SelectMany(coalition => coalition.Members).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        for (int i = 0; i < _players.Count; i++)
        {
            index[_players[i]] = i;
        }

        foreach ((string[] members, double worth) in coalitions)
        {
            int[] numbers = [.. members.Select(member => index[member]).Distinct().Order()];
            if (numbers.Length != members.Length || !_worths.TryAdd(Key(numbers), worth))
            {
                string name = string.Join(',', members);
                throw new QosValuationException(
                    Faults.UtilityTableNotValid, $"The coalition '{name}' names a player twice, or stands in the table twice.", name);
            }
        }

        if (_players.Count == 0)
        {
            throw new QosValuationException(Faults.UtilityTableNotValid, "The table names no player.", null);
        }

        _worths.TryAdd(string.Empty, 0);
    }

    /// <summary>The players' names, in the order of their indices.</summary>
    public IReadOnlyList<string> Names => _players;

    /// <inheritdoc/>
    public int Players => _players.Count;

    /// <inheritdoc/>
    public bool IsThreadSafe => true;

    /// <inheritdoc/>
    /// <exception cref="QosValuationException"><c>CoalitionNotInTable</c>.</exception>
    public double Evaluate(ReadOnlySpan<int> coalition, CancellationToken cancellationToken)
    {
        if (_worths.TryGetValue(Key(coalition), out double worth))
        {
            return worth;
        }

        string name = string.Join(',', coalition.ToArray().Select(player => _players[player]));
        throw new QosValuationException(Faults.CoalitionNotInTable, $"The table does not say what the coalition '{name}' is worth.", name);
    }

    private static string Key(ReadOnlySpan<int> coalition) => string.Join(',', coalition.ToArray());
}
