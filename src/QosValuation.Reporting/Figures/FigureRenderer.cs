using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Jint;
using QosValuation.Reporting.Page;

namespace QosValuation.Reporting.Figures;

/// <summary>
/// Draws figures without a browser: Apache ECharts, the same that the page carries, runs in a JavaScript interpreter of managed
/// code and returns SVG; libvips turns that into PNG. Once a process ECharts is read, which takes a second or two; the first
/// drawings then take some tenths of a second each, later ones less than one.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "The one renderer lives as long as the process.")]
public sealed partial class FigureRenderer
{
    private static readonly Lazy<FigureRenderer> SharedRenderer = new(() => new FigureRenderer(), LazyThreadSafetyMode.ExecutionAndPublication);

    // Nothing here waits, so timers never fire.
    private const string Preparation = """
        function setTimeout() { return 0; }
        function clearTimeout() { }
        """;

    private const string Drawing = """
        function qosDraw(json, width, height, fontSize, title) {
            var figure = JSON.parse(json);
            var chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: width, height: height });
            try {
                chart.setOption(qosFigure.option(figure, 'light', { width: width, height: height, fontSize: fontSize, title: title, paper: title }));
                return chart.renderToSVGString();
            } finally {
                chart.dispose();
            }
        }
        function qosHeight(json, width) { return qosFigure.height(JSON.parse(json), width); }
        """;

    private readonly Engine _engine = new(static options => options.Culture(CultureInfo.InvariantCulture));
    private readonly Lock _gate = new();

    private FigureRenderer()
    {
        _engine.Execute(Preparation);
        _engine.Execute(ReportAssets.ECharts, "echarts.min.js");
        _engine.Execute(ReportAssets.FigureScript, "figure.js");
        _engine.Execute(Drawing);
    }

    /// <summary>The renderer of this process, made on first use; safe for any thread.</summary>
    public static FigureRenderer Shared => SharedRenderer.Value;

    /// <summary>Starts making <see cref="Shared"/> on another thread, so that it is ready when the first figure is.</summary>
    public static void WarmUp()
    {
        if (!SharedRenderer.IsValueCreated)
        {
            _ = Task.Run(() => _ = SharedRenderer.Value);
        }
    }

    /// <summary>Draws a figure as SVG on a light ground.</summary>
    /// <param name="id">What the names inside the drawing start with; unique on a page.</param>
    /// <param name="figure">The figure.</param>
    /// <param name="width">The width in pixels.</param>
    /// <param name="withTitle">Whether the drawing carries its title and a white ground, as a file should.</param>
    /// <returns>An SVG document without XML declaration; the same for the same figure.</returns>
    public string Svg(string id, ReportFigure figure, int width = 640, bool withTitle = false)
    {
        string json = FigureJson.Of(figure, id).ToJsonString();
        string svg;
        lock (_gate)
        {
            int height = (int)_engine.Invoke("qosHeight", json, width).AsNumber() + (withTitle ? 40 : 0);
            svg = _engine.Invoke("qosDraw", json, width, height, 13, withTitle).AsString();
        }

        // What only a browser would use is left out. Names count upwards through the process; a drawing must not depend on what was drawn before.
        svg = BrowserAttribute().Replace(svg, string.Empty);
        svg = StyleBlock().Replace(svg, string.Empty);
        svg = InstanceName().Replace(svg, id + "-");
        return XmlText.WithoutForbidden(svg.Trim());
    }

    /// <summary>Draws a figure as a PNG file on white.</summary>
    /// <param name="id">The figure's id.</param>
    /// <param name="figure">The figure.</param>
    /// <param name="toPng">Turns an SVG document in UTF-8 into a PNG file.</param>
    /// <param name="width">The width in pixels of the drawing.</param>
    /// <param name="scale">How many pixels of the file a pixel of the drawing becomes.</param>
    /// <returns>The bytes of the file.</returns>
    public byte[] Png(string id, ReportFigure figure, Func<byte[], byte[]> toPng, int width = 720, int scale = 2)
    {
        string svg = Svg(id, figure, width, withTitle: true);
        Match size = Size().Match(svg);
        int wide = scale * int.Parse(size.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        int high = scale * int.Parse(size.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
        string enlarged = string.Create(CultureInfo.InvariantCulture, $"<svg width=\"{wide}\" height=\"{high}\"{svg.AsSpan(size.Length)}");
        return toPng(Encoding.UTF8.GetBytes(enlarged));
    }

    [GeneratedRegex(" (class=\"zr|ecmeta_[a-z_]+=\")[^\"]*\"")]
    private static partial Regex BrowserAttribute();

    [GeneratedRegex("<style[^>]*>.*?</style>", RegexOptions.Singleline)]
    private static partial Regex StyleBlock();

    [GeneratedRegex(@"zr\d+-")]
    private static partial Regex InstanceName();

    [GeneratedRegex("^<svg width=\"(\\d+)\" height=\"(\\d+)\"")]
    private static partial Regex Size();
}
