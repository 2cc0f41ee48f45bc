using System.Numerics.Tensors;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Models;

namespace QosValuation.Attacks.Reconstruction;

/// <summary>
/// An encoder that was not attacked, as a judge of likeness: what only deceives the attacked encoder does not look alike to it. After the
/// perceptual distances of Zhang et al. (CVPR 2018, arXiv 1801.03924), with the cosine of embeddings in place of the distance of features.
/// </summary>
/// <remarks>Embeds each picture and text once and keeps the vectors. Not thread-safe.</remarks>
/// <param name="encoder">The judging encoder; disposed of with this object.</param>
public sealed class PerceptualJudge(ClipEncoder encoder) : IDisposable
{
    /// <summary>The embedded encoders that judge where none is named, the better one first.</summary>
    private static readonly string[] Usual = ["clip-small", "clip-mini"];

    private readonly Dictionary<(Modality Modality, string Source), float[]?> _known = [];
    private readonly ImagePreprocessor? _preprocessor =
        encoder.Description.Vision is { } vision ? new ImagePreprocessor(vision.Preprocessing) : null;

    /// <summary>The judging encoder's name.</summary>
    public string Name => encoder.Model.Name;

    /// <summary>Opens a judge.</summary>
    /// <param name="judge">Its model; null for clip-small, or clip-mini where clip-small is attacked.</param>
    /// <param name="attacked">The attacked models, none of which may judge.</param>
    /// <returns>The judge; null where none is named and both usual ones are attacked or missing.</returns>
    /// <exception cref="QosValuationException">ParametersConflict: it is attacked. ModelModalityMissing: it has no image encoder.</exception>
    public static PerceptualJudge? Open(ClipModelFiles? judge, IReadOnlyList<ClipModelFiles> attacked)
    {
        ArgumentNullException.ThrowIfNull(attacked);
        bool IsAttacked(ClipModelFiles model) =>
            attacked.Any(other => other.Folder == model.Folder || other.Name.Equals(model.Name, StringComparison.OrdinalIgnoreCase));
        if (judge is not null && IsAttacked(judge))
        {
            throw new QosValuationException(
                Faults.ParametersConflict, $"{judge.Name} is attacked itself, so it cannot judge what the attack shows; name another model.", judge.Name);
        }

        if (judge is null)
        {
            IReadOnlyList<ClipModelFiles> known = ClipModelCatalog.List();
            judge = Usual.Select(name => known.FirstOrDefault(model => model.Name == name)).FirstOrDefault(model => model is not null && !IsAttacked(model));
        }

        if (judge is null)
        {
            return null;
        }

        ClipEncoder encoder = ClipEncoder.Open(judge);
        if (encoder.Model.Modalities.Contains(Modality.Image))
        {
            return new PerceptualJudge(encoder);
        }

        encoder.Dispose();
        throw new QosValuationException(Faults.ModelModalityMissing, $"The model {judge.Name} has no image encoder; choose one that has.", judge.Folder);
    }

    /// <summary>Judges a find against its own source and others. O((own + others)·d), and the embedding of what is new.</summary>
    /// <param name="find">The judge's embedding of what was found.</param>
    /// <param name="own">The judge's embeddings of the source's members, at least one.</param>
    /// <param name="others">Those of each other source, at least one each; may be empty.</param>
    /// <returns>
    /// The mean cosine of the find to the own members and to the others (each source counted alike), the mean cosine of the other sources'
    /// members to the own ones, and the rank of the own source among all, 1 the best; NaN, NaN and 0 where there are no others.
    /// </returns>
    public static (double Own, double Decoys, double Baseline, int Rank) Compare(
        ReadOnlySpan<float> find, IReadOnlyList<float[]> own, IReadOnlyList<IReadOnlyList<float[]>> others)
    {
        ArgumentNullException.ThrowIfNull(own);
        ArgumentNullException.ThrowIfNull(others);

        // The vectors have unit norm, so the mean of cosines is the product with the mean vector.
        float[] centre = Mean(own);
        double similarity = TensorPrimitives.Dot(find, centre);
        double decoys = 0;
        double baseline = 0;
        int rank = 1;
        foreach (IReadOnlyList<float[]> source in others)
        {
            float[] other = Mean(source);
            double cosine = TensorPrimitives.Dot<float>(find, other);
            decoys += cosine / others.Count;
            baseline += TensorPrimitives.Dot<float>(centre, other) / (double)others.Count;
            rank += cosine >= similarity ? 1 : 0;
        }

        return others.Count == 0 ? (similarity, double.NaN, double.NaN, 0) : (similarity, decoys, baseline, rank);
    }

    /// <summary>The judge's embedding of a picture.</summary>
    /// <param name="rgb">side · side · 3 bytes.</param>
    /// <param name="side">The side in pixels.</param>
    /// <returns>A vector of unit norm.</returns>
    public float[] EmbedPicture(ReadOnlySpan<byte> rgb, int side)
    {
        float[] pixels = new float[3 * _preprocessor!.ImageSize * _preprocessor.ImageSize];
        _preprocessor.Preprocess(ImageWriter.EncodePng(rgb, side, side), "picture", pixels);
        float[] vector = new float[encoder.Dimension];
        encoder.EncodeImages(pixels, vector);
        return vector;
    }

    /// <summary>The judge's embedding of a text.</summary>
    /// <param name="text">The text.</param>
    /// <returns>A vector of unit norm; null where the judge has no text encoder.</returns>
    public float[]? EmbedText(string text)
    {
        if (!_known.TryGetValue((Modality.Text, text), out float[]? vector))
        {
            vector = encoder.Model.Modalities.Contains(Modality.Text) ? encoder.EncodeText(text) : null;
            _known.Add((Modality.Text, text), vector);
        }

        return vector;
    }

    /// <summary>The judge's embedding of a reference's picture.</summary>
    /// <param name="source">The picture's name.</param>
    /// <param name="side">The side of its crop in pixels.</param>
    /// <param name="crop">Reads the crop that the attacked encoder sees; null where there is none.</param>
    /// <returns>A vector of unit norm; null without a picture.</returns>
    public float[]? EmbedReference(string source, int side, Func<string, byte[]?> crop)
    {
        ArgumentNullException.ThrowIfNull(crop);
        if (!_known.TryGetValue((Modality.Image, source), out float[]? vector))
        {
            vector = crop(source) is { } rgb ? EmbedPicture(rgb, side) : null;
            _known.Add((Modality.Image, source), vector);
        }

        return vector;
    }

    /// <inheritdoc/>
    public void Dispose() => encoder.Dispose();

    private static float[] Mean(IReadOnlyList<float[]> vectors)
    {
        float[] mean = new float[vectors[0].Length];
        foreach (float[] vector in vectors)
        {
            TensorPrimitives.Add(mean, vector, mean);
        }

        TensorPrimitives.Divide(mean, vectors.Count, mean);
        return mean;
    }
}
