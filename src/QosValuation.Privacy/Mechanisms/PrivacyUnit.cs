namespace QosValuation;

/// <summary>Whose data differ between neighbouring datasets.</summary>
public enum PrivacyUnit
{
    /// <summary>One record: a photograph with its captions. A contributor's other records stay.</summary>
    Record,

    /// <summary>One contributor with all records: user-level privacy.</summary>
    Contributor,
}
