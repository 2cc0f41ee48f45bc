using System.Buffers;
using System.Globalization;
using System.Text;

namespace QosValuation.Embeddings.Text;

/// <summary>
/// CLIP's text cleaning: HTML references resolved twice, NFC, white space collapsed to single blanks and trimmed, lower case.
/// </summary>
/// <remarks>
/// The original also runs <c>ftfy</c>, a heuristic repair of mis-decoded text. Its guesses are left out (as the Hugging Face
/// tokenizer does; <see cref="TextRepair"/> has them), with one exception: both apply Unicode normalisation form C, and so does this.
/// Lower case and white space follow Python's <c>str.lower</c> and <c>str.isspace</c>.
/// </remarks>
internal static class TextCleaner
{
    // Characters that Unicode calls case-ignorable, besides marks and format characters: word boundaries look through them.
    private static readonly SearchValues<char> CaseIgnorablePunctuation =
        SearchValues.Create("'.:\u00B7\u055F\u05F4\u2018\u2019\u2024\u2027\uFE13\uFE52\uFE55\uFF07\uFF0E\uFF1A");

    /// <summary>Cleans a text. O(n).</summary>
    /// <param name="text">Any text; unpaired surrogates become U+FFFD.</param>
    /// <param name="buffer">Receives the cleaned text; from the shared pool, to be returned by the caller.</param>
    /// <returns>The cleaned text, a view of <paramref name="buffer"/>.</returns>
    public static ReadOnlySpan<char> Clean(string text, out char[] buffer)
    {
        bool isAscii = Ascii.IsValid(text);
        if (text.Contains('&', StringComparison.Ordinal))
        {
            text = HtmlEntities.Unescape(HtmlEntities.Unescape(text));
            isAscii = Ascii.IsValid(text);
        }

        if (!isAscii)
        {
            text = Normalized(text);
        }

        // İ (U+0130) becomes two characters in lower case; every other character keeps its length.
        buffer = ArrayPool<char>.Shared.Rent((2 * text.Length) + 1);
        int length = 0;
        bool isBlankPending = false;
        foreach (char c in text)
        {
            if (IsWhiteSpace(c))
            {
                isBlankPending = length > 0;
                continue;
            }

            if (isBlankPending)
            {
                buffer[length++] = ' ';
                isBlankPending = false;
            }

            buffer[length++] = c;
        }

        Span<char> cleaned = buffer.AsSpan(0, length);
        if (isAscii)
        {
            Ascii.ToLowerInPlace(cleaned, out _);
            return cleaned;
        }

        return buffer.AsSpan(0, Lower(cleaned, buffer));
    }

    /// <summary>Whether Python's <c>str.isspace</c> holds: Unicode white space and the four ASCII separators.</summary>
    /// <param name="c">A character.</param>
    /// <returns>True for white space.</returns>
    public static bool IsWhiteSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001C' and <= '\u001F';

    private static string Normalized(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                text = ReplaceUnpairedSurrogates(text);
                break;
            }
        }

        return text.Normalize(NormalizationForm.FormC);
    }

    /// <summary>Replaces surrogates without a partner.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>The text with U+FFFD for each.</returns>
    public static string ReplaceUnpairedSurrogates(string text)
    {
        var builder = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            builder.Append(rune.ToString());
        }

        return builder.ToString();
    }

    /// <summary>Python's <c>str.lower</c>: simple case mapping, İ as two characters, and Σ as ς at the end of a word.</summary>
    private static int Lower(Span<char> cleaned, char[] buffer)
    {
        bool isSpecial = cleaned.ContainsAny('\u0130', '\u03A3');
        if (!isSpecial)
        {
            cleaned.ToString().AsSpan().ToLowerInvariant(cleaned);
            return cleaned.Length;
        }

        string original = cleaned.ToString();
        string lower = original.ToLowerInvariant();
        int length = 0;
        for (int i = 0; i < original.Length; i++)
        {
            switch (original[i])
            {
                case '\u0130':
                    buffer[length++] = 'i';
                    buffer[length++] = '\u0307';
                    break;
                case '\u03A3':
                    buffer[length++] = IsFinalSigma(original, i) ? '\u03C2' : '\u03C3';
                    break;
                default:
                    buffer[length++] = lower[i];
                    break;
            }
        }

        return length;
    }

    // Unicode 3.13, Final_Sigma: a cased letter before, none after, looking through what is case-ignorable.
    private static bool IsFinalSigma(string text, int index)
    {
        int before = index - 1;
        while (before >= 0 && IsCaseIgnorable(text, before))
        {
            before--;
        }

        int after = index + 1;
        while (after < text.Length && IsCaseIgnorable(text, after))
        {
            after++;
        }

        return before >= 0 && IsCased(text, before) && !(after < text.Length && IsCased(text, after));
    }

    private static bool IsCaseIgnorable(string text, int index) =>
        CaseIgnorablePunctuation.Contains(text[index])
        || Category(text, index) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
            or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;

    // Unicode's Cased: the letters with case, and what Other_Lowercase and Other_Uppercase list beside modifier letters and marks,
    // which IsCaseIgnorable has passed over: ª, º, Roman numerals, letters in circles and squares.
    private static bool IsCased(string text, int index) =>
        Category(text, index) is UnicodeCategory.LowercaseLetter or UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter
        || CodePoint(text, index) is 0xAA or 0xBA or (>= 0x2160 and <= 0x217F) or (>= 0x24B6 and <= 0x24E9)
            or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);

    private static int CodePoint(string text, int index) =>
        char.IsLowSurrogate(text[index]) && index > 0 ? char.ConvertToUtf32(text[index - 1], text[index])
        : char.IsHighSurrogate(text[index]) ? char.ConvertToUtf32(text, index)
        : text[index];

    private static UnicodeCategory Category(string text, int index) =>
        char.IsLowSurrogate(text[index]) && index > 0
            ? CharUnicodeInfo.GetUnicodeCategory(text, index - 1)
            : CharUnicodeInfo.GetUnicodeCategory(text, index);
}
