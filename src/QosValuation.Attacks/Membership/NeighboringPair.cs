using QosValuation.Embeddings.Clustering;
using QosValuation.Embeddings.Prototypes;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Attacks.Membership;

/// <summary>
/// Two neighbouring datasets of one cluster and modality, one with a record in question and one without it, and the likelihood
/// ratio by which an attacker who knows everything else tells their releases apart. Immutable; safe to share between threads.
/// </summary>
/// <remarks>
/// Isotropic Gaussian noise of deviation σ on means m₁ and m₀ gives the log-likelihood ratio ⟨v − (m₁ + m₀)/2, m₁ − m₀⟩/σ² of a
/// released vector v: N(±μ²/2, μ²) with μ = ‖m₁ − m₀‖/σ. Discrete Gaussian noise has the same ratio on its grid. By Neyman and
/// Pearson's lemma no other statistic separates the two better. Where the count is released with noise (under AddRemove, and of public centroids), the noisy
/// sum ñ·v takes the place of v and the ratio of the probabilities of the rounded ñ is added.
/// </remarks>
public sealed class NeighboringPair
{
    private readonly double[] _memberSum;
    private readonly double[] _otherSum;
    private readonly double[] _difference;
    private readonly double _differenceSquare;
    private readonly double _middle;

    private NeighboringPair(
        SemanticCluster cluster,
        Modality modality,
        ClipEmbedding[] member,
        ClipEmbedding[] other,
        double[] memberSum,
        int memberCount,
        double[] otherSum,
        int otherCount)
    {
        Modality = modality;
        Member = With(cluster, member, memberCount);
        Other = With(cluster, other, otherCount);
        _memberSum = memberSum;
        _otherSum = otherSum;

        // The means, for a count that is released as it is; the sums where it is not.
        _difference = new double[memberSum.Length];
        for (int i = 0; i < _difference.Length; i++)
        {
            _difference[i] = memberSum[i] / memberCount - otherSum[i] / otherCount;
            _differenceSquare += _difference[i] * _difference[i];
            _middle += _difference[i] * (memberSum[i] / memberCount + otherSum[i] / otherCount) / 2;
        }
    }

    /// <summary>The modality whose prototype is released.</summary>
    public Modality Modality { get; }

    /// <summary>The dataset that holds the record in question.</summary>
    public SemanticCluster Member { get; }

    /// <summary>The neighbour without it: with another record in its place, or with one record less.</summary>
    public SemanticCluster Other { get; }

    /// <summary>
    /// The pair that lies furthest apart: a record x against its opposite −x, or against none, beside records of random directions.
    /// O(count·dimension).
    /// </summary>
    /// <param name="neighboring">Whether the record is replaced or removed.</param>
    /// <param name="count">The number of records with x: at least 1, and 2 for AddRemove.</param>
    /// <param name="dimension">The length of the vectors, at least 1.</param>
    /// <param name="random">Draws the directions.</param>
    /// <returns>The pair, of images.</returns>
    public static NeighboringPair WorstCase(Neighboring neighboring, int count, int dimension, RandomSource random)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, neighboring == Neighboring.AddRemove ? 2 : 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimension);
        ArgumentNullException.ThrowIfNull(random);
        var members = new ClipEmbedding[count];
        for (int i = 0; i < count; i++)
        {
            float[] vector = new float[dimension];
            do
            {
                for (int j = 0; j < dimension; j++)
                {
                    vector[j] = (float)random.NextNormal();
                }
            }
            while (!UnitVector.TryNormalize(vector));
            members[i] = new ClipEmbedding { Source = string.Empty, Item = string.Empty, Modality = Modality.Image, Vector = vector, Ordinal = i };
        }

        var cluster = new SemanticCluster { Id = 0, Count = count, Centroid = members[0].Vector, IsConfirmed = true, Members = members };
        return WithinCluster.Of(cluster, Modality.Image, clip: true).WorstPair(0, neighboring);
    }

    /// <summary>The pairs in which the first record of a cluster changes as far as it can: turned round, or taken away. O(members·d).</summary>
    /// <param name="cluster">The cluster with its members.</param>
    /// <param name="neighboring">Whether the record is replaced or removed.</param>
    /// <param name="modalities">The modalities; null for all that the cluster has.</param>
    /// <returns>A pair for each modality, images first.</returns>
    /// <exception cref="QosValuationException"><c>ClusterWithoutMembers</c>, the fault of a member, or <c>ClusterTooSmall</c>.</exception>
    public static IReadOnlyList<NeighboringPair> OfCluster(SemanticCluster cluster, Neighboring neighboring, IReadOnlyCollection<Modality>? modalities = null)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        int smallest = neighboring == Neighboring.AddRemove ? 2 : 1;
        NeighboringPair[] pairs = [.. WithinCluster.Of(cluster, clip: true)
            .Where(records => records.Count >= smallest && (modalities?.Contains(records.Modality) ?? true))
            .Select(records => records.WorstPair(0, neighboring))];
        return pairs.Length > 0
            ? pairs
            : throw new QosValuationException(
                Faults.ClusterTooSmall,
                $"Cluster {cluster.Id} has fewer than {smallest} records of the modality, so no dataset would be left without the "
                + "record; leave it out.",
                cluster);
    }

    /// <summary>The distance of the two datasets' releases in standard deviations: μ, which decides everything about how well they can be told apart.</summary>
    /// <param name="prototype">A release of either, for its σ and whether its count is noisy.</param>
    /// <returns>μ ≥ 0; +∞ without noise. The rounding of a noisy count takes a little away from it.</returns>
    public double Mu(DpPrototype prototype)
    {
        ArgumentNullException.ThrowIfNull(prototype);
        if (!prototype.HasNoisyCount)
        {
            return Member.Count != Other.Count ? double.PositiveInfinity
                : _differenceSquare == 0 ? 0
                : Math.Sqrt(_differenceSquare) / prototype.Sigma;
        }

        double square = 0;
        for (int i = 0; i < _memberSum.Length; i++)
        {
            double difference = _memberSum[i] - _otherSum[i];
            square += difference * difference;
        }

        double counts = PrototypeReleaser.CountWeight * (Member.Count - Other.Count);
        return Math.Sqrt(square + counts * counts) / (prototype.Sigma * prototype.Count);
    }

    /// <summary>The log-likelihood ratio of a release: large where it speaks for <see cref="Member"/>. O(d).</summary>
    /// <param name="prototype">A release of either dataset; its Sigma, Count and HasNoisyCount are what the attacker is told.</param>
    /// <returns>ln p(release | member) − ln p(release | other); ±∞ where the release settles the matter.</returns>
    public double LogLikelihoodRatio(DpPrototype prototype)
    {
        ArgumentNullException.ThrowIfNull(prototype);
        if (prototype.HasNoisyCount)
        {
            return NoisyCountRatio(prototype);
        }

        if (Member.Count != Other.Count)
        {
            // A count that is told as it is.
            return prototype.Count == Member.Count ? double.PositiveInfinity : double.NegativeInfinity;
        }

        double score = Project(prototype.Vector);
        double variance = prototype.Sigma * prototype.Sigma;
        return variance > 0 ? score / variance
            : score > 0 ? double.PositiveInfinity
            : score < 0 ? double.NegativeInfinity
            : 0;
    }

    /// <summary>The place of a vector between the means of the two datasets, for mechanisms of which nothing is known. O(d).</summary>
    /// <param name="vector">A released vector.</param>
    /// <returns>⟨v − (m₁ + m₀)/2, m₁ − m₀⟩: above 0 nearer to <see cref="Member"/>.</returns>
    /// <exception cref="QosValuationException"><c>ReleaseNotValid</c> where the vector is of another length.</exception>
    public double Project(ReadOnlySpan<float> vector)
    {
        if (vector.Length != _difference.Length)
        {
            throw new QosValuationException(
                Faults.ReleaseNotValid,
                $"The release has {vector.Length} components, the records {_difference.Length}: return a vector as long as theirs.",
                vector.Length);
        }

        double score = -_middle;
        for (int i = 0; i < _difference.Length; i++)
        {
            score += vector[i] * _difference[i];
        }

        return score;
    }

    private double NoisyCountRatio(DpPrototype prototype)
    {
        double sigma = prototype.Sigma * prototype.Count;
        double score = 0;
        for (int i = 0; i < _memberSum.Length; i++)
        {
            score += ((double)prototype.Vector[i] * prototype.Count - (_memberSum[i] + _otherSum[i]) / 2) * (_memberSum[i] - _otherSum[i]);
        }

        double deviation = sigma / PrototypeReleaser.CountWeight;
        return score / (sigma * sigma)
            + LogCountProbability(prototype.Count, Member.Count, deviation)
            - LogCountProbability(prototype.Count, Other.Count, deviation);
    }

    // ln of the probability that count + N(0, deviation²), rounded and raised to 1, is this.
    private static double LogCountProbability(int noisy, int count, double deviation)
    {
        double upper = (noisy + 0.5 - count) / deviation;
        if (noisy == 1)
        {
            return NormalTail.LogCdf(upper);
        }

        double lower = (noisy - 0.5 - count) / deviation;
        if (lower > 0)
        {
            (lower, upper) = (-upper, -lower);
        }

        double logUpper = NormalTail.LogCdf(upper);
        return logUpper + NormalTail.LogOnePlus(-Math.Exp(NormalTail.LogCdf(lower) - logUpper));
    }

    private static SemanticCluster With(SemanticCluster cluster, ClipEmbedding[] members, int count) => cluster with { Members = members, Count = count };

    /// <summary>A cluster's records of one modality, from which pairs are made.</summary>
    internal sealed class WithinCluster
    {
        private readonly SemanticCluster _cluster;
        private readonly Modality _modality;
        private readonly List<ClipEmbedding[]> _records;
        private readonly double[][] _vectors;
        private readonly double[] _total;

        private WithinCluster(SemanticCluster cluster, Modality modality, List<ClipEmbedding[]> records, RecordVectors vectors, bool clip)
        {
            _cluster = cluster;
            _modality = modality;
            _records = records;
            _vectors = [.. records.Select((_, record) => vectors.Vector(record, clip))];
            var total = new CompensatedSum[_vectors[0].Length];
            foreach (double[] vector in _vectors)
            {
                for (int i = 0; i < total.Length; i++)
                {
                    total[i].Add(vector[i]);
                }
            }

            _total = Array.ConvertAll(total, sum => sum.Value);
        }

        /// <summary>The number of records of the modality.</summary>
        public int Count => _records.Count;

        /// <summary>Gathers the records that have a modality. O(members·d).</summary>
        /// <param name="cluster">The cluster with its members.</param>
        /// <param name="modality">The modality; at least one record must have it.</param>
        /// <param name="clip">Whether the mechanism cuts vectors to norm 1.</param>
        /// <returns>The records.</returns>
        public static WithinCluster Of(SemanticCluster cluster, Modality modality, bool clip) =>
            Of(cluster, clip).Single(records => records._modality == modality);

        /// <summary>Gathers the records of each modality that a cluster has: images first, then texts. O(members·d).</summary>
        /// <param name="cluster">The cluster with its members.</param>
        /// <param name="clip">Whether the mechanism cuts vectors to norm 1.</param>
        /// <returns>At most one set of records a modality.</returns>
        /// <exception cref="QosValuationException"><c>ClusterWithoutMembers</c>, or the fault of a member.</exception>
        public static IReadOnlyList<WithinCluster> Of(SemanticCluster cluster, bool clip)
        {
            if (cluster.IsPublic && cluster.Count == 0)
            {
                throw new QosValuationException(
                    Faults.ClusterWithoutMembers,
                    $"No record came to cluster {cluster.Id} of a public centroid, so it has neither a record in question nor a clean "
                    + "prototype; leave it out.",
                    cluster);
            }

            if (cluster.Members is null || cluster.Members.Count == 0)
            {
                throw new QosValuationException(
                    Faults.ClusterWithoutMembers,
                    $"Cluster {cluster.Id} carries no members; pass clusters as Group-Embedding emits them.",
                    cluster);
            }

            RecordBatch batch = RecordBatch.OfCluster(cluster, out int dimension);
            (RecordVectors images, RecordVectors texts) = RecordVectors.Collect(cluster, batch, dimension);
            var result = new List<WithinCluster>(2);
            foreach ((Modality modality, RecordVectors vectors) in (ReadOnlySpan<(Modality, RecordVectors)>)[(Modality.Image, images), (Modality.Text, texts)])
            {
                if (vectors.Count > 0)
                {
                    List<ClipEmbedding[]> own = [.. batch.Records
                        .Select(record => record.Embeddings.Where(e => e.Modality == modality).ToArray())
                        .Where(record => record.Length > 0)];
                    result.Add(new WithinCluster(cluster, modality, own, vectors, clip));
                }
            }

            return result;
        }

        /// <summary>The modality of the records.</summary>
        public Modality Modality => _modality;

        /// <summary>The vector that a record gives to the prototype.</summary>
        /// <param name="record">The record's number.</param>
        /// <returns>At most of norm 1.</returns>
        public ReadOnlySpan<double> Vector(int record) => _vectors[record];

        /// <summary>The mean of the records' vectors: the prototype without noise. O(d).</summary>
        /// <returns>At most of norm 1.</returns>
        public float[] Mean() => Array.ConvertAll(_total, x => (float)(x / Count));

        /// <summary>The pair of a record against its worst neighbour: its opposite −x under ReplaceOne, its absence under AddRemove. O(members + d).</summary>
        /// <param name="record">The record in question.</param>
        /// <param name="neighboring">The relation.</param>
        /// <returns>The pair; all records are in the dataset that holds it.</returns>
        public NeighboringPair WorstPair(int record, Neighboring neighboring)
        {
            ClipEmbedding[] with = Members(record, replaced: null);
            double[] vector = _vectors[record];
            if (neighboring == Neighboring.AddRemove)
            {
                return new NeighboringPair(_cluster, _modality, with, Members(-1, record), _total, Count, Shifted(_total, vector, -1), Count - 1);
            }

            ClipEmbedding[] opposite = [.. _records[record].Select(e => e with { Vector = Array.ConvertAll(e.Vector, x => -x) }), .. Members(-1, record)];
            return new NeighboringPair(_cluster, _modality, with, opposite, _total, Count, Shifted(_total, vector, -2), Count);
        }

        /// <summary>The pair of a record in the cluster against another one in its place; one of the two is left out of each dataset. O(members + d).</summary>
        /// <param name="record">The record in question.</param>
        /// <param name="counterpart">The record that takes its place, another one.</param>
        /// <returns>The pair; both datasets hold one record less than the cluster.</returns>
        public NeighboringPair Exchange(int record, int counterpart) => new(
            _cluster,
            _modality,
            Members(record, counterpart),
            Members(counterpart, record),
            Shifted(_total, _vectors[counterpart], -1),
            Count - 1,
            Shifted(_total, _vectors[record], -1),
            Count - 1);

        // The record in question first, then the others but the one replaced.
        private ClipEmbedding[] Members(int first, int? replaced)
        {
            var members = new List<ClipEmbedding>(_records.Count);
            if (first >= 0)
            {
                members.AddRange(_records[first]);
            }

            for (int i = 0; i < _records.Count; i++)
            {
                if (i != first && i != replaced)
                {
                    members.AddRange(_records[i]);
                }
            }

            return [.. members];
        }

        private static double[] Shifted(double[] sum, double[] vector, double factor)
        {
            double[] result = new double[sum.Length];
            for (int i = 0; i < result.Length; i++)
            {
                result[i] = sum[i] + factor * vector[i];
            }

            return result;
        }
    }
}
