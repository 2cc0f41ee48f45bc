using System.Management.Automation;
using QosValuation.Embeddings.Prototypes;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>Makes released prototypes more useful, at no cost in privacy.</summary>
/// <remarks>
/// <para>Post-processing looks at nothing but what was released, so the guarantee stays as it is. The prototypes leave in the order they came in, with
/// another Vector; PostProcessing names what was done. Sensitivity, Sigma, ε and δ go on telling what the release cost, so that Measure-PrivacyLoss
/// accounts for it as before.</para>
/// <para>Sphere (the default) projects to the unit sphere, where embeddings lie. Shrink moves the prototypes of a modality towards their average, the
/// further the noisier they are: the posterior mean under a Gaussian prior estimated from the same prototypes, of which there should be many. Average puts
/// the mean of a cluster's image and text prototype, on the unit sphere, in the place of both; Join puts the two side by side in one vector of twice the
/// length, which finds its cluster better. Shrink takes prototypes as they were released, because it goes by their noise; to what Average or Join combined
/// nothing more can be done.</para>
/// <para>Sphere passes each prototype on as it comes; the others wait for all of them. Measure-PrototypeUtility -PostProcess tells what each brings on
/// given clusters.</para>
/// </remarks>
/// <example>
/// <summary>Prototypes on the unit sphere.</summary>
/// <code>$clusters | New-DpPrototype -Epsilon 1 | Optimize-DpPrototype</code>
/// </example>
/// <example>
/// <summary>What the posterior mean brings.</summary>
/// <code>$prototypes = $clusters | New-DpPrototype -Epsilon 1
/// $prototypes | Measure-PrototypeUtility -Reference $clusters
/// $prototypes | Optimize-DpPrototype -PostProcess Shrink | Measure-PrototypeUtility -Reference $clusters</code>
/// </example>
/// <seealso>New-DpPrototype</seealso>
/// <seealso>Measure-PrototypeUtility</seealso>
[Cmdlet(VerbsCommon.Optimize, "DpPrototype")]
[OutputType(typeof(DpPrototype))]
public sealed class OptimizeDpPrototypeCommand : QosCmdlet
{
    private readonly List<DpPrototype> _prototypes = [];

    /// <summary>Released prototypes, from New-DpPrototype.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [Accepts(typeof(DpPrototype))]
    [ValidateNotNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>What to do: Sphere (the default), Shrink, Average, Join or None. Several give a prototype each, told apart by PostProcessing.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public PrototypePostProcessing[] PostProcess { get; set; } = [PrototypePostProcessing.Sphere];

    /// <inheritdoc/>
    protected override void Process()
    {
        if (PostProcess.Any(method => method is PrototypePostProcessing.Shrink or PrototypePostProcessing.Average or PrototypePostProcessing.Join))
        {
            _prototypes.AddRange(Records<DpPrototype>(InputObject));
            return;
        }

        foreach (DpPrototype prototype in Records<DpPrototype>(InputObject))
        {
            Write([prototype]);
        }
    }

    /// <inheritdoc/>
    protected override void End() => Write(_prototypes);

    private void Write(IReadOnlyList<DpPrototype> prototypes)
    {
        foreach (PrototypePostProcessing method in PostProcess)
        {
            foreach (DpPrototype prototype in PrototypePostProcessor.Apply(prototypes, method))
            {
                WriteRecord(prototype);
            }
        }
    }
}
