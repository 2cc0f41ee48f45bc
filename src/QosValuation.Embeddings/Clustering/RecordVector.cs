namespace QosValuation.Embeddings.Clustering;

/// <summary>The vector of one record for one modality.</summary>
/// <param name="Given">The record's first vector, as it was given.</param>
/// <param name="Mean">The normalised mean where the record has several; null where it has one.</param>
internal readonly record struct RecordVector(float[]? Given, double[]? Mean)
{
    /// <summary>Copies the vector. O(d).</summary>
    /// <param name="destination">As long as the vector.</param>
    public void CopyTo(double[] destination)
    {
        if (Mean is not null)
        {
            Mean.CopyTo(destination, 0);
            return;
        }

        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = Given![i];
        }
    }

    /// <summary>Scales a vector to unit norm in place, or to zero where it is too short. O(d).</summary>
    /// <param name="vector">The vector.</param>
    /// <param name="smallest">The norm up to which it counts as zero.</param>
    public static void Rescale(double[] vector, double smallest = 0)
    {
        double norm = Norm(vector);
        if (norm > smallest)
        {
            for (int i = 0; i < vector.Length; i++)
            {
                vector[i] /= norm;
            }
        }
        else
        {
            Array.Clear(vector);
        }
    }

    /// <summary>The L2 norm. Components come from floats, so their squares neither overflow nor vanish together. O(d).</summary>
    /// <param name="vector">The vector.</param>
    /// <returns>√Σx².</returns>
    public static double Norm(double[] vector)
    {
        double square = 0;
        foreach (double x in vector)
        {
            square += x * x;
        }

        return Math.Sqrt(square);
    }
}
