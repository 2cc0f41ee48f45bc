using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace QosValuation.Valuation.Quality;

/// <summary>The digests that a score carries.</summary>
internal static class QualityHash
{
    /// <summary>SHA-256 over documents in their order: text, date, and which required fields are filled.</summary>
    /// <param name="documents">The documents.</param>
    /// <param name="parameters">The parameters.</param>
    /// <returns>Lower-case hexadecimal.</returns>
    public static string OfInputs(IEnumerable<QualityDocument> documents, DataQualityParameters parameters)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (QualityDocument document in documents)
        {
            document.AddTo(hash, parameters.RequiredField);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>SHA-256 over the inputs' digest, the parameters and the version.</summary>
    /// <param name="inputHash">The inputs' digest; empty for a private release.</param>
    /// <param name="parameters">The parameters.</param>
    /// <returns>Lower-case hexadecimal.</returns>
    public static string Of(string inputHash, DataQualityParameters parameters) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(inputHash + "\n" + Text(parameters))));

    /// <summary>The parameters as one text, each with its name.</summary>
    /// <param name="p">The parameters.</param>
    /// <returns>Lines of name and value.</returns>
    public static string Text(DataQualityParameters p) => string.Join('\n', Values(p).Select(entry => $"{entry.Name}={entry.Value}"));

    /// <summary>The parameters by name.</summary>
    /// <param name="p">The parameters.</param>
    /// <returns>Names and values as text, exactly.</returns>
    public static IEnumerable<(string Name, string Value)> Values(DataQualityParameters p)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        yield return (nameof(p.Version), p.Version.ToString(culture));
        yield return (nameof(p.ErrorFactor), p.ErrorFactor.ToString("R", culture));
        yield return (nameof(p.ClusterCount), p.ClusterCount.ToString(culture));
        yield return (nameof(p.Weight), string.Join(',', p.Weight.Select(weight => weight.ToString("R", culture))));
        yield return (nameof(p.NoveltyDefinition), p.NoveltyDefinition.ToString());
        yield return (nameof(p.DiversityDefinition), p.DiversityDefinition.ToString());
        yield return (nameof(p.RequiredField), string.Join(',', p.RequiredField.Select(Uri.EscapeDataString)));
        yield return (nameof(p.AsOf), p.AsOf?.UtcDateTime.ToString("O", culture) ?? string.Empty);
        yield return (nameof(p.MaxAge), p.MaxAge?.ToString("c", culture) ?? string.Empty);
        yield return (nameof(p.DuplicateThreshold), p.DuplicateThreshold.ToString("R", culture));
        yield return (nameof(p.Seed), p.Seed.ToString(culture));
        yield return (nameof(p.DictionaryHash), p.DictionaryHash);
        yield return (nameof(p.ReferenceHash), p.ReferenceHash);
        yield return (nameof(p.Model), p.Model);
    }
}
