namespace QosValuation.Privacy;

/// <summary>What one release costs those whose data it rests on.</summary>
/// <param name="ClusterId">The cluster.</param>
/// <param name="Modality">The modality.</param>
/// <param name="Mechanism">The mechanism.</param>
/// <param name="Neighboring">The relation that <paramref name="SquaredMu"/> is stated for.</param>
/// <param name="Unit">Whose data differ between neighbours.</param>
/// <param name="SquaredMu">μ² of the release.</param>
/// <param name="PresenceSquaredMu">μ² of the release where a unit is added or removed; null where the count is public, so that none can be.</param>
/// <param name="Contributors">Whose data the release rests on.</param>
public sealed record PrivacyCharge(
    int ClusterId,
    Modality Modality,
    PrivacyMechanism Mechanism,
    Neighboring Neighboring,
    PrivacyUnit Unit,
    double SquaredMu,
    double? PresenceSquaredMu,
    IReadOnlyList<string> Contributors)
{
    /// <summary>μ² against a budget that protects against a relation; null where the release says nothing about it.</summary>
    /// <param name="neighboring">The budget's relation.</param>
    /// <returns>μ² ≥ 0, or null.</returns>
    /// <remarks>
    /// A replacement is a removal and an addition, at twice the distance of one. Where a record may move between clusters the
    /// releases that it touches before and after are different ones, and only that count of two halves covers both.
    /// </remarks>
    public double? CostUnder(Neighboring neighboring) => (neighboring, PresenceSquaredMu) switch
    {
        (Neighboring.AddRemove, _) => PresenceSquaredMu,
        (_, double presence) => 4 * presence,
        _ => SquaredMu,
    };
}
