using System.Numerics.Tensors;

namespace QosValuation.Embeddings.Encoding;

/// <summary>Makes one vector of the vectors of a text's tokens.</summary>
internal static class TokenPooler
{
    /// <summary>Pools one text. O(length · dimension).</summary>
    /// <param name="tokens">Positions × dimension numbers.</param>
    /// <param name="length">The positions that are not padding, at least 1.</param>
    /// <param name="pooling">Mean or First.</param>
    /// <param name="vector">Receives as many numbers as the dimension.</param>
    public static void Pool(ReadOnlySpan<float> tokens, int length, TextPooling pooling, Span<float> vector)
    {
        int dimension = vector.Length;
        tokens[..dimension].CopyTo(vector);
        if (pooling == TextPooling.First)
        {
            return;
        }

        for (int position = 1; position < length; position++)
        {
            TensorPrimitives.Add(vector, tokens.Slice(position * dimension, dimension), vector);
        }

        TensorPrimitives.Divide(vector, length, vector);
    }
}
