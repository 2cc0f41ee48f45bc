using System.Globalization;
using System.Management.Automation;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Models;

namespace QosValuation.Cmdlets;

/// <summary>Installs the public CLIP ViT-B/32 weights, with pinned SHA-256 digests.</summary>
/// <remarks>
/// <para>Fetches the ONNX weights and the tokenizer from Hugging Face, or from the mirror that -Uri names, checks each file's SHA-256 against the digest
/// pinned in this module, and puts the complete model into the folder of models, where -Model ViT-B-32 finds it. A model that is installed already is left
/// alone unless -Force is given.</para>
/// <para>An interrupted download goes on where it ended when the command is run again: files in progress lie in .partial under the folder of models.
/// Passing failures of the network are tried again, waiting longer each time. A file with the wrong digest is deleted and nothing is installed. On a full
/// disk nothing is installed either, and what was received is kept. A half model is never visible.</para>
/// <para>A mirror keeps the layout of Hugging Face (REPOSITORY/resolve/main/FILE), the repositories as plain folders (REPOSITORY/FILE), or the files
/// vision_model.onnx, text_model.onnx, vocab.json and merges.txt in one folder. http, https and file addresses work, so a folder on a stick does
/// too.</para>
/// </remarks>
/// <example>
/// <summary>Install ViT-B/32 (0.6 GB) and use it.</summary>
/// <code>Install-ClipModel -Name ViT-B-32
/// Get-ClipEmbedding ./photos -Recurse -Model ViT-B-32</code>
/// </example>
/// <example>
/// <summary>See what would be fetched, and where to.</summary>
/// <code>Install-ClipModel -WhatIf</code>
/// </example>
/// <example>
/// <summary>From a mirror, with half-precision weights.</summary>
/// <code>Install-ClipModel -Precision Float16 -Uri https://mirror.example.org/models/</code>
/// </example>
/// <example>
/// <summary>On a machine without a network, from a folder that was copied there.</summary>
/// <code>Install-ClipModel -Uri file:///media/stick/ViT-B-32/</code>
/// </example>
/// <seealso>Get-ClipModel</seealso>
/// <seealso>Test-ClipModel</seealso>
[Cmdlet(VerbsLifecycle.Install, "ClipModel", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(ClipModel))]
public sealed class InstallClipModelCommand : ClipModelCommand
{
    private const int ReportEveryMilliseconds = 200;

    /// <summary>The model: ViT-B-32, the default, in the precision of -Precision; or a full name such as ViT-B-32-fp16.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ClipModelOfferCompleter))]
    public string Name { get; set; } = "ViT-B-32";

    /// <summary>
    /// The folder of models to install into; the model becomes a subfolder of its name. By default the user's data folder, where names are looked up; a
    /// model elsewhere is used by naming its folder.
    /// </summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string? Destination { get; set; }

    /// <summary>
    /// A mirror to fetch from instead of https://huggingface.co/: an http, https or file address. Digests are checked all the same. A name and password
    /// in it (https://name:password@mirror/) are sent to that server, and neither shown nor stored.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public Uri? Uri { get; set; }

    /// <summary>
    /// Float32 (the default, 0.6 GB), Float16 (0.3 GB, slower on most processors), or Quantized (the text encoder in 8-bit integers beside a Float32 image
    /// encoder).
    /// </summary>
    [Parameter]
    [SingleValue]
    public ClipModelPrecision Precision { get; set; } = ClipModelPrecision.Float32;

    /// <summary>Fetch the model again and replace it where it is installed already.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        ClipModelDefinition model = ClipModelDefinition.Find(Name, Precision);
        string folder = Destination is null ? ClipModelCatalog.UserModelFolder : ResolveNewPath(Destination);
        Uri source = Uri ?? ClipModelInstaller.DefaultSource;
        string size = (model.Files.Sum(file => file.ApproximateBytes) / 1e6).ToString("N0", CultureInfo.CurrentCulture);
        if (!ShouldProcess(System.IO.Path.Combine(folder, model.Name), $"Install the model {model.Name} ({size} MB) from {SafeAddress.ToShow(source)}"))
        {
            return;
        }

        WriteVerbose($"{model.Files.Count} files from {SafeAddress.ToShow(source)}; what an earlier attempt left is resumed, and every digest is checked.");
        WriteRecord(ClipModelReader.Read(Install(model, folder, source)));
    }

    private ClipModelFiles Install(ClipModelDefinition model, string folder, Uri source)
    {
        using var installer = new ClipModelInstaller();
        InstallProgress? latest = null;
        object gate = new();
        Task<ClipModelFiles> installation = Task.Run(() => installer.InstallAsync(
            model,
            folder,
            source,
            Force,
            progress =>
            {
                lock (gate)
                {
                    latest = progress;
                }
            },
            Cancellation));
        var record = new ProgressRecord(0x51054000, $"Installing {model.Name}", "Connecting");
        bool isShown = false;
        while (!((IAsyncResult)installation).AsyncWaitHandle.WaitOne(ReportEveryMilliseconds))
        {
            InstallProgress? now;
            lock (gate)
            {
                now = latest;
            }

            if (now is { } progress)
            {
                record.StatusDescription = string.Create(
                    CultureInfo.CurrentCulture,
                    $"{progress.File}: {progress.Bytes / 1e6:N1} of {progress.TotalBytes / 1e6:N1} MB, {progress.BytesPerSecond / 1e6:N1} MB a second");
                record.PercentComplete = progress.TotalBytes > 0 ? (int)Math.Clamp(100 * progress.Bytes / progress.TotalBytes, 0, 100) : -1;
                record.SecondsRemaining = progress.TimeLeft is { } left ? (int)left.TotalSeconds : -1;
            }

            isShown = true;
            WriteProgress(record);
        }

        if (isShown)
        {
            record.RecordType = ProgressRecordType.Completed;
            WriteProgress(record);
        }

        return installation.GetAwaiter().GetResult();
    }
}
