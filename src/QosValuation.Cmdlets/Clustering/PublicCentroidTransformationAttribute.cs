using System.Collections;
using System.Globalization;
using System.Management.Automation;
using QosValuation.Embeddings.Datasets;

namespace QosValuation.Cmdlets.Clustering;

/// <summary>
/// Accepts vectors where embeddings are asked for as centroids: arrays of numbers, alone or several, beside what
/// <see cref="RecordReader"/> reads.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class PublicCentroidTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? given = RecordReader.Bare(inputData);
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
            converted[i] = (object?)Convert(RecordReader.Bare(list[i])) ?? list[i];
        }

        return converted;
    }

    private static ClipEmbedding? Convert(object? value)
    {
        if (value is not IList list || value is byte[])
        {
            return RecordReader.TryRead(value, out ClipEmbedding? embedding) && embedding.Vector.Length > 0 ? embedding : null;
        }

        double[] numbers = new double[list.Count];
        for (int i = 0; i < numbers.Length && value is not float[]; i++)
        {
            if (RecordReader.Bare(list[i]) is not IConvertible number || number is string or bool)
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
