using System.Management.Automation;
using QosValuation.Attacks.Auditing;
using QosValuation.Embeddings.Prototypes;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>Measures how useful prototypes remain under noise: the privacy-utility curve.</summary>
/// <remarks>
/// <para>Prototypes of all clusters are released again and again at each ε. A released prototype should still find its own cluster: its nearest clean
/// prototype, by cosine among those of all clusters, should be its own (RetrievalAccuracy; Top5Accuracy and MeanReciprocalRank tell how far off it is).
/// Cosine and Distance compare it with its own clean prototype, the mean of the records' unit vectors. Where records have photographs and captions,
/// CrossModalAccuracy tells how often a released image prototype's nearest released text prototype is that of the same cluster, and the other way round;
/// CleanCrossModalAccuracy is what the same prototypes reach without noise.</para>
/// <para>-PostProcess measures what can be done to prototypes after their release, at no cost in privacy, on the same noise. Sphere projects to the unit
/// sphere: it shortens the distance, and changes no cosine. Shrink moves prototypes towards their average, the further the noisier they are: nearer in
/// cosine and distance, while what tells the clusters apart stays as it was. Average takes the mean of a cluster's image and text prototype, and Join puts
/// them side by side: two draws of noise for one cluster, whose Modality is then empty. Both use two releases, and a record pays for both.
/// Optimize-DpPrototype does the same to prototypes that are published.</para>
/// <para>One result leaves for each mechanism, ε, post-processing and modality, as soon as its ε is measured. Standard errors are over the trials. The
/// noise of a prototype falls with the number of records: compare clusterings of the same data only.</para>
/// <para>With -Reference, prototypes that were released already come from the pipeline, and are measured against the clusters they were released from.
/// Several releases of one cluster count as trials; for a single one standard errors are over the clusters.</para>
/// </remarks>
/// <example>
/// <summary>The privacy-utility curve from ε = 0.1 to 10.</summary>
/// <code>$clusters | Measure-PrototypeUtility -Seed 1 | Export-Csv curve.csv</code>
/// </example>
/// <example>
/// <summary>What post-processing brings at ε = 1.</summary>
/// <code>$clusters | Measure-PrototypeUtility -Epsilon 1 -PostProcess None, Sphere, Shrink, Average, Join -Trials 100 -Seed 1 |
///     Format-Table Modality, PostProcess, RetrievalAccuracy, Cosine, Distance</code>
/// </example>
/// <example>
/// <summary>How good are these prototypes?</summary>
/// <code>$clusters | New-DpPrototype -Epsilon 2 | Measure-PrototypeUtility -Reference $clusters</code>
/// </example>
/// <seealso>New-DpPrototype</seealso>
/// <seealso>Optimize-DpPrototype</seealso>
/// <seealso>Invoke-MembershipInferenceAttack</seealso>
[Cmdlet(VerbsDiagnostic.Measure, "PrototypeUtility", DefaultParameterSetName = "Cluster")]
[OutputType(typeof(PrototypeUtility))]
public sealed class MeasurePrototypeUtilityCommand : QosCmdlet
{
    private readonly PrototypeUtilityMeasurement _measurement = new();
    private readonly List<DpPrototype> _prototypes = [];

    /// <summary>Clusters with their members, from Group-Embedding.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = "Cluster")]
    [Accepts(typeof(SemanticCluster))]
    [ValidateNotNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>Prototypes that were released already, from New-DpPrototype or Optimize-DpPrototype.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = "Prototype")]
    [Accepts(typeof(DpPrototype))]
    [ValidateNotNull]
    public PSObject[] Prototype { get; set; } = [];

    /// <summary>The clusters with their members that the prototypes were released from.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Prototype")]
    [Accepts(typeof(SemanticCluster))]
    [ValidateNotNullOrEmpty]
    public PSObject[] Reference { get; set; } = [];

    /// <summary>ε of each prototype, above 0; 0.1, 0.2, 0.5, 1, 2, 5 and 10 by default. ImageDp and None, which have none, come once.</summary>
    [Parameter(Position = 0, ParameterSetName = "Cluster")]
    [ValidateNotNullOrEmpty]
    [Number(TakesList = true)]
    public double[] Epsilon { get; set; } = [0.1, 0.2, 0.5, 1, 2, 5, 10];

    /// <summary>δ of each prototype, between 0 and 1, both excluded; 1e-5 by default.</summary>
    [Parameter(Position = 1, ParameterSetName = "Cluster")]
    [Number]
    public double Delta { get; set; } = 1e-5;

    /// <summary>The mechanisms, one after another; DiscreteGaussian by default. None, the mean without noise, is what the others are compared with.</summary>
    [Parameter(ParameterSetName = "Cluster")]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public PrivacyMechanism[] Mechanism { get; set; } = [PrivacyMechanism.DiscreteGaussian];

    /// <summary>
    /// What is done to prototypes after their release: None (the default), Sphere, Shrink, Average or Join; several are measured on the same noise.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public PrototypePostProcessing[] PostProcess { get; set; } = [PrototypePostProcessing.None];

    /// <summary>Which datasets count as neighbours: ReplaceOne (the default) or AddRemove.</summary>
    [Parameter(ParameterSetName = "Cluster")]
    [SingleValue]
    public Neighboring Neighboring { get; set; } = Neighboring.ReplaceOne;

    /// <summary>The modalities to release, Image or Text; both by default.</summary>
    [Parameter(ParameterSetName = "Cluster")]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public Modality[]? Modality { get; set; }

    /// <summary>q of ImageDp, 0 or more; 0.2 by default.</summary>
    [Parameter(ParameterSetName = "Cluster")]
    [Alias("Q")]
    [Number]
    public double PerturbationCoefficient { get; set; } = 0.2;

    /// <summary>s of ImageDp, 0 or more; 0.05 by default.</summary>
    [Parameter(ParameterSetName = "Cluster")]
    [Alias("S")]
    [Number]
    public double Scale { get; set; } = 0.05;

    /// <summary>The releases of every cluster at each ε; 20 by default.</summary>
    [Parameter(ParameterSetName = "Cluster")]
    [ValidateRange(1, 1_000_000)]
    [WholeNumber]
    public int Trials { get; set; } = 20;

    /// <summary>The seed: the same seed and clusters give the same figures. Without it draws are cryptographic.</summary>
    [Parameter(ParameterSetName = "Cluster")]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        foreach (SemanticCluster cluster in Records<SemanticCluster>(Reference))
        {
            TryItem(cluster, () => _measurement.Add(cluster));
        }
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        if (ParameterSetName == "Cluster" && Array.Exists(InputObject, item => RecordReader.TypeOf(item) == typeof(DpPrototype)))
        {
            throw new QosValuationException(
                Faults.ParametersConflict, "Prototypes are compared with the clusters that they were released from: name those with -Reference.", InputObject);
        }

        foreach (SemanticCluster cluster in Records<SemanticCluster>(InputObject))
        {
            TryItem(cluster, () => _measurement.Add(cluster));
        }

        foreach (DpPrototype prototype in Records<DpPrototype>(Prototype))
        {
            TryItem(prototype, () =>
            {
                _measurement.Require(prototype);
                _prototypes.Add(prototype);
            });
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (_measurement.ClusterCount == 1)
        {
            WriteWarning("There is one cluster only, and every prototype finds it: retrieval means nothing here.");
        }

        if (_prototypes.Count > 0)
        {
            foreach (PrototypeUtility utility in _measurement.Measure(_prototypes, PostProcess))
            {
                WriteRecord(utility);
            }
        }
        else if (_measurement.ClusterCount > 0 && Reference.Length == 0)
        {
            Release();
        }
    }

    private void Release()
    {
        var each = new PrototypeReleaseOptions
        {
            Delta = Delta,
            Neighboring = Neighboring,
            Modalities = Modality,
            PerturbationCoefficient = PerturbationCoefficient,
            Scale = Scale,
        };
        PrototypeReleaseOptions[] releases = [.. each.Sweep(Mechanism, Epsilon)];
        WriteVerbose($"{releases.Length} mechanisms and values of ε, {Trials} releases of {_measurement.ClusterCount} clusters each; draws "
            + $"{(Seed is int seed ? $"from the seed {seed}" : "are cryptographic")}.");
        var meter = new ProgressMeter(this, "Measuring utility", "trials");
        long total = (long)releases.Length * Trials;
        long before = 0;
        foreach (PrototypeReleaseOptions release in releases)
        {
            // Everything is checked before anything is measured, so the first step looks at all releases.
            var options = new PrototypeUtilityOptions { Releases = [release, .. before == 0 ? releases : []], PostProcessings = PostProcess, Trials = Trials,
                Seed = Seed };
            IReadOnlyList<PrototypeUtility> rows = BackgroundWork.Run(
                (progress, cancellation) => _measurement.Measure(options, progress, cancellationToken: cancellation).First(),
                done => meter.Report(before + done, total, status: $"{release.Mechanism}, ε = {release.Epsilon:G4}"),
                Cancellation);
            before += Trials;
            foreach (PrototypeUtility row in rows)
            {
                WriteRecord(row);
            }
        }

        meter.Complete();
    }
}
