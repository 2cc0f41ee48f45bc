using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using QosValuation.Embeddings.Images;
using QosValuation.Reporting.Figures;
using QosValuation.Reporting.Page;

namespace QosValuation.Tests;

/// <summary>Drawings without a browser: the managed JavaScript engine must draw what is in the figure.</summary>
public sealed partial class FigureRendererTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void EChartsIsTheFileThatItsProjectPublished() => Assert.Equal(
        "BAA8DFE7E1D9336B98E8986BA7E20EA15E7CDBEA1EF42A59D59478632FA45A1D", Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(ReportAssets.ECharts))));

    [Fact]
    public void LinesGoThroughTheirPoints()
    {
        // Two known points and an axis from 0 to 1: the line's path must have the height of the axis times the difference.
        var figure = new ReportFigure
        {
            Name = "line", Title = "A title", Kind = FigureKind.Line, X = new FigureAxis("x") { Min = 0, Max = 1 }, Y = new FigureAxis("y") { Min = 0, Max = 1 },
            Series = [new FigureSeries("s", [new(0, 0), new(0.5, 0.5), new(1, 1)]), new FigureSeries("t", [new(0, 1), new(1, 0.25)])],
        };
        XDocument drawing = XDocument.Parse(FigureRenderer.Shared.Svg("line", figure, 700, withTitle: true));
        Assert.Equal("700", drawing.Root!.Attribute("width")!.Value);
        double[][] lines = [.. drawing.Descendants(Svg + "path").Where(path => path.Attribute("fill")?.Value == "none" && path.Attribute("stroke-linejoin")?.Value == "bevel").Select(path => Number().Matches(path.Attribute("d")!.Value).Select(match => double.Parse(match.Value, CultureInfo.InvariantCulture)).ToArray())];
        double[] rising = lines.Single(line => line.Length == 6);
        double[] falling = lines.Single(line => line.Length == 4);
        double height = rising[1] - rising[5];
        Assert.Equal((rising[0] + rising[4]) / 2, rising[2], 0.6);
        Assert.Equal((rising[1] + rising[5]) / 2, rising[3], 0.6);
        Assert.Equal(rising[5], falling[1], 0.6);
        Assert.Equal(rising[1] - 0.25 * height, falling[3], 0.6);
        Assert.InRange(height, 150, 400);
        string[] texts = [.. drawing.Descendants(Svg + "text").Select(text => text.Value)];
        Assert.Superset(new HashSet<string> { "A title", "s", "t", "x", "y", "0", "1" }, texts.ToHashSet());
    }

    [Fact]
    public void SixteenLinesAreSixteenLooks()
    {
        var figure = new ReportFigure
        {
            Name = "many", Title = "Many", Kind = FigureKind.Line, X = new FigureAxis("x"), Y = new FigureAxis("y"),
            Series = [.. Enumerable.Range(0, 16).Select(i => new FigureSeries($"s{i}", [new(0, i), new(1, i + 1)]))],
        };
        XDocument drawing = XDocument.Parse(FigureRenderer.Shared.Svg("many", figure));
        string[] looks =
        [
            .. drawing.Descendants(Svg + "path")
                .Where(path => path.Attribute("fill")?.Value == "none" && path.Attribute("stroke-linejoin")?.Value == "bevel"
                    && Number().Count(path.Attribute("d")!.Value) == 4)
                .Select(path => $"{path.Attribute("stroke")?.Value} {path.Attribute("stroke-dasharray")?.Value}"),
        ];
        Assert.Equal(16, looks.Length);
        Assert.Distinct(looks);
    }

    [Theory]
    [InlineData(1e-5)]
    [InlineData(-2.9999999982380233e-5)]
    [InlineData(1.5e-300)]
    [InlineData(4e20)]
    [InlineData(-0.0)]
    public void NumbersOfAnySizeAreDrawn(double value)
    {
        ReportFigure figure = ReportFigure.Bars("bars", "Bars", "Amount", [("a", value, double.NaN), ("b", 3 * value, value / 7)]);
        XDocument drawing = XDocument.Parse(FigureRenderer.Shared.Svg("bars", figure));
        Assert.Contains("b", drawing.Descendants(Svg + "text").Select(text => text.Value));
    }

    [Fact]
    public void BarsHaveTheLengthsOfTheirValuesAndWhiskersTheirIntervals()
    {
        ReportFigure figure = ReportFigure.Bars("bars", "Bars", "Amount", [("a", 1.0, double.NaN), ("b", 3, 0.5), ("c", -2, double.NaN)]);
        XDocument drawing = XDocument.Parse(FigureRenderer.Shared.Svg("bars", figure, 700));
        double[] heights = [.. drawing.Descendants(Svg + "path").Where(path => path.Attribute("fill")?.Value == "#0072b2").Select(path =>
        {
            // M x y l w 0 l 0 −h l −w 0 Z: the height is the sixth number.
            double[] numbers = [.. Number().Matches(path.Attribute("d")!.Value).Select(match => double.Parse(match.Value, CultureInfo.InvariantCulture))];
            return Math.Abs(numbers[5]);
        })];
        Assert.Equal(3, heights.Length);
        Assert.Equal(3, heights[1] / heights[0], 0.1);
        Assert.Equal(2, heights[2] / heights[0], 0.1);
        double whisker = drawing.Descendants(Svg + "path").Where(path => path.Attribute("stroke")?.Value == "#1f2328")
            .Select(path => Number().Matches(path.Attribute("d")!.Value).Select(match => double.Parse(match.Value, CultureInfo.InvariantCulture)).ToArray())
            .Max(numbers => Math.Abs(numbers[1] - numbers[3]));
        Assert.Equal(2 * 1.96 * 0.5, whisker / heights[0], 0.1);
    }

    [Fact]
    public void NamesAreEscapedAndDrawingsAreTheSameEachTime()
    {
        ReportFigure figure = ReportFigure.Bars("bars", "<b>&\"'", "<i>", [("</svg><script>alert(1)</script>", 1.0, double.NaN), ("b", 2, double.NaN)]);
        string first = FigureRenderer.Shared.Svg("x", figure, withTitle: true);
        Assert.Contains("<b>&\"'", XDocument.Parse(first).Descendants(Svg + "text").Select(text => text.Value));
        Assert.DoesNotContain("<script", first, StringComparison.Ordinal);
        FigureRenderer.Shared.Svg("y", figure with { Title = "Other" });
        Assert.Equal(first, FigureRenderer.Shared.Svg("x", figure, withTitle: true));
    }

    [Theory]
    [InlineData(360)]
    [InlineData(640)]
    public void ALogarithmicAxisHasTwoAndFive(int width)
    {
        var figure = new ReportFigure
        {
            Name = "log", Title = "t", Kind = FigureKind.Line, X = new FigureAxis("x", FigureScale.Log), Y = new FigureAxis("y", FigureScale.Log),
            Series = [new FigureSeries("s", [new(0.1, 3), new(1, 7, 6, 45), new(10, 30)])],
        };
        string[] texts = Texts(FigureRenderer.Shared.Svg("log", figure, width));

        // The ordinates go from the mark below the least to the one above the end of the longest interval.
        Assert.All((string[])["0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "50"], mark => Assert.Contains(mark, texts));
    }

    [Theory]
    [InlineData("Attack = LikelihoodRatio · Mechanism = DiscreteGaussian · Modality = Image")]
    [InlineData("a-very-long-contributor-name-in-one-word")]
    [InlineData("the name of a photograph with many words.jpg · Threshold = 0.7")]
    public void NamesOfLyingBarsAreWholeInANarrowPicture(string name)
    {
        ReportFigure figure = ReportFigure.Bars("bars", "t", "q", [(name, 1, double.NaN), ("other", 2, double.NaN)]);
        string[] texts = Texts(FigureRenderer.Shared.Svg("bars", figure, 340));
        Assert.DoesNotContain(texts, text => text.Contains('…', StringComparison.Ordinal));
        string all = string.Concat(texts).Replace(" ", string.Empty, StringComparison.Ordinal);
        Assert.All(name.Split(" · "), part => Assert.Contains(part.Replace(" ", string.Empty, StringComparison.Ordinal), all, StringComparison.Ordinal));
    }

    [Fact]
    public void PngIsTheDrawingAtTwiceItsSize()
    {
        ReportFigure figure = ReportFigure.Bars("bars", "Bars", "Amount", [("a", 1.0, double.NaN), ("b", 3, double.NaN)]);
        byte[] png = FigureRenderer.Shared.Png("bars", figure, ToPng);
        RgbImage drawn = ImageWriter.RenderSvg(System.Text.Encoding.UTF8.GetBytes(FigureRenderer.Shared.Svg("bars", figure, 720, withTitle: true)));
        Assert.Equal(2 * drawn.Width, png[18] * 256 + png[19]);
        Assert.Equal(2 * drawn.Height, png[22] * 256 + png[23]);

        // White ground and bars in the palette's blue.
        Assert.Equal([255, 255, 255], drawn.Pixels[..3]);
        Assert.InRange(Enumerable.Range(0, drawn.Width * drawn.Height).Count(i => drawn.Pixels.AsSpan(3 * i, 3).SequenceEqual((ReadOnlySpan<byte>)[0x00, 0x72, 0xb2])), 5000, 200_000);
    }

    [Theory]
    [InlineData("light")]
    [InlineData("dark")]
    public void ColoursStandOutFromTheirGround(string theme)
    {
        // WCAG 2.2: 4.5 : 1 for text (1.4.3), 3 : 1 for what charts are drawn with (1.4.11).
        string block = Regex.Match(ReportAssets.FigureScript, theme + @": \{(.*?)\}", RegexOptions.Singleline).Groups[1].Value;
        string Colour(string name) => Regex.Match(block, name + ": '(#[0-9a-f]{6})'").Groups[1].Value;
        string[] palette = [.. Regex.Matches(block[block.IndexOf("colors", StringComparison.Ordinal)..], "#[0-9a-f]{6}").Select(match => match.Value)];
        Assert.Equal(8, palette.Distinct().Count());
        Assert.All(palette, colour => Assert.InRange(Contrast(colour, Colour("paper")), 3, 21));
        Assert.InRange(Contrast(Colour("text"), Colour("paper")), 4.5, 21);
        Assert.InRange(Contrast(Colour("muted"), Colour("paper")), 4.5, 21);
        Assert.InRange(Contrast(Colour("line"), Colour("paper")), 3, 21);
    }

    // Every line of text in a drawing, from the top.
    private static string[] Texts(string svg) => [.. XDocument.Parse(svg).Descendants(Svg + "text").Select(text => text.Value)];

    private static byte[] ToPng(byte[] svg)
    {
        RgbImage image = ImageWriter.RenderSvg(svg);
        return ImageWriter.EncodePng(image.Pixels, image.Width, image.Height);
    }

    private static double Contrast(string first, string second)
    {
        double[] both = [Luminance(first), Luminance(second)];
        return (both.Max() + 0.05) / (both.Min() + 0.05);
    }

    private static double Luminance(string colour)
    {
        double Channel(int start)
        {
            double value = int.Parse(colour.AsSpan(start, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0;
            return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
        }

        return 0.2126 * Channel(1) + 0.7152 * Channel(3) + 0.0722 * Channel(5);
    }

    [GeneratedRegex(@"-?\d+(\.\d+)?")]
    private static partial Regex Number();
}
