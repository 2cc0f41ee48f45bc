using System.Globalization;
using System.Management.Automation;
using QosValuation.Embeddings.Prototypes;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>Writes prototypes to a file that can be published: the vectors and their guarantee, without the curator's accounts.</summary>
/// <remarks>
/// <para>Written are the vectors and ClusterId, Modality, Model, Count, ε, δ, Sensitivity, Sigma, Mechanism, IsFormal, IsSeeded, HasNoisyCount,
/// Neighboring, Unit, GridStep and PostProcessing, whatever else a prototype carries. Contributors is in the file only with
/// -IncludeContributor: who took part is not covered by the guarantee. A seed is never in it, for with the seed anyone could take the noise
/// away.</para>
/// <para>Count, Sensitivity and Sigma all tell how many records a cluster has. Under ReplaceOne that number is public by definition of the
/// guarantee; where it is not to be known, release with -Neighboring AddRemove, which tells a noisy count instead.</para>
/// <para>A prototype without a guarantee (seeded, or of ImageDp, None, or ClassicGaussian at a large ε) is written all the same, and a warning
/// says how many there are.</para>
/// <para>The extension decides: .npy is an array of 32-bit floats that NumPy loads, a row a prototype, with the rest in NAME.metadata.jsonl
/// beside it; publish both. .csv has the properties in columns and then v0, v1, …. .jsonl has an object a line, .json an array of them.
/// Import-DpPrototype reads all of them back, bit for bit.</para>
/// </remarks>
/// <example>
/// <summary>Release, publish, and read what was published.</summary>
/// <code>$clusters | New-DpPrototype -Epsilon 1 -Neighboring AddRemove | Export-DpPrototype ./prototypes.npy
/// Import-DpPrototype ./prototypes.npy | Measure-PrivacyLoss</code>
/// </example>
/// <example>
/// <summary>A copy for the curator's own records.</summary>
/// <code>$prototypes | Export-DpPrototype ./internal.json -IncludeContributor</code>
/// </example>
/// <seealso>Import-DpPrototype</seealso>
/// <seealso>New-DpPrototype</seealso>
/// <seealso>Export-Embedding</seealso>
/// <seealso>about_QosValuation_Privacy</seealso>
[Cmdlet(VerbsData.Export, "DpPrototype", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportDpPrototypeCommand : QosCmdlet
{
    private readonly List<DpPrototype> _prototypes = [];

    /// <summary>The file to write: .npy, .csv, .jsonl or .json; missing folders are created.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    [Alias("LiteralPath", "PSPath")]
    public string Path { get; set; } = string.Empty;

    /// <summary>Prototypes, from New-DpPrototype or Optimize-DpPrototype.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [Accepts(typeof(DpPrototype))]
    [ValidateNotNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>Write the contributors of each cluster too: for the curator, not for publication.</summary>
    [Parameter]
    public SwitchParameter IncludeContributor { get; set; }

    /// <summary>Replace a file that exists.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void Process() => _prototypes.AddRange(Records<DpPrototype>(InputObject));

    /// <inheritdoc/>
    protected override void End()
    {
        if (_prototypes.Count == 0)
        {
            WriteWarning($"There was no prototype to export, so that nothing was written to '{ResolveNewPath(Path)}'.");
            return;
        }

        string path = ResolveNewPath(Path);
        if (File.Exists(path) && !Force)
        {
            throw new QosValuationException(Faults.FileExists, $"'{path}' exists. Replace it with -Force, or choose another -Path.", path);
        }

        if (_prototypes.Count(prototype => !prototype.IsFormal) is > 0 and int open)
        {
            int seeded = _prototypes.Count(prototype => prototype.IsSeeded);
            WriteWarning(string.Create(
                CultureInfo.CurrentCulture,
                $"{open:N0} of {_prototypes.Count:N0} prototypes carry no guarantee{(seeded > 0 ? $" ({seeded:N0} have noise from a seed)" : string.Empty)}: "
                + $"whoever reads them may learn about single records. Release them anew with a formal mechanism and without -Seed before you publish them."));
        }

        if (ShouldProcess(path, IncludeContributor ? "Export prototypes with their contributors" : "Export prototypes"))
        {
            PrototypeFile.Write(path, _prototypes, IncludeContributor);
            WriteVerbose(string.Create(CultureInfo.CurrentCulture, $"Wrote {_prototypes.Count:N0} prototypes to '{path}'."));
            WriteRecord(new FileInfo(path));
        }
    }
}
