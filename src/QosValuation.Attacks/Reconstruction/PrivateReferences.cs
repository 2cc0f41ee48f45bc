using System.Globalization;
using System.Numerics.Tensors;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Prototypes;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Attacks.Reconstruction;

/// <summary>
/// The truth that an auditor holds and an attacker does not: clusters with their members, clean prototypes, or private
/// embeddings. Judges what an attacker came up with. Not thread-safe.
/// </summary>
/// <remarks>
/// The truth of a prototype is the clean prototype of the same cluster and modality, and its decoys are those of the other
/// clusters. The truth of an embedding is the reference of the same item and modality, of the same
/// source where there are several, and the decoys are the other embeddings of
/// that modality. Where neither matches, a single reference is the truth. Members are the private embeddings of the cluster where
/// there are any, else all of them.
/// </remarks>
/// <param name="preprocessing">How a member's picture is cropped for comparison.</param>
/// <param name="judge">An encoder that was not attacked, which judges likeness; null for none. It stays the caller's.</param>
public sealed class PrivateReferences(ImagePreprocessing preprocessing, PerceptualJudge? judge = null)
{
    /// <summary>The judge looks at this many members of a source, and at this many other sources, evenly spaced.</summary>
    private const int MostMembers = 64;
    private const int MostSources = 1024;

    private readonly ImagePreprocessor _preprocessor = new(preprocessing);
    private readonly List<Truth> _truths = [];
    private readonly List<ClipEmbedding> _members = [];
    private readonly Dictionary<string, byte[]?> _pictures = new(StringComparer.Ordinal);

    /// <summary>The number of references that can be a truth or a decoy.</summary>
    public int Count => _truths.Count;

    /// <summary>Adds a cluster: its clean prototypes and its members. O(members·d).</summary>
    /// <param name="cluster">The cluster with its members.</param>
    /// <exception cref="QosValuationException">As <see cref="PrototypeReleaser.Release(SemanticCluster)"/>.</exception>
    public void Add(SemanticCluster cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);

        var releaser = new PrototypeReleaser(new PrototypeReleaseOptions { Mechanism = PrivacyMechanism.None }, RandomSource.Create(0));
        foreach (DpPrototype clean in releaser.Release(cluster))
        {
            Add(clean);
        }

        _members.AddRange(cluster.Members.Select(member => member with { ClusterId = cluster.Id }));
    }

    /// <summary>Adds a clean prototype.</summary>
    /// <param name="prototype">A release without noise.</param>
    public void Add(DpPrototype prototype)
    {
        ArgumentNullException.ThrowIfNull(prototype);
        _truths.Add(new Truth(prototype.ClusterId, null, prototype.Modality, Usable(prototype.Vector, prototype)));
    }

    /// <summary>Adds a private embedding.</summary>
    /// <param name="embedding">The embedding; its Source is read as a picture where it is an image file.</param>
    public void Add(ClipEmbedding embedding)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        _truths.Add(new Truth(null, embedding.Item, embedding.Modality, Usable(embedding.Vector, embedding), embedding.Source));
        _members.Add(embedding);
    }

    /// <summary>Compares a reconstruction with the truth. O((truths + members)·d) and the decoding of one picture.</summary>
    /// <param name="reconstruction">What an attacker came up with.</param>
    /// <param name="target">What was attacked.</param>
    /// <returns>The reconstruction with its similarity to the truth, rank, PSNR, SSIM and the judge's word, as far as there are references for them.</returns>
    public QosValuation.Reconstruction Judge(QosValuation.Reconstruction reconstruction, AttackTarget target)
    {
        ArgumentNullException.ThrowIfNull(reconstruction);
        ArgumentNullException.ThrowIfNull(target);
        Truth[] all = [.. _truths.Where(t => target.Modality is null || t.Modality == target.Modality)];
        Truth? truth = target.ClusterId >= 0 ? Array.Find(all, t => t.ClusterId == target.ClusterId) : null;
        truth ??= target.Item is null ? null : Array.Find(all, t => t.Item == target.Item && t.Source == target.Name)
            ?? Array.Find(all, t => t.Item == target.Item);
        truth ??= all.Length == 1 && (all[0].ClusterId is null || target.ClusterId < 0) ? all[0] : null;
        if (truth is not null)
        {
            // Decoys are of the truth's own kind: clean prototypes beside a prototype, embeddings beside an embedding.
            float[][] decoys = [.. all.Where(t => t != truth && t.ClusterId.HasValue == truth.ClusterId.HasValue).Select(t => t.Vector)];
            reconstruction = reconstruction with
            {
                ReferenceSimilarity = Cosine(reconstruction, truth.Vector),
                SourceRank = decoys.Length == 0 ? 0 : ReconstructionAttack.Rank(reconstruction.Embedding, truth.Vector, decoys),
                Decoys = decoys.Length,
                DecoySimilarity = decoys.Length == 0 ? double.NaN : decoys.Average(d => Cosine(reconstruction, d)),
            };
        }

        ClipEmbedding[] members = [.. _members.Where(m => target.ClusterId >= 0 && m.ClusterId == target.ClusterId)];
        members = members.Length > 0 ? members : [.. _members];
        if (members.Length == 0)
        {
            return reconstruction;
        }

        ClipEmbedding[] nearest = [.. members.OrderByDescending(m => Cosine(reconstruction, m.Vector))];
        reconstruction = reconstruction with { NearestMemberSimilarity = Cosine(reconstruction, nearest[0].Vector) };
        reconstruction = Perceive(reconstruction, target, truth, nearest[0]);
        byte[]? picture = reconstruction.ImageSize == _preprocessor.ImageSize
            ? nearest.Where(m => m.Modality == Modality.Image).Select(m => Picture(m.Source)).FirstOrDefault()
            : null;
        return picture is null ? reconstruction : reconstruction with
        {
            Psnr = ImageQuality.Psnr(reconstruction.Image, picture),
            Ssim = reconstruction.ImageSize < ImageQuality.SmallestSide ? double.NaN
                : ImageQuality.Ssim(reconstruction.Image, picture, reconstruction.ImageSize, reconstruction.ImageSize),
        };
    }

    /// <summary>What the judge says: of a picture by the pictures of the members, of a caption by their captions.</summary>
    private QosValuation.Reconstruction Perceive(QosValuation.Reconstruction found, AttackTarget target, Truth? truth, ClipEmbedding nearest)
    {
        Modality modality = found.Image.Length > 0 ? Modality.Image : Modality.Text;
        bool readable = modality == Modality.Image || found.Method == ReconstructionMethod.TextInversion;
        float[]? find = judge is null || !readable ? null
            : modality == Modality.Image ? judge.EmbedPicture(found.Image, found.ImageSize) : judge.EmbedText(found.Text!);
        if (find is null)
        {
            return found;
        }

        // A source is a cluster, or a record outside of clusters.
        string own = _members.Exists(m => m.ClusterId == target.ClusterId && target.ClusterId >= 0)
            ? SourceOf(target.ClusterId, null)
            : truth?.ClusterId is null && truth?.Item is string item ? SourceOf(null, item) : SourceOf(nearest.ClusterId, nearest.Item);
        ILookup<bool, IGrouping<string, ClipEmbedding>> sources = _members.Where(m => m.Modality == modality)
            .GroupBy(m => SourceOf(m.ClusterId, m.Item))
            .ToLookup(source => source.Key == own);
        float[][] Vectors(IEnumerable<ClipEmbedding> members) =>
            [.. Spaced([.. members], MostMembers).Select(m => modality == Modality.Text ? judge!.EmbedText(m.Source)
                : judge!.EmbedReference(m.Source, _preprocessor.ImageSize, Picture)).OfType<float[]>()];
        float[][] truths = Vectors(sources[true].SelectMany(source => source));
        if (truths.Length == 0)
        {
            return found;
        }

        float[][][] others = [.. Spaced([.. sources[false]], MostSources).Select(Vectors).Where(vectors => vectors.Length > 0)];
        (double similarity, double decoys, double baseline, int rank) = PerceptualJudge.Compare(find, truths, others);
        return found with { PerceptualSimilarity = similarity, PerceptualDecoySimilarity = decoys, PerceptualBaseline = baseline, PerceptualRank = rank };
    }

    private static string SourceOf(int? cluster, string? item) =>
        cluster is int id ? string.Create(CultureInfo.InvariantCulture, $"cluster {id}") : $"item {item}";

    private static IEnumerable<T> Spaced<T>(T[] all, int most) =>
        all.Length <= most ? all : Enumerable.Range(0, most).Select(i => all[(int)((long)i * all.Length / most)]);

    /// <summary>Refuses references of another length than an embedding of the attacked model has.</summary>
    internal void Require(int dimension)
    {
        foreach (float[] vector in _truths.Select(t => t.Vector).Concat(_members.Select(m => m.Vector)))
        {
            if (vector.Length != dimension)
            {
                throw Differs(vector.Length, dimension);
            }
        }
    }

    private static QosValuationException Differs(int length, int dimension) =>
        new(Faults.ReferenceInvalid, $"A reference has {length} numbers and the attacked model gives {dimension}; embed both with the same model.", length);

    private static double Cosine(QosValuation.Reconstruction reconstruction, float[] vector) => vector.Length == reconstruction.Embedding.Length
        ? TensorPrimitives.CosineSimilarity<float>(reconstruction.Embedding, vector)
        : throw Differs(vector.Length, reconstruction.Embedding.Length);

    private static float[] Usable(float[] vector, object subject) => UnitVector.Norm(vector) is > 0 and < double.PositiveInfinity
        ? vector
        : throw new QosValuationException(
            Faults.ReferenceInvalid, FaultKind.InvalidData, "A reference is zero or not finite, so nothing can be compared with it.", subject);

    /// <summary>The picture as the encoder sees it; null where the source is no image file that can be read.</summary>
    private byte[]? Picture(string source)
    {
        if (!_pictures.TryGetValue(source, out byte[]? picture))
        {
            try
            {
                picture = ImageFileFinder.IsImage(source) && File.Exists(source) ? new byte[3 * _preprocessor.ImageSize * _preprocessor.ImageSize] : null;
                if (picture is not null)
                {
                    _preprocessor.Crop(source, picture);
                }
            }
            catch (QosValuationException)
            {
                // A reference that cannot be decoded leaves PSNR and SSIM open, no more.
                picture = null;
            }

            _pictures.Add(source, picture);
        }

        return picture;
    }

    private sealed record Truth(int? ClusterId, string? Item, Modality Modality, float[] Vector, string? Source = null);
}
