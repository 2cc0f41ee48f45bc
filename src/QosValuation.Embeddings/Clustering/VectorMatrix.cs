using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace QosValuation.Embeddings.Clustering;

/// <summary>
/// A growable matrix of rows of one length, kept in contiguous chunks. Rows are padded with zeros to a multiple of
/// 16 floats, so that kernels need no remainder loop and every inner product adds in the same order.
/// </summary>
public sealed class VectorMatrix
{
    private const int ChunkShift = 8;
    private const int ChunkRows = 1 << ChunkShift;
    private readonly List<float[]> _chunks = [];

    /// <summary>Creates an empty matrix.</summary>
    /// <param name="dimension">The length of a row, at least 1.</param>
    public VectorMatrix(int dimension)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimension);
        Dimension = dimension;
        Stride = (dimension + 15) & ~15;
    }

    /// <summary>The length of a row.</summary>
    public int Dimension { get; }

    /// <summary>The number of rows.</summary>
    public int Count { get; private set; }

    /// <summary>The padded length of a row: a multiple of 16.</summary>
    internal int Stride { get; }

    /// <summary>A row. O(1).</summary>
    /// <param name="index">From 0 to <see cref="Count"/> − 1.</param>
    /// <returns>The row without its padding.</returns>
    public ReadOnlySpan<float> this[int index] => Writable(index);

    /// <summary>Appends a copy of a vector. O(d) amortised; no copy of the rows before it.</summary>
    /// <param name="vector">As long as <see cref="Dimension"/>.</param>
    public void Add(ReadOnlySpan<float> vector)
    {
        if (vector.Length != Dimension)
        {
            throw new ArgumentException($"The vector has {vector.Length} components, the matrix {Dimension}.", nameof(vector));
        }

        if (Count == _chunks.Count << ChunkShift)
        {
            _chunks.Add(new float[ChunkRows * Stride]);
        }

        Count++;
        vector.CopyTo(Writable(Count - 1));
    }

    /// <summary>A row to write to.</summary>
    internal Span<float> Writable(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return _chunks[index >> ChunkShift].AsSpan((index & (ChunkRows - 1)) * Stride, Dimension);
    }

    /// <summary>The first element of a row; <see cref="Stride"/> elements may be read from it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ref float Reference(int index) =>
        ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_chunks[index >> ChunkShift]), (index & (ChunkRows - 1)) * Stride);
}
