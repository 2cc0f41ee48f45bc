namespace QosValuation;

/// <summary>What is done to released prototypes to make them more useful. It costs no privacy, because it looks at nothing but what was released.</summary>
public enum PrototypePostProcessing
{
    /// <summary>Nothing: the mean plus noise.</summary>
    None,

    /// <summary>Projection to the unit sphere, where embeddings lie.</summary>
    Sphere,

    /// <summary>
    /// The posterior mean under a Gaussian prior that is estimated from the released prototypes of the modality themselves: each
    /// moves towards their average, the further the noisier it is (empirical Bayes).
    /// </summary>
    Shrink,

    /// <summary>The mean of a cluster's image and text prototype, projected to the unit sphere, in the place of both.</summary>
    Average,

    /// <summary>
    /// A cluster's image and text prototype one after the other, in one vector of twice the length, in the place of both: keeps what the average mixes.
    /// </summary>
    Join,
}
