using System.Globalization;
using System.Security;
using System.Text;
using System.Xml;
using QosValuation.Foundation.IO;

namespace QosValuation.Embeddings.Images;

/// <summary>An 8-bit RGB picture in memory.</summary>
/// <param name="Pixels">Width · Height · 3 bytes: rows from the top, red, green, blue.</param>
/// <param name="Width">The width in pixels.</param>
/// <param name="Height">The height in pixels.</param>
public sealed record RgbImage(byte[] Pixels, int Width, int Height)
{
    /// <summary>Whether pixels make up a square picture of a side; an empty one has the side 0.</summary>
    public static bool IsSquare(byte[] pixels, int side) => side >= 0 && pixels.LongLength == 3L * side * side;

    /// <summary>Writes the picture as a PNG file, whole or not at all.</summary>
    /// <param name="path">The file; an existing one is replaced.</param>
    /// <exception cref="QosValuationException">ImageNotWritable.</exception>
    public void SavePng(string path) => ImageWriter.SavePng(path, Pixels, Width, Height);

    /// <summary>Reads the square in the middle of a picture, at its own size.</summary>
    /// <param name="path">An image file.</param>
    /// <returns>The square; of a square picture its own pixels.</returns>
    /// <exception cref="QosValuationException">ImageNotFound, ImageNotReadable, ImageTooLarge.</exception>
    public static unsafe RgbImage LoadSquare(string path)
    {
        byte[] encoded;
        try
        {
            encoded = RegularFile.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(Faults.ImageNotReadable, FaultKind.ReadFailed, $"'{path}' could not be read: {error.Message}", path, error);
        }

        int side;
        fixed (byte* data = encoded)
        {
            using ImageRows rows = ImageRows.Open(data, (nuint)encoded.Length, path, new ImageScratch());
            side = Math.Min(rows.Width, rows.Height);
        }

        byte[] pixels = new byte[3 * side * side];
        new ImagePreprocessor(new ImagePreprocessing { ImageSize = side }).Crop(encoded, path, pixels);
        return new RgbImage(pixels, side, side);
    }
}

/// <summary>One place of a grid.</summary>
/// <param name="Image">A square picture, or null for none.</param>
/// <param name="Caption">A line below it; may be empty.</param>
public sealed record GridTile(RgbImage? Image, string Caption);

/// <summary>Lays pictures out side by side. Pixels are copied, or repeated where a picture is small; nothing is interpolated.</summary>
public static class ImageGrid
{
    private const int Gap = 4;
    private const int LabelHeight = 26;
    private const int CaptionHeight = 20;
    private const int SmallestTile = 160;
    private const int CharacterWidth = 8;

    /// <summary>Frames in reading order, on white, without labels.</summary>
    /// <param name="frames">Pictures of one size; at least one.</param>
    /// <param name="columns">Frames a row, at least 1.</param>
    /// <returns>The strip.</returns>
    public static RgbImage Strip(IReadOnlyList<RgbImage> frames, int columns)
    {
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentOutOfRangeException.ThrowIfZero(frames.Count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        columns = Math.Min(columns, frames.Count);
        int rows = (frames.Count + columns - 1) / columns;
        RgbImage strip = White((columns * (frames[0].Width + Gap)) - Gap, (rows * (frames[0].Height + Gap)) - Gap);
        for (int i = 0; i < frames.Count; i++)
        {
            Paste(strip, frames[i], i % columns * (frames[0].Width + Gap), i / columns * (frames[0].Height + Gap), 1);
        }

        return strip;
    }

    /// <summary>A labelled table of pictures.</summary>
    /// <param name="rows">A label a row.</param>
    /// <param name="columns">A label a column.</param>
    /// <param name="tiles">rows · columns places, row by row.</param>
    /// <param name="title">A line above; empty for none.</param>
    /// <returns>The picture. Labels are set in whatever sans-serif font the machine has; without fonts they are missing.</returns>
    public static RgbImage Table(IReadOnlyList<string> rows, IReadOnlyList<string> columns, IReadOnlyList<GridTile> tiles, string title = "")
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(tiles);
        if (rows.Count == 0 || columns.Count == 0 || tiles.Count != rows.Count * columns.Count)
        {
            throw new ArgumentException($"A table of {rows.Count} × {columns.Count} needs as many tiles, not {tiles.Count}.", nameof(tiles));
        }

        int side = tiles.Max(tile => tile.Image?.Width ?? 1);
        int cell = side * Math.Max(1, (SmallestTile + side - 1) / side);
        int[] widths = [.. columns.Select((label, c) => Math.Max(
            cell, CharacterWidth * rows.Select((_, r) => tiles[(r * columns.Count) + c].Caption.Length).Append(label.Length).Max()))];
        int left = (CharacterWidth * rows.Max(label => label.Length)) + (2 * Gap);
        int top = LabelHeight + (title.Length > 0 ? LabelHeight : 0);
        int height = cell + CaptionHeight + Gap;
        int[] starts = [.. widths.Select((_, c) => left + widths.Take(c).Sum(w => w + (2 * Gap)))];
        int width = Math.Max(left + widths.Sum(w => w + (2 * Gap)), (CharacterWidth * title.Length) + (2 * Gap));
        RgbImage table = Labels(width, top + (rows.Count * height), svg =>
        {
            if (title.Length > 0)
            {
                Text(svg, Gap, 18, title, "start", "bold");
            }

            for (int c = 0; c < columns.Count; c++)
            {
                Text(svg, starts[c] + (widths[c] / 2), top - 8, columns[c], "middle", "bold");
                for (int r = 0; r < rows.Count; r++)
                {
                    Text(svg, starts[c] + (widths[c] / 2), top + (r * height) + cell + 15, tiles[(r * columns.Count) + c].Caption, "middle", "normal");
                }
            }

            for (int r = 0; r < rows.Count; r++)
            {
                Text(svg, Gap, top + (r * height) + (cell / 2), rows[r], "start", "bold");
            }
        });
        for (int i = 0; i < tiles.Count; i++)
        {
            if (tiles[i].Image is RgbImage image)
            {
                int column = i % columns.Count;
                int scale = cell / image.Width;
                Paste(table, image, starts[column] + ((widths[column] - (scale * image.Width)) / 2), top + (i / columns.Count * height), scale);
            }
        }

        return table;
    }

    private static RgbImage White(int width, int height)
    {
        byte[] pixels = new byte[3 * width * height];
        Array.Fill(pixels, (byte)255);
        return new RgbImage(pixels, width, height);
    }

    private static void Paste(RgbImage target, RgbImage image, int left, int top, int scale)
    {
        for (int y = 0; y < image.Height * scale; y++)
        {
            for (int x = 0; x < image.Width * scale; x++)
            {
                image.Pixels.AsSpan(3 * (((y / scale) * image.Width) + (x / scale)), 3)
                    .CopyTo(target.Pixels.AsSpan(3 * (((top + y) * target.Width) + left + x)));
            }
        }
    }

    private static RgbImage Labels(int width, int height, Action<StringBuilder> write)
    {
        var svg = new StringBuilder();
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\"><rect width=\"100%\" height=\"100%\" fill=\"white\"/>");
        write(svg);
        svg.Append("</svg>");
        return ImageWriter.RenderSvg(System.Text.Encoding.UTF8.GetBytes(svg.ToString()));
    }

    private static void Text(StringBuilder svg, int x, int y, string text, string anchor, string weight) =>
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<text x=\"{x}\" y=\"{y}\" font-family=\"DejaVu Sans, Arial, sans-serif\" font-size=\"13\" font-weight=\"{weight}\" text-anchor=\"{anchor}\" "
            + $"fill=\"black\">{SecurityElement.Escape(Drawable(text))}</text>");

    /// <summary>A label without the characters that XML cannot hold.</summary>
    private static string Drawable(string text)
    {
        if (text.All(XmlConvert.IsXmlChar))
        {
            return text;
        }

        var kept = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            bool pair = i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]);
            kept.Append(pair ? text.AsSpan(i++, 2) : XmlConvert.IsXmlChar(text[i]) ? text.AsSpan(i, 1) : "\uFFFD");
        }

        return kept.ToString();
    }
}
