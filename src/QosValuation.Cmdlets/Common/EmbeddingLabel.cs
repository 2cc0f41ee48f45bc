using System.Management.Automation;
using QosValuation.Cmdlets.Valuation;
using QosValuation.Embeddings.Datasets;

namespace QosValuation.Cmdlets;

/// <summary>The class of an embedding in the pipeline: a property Label of the object and not of its type, so that users can add one of their own.</summary>
internal static class EmbeddingLabel
{
    private const string Name = "Label";

    /// <summary>An embedding as it leaves, with the class that it carries as a property.</summary>
    /// <param name="embedding">The embedding.</param>
    /// <returns>The embedding itself where it carries none.</returns>
    public static object Shown(ClipEmbedding embedding) =>
        LabelledEmbedding.Of(embedding).Label is { } label ? Shown(embedding, label) : embedding;

    /// <summary>An embedding as it leaves, with a class as a property.</summary>
    /// <param name="embedding">The embedding; no object has given it a property Label.</param>
    /// <param name="label">The class.</param>
    /// <returns>The object.</returns>
    public static PSObject Shown(ClipEmbedding embedding, string label)
    {
        var record = new PSObject(embedding);
        record.Properties.Add(new PSNoteProperty(Name, label));
        return record;
    }

    /// <summary>The class that an object of the pipeline has.</summary>
    /// <param name="item">The object.</param>
    /// <returns>Its Label as a text; null where it has none.</returns>
    public static string? Of(PSObject item) => ItemLabel.Text(ItemLabel.Read(item, Name)) is { Length: > 0 } label ? label : null;
}
