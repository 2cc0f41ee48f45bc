using System.Management.Automation;
using QosValuation.Privacy.Accounting;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>Adds up the privacy that a record loses to several releases.</summary>
/// <remarks>
/// <para>What counts is each release's sensitivity and noise, not the ε it was asked for. Releases compose in sequence, as if each concerned the same
/// record: the image and the text prototype of a cluster do, and so do two releases of one cluster. One result leaves at the end for each accountant;
/// without releases there is a warning and no result.</para>
/// <para>-Parallel takes the largest loss of any cluster instead of the sum over clusters. That is right only where every record is in one cluster, and
/// membership is fixed and does not depend on private data; give the releases of one grouping only. Releases of the unit Contributor are added up even
/// then, because a contributor may be in several clusters.</para>
/// <para>Gdp (the default) is exact for Gaussian noise, continuous or on a grid: μ = √Σ(Δ/σ)². Zcdp and Rdp are upper bounds; Zcdp takes the place of Gdp
/// where a release of the discrete Gaussian does not tell its GridStep. A release without noise or without a sensitivity, such as those of ImageDp and
/// None, has no finite ε: the total is infinite, and IsFormal false. So it is with a release that cannot be read, because its Sigma is missing or no
/// number: it costs an error, and the total is infinite, because nobody knows what it told.</para>
/// <para>Where noise came from a seed (IsSeeded, as New-DpPrototype -Seed says), ε is what the noise would be worth if the seed were secret and never used
/// again; IsFormal is false, and the explanation says so.</para>
/// <para>Releases under ReplaceOne and AddRemove may come together: the total is then stated for replacement.</para>
/// <para>A training with DP-SGD is a release with a SamplingRate and Steps: σ and the clipping norm (Sensitivity) are those of one step. Pld, which takes the
/// place of Gdp there, composes the distribution of the privacy loss numerically, to about 0.1 % of the exact ε, and is what privacy budgets
/// count by.</para>
/// </remarks>
/// <example>
/// <summary>What the prototypes of all clusters cost a record that might be in any of them.</summary>
/// <code>$clusters | New-DpPrototype -Epsilon 0.5 | Measure-PrivacyLoss -Delta 1e-5</code>
/// </example>
/// <example>
/// <summary>Fixed, disjoint clusters: a record loses what its own cluster tells.</summary>
/// <code>$prototypes | Measure-PrivacyLoss -Parallel</code>
/// </example>
/// <example>
/// <summary>One hundred releases with sensitivity 0.04 and σ = 0.8.</summary>
/// <code>1..100 | ForEach-Object { [pscustomobject]@{ Sensitivity = 0.04; Sigma = 0.8 } } | Measure-PrivacyLoss</code>
/// </example>
/// <example>
/// <summary>A training: 1,000 steps of 64 records out of 6,400, gradients clipped to 1, σ = 1.</summary>
/// <code>[pscustomobject]@{ Sensitivity = 1; Sigma = 1; SamplingRate = 0.01; Steps = 1000 } | Measure-PrivacyLoss -Accountant Pld, Rdp</code>
/// </example>
/// <seealso>New-DpPrototype</seealso>
/// <seealso>Get-GaussianSigma</seealso>
[Cmdlet(VerbsDiagnostic.Measure, "PrivacyLoss")]
[OutputType(typeof(PrivacyLoss))]
public sealed class MeasurePrivacyLossCommand : QosCmdlet
{
    private PrivacyLossAccumulator[] _accumulators = [];

    /// <summary>A release: a prototype, or any object with Sensitivity and Sigma.</summary>
    [Parameter(ValueFromPipeline = true)]
    [Accepts(typeof(DpPrototype), AndOthers = true)]
    public PSObject? InputObject { get; set; }

    /// <summary>The L2 sensitivity of a release, 0 or more; NaN where it has none.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ReleaseValue(typeof(double))]
    public double Sensitivity { get; set; } = double.NaN;

    /// <summary>The standard deviation of a release's noise per coordinate, 0 or more, in the unit of the sensitivity.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ReleaseValue(typeof(double))]
    public double Sigma { get; set; } = double.NaN;

    /// <summary>The mechanism of a release; AnalyticGaussian by default.</summary>
    /// <value>AnalyticGaussian</value>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ReleaseValue(typeof(PrivacyMechanism))]
    public PrivacyMechanism Mechanism { get; set; } = PrivacyMechanism.AnalyticGaussian;

    /// <summary>The neighbouring relation of a release's sensitivity; ReplaceOne by default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ReleaseValue(typeof(Neighboring))]
    public Neighboring Neighboring { get; set; } = Neighboring.ReplaceOne;

    /// <summary>The cluster that a release concerns; used with -Parallel. A release without it concerns every cluster.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ReleaseValue(typeof(int?))]
    public int? ClusterId { get; set; }

    /// <summary>The step of DiscreteGaussian's grid in the unit of -Sigma, as prototypes tell it; 0 where it is not known.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ReleaseValue(typeof(double))]
    public double GridStep { get; set; }

    /// <summary>Whose data the sensitivity is stated for: one Record (the default) or one Contributor.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ReleaseValue(typeof(PrivacyUnit))]
    public PrivacyUnit Unit { get; set; } = PrivacyUnit.Record;

    /// <summary>Whether the noise came from a seed, as prototypes tell it.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ReleaseValue(typeof(bool))]
    public SwitchParameter IsSeeded { get; set; }

    /// <summary>
    /// q of a training with DP-SGD, between 0 and 1: the probability that a record takes part in a step. Such steps are accounted for under AddRemove, and
    /// -Sensitivity is the clipping norm. 1 by default: no sampling.
    /// </summary>
    /// <value>1</value>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ReleaseValue(typeof(double))]
    public double SamplingRate { get; set; } = 1;

    /// <summary>The steps of a training, a whole number of at least 1; 1 by default. Used with -SamplingRate.</summary>
    /// <value>1</value>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ReleaseValue(typeof(double))]
    public double Steps { get; set; } = 1;

    /// <summary>δ at which the total ε is stated, between 0 and 1, both excluded; 1e-5 by default.</summary>
    [Parameter(Position = 0)]
    [Number]
    public double Delta { get; set; } = 1e-5;

    /// <summary>How losses are added up: Gdp (the default), Zcdp, Rdp or Pld; a result leaves for each.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public PrivacyAccountant[] Accountant { get; set; } = [PrivacyAccountant.Gdp];

    /// <summary>Clusters hold disjoint records: take the largest loss of any cluster.</summary>
    [Parameter]
    public SwitchParameter Parallel { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        // What is bound by now was typed: a mistake there is the command's, not that of a release.
        Require(Mechanism);
        Require(Neighboring);
        Require(Unit);
        _accumulators = [.. Accountant.Select(accountant => new PrivacyLossAccumulator(accountant, Parallel))];
        foreach (PrivacyLossAccumulator accumulator in _accumulators)
        {
            accumulator.Measure(Delta);
        }
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        bool isPiped = MyInvocation?.ExpectingInput ?? false;
        if (isPiped ? InputObject is null : !IsBound(nameof(Sensitivity)) && !IsBound(nameof(Sigma)))
        {
            return;
        }

        foreach (PrivacyLossAccumulator accumulator in _accumulators)
        {
            bool isFirst = accumulator == _accumulators[0];
            try
            {
                if (isPiped && !IsBound(nameof(Sensitivity)) && !IsBound(nameof(Sigma)))
                {
                    throw Refusal([typeof(DpPrototype)], InputObject, "releases with Sensitivity and Sigma");
                }

                Require(Mechanism);
                Require(Neighboring);
                Require(Unit);
                if (IsBound(nameof(SamplingRate)))
                {
                    accumulator.AddTraining(Sensitivity, Sigma, SamplingRate, Steps, Mechanism, GridStep, Unit, IsSeeded);
                }
                else
                {
                    accumulator.Add(Sensitivity, Sigma, Mechanism, Neighboring, ClusterId, GridStep, Unit, IsSeeded);
                }
            }
            catch (QosValuationException fault)
            {
                // Nobody knows what an unreadable release told, so no finite ε holds for all of them.
                accumulator.Add(new NonFormalEvent(), ClusterId);
                if (isFirst)
                {
                    TryItem(InputObject, () => throw fault);
                }
            }
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (_accumulators[0].Releases == 0)
        {
            WriteWarning("There was no release to account for, so there is no loss to state. Pipe prototypes of New-DpPrototype, or objects with Sensitivity "
                + "and Sigma.");
            return;
        }

        foreach (PrivacyLossAccumulator accumulator in _accumulators)
        {
            WriteRecord(accumulator.Measure(Delta));
        }
    }

    private static void Require<T>(T value)
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            throw new QosValuationException(
                Faults.ReleaseNotValid,
                FaultKind.InvalidArgument,
                $"A release has one {typeof(T).Name}, and it must be {string.Join(", ", Enum.GetNames<T>())}; account for releases of several one by one.",
                value);
        }
    }
}
