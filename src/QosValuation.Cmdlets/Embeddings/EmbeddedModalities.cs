namespace QosValuation;

/// <summary>Which parts of a record are embedded.</summary>
public enum EmbeddedModalities
{
    /// <summary>Its image and its texts.</summary>
    Both,

    /// <summary>Its image alone.</summary>
    Image,

    /// <summary>Its texts alone.</summary>
    Text,
}
