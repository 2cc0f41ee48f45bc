using QosValuation.Reporting.Page;

namespace QosValuation;

/// <summary>
/// The paper's claim of Fig. 7: a picture reconstructed from Image-Ours or Text-Ours at ε = 1 has a lower attack score than one from
/// Image-DP. The score of a release is the mean cosine of its reconstructions to the clean prototype of their own cluster.
/// </summary>
/// <param name="Scores">The mean attack score of each release.</param>
public sealed record ReconstructionClaim(IReadOnlyDictionary<string, double> Scores)
{
    /// <summary>The name of the release without a guarantee, which the claim compares with.</summary>
    public const string Baseline = "Image-DP";

    /// <summary>The names of the releases that the paper proposes.</summary>
    public static IReadOnlyList<string> Ours { get; } = ["Image-Ours", "Text-Ours"];

    /// <summary>Whether every proposed release that was attacked has a lower score than the baseline. True where there is none of either.</summary>
    public bool IsShown => !Scores.TryGetValue(Baseline, out double baseline)
        || Ours.All(name => !Scores.TryGetValue(name, out double score) || score < baseline);

    /// <summary>Measures the claim on mean scores.</summary>
    /// <param name="scores">Releases with their mean attack scores, such as a hashtable; names as in <see cref="Baseline"/> and <see cref="Ours"/>.</param>
    public static ReconstructionClaim Of(System.Collections.IDictionary scores)
    {
        var read = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (System.Collections.DictionaryEntry entry in scores)
        {
            read[entry.Key.ToString()!] = ReportRecord.TryNumber(entry.Value, out double score) ? score : double.NaN;
        }

        return new ReconstructionClaim(read);
    }
}
