using System.Management.Automation;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>Computes the standard deviation of the noise that an (ε, δ) guarantee needs.</summary>
/// <remarks>
/// <para>σ is in the unit of the sensitivity Δ and proportional to it. AnalyticGaussian (the default) gives the smallest σ for which
/// Gaussian noise is (ε, δ)-differentially private, for every ε (Balle and Wang 2018). ClassicGaussian gives Δ·√(2 ln(1.25/δ))/ε
/// (paper, Eq. 21), proven for ε below 1 only. DiscreteGaussian needs the same σ, rounded up to its grid when it draws (less than
/// 10⁻⁹ of σ); unlike the other two its noise has no floating-point leak (see New-DpPrototype). ImageDp and None have no ε, so no σ
/// follows from one: they are refused.</para>
/// <para>A number leaves for each ε and mechanism: for the first ε that of each mechanism, and so on.</para>
/// </remarks>
/// <example>
/// <summary>The noise for ε = 1, δ = 1e-5 and sensitivity 1.</summary>
/// <code>Get-GaussianSigma -Epsilon 1 -Delta 1e-5</code>
/// </example>
/// <example>
/// <summary>The noise of a prototype of 50 records.</summary>
/// <code>Get-GaussianSigma -Epsilon 1 -Sensitivity (2 / 50)</code>
/// </example>
/// <example>
/// <summary>The exact calibration beside the classic one.</summary>
/// <code>0.1, 0.5, 1, 5, 10 | ForEach-Object {
///     [pscustomobject]@{
///         Epsilon  = $_
///         Analytic = Get-GaussianSigma $_
///         Classic  = Get-GaussianSigma $_ -Mechanism ClassicGaussian -WarningAction SilentlyContinue
///     }
/// }</code>
/// </example>
/// <seealso>New-DpPrototype</seealso>
/// <seealso>Measure-PrivacyLoss</seealso>
[Cmdlet(VerbsCommon.Get, "GaussianSigma")]
[OutputType(typeof(double))]
public sealed class GetGaussianSigmaCommand : QosCmdlet
{
    /// <summary>ε: the privacy budget, above 0. Smaller is more private.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Number(TakesList = true)]
    public double[] Epsilon { get; set; } = [];

    /// <summary>δ: the probability that the guarantee fails, between 0 and 1, both excluded; 1e-5 by default.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [Number]
    public double Delta { get; set; } = 1e-5;

    /// <summary>Δ: the L2 sensitivity, above 0; 1 by default, and 2/n for the mean of n unit vectors.</summary>
    [Parameter(Position = 2, ValueFromPipelineByPropertyName = true)]
    [Number]
    public double Sensitivity { get; set; } = 1;

    /// <summary>The mechanisms, such as AnalyticGaussian (the default); a σ leaves for each.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public PrivacyMechanism[] Mechanism { get; set; } = [PrivacyMechanism.AnalyticGaussian];

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (double epsilon in Epsilon)
        {
            // A bad argument ends the command; a bad item of the pipeline costs one error and the others go on.
            if (MyInvocation?.ExpectingInput ?? false)
            {
                TryItem(epsilon, () => Calibrate(epsilon));
            }
            else
            {
                Calibrate(epsilon);
            }
        }
    }

    private void Calibrate(double epsilon)
    {
        foreach (INoiseMechanism mechanism in Mechanism.Select(NoiseMechanisms.Of))
        {
            double sigma = mechanism.Sigma(epsilon, Delta, Sensitivity);
            MechanismAdvice.Write(this, mechanism, new NoiseParameters(epsilon, Delta));
            WriteRecord(sigma);
        }
    }
}
