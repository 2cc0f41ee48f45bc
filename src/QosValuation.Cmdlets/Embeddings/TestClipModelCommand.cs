using System.Management.Automation;
using QosValuation.Embeddings.Models;

namespace QosValuation.Cmdlets;

/// <summary>Checks that CLIP models are complete and can be used.</summary>
/// <remarks>
/// <para>Checked are: the files and, for an installed model, their sizes and SHA-256 digests; the tokenizer's vocabulary and merges; that both encoders
/// open, have the inputs and outputs of CLIP and agree in dimension; and that the text encoder knows every id of the vocabulary.</para>
/// <para>IsValid tells the result and Problems what is wrong, a sentence each. A model that is not valid is a result, not an error.</para>
/// </remarks>
/// <example>
/// <summary>Check every model at hand.</summary>
/// <code>Test-ClipModel</code>
/// </example>
/// <example>
/// <summary>What is wrong with a folder?</summary>
/// <code>(Test-ClipModel -Path ./my-clip).Problems</code>
/// </example>
/// <example>
/// <summary>Install a damaged model again.</summary>
/// <code>if (-not (Test-ClipModel ViT-B-32).IsValid) { Install-ClipModel -Name ViT-B-32 -Force }</code>
/// </example>
/// <seealso>Get-ClipModel</seealso>
/// <seealso>Install-ClipModel</seealso>
[Cmdlet(VerbsDiagnostic.Test, "ClipModel", DefaultParameterSetName = "Name")]
[OutputType(typeof(ClipModelReport))]
public sealed class TestClipModelCommand : ClipModelCommand
{
    /// <summary>Names of models, wildcards allowed. All models by default.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "Name")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(ClipModelNameCompleter))]
    public string[]? Name { get; set; }

    /// <summary>Folders (or ONNX files) of models, wildcards allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Path")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>Folders (or ONNX files) of models, wildcard characters taken literally.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath")]
    [ValidateNotNullOrEmpty]
    [Alias("PSPath")]
    public string[] LiteralPath { get; set; } = [];

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (ClipModelFiles files in Selected(Name, Path, LiteralPath))
        {
            Cancellation.ThrowIfCancellationRequested();
            WriteRecord(ClipModelInspector.Check(files, Cancellation));
        }
    }
}
