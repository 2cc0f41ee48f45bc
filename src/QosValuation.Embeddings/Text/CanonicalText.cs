using System.Buffers;
using System.Text;

namespace QosValuation.Embeddings.Text;

/// <summary>The ways to clean a text that public image-and-text models were trained with, beside CLIP's (<see cref="TextCleaner"/>).</summary>
internal static class CanonicalText
{
    // Python's string.punctuation.
    private static readonly SearchValues<char> Punctuation = SearchValues.Create("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");

    /// <summary>SigLIP's as transformers does it: lower case, no ASCII punctuation, white space collapsed and trimmed.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="toLower">Whether capitals become small letters.</param>
    /// <returns>The cleaned text.</returns>
    public static string Siglip(string text, bool toLower) => Collapse(WithoutPunctuation(toLower ? Lower(text) : text));

    /// <summary>OpenCLIP's <c>canonicalize</c>: HTML references resolved twice, _ becomes a blank, then as <see cref="Siglip"/>.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>The cleaned text.</returns>
    public static string OpenClip(string text) => Siglip(Unescaped(text).Replace('_', ' '), toLower: true);

    /// <summary>OpenCLIP's <c>whitespace</c>: HTML references resolved twice, white space collapsed and trimmed.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>The cleaned text.</returns>
    public static string OpenClipWhiteSpace(string text) => Collapse(Unescaped(text));

    /// <summary>Lower case, each character by itself: no final sigma, and İ becomes two characters.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>The text in lower case.</returns>
    public static string Lower(string text) => text.ToLowerInvariant().Replace("\u0130", "i\u0307", StringComparison.Ordinal);

    /// <summary>White space collapsed to single blanks and trimmed.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>The text.</returns>
    public static string Collapse(string text)
    {
        var collapsed = new StringBuilder(text.Length);
        bool isBlankPending = false;
        foreach (char c in text)
        {
            if (TextCleaner.IsWhiteSpace(c))
            {
                isBlankPending = collapsed.Length > 0;
                continue;
            }

            if (isBlankPending)
            {
                collapsed.Append(' ');
                isBlankPending = false;
            }

            collapsed.Append(c);
        }

        return collapsed.ToString();
    }

    private static string Unescaped(string text) =>
        text.Contains('&', StringComparison.Ordinal) ? HtmlEntities.Unescape(HtmlEntities.Unescape(text)) : text;

    private static string WithoutPunctuation(string text) =>
        text.AsSpan().ContainsAny(Punctuation) ? string.Concat(text.Where(c => !Punctuation.Contains(c))) : text;
}
