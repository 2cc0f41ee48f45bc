using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace QosValuation.Valuation.Quality;

/// <summary>A document whose quality is to be measured.</summary>
public sealed record QualityDocument
{
    /// <summary>The names of fields that hold a document's date, the first that is filled counts.</summary>
    public static IReadOnlyList<string> DateFields { get; } = ["Date", "Timestamp", "Created", "Published"];

    /// <summary>The text; bytes that are no UTF-8 are U+FFFD in it.</summary>
    public required string Text { get; init; }

    /// <summary>Who contributed it.</summary>
    public string Contributor { get; init; } = string.Empty;

    /// <summary>Where it came from, for errors.</summary>
    public string Source { get; init; } = string.Empty;

    /// <summary>Its date; null where it has none.</summary>
    public DateTimeOffset? Date { get; init; }

    /// <summary>Its fields by name, the text among them.</summary>
    public IReadOnlyDictionary<string, string?> Fields { get; init; } = new Dictionary<string, string?>();

    /// <summary>Reads a date as programs write it: ISO 8601 or the invariant culture's forms; a date without a zone is UTC.</summary>
    /// <param name="text">The text; may be null.</param>
    /// <returns>The date; null where the text is none.</returns>
    public static DateTimeOffset? ParseDate(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset date)
            ? date
            : null;

    /// <summary>Whether a field is filled: it exists and is not blank.</summary>
    /// <param name="name">The field's name, in any case.</param>
    /// <returns>True where it is.</returns>
    public bool IsFilled(string name)
    {
        foreach ((string field, string? value) in Fields)
        {
            if (field.Equals(name, StringComparison.OrdinalIgnoreCase) && !string.IsNullOrWhiteSpace(value))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Adds what of the document enters its score to a digest.</summary>
    /// <param name="hash">The digest.</param>
    /// <param name="required">The required fields.</param>
    internal void AddTo(IncrementalHash hash, IReadOnlyList<string> required)
    {
        // Lengths go first, so that no two sequences of documents give the same bytes.
        byte[] text = Encoding.UTF8.GetBytes(Text);
        string filled = string.Concat(required.Select(name => IsFilled(name) ? '1' : '0'));
        string date = Date?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture) ?? "-";
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{text.Length} {filled} {date}\n")));
        hash.AppendData(text);
    }
}
