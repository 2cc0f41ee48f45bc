namespace QosValuation;

/// <summary>How useful released prototypes are: do they still find the clusters they stand for?</summary>
/// <remarks>Standard errors are over the trials, for the clusters as they are; over the clusters where there is one trial only.</remarks>
public sealed record PrototypeUtility
{
    /// <summary>The modality of the prototypes; null where image and text are combined.</summary>
    public required Modality? Modality { get; init; }

    /// <summary>The mechanism that drew the noise.</summary>
    public required PrivacyMechanism Mechanism { get; init; }

    /// <summary>The neighbouring relation.</summary>
    public required Neighboring Neighboring { get; init; }

    /// <summary>ε of each prototype; NaN for ImageDp and None. The image and the text prototype of a record cost it each.</summary>
    public required double Epsilon { get; init; }

    /// <summary>δ of each prototype; NaN for ImageDp and None.</summary>
    public required double Delta { get; init; }

    /// <summary>What was done to the prototypes after their release.</summary>
    public required PrototypePostProcessing PostProcess { get; init; }

    /// <summary>The clusters among which a prototype looks for its own; guessing finds it once in so many.</summary>
    public required int Clusters { get; init; }

    /// <summary>The releases of every cluster.</summary>
    public required int Trials { get; init; }

    /// <summary>The part of the prototypes whose nearest clean prototype (by cosine, among all clusters) is their own; ties count by their share.</summary>
    public required double RetrievalAccuracy { get; init; }

    /// <summary>The standard error of <see cref="RetrievalAccuracy"/>.</summary>
    public required double RetrievalAccuracyStandardError { get; init; }

    /// <summary>The part of the prototypes whose own clean prototype is among the five nearest.</summary>
    public required double Top5Accuracy { get; init; }

    /// <summary>The standard error of <see cref="Top5Accuracy"/>.</summary>
    public required double Top5AccuracyStandardError { get; init; }

    /// <summary>The mean of one over the rank of the own clean prototype.</summary>
    public required double MeanReciprocalRank { get; init; }

    /// <summary>The standard error of <see cref="MeanReciprocalRank"/>.</summary>
    public required double MeanReciprocalRankStandardError { get; init; }

    /// <summary>The mean cosine of a prototype and its clean one.</summary>
    public required double Cosine { get; init; }

    /// <summary>The standard error of <see cref="Cosine"/>.</summary>
    public required double CosineStandardError { get; init; }

    /// <summary>The mean L2 distance of a prototype and its clean one, the mean of the records' unit vectors.</summary>
    public required double Distance { get; init; }

    /// <summary>The standard error of <see cref="Distance"/>.</summary>
    public required double DistanceStandardError { get; init; }

    /// <summary>
    /// The part of the prototypes whose nearest released prototype of the other modality belongs to the same cluster; NaN where there
    /// is no other modality, or where the two are combined.
    /// </summary>
    public required double CrossModalAccuracy { get; init; }

    /// <summary>The standard error of <see cref="CrossModalAccuracy"/>.</summary>
    public required double CrossModalAccuracyStandardError { get; init; }

    /// <summary>The same of the clean prototypes: what could be reached without noise.</summary>
    public required double CleanCrossModalAccuracy { get; init; }
}
