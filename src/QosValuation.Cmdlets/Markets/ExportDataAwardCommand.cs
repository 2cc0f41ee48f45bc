using System.Globalization;
using System.Management.Automation;
using QosValuation.Cmdlets.Quality;
using QosValuation.Foundation.Names;
using QosValuation.Markets.Awards;
using QosValuation.Valuation.Quality;

namespace QosValuation.Cmdlets.Markets;

/// <summary>Writes the documents that an auction bought into one file, each with what attributes it to its provider.</summary>
/// <remarks>
/// <para>Documents come from the pipeline or from files, as Measure-DataQuality takes them; those whose contributor won are written in their order: text,
/// contributor, source, license, sha256 (of the text in UTF-8), mechanism, rank, value, payment and share. Source is the property Source, Path or Item,
/// license the property License or Licence, where there is one.</para>
/// <para>The format follows the ending of -OutputPath: .jsonl, .csv, .parquet (a row group for each 10,000 documents) or .tfrecord (tf.train.Example
/// messages; numbers are 32-bit floats there). The file appears whole or not at all.</para>
/// </remarks>
/// <example>
/// <summary>The bought captions of a dataset</summary>
/// <code>$awards = Import-Csv offers.csv | Invoke-DataAuction -Mechanism ProportionalShare -Budget 1000
/// Import-Csv captions.csv | Export-DataAward -Award $awards -OutputPath ./bought.parquet</code>
/// </example>
/// <example>
/// <summary>What was delivered, for training with TensorFlow</summary>
/// <code>Export-DataAward ./delivered/*/*.jsonl -Award $awards -OutputPath ./bought.tfrecord</code>
/// </example>
/// <seealso>Invoke-DataAuction</seealso>
/// <seealso>Unprotect-DataSubmission</seealso>
[Cmdlet(VerbsData.Export, "DataAward", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportDataAwardCommand : DocumentCommand
{
    private static readonly string[] SourceFields = ["Source", "Path", "Item"];
    private static readonly string[] LicenseFields = ["License", "Licence"];

    private readonly Dictionary<string, DataAward> _winners = new(StringComparer.Ordinal);
    private string _target = string.Empty;
    private AwardFormat _format;

    /// <summary>The awards of Invoke-DataAuction, also saved and read back.</summary>
    [Parameter(Mandatory = true)]
    [Accepts(typeof(DataAward))]
    [ValidateNotNull]
    public PSObject[] Award { get; set; } = [];

    /// <summary>The file to write.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string OutputPath { get; set; } = string.Empty;

    /// <summary>Auto (the default: by the ending of -OutputPath), Jsonl, Csv, Parquet or TFRecord.</summary>
    /// <value>Auto</value>
    [Parameter]
    [SingleValue]
    public AwardFormat Format { get; set; }

    /// <summary>
    /// Write texts into a .csv as they are. By default one that a spreadsheet would take for a formula (it begins with =, +, -, @, a tab or a carriage
    /// return) gets an apostrophe before it.
    /// </summary>
    [Parameter]
    public SwitchParameter Raw { get; set; }

    /// <summary>Replace a file that exists.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        base.Begin();
        _target = ResolveNewPath(OutputPath);
        _format = AwardExporter.FormatOf(_target, Format);
        foreach (DataAward award in Records<DataAward>(Award))
        {
            if (award.IsWinner)
            {
                _winners[ContributorName.Fold(award.Contributor)] = award;
            }
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        CompleteReading();
        QualityDocument[] bought = [.. Documents.Where(document => _winners.ContainsKey(ContributorName.Fold(document.Contributor)))];
        if (bought.Length == 0)
        {
            throw new QosValuationException(
                Faults.AwardedDocumentNotFound,
                $"None of the {Documents.Count} documents belongs to one of the {_winners.Count} winners; nothing was written.",
                OutputPath);
        }

        if (!ShouldProcess(_target, $"Write {bought.Length} of {Documents.Count} documents as {_format}"))
        {
            return;
        }

        RequireNew(_target, Force);
        IEnumerable<AwardedDocument> rows = bought.Select(document => AwardExporter.Of(
            document.Text, SourceOf(document), FieldOf(document, LicenseFields), _winners[ContributorName.Fold(document.Contributor)]));
        long count = AwardExporter.Write(rows, _target, _format, Raw, Cancellation);
        WriteVerbose(string.Create(CultureInfo.CurrentCulture, $"Wrote {count:N0} of {Documents.Count:N0} documents of {_winners.Count:N0} winners."));
        WriteRecord(new FileInfo(_target));
    }

    private static string SourceOf(QualityDocument document) =>
        document.Source.Length > 0 ? document.Source : FieldOf(document, SourceFields);

    private static string FieldOf(QualityDocument document, string[] names) =>
        names.Select(name => document.Fields.FirstOrDefault(field => field.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value)
            .FirstOrDefault(value => !string.IsNullOrEmpty(value)) ?? string.Empty;
}
