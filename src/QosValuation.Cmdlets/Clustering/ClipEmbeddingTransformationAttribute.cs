using System.Collections;
using System.Globalization;
using System.Management.Automation;
using QosValuation.Embeddings.Datasets;
using QosValuation.Foundation.IO;

namespace QosValuation.Cmdlets.Clustering;

/// <summary>
/// Accepts objects that have the properties of an embedding where a <see cref="ClipEmbedding"/> is asked for: those read back by
/// Import-Clixml, ConvertFrom-Json or Import-Csv, or returned by a job. Whatever else is given stays as it is.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ClipEmbeddingTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? given = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (given is ClipEmbedding)
        {
            return given;
        }

        if (given is IList list and not byte[])
        {
            object?[] converted = new object?[list.Count];
            for (int i = 0; i < converted.Length; i++)
            {
                converted[i] = (object?)Convert(list[i]) ?? NotMisread(list[i]);
            }

            return converted;
        }

        return (object?)Convert(inputData) ?? NotMisread(inputData);
    }

    // PowerShell would make an embedding of any object with these properties, and read '0,6' in its vector as 6.
    private static object? NotMisread(object? value) =>
        value is not null && PSObject.AsPSObject(value) is { BaseObject: PSCustomObject } item && Property(item, "Vector") is not null
            ? throw new ArgumentTransformationMetadataException(
                $"The object '{Property(item, "Item") ?? item}' is no embedding: its Vector must be a list of numbers ({NumberText.Advice}), "
                + "and its Modality, Ordinal, ClusterId and Novelty, where it has them, must be what an embedding holds.")
            : value;

    /// <summary>Makes an embedding of an object with its properties.</summary>
    /// <param name="value">An embedding, an object with a Vector, or one with a Novelty or ClusterId (then the vector may be missing), or anything.</param>
    /// <returns>Null where the object is no embedding.</returns>
    internal static ClipEmbedding? Convert(object? value)
    {
        if (value is null)
        {
            return null;
        }

        PSObject item = PSObject.AsPSObject(value);
        if (item.BaseObject is ClipEmbedding embedding)
        {
            return embedding;
        }

        // A table (Import-Csv) has no vectors, only their type's name; labels alone can be valued.
        object? vector = item.BaseObject is IDictionary entries ? entries["Vector"] : Property(item, "Vector");
        bool isTable = vector is null or string;
        if (item.BaseObject is IDictionary dictionary)
        {
            item = new PSObject();
            foreach (DictionaryEntry entry in dictionary)
            {
                string key = (string)LanguagePrimitives.ConvertTo(entry.Key, typeof(string), CultureInfo.InvariantCulture);
                item.Properties.Add(new PSNoteProperty(key, entry.Value));
            }
        }

        if (isTable && Property(item, "Novelty") is null && Property(item, "ClusterId") is null)
        {
            return null;
        }

        try
        {
            string name = Read(item, "Item", string.Empty);
            return new ClipEmbedding
            {
                Source = Read(item, "Source", name),
                Item = name,
                Modality = Read(item, "Modality", Modality.Image),
                Vector = isTable ? [] : VectorOf(vector!),
                Model = Read(item, "Model", string.Empty),
                Contributor = Read(item, "Contributor", string.Empty),
                Ordinal = Read(item, "Ordinal", 0L),
                ClusterId = Read<int?>(item, "ClusterId", null),
                Novelty = Read<Novelty?>(item, "Novelty", null),
            };
        }
        catch (PSInvalidCastException)
        {
            return null;
        }
    }

    // In double precision first: JSON and PowerShell's own numbers go beyond 32-bit floats.
    private static float[] VectorOf(object value) =>
        value as float[]
        ?? (RecordProperties.TryReadList(value, out double[] numbers)
            ? WideVector.Narrow(numbers)
            : throw new PSInvalidCastException("The vector is no list of numbers."));

    private static object? Property(PSObject item, string name) => item.Properties[name]?.Value switch
    {
        null or "" => null,
        PSObject { BaseObject: not PSCustomObject } wrapped => wrapped.BaseObject,
        object value => value,
    };

    private static T Read<T>(PSObject item, string name, T standard)
    {
        if (Property(item, name) is not { } value)
        {
            return standard;
        }

        Type type = Nullable.GetUnderlyingType(typeof(T)) ?? typeof(T);
        if (type == typeof(int) || type == typeof(long))
        {
            value = RecordProperties.TryReadWhole(value, out long number) ? number : throw new PSInvalidCastException($"{name} is no whole number.");
        }

        return (T)LanguagePrimitives.ConvertTo(value, type, CultureInfo.InvariantCulture);
    }
}
