using System.Globalization;
using System.Text;

namespace QosValuation.Embeddings.Text;

/// <summary>
/// Character references of HTML 5, resolved as Python's <c>html.unescape</c> does: named references with or without
/// their semicolon, longest prefix first, and the Windows-1252 meaning of &amp;#128; to &amp;#159;.
/// CLIP's text cleaning calls it twice, so an approximation would change token ids.
/// </summary>
internal static class HtmlEntities
{
    private const int LongestReference = 32;

    // &#128; … &#159; as HTML 5 section 13.2.5.80 maps them; 0x81, 0x8D, 0x8F, 0x90 and 0x9D stand for themselves.
    private const string Windows1252 =
        "\u20AC\u0081\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u008D\u017D\u008F" +
        "\u0090\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u009D\u017E\u0178";

    private static readonly Lazy<Dictionary<string, string>> Names = new(LoadNamed);

    /// <summary>Resolves every character reference once. O(n).</summary>
    /// <param name="text">The text.</param>
    /// <returns>The text itself where it holds no ampersand.</returns>
    public static string Unescape(string text)
    {
        int ampersand = text.IndexOf('&', StringComparison.Ordinal);
        if (ampersand < 0)
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        int copied = 0;
        while (ampersand >= 0)
        {
            result.Append(text, copied, ampersand - copied);
            int consumed = AppendReference(text.AsSpan(ampersand + 1), result);
            if (consumed == 0)
            {
                result.Append('&');
            }

            copied = ampersand + 1 + consumed;
            ampersand = copied < text.Length ? text.IndexOf('&', copied) : -1;
        }

        return result.Append(text, copied, text.Length - copied).ToString();
    }

    /// <summary>What a named reference stands for.</summary>
    /// <param name="name">The name with its semicolon, without the ampersand.</param>
    /// <returns>The characters; null where there is no such reference.</returns>
    public static string? Named(string name) => Names.Value.GetValueOrDefault(name);

    /// <summary>Resolves the reference that follows an ampersand.</summary>
    /// <returns>The characters consumed after the ampersand; 0 where there is no reference.</returns>
    private static int AppendReference(ReadOnlySpan<char> rest, StringBuilder result) =>
        !rest.IsEmpty && rest[0] == '#' ? AppendNumeric(rest, result) : AppendNamed(rest, result);

    private static int AppendNumeric(ReadOnlySpan<char> rest, StringBuilder result)
    {
        bool isHexadecimal = rest.Length > 1 && rest[1] is 'x' or 'X';
        int start = isHexadecimal ? 2 : 1;
        int end = start;
        long value = 0;
        while (end < rest.Length && (isHexadecimal ? char.IsAsciiHexDigit(rest[end]) : char.IsAsciiDigit(rest[end])))
        {
            value = Math.Min((value * (isHexadecimal ? 16 : 10)) + Convert.ToInt32(rest[end].ToString(), 16), int.MaxValue);
            end++;
        }

        if (end == start)
        {
            return 0;
        }

        if (end < rest.Length && rest[end] == ';')
        {
            end++;
        }

        if (value is >= 0x80 and <= 0x9F)
        {
            result.Append(Windows1252[(int)value - 0x80]);
        }
        else if (value is 0 or (>= 0xD800 and <= 0xDFFF) or > 0x10FFFF)
        {
            result.Append('\uFFFD');
        }
        else if (!IsForbidden((int)value))
        {
            result.Append(new Rune((int)value).ToString());
        }

        return end;
    }

    private static bool IsForbidden(int codePoint) =>
        codePoint is (>= 0x01 and <= 0x08) or 0x0B or (>= 0x0E and <= 0x1F) or 0x7F or (>= 0xFDD0 and <= 0xFDEF)
        || (codePoint & 0xFFFE) == 0xFFFE;

    private static int AppendNamed(ReadOnlySpan<char> rest, StringBuilder result)
    {
        int length = 0;
        for (int runes = 0; runes < LongestReference && length < rest.Length; runes++)
        {
            if (rest[length] is '\t' or '\n' or '\f' or ' ' or '<' or '&' or '#' or ';')
            {
                break;
            }

            length += char.IsHighSurrogate(rest[length]) && length + 1 < rest.Length && char.IsLowSurrogate(rest[length + 1]) ? 2 : 1;
        }

        if (length == 0)
        {
            return 0;
        }

        if (length < rest.Length && rest[length] == ';')
        {
            length++;
        }

        var named = Names.Value.GetAlternateLookup<ReadOnlySpan<char>>();
        for (int prefix = length; prefix > 1; prefix--)
        {
            if (named.TryGetValue(rest[..prefix], out string? replacement))
            {
                result.Append(replacement);
                return prefix;
            }
        }

        return 0;
    }

    private static Dictionary<string, string> LoadNamed()
    {
        using Stream stream = typeof(HtmlEntities).Assembly.GetManifestResourceStream("QosValuation.html5-entities.txt")
            ?? throw new InvalidOperationException("The table of HTML entities is missing from the assembly.");
        using var reader = new StreamReader(stream, System.Text.Encoding.UTF8);
        var named = new Dictionary<string, string>(2231, StringComparer.Ordinal);
        while (reader.ReadLine() is { } line)
        {
            int tab = line.IndexOf('\t', StringComparison.Ordinal);
            named[line[..tab]] = string.Concat(line[(tab + 1)..].Split(' ')
                .Select(hex => char.ConvertFromUtf32(int.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture))));
        }

        return named;
    }
}
