using System.Globalization;
using QosValuation.Foundation.Sharding;

namespace QosValuation.Attacks.Reconstruction;

/// <summary>A released vector and what the attacker knows about it.</summary>
public sealed record AttackTarget
{
    /// <summary>Names the target in messages and files.</summary>
    public required string Name { get; init; }

    /// <summary>What a picture should embed to; at least one. The first of the first encoder is the released vector.</summary>
    public required IReadOnlyList<ReconstructionTarget> Vectors { get; init; }

    /// <summary>The cluster; −1 where the target is no prototype.</summary>
    public int ClusterId { get; init; } = -1;

    /// <summary>The modality of the released vector; null where it is not known.</summary>
    public Modality? Modality { get; init; }

    /// <summary>The name of the encoder that made the released vector; empty where it is not known.</summary>
    public string Model { get; init; } = string.Empty;

    /// <summary>The record that was embedded, where a single embedding is attacked; null otherwise.</summary>
    public string? Item { get; init; }

    /// <summary>σ per coordinate of the noise in the release, as published with it; 0 for none, NaN where it is not known.</summary>
    public double Sigma { get; init; }

    /// <summary>The records averaged in the release, at least 1.</summary>
    public int Count { get; init; } = 1;

    /// <summary>
    /// What decides the <see cref="Shard"/> of the target: the cluster and modality; without one the item, or the name. The releases of one item to
    /// several models share it.
    /// </summary>
    public string ShardIdentity => Foundation.Sharding.ShardIdentity.OfName(
        ClusterId >= 0 ? string.Create(CultureInfo.InvariantCulture, $"cluster {ClusterId} {Modality}") : string.IsNullOrEmpty(Item) ? Name : Item);

    /// <summary>What a prototype says about itself.</summary>
    /// <param name="prototype">The release.</param>
    /// <returns>
    /// The target. A prototype on the sphere gets the length back that the noise makes likely, √(1 + dσ²), so that σ says again how
    /// much of it is noise; after other post-processing nobody can tell, and <see cref="Sigma"/> is NaN.
    /// </returns>
    public static AttackTarget Of(DpPrototype prototype)
    {
        ArgumentNullException.ThrowIfNull(prototype);
        return new AttackTarget
        {
            Name = $"cluster {prototype.ClusterId} {(prototype.Modality == QosValuation.Modality.Image ? "image" : "text")}",
            Vectors = [new ReconstructionTarget(prototype.Vector)],
            ClusterId = prototype.ClusterId,
            Modality = prototype.Modality,
            Model = prototype.Model,
            Sigma = prototype.Sigma,
            Count = Math.Max(1, prototype.Count),
        }.After(prototype.PostProcessing);
    }

    /// <summary>The target of a release that was processed after its noise was drawn.</summary>
    /// <param name="processing">What was done.</param>
    /// <returns>The target with its length restored, or with an unknown σ.</returns>
    public AttackTarget After(PrototypePostProcessing processing)
    {
        switch (processing)
        {
            case PrototypePostProcessing.None:
                return this;
            case PrototypePostProcessing.Sphere:
                float length = (float)Math.Sqrt(1 + (Vectors[0].Vector.Length * Sigma * Sigma));
                return this with { Vectors = [Vectors[0] with { Vector = Array.ConvertAll(Vectors[0].Vector, x => x * length) }, .. Vectors.Skip(1)] };
            default:
                return this with { Sigma = double.NaN };
        }
    }

    /// <summary>A cluster's centroid, which no noise protects.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <returns>The target.</returns>
    public static AttackTarget Of(SemanticCluster cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        bool hasImages = cluster.Members.Any(member => member.Modality == QosValuation.Modality.Image);
        return new AttackTarget
        {
            Name = $"cluster {cluster.Id}",
            Vectors = [new ReconstructionTarget(cluster.Centroid)],
            ClusterId = cluster.Id,
            Modality = hasImages ? QosValuation.Modality.Image : QosValuation.Modality.Text,
            Model = cluster.ModelOf(),
            Count = Math.Max(1, cluster.Count),
        };
    }

    /// <summary>An embedding that leaked as it is.</summary>
    /// <param name="embedding">The embedding.</param>
    /// <returns>The target.</returns>
    public static AttackTarget Of(ClipEmbedding embedding)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        return new AttackTarget
        {
            Name = embedding.Source.Length > 0 ? embedding.Source : embedding.Item,
            Vectors = [new ReconstructionTarget(embedding.Vector)],
            Modality = embedding.Modality,
            Model = embedding.Model ?? string.Empty,
            Item = embedding.Item,
        };
    }

    /// <summary>A vector of which nothing else is known.</summary>
    /// <param name="vector">The released vector.</param>
    /// <param name="name">The target's name.</param>
    /// <returns>The target.</returns>
    public static AttackTarget Of(float[] vector, string name) => new() { Name = name, Vectors = [new ReconstructionTarget(vector)] };

    /// <summary>The target of a prototype that was read back from a file as an embedding with further columns.</summary>
    /// <param name="clusterId">The cluster.</param>
    /// <param name="sigma">σ per coordinate of its noise, at least 0.</param>
    /// <param name="count">The records averaged; below 1 counts as 1.</param>
    /// <param name="processing">What was done to it after its noise was drawn.</param>
    /// <returns>The target with this knowledge.</returns>
    public AttackTarget AsPrototype(int clusterId, double sigma, double count, PrototypePostProcessing processing) => (this with
    {
        Name = string.Create(CultureInfo.InvariantCulture, $"cluster {clusterId} {(Modality == QosValuation.Modality.Image ? "image" : "text")}"),
        ClusterId = clusterId,
        Item = null,
        Sigma = sigma,
        Count = (int)Math.Max(1, count),
    }).After(processing);
}
