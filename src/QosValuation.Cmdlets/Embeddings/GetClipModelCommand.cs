using System.Management.Automation;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Models;

namespace QosValuation.Cmdlets;

/// <summary>Lists the CLIP models at hand: the embedded ones, those installed, and those in folders you name.</summary>
/// <remarks>
/// <para>The embedded models come with the module: clip-small (the default), clip-mini (small and fast) and MiniLM-L6 (texts alone). Installed models
/// lie in the user's data folder: models under $env:QOSVALUATION_HOME where that is set, else under QosValuation in ~/.local/share (Linux),
/// ~/Library/Application Support (macOS) or %LOCALAPPDATA% (Windows).</para>
/// <para>-Path takes any folder in a public ONNX layout: vision_model.onnx and text_model.onnx in it or in its onnx subfolder (also with a suffix such as
/// _fp16), or one model.onnx each in two neighbouring folders whose names differ in vision and text. One encoder alone is fine. Dimension, image size and
/// context length are read from the files.</para>
/// </remarks>
/// <example>
/// <summary>Every model at hand.</summary>
/// <code>Get-ClipModel</code>
/// </example>
/// <example>
/// <summary>Installed variants of ViT-B/32.</summary>
/// <code>Get-ClipModel -Name ViT-B-32*</code>
/// </example>
/// <example>
/// <summary>A model in a folder of your own.</summary>
/// <code>Get-ClipModel -Path ./clip-ViT-B-32-vision</code>
/// </example>
/// <seealso>Install-ClipModel</seealso>
/// <seealso>Test-ClipModel</seealso>
/// <seealso>Get-ClipEmbedding</seealso>
[Cmdlet(VerbsCommon.Get, "ClipModel", DefaultParameterSetName = "Name")]
[OutputType(typeof(ClipModel))]
public sealed class GetClipModelCommand : ClipModelCommand
{
    /// <summary>Names of models, wildcards allowed. All models by default.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ParameterSetName = "Name")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(ClipModelNameCompleter))]
    public string[]? Name { get; set; }

    /// <summary>Folders (or ONNX files) of models, wildcards allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Path", ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [Alias("FullName")]
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
            TryItem(files.Folder, () => WriteRecord(ClipModelReader.Read(files)));
        }
    }
}
