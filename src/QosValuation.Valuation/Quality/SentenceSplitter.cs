namespace QosValuation.Valuation.Quality;

/// <summary>Cuts a text into sentences: after . ! ? … and closing quotes where white space follows, and at line breaks.</summary>
internal static class SentenceSplitter
{
    private const int LongestSentence = 2000;

    /// <summary>Cuts a text. O(length).</summary>
    /// <param name="text">The text.</param>
    /// <returns>Its sentences, trimmed, each with a letter or digit in it; a sentence beyond 2,000 characters is cut there.</returns>
    public static IEnumerable<string> Split(string text)
    {
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            bool isEnd = text[i] is '\n' or '\r' or '\u2028' or '\u2029'
                || (char.IsWhiteSpace(text[i]) && i > start && EndsSentence(text, start, i))
                || i - start >= LongestSentence;
            if (isEnd)
            {
                if (Sentence(text, start, i) is { } sentence)
                {
                    yield return sentence;
                }

                start = i;
            }
        }

        if (Sentence(text, start, text.Length) is { } last)
        {
            yield return last;
        }
    }

    private static bool EndsSentence(string text, int start, int end) =>
        text.AsSpan(start, end - start).TrimEnd("\"')]}\u201D\u2019") is [.., '.' or '!' or '?' or '\u2026'];

    private static string? Sentence(string text, int start, int end)
    {
        ReadOnlySpan<char> span = text.AsSpan(start, end - start).Trim();
        foreach (char c in span)
        {
            if (char.IsLetterOrDigit(c) || char.IsSurrogate(c))
            {
                return span.ToString();
            }
        }

        return null;
    }
}
