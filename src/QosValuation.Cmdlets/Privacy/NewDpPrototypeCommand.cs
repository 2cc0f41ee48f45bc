using System.Globalization;
using System.Management.Automation;
using QosValuation.Numerics;
using QosValuation.Privacy;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>Releases differentially private prototypes of semantic clusters: mean plus calibrated noise.</summary>
/// <remarks>
/// <para>One prototype leaves for each cluster and modality: the mean of the records' unit vectors plus Gaussian noise, not normalised. Each record gives one vector: several captions of a photograph are averaged and renormalised first, so that a record counts once however many captions it has. Vectors longer than 1 are cut to 1.</para>
/// <para>The sensitivity of the mean of n vectors is 2/n: exchanging one record turns its vector round at most, from x to −x, and the mean moves by 2/n. So large clusters need little noise, and single records a lot. Under ReplaceOne (the default) the number of records is public. Under AddRemove it is not: the sum and the count of the records are released together with noise, Count is the noisy count, and the sensitivity is √1.25 over it.</para>
/// <para>AnalyticGaussian (the default) uses the least noise that keeps (ε, δ) for every ε. ClassicGaussian is the paper's Eq. 21, proven for ε below 1 only; it warns from 1 on, and where its noise is too small (about ε ≥ 9 at δ = 1e-5) IsFormal is false. DiscreteGaussian draws integer noise on a grid of 2⁻²⁴ in exact arithmetic, so that no rounding can leak; it needs some more noise (8 % at ε = 1, δ = 1e-5). ImageDp is a baseline from the literature: noise of standard deviation q·s on image prototypes, none on text; it has no guarantee, so IsFormal is false and ε, δ and sensitivity are not numbers.</para>
/// <para>ε and δ are spent by every prototype. A record with a photograph and captions spends them twice, once for each modality: Measure-PrivacyLoss adds up. The guarantee covers the vectors of the records given which record is in which cluster; how many clusters there are and who is in them is not hidden. Contributors is for the curator's accounts: leave it out of what is published.</para>
/// <para>Without -Seed the noise is cryptographic. With -Seed whoever knows the seed can take the noise away again, so seeded prototypes are for experiments only.</para>
/// <para>The paper releases prototypes of confirmed clusters only: add Where-Object IsConfirmed for that.</para>
/// </remarks>
/// <example>
/// <summary>Prototypes of the clusters of a folder of photographs.</summary>
/// <code>Get-ClipEmbedding ./photos/*.jpg | Group-Embedding | New-DpPrototype -Epsilon 1 -Delta 1e-5</code>
/// </example>
/// <example>
/// <summary>Confirmed clusters only, and what all prototypes cost together.</summary>
/// <code>$prototypes = $embeddings | Group-Embedding | Where-Object IsConfirmed | New-DpPrototype -Epsilon 0.5
/// $prototypes | Measure-PrivacyLoss -Delta 1e-5</code>
/// </example>
/// <example>
/// <summary>The Image-DP baseline of the paper, reproducible.</summary>
/// <code>$clusters | New-DpPrototype -Mechanism ImageDp -PerturbationCoefficient 0.2 -Scale 0.05 -Seed 1</code>
/// </example>
/// <example>
/// <summary>Noise without floating-point leaks, and a private count.</summary>
/// <code>$clusters | New-DpPrototype -Mechanism DiscreteGaussian -Neighboring AddRemove</code>
/// </example>
/// <seealso>Group-Embedding</seealso>
/// <seealso>Measure-PrivacyLoss</seealso>
/// <seealso>Get-GaussianSigma</seealso>
[Cmdlet(VerbsCommon.New, "DpPrototype")]
[OutputType(typeof(DpPrototype))]
public sealed class NewDpPrototypeCommand : QosCmdlet
{
    private PrototypeReleaser? _releaser;
    private bool _warnedOfSensitivity;

    /// <summary>Clusters with their members, from Group-Embedding.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNull]
    public SemanticCluster[] InputObject { get; set; } = [];

    /// <summary>ε: the privacy budget of each prototype, above 0; 1 by default. Smaller is more private.</summary>
    [Parameter(Position = 0)]
    public double Epsilon { get; set; } = 1;

    /// <summary>δ: the probability that the guarantee fails, between 0 and 1, both excluded; 1e-5 by default. Keep it well below one over the number of records.</summary>
    [Parameter(Position = 1)]
    public double Delta { get; set; } = 1e-5;

    /// <summary>How noise is drawn: AnalyticGaussian (the default), ClassicGaussian, DiscreteGaussian or ImageDp.</summary>
    [Parameter]
    public PrivacyMechanism Mechanism { get; set; } = PrivacyMechanism.AnalyticGaussian;

    /// <summary>q of ImageDp, 0 or more; 0.2 by default. The noise has the standard deviation q·s.</summary>
    [Parameter]
    [Alias("Q")]
    public double PerturbationCoefficient { get; set; } = 0.2;

    /// <summary>s of ImageDp, 0 or more; 0.05 by default. The noise has the standard deviation q·s.</summary>
    [Parameter]
    [Alias("S")]
    public double Scale { get; set; } = 0.05;

    /// <summary>The L2 sensitivity of the mean, above 0, in place of 2/n: at your own risk, where you know that means of neighbouring clusters lie no further apart. A value below 2/n is warned of.</summary>
    [Parameter]
    public double? Sensitivity { get; set; }

    /// <summary>Which datasets count as neighbours: ReplaceOne (the default; one record exchanged, the count public) or AddRemove (one record more or less, the count private).</summary>
    [Parameter]
    public Neighboring Neighboring { get; set; } = Neighboring.ReplaceOne;

    /// <summary>The modalities to release, Image or Text; both by default.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public Modality[]? Modality { get; set; }

    /// <summary>The seed: the same seed and clusters give the same noise, which is then no longer private. Without it the noise is cryptographic.</summary>
    [Parameter]
    public int? Seed { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        _releaser = new PrototypeReleaser(
            new PrototypeReleaseOptions
            {
                Mechanism = Mechanism,
                Epsilon = Epsilon,
                Delta = Delta,
                Neighboring = Neighboring,
                Sensitivity = Sensitivity,
                PerturbationCoefficient = PerturbationCoefficient,
                Scale = Scale,
                Modalities = Modality,
            },
            RandomSource.Create(Seed));
        if (Mechanism == PrivacyMechanism.ImageDp)
        {
            Output.Warning("ImageDp carries no privacy guarantee: its noise is not calibrated, and text prototypes are released as they are.");
        }
        else if (IsBound(nameof(PerturbationCoefficient)) || IsBound(nameof(Scale)))
        {
            Output.Warning($"-PerturbationCoefficient and -Scale belong to -Mechanism ImageDp and have no effect on {Mechanism}, whose noise follows from ε and δ.");
        }

        MechanismAdvice.Write(Output, Mechanism, Epsilon, Delta);
        if (Seed is not null)
        {
            Output.Verbose("The noise comes from a seed: whoever knows it can remove the noise. Publish unseeded prototypes only.");
        }

        Output.Verbose(string.Create(CultureInfo.CurrentCulture, $"σ is {_releaser.NoiseMultiplier:G6} times the sensitivity."));
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (SemanticCluster cluster in InputObject)
        {
            TryItem(cluster, () =>
            {
                foreach (DpPrototype prototype in _releaser!.Release(cluster))
                {
                    WarnOfSensitivity(prototype);
                    WriteRecord(prototype);
                }
            });
        }
    }

    private void WarnOfSensitivity(DpPrototype prototype)
    {
        if (Sensitivity < PrototypeReleaser.SensitivityBound(prototype.Count) && Mechanism != PrivacyMechanism.ImageDp && !_warnedOfSensitivity)
        {
            _warnedOfSensitivity = true;
            Output.Warning(string.Create(
                CultureInfo.CurrentCulture,
                $"-Sensitivity {Sensitivity:G6} is below the bound 2/n = {PrototypeReleaser.SensitivityBound(prototype.Count):G6} of cluster {prototype.ClusterId} (n = {prototype.Count}): the guarantee holds only if you know that means of neighbours lie no further apart."));
        }
    }
}
