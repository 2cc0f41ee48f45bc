using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace QosValuation;

/// <summary>A data anchoring token: (address, v, ρ) of the paper's section II-B, chained to the record before it.</summary>
public sealed record DatRecord
{
    /// <summary>The position in the ledger, from 1.</summary>
    public required long Sequence { get; init; }

    /// <summary>The account that owns the contribution.</summary>
    public required string Address { get; init; }

    /// <summary>v: the data value that governs the revenue split; finite and not negative.</summary>
    public required double Value { get; init; }

    /// <summary>ρ: a compact pointer to the contribution, such as its integrity hash.</summary>
    public required string Pointer { get; init; }

    /// <summary>When the record was added (UTC, whole microseconds).</summary>
    public required DateTime Timestamp { get; init; }

    /// <summary>The hash of the record before, in lower-case hexadecimal; 64 zeros for the first.</summary>
    public required string PreviousHash { get; init; }

    /// <summary>SHA-256 over the canonical encoding of this record, in lower-case hexadecimal.</summary>
    public required string Hash { get; init; }

    /// <summary>The hash before the first record.</summary>
    internal static string Genesis { get; } = new('0', 64);

    /// <summary>
    /// SHA-256 over the canonical encoding: the tag <c>QosValuation.DatRecord.v1</c> and a zero byte, the previous hash
    /// (32 bytes), the sequence and the timestamp (64-bit big-endian; microseconds since 1970), the value (IEEE 754
    /// binary64, big-endian), then address and pointer, each as a 32-bit big-endian length and UTF-8 bytes. Lengths make
    /// the encoding injective: no two records share it.
    /// </summary>
    /// <returns>The hash in lower-case hexadecimal.</returns>
    internal string ComputeHash()
    {
        byte[] address = Encoding.UTF8.GetBytes(Address);
        byte[] pointer = Encoding.UTF8.GetBytes(Pointer);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[8];
        hash.AppendData("QosValuation.DatRecord.v1\0"u8);
        hash.AppendData(Convert.FromHexString(PreviousHash));
        BinaryPrimitives.WriteInt64BigEndian(number, Sequence);
        hash.AppendData(number);
        BinaryPrimitives.WriteInt64BigEndian(number, ToMicroseconds(Timestamp));
        hash.AppendData(number);
        BinaryPrimitives.WriteDoubleBigEndian(number, Value);
        hash.AppendData(number);
        foreach (byte[] text in new[] { address, pointer })
        {
            BinaryPrimitives.WriteInt32BigEndian(number, text.Length);
            hash.AppendData(number[..4]);
            hash.AppendData(text);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Microseconds since 1970-01-01 UTC.</summary>
    /// <param name="time">A UTC time.</param>
    /// <returns>The count; negative before 1970.</returns>
    internal static long ToMicroseconds(DateTime time) => (time - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>The inverse of <see cref="ToMicroseconds"/>.</summary>
    /// <param name="microseconds">Microseconds since 1970-01-01 UTC.</param>
    /// <returns>The time; the ends of the range where it lies outside.</returns>
    internal static DateTime FromMicroseconds(long microseconds)
    {
        long limit = (DateTime.MaxValue - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        long clamped = Math.Clamp(microseconds, -(DateTime.UnixEpoch.Ticks / TimeSpan.TicksPerMicrosecond), limit);
        return DateTime.UnixEpoch.AddTicks(clamped * TimeSpan.TicksPerMicrosecond);
    }
}
