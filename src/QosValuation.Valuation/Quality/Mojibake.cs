using System.Buffers;
using System.Text;

namespace QosValuation.Valuation.Quality;

/// <summary>Finds UTF-8 that was read as Windows-1252 or Latin-1: Ã© for é, â€™ for ’.</summary>
internal static class Mojibake
{
    // What Windows-1252 has from 0x80 to 0x9F.
    private const string Windows = "\u20AC\u0081\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u008D\u017D\u008F"
        + "\u0090\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u009D\u017E\u0178";

    // The first characters of such runs: the lead bytes 0xC2 to 0xF4 in Latin-1.
    private static readonly SearchValues<char> Leads = SearchValues.Create([.. Enumerable.Range(0xC2, 0x33).Select(value => (char)value)]);

    /// <summary>Whether a word holds a run of at least two such characters that is well-formed UTF-8 as bytes.</summary>
    /// <param name="text">A word.</param>
    /// <returns>True where it does.</returns>
    public static bool IsIn(ReadOnlySpan<char> text)
    {
        Span<byte> bytes = stackalloc byte[4];
        for (int start = text.IndexOfAny(Leads); start >= 0;)
        {
            int lead = text[start];
            int length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
            if (start + length <= text.Length)
            {
                bytes[0] = (byte)lead;
                bool isRun = true;
                for (int i = 1; i < length && isRun; i++)
                {
                    int value = ByteOf(text[start + i]);
                    isRun = value is >= 0x80 and <= 0xBF;
                    bytes[i] = (byte)value;
                }

                if (isRun && Rune.DecodeFromUtf8(bytes[..length], out Rune rune, out int used) == OperationStatus.Done && used == length
                    && !Rune.IsControl(rune))
                {
                    return true;
                }
            }

            int next = text[(start + 1)..].IndexOfAny(Leads);
            start = next < 0 ? -1 : start + 1 + next;
        }

        return false;
    }

    private static int ByteOf(char c)
    {
        if (c is >= '\u0080' and <= '\u00BF')
        {
            return c;
        }

        int at = Windows.IndexOf(c, StringComparison.Ordinal);
        return at >= 0 ? 0x80 + at : -1;
    }
}
