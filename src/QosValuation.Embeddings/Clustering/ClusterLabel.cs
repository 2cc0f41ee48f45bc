namespace QosValuation.Embeddings.Clustering;

/// <summary>Reads the cluster labels that other programs write.</summary>
public static class ClusterLabel
{
    /// <summary>
    /// Replaces a negative cluster number by the label noise. scikit-learn and hdbscan write −1 for a record without a cluster;
    /// scikit-learn's HDBSCAN also writes −2 and −3 for records with infinite or missing components.
    /// </summary>
    /// <param name="clusterId">The cluster's number; null on return where it was negative.</param>
    /// <param name="novelty">The record's label; Noise on return where the number was negative.</param>
    /// <returns>False where the number is negative and the label is Novel or Normal; both stay as they are then.</returns>
    public static bool TryNormalize(ref int? clusterId, ref Novelty? novelty)
    {
        if (clusterId is not < 0)
        {
            return true;
        }

        if (novelty is Novelty.Novel or Novelty.Normal)
        {
            return false;
        }

        clusterId = null;
        novelty = Novelty.Noise;
        return true;
    }
}
