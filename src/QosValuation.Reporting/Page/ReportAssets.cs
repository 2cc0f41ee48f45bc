using System.Text;

namespace QosValuation.Reporting.Page;

/// <summary>The scripts and styles that pages and drawings are made with; part of this assembly.</summary>
public static class ReportAssets
{
    private static readonly Lazy<string> EChartsText = new(() => Read("echarts.min.js"));

    /// <summary>Apache ECharts as published on npm, minified.</summary>
    public static string ECharts => EChartsText.Value;

    /// <summary>Turns figures into chart options.</summary>
    public static string FigureScript => Read("figure.js");

    /// <summary>What the page does.</summary>
    public static string PageScript => Read("page.js");

    /// <summary>What the page looks like.</summary>
    public static string Style => Read("page.css");

    private static string Read(string name)
    {
        using Stream stream = typeof(ReportAssets).Assembly.GetManifestResourceStream("QosValuation.Reporting." + name)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
