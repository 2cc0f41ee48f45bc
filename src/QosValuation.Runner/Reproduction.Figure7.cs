using System.Globalization;
using QosValuation.Attacks;
using QosValuation.Embeddings;
using QosValuation.Numerics;
using QosValuation.Privacy;

namespace QosValuation.Runner;

/// <summary>Fig. 7 of the paper at a small size: a few short reconstruction attacks; scripts/Figure7.ps1 makes the figure proper.</summary>
internal sealed partial class Reproduction
{
    private const ulong AttackNoiseStream = 7;
    private const ulong AttackStream = 8;
    private const int AttackedClusters = 2;

    private static readonly ReconstructionOptions ShortAttack = new() { Steps = 25, Copies = 4, PlainCopies = 1 };

    private bool Reconstruct(IReadOnlyList<SemanticCluster> clusters)
    {
        var table = new ResultTable(
            "figure7", "Release", "ClusterId", "Modality", "Count", "Epsilon", "Sigma", "AttackScore", "Decoy", "Rank", "TargetScore", "NearestMember", "Psnr", "Ssim");
        SemanticCluster[] attacked = [.. clusters.Where(c => c.IsConfirmed && c.Members.Any(m => m.Modality == Modality.Image)).OrderByDescending(c => c.Count).Take(AttackedClusters)];
        if (attacked.Length < AttackedClusters)
        {
            Report("Figure 7", "fewer than two confirmed clusters have images, so nothing is attacked", table);
            return false;
        }

        (string Name, Modality Modality, PrototypeReleaseOptions Options)[] releases =
        [
            ("None", Modality.Image, new PrototypeReleaseOptions { Mechanism = PrivacyMechanism.ImageDp, PerturbationCoefficient = 0 }),
            ("Image-DP", Modality.Image, new PrototypeReleaseOptions { Mechanism = PrivacyMechanism.ImageDp }),
            ("Image-Ours", Modality.Image, new PrototypeReleaseOptions { Epsilon = options.Epsilon, Delta = options.Delta }),
            ("Text-Ours", Modality.Text, new PrototypeReleaseOptions { Epsilon = options.Epsilon, Delta = options.Delta }),
        ];
        AttackEncoder opened;
        try
        {
            opened = AttackEncoder.Open(options.Model);
        }
        catch (QosValuationException fault) when (fault.Kind == FaultKind.NotSupported)
        {
            // A quantised model, for one, embeds but has no gradient: the other experiments stand.
            Report("Figure 7", "not made: " + fault.Message, table);
            return false;
        }

        using AttackEncoder encoder = opened;
        var references = new PrivateReferences(ClipModelReader.Describe(ClipModelCatalog.Resolve(options.Model)).Vision!.Preprocessing);
        foreach (SemanticCluster cluster in attacked)
        {
            references.Add(cluster);
        }

        var attack = new ReconstructionAttack(encoder);
        var tiles = new List<GridTile>();
        var findings = new List<string>();
        var labels = new List<string>();
        foreach ((string name, Modality modality, PrototypeReleaseOptions release) in releases)
        {
            var releaser = new PrototypeReleaser(release with { Modalities = [modality] }, RandomSource.Create(options.Seed, AttackNoiseStream));
            Reconstruction[] found =
            [
                .. attacked.SelectMany(releaser.Release).Select(prototype =>
                {
                    cancellation.ThrowIfCancellationRequested();
                    AttackTarget target = AttackTarget.Of(prototype);
                    Reconstruction result = attack.Run(target.Vectors, ShortAttack, RandomSource.Create(options.Seed, AttackStream), null, cancellation) with { ClusterId = prototype.ClusterId };
                    cancellation.ThrowIfCancellationRequested();

                    // Always against the clean image prototype, so that releases can be compared.
                    result = references.Judge(result, target with { Modality = Modality.Image });
                    table.Add(
                        name, prototype.ClusterId, modality, prototype.Count, prototype.Epsilon, prototype.Sigma, result.ReferenceSimilarity, result.DecoySimilarity, result.SourceRank, result.Score, result.NearestMemberSimilarity, result.Psnr, result.Ssim);
                    return result;
                }),
            ];
            if (found.Length == attacked.Length)
            {
                labels.Add(name);
                tiles.AddRange(found.Select(r => new GridTile(
                    new RgbImage(r.Image, r.ImageSize, r.ImageSize), string.Create(CultureInfo.InvariantCulture, $"score {r.ReferenceSimilarity:F2}, other {r.DecoySimilarity:F2}"))));
                findings.Add(string.Create(CultureInfo.InvariantCulture, $"{name} {found.Average(r => r.ReferenceSimilarity):F2} ({found.Average(r => r.DecoySimilarity):F2})"));
            }
        }

        // Tiles came release by release; rows are clusters.
        GridTile[] rows = [.. Enumerable.Range(0, attacked.Length).SelectMany(c => Enumerable.Range(0, labels.Count).Select(r => tiles[(r * attacked.Length) + c]))];
        ImageGrid.Table([.. attacked.Select(c => string.Create(CultureInfo.InvariantCulture, $"Cluster {c.Id}"))], labels, rows, "Short reconstruction attacks").SavePng(Path.Combine(options.Output, "figure7.png"));
        Report("Figure 7", string.Create(CultureInfo.InvariantCulture, $"{table.Count} short attacks, mean cosine of the picture to its clean prototype (to the other): {string.Join(", ", findings)}"), table);
        return true;
    }
}
