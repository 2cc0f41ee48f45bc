using QosValuation.Reporting.Page;

namespace QosValuation.Markets.Reports;

/// <summary>One kind of result that a report knows how to show.</summary>
/// <param name="TypeName">The type's name without namespace.</param>
/// <param name="Required">The properties that tell such a row where its type does not, as in a CSV file.</param>
/// <param name="Build">Makes the sections of the rows of this kind; also given the folders in which pictures of relative paths are looked for.</param>
internal sealed record SectionKind(string TypeName, string[] Required, Func<IReadOnlyList<ReportRecord>, IReadOnlyList<string>, IEnumerable<ReportSection>> Build)
{
    /// <summary>The kinds in the order of the page, which is that of the pipeline; of two that fit a row the first counts.</summary>
    public static IReadOnlyList<SectionKind> All { get; } =
    [
        new("SemanticCluster", ["IsConfirmed", "ConfirmedAt"], ClusteringSections.Clusters),
        new("DpPrototype", ["ClusterId", "Mechanism", "Epsilon", "Delta", "Sigma"], PrivacySections.Prototypes),
        new("PrivacyLoss", ["Epsilon", "Delta", "Releases", "Mu"], PrivacySections.Losses),
        new("PrototypeUtility", ["Mechanism", "Epsilon", "RetrievalAccuracy", "Cosine"], PrivacySections.Utility),
        new("MembershipInference", ["Mechanism", "Epsilon", "Auc", "Advantage"], PrivacySections.Membership),
        new("EmpiricalPrivacy", ["Mechanism", "ClaimedEpsilon", "EpsilonLowerBound"], PrivacySections.Empirical),
        new("Reconstruction", ["ClusterId", "Score", "ReferenceSimilarity", "Steps"], AttackSections.Reconstructions),
        new("Figure7Row", ["Release", "AttackScore", "Decoy"], AttackSections.Figure7),
        new("ValuationSimulationResult", ["NoveltyThreshold", "Quantity", "Novel"], ClusteringSections.Valuation),
        new("DataValue", ["Contributor", "Quantity", "Novelty", "Value"], ClusteringSections.Values),
        new("TokenGrant", ["Agent", "Value", "Tokens", "RewardRate"], AllocationSections.Grants),
        new("FairnessReport", ["Jain", "Gini", "SocialWelfare", "Allocated", "MinRate"], AllocationSections.Fairness),
        new("FairnessFrontierPoint", ["Kind", "Bound", "SocialWelfare", "PriceOfFairness"], AllocationSections.Frontier),
        new("LorenzCurve", ["Population", "Share"], AllocationSections.Lorenz),
        new("AllocationSimulationResult", ["Scheme", "Agents", "Alpha", "Jain", "Gini"], AllocationSections.Simulation),
        new("DatRecord", ["Sequence", "Address", "Value", "Pointer", "Hash"], LedgerSections.Records),
        new("DatLedgerReport", ["IsValid", "Records", "HeadHash"], LedgerSections.Checks),
        new("QosReport", ["Scheme", "ServedRatio", "OutageRatio", "P95Wait", "Utilisation"], QosSections.Service),
        new("StrategyGain", ["Scheme", "Strategy", "ServedGain", "GrantedGain"], QosSections.Strategies),
    ];

    private SectionKind(string typeName, string[] required, Func<IReadOnlyList<ReportRecord>, IEnumerable<ReportSection>> build)
        : this(typeName, required, (records, _) => build(records))
    {
    }

    /// <summary>The kind of a record; null where it is none of them.</summary>
    /// <param name="record">The record.</param>
    public static SectionKind? Of(ReportRecord record) =>
        All.FirstOrDefault(kind => kind.TypeName == record.TypeName) ?? All.FirstOrDefault(kind => record.Has(kind.Required));
}
