using System.Text;

namespace QosValuation.Reporting;

/// <summary>The scripts and styles that pages and drawings are made with; part of this assembly.</summary>
internal static class ReportAssets
{
    // What the bundle appends to ECharts: a library of statistics and the glue for Blazor, which nothing here uses.
    private const string AfterECharts = "\n\n!function(n,r)";

    private static readonly Lazy<string> EChartsText = new(ReadECharts);

    /// <summary>Apache ECharts 6.0.0, minified: the file dist/echarts.min.js as its project published it.</summary>
    public static string ECharts => EChartsText.Value;

    /// <summary>Turns figures into chart options.</summary>
    public static string FigureScript => Read("figure.js");

    /// <summary>What the page does.</summary>
    public static string PageScript => Read("page.js");

    /// <summary>What the page looks like.</summary>
    public static string Style => Read("page.css");

    private static string ReadECharts()
    {
        string bundle = Read("echarts-bundle.js");
        int end = bundle.IndexOf(AfterECharts, StringComparison.Ordinal);
        return end > 0 ? bundle[..(end + 1)] : throw new InvalidOperationException("The bundle of ECharts has another layout than expected.");
    }

    private static string Read(string name)
    {
        using Stream stream = typeof(ReportAssets).Assembly.GetManifestResourceStream("QosValuation.Reporting." + name)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
