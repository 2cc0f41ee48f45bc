using System.Globalization;

namespace QosValuation.Foundation.Sharding;

/// <summary>Makes the rows of a run of the rows of all its shards, given in any order: <see cref="Add"/> them, then <see cref="Join"/>.</summary>
/// <remarks>
/// The numbers of the rounds are put in the order of the rounds and reduced as the run itself reduces them, so that the rows are the same to the bit.
/// Memory holds all numbers.
/// </remarks>
public sealed class SimulationJoiner
{
    private readonly Dictionary<string, SimulationReduction> _known;
    private readonly Dictionary<(int Row, int Shard), SimulationShard> _parts = [];
    private readonly HashSet<int> _present = [];
    private SimulationShard? _first;
    private SimulationReduction? _reduction;
    private int _count;

    /// <summary>Creates a joiner without parts.</summary>
    /// <param name="known">The kinds of simulations that it can join.</param>
    public SimulationJoiner(IEnumerable<SimulationReduction> known) => _known = known.ToDictionary(reduction => reduction.Row.Name, StringComparer.Ordinal);

    /// <summary>How many rows the joined run has; 0 before the first part.</summary>
    public int Rows => _first?.Rows ?? 0;

    /// <summary>Whether the rows are those of a summary alone.</summary>
    public bool IsSummary => _first?.IsSummary ?? false;

    /// <summary>Takes a row of a shard. O(numbers).</summary>
    /// <param name="part">The row.</param>
    /// <exception cref="QosValuationException">
    /// <c>ShardDamaged</c>, <c>ShardsDiffer</c>, <c>ShardsRepeated</c> or <c>ShardNotValid</c>: it is refused.
    /// </exception>
    public void Add(SimulationShard part)
    {
        ArgumentNullException.ThrowIfNull(part);
        var shard = Shard.Parse(part.Shard);
        SimulationReduction reduction = ReductionOf(part);
        Check(part, shard, reduction);
        if (_first is null)
        {
            (_first, _reduction, _count) = (part, reduction, shard.Count);
        }
        else if (Difference(part, shard) is { } difference)
        {
            throw new QosValuationException(
                Faults.ShardsDiffer, $"The shards {_first.Shard} and {part.Shard} are not of one run: {difference}.", part.Shard);
        }

        if (!_parts.TryAdd((part.Row, shard.Index), part))
        {
            throw new QosValuationException(
                Faults.ShardsRepeated,
                string.Create(
                    CultureInfo.InvariantCulture, $"The shard {part.Shard} was given more than once: its row {part.Row} of {part.Rows} is there twice."),
                part.Shard);
        }

        _present.Add(shard.Index);
    }

    /// <summary>The rows of the whole run, in its order, lazily; none where no part was given.</summary>
    /// <returns>The rows, of the type of the simulation.</returns>
    /// <exception cref="QosValuationException"><c>ShardsMissing</c>, before the first row.</exception>
    public IEnumerable<object> Join()
    {
        RequireAll();
        return Rows > 0 ? Enumerable.Range(1, Rows).Select(Joined) : [];
    }

    private static void Check(SimulationShard part, Shard shard, SimulationReduction reduction)
    {
        (int first, int count) = part.Total >= 0 ? shard.PartOf(part.Total) : (0, -1);
        if (part.Row < 1 || part.Row > part.Rows || part.First != first + 1 || part.Last != first + count)
        {
            string claim = string.Create(
                CultureInfo.InvariantCulture, $"its row, {part.Row} of {part.Rows}, or its rounds, {part.First} to {part.Last} of {part.Total}, cannot be");
            throw Damaged(part, claim);
        }

        if (part.Values.Length != (long)count * reduction.Width)
        {
            throw Damaged(part, $"it has {part.Values.Length} values, and {count} rounds have {(long)count * reduction.Width}");
        }

        for (int round = 0; round < count; round++)
        {
            if (!reduction.IsValid(part.Values.AsSpan(round * reduction.Width, reduction.Width)))
            {
                throw Damaged(part, $"the values of its round {first + round + 1} are none that a round can give");
            }
        }

        if (reduction.TryRead(part.Result) is not { } row)
        {
            throw Damaged(part, $"it has lost its Result, which is no {part.Simulation}");
        }

        if (ShardedRun.HashOf(part, reduction, row) != part.Hash)
        {
            throw Damaged(part, "its hash does not fit what it says");
        }
    }

    private static QosValuationException Damaged(SimulationShard part, string what) =>
        new(
            Faults.ShardDamaged,
            string.Create(CultureInfo.InvariantCulture, $"Row {part.Row} of the shard {part.Shard} was changed after it was made: {what}."),
            part.Shard);

    private SimulationReduction ReductionOf(SimulationShard part) =>
        _known.TryGetValue(part.Simulation, out SimulationReduction? found)
            ? found
            : throw new QosValuationException(
                Faults.ShardDamaged,
                $"'{part.Simulation}' is no simulation that can be joined; there are {string.Join(", ", _known.Keys.Order(StringComparer.Ordinal))}.",
                part.Simulation);

    private string? Difference(SimulationShard part, Shard shard)
    {
        SimulationShard first = _first!;
        return part.Simulation != first.Simulation ? $"one makes {first.Simulation} rows, the other {part.Simulation} rows"
            : part.ModuleVersion != first.ModuleVersion
                ? $"they were made by the versions {first.ModuleVersion} and {part.ModuleVersion} of the module, which may draw other numbers from one seed"
            : part.Seed != first.Seed ? string.Create(CultureInfo.InvariantCulture, $"their seeds are {first.Seed} and {part.Seed}")
            : shard.Count != _count ? string.Create(CultureInfo.InvariantCulture, $"one is of {_count} shards, the other of {shard.Count}")
            : part.Total != first.Total ? string.Create(CultureInfo.InvariantCulture, $"their runs have {first.Total} and {part.Total} rounds")
            : part.Rows != first.Rows || part.IsSummary != first.IsSummary
                ? string.Create(CultureInfo.InvariantCulture, $"their runs make {first.Rows} and {part.Rows} rows")
            : part.Run != first.Run ? "their settings, or the data that were simulated, differ"
            : null;
    }

    private void RequireAll()
    {
        const int Most = 10;
        int missing = _count - _present.Count;
        if (missing > 0)
        {
            IEnumerable<int> absent = Enumerable.Range(1, _count).Where(index => !_present.Contains(index));
            string names = string.Join(", ", absent.Take(Most).Select(index => new Shard(index, _count)));
            throw new QosValuationException(
                Faults.ShardsMissing,
                string.Create(CultureInfo.InvariantCulture, $"Of {_count} shards {missing} {(missing == 1 ? "is" : "are")} not there: ")
                    + $"{names}{(missing > Most ? ", …" : string.Empty)}. Every shard of a simulation has rows, also one without rounds.",
                names);
        }

        if (_parts.Count < (long)_count * Rows)
        {
            (int row, int index) = Enumerable.Range(1, Rows).SelectMany(row => Enumerable.Range(1, _count).Select(index => (row, index)))
                .First(place => !_parts.ContainsKey(place));
            var shard = new Shard(index, _count);
            throw new QosValuationException(
                Faults.ShardsMissing,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{((long)_count * Rows) - _parts.Count} of {(long)_count * Rows} rows of shards are not there, such as row {row} of the shard {shard}."),
                shard.ToString());
        }
    }

    private object Joined(int row)
    {
        double[] values = new double[(long)_first!.Total * _reduction!.Width];
        int at = 0;
        for (int index = 1; index <= _count; index++)
        {
            double[] part = _parts[(row, index)].Values;
            part.CopyTo(values, at);
            at += part.Length;
        }

        return _reduction.Reduce(_reduction.TryRead(_parts[(row, 1)].Result)!, values);
    }
}
