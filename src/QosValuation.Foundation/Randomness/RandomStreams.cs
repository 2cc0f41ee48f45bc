namespace QosValuation.Foundation.Randomness;

/// <summary>Numbers for the streams of <see cref="RandomSource.Create"/>, so that parts of one experiment draw independently of each other.</summary>
public static class RandomStreams
{
    /// <summary>Mixes what identifies a part (a mechanism, the bits of ε, a block of trials, …) into a stream number. O(parts).</summary>
    /// <param name="parts">The parts; their order counts.</param>
    /// <returns>A number that differs for different parts but for chance (2⁻⁶⁴ a pair).</returns>
    public static ulong Mix(params ReadOnlySpan<ulong> parts)
    {
        ulong state = 0x243F6A8885A308D3UL;
        foreach (ulong part in parts)
        {
            // SplitMix64's finaliser over the state so far (Steele, Lea and Flood 2014).
            unchecked
            {
                ulong z = (state ^ part) + 0x9E3779B97F4A7C15UL;
                z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
                z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
                state = z ^ (z >> 31);
            }
        }

        return state;
    }

    /// <summary>The bits of a number, as a part of <see cref="Mix"/>.</summary>
    /// <param name="value">Any number.</param>
    /// <returns>Its bits.</returns>
    public static ulong Bits(double value) => BitConverter.DoubleToUInt64Bits(value);
}
