namespace QosValuation.Valuation.MarginalUtility;

/// <summary>Points with a class each. Vectors are kept, not copied.</summary>
public sealed class LabelledPoints
{
    /// <summary>Creates points.</summary>
    /// <param name="vectors">The vectors, all of one length.</param>
    /// <param name="labels">The class of each, from 0.</param>
    public LabelledPoints(IReadOnlyList<float[]> vectors, IReadOnlyList<int> labels)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentOutOfRangeException.ThrowIfNotEqual(labels.Count, vectors.Count);
        Vectors = [.. vectors];
        Labels = [.. labels];
        Dimension = Vectors.Length == 0 ? 0 : Vectors[0].Length;
        foreach (float[] vector in Vectors)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(vector.Length, Dimension, nameof(vectors));
        }
    }

    /// <summary>The number of points.</summary>
    public int Count => Vectors.Length;

    /// <summary>The length of a vector.</summary>
    public int Dimension { get; }

    /// <summary>The vectors.</summary>
    internal float[][] Vectors { get; }

    /// <summary>The class of each point.</summary>
    internal int[] Labels { get; }
}
