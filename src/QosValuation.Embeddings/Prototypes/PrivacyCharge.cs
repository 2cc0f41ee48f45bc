namespace QosValuation.Embeddings.Prototypes;

/// <summary>What one release costs those whose data it rests on.</summary>
/// <param name="ClusterId">The cluster.</param>
/// <param name="Modality">The modality.</param>
/// <param name="Mechanism">The mechanism.</param>
/// <param name="Neighboring">The relation that the release was calibrated for.</param>
/// <param name="Unit">Whose data differ between neighbours.</param>
/// <param name="ReplacementSquaredMu">μ² of the release where a unit is exchanged for another.</param>
/// <param name="PresenceSquaredMu">μ² of the release where a unit is added or removed; null where the count is public, so that none can be.</param>
/// <param name="Contributors">Whose data the release rests on.</param>
public sealed record PrivacyCharge(
    int ClusterId,
    Modality Modality,
    PrivacyMechanism Mechanism,
    Neighboring Neighboring,
    PrivacyUnit Unit,
    double ReplacementSquaredMu,
    double? PresenceSquaredMu,
    IReadOnlyList<string> Contributors)
{
    /// <summary>μ² of the release in the relation that it was calibrated for.</summary>
    public double SquaredMu => CostUnder(Neighboring) ?? ReplacementSquaredMu;

    /// <summary>μ² against a budget that protects against a relation; null where the release says nothing about it.</summary>
    /// <param name="neighboring">The budget's relation.</param>
    /// <returns>μ² ≥ 0, or null.</returns>
    /// <remarks>
    /// <para>A record that is exchanged may also leave a public cluster for another. The releases that it touches before and after
    /// are then different ones, charged before and after; nothing is charged for both. The replacement's μ² covers that too:
    /// it is that of a sum that moves by 2, of which leaving or joining is 1.25/4. Let b be charged for the releases that the record
    /// touches before and after, and x and y for those before and after alone. Its loss is b + (x + y)·1.25/4 in all, which
    /// is below b + (x + y)/2, the mean of what was charged before and after; and neither is above the budget.</para>
    /// </remarks>
    public double? CostUnder(Neighboring neighboring) => neighboring == Neighboring.AddRemove ? PresenceSquaredMu : ReplacementSquaredMu;
}
