using System.Management.Automation;
using QosValuation.Attacks.Membership;
using QosValuation.Embeddings.Prototypes;
using QosValuation.Onnx.Model;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>Attacks released prototypes: can a server tell whether a record was in the cluster?</summary>
/// <remarks>
/// <para>The paper's threat model: a curious server holds the released prototype of a cluster and the embedding of a record, the candidate, and asks
/// whether the record was among those averaged. The cmdlet plays that game on the clusters given: prototypes are released again and again from the cluster
/// with the candidate and from its neighbour without it, and the attacker scores each release. Under ReplaceOne (the default) another record of the same
/// cluster stands in the candidate's place, or with -Counterpart Opposite the candidate's opposite, the worst case. Under AddRemove the candidate is gone.
/// Candidates take turns.</para>
/// <para>LikelihoodRatio is the strongest attacker there is: it knows all other records, the mechanism and σ. Cosine knows the prototype and the candidate
/// alone. A result leaves for each cluster, modality, mechanism, ε and attack: the area under the ROC curve (0.5 is guessing), the true-positive rate at
/// 0.1 % false positives, and the advantage (true- minus false-positive rate), each with its standard error, beside what the best attack could reach on
/// these datasets (TheoreticalAuc and so on) and on any datasets (WorstCaseAuc). A likelihood-ratio attack that does better than TheoreticalAuc by several
/// standard errors means that the mechanism draws less noise than it says.</para>
/// <para>The rate at 0.1 % false positives rests on the few highest scores: with 2,000 trials two false positives are allowed, and the standard error says
/// how little that tells. Give -Trials 100000 where this figure matters. Each trial runs the mechanism's own release twice; its time grows with the
/// members of the cluster.</para>
/// <para>Trials run on all cores. The same seed gives the same figures whatever their number.</para>
/// </remarks>
/// <example>
/// <summary>How safe are the records of these clusters at ε = 1?</summary>
/// <code>$clusters | Invoke-MembershipInferenceAttack -Epsilon 1 -Trials 1000 -Seed 1</code>
/// </example>
/// <example>
/// <summary>The formal mechanism beside the Image-DP baseline.</summary>
/// <code>$clusters | Invoke-MembershipInferenceAttack -Mechanism DiscreteGaussian, ImageDp -Attack LikelihoodRatio -Trials 1000 |
///     Sort-Object Auc -Descending | Select-Object -First 10</code>
/// </example>
/// <example>
/// <summary>The worst case of the guarantee, with enough trials for the rate at 0.1 % false positives.</summary>
/// <code>$clusters | Select-Object -First 1 | Invoke-MembershipInferenceAttack -Counterpart Opposite -Modality Image -Trials 10000 -Seed 1 |
///     Format-List Auc, TheoreticalAuc, TruePositiveRate, TheoreticalTruePositiveRate</code>
/// </example>
/// <seealso>New-DpPrototype</seealso>
/// <seealso>Measure-EmpiricalPrivacy</seealso>
/// <seealso>Measure-PrototypeUtility</seealso>
/// <seealso>about_QosValuation_Attacks</seealso>
[Cmdlet(VerbsLifecycle.Invoke, "MembershipInferenceAttack")]
[OutputType(typeof(MembershipInference))]
public sealed class InvokeMembershipInferenceAttackCommand : QosCmdlet
{
    private readonly List<MembershipInferenceAttack> _attacks = [];
    private ProgressMeter? _meter;
    private long _done;

    /// <summary>Clusters with their members, from Group-Embedding.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [Accepts(typeof(SemanticCluster))]
    [ValidateNotNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>ε of each release, above 0; 1 by default. Several are attacked one after another. ImageDp and None, which have none, come once.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    [Number]
    public double[] Epsilon { get; set; } = [1];

    /// <summary>δ of each release, between 0 and 1, both excluded; 1e-5 by default.</summary>
    [Parameter(Position = 1)]
    [Number]
    public double Delta { get; set; } = 1e-5;

    /// <summary>The mechanisms, one after another; DiscreteGaussian by default. None, the mean without noise, is what the others are compared with.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public PrivacyMechanism[] Mechanism { get; set; } = [PrivacyMechanism.DiscreteGaussian];

    /// <summary>
    /// What the attacker knows: LikelihoodRatio (all but the candidate's membership) or Cosine (the prototype alone); both by default, on the same releases.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public MembershipAttack[] Attack { get; set; } = [MembershipAttack.LikelihoodRatio, MembershipAttack.Cosine];

    /// <summary>The neighbour without the candidate: ReplaceOne (the default) or AddRemove.</summary>
    [Parameter]
    [SingleValue]
    public Neighboring Neighboring { get; set; } = Neighboring.ReplaceOne;

    /// <summary>
    /// What stands in the candidate's place under ReplaceOne: Record (the default; another record of the cluster) or Opposite (−x, the worst case).
    /// </summary>
    [Parameter]
    [SingleValue]
    public MembershipCounterpart Counterpart { get; set; } = MembershipCounterpart.Record;

    /// <summary>The modalities to attack, Image or Text; both by default.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public Modality[]? Modality { get; set; }

    /// <summary>q of ImageDp, 0 or more; 0.2 by default.</summary>
    [Parameter]
    [Alias("Q")]
    [Number]
    public double PerturbationCoefficient { get; set; } = 0.2;

    /// <summary>s of ImageDp, 0 or more; 0.05 by default.</summary>
    [Parameter]
    [Alias("S")]
    [Number]
    public double Scale { get; set; } = 0.05;

    /// <summary>The releases with and as many without the candidate, for each cluster and modality; 2000 by default.</summary>
    [Parameter]
    [ValidateRange(2, 100_000_000)]
    [WholeNumber]
    public int Trials { get; set; } = 2000;

    /// <summary>The false-positive rate at which the true-positive rate is stated, between 0 and 1, both excluded; 0.001 by default.</summary>
    [Parameter]
    [Number]
    public double FalsePositiveRate { get; set; } = 0.001;

    /// <summary>The seed: the same seed and clusters give the same figures. Without it draws are cryptographic.</summary>
    [Parameter]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        var release = new PrototypeReleaseOptions
        {
            Delta = Delta,
            Neighboring = Neighboring,
            PerturbationCoefficient = PerturbationCoefficient,
            Scale = Scale,
            Modalities = Modality,
        };
        _attacks.AddRange(release.Sweep(Mechanism, Epsilon).Select(each => new MembershipInferenceAttack(new MembershipInferenceOptions
        {
            Release = each,
            Attacks = Attack,
            Counterpart = Counterpart,
            Trials = Trials,
            FalsePositiveRate = FalsePositiveRate,
            Seed = Seed,
        })));
        if (Trials * FalsePositiveRate < 1)
        {
            WriteWarning($"{Trials} trials allow no false positive at a rate of {FalsePositiveRate}: the true-positive rate is then that above every score "
                + $"without the candidate. Give at least {Math.Ceiling(1 / FalsePositiveRate):N0} trials, better ten times as many.");
        }

        WriteVerbose($"{_attacks.Count} mechanisms and values of ε; {Trials} releases with and as many without the candidate for each cluster and modality; "
            + $"draws {(Seed is int seed ? $"from the seed {seed}" : "are cryptographic")}.");
        _meter = new ProgressMeter(this, "Attacking membership", "trials");
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (SemanticCluster cluster in Records<SemanticCluster>(InputObject))
        {
            foreach (MembershipInferenceAttack attack in _attacks)
            {
                if (!TryItem(cluster, () => Run(attack, cluster)))
                {
                    break;
                }
            }
        }
    }

    /// <inheritdoc/>
    protected override void End() => _meter!.Complete();

    private void Run(MembershipInferenceAttack attack, SemanticCluster cluster)
    {
        IReadOnlyList<MembershipInference> results = BackgroundWork.Run(
            (progress, cancellation) => attack.Run(cluster, progress, cancellationToken: cancellation),
            done => _meter!.Report(_done + done, status: $"cluster {cluster.Id}"),
            Cancellation);
        _done += results.DistinctBy(result => result.Modality).Count() * (long)Trials;
        foreach (MembershipInference result in results)
        {
            WriteRecord(result);
        }
    }
}
