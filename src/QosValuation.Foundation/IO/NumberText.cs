using System.Globalization;
using System.Text;

namespace QosValuation.Foundation.IO;

/// <summary>Reads numbers that people and programs wrote as text: in parameters, properties, tables and traces.</summary>
/// <remarks>
/// <para>A text means one number or none, whatever the culture:</para>
/// <list type="bullet">
/// <item>A decimal point always works: 1.375 is 1.375 in every culture.</item>
/// <item>A comma is a decimal comma where the user's culture writes decimals so (de-DE, tr-TR, fr-FR), and nothing where it does not: the
/// text is then no number. It never stands between thousands, and neither does any other sign: 1,375.5, 1.375,5, 1'375 and 1 375 are no
/// numbers.</item>
/// <item>The Arabic decimal separator (U+066B), the minus sign U+2212, with or without the mark of direction that fa-IR and ar put before
/// a sign, and ∞ (U+221E) mean the same everywhere.</item>
/// <item>Digits are those of ASCII: full-width, Persian and other digits are no number, and neither are 0x10, 1kb, 10 % and (3).</item>
/// <item>White space around a number is ignored, and an empty text is no number.</item>
/// <item>NaN and Infinity are read where they are written in words or as the user's culture writes them; who needs a finite number checks
/// for it. A text with digits whose number is beyond the range of a double (1e999) is no number. One nearer to 0 than a double can be is
/// 0.</item>
/// </list>
/// </remarks>
public static class NumberText
{
    /// <summary>What a text has to look like; ends a sentence such as "… is not a number: ".</summary>
    public const string Advice = "write decimals with a point, such as 2.5, and nothing between thousands";

    private const char ArabicDecimalSeparator = '\u066B';
    private const char Minus = '\u2212';
    private const string DirectionMarks = "\u200E\u200F\u061C";

    /// <summary>Reads a number.</summary>
    /// <param name="text">The text.</param>
    /// <param name="number">The number; infinite or NaN where the text says so.</param>
    /// <returns>False for what is no number.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out double number)
    {
        text = text.Trim();
        return (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && IsInRange(text, number))
            || TryParseOther(text, out number);
    }

    /// <summary>Reads a number.</summary>
    /// <param name="utf8">The text in UTF-8.</param>
    /// <param name="number">The number; infinite or NaN where the text says so.</param>
    /// <returns>False for what is no number.</returns>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out double number) =>
        (double.TryParse(utf8, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number))
        || TryParse(Encoding.UTF8.GetString(utf8).AsSpan(), out number);

    /// <summary>Reads a number as a 32-bit float, rounded once.</summary>
    /// <param name="utf8">The text in UTF-8.</param>
    /// <param name="number">The number; infinite where it is beyond the range of a 32-bit float.</param>
    /// <returns>False for what is no number.</returns>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out float number)
    {
        if (float.TryParse(utf8, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && float.IsFinite(number))
        {
            return true;
        }

        bool isNumber = TryParse(utf8, out double wide);
        number = (float)wide;
        return isNumber;
    }

    /// <summary>
    /// Reads a whole number; 2.0 and 1e3 are whole. One with a comma, or with three or more digits after a point, is none, because it may
    /// be meant as thousands.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="number">The number.</param>
    /// <returns>False for what is no whole number, and beyond 64 bits.</returns>
    public static bool TryParseWhole(ReadOnlySpan<char> text, out long number) =>
        long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number)
        || (!MayMeanThousands(text) && TryParse(text, out double real) && TryRound(real, out number));

    /// <summary>Takes a number that has no fraction for a whole one. Exact up to 2⁵³, beyond which doubles skip whole numbers.</summary>
    /// <param name="real">The number.</param>
    /// <param name="number">The whole number.</param>
    /// <returns>False where it has a fraction, is not finite or lies beyond 2⁵³.</returns>
    public static bool TryRound(double real, out long number)
    {
        bool isWhole = double.IsInteger(real) && Math.Abs(real) <= 1L << 53;
        number = isWhole ? (long)real : 0;
        return isWhole;
    }

    private static bool MayMeanThousands(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        int point = text.IndexOf('.');
        return text.ContainsAny(',', ArabicDecimalSeparator) || (point >= 0 && text.Length - point > 3 && !text.ContainsAny('e', 'E'));
    }

    // What the invariant culture does not know.
    private static bool TryParseOther(ReadOnlySpan<char> text, out double number)
    {
        number = 0;
        if (text.IsEmpty)
        {
            return false;
        }

        string plain = Plain(text);
        if (plain is "∞" or "+∞" or "-∞")
        {
            number = plain[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
            return true;
        }

        NumberFormatInfo own = CultureInfo.CurrentCulture.NumberFormat;
        if (plain == own.NaNSymbol || plain == own.PositiveInfinitySymbol || plain == own.NegativeInfinitySymbol)
        {
            return double.TryParse(plain, NumberStyles.Float, own, out number);
        }

        // The user's own decimal sign becomes a point, so that nothing else of the culture (other signs, thousands) matters.
        if (!plain.Contains('.', StringComparison.Ordinal))
        {
            plain = plain.Replace(own.NumberDecimalSeparator, ".", StringComparison.Ordinal);
        }

        return double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && IsInRange(plain, number);
    }

    private static string Plain(ReadOnlySpan<char> text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            if (!DirectionMarks.Contains(c, StringComparison.Ordinal))
            {
                plain.Append(c switch { ArabicDecimalSeparator => '.', Minus => '-', _ => c });
            }
        }

        return plain.ToString();
    }

    // A double overflows to infinity; a text that means infinity has no digits.
    private static bool IsInRange(ReadOnlySpan<char> text, double number) => !double.IsInfinity(number) || !text.ContainsAnyInRange('0', '9');
}
