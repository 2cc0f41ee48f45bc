using System.Text;

namespace QosValuation.Valuation.Quality;

/// <summary>The form in which words are looked up: NFKC, lower case, straight apostrophes.</summary>
internal static class WordForm
{
    /// <summary>Normalises a word.</summary>
    /// <param name="word">The word; well-formed UTF-16.</param>
    /// <returns>Its form.</returns>
    public static string Normalize(string word)
    {
        if (!Ascii.IsValid(word))
        {
            word = word.Replace('\u2019', '\'').Replace('\u02BC', '\'');
            word = word.Contains('\uFFFE', StringComparison.Ordinal) ? word : word.Normalize(NormalizationForm.FormKC);
        }

        return word.ToLowerInvariant();
    }
}
