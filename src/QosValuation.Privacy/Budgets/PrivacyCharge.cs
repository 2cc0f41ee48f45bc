using QosValuation.Privacy.Accounting;

namespace QosValuation.Privacy.Budgets;

/// <summary>What was released, for the accounts: it decides no cost.</summary>
/// <param name="Mechanism">The mechanism or the training, such as <c>DiscreteGaussian</c>.</param>
/// <param name="Modality">The modality; empty where there is none.</param>
/// <param name="ClusterId">The cluster; null where there is none.</param>
public sealed record ReleaseLabel(string Mechanism, string Modality = "", int? ClusterId = null);

/// <summary>What one release costs those whose data it rests on.</summary>
/// <param name="Event">The event: of one release, or of a whole training.</param>
/// <param name="Released">What was released.</param>
/// <param name="Contributors">Whose data the release rests on.</param>
/// <remarks>
/// <para>A record that is exchanged may also leave a public cluster for another. The releases that it touches before and after
/// are then different ones, charged before and after; nothing is charged for both. The replacement's μ² covers that too:
/// it is that of a sum that moves by 2, of which leaving or joining is 1.25/4. Let b be charged for the releases that the record
/// touches before and after, and x and y for those before and after alone. Its loss is b + (x + y)·1.25/4 in all, which
/// is below b + (x + y)/2, the mean of what was charged before and after; and neither is above the budget.</para>
/// </remarks>
public sealed record PrivacyCharge(PrivacyEvent Event, ReleaseLabel Released, IReadOnlyList<string> Contributors)
{
    /// <summary>The cost against a budget that protects against a relation.</summary>
    /// <param name="neighboring">The budget's relation.</param>
    /// <returns>The cost; null where the release says nothing about that relation.</returns>
    /// <exception cref="QosValuationException"><c>PrivacyEventNotAccountable</c>.</exception>
    public PrivacyCost? CostUnder(Neighboring neighboring) => PrivacyCost.Of(Event, neighboring);
}

/// <summary>What releases would cost a contributor.</summary>
/// <param name="Contributor">The contributor.</param>
/// <param name="Releases">How many of the releases rest on the contributor's data.</param>
/// <param name="Needed">ε, at the budget's δ, of these releases together and by themselves.</param>
/// <param name="Spent">ε of all releases of the contributor after them.</param>
/// <param name="Remaining">The largest ε of one more release after them.</param>
public sealed record PrivacyChargePreview(string Contributor, int Releases, double Needed, double Spent, double Remaining);
