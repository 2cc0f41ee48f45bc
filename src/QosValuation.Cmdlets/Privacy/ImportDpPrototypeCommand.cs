using System.Globalization;
using System.Management.Automation;
using QosValuation.Embeddings.Prototypes;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>Reads prototypes that Export-DpPrototype wrote.</summary>
/// <remarks>
/// <para>The prototypes come back as they were published, bit for bit: the vectors, ε, δ, Sigma, the mechanism, the neighbouring relation and
/// the unit, so that whoever receives them can account for them (Measure-PrivacyLoss), use them (Optimize-DpPrototype) or attack them
/// (Invoke-ReconstructionAttack). Contributors is empty unless it was published.</para>
/// <para>A .npy needs NAME.metadata.jsonl beside it. A file that holds something else costs one error record and no other file.</para>
/// </remarks>
/// <example>
/// <summary>What published prototypes cost together.</summary>
/// <code>$null = $clusters | New-DpPrototype -Epsilon 1 | Export-DpPrototype ./published.json
/// Import-DpPrototype ./published.json | Measure-PrivacyLoss</code>
/// </example>
/// <seealso>Export-DpPrototype</seealso>
/// <seealso>Measure-PrivacyLoss</seealso>
/// <seealso>Optimize-DpPrototype</seealso>
/// <seealso>Invoke-ReconstructionAttack</seealso>
[Cmdlet(VerbsData.Import, "DpPrototype", DefaultParameterSetName = "Path")]
[OutputType(typeof(DpPrototype))]
public sealed class ImportDpPrototypeCommand : QosCmdlet
{
    /// <summary>The files (.npy, .csv, .jsonl or .json), wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "Path")]
    [Alias("FullName")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>The files, wildcard characters taken literally.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath")]
    [Alias("PSPath")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <inheritdoc/>
    protected override void Process()
    {
        bool isLiteral = ParameterSetName == "LiteralPath";
        foreach (string path in ResolvePaths(isLiteral ? LiteralPath : Path, isLiteral))
        {
            TryItem(path, () =>
            {
                IReadOnlyList<DpPrototype> prototypes = PrototypeFile.Read(path);
                WriteVerbose(string.Create(CultureInfo.CurrentCulture, $"Read {prototypes.Count:N0} prototypes from '{path}'."));
                foreach (DpPrototype prototype in prototypes)
                {
                    WriteRecord(prototype);
                }
            });
        }
    }
}
