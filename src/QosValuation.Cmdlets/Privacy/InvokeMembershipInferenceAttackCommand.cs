using System.Management.Automation;
using QosValuation.Attacks.Membership;
using QosValuation.Cmdlets.Markets;
using QosValuation.Cmdlets.Valuation;
using QosValuation.Embeddings.Prototypes;
using QosValuation.Learning.Learners;
using QosValuation.Onnx.Model;
using QosValuation.Valuation.MarginalUtility;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>Attacks released prototypes or trained models: can an attacker tell whether a record was in the data?</summary>
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
/// <para>With -Learner labelled embeddings come from the pipeline, and models trained on them are attacked. Each model is trained on the records that a fair
/// coin of its own picks. The attacker trains -Shadow models in the same way and asks of each of -Target others which records it was trained on:
/// LikelihoodRatio compares the model's confidence in a record with that of shadow models with and without it (LiRA, Carlini et al. 2022), Loss looks
/// at the record's loss alone. -Epsilon trains with DP-SGD, calibrated for (ε, δ); several are attacked one after another, and without it training
/// adds no noise. EpsilonLowerBound is what the guesses prove about ε, whatever the training is (Steinke, Nasr and Jagielski 2023).</para>
/// <para>Trials and models run on all cores. The same seed gives the same figures whatever their number.</para>
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
/// <example>
/// <summary>A model trained without noise, and one trained with DP-SGD at ε = 2.</summary>
/// <code>$train = Import-Embedding train.npy -MetadataPath train.csv
/// $train | Invoke-MembershipInferenceAttack -Learner Mlp -LocalStep 200 -Seed 1
/// $train | Invoke-MembershipInferenceAttack -Learner Mlp -LocalStep 200 -Epsilon 2 -Seed 1</code>
/// </example>
/// <seealso>New-DpPrototype</seealso>
/// <seealso>Measure-EmpiricalPrivacy</seealso>
/// <seealso>Measure-PrototypeUtility</seealso>
/// <seealso>about_QosValuation_Attacks</seealso>
[Cmdlet(VerbsLifecycle.Invoke, "MembershipInferenceAttack", DefaultParameterSetName = ClusterSet)]
[OutputType(typeof(MembershipInference), ParameterSetName = [ClusterSet])]
[OutputType(typeof(ModelMembershipInference), ParameterSetName = [ModelSet])]
public sealed class InvokeMembershipInferenceAttackCommand : QosCmdlet
{
    private const string ClusterSet = "Cluster";
    private const string ModelSet = "Model";
    private readonly List<MembershipInferenceAttack> _attacks = [];
    private readonly LabelledPointBuilder _points = new();
    private ProgressMeter? _meter;
    private long _done;

    /// <summary>Clusters with their members, from Group-Embedding; with -Learner embeddings, or objects with a Vector, with a class each.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [Accepts(typeof(SemanticCluster), typeof(ClipEmbedding))]
    [ValidateNotNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>The learner whose models are attacked: Logistic, Mlp, or Onnx with -LearnerPath.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ModelSet)]
    [SingleValue]
    public ModelLearner Learner { get; set; }

    /// <summary>
    /// The class of a record: the name of a property (Label by default), a script block in which $_ is the record, or a hashtable from Item to class.
    /// </summary>
    /// <value>Label</value>
    [Parameter(ParameterSetName = ModelSet)]
    [ValidateNotNullOrEmpty]
    public object Label { get; set; } = "Label";

    /// <summary>The widths of the hidden layers of Mlp, one or two; 64 by default.</summary>
    [Parameter(ParameterSetName = ModelSet)]
    [ValidateCount(1, 2)]
    [ValidateRange(1, 65_536)]
    [WholeNumber(TakesList = true)]
    public int[] Hidden { get; set; } = [ModelLearners.StandardWidth];

    /// <summary>
    /// The .onnx file that every training of -Learner Onnx begins with: float vectors [N, D] in, scores before a softmax, float [N, C], out. The classes are
    /// taken in the order of their names.
    /// </summary>
    [Parameter(ParameterSetName = ModelSet)]
    [ValidateNotNullOrEmpty]
    public string? LearnerPath { get; set; }

    /// <summary>
    /// The weights of -LearnerPath to train, by the names of initialisers; * stands for any characters, and '*' alone for all. By default those of the last
    /// linear layer.
    /// </summary>
    [Parameter(ParameterSetName = ModelSet)]
    [ValidateNotNullOrEmpty]
    public string[]? Trainable { get; set; }

    /// <summary>The optimiser: Sgd (the default, with momentum 0.9 and weight decay 1e-5) or Adam.</summary>
    [Parameter(ParameterSetName = ModelSet)]
    [SingleValue]
    public ModelOptimizer Optimizer { get; set; } = ModelOptimizer.Sgd;

    /// <summary>The learning rate, above 0; 0.01 by default.</summary>
    [Parameter(ParameterSetName = ModelSet)]
    [ValidateRange(double.Epsilon, double.MaxValue)]
    [Number]
    public double LearningRate { get; set; } = 0.01;

    /// <summary>The steps of a training; 400 by default.</summary>
    [Parameter(ParameterSetName = ModelSet)]
    [ValidateRange(1, int.MaxValue)]
    [WholeNumber]
    public int LocalStep { get; set; } = 400;

    /// <summary>The records of a step; 64 by default. With -Epsilon their expected number.</summary>
    [Parameter(ParameterSetName = ModelSet)]
    [ValidateRange(1, int.MaxValue)]
    [WholeNumber]
    public int BatchSize { get; set; } = 64;

    /// <summary>The norm to which a record's gradient is clipped with -Epsilon, above 0; 1 by default.</summary>
    [Parameter(ParameterSetName = ModelSet)]
    [ValidateRange(double.Epsilon, double.MaxValue)]
    [Number]
    public double Clip { get; set; } = 1;

    /// <summary>The models that are attacked; 8 by default.</summary>
    [Parameter(ParameterSetName = ModelSet)]
    [ValidateRange(1, 100_000)]
    [WholeNumber]
    public int Target { get; set; } = 8;

    /// <summary>The models that the attacker trains for itself, at least 4; 64 by default.</summary>
    [Parameter(ParameterSetName = ModelSet)]
    [ValidateRange(4, 100_000)]
    [WholeNumber]
    public int Shadow { get; set; } = 64;

    /// <summary>The confidence of the bound on ε, between 0 and 1, both excluded; 0.95 by default.</summary>
    [Parameter(ParameterSetName = ModelSet)]
    [ValidateRange(0.5, 0.999999)]
    [Number]
    public double Confidence { get; set; } = 0.95;

    /// <summary>
    /// ε of each release, above 0; 1 by default. Several are attacked one after another. ImageDp and None, which have none, come once. With -Learner that
    /// of a whole training; by default training adds no noise.
    /// </summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    [Number(TakesList = true)]
    public double[] Epsilon { get; set; } = [1];

    /// <summary>δ of each release, between 0 and 1, both excluded; 1e-5 by default.</summary>
    [Parameter(Position = 1)]
    [Number]
    public double Delta { get; set; } = 1e-5;

    /// <summary>The mechanisms, one after another; DiscreteGaussian by default. None, the mean without noise, is what the others are compared with.</summary>
    [Parameter(ParameterSetName = ClusterSet)]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public PrivacyMechanism[] Mechanism { get; set; } = [PrivacyMechanism.DiscreteGaussian];

    /// <summary>
    /// What the attacker knows: LikelihoodRatio (all but the candidate's membership) or Cosine (the prototype alone); both by default, on the same releases.
    /// With -Learner LikelihoodRatio (shadow models) or Loss; both by default, on the same models.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public MembershipAttack[] Attack { get; set; } = [MembershipAttack.LikelihoodRatio, MembershipAttack.Cosine];

    /// <summary>The neighbour without the candidate: ReplaceOne (the default) or AddRemove.</summary>
    [Parameter(ParameterSetName = ClusterSet)]
    [SingleValue]
    public Neighboring Neighboring { get; set; } = Neighboring.ReplaceOne;

    /// <summary>
    /// What stands in the candidate's place under ReplaceOne: Record (the default; another record of the cluster) or Opposite (−x, the worst case).
    /// </summary>
    [Parameter(ParameterSetName = ClusterSet)]
    [SingleValue]
    public MembershipCounterpart Counterpart { get; set; } = MembershipCounterpart.Record;

    /// <summary>The modalities to attack, Image or Text; both by default.</summary>
    [Parameter(ParameterSetName = ClusterSet)]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public Modality[]? Modality { get; set; }

    /// <summary>q of ImageDp, 0 or more; 0.2 by default.</summary>
    [Parameter(ParameterSetName = ClusterSet)]
    [Alias("Q")]
    [Number]
    public double PerturbationCoefficient { get; set; } = 0.2;

    /// <summary>s of ImageDp, 0 or more; 0.05 by default.</summary>
    [Parameter(ParameterSetName = ClusterSet)]
    [Alias("S")]
    [Number]
    public double Scale { get; set; } = 0.05;

    /// <summary>The releases with and as many without the candidate, for each cluster and modality; 2000 by default.</summary>
    [Parameter(ParameterSetName = ClusterSet)]
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

    private LearnerChoice Choice => LearnerArgument.Of(
        Learner, IsBound(nameof(Hidden)) ? Hidden : null, LearnerPath is null ? null : ResolveNewPath(LearnerPath), Trainable);

    /// <inheritdoc/>
    protected override void Begin()
    {
        _meter = new ProgressMeter(this, "Attacking membership", ParameterSetName == ModelSet ? "models" : "trials");
        if (ParameterSetName == ModelSet)
        {
            _ = Choice;
            return;
        }

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
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        if (ParameterSetName == ModelSet)
        {
            foreach (PSObject item in InputObject)
            {
                TryItem(item, () => _points.AddTrain(LabelledEmbeddingCommand.Embedding(item), ItemLabel.Of(Label, item)));
            }

            return;
        }

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
    protected override void End()
    {
        if (ParameterSetName == ModelSet && _points.TrainCount > 0)
        {
            LabelledRows rows = _points.TrainRows();
            LearnerChoice choice = Choice;
            ILearner learner = BackgroundWork.Run((_, _) => choice.Create(rows.Features, rows.Classes), static _ => { }, Cancellation);
            using var sessions = learner as IDisposable;
            foreach (double epsilon in IsBound(nameof(Epsilon)) ? Epsilon : [double.NaN])
            {
                TryItem(epsilon, () => Run(learner, rows, epsilon));
            }
        }

        _meter!.Complete();
    }

    private void Run(ILearner learner, LabelledRows rows, double epsilon)
    {
        var options = new ModelMembershipOptions
        {
            Training = new LocalTrainingOptions
            {
                Optimizer = Optimizer,
                LearningRate = LearningRate,
                Steps = LocalStep,
                BatchSize = BatchSize,
            },
            Clip = Clip,
            Epsilon = epsilon,
            Delta = Delta,
            Attacks = IsBound(nameof(Attack)) ? Attack : [MembershipAttack.LikelihoodRatio, MembershipAttack.Loss],
            Targets = Target,
            Shadows = Shadow,
            FalsePositiveRate = FalsePositiveRate,
            Confidence = Confidence,
            Seed = Seed,
        };
        IReadOnlyList<ModelMembershipInference> results = BackgroundWork.Run(
            (progress, cancellation) => ModelMembershipAttack.Run(learner, rows, options, progress, cancellationToken: cancellation),
            done => _meter!.Report(done, Target + Shadow),
            Cancellation);
        foreach (ModelMembershipInference result in results)
        {
            WriteRecord(result);
        }
    }

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
