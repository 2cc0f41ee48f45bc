using System.Collections;
using System.Diagnostics;
using System.Management.Automation;
using QosValuation.Embeddings.Images;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Cmdlets;

/// <summary>A form in which Export-QosReport writes figures.</summary>
public enum QosFigureFormat
{
    /// <summary>Scalable vector graphics.</summary>
    Svg,

    /// <summary>Pixels, at twice the size of the drawing.</summary>
    Png,
}

/// <summary>Turns results into one HTML page with plots, tables and explanations.</summary>
/// <remarks>
/// <para>
/// Results of every cmdlet may come in together and in any order; rows of the same kind share a section. Known kinds get plots:
/// allocation simulations (lines with bands), token grants (bars and Lorenz curves), fairness, the fairness frontier, quality of
/// service, data values, clusters, prototypes, privacy losses, the privacy–utility curve, membership inference, empirical privacy,
/// reconstructions (with their pictures) and the valuation simulation. Everything else becomes a table.
/// </para>
/// <para>
/// What tells runs apart parts their rows in every plot: a property that you added with Add-Member or Select-Object, or a setting such
/// as Seed. Nothing of different runs is averaged or drawn under one name.
/// </para>
/// <para>
/// Results that were saved make the same report: those of Import-Clixml and of jobs are told by their type, rows of Import-Csv and
/// ConvertFrom-Json by their properties.
/// </para>
/// <para>Where the results tell of some ε, the page begins with what it costs and what it buys: for ε = 1, or the nearest there is.</para>
/// <para>
/// The page holds all it needs and its content security policy forbids it the network. It is readable in light and dark, on a phone,
/// with the keyboard and with a screen reader, and every plot has its table. Where scripts are blocked the plots are still there, as
/// drawings.
/// </para>
/// <para>
/// With -FigurePath each figure is also written as a file of its own, for papers: as SVG, as PNG, or both. The first figure of a session
/// takes a few seconds.
/// </para>
/// <para>The report is written at the end, whole or not at all.</para>
/// </remarks>
/// <example>
/// <summary>A report of a simulation</summary>
/// <code>Invoke-AllocationSimulation -Agents 500 -Alpha 0.1, 0.5, 1, 5 -Rounds 100 -Seed 1 |
///     Export-QosReport ./report.html -Title 'Fairness over heterogeneity'</code>
/// </example>
/// <example>
/// <summary>Several kinds of results, and the figures as files</summary>
/// <code>$values = 1..20 | ForEach-Object { [pscustomobject]@{ Agent = "agent-$_"; Value = $_ } }
/// $grants = $values | Invoke-TokenAllocation -Supply 40
/// @($grants) + @($grants | Measure-Fairness -Lorenz) + @($values | Get-FairnessFrontier -Supply 40) |
///     Export-QosReport ./report.html -FigurePath ./figures -Format Svg, Png -Force</code>
/// </example>
/// <example>
/// <summary>From a CSV file</summary>
/// <code>./scripts/Figure4.ps1 -Quick -OutputPath ./results
/// Import-Csv ./results/figure4.csv | Export-QosReport ./figure4.html -Title 'Figure 4' -Parameter @{ Seed = 1 }</code>
/// </example>
/// <seealso>Invoke-AllocationSimulation</seealso>
/// <seealso>Invoke-QosSimulation</seealso>
/// <seealso>Measure-Fairness</seealso>
[Cmdlet(VerbsData.Export, "QosReport", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportQosReportCommand : QosCmdlet
{
    private static readonly ReportSectionRegistry Registry = ReportSectionRegistry.For(typeof(ExportQosReportCommand).Assembly);

    private ReportBuilder _builder = new(Registry);
    private readonly long _start = Stopwatch.GetTimestamp();
    private string _path = string.Empty;

    /// <summary>The HTML file to write. Missing folders are created.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    [Alias("LiteralPath")]
    public string Path { get; set; } = string.Empty;

    /// <summary>The results.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [AllowNull]
    public PSObject?[]? InputObject { get; set; } = [];

    /// <summary>The title of the page.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Title { get; set; } = "QosValuation report";

    /// <summary>A folder for the figures as files of their own; created where it does not exist, and its files of the same names replaced.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? FigurePath { get; set; }

    /// <summary>The form of the figures in -FigurePath; Svg by default. Png needs a font on the machine.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public QosFigureFormat[] Format { get; set; } = [QosFigureFormat.Svg];

    /// <summary>What else the page should say of how the results were made: names and values, such as @{ Dataset = 'Flickr8k'; Seed = 1 }.</summary>
    [Parameter]
    [ValidateNotNull]
    public IDictionary Parameter { get; set; } = new Hashtable();

    /// <summary>The time that the page gives for its making. With it the same results give the same bytes, and the page tells no running time.</summary>
    [Parameter]
    public DateTimeOffset GeneratedAt { get; set; }

    /// <summary>Replace an existing file.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Emit the files that were written: the page first, then the figures.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        _path = ResolveNewPath(Path);
        if (Directory.Exists(_path))
        {
            throw new QosValuationException(Faults.PathIsFolder, $"'{_path}' is a folder; name the file to write in it, such as report.html.", _path);
        }

        RequireNew(_path, Force);
        if (!IsBound(nameof(FigurePath)) && IsBound(nameof(Format)))
        {
            throw new QosValuationException(
                Faults.FormatWithoutFigurePath, "-Format says how -FigurePath writes figures; give -FigurePath too, or leave -Format out.", Format);
        }

        _builder = new ReportBuilder(Registry) { PictureFolders = [System.IO.Path.GetDirectoryName(_path)!, ResolveNewPath(".")] };
        FigureRenderer.WarmUp();
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (PSObject? item in InputObject ?? [])
        {
            if (item?.BaseObject is null)
            {
                continue;
            }

            if (item.BaseObject is string or ValueType)
            {
                WriteFault(
                    new QosValuationException(
                        Faults.ResultNotUsable,
                        $"'{item}' is a single {item.BaseObject.GetType().Name} without properties, which a report cannot show; pipe in the objects that the "
                        + $"cmdlets emit.",
                        item),
                    item);
                continue;
            }

            _builder.Add(ReportRecords.From(item));
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (_builder.Count == 0)
        {
            throw new QosValuationException(Faults.NothingToReport, "No results came in, so no report was written; pipe in what a cmdlet of the module emits.");
        }

        string? folder = FigurePath is null ? null : ResolveNewPath(FigurePath);
        bool dated = IsBound(nameof(GeneratedAt)) || GeneratedAt != default;
        Report report = _builder.Build(Title, dated ? GeneratedAt : DateTimeOffset.Now, Facts(timed: !dated));
        int figures = report.Figures().Count();
        FigureFormat[] formats = [.. Format.Distinct().Select(format => format == QosFigureFormat.Png ? FigureFormat.Png : FigureFormat.Svg)];
        foreach (string file in folder is null ? [] : ReportFiles.FigureFiles(report, folder, formats))
        {
            // Before the page is written, so that both appear or neither.
            RequireNew(file, Force);
        }

        WriteVerbose($"{_builder.Count} results in {report.Sections.Count} sections with {figures} figures.");
        if (ShouldProcess(_path, $"Write a report of {_builder.Count} results"))
        {
            var meter = new ProgressMeter(this, "Drawing figures", "figures");
            ReportFiles.SavePage(report, _path, done => meter.Report(done, figures), Cancellation);
            meter.Complete();
            Emit(_path);
        }

        if (folder is not null && ShouldProcess(folder, $"Write {figures} figures as {string.Join(" and ", Format.Distinct())}"))
        {
            foreach (string file in ReportFiles.SaveFigures(report, folder, formats, ToPng, Cancellation))
            {
                Emit(file);
            }
        }
    }

    private static byte[] ToPng(byte[] svg)
    {
        RgbImage image = ImageWriter.RenderSvg(svg);
        return ImageWriter.EncodePng(image.Pixels, image.Width, image.Height);
    }

    private void Emit(string file)
    {
        WriteVerbose($"Wrote {file}.");
        if (PassThru)
        {
            WriteRecord(new FileInfo(file));
        }
    }

    private IEnumerable<KeyValuePair<string, string>> Facts(bool timed)
    {
        foreach (DictionaryEntry entry in Parameter.Cast<DictionaryEntry>().OrderBy(entry => entry.Key.ToString(), StringComparer.OrdinalIgnoreCase))
        {
            yield return new(entry.Key.ToString() ?? string.Empty, ReportRecord.TextOf(entry.Value is PSObject wrapped ? wrapped.BaseObject : entry.Value));
        }

        if (timed)
        {
            yield return new("Time from the first result to the last", ReportNumber.Format(Stopwatch.GetElapsedTime(_start).TotalSeconds, 3) + " s");
        }

        foreach (KeyValuePair<string, string> version in ReportBuilder.Versions())
        {
            yield return version;
        }

        if (SessionState?.PSVariable.GetValue("PSVersionTable") is Hashtable table && table["PSVersion"] is object shell)
        {
            yield return new("PowerShell", shell.ToString()!);
        }
    }
}
