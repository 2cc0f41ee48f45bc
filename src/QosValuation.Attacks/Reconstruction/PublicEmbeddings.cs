using System.Numerics.Tensors;
using QosValuation.Foundation.Numerics;

namespace QosValuation.Attacks.Reconstruction;

/// <summary>
/// Public embeddings as an attacker's prior knowledge: the nearest one to a released vector, and the posterior mean of the
/// clean vector behind a noisy one.
/// </summary>
/// <remarks>
/// A cosine does not see scale, so shrinking a noisy vector gains an attacker nothing; what gains is where embeddings lie. Public
/// prototypes stand for that: for a release of n records, each public embedding is averaged with its n − 1 nearest public
/// neighbours, as a cluster of n would be. <see cref="PrototypePrior"/> has the estimators, and chooses among them.
/// Not thread-safe.
/// </remarks>
public sealed class PublicEmbeddings
{
    /// <summary>Public prototypes are built around at most so many embeddings, evenly spaced: it bounds O(anchors · n · d).</summary>
    private const int MaximumAnchors = 2048;

    private readonly List<ClipEmbedding> _embeddings = [];
    private readonly Dictionary<(Modality? Modality, int Count), PrototypePrior> _priors = [];

    /// <summary>The number of embeddings.</summary>
    public int Count => _embeddings.Count;

    /// <summary>The length of the embeddings; 0 before the first.</summary>
    public int Dimension => _embeddings.Count == 0 ? 0 : _embeddings[0].Dimension;

    /// <summary>Adds an embedding.</summary>
    /// <param name="embedding">A public image or text, embedded with the model that is attacked.</param>
    /// <exception cref="QosValuationException"><c>PublicEmbeddingInvalid</c>: another dimension than those before, or no direction.</exception>
    public void Add(ClipEmbedding embedding)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        float[] vector = [.. embedding.Vector];
        if (vector.Length == 0 || (_embeddings.Count > 0 && vector.Length != _embeddings[0].Dimension) || !UnitVector.TryNormalize(vector))
        {
            throw new QosValuationException(
                Faults.PublicEmbeddingInvalid, FaultKind.InvalidData, $"The public embedding of '{embedding.Source}' is not usable: it must be finite, not "
                    + $"zero, and of the same length as the others.", embedding);
        }

        _embeddings.Add(embedding with { Vector = vector });
        _priors.Clear();
    }

    /// <summary>The public embedding nearest to a vector by cosine. O(N·d).</summary>
    /// <param name="vector">The released vector.</param>
    /// <param name="modality">Only embeddings of this modality where there are any; null for all.</param>
    /// <returns>The embedding, the first of several as near.</returns>
    /// <exception cref="QosValuationException"><c>PublicEmbeddingsMissing</c>, <c>AttackTargetInvalid</c>.</exception>
    public ClipEmbedding Nearest(ReadOnlySpan<float> vector, Modality? modality = null)
    {
        ClipEmbedding? best = null;
        float score = float.NegativeInfinity;
        foreach (ClipEmbedding candidate in Of(modality, vector.Length))
        {
            float cosine = TensorPrimitives.CosineSimilarity(vector, candidate.Vector);
            if (cosine > score || best is null)
            {
                (best, score) = (candidate, cosine);
            }
        }

        return best!;
    }

    /// <summary>
    /// The posterior mean of the clean prototype; see <see cref="PrototypePrior"/>. O(anchors·N·d) once for each count, then O(anchors·d² + d³) once for
    /// each σ.
    /// </summary>
    /// <param name="vector">The released vector, not normalised.</param>
    /// <param name="sigma">σ ≥ 0 of the noise per coordinate; 0 returns the vector itself.</param>
    /// <param name="count">n ≥ 1: the records averaged in the release.</param>
    /// <param name="modality">The modality of the release; null where it is not known.</param>
    /// <returns>The estimate, not normalised.</returns>
    /// <exception cref="QosValuationException"><c>PublicEmbeddingsMissing</c>, <c>AttackTargetInvalid</c>.</exception>
    public float[] Denoise(float[] vector, double sigma, int count, Modality? modality = null)
    {
        ArgumentNullException.ThrowIfNull(vector);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (!(sigma >= 0) || !double.IsFinite(sigma))
        {
            throw new QosValuationException(Faults.SigmaOutOfRange, $"σ is {sigma}; give a finite number of at least 0.", sigma);
        }

        if (sigma == 0)
        {
            return [.. vector];
        }

        return Prior(modality, count, vector.Length).Denoise(vector, sigma);
    }

    private ClipEmbedding[] Of(Modality? modality, int dimension)
    {
        if (_embeddings.Count == 0)
        {
            throw new QosValuationException(
                Faults.PublicEmbeddingsMissing, "This attacker needs public embeddings, and there are none; give some with -Public.");
        }

        if (_embeddings[0].Dimension != dimension)
        {
            throw new QosValuationException(
                Faults.AttackTargetInvalid, $"The released vector has {dimension} numbers and the public embeddings have {_embeddings[0].Dimension}; embed "
                    + $"both with the same model.", dimension);
        }

        ClipEmbedding[] matching = [.. _embeddings.Where(e => modality is null || e.Modality == modality)];
        return matching.Length > 0 ? matching : [.. _embeddings];
    }

    private PrototypePrior Prior(Modality? modality, int count, int dimension)
    {
        if (_priors.TryGetValue((modality, count), out PrototypePrior? known))
        {
            return known;
        }

        float[][] all = [.. Of(modality, dimension).Select(e => e.Vector)];
        int anchors = Math.Min(all.Length, MaximumAnchors);
        int near = Math.Min(count, all.Length);
        float[][] prototypes = new float[anchors][];
        Parallel.For(0, anchors, i =>
        {
            float[] anchor = all[(int)((long)i * all.Length / anchors)];
            prototypes[i] = near == 1 ? anchor : Mean(all, anchor, near);
        });
        var prior = new PrototypePrior(prototypes);
        _priors.Add((modality, count), prior);
        return prior;
    }

    private static float[] Mean(float[][] all, float[] anchor, int near)
    {
        float[] cosines = [.. all.Select(other => TensorPrimitives.Dot<float>(anchor, other))];
        int[] order = [.. Enumerable.Range(0, all.Length).OrderByDescending(i => cosines[i]).Take(near)];
        float[] mean = new float[anchor.Length];
        foreach (int i in order)
        {
            TensorPrimitives.Add(mean, all[i], mean);
        }

        TensorPrimitives.Divide(mean, near, mean);
        return mean;
    }
}
