namespace QosValuation;

/// <summary>How records are grouped into semantic clusters.</summary>
public enum ClusteringAlgorithm
{
    /// <summary>One pass in arrival order: a record joins the most similar cluster that is similar enough, or founds one.</summary>
    Online,

    /// <summary>Spherical k-means with k-means++ seeding: a given number of clusters, found over the whole input.</summary>
    KMeans,

    /// <summary>DBSCAN on cosine distance: clusters of any shape where records lie densely; the rest is noise.</summary>
    Dbscan,
}
