using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace QosValuation.Cmdlets.Clustering;

/// <summary>Accepts vectors where embeddings are asked for as centroids: arrays of numbers, alone or several, beside what <see cref="ClipEmbeddingTransformationAttribute"/> takes.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class PublicCentroidTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? given = Unwrap(inputData);
        if (given is not IList list || given is byte[])
        {
            return Convert(given) ?? inputData;
        }

        // One vector: a list of numbers. Otherwise each element is a centroid.
        if (Convert(given) is { } single)
        {
            return new[] { single };
        }

        object?[] converted = new object?[list.Count];
        for (int i = 0; i < converted.Length; i++)
        {
            converted[i] = (object?)Convert(Unwrap(list[i])) ?? list[i];
        }

        return converted;
    }

    private static object? Unwrap(object? value) => value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;

    private static ClipEmbedding? Convert(object? value)
    {
        if (value is not IList list || value is byte[])
        {
            return ClipEmbeddingTransformationAttribute.Convert(value);
        }

        float[] vector = value as float[] ?? new float[list.Count];
        for (int i = 0; i < vector.Length && vector != value; i++)
        {
            if (Unwrap(list[i]) is not IConvertible number || number is string or bool)
            {
                return null;
            }

            vector[i] = number.ToSingle(CultureInfo.InvariantCulture);
        }

        return vector.Length == 0 ? null : new ClipEmbedding { Source = string.Empty, Item = string.Empty, Modality = Modality.Text, Vector = vector };
    }
}
