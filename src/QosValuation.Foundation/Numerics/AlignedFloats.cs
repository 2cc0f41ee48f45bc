namespace QosValuation.Foundation.Numerics;

/// <summary>Floats that start at a multiple of 64 bytes and do not move: no vector of them crosses a cache line.</summary>
public sealed unsafe class AlignedFloats
{
    private const int Alignment = 64;
    private readonly float[] _array;

    /// <summary>Allocates zeros.</summary>
    /// <param name="length">How many; less than 2³¹ − 16.</param>
    public AlignedFloats(long length)
    {
        Length = length;
        _array = GC.AllocateArray<float>(checked((int)(length + (Alignment / sizeof(float)))), pinned: true);
        fixed (float* start = _array)
        {
            Pointer = (float*)(((nuint)start + Alignment - 1) & ~(nuint)(Alignment - 1));
        }
    }

    /// <summary>How many floats there are.</summary>
    public long Length { get; }

    /// <summary>A pointer to the first element; valid as long as this object is reachable.</summary>
    public float* Pointer { get; }
}
