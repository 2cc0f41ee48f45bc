namespace QosValuation;

/// <summary>What an attacker made of a released vector: a picture, and how well it meets the target and the truth.</summary>
public sealed record Reconstruction
{
    /// <summary>The cluster whose prototype was attacked; −1 where the target was no prototype.</summary>
    public required int ClusterId { get; init; }

    /// <summary>The picture's file; null where none was asked for.</summary>
    public string? ImagePath { get; init; }

    /// <summary>The cosine of the picture's embedding (the plain 8-bit crop) to the target; a weighted mean over several targets. −1 to 1.</summary>
    public required double Score { get; init; }

    /// <summary>The mean cosine over the augmented copies at every step.</summary>
    public required IReadOnlyList<double> ScoreTrace { get; init; }

    /// <summary>The last of <see cref="ScoreTrace"/>: the cosine over the attack's own augmented views; NaN before the first step.</summary>
    public double AugmentedScore => ScoreTrace.Count == 0 ? double.NaN : ScoreTrace[^1];

    /// <summary>The cosine of the picture's embedding to the clean prototype; NaN without a reference.</summary>
    public double ReferenceSimilarity { get; init; } = double.NaN;

    /// <summary>The largest cosine of the picture's embedding to a private member; NaN without members.</summary>
    public double NearestMemberSimilarity { get; init; } = double.NaN;

    /// <summary>The rank of the true source among source and decoys by cosine to the picture's embedding, 1 the best; 0 without decoys.</summary>
    public int SourceRank { get; init; }

    /// <summary>Peak signal-to-noise ratio to the reference picture in decibels; NaN without one.</summary>
    public double Psnr { get; init; } = double.NaN;

    /// <summary>Structural similarity to the reference picture, −1 to 1; NaN without one.</summary>
    public double Ssim { get; init; } = double.NaN;

    /// <summary>The steps done; fewer than asked for where the attack was cancelled.</summary>
    public required int Steps { get; init; }

    /// <summary>Whether all steps were done.</summary>
    public required bool IsComplete { get; init; }

    /// <summary>The side of the square picture in pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>The picture: ImageSize · ImageSize · 3 bytes, rows from the top, red, green, blue.</summary>
    public required byte[] Image { get; init; }

    /// <summary>The picture's embedding by the first encoder, unit norm.</summary>
    public required float[] Embedding { get; init; }
}
