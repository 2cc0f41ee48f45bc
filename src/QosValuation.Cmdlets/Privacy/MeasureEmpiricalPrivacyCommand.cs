using System.Globalization;
using System.Management.Automation;
using QosValuation.Attacks.Auditing;
using QosValuation.Attacks.Membership;
using QosValuation.Embeddings.Prototypes;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>Audits a mechanism: what do its real releases on two neighbouring datasets prove about ε?</summary>
/// <remarks>
/// <para>The mechanism releases a prototype many times from a dataset and from its worst neighbour: a record x turned into −x (ReplaceOne), or taken away
/// (AddRemove). (ε, δ)-differential privacy bounds how much more probable any set of outputs may be under the one than under the other. The audit chooses
/// the most telling set on one half of the trials, by the likelihood ratio, counts on the other half, and turns Clopper and Pearson's exact bounds on the
/// two rates into a lower bound on ε at 95 % confidence. A mechanism whose EpsilonLowerBound exceeds its ClaimedEpsilon does not keep its promise:
/// IsViolated. A sound mechanism is accused with probability 5 % at most, and in practice far less, because no number of trials reaches the true ε.</para>
/// <para>GaussianEpsilonLowerBound assumes that the noise is Gaussian, and with it comes close to the truth with few trials; it says nothing about other
/// noise. TheoreticalEpsilon is what the pair leaks in truth under Gaussian noise of the stated σ.</para>
/// <para>With clusters from the pipeline the first record of each is the one that changes; without, the audit makes up records of random directions,
/// -RecordCount of them with -Dimension components.</para>
/// <para>-NoiseScale 0.5 draws half of the noise that the claim needs, to see that the audit finds such a fault. -ScriptBlock audits a mechanism from
/// elsewhere: it is given a cluster and a seed ($null without -Seed) and returns a prototype of New-DpPrototype's type or a vector; it runs on one thread.
/// ImageDp and None claim nothing, so their bound is all there is to say about them: it grows with the trials, and is infinite in truth where there is no
/// noise.</para>
/// <para>With n trials a bound cannot exceed about ln(n/8). Half of the noise missing at ε = 1 was found in 23 of 24 audits with the default of 500,000
/// trials (12 of 12 under ReplaceOne, 11 of 12 under AddRemove).</para>
/// </remarks>
/// <example>
/// <summary>Does the default mechanism keep ε = 1?</summary>
/// <code>Measure-EmpiricalPrivacy -Epsilon 1 -Delta 1e-5 -Seed 1</code>
/// </example>
/// <example>
/// <summary>Every formal mechanism under both relations.</summary>
/// <code>'ReplaceOne', 'AddRemove' | ForEach-Object {
///     Measure-EmpiricalPrivacy -Mechanism DiscreteGaussian, AnalyticGaussian -Epsilon 0.5, 2 -Neighboring $_ -Trials 50000 -Seed 1
/// }</code>
/// </example>
/// <example>
/// <summary>Half of the noise is missing, and the audit finds it.</summary>
/// <code>Measure-EmpiricalPrivacy -Epsilon 1 -NoiseScale 0.5 -Seed 1</code>
/// </example>
/// <example>
/// <summary>A mechanism of one's own that claims ε = 1 and adds uniform noise.</summary>
/// <code>Measure-EmpiricalPrivacy -Epsilon 1 -RecordCount 1 -Dimension 1 -Trials 2000 -Seed 1 -ScriptBlock {
///     param($Cluster, $Seed)
///     $random = [System.Random]::new($Seed)
///     $Cluster.Members[0].Vector[0] + 4 * $random.NextDouble() - 2
/// }</code>
/// </example>
/// <seealso>Invoke-MembershipInferenceAttack</seealso>
/// <seealso>New-DpPrototype</seealso>
/// <seealso>Measure-PrivacyLoss</seealso>
/// <seealso>about_QosValuation_Attacks</seealso>
[Cmdlet(VerbsDiagnostic.Measure, "EmpiricalPrivacy", DefaultParameterSetName = "Mechanism")]
[OutputType(typeof(EmpiricalPrivacy))]
public sealed class MeasureEmpiricalPrivacyCommand : QosCmdlet
{
    private bool _hasClusters;
    private ProgressMeter? _meter;
    private long _done;

    /// <summary>Clusters with their members, from Group-Embedding; without them the audit makes up records.</summary>
    [Parameter(ValueFromPipeline = true)]
    [Accepts(typeof(SemanticCluster))]
    [ValidateNotNullOrEmpty]
    public PSObject[]? InputObject { get; set; }

    /// <summary>
    /// ε: what each release claims, above 0; 1 by default. Several are audited one after another. ImageDp and None, which have none, come once.
    /// </summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    [Number(TakesList = true)]
    public double[] Epsilon { get; set; } = [1];

    /// <summary>δ: of the claim and of the bounds, between 0 and 1, both excluded; 1e-5 by default.</summary>
    [Parameter(Position = 1)]
    [Number]
    public double Delta { get; set; } = 1e-5;

    /// <summary>The mechanisms, one after another; DiscreteGaussian by default. None, the mean without noise, is what the others are compared with.</summary>
    [Parameter(ParameterSetName = "Mechanism")]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public PrivacyMechanism[] Mechanism { get; set; } = [PrivacyMechanism.DiscreteGaussian];

    /// <summary>A mechanism from elsewhere: given a cluster and a seed it returns one released prototype or vector.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "ScriptBlock")]
    [ValidateNotNull]
    public ScriptBlock? ScriptBlock { get; set; }

    /// <summary>Which datasets count as neighbours: ReplaceOne (the default) or AddRemove.</summary>
    [Parameter]
    [SingleValue]
    public Neighboring Neighboring { get; set; } = Neighboring.ReplaceOne;

    /// <summary>The releases of each of the two datasets, at least 100; 500,000 by default, and 2,000 for -ScriptBlock.</summary>
    [Parameter]
    [ValidateRange(100, 100_000_000)]
    [WholeNumber]
    public int Trials { get; set; } = 500_000;

    /// <summary>The confidence of each bound, between 0 and 1, both excluded; 0.95 by default.</summary>
    [Parameter]
    [Number]
    public double Confidence { get; set; } = 0.95;

    /// <summary>The number of made-up records in the cluster, at least 2 for AddRemove; 10 by default.</summary>
    [Parameter]
    [ValidateRange(1, 1_000_000)]
    [WholeNumber]
    public int RecordCount { get; set; } = 10;

    /// <summary>The length of the made-up records' vectors; 2 by default. What leaks does not depend on it.</summary>
    [Parameter]
    [ValidateRange(1, 65536)]
    [WholeNumber]
    public int Dimension { get; set; } = 2;

    /// <summary>The noise that is drawn over the noise that the claim needs, above 0; 1 by default. 0.5 plants a fault that the audit should find.</summary>
    [Parameter(ParameterSetName = "Mechanism")]
    [Number]
    public double NoiseScale { get; set; } = 1;

    /// <summary>q of ImageDp, 0 or more; 0.2 by default.</summary>
    [Parameter(ParameterSetName = "Mechanism")]
    [Alias("Q")]
    [Number]
    public double PerturbationCoefficient { get; set; } = 0.2;

    /// <summary>s of ImageDp, 0 or more; 0.05 by default.</summary>
    [Parameter(ParameterSetName = "Mechanism")]
    [Alias("S")]
    [Number]
    public double Scale { get; set; } = 0.05;

    /// <summary>The modalities of clusters to audit, Image or Text; both by default.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public Modality[]? Modality { get; set; }

    /// <summary>The seed: the same seed gives the same bounds. Without it draws are cryptographic.</summary>
    [Parameter]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    private int TrialCount => ScriptBlock is not null && !IsBound(nameof(Trials)) ? 2000 : Trials;

    /// <inheritdoc/>
    protected override void Begin()
    {
        _meter = new ProgressMeter(this, "Auditing privacy", "trials");
        if (Neighboring == Neighboring.AddRemove && RecordCount < 2)
        {
            throw new QosValuationException(
                Faults.AuditNotValid, "Taking the only record away leaves no cluster to release; give -RecordCount 2 or more for AddRemove.", RecordCount);
        }
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (SemanticCluster cluster in Records<SemanticCluster>(InputObject))
        {
            _hasClusters = true;
            TryItem(cluster, () =>
            {
                foreach (NeighboringPair pair in NeighboringPair.OfCluster(cluster, Neighboring, Modality))
                {
                    Audit(pair, made: false);
                }
            });
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (!_hasClusters && !(MyInvocation?.ExpectingInput ?? false))
        {
            Audit(NeighboringPair.WorstCase(Neighboring, RecordCount, Dimension, RandomSource.Create(Seed)), made: true);
        }

        _meter!.Complete();
    }

    private void Audit(NeighboringPair pair, bool made)
    {
        var claim = new PrototypeReleaseOptions { Delta = Delta, Neighboring = Neighboring, PerturbationCoefficient = PerturbationCoefficient, Scale = Scale };
        foreach (PrototypeReleaseOptions release in claim.Sweep(ScriptBlock is null ? Mechanism : Mechanism[..1], Epsilon))
        {
            var options = new EmpiricalPrivacyOptions
            {
                Release = release,
                NoiseScale = NoiseScale,
                Trials = TrialCount,
                Confidence = Confidence,
                Seed = Seed,
            };
            EmpiricalPrivacy result = ScriptBlock is null
                ? BackgroundWork.Run(
                    (progress, cancellation) => EmpiricalPrivacyAudit.Measure(options, pair, progress, cancellationToken: cancellation),
                    done => Show(done, release.Mechanism.ToString()),
                    Cancellation)
                : EmpiricalPrivacyAudit.MeasureExternal(options, pair, Release, done => Show(done, "script block"), Cancellation);
            _done += TrialCount;
            result = made ? result with { ClusterId = null } : result;
            WriteVerbose(string.Create(
                CultureInfo.CurrentCulture,
                $"The region chosen held {result.TruePositives:N0} of {result.Trials - result.Trials / 2:N0} releases of the one dataset and "
                + $"{result.FalsePositives:N0} of the other."));
            WriteRecord(result);
        }
    }

    private void Show(int done, string status) => _meter!.Report(_done + done, status: status);

    // What the script block returned: a prototype, or numbers.
    private object Release(SemanticCluster cluster, int? seed)
    {
        object? value = ScriptBlock!.InvokeReturnAsIs(cluster, seed);
        object? inner = value is PSObject wrapped ? wrapped.BaseObject : value;
        if (inner is DpPrototype)
        {
            return inner;
        }

        if (inner is not null && RecordProperties.TryReadList(value, out double[] numbers))
        {
            return Array.ConvertAll(numbers, x => (float)x);
        }

        throw new QosValuationException(
            Faults.ReleaseNotValid,
            $"The script block returned {(inner is null ? "nothing" : inner.GetType().Name)}; let it return one prototype or the numbers of one vector.",
            inner);
    }
}
