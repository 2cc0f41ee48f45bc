namespace QosValuation.Markets.Ledger;

/// <summary>
/// Says which records of a broken chain were changed, dropped, moved or inserted. The chain is followed backwards by its
/// hashes, from the head: a record whose hash the next one holds belongs there, whatever its number says now.
/// </summary>
internal sealed class ChainDiagnosis
{
    private readonly DatRecord[] _records;
    private readonly bool[] _placed;
    private readonly Dictionary<string, int> _byHash = new(StringComparer.Ordinal);
    private readonly Dictionary<long, int> _byNumber = [];
    private readonly List<DatLedgerFault> _faults = [];
    private int _lastUnplaced;

    private ChainDiagnosis(DatRecord[] records)
    {
        _records = records;
        _placed = new bool[records.Length];
        _lastUnplaced = records.Length - 1;
        for (int i = 0; i < records.Length; i++)
        {
            _byNumber[records[i].Sequence] = i;

            // Of two records with one hash the one that fits it is the original.
            if (!_byHash.TryAdd(records[i].Hash, i) && !IsIntact(records[_byHash[records[i].Hash]]) && IsIntact(records[i]))
            {
                _byHash[records[i].Hash] = i;
            }
        }
    }

    /// <summary>Whether a record's content, with its own number, has its hash.</summary>
    /// <param name="record">The record.</param>
    /// <returns>False where anything of it was changed.</returns>
    public static bool IsIntact(DatRecord record) => IsHash(record.PreviousHash) && record.ComputeHash() == record.Hash;

    /// <summary>Names what was done. O(n) time and memory.</summary>
    /// <param name="records">All records, in ascending order of their numbers.</param>
    /// <param name="head">The number and hash that the ledger last wrote down as its end; null where that is missing.</param>
    /// <returns>The faults in ledger order; empty where the records form a whole chain.</returns>
    public static IReadOnlyList<DatLedgerFault> Of(DatRecord[] records, (long Sequence, string Hash)? head)
    {
        var diagnosis = new ChainDiagnosis(records);
        diagnosis.Follow(head ?? (records.Length == 0 ? (0, DatRecord.Genesis) : (records[^1].Sequence, records[^1].Hash)));
        return [.. diagnosis._faults.OrderBy(fault => fault.Sequence).ThenBy(fault => fault.Kind != DatLedgerFaultKind.Dropped)];
    }

    private static bool IsHash(string text) => text.Length == 64 && text.All(c => c is (>= '0' and <= '9') or (>= 'a' and <= 'f'));

    private void Follow((long Sequence, string Hash) head)
    {
        // `next` is the number of the record that is looked for, `wanted` its hash.
        long next = head.Sequence;
        string wanted = head.Hash;
        DatRecord? follower = null;
        while (next >= 1)
        {
            if (_byHash.TryGetValue(wanted, out int found) && !_placed[found])
            {
                long number = NumberOf(_records[found], next, mayLieBeyond: follower is null && next == head.Sequence);
                ReportMissing(number + 1, next);
                next = Place(found, number, ref wanted);
                follower = _records[found];
            }
            else if (_byNumber.TryGetValue(next, out int other) && !_placed[other])
            {
                DatRecord record = _records[other];
                if (IsIntact(record))
                {
                    string rest = follower is null ? "the ledger's head was written for" : $"record {follower.Sequence} follows";
                    Add(next, DatLedgerFaultKind.Changed, $"Record {next} is not the one that {rest}: it was replaced.");
                    if (follower is not null)
                    {
                        Add(
                            follower.Sequence,
                            DatLedgerFaultKind.Reordered,
                            $"Record {follower.Sequence} does not follow record {next}: that one was replaced, or the records from "
                            + $"{follower.Sequence} on are of another ledger.");
                    }
                }

                next = Place(other, next, ref wanted);
                follower = record;
            }
            else
            {
                int before = LastUnplacedBefore(next);
                long number = before < 0 ? 0 : Math.Max(0, _records[before].Sequence);
                ReportMissing(number + 1, next);
                next = number;
                wanted = before < 0 ? DatRecord.Genesis : _records[before].Hash;
                follower = null;
            }
        }

        if (wanted != DatRecord.Genesis && follower is not null && IsIntact(follower))
        {
            Add(
                follower.Sequence,
                DatLedgerFaultKind.Reordered,
                $"Record {follower.Sequence} follows a record that stands before the first: it was moved, or is of another ledger.");
        }

        for (int i = 0; i < _records.Length; i++)
        {
            if (!_placed[i])
            {
                Add(_records[i].Sequence, DatLedgerFaultKind.Inserted, $"Record {_records[i].Sequence} was inserted: no other record follows it.");
            }
        }
    }

    /// <summary>The number under which a record has its hash; where there is none near its place, the place itself.</summary>
    private static long NumberOf(DatRecord record, long place, bool mayLieBeyond)
    {
        long stored = record.Sequence;
        foreach (long number in (ReadOnlySpan<long>)[stored, place, stored - 1, stored + 1])
        {
            if (number >= 1 && (number <= place || mayLieBeyond) && IsIntact(record with { Sequence = number }))
            {
                return number;
            }
        }

        return place;
    }

    /// <summary>Puts a record at its place and says what is wrong with it.</summary>
    /// <returns>The number of the record before.</returns>
    private long Place(int index, long number, ref string wanted)
    {
        DatRecord record = _records[index];
        _placed[index] = true;
        wanted = record.PreviousHash;
        if (!IsIntact(record with { Sequence = number }))
        {
            Add(record.Sequence, DatLedgerFaultKind.Changed, $"Record {record.Sequence} was changed: its content does not match its hash.");

            // What it holds of the record before may have been changed too.
            if (_byNumber.TryGetValue(number - 1, out int before) && !_placed[before] && IsIntact(_records[before]))
            {
                wanted = _records[before].Hash;
            }
        }
        else if (number != record.Sequence)
        {
            Add(record.Sequence, DatLedgerFaultKind.Reordered, $"Record {number} was moved: it stands as number {record.Sequence}.");
        }

        return number - 1;
    }

    /// <summary>Reports numbers that no record holds, other than one that belongs elsewhere.</summary>
    private void ReportMissing(long first, long last)
    {
        if (first <= last && (!_byNumber.TryGetValue(first, out int holder) || _placed[holder]))
        {
            Add(first, DatLedgerFaultKind.Dropped, first == last ? $"Record {first} is missing." : $"Records {first} to {last} are missing.");
        }
    }

    private int LastUnplacedBefore(long number)
    {
        while (_lastUnplaced >= 0 && (_placed[_lastUnplaced] || _records[_lastUnplaced].Sequence >= number))
        {
            _lastUnplaced--;
        }

        return _lastUnplaced;
    }

    private void Add(long sequence, DatLedgerFaultKind kind, string message) => _faults.Add(new DatLedgerFault(sequence, kind, message));
}
