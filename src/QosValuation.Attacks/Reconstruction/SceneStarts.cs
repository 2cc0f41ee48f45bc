using System.Text;
using QosValuation.Embeddings.Datasets.Scenes;
using QosValuation.Embeddings.Images;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Attacks.Reconstruction;

/// <summary>
/// Pictures to start an ascent from: generated scenes that already point roughly to the target. They hold horizons, skies and figures,
/// are drawn from a seed, and use nothing that an attacker could not know.
/// </summary>
internal static class SceneStarts
{
    private const int Candidates = 64;

    /// <summary>Composes scenes and ranks their crops by score.</summary>
    /// <param name="attack">Scores the crops.</param>
    /// <param name="preprocessing">How a scene becomes the first encoder's crop.</param>
    /// <param name="targets">What the crops are scored against.</param>
    /// <param name="count">How many to return, at least 0; at least 64 are composed.</param>
    /// <param name="random">The scenes come from here, so the same seed gives the same.</param>
    /// <param name="cancellation">Ends the search.</param>
    /// <returns>The best crops, best first, side · side · 3 bytes each; none where cancelled.</returns>
    /// <remarks>64 drawings of some 10 ms and as many evaluations of the encoders: about two steps of the published algorithm.</remarks>
    public static byte[][] Ranked(
        ReconstructionAttack attack, ImagePreprocessing preprocessing, IReadOnlyList<ReconstructionTarget> targets, int count, RandomSource random,
            CancellationToken cancellation)
    {
        var preprocessor = new ImagePreprocessor(preprocessing);

        // The shorter side of a scene is at least two thirds of the longer one: nothing is enlarged.
        int edge = Math.Max(64, (attack.ImageSize * 3 / 2) + 1);
        var found = new List<(byte[] Crop, double Score)>();
        for (int i = 0; i < Math.Max(Candidates, count); i++)
        {
            if (cancellation.IsCancellationRequested)
            {
                return [];
            }

            Scene scene = SceneComposer.Compose(random, edge, SceneComposer.DrawPlace(random));
            byte[] crop = new byte[3 * attack.ImageSize * attack.ImageSize];
            preprocessor.Crop(ImageWriter.RenderSvgAsJpeg(Encoding.UTF8.GetBytes(scene.Svg)), "generated scene", crop);
            found.Add((crop, attack.Score(crop, targets).Score));
        }

        return [.. found.OrderByDescending(f => f.Score).Take(count).Select(f => f.Crop)];
    }
}
