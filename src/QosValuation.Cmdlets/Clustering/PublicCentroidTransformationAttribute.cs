using System.Collections;
using System.Globalization;
using System.Management.Automation;
using QosValuation.Embeddings.Datasets;

namespace QosValuation.Cmdlets.Clustering;

/// <summary>
/// Accepts vectors where embeddings are asked for as centroids: arrays of numbers, alone or several, beside what
/// <see cref="ClipEmbeddingTransformationAttribute"/> takes.
/// </summary>
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

        double[] numbers = new double[list.Count];
        for (int i = 0; i < numbers.Length && value is not float[]; i++)
        {
            if (Unwrap(list[i]) is not IConvertible number || number is string or bool)
            {
                return null;
            }

            numbers[i] = number.ToDouble(CultureInfo.InvariantCulture);
        }

        float[] vector = value as float[] ?? WideVector.Narrow(numbers);
        return vector.Length == 0
            ? null
            : new ClipEmbedding { Source = string.Empty, Item = string.Empty, Modality = Modality.Text, Vector = vector };
    }
}
