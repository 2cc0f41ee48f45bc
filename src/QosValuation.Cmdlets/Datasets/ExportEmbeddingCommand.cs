using System.Globalization;
using System.Management.Automation;
using QosValuation.Embeddings.Datasets;

namespace QosValuation.Cmdlets;

/// <summary>Writes embeddings to a NumPy array, CSV, JSON lines or Parquet.</summary>
/// <remarks>
/// <para>The extension decides: .npy is an array of 32-bit floats, a row an embedding, which NumPy loads as it is; everything else an
/// embedding carries goes to NAME.metadata.jsonl beside it, where Import-Embedding finds it and checks
/// by a digest that the two belong together. .csv has the metadata in columns and then v0,
/// v1, …. .jsonl has an object a line. All four give back the same embeddings, bit for bit.</para>
/// <para>.parquet has the metadata in columns, and the column Vector, a list of 32-bit floats of one length a row. Row groups hold 10,000 rows or 16
/// MiB, with the least and largest value of each column of numbers; memory holds one. The footer tells the version of the layout, the length of the vectors and
/// their number (qosvaluation.embeddings.version, .dimension, .count).</para>
/// <para>A property Label, as Import-Embedding and Add-Member give one, is written too.</para>
/// <para>Embeddings are written as they arrive. The file gets its name at the end, so that an interrupted export leaves an existing file as
/// it was. An embedding of another length than the first costs one error record and is left out. Where no embedding comes, no file is written.</para>
/// </remarks>
/// <example>
/// <summary>Embed once, use often.</summary>
/// <code>Get-ClipEmbedding ./photos -Recurse | Export-Embedding photos.npy
/// Import-Embedding photos.npy | Group-Embedding</code>
/// </example>
/// <example>
/// <summary>Keep a copy on the way.</summary>
/// <code>Get-ClipEmbedding ./photos/*.jpg | Export-Embedding photos.csv -PassThru | Group-Embedding -PassThru</code>
/// </example>
/// <example>
/// <summary>Columns for other programs, such as DuckDB, Spark and pandas.</summary>
/// <code>Get-ClipEmbedding ./photos -Recurse | Export-Embedding photos.parquet
/// Import-Embedding photos.parquet | Group-Embedding</code>
/// </example>
/// <seealso>Import-Embedding</seealso>
/// <seealso>Get-ClipEmbedding</seealso>
[Cmdlet(VerbsData.Export, "Embedding", SupportsShouldProcess = true)]
[OutputType(typeof(ClipEmbedding))]
public sealed class ExportEmbeddingCommand : QosCmdlet
{
    private EmbeddingWriter? _writer;
    private ProgressMeter? _meter;

    /// <summary>The file to write: .npy, .csv, .jsonl or .parquet. An existing one is replaced with -Force only; missing folders are created.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    [Alias("LiteralPath", "PSPath")]
    public string Path { get; set; } = string.Empty;

    /// <summary>The embeddings.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [Accepts(typeof(ClipEmbedding))]
    [ValidateNotNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>The format: Npy, Csv, JsonLines or Parquet. By default that of the file name's ending; it need not be given where that says it.</summary>
    /// <value>by the ending</value>
    [Parameter]
    [SingleValue]
    public EmbeddingFileFormat? Format { get; set; }

    /// <summary>Replace an existing file.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Do not replace an existing file: what happens without -Force anyway. Not with -Force.</summary>
    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Emit the embeddings after writing them.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        string path = ResolveNewPath(Path);
        EmbeddingFileFormat format = Format ?? EmbeddingFile.FormatOf(path);
        if (Force && NoClobber)
        {
            throw new QosValuationException(Faults.ParametersConflict, "-Force and -NoClobber contradict each other; leave one out.", nameof(NoClobber));
        }

        foreach (string file in EmbeddingFile.FilesOf(path, format))
        {
            RequireNew(file, Force);
        }

        if (ShouldProcess(path, "Export embeddings"))
        {
            _writer = EmbeddingWriter.Create(path, format);
            _meter = new ProgressMeter(this, "Exporting embeddings", "embeddings");
        }
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (PSObject item in InputObject)
        {
            if (!TryRecord(item, out ClipEmbedding? embedding))
            {
                continue;
            }

            string? label = EmbeddingLabel.Of(item);
            if (_writer is not null)
            {
                try
                {
                    _writer.Write(embedding, label);
                    _meter!.Report(_writer.Count);
                }
                catch (QosValuationException fault) when (fault.Kind == FaultKind.InvalidData)
                {
                    WriteFault(fault, embedding);
                    continue;
                }
            }

            if (PassThru)
            {
                WriteRecord(RecordReader.Bare(item) is ClipEmbedding ? item : label is null ? embedding : EmbeddingLabel.Shown(embedding, label));
            }
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (_writer is null)
        {
            return;
        }

        _meter!.Complete();
        if (_writer.Count == 0)
        {
            WriteWarning($"There was no embedding to export, so that nothing was written to '{ResolveNewPath(Path)}'.");
            return;
        }

        _writer.Complete();
        WriteVerbose(string.Create(CultureInfo.CurrentCulture, $"Wrote {_writer.Count} embeddings to '{ResolveNewPath(Path)}'."));
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _writer?.Dispose();
        }

        base.Dispose(disposing);
    }
}
