namespace QosValuation;

/// <summary>How an attacker goes about reconstructing the data behind a released vector.</summary>
public enum ReconstructionMethod
{
    /// <summary>Direct Ascent Synthesis (Fort and Whitaker 2025, arXiv 2502.07753): gradient ascent on components of many resolutions.</summary>
    DirectAscent,

    /// <summary>Adam on the pixels with a total-variation prior.</summary>
    Adam,

    /// <summary>The posterior mean given the noise level and public embeddings, then Direct Ascent Synthesis on that.</summary>
    DenoiseFirst,

    /// <summary>The public embedding nearest to the released vector: what a search over a public photo set gives away.</summary>
    NearestEmbedding,

    /// <summary>The caption whose embedding fits best, by beam search over the tokenizer's words.</summary>
    TextInversion,
}

/// <summary>What an attacker made of a released vector: a picture or a text, and how well it meets the target and the truth.</summary>
public sealed record Reconstruction
{
    /// <summary>The cluster whose prototype was attacked; −1 where the target was no prototype.</summary>
    public required int ClusterId { get; init; }

    /// <summary>What was attacked: a prototype, a file, an item.</summary>
    public string Target { get; init; } = string.Empty;

    /// <summary>The modality of the released vector; null where it is not known.</summary>
    public Modality? Modality { get; init; }

    /// <summary>The attacker.</summary>
    public ReconstructionMethod Method { get; init; }

    /// <summary>
    /// Whether this attacker told most of those run on the target: the best <see cref="SourceRank"/>, of equal ranks the largest
    /// <see cref="ReferenceSimilarity"/> less <see cref="DecoySimilarity"/>. A cosine to the truth alone would favour an attacker who
    /// answers with what all sources have in common. Without decoys the cosine to the truth decides, without a reference
    /// <see cref="Score"/>.
    /// </summary>
    public bool IsStrongest { get; init; }

    /// <summary>What the attacker found in place of a picture or beside it: the caption, or the source of the nearest public embedding; else null.</summary>
    public string? Text { get; init; }

    /// <summary>The picture's file; null where none was asked for.</summary>
    public string? ImagePath { get; init; }

    /// <summary>The filmstrip's file; null where none was asked for.</summary>
    public string? FilmstripPath { get; init; }

    /// <summary>
    /// The cosine of <see cref="Embedding"/> (of a picture: its plain 8-bit crop) to the released vector, −1 to 1; a weighted mean
    /// over several targets of one encoder, and the sum over several encoders.
    /// </summary>
    public required double Score { get; init; }

    /// <summary>
    /// The mean cosine over the augmented copies at every step, to the vector that was ascended to; of TextInversion the best cosine at every length.
    /// </summary>
    public required IReadOnlyList<double> ScoreTrace { get; init; }

    /// <summary>The last of <see cref="ScoreTrace"/>: the cosine over the attack's own augmented views; NaN before the first step.</summary>
    public double AugmentedScore => ScoreTrace.Count == 0 ? double.NaN : ScoreTrace[^1];

    /// <summary>The cosine of <see cref="Embedding"/> to the truth: the clean prototype, or the private embedding itself; NaN without a reference.</summary>
    public double ReferenceSimilarity { get; init; } = double.NaN;

    /// <summary>The largest cosine of <see cref="Embedding"/> to a private member; NaN without members.</summary>
    public double NearestMemberSimilarity { get; init; } = double.NaN;

    /// <summary>The rank of the true source among source and decoys by cosine to <see cref="Embedding"/>, 1 the best; 0 without decoys.</summary>
    public int SourceRank { get; init; }

    /// <summary>The number of decoys that <see cref="SourceRank"/> is among.</summary>
    public int Decoys { get; init; }

    /// <summary>The mean cosine of <see cref="Embedding"/> to the decoys: what a guess about any other source would score; NaN without decoys.</summary>
    public double DecoySimilarity { get; init; } = double.NaN;

    /// <summary>Peak signal-to-noise ratio to the picture of the nearest private member in decibels; NaN without one.</summary>
    public double Psnr { get; init; } = double.NaN;

    /// <summary>Structural similarity to the picture of the nearest private member, −1 to 1; NaN without one.</summary>
    public double Ssim { get; init; } = double.NaN;

    /// <summary>
    /// The mean cosine of the picture to the pictures of the private members (of a caption to their captions) under an encoder that was not
    /// attacked, −1 to 1: what only deceives the attacked encoder scores no more here than <see cref="PerceptualDecoySimilarity"/>. NaN without
    /// such members or such an encoder. Psnr and Ssim compare pixels, this what a picture shows.
    /// </summary>
    public double PerceptualSimilarity { get; init; } = double.NaN;

    /// <summary>
    /// The same to the members of the other sources (clusters, or records outside of clusters): what the find has in common with all; NaN without others.
    /// </summary>
    public double PerceptualDecoySimilarity { get; init; } = double.NaN;

    /// <summary>
    /// What a random other photograph (or caption) scores: the mean cosine of the members of other sources to those of this one, under the encoder
    /// that was not attacked. A find below it is less like the truth than any photograph is. NaN without others.
    /// </summary>
    public double PerceptualBaseline { get; init; } = double.NaN;

    /// <summary>The rank of the true source among all by <see cref="PerceptualSimilarity"/>, 1 the best; 0 without others.</summary>
    public int PerceptualRank { get; init; }

    /// <summary>Which start led to the picture, from 1; a later one goes on from an earlier one, or begins with a generated scene.</summary>
    public int Start { get; init; } = 1;

    /// <summary>Whether the picture began as a generated scene, of which it may still show something.</summary>
    public bool IsFromScene { get; init; }

    /// <summary>The steps done; fewer than asked for where the attack was cancelled.</summary>
    public required int Steps { get; init; }

    /// <summary>Whether all steps were done.</summary>
    public required bool IsComplete { get; init; }

    /// <summary>The side of the square picture in pixels; 0 where there is no picture.</summary>
    public required int ImageSize { get; init; }

    /// <summary>The picture: ImageSize · ImageSize · 3 bytes, rows from the top, red, green, blue; empty where there is none.</summary>
    public required byte[] Image { get; init; }

    /// <summary>The embedding of the picture (by the first encoder), of the caption, or the nearest public one; unit norm.</summary>
    public required float[] Embedding { get; init; }
}
