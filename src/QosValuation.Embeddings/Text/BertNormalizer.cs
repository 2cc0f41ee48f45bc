using System.Globalization;
using System.Text;

namespace QosValuation.Embeddings.Text;

/// <summary>How BERT cleans a text before it is cut into pieces.</summary>
/// <param name="IsLowerCase">Whether letters become lower case.</param>
/// <param name="StripsAccents">Whether accents are taken off; null does so where letters become lower case.</param>
/// <param name="CleansText">Whether control characters are left out.</param>
/// <param name="SplitsIdeographs">Whether each ideograph is a word.</param>
internal sealed record BertNormalization(bool IsLowerCase = true, bool? StripsAccents = null, bool CleansText = true, bool SplitsIdeographs = true);

/// <summary>
/// Cuts a text into words as BERT's BasicTokenizer does (Devlin et al. 2019, google-research/bert, tokenization.py): control characters and U+FFFD are
/// left out, white space separates, ideographs and punctuation stand alone, letters are lowered and lose their accents (NFD without Mn).
/// </summary>
/// <remarks>
/// ASCII symbols such as ` $ + = count as punctuation, as in the original. Lower case maps each character by itself: the final sigma is σ. Of all 129,536
/// code points below U+20000, 618 differ from Hugging Face's Rust library, whose Unicode tables are of 2016: what was assigned later.
/// </remarks>
internal sealed class BertNormalizer(BertNormalization settings)
{
    private readonly bool _stripsAccents = settings.StripsAccents ?? settings.IsLowerCase;

    /// <summary>Cuts a text into words. O(n).</summary>
    /// <param name="text">Any text; unpaired surrogates are left out, as U+FFFD is.</param>
    /// <param name="word">Takes each word, in order; the span is valid during the call. Returns false to stop.</param>
    public void ForEachWord(string text, WordAction word)
    {
        string prepared = Prepare(text);
        int start = -1;
        for (int i = 0; i < prepared.Length;)
        {
            Rune.DecodeFromUtf16(prepared.AsSpan(i), out Rune rune, out int width);
            bool isBlank = IsWhiteSpace(rune);
            bool isAlone = !isBlank && IsPunctuation(rune);
            if ((isBlank || isAlone) && start >= 0)
            {
                if (!word(prepared.AsSpan(start, i - start)))
                {
                    return;
                }

                start = -1;
            }

            if (isAlone && !word(prepared.AsSpan(i, width)))
            {
                return;
            }

            if (!isBlank && !isAlone && start < 0)
            {
                start = i;
            }

            i += width;
        }

        if (start >= 0)
        {
            word(prepared.AsSpan(start));
        }
    }

    /// <summary>The text cleaned, lowered and without accents, with blanks around ideographs.</summary>
    private string Prepare(string text)
    {
        if (Ascii.IsValid(text))
        {
            return settings.CleansText && text.AsSpan().ContainsAnyInRange('\0', '\u001F') || text.Contains('\u007F', StringComparison.Ordinal)
                ? Lower(Cleaned(text))
                : Lower(text);
        }

        string cleaned = Cleaned(text);
        if (!_stripsAccents)
        {
            return Lower(cleaned);
        }

        // .NET refuses to normalise U+FFFE, which has no decomposition.
        cleaned = string.Join('\uFFFE', cleaned.Split('\uFFFE').Select(part => part.Normalize(NormalizationForm.FormD)));
        var builder = new StringBuilder(cleaned.Length);
        foreach (Rune rune in cleaned.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark)
            {
                Append(builder, rune);
            }
        }

        return Lower(builder.ToString());
    }

    private string Lower(string text)
    {
        if (!settings.IsLowerCase)
        {
            return text;
        }

        // İ alone becomes two characters; with accents stripped none is left.
        return text.ToLowerInvariant().Replace("\u0130", "i\u0307", StringComparison.Ordinal);
    }

    private string Cleaned(string text)
    {
        var builder = new StringBuilder(text.Length + 8);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (settings.CleansText)
            {
                if (rune.Value is 0 or 0xFFFD || IsControl(rune))
                {
                    continue;
                }

                if (IsWhiteSpace(rune))
                {
                    builder.Append(' ');
                    continue;
                }
            }

            if (settings.SplitsIdeographs && IsIdeograph(rune.Value))
            {
                builder.Append(' ');
                Append(builder, rune);
                builder.Append(' ');
            }
            else
            {
                Append(builder, rune);
            }
        }

        return builder.ToString();
    }

    private static void Append(StringBuilder builder, Rune rune)
    {
        Span<char> buffer = stackalloc char[2];
        builder.Append(buffer[..rune.EncodeToUtf16(buffer)]);
    }

    private static bool IsControl(Rune rune) =>
        rune.Value is not ('\t' or '\n' or '\r')
        && Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate;

    private static bool IsWhiteSpace(Rune rune) => Rune.IsWhiteSpace(rune);

    private static bool IsPunctuation(Rune rune) =>
        rune.IsAscii ? rune.Value is (>= 33 and <= 47) or (>= 58 and <= 64) or (>= 91 and <= 96) or (>= 123 and <= 126) : Rune.IsPunctuation(rune);

    private static bool IsIdeograph(int value) =>
        value is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F)
            or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B820 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);

    /// <summary>Takes a word.</summary>
    /// <param name="word">The word.</param>
    /// <returns>False where no more are wanted.</returns>
    public delegate bool WordAction(ReadOnlySpan<char> word);
}
