using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Embeddings.Clustering;

/// <summary>k-means and DBSCAN over records: everything is collected first, so that late embeddings count in full.</summary>
/// <remarks>
/// k-means numbers its clusters by the arrival of their first record, DBSCAN by that of their first core. Memory: the vectors,
/// and a copy of the placing one of each record.
/// </remarks>
internal sealed class BatchEmbeddingClusterer(ClusteringOptions options, Action<ClipEmbedding>? labelled, Action<QosValuationException> faulted)
    : EmbeddingClusterer(options, labelled, faulted)
{
    private readonly RecordBatch _batch = new();

    private protected override void OnRecord(SemanticRecord record) => _batch.Add(record);

    private protected override void OnLate(int record, ClipEmbedding embedding) => _batch.Add(record, embedding);

    private protected override void Finish(CancellationToken cancellationToken)
    {
        if (_batch.Records.Count == 0)
        {
            return;
        }

        VectorMatrix vectors = _batch.Place(Dimension, Fault, out int[] rows);
        RecordCount = vectors.Count;
        if (RecordCount == 0)
        {
            return;
        }

        SetThreshold(_batch.Records[0]);
        int[] labels = Options.Algorithm == ClusteringAlgorithm.KMeans
            ? LabelByKMeans(vectors, cancellationToken)
            : DensityClustering.Run(vectors, SimilarityThreshold!.Value, Options.MinimumPoints, Options, cancellationToken);
        MakeClusters(vectors, rows, labels);
    }

    private int[] LabelByKMeans(VectorMatrix vectors, CancellationToken cancellationToken)
    {
        RandomSource random = RandomSource.Create(Options.Seed);
        KMeansResult result = SphericalKMeans.Run(vectors, Options.ClusterCount!.Value, random, Options, cancellationToken);
        IsConverged = result.Converged;
        int[] numbers = new int[Options.ClusterCount.Value];
        Array.Fill(numbers, -1);
        int clusters = 0;
        int[] labels = new int[vectors.Count];
        for (int i = 0; i < labels.Length; i++)
        {
            ref int number = ref numbers[result.Labels[i]];
            if (Options.SimilarityThreshold is double least && result.Similarities[i] < (float)least - CosineKernel.Rounding)
            {
                labels[i] = DensityClustering.Noise;
            }
            else
            {
                labels[i] = number < 0 ? number = clusters++ : number;
            }
        }

        return labels;
    }

    private void MakeClusters(VectorMatrix vectors, int[] rows, int[] labels)
    {
        int clusters = labels.Max() + 1;
        Novelty[] novelties = new Novelty[labels.Length];
        ClusterTally[] tallies = new ClusterTally[clusters];
        int[] firsts = new int[clusters];
        double[][] sums = [.. Enumerable.Range(0, clusters).Select(_ => new double[vectors.Dimension])];
        for (int row = 0; row < labels.Length; row++)
        {
            int label = labels[row];
            if (label == DensityClustering.Noise)
            {
                NoiseCount++;
                novelties[row] = Novelty.Noise;
                continue;
            }

            if (tallies[label].Count == 0)
            {
                firsts[label] = row;
            }

            novelties[row] = tallies[label].Take(Rule, row);
            ReadOnlySpan<float> vector = vectors[row];
            double[] sum = sums[label];
            for (int k = 0; k < sum.Length; k++)
            {
                sum[k] += vector[k];
            }
        }

        List<ClipEmbedding>[] members = [.. sums.Select(_ => new List<ClipEmbedding>())];
        foreach ((int record, ClipEmbedding embedding) in _batch.Arrivals)
        {
            int row = rows[record];
            if (row < 0)
            {
                continue;
            }

            int? cluster = labels[row] == DensityClustering.Noise ? null : labels[row];
            ClipEmbedding labelled = embedding with { ClusterId = cluster, Novelty = novelties[row] };
            Emit(labelled);
            if (cluster is int id && Options.KeepMembers)
            {
                members[id].Add(labelled);
            }
        }

        _batch.Clear();
        Clusters = [.. sums.Select((sum, id) => new SemanticCluster
        {
            Id = id,
            Count = tallies[id].Count,
            Centroid = Normalize(sum, vectors[firsts[id]]),
            IsConfirmed = tallies[id].ConfirmedAt is not null,
            ConfirmedAt = tallies[id].ConfirmedAt,
            Members = members[id],
        })];
    }

    private static float[] Normalize(double[] sum, ReadOnlySpan<float> first)
    {
        // Where members cancel out no direction is central: the first of them stands for the cluster.
        float[] unit = [.. sum.Select(x => (float)x)];
        return UnitVector.Norm(unit) > 1e-9 && UnitVector.TryNormalize(unit) ? unit : first.ToArray();
    }
}
