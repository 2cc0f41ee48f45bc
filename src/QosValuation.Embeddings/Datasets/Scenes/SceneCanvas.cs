using System.Globalization;
using System.Text;

namespace QosValuation.Embeddings.Datasets.Scenes;

/// <summary>A colour in sRGB, 0 to 255 a channel.</summary>
/// <param name="R">Red.</param>
/// <param name="G">Green.</param>
/// <param name="B">Blue.</param>
internal readonly record struct Colour(double R, double G, double B)
{
    /// <summary>Mixes two colours.</summary>
    /// <param name="other">The other colour.</param>
    /// <param name="share">Its share, 0 to 1.</param>
    /// <returns>The mixture.</returns>
    public Colour Mix(Colour other, double share) => new(R + (other.R - R) * share, G + (other.G - G) * share, B + (other.B - B) * share);

    /// <summary>Makes lighter or darker.</summary>
    /// <param name="factor">Above 1 lighter.</param>
    /// <returns>The scaled colour, not yet clipped.</returns>
    public Colour Scale(double factor) => new(R * factor, G * factor, B * factor);
}

/// <summary>Collects SVG shapes under one light. Lengths are pixels; y grows downwards.</summary>
internal sealed class SceneCanvas
{
    private readonly StringBuilder _shapes = new(8192);
    private readonly StringBuilder _gradients = new(512);
    private readonly Colour _light;
    private int _gradientCount;

    /// <summary>Creates an empty canvas.</summary>
    /// <param name="width">The width in pixels.</param>
    /// <param name="height">The height in pixels.</param>
    /// <param name="light">What every colour is multiplied by, 1 for neutral.</param>
    public SceneCanvas(int width, int height, Colour light)
    {
        Width = width;
        Height = height;
        _light = light;
    }

    /// <summary>The width in pixels.</summary>
    public int Width { get; }

    /// <summary>The height in pixels.</summary>
    public int Height { get; }

    /// <summary>Fills a rectangle.</summary>
    public void Rectangle(double x, double y, double width, double height, Colour fill, double radius = 0, double opacity = 1) =>
        _shapes.Append(
            CultureInfo.InvariantCulture,
            $"<rect x=\"{x:F1}\" y=\"{y:F1}\" width=\"{width:F1}\" height=\"{height:F1}\" "
            + $"rx=\"{radius:F1}\" fill=\"{Hex(fill)}\"{Opacity(opacity)}/>\n");

    /// <summary>Fills a rectangle that goes from one colour at the top to another at the bottom.</summary>
    public void Gradient(double x, double y, double width, double height, Colour top, Colour bottom)
    {
        int id = _gradientCount++;
        _gradients.Append(
            CultureInfo.InvariantCulture,
            $"<linearGradient id=\"g{id}\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"1\"><stop offset=\"0\" "
            + $"stop-color=\"{Hex(top)}\"/><stop offset=\"1\" stop-color=\"{Hex(bottom)}\"/></linearGradient>\n");
        _shapes.Append(CultureInfo.InvariantCulture, $"<rect x=\"{x:F1}\" y=\"{y:F1}\" width=\"{width:F1}\" height=\"{height:F1}\" fill=\"url(#g{id})\"/>\n");
    }

    /// <summary>Fills an ellipse.</summary>
    public void Ellipse(double x, double y, double radiusX, double radiusY, Colour fill, double opacity = 1) =>
        _shapes.Append(
            CultureInfo.InvariantCulture,
            $"<ellipse cx=\"{x:F1}\" cy=\"{y:F1}\" rx=\"{radiusX:F1}\" "
            + $"ry=\"{radiusY:F1}\" fill=\"{Hex(fill)}\"{Opacity(opacity)}/>\n");

    /// <summary>Fills a circle.</summary>
    public void Circle(double x, double y, double radius, Colour fill, double opacity = 1) => Ellipse(x, y, radius, radius, fill, opacity);

    /// <summary>Draws a line with round ends.</summary>
    public void Line(double x1, double y1, double x2, double y2, double thickness, Colour stroke, double opacity = 1) =>
        _shapes.Append(
            CultureInfo.InvariantCulture,
            $"<line x1=\"{x1:F1}\" y1=\"{y1:F1}\" x2=\"{x2:F1}\" y2=\"{y2:F1}\" stroke=\"{Hex(stroke)}\" "
            + $"stroke-width=\"{thickness:F1}\" stroke-linecap=\"round\"{Opacity(opacity)}/>\n");

    /// <summary>Fills a polygon.</summary>
    public void Polygon(Colour fill, params ReadOnlySpan<(double X, double Y)> points)
    {
        _shapes.Append("<polygon points=\"");
        foreach ((double x, double y) in points)
        {
            _shapes.Append(CultureInfo.InvariantCulture, $"{x:F1},{y:F1} ");
        }

        _shapes.Append(CultureInfo.InvariantCulture, $"\" fill=\"{Hex(fill)}\"/>\n");
    }

    /// <summary>The whole drawing.</summary>
    /// <returns>An SVG document without text elements, so that no font matters.</returns>
    public string ToSvg() => string.Create(
        CultureInfo.InvariantCulture,
        $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{Height}\" viewBox=\"0 0 {Width} "
        + $"{Height}\">\n<defs>\n{_gradients}</defs>\n{_shapes}</svg>\n");

    private static string Opacity(double opacity) => opacity >= 1 ? string.Empty : string.Create(CultureInfo.InvariantCulture, $" opacity=\"{opacity:F2}\"");

    private string Hex(Colour colour)
    {
        static int Clip(double value) => (int)Math.Clamp(Math.Round(value), 0, 255);
        return string.Create(CultureInfo.InvariantCulture, $"#{Clip(colour.R * _light.R):x2}{Clip(colour.G * _light.G):x2}{Clip(colour.B * _light.B):x2}");
    }
}
