using System.Buffers.Binary;
using System.Text;

namespace QosValuation.Fuzz;

/// <summary>Damages files as disks, editors and attackers do. The same seed gives the same bytes.</summary>
/// <param name="seed">The seed.</param>
internal sealed class Mutator(int seed)
{
    private static readonly byte[][] Tokens =
    [
        .. new[]
        {
            "null", "true", "NaN", "-Infinity", "1e999", "-1", "0", "4294967296", "9223372036854775808", "99999999999999999999", "1,5", "\"", "[", "]", "{", "}",
            "{\"a\":", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "\\ud800", "\\u0000", "\uFEFF", "\u202E", "\u001b[31m", "..", "../../etc/passwd", "/dev/zero", "/dev/stdin", "\\\\host\\x", "file:///etc/passwd",
            "(", ")", "'descr'", "'<f8'", "'|O'", "True", "False", "(1,)(2,)", "(99999999999, 512)", "<svg", "<image href='/etc/passwd'/>", "<feTurbulence numOctaves='99'/>", "&lol;",
            ",", ";", "\t", "\r\n", "\n", "\"\"", "=1+1", "--", "-----BEGIN EC PRIVATE KEY-----", "IEND", "CREATE TRIGGER t", "\ufffd",
        }.Select(Encoding.UTF8.GetBytes),
        [0], [0xFF], [0xFF, 0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0x7F], [0x80, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xFF, 0xFE], [0xEF, 0xBB, 0xBF],
    ];

    private readonly Random _random = new(seed);

    /// <summary>Damages a file.</summary>
    /// <param name="original">Its bytes.</param>
    /// <param name="other">Another file of the kind, for splices.</param>
    /// <returns>The damaged bytes.</returns>
    public byte[] Mutate(byte[] original, byte[] other)
    {
        byte[] bytes = original;
        for (int steps = 1 + (int)(-Math.Log(1 - _random.NextDouble()) * 1.5); steps > 0; steps--)
        {
            bytes = Step(bytes, other);
        }

        return bytes;
    }

    private byte[] Step(byte[] bytes, byte[] other)
    {
        int at = _random.Next(bytes.Length + 1);
        int length = Math.Min(bytes.Length - at, 1 << _random.Next(12));
        switch (_random.Next(12))
        {
            case 0 or 1 or 2 when bytes.Length > 0:
                return With(bytes, copy => copy[_random.Next(copy.Length)] ^= (byte)(1 << _random.Next(8)));
            case 3 when bytes.Length > 0:
                return With(bytes, copy => copy[_random.Next(copy.Length)] = (byte)_random.Next(256));
            case 4:
                return bytes[..at];
            case 5:
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 6:
                return [.. bytes[..(at + length)], .. bytes[at..]];
            case 7:
                return [.. bytes[..at], .. Tokens[_random.Next(Tokens.Length)], .. bytes[at..]];
            case 8:
                byte[] token = Tokens[_random.Next(Tokens.Length)];
                return [.. bytes[..at], .. token, .. bytes[Math.Min(bytes.Length, at + token.Length)..]];
            case 9 when other.Length > 0:
                return [.. bytes[..at], .. other[_random.Next(other.Length)..]];
            case 10 when bytes.Length >= 4:
                return With(bytes, copy =>
                {
                    Span<byte> field = copy.AsSpan(_random.Next(copy.Length - 3), 4);
                    uint value = BinaryPrimitives.ReadUInt32LittleEndian(field);
                    uint[] extremes = [0, 1, value + 1, value - 1, uint.MaxValue, int.MaxValue, 0x80000000, BinaryPrimitives.ReverseEndianness(100_000_000u), 65535];
                    BinaryPrimitives.WriteUInt32LittleEndian(field, extremes[_random.Next(extremes.Length)]);
                });
            case 11:
                // A number in a text grows, shrinks or changes its sign.
                int digit = Array.FindIndex(bytes, at, value => value is >= (byte)'0' and <= (byte)'9');
                return digit < 0 ? bytes : [.. bytes[..digit], .. Encoding.ASCII.GetBytes(new[] { "-", "1e308", "99999999999", ".", "0x", "," }[_random.Next(6)]), .. bytes[digit..]];
            default:
                return [.. bytes, .. new byte[_random.Next(2000)]];
        }
    }

    private static byte[] With(byte[] bytes, Action<byte[]> change)
    {
        byte[] copy = (byte[])bytes.Clone();
        change(copy);
        return copy;
    }
}
