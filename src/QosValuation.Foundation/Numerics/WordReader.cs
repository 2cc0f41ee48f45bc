using System.Runtime.CompilerServices;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Foundation.Numerics;

/// <summary>The words of a source in their order, read ahead in blocks where the source can.</summary>
internal ref struct WordReader
{
    private readonly RandomSource _source;
    private readonly bool _canReadAhead;
    private ReadOnlySpan<ulong> _words;
    private int _next;
    private double _spareNormal;
    private ulong[]? _single;

    public WordReader(RandomSource source, bool canReadAhead)
    {
        _source = source;
        _canReadAhead = canReadAhead;
        _spareNormal = source.SpareNormal;
    }

    /// <summary>The second of a pair of normal variates, which comes next; NaN where there is none.</summary>
    public double SpareNormal
    {
        readonly get => _spareNormal;
        set => _spareNormal = value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Next() => (uint)_next < (uint)_words.Length ? _words[_next++] : NextOfSource();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double NextNormal()
    {
        double normal = _spareNormal;
        if (!double.IsNaN(normal))
        {
            _spareNormal = double.NaN;
            return normal;
        }

        ulong radial = Next();
        (normal, _spareNormal) = RandomSource.NormalPair(radial, Next());
        return normal;
    }

    /// <summary>Draws words of the present block, and shows those after them, for readers that count on their own.</summary>
    /// <param name="used">How many words of the present block were used.</param>
    /// <returns>At least one word; of a source that cannot look ahead it is drawn already.</returns>
    public ReadOnlySpan<ulong> Block(int used)
    {
        Used(used);
        return Block();
    }

    /// <summary>Shows the words that come next.</summary>
    /// <returns>At least one word; of a source that cannot look ahead it is drawn already.</returns>
    public ReadOnlySpan<ulong> Block()
    {
        Skip();
        _words = _source.Ahead();
        if (_words.IsEmpty)
        {
            _single ??= new ulong[1];
            _single[0] = _source.NextUInt64();
            return _single;
        }

        return _words;
    }

    /// <summary>Says how many words of the present block were used.</summary>
    /// <param name="count">The number from the block's beginning.</param>
    public void Used(int count) => _next = _words.IsEmpty ? 0 : count;

    // Draws from the source what was read.
    public void Close()
    {
        Skip();
        _source.SpareNormal = _spareNormal;
    }

    private void Skip()
    {
        if (_next > 0)
        {
            _source.Skip(_next);
            _next = 0;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ulong NextOfSource()
    {
        if (_canReadAhead)
        {
            Skip();
            _words = _source.Ahead();
        }

        return _words.IsEmpty ? _source.NextUInt64() : _words[_next++];
    }
}
