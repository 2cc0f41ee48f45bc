using System.Globalization;
using System.Management.Automation;
using QosValuation.Embeddings.Images;

namespace QosValuation.Cmdlets.Attacks;

/// <summary>Writes reconstructions as one labelled table of pictures.</summary>
/// <remarks>
/// <para>Each reconstruction goes into the row and column that -Row and -Column give for it, in the order in which they first
/// appear; a place that is filled twice shows the later one, and one that no reconstruction has stays white. Small pictures are
/// enlarged by repeating pixels, nothing is smoothed.</para>
/// <para>Objects with the properties Image and ImageSize will do, and those with a property ImagePath that names a square picture.</para>
/// </remarks>
/// <example>
/// <summary>Clusters against privacy budgets.</summary>
/// <code>$found = foreach ($epsilon in 1, 10, 100) {
///     $clusters | New-DpPrototype -Epsilon $epsilon -Modality Image -Seed 1 |
///         Invoke-ReconstructionAttack -Reference $clusters -Steps 10 -Seed 1 | Add-Member Epsilon $epsilon -PassThru
/// }
/// $found | Export-ReconstructionGrid ./grid.png -Column { "ε = $($_.Epsilon)" }</code>
/// </example>
/// <example>
/// <summary>Attackers side by side.</summary>
/// <code>$prototypes | Select-Object -First 2 | Invoke-ReconstructionAttack -Method DirectAscent, Adam -Steps 10 |
///     Export-ReconstructionGrid ./attackers.png -Row Target -Column Method -Title 'Attackers'</code>
/// </example>
/// <seealso>Invoke-ReconstructionAttack</seealso>
[Cmdlet(VerbsData.Export, "ReconstructionGrid", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportReconstructionGridCommand : QosCmdlet
{
    private readonly List<string> _rows = [];
    private readonly List<string> _columns = [];
    private readonly Dictionary<(string Row, string Column), GridTile> _tiles = [];

    /// <summary>Reconstructions.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [Accepts(typeof(Reconstruction), AndOthers = true)]
    [ValidateNotNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>The PNG file.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [Alias("LiteralPath")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = string.Empty;

    /// <summary>A property, or a script block in which $_ is the reconstruction, that labels the row; Target by default.</summary>
    /// <value>Target</value>
    [Parameter]
    [ValidateNotNull]
    public object Row { get; set; } = nameof(Reconstruction.Target);

    /// <summary>A property or script block that labels the column; Method by default.</summary>
    /// <value>Method</value>
    [Parameter]
    [ValidateNotNull]
    public object Column { get; set; } = nameof(Reconstruction.Method);

    /// <summary>A property or script block for the line below each picture; by default the score, and the similarity to the truth where it is known.</summary>
    [Parameter]
    [ValidateNotNull]
    public object? Caption { get; set; }

    /// <summary>A line above the table.</summary>
    [Parameter]
    public string Title { get; set; } = string.Empty;

    /// <summary>Replace a file that exists.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (PSObject item in InputObject)
        {
            TryItem(item, () => Add(RecordReader.TryRestore(item, typeof(Reconstruction), out PSObject? saved) ? saved : item));
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (_tiles.Count == 0)
        {
            return;
        }

        string path = ResolveNewPath(Path);
        if (File.Exists(path) && !Force)
        {
            throw new QosValuationException(Faults.ImageExists, $"'{path}' exists. Replace it with -Force, or choose another -Path.", path);
        }

        if (!ShouldProcess(path, "Write the grid"))
        {
            return;
        }

        GridTile[] tiles = [.. _rows.SelectMany(row => _columns.Select(column => _tiles.GetValueOrDefault((row, column), new GridTile(null, string.Empty))))];
        ImageGrid.Table(_rows, _columns, tiles, Title).SavePng(path);
        WriteRecord(new FileInfo(path));
    }

    private static void Remember(List<string> labels, string label)
    {
        if (!labels.Contains(label, StringComparer.Ordinal))
        {
            labels.Add(label);
        }
    }

    private void Add(PSObject item)
    {
        string row = Read(Row, item);
        string column = Read(Column, item);
        var tile = new GridTile(ImageOf(item), Caption is null ? Standard(item) : Read(Caption, item));
        int? side = _tiles.Values.Select(known => known.Image?.Width).FirstOrDefault(width => width is not null);
        if (tile.Image is not null && side is not null && tile.Image.Width != side)
        {
            throw new QosValuationException(
                Faults.GridSizesDiffer, $"A picture of {tile.Image.Width} pixels does not fit a grid of {side}; pictures of one model go into one grid.", item);
        }

        Remember(_rows, row);
        Remember(_columns, column);
        _tiles[(row, column)] = tile;
    }

    private RgbImage? ImageOf(PSObject item)
    {
        if (item.Properties["Image"]?.Value is object given)
        {
            // Read back from JSON the bytes are numbers in an array, and the size is a long one.
            if (!LanguagePrimitives.TryConvertTo(given, CultureInfo.InvariantCulture, out byte[] pixels)
                || !RecordProperties.TryReadWhole(item.Properties["ImageSize"]?.Value, out long size)
                || size is < 0 or > int.MaxValue
                || !RgbImage.IsSquare(pixels, (int)size))
            {
                throw new QosValuationException(
                    Faults.GridPictureInvalid,
                    $"The Image at row '{Read(Row, item)}', column '{Read(Column, item)}' does not hold 3 bytes for each of ImageSize · ImageSize pixels; pipe "
                        + "reconstructions in, or objects with an ImagePath.",
                    item);
            }

            if (size > 0)
            {
                return new RgbImage(pixels, (int)size, (int)size);
            }
        }

        return item.Properties["ImagePath"]?.Value?.ToString() is { Length: > 0 } path ? RgbImage.LoadSquare(ResolveNewPath(path)) : null;
    }

    private static string Standard(PSObject item)
    {
        double? score = item.Properties[nameof(Reconstruction.Score)]?.Value as double?;
        double? similarity = item.Properties[nameof(Reconstruction.ReferenceSimilarity)]?.Value as double?;
        string truth = similarity is double known && !double.IsNaN(known) ? string.Create(CultureInfo.CurrentCulture, $", truth {known:F2}") : string.Empty;
        return score is null ? string.Empty : string.Create(CultureInfo.CurrentCulture, $"score {score:F2}{truth}");
    }

    private static string Read(object selector, PSObject item)
    {
        object? value = (selector is PSObject wrapped ? wrapped.BaseObject : selector) switch
        {
            ScriptBlock script => script.InvokeWithContext(null, [new PSVariable("_", item)]).FirstOrDefault(),
            object name => item.Properties[Convert.ToString(name, CultureInfo.InvariantCulture)!]?.Value,
        };
        return Convert.ToString(value is PSObject inner ? inner.BaseObject : value, CultureInfo.CurrentCulture) ?? string.Empty;
    }
}
