using System.Text;

namespace QosValuation.Valuation.Quality;

/// <summary>Counts the words of a text and the errors in them: at most one error a word, so that errors/tokens is a rate. Thread-safe.</summary>
/// <remarks>
/// <para>Words: what stands between white space, without punctuation at its ends, cut at hyphens, dashes, slashes and punctuation between letters. What
/// has no letter and no digit is no word. Each word counts for the first of these errors that it has:</para>
/// <para>1. Corrupt characters: U+FFFD (what broken UTF-8 decodes to), control characters other than tab and line ends, noncharacters, unpaired
/// surrogates, and mojibake, which is UTF-8 that was read as Latin-1 or Windows-1252 (Ã©, â€™): a run of characters that decodes to other characters when
/// its bytes are read as UTF-8. Corruption outside of words counts once a run.</para>
/// <para>2. OCR artefacts: letters with a digit between them (he1lo; h3, 20th, b2b and 10x are no such), a symbol such as | ~ ^ between letters, a letter
/// three times in a row that the dictionary does not know.</para>
/// <para>3. Broken words: a word cut at the end of a line (exam-⏎ple), and two neighbouring parts that are unknown while the dictionary holds them joined
/// (exam ple); both parts are words and the break is one error.</para>
/// <para>4. Unknown words: not in the dictionary after NFKC and lower case, also without 's. Not looked up: words with digits, single letters, words with a
/// capital that do not begin a sentence (names), words of capitals alone (abbreviations), and addresses.</para>
/// </remarks>
public sealed class TextErrorCounter(WordList dictionary)
{
    /// <summary>Counts. O(length).</summary>
    /// <param name="text">The text.</param>
    /// <returns>Words and errors; no duplicates, which one text cannot show.</returns>
    public TextErrors Count(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var counts = default(Tally);
        bool startsSentence = true;
        string? pendingUnknown = null;
        int at = 0;
        while (at < text.Length)
        {
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
                continue;
            }

            int end = at;
            while (end < text.Length && !char.IsWhiteSpace(text[end]))
            {
                end++;
            }

            // A hyphen at the end of a line joins what the line break cut.
            ReadOnlySpan<char> chunk = text.AsSpan(at, end - at);
            if (chunk is [.., '-'] && chunk.Length > 1 && char.IsLetter(chunk[^2]) && LineBreakAfter(text, end) is > 0 and int next && char.IsLower(text[next]))
            {
                int wordEnd = next;
                while (wordEnd < text.Length && char.IsLetter(text[wordEnd]))
                {
                    wordEnd++;
                }

                counts.Tokens++;
                counts.Broken++;
                pendingUnknown = null;
                startsSentence = false;
                at = wordEnd;
                continue;
            }

            CountChunk(chunk, ref counts, ref startsSentence, ref pendingUnknown);
            at = end;
        }

        return new TextErrors(counts.Tokens, counts.Corrupt, counts.Ocr, counts.Broken, counts.Unknown);
    }

    /// <summary>The first character of the next line, where only white space with a line break lies before it; else 0.</summary>
    private static int LineBreakAfter(string text, int at)
    {
        bool hasBreak = false;
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            hasBreak |= text[at] is '\n' or '\r' or '\u2028';
            at++;
        }

        return hasBreak && at < text.Length ? at : 0;
    }

    private void CountChunk(ReadOnlySpan<char> chunk, ref Tally counts, ref bool startsSentence, ref string? pendingUnknown)
    {
        if (IsAddress(chunk))
        {
            counts.Tokens++;
            startsSentence = false;
            pendingUnknown = null;
            return;
        }

        bool endsSentence = chunk.TrimEnd("\"')]}\u201D\u2019") is [.., '.' or '!' or '?' or ':' or '\u2026'];
        int at = 0;
        while (at < chunk.Length)
        {
            int end = at;
            while (end < chunk.Length && !IsSeparator(chunk, end))
            {
                end++;
            }

            ReadOnlySpan<char> part = chunk[at..end].Trim("'\u2019\u02BC*_~^|\\`<>=+$#@%&");
            if (ContainsCorruption(chunk[at..end]))
            {
                counts.Tokens += HasWordCharacter(chunk[at..end]) ? 1 : 0;
                counts.Corrupt++;
                pendingUnknown = null;
                startsSentence = false;
            }
            else if (HasWordCharacter(part))
            {
                counts.Tokens++;
                CountWord(part, ref counts, startsSentence, ref pendingUnknown);
                startsSentence = false;
            }

            at = end + 1;
        }

        if (endsSentence)
        {
            startsSentence = true;
            pendingUnknown = null;
        }
    }

    private void CountWord(ReadOnlySpan<char> word, ref Tally counts, bool startsSentence, ref string? pendingUnknown)
    {
        string? before = pendingUnknown;
        pendingUnknown = null;
        bool hasDigit = word.ContainsAnyInRange('0', '9');
        if (IsOcr(word, hasDigit))
        {
            counts.Ocr++;
            return;
        }

        if (hasDigit || word.Length == 1 || IsName(word, startsSentence))
        {
            return;
        }

        string form = WordForm.Normalize(word.ToString());
        bool isKnown = IsKnown(form);
        if (before is not null && IsKnown(before + form) && !(isKnown && form.Length <= 3))
        {
            // The part before was counted as unknown: together they are one broken word.
            counts.Unknown--;
            counts.Broken++;
            return;
        }

        if (isKnown)
        {
            return;
        }

        if (HasTripleLetter(form))
        {
            counts.Ocr++;
            return;
        }

        counts.Unknown++;
        pendingUnknown = form;
    }

    private bool IsKnown(string form) =>
        dictionary.Contains(form)
        || (form.EndsWith("'s", StringComparison.Ordinal) && dictionary.Contains(form.AsSpan(0, form.Length - 2)))
        || (form.EndsWith("s'", StringComparison.Ordinal) && dictionary.Contains(form.AsSpan(0, form.Length - 1)));

    private static bool HasTripleLetter(string form)
    {
        for (int i = 2; i < form.Length; i++)
        {
            if (form[i] == form[i - 1] && form[i] == form[i - 2] && char.IsLetter(form[i]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A name inside a sentence, or an abbreviation.</summary>
    private static bool IsName(ReadOnlySpan<char> word, bool startsSentence)
    {
        bool allUpper = true;
        bool anyUpper = false;
        foreach (char c in word)
        {
            allUpper &= !char.IsLower(c);
            anyUpper |= char.IsUpper(c);
        }

        return (allUpper && anyUpper && word.Length <= 6) || (anyUpper && !allUpper && !startsSentence);
    }

    private static bool IsOcr(ReadOnlySpan<char> word, bool hasDigit)
    {
        for (int i = 1; i + 1 < word.Length; i++)
        {
            if (!char.IsLetter(word[i - 1]) || !char.IsLetter(word[i + 1]))
            {
                continue;
            }

            // One letter on each side (b2b) is a code; more letters are a word with a digit in it.
            if ((hasDigit && char.IsAsciiDigit(word[i]) && word.Length > 3) || word[i] is '|' or '~' or '^' or '\\' or '\u00A6' or '\u00AC' or '\u00A7')
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsAddress(ReadOnlySpan<char> chunk) =>
        chunk.Contains("://", StringComparison.Ordinal) || chunk.StartsWith("www.", StringComparison.OrdinalIgnoreCase)
        || (chunk.IndexOf('@') is > 0 and int at && chunk[at..].Contains('.'));

    /// <summary>Whether a character separates words: punctuation other than an apostrophe or a point between letters or digits.</summary>
    private static bool IsSeparator(ReadOnlySpan<char> text, int at)
    {
        char c = text[at];
        if (c is '\'' or '\u2019' or '\u02BC' or '_')
        {
            return false;
        }

        if (c is '.' or ',' or ':')
        {
            // 3.14 and e.g. hold together; "end.Next" does not.
            bool between = at > 0 && at + 1 < text.Length && char.IsDigit(text[at - 1]) && char.IsDigit(text[at + 1]);
            return !between;
        }

        return char.IsPunctuation(c) && c != '\uFFFD' && c != '\\' && c != '%' && c != '#' && c != '@' && c != '&' && c != '*';
    }

    private static bool HasWordCharacter(ReadOnlySpan<char> part)
    {
        for (int i = 0; i < part.Length; i++)
        {
            if (char.IsLetterOrDigit(part[i]) || (char.IsHighSurrogate(part[i]) && Rune.DecodeFromUtf16(part[i..], out Rune rune, out _)
                == System.Buffers.OperationStatus.Done && Rune.IsLetterOrDigit(rune)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool ContainsCorruption(ReadOnlySpan<char> part)
    {
        if (!part.ContainsAnyExceptInRange(' ', '~'))
        {
            return false;
        }

        for (int i = 0; i < part.Length; i++)
        {
            char c = part[i];
            if (char.IsHighSurrogate(c) && i + 1 < part.Length && char.IsLowSurrogate(part[i + 1]))
            {
                i++;
                continue;
            }

            if (c is '\uFFFD' or '\uFFFE' or '\uFFFF' || char.IsSurrogate(c) || char.IsControl(c))
            {
                return true;
            }
        }

        return Mojibake.IsIn(part);
    }

    private struct Tally
    {
        public long Tokens;
        public long Corrupt;
        public long Ocr;
        public long Broken;
        public long Unknown;
    }
}
