namespace QosValuation.Embeddings.Prototypes;

/// <summary>Applies <see cref="PrototypePostProcessing"/> to released prototypes. Uses their vectors and σ only, so that it costs no privacy.</summary>
public static class PrototypePostProcessor
{
    /// <summary>Post-processes prototypes that were released together. O(n·d).</summary>
    /// <param name="prototypes">The prototypes, of vectors of one length; not changed.</param>
    /// <param name="method">What to do.</param>
    /// <returns>
    /// A prototype for each given one, in the same order, with another vector and otherwise as it was: Sensitivity and Sigma go
    /// on telling what the release costs, not how much noise is left.
    /// </returns>
    /// <remarks>
    /// <para>Shrink: clusters' means are taken to be N(g, τ²I) around the modality's average g. τ² is the moment estimate of Paule
    /// and Mandel (1982), which solves Σ‖v_k − g‖²/(τ² + σ_k²) = d·(K − 1) with g weighted by 1/(τ² + σ_k²); the posterior mean is
    /// g + τ²/(τ² + σ_k²)·(v_k − g). Fewer than three prototypes of a modality are left as they are.</para>
    /// <para>Average and Join: prototypes of one cluster and modality that were released repeatedly are first averaged with the
    /// weights 1/σ². Where a cluster lacks a modality, its half of the joined vector is 0.</para>
    /// <para>Prototypes that were processed before: Shrink goes by σ, which is the noise of a vector only as long as nothing was done to
    /// it; and after Average or Join image and text are one, so that nothing more can be done to either.</para>
    /// </remarks>
    /// <exception cref="QosValuationException">
    /// <c>PrototypeDimensionMismatch</c> for vectors of different lengths; <c>PostProcessingNotApplicable</c> for what cannot follow
    /// on what was done before.
    /// </exception>
    public static IReadOnlyList<DpPrototype> Apply(IReadOnlyList<DpPrototype> prototypes, PrototypePostProcessing method)
    {
        ArgumentNullException.ThrowIfNull(prototypes);
        foreach (DpPrototype prototype in prototypes)
        {
            if (prototype.Vector.Length != prototypes[0].Vector.Length)
            {
                throw new QosValuationException(
                    Faults.PrototypeDimensionMismatch,
                    $"The prototype of cluster {prototype.ClusterId} has {prototype.Vector.Length} components, the first one {prototypes[0].Vector.Length}: "
                    + $"process the prototypes of one model at a time.",
                    prototype);
            }
        }

        if (method == PrototypePostProcessing.None)
        {
            return prototypes;
        }

        foreach (DpPrototype prototype in prototypes)
        {
            RequireApplicable(prototype, method);
        }

        float[][] vectors = method switch
        {
            PrototypePostProcessing.Sphere => [.. prototypes.Select(prototype => OnSphere(Array.ConvertAll(prototype.Vector, x => (double)x)))],
            PrototypePostProcessing.Shrink => Shrink(prototypes),
            _ => Combine(prototypes, method),
        };
        return [.. prototypes.Select((prototype, i) => prototype with { Vector = vectors[i], PostProcessing = method })];
    }

    /// <summary>Checks that a post-processing makes sense after what was done to a prototype before. O(1).</summary>
    /// <param name="prototype">The prototype.</param>
    /// <param name="method">What is to be done.</param>
    /// <exception cref="QosValuationException"><c>PostProcessingNotApplicable</c>.</exception>
    public static void RequireApplicable(DpPrototype prototype, PrototypePostProcessing method)
    {
        bool applies = method switch
        {
            PrototypePostProcessing.None => true,
            PrototypePostProcessing.Shrink => prototype.PostProcessing == PrototypePostProcessing.None,
            _ => !CombinesModalities(prototype.PostProcessing),
        };
        if (!applies)
        {
            throw new QosValuationException(
                Faults.PostProcessingNotApplicable,
                $"{method} cannot follow {prototype.PostProcessing}, which was done to the prototype of cluster {prototype.ClusterId} before; apply it to "
                + $"prototypes as they were released.",
                prototype);
        }
    }

    // A vector without direction stays as it is.
    private static float[] OnSphere(double[] vector)
    {
        double square = 0;
        foreach (double x in vector)
        {
            square += x * x;
        }

        double norm = Math.Sqrt(square);
        return Array.ConvertAll(vector, x => (float)(norm > 0 && double.IsFinite(norm) ? x / norm : x));
    }

    /// <summary>Whether the prototypes of a cluster become one vector.</summary>
    /// <param name="method">The post-processing.</param>
    /// <returns>True for Average and Join.</returns>
    public static bool CombinesModalities(PrototypePostProcessing method) => method is PrototypePostProcessing.Average or PrototypePostProcessing.Join;

    private static float[][] Combine(IReadOnlyList<DpPrototype> prototypes, PrototypePostProcessing method)
    {
        int dimension = prototypes.Count == 0 ? 0 : prototypes[0].Vector.Length;
        bool join = method == PrototypePostProcessing.Join;
        var combined = new Dictionary<int, float[]>();
        foreach (IGrouping<int, DpPrototype> cluster in prototypes.GroupBy(prototype => prototype.ClusterId))
        {
            double[] sum = new double[join ? 2 * dimension : dimension];
            foreach (IGrouping<Modality, DpPrototype> modality in cluster.GroupBy(prototype => prototype.Modality))
            {
                // One without noise outweighs all others.
                DpPrototype[] releases = modality.Any(prototype => prototype.Sigma == 0) ? [.. modality.Where(prototype => prototype.Sigma == 0)]
                    : [.. modality];
                double[] weights = [.. releases.Select(release => release.Sigma == 0 ? 1 : 1 / (release.Sigma * release.Sigma))];
                double total = weights.Sum();
                int start = join && modality.Key == Modality.Text ? dimension : 0;
                for (int r = 0; r < releases.Length; r++)
                {
                    for (int i = 0; i < dimension; i++)
                    {
                        sum[start + i] += weights[r] / total * releases[r].Vector[i];
                    }
                }
            }

            combined.Add(cluster.Key, join ? Array.ConvertAll(sum, x => (float)x) : OnSphere(sum));
        }

        return [.. prototypes.Select(prototype => (float[])combined[prototype.ClusterId].Clone())];
    }

    private static float[][] Shrink(IReadOnlyList<DpPrototype> prototypes)
    {
        float[][] vectors = [.. prototypes.Select(prototype => prototype.Vector)];
        foreach (IGrouping<Modality, int> modality in Enumerable.Range(0, prototypes.Count).GroupBy(i => prototypes[i].Modality))
        {
            int[] indices = [.. modality];
            if (indices.Length < 3)
            {
                continue;
            }

            double[] variances = [.. indices.Select(i => prototypes[i].Sigma * prototypes[i].Sigma)];
            float[][] own = [.. indices.Select(i => prototypes[i].Vector)];
            double prior = PriorVariance(own, variances);
            double[] centre = Centre(own, variances, prior);
            for (int k = 0; k < indices.Length; k++)
            {
                double keep = variances[k] == 0 ? 1 : prior / (prior + variances[k]);
                float[] shrunk = new float[centre.Length];
                for (int i = 0; i < shrunk.Length; i++)
                {
                    shrunk[i] = (float)(centre[i] + keep * (own[k][i] - centre[i]));
                }

                vectors[indices[k]] = shrunk;
            }
        }

        return vectors;
    }

    private static double PriorVariance(float[][] vectors, double[] variances)
    {
        double degrees = (double)vectors[0].Length * (vectors.Length - 1);
        double low = 0;

        // Spread without noise bounds the prior from above; with a little room for rounding.
        double high = 1.01 * SquaresAround(vectors, Centre(vectors, [.. variances.Select(_ => 0.0)], 0), [.. variances.Select(_ => 1.0)]) / degrees + 1e-300;
        if (variances.All(variance => variance > 0) && Excess(0) <= 0)
        {
            return 0;
        }

        while (Excess(high) > 0)
        {
            high *= 2;
        }

        for (int i = 0; i < 100 && high - low > 1e-12 * high; i++)
        {
            double middle = low + (high - low) / 2;
            if (Excess(middle) > 0)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return high;

        double Excess(double prior) => SquaresAround(vectors, Centre(vectors, variances, prior), [.. variances.Select(variance => variance + prior)]) - degrees;
    }

    // The average with the weights 1/(τ² + σ²); plain where all of them are infinite.
    private static double[] Centre(float[][] vectors, double[] variances, double prior)
    {
        bool plain = prior == 0 && variances.Any(variance => variance == 0);
        double[] centre = new double[vectors[0].Length];
        double total = 0;
        for (int k = 0; k < vectors.Length; k++)
        {
            double weight = plain ? 1 : 1 / (variances[k] + prior);
            total += weight;
            for (int i = 0; i < centre.Length; i++)
            {
                centre[i] += weight * vectors[k][i];
            }
        }

        for (int i = 0; i < centre.Length; i++)
        {
            centre[i] /= total;
        }

        return centre;
    }

    private static double SquaresAround(float[][] vectors, double[] centre, double[] variances)
    {
        double sum = 0;
        for (int k = 0; k < vectors.Length; k++)
        {
            double square = 0;
            for (int i = 0; i < centre.Length; i++)
            {
                double difference = vectors[k][i] - centre[i];
                square += difference * difference;
            }

            sum += square / variances[k];
        }

        return sum;
    }
}
