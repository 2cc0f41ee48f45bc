namespace QosValuation.Foundation.IO;

/// <summary>
/// Keeps text that others chose from being a formula where a CSV file is opened in a spreadsheet: one that begins with =, +, -, @, a tab or a carriage
/// return gets an apostrophe before it. So does one that begins with apostrophes and then such a character; otherwise it could not be told apart.
/// </summary>
public static class SpreadsheetText
{
    /// <summary>The text as it is written. O(length).</summary>
    /// <param name="text">Any text; null stays null.</param>
    /// <returns>The same text, or one with an apostrophe before it, which <see cref="Plain"/> takes away again.</returns>
    public static string? Guarded(string? text) => IsFormula(text.AsSpan()) ? "'" + text : text;

    /// <summary>The text that was written. O(length).</summary>
    /// <param name="text">A text out of a CSV file.</param>
    /// <returns>The text without the apostrophe of <see cref="Guarded"/>.</returns>
    public static string Plain(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith('\'') && IsFormula(text.AsSpan(1)) ? text[1..] : text;
    }

    private static bool IsFormula(ReadOnlySpan<char> text) => text.TrimStart('\'') is ['=' or '+' or '-' or '@' or '\t' or '\r', ..];
}
