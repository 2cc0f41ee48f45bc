using System.Globalization;
using System.Text;

namespace QosValuation.Foundation.IO;

/// <summary>
/// Makes text that came from files or names harmless on a terminal: control characters and sequences (ANSI colours, cursor movements,
/// a rewritten title), characters that turn the direction of writing, and halves of surrogate pairs are shown as escapes.
/// </summary>
public static class DisplayText
{
    /// <summary>The longest text that is shown whole, in UTF-16 units, escapes included.</summary>
    public const int LongestText = 1900;

    /// <summary>The text as it may be shown.</summary>
    /// <param name="text">Any text; null counts as empty.</param>
    /// <returns>
    /// The same text where nothing in it is dangerous. Otherwise ESC becomes <c>\e</c>, a line break <c>\n</c>, another character
    /// <c>\u{1B}</c> by its number, and the middle of a text longer than <see cref="LongestText"/> an ellipsis.
    /// </returns>
    public static string Of(string? text) => Escape(text, keepsLines: false);

    /// <summary>A message as it may be shown: like <see cref="Of"/>, but its line breaks and tabs stay.</summary>
    /// <param name="text">Any text; null counts as empty.</param>
    /// <returns>The text.</returns>
    public static string OfMessage(string? text) => Escape(text, keepsLines: true);

    private static string Escape(string? text, bool keepsLines)
    {
        if (string.IsNullOrEmpty(text))
        {
            return string.Empty;
        }

        text = Shortened(text);
        int first = FirstUnsafe(text, keepsLines);
        if (first < 0)
        {
            return text;
        }

        var safe = new StringBuilder(text.Length + 16).Append(text, 0, first);
        for (int i = first; i < text.Length; i++)
        {
            char c = text[i];
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                safe.Append(c).Append(text[++i]);
            }
            else if (IsSafe(text, i, keepsLines))
            {
                safe.Append(c);
            }
            else
            {
                safe.Append(c switch
                {
                    '\u001B' => @"\e",
                    '\n' => @"\n",
                    '\r' => @"\r",
                    '\t' => @"\t",
                    '\0' => @"\0",
                    _ => string.Create(CultureInfo.InvariantCulture, $@"\u{{{(int)c:X2}}}"),
                });
            }
        }

        // Escapes are longer than what they stand for.
        return Shortened(safe.ToString());
    }

    // The start says what happened, and the end what to do. No pair of surrogates is cut in two.
    private static string Shortened(string text)
    {
        if (text.Length <= LongestText)
        {
            return text;
        }

        const int Part = (LongestText - 3) / 2;
        int start = char.IsHighSurrogate(text[Part - 1]) ? Part - 1 : Part;
        int end = char.IsLowSurrogate(text[^Part]) ? text.Length - Part + 1 : text.Length - Part;
        return string.Concat(text.AsSpan(0, start), " … ", text.AsSpan(end));
    }

    private static int FirstUnsafe(string text, bool keepsLines)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (!IsSafe(text, i, keepsLines))
            {
                return i;
            }
        }

        return -1;
    }

    // Control characters of ASCII and Latin-1, line and paragraph separators, marks and overrides of the direction, lone surrogates. A carriage
    // return is part of a line break or writes over the line.
    private static bool IsSafe(string text, int i, bool keepsLines)
    {
        char c = text[i];
        return !(char.IsControl(c) || char.IsSurrogate(c) || c is '\u200E' or '\u200F' or '\u061C' or '\uFEFF'
            or (>= '\u2028' and <= '\u202E') or (>= '\u2066' and <= '\u2069'))
            || (keepsLines && (c is '\n' or '\t' || (c == '\r' && i + 1 < text.Length && text[i + 1] == '\n')));
    }
}
