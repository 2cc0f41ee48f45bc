using NetVips;
using QosValuation.Foundation.IO;

namespace QosValuation.Embeddings.Images;

/// <summary>Writes 8-bit RGB pixels as PNG or JPEG files: whole files or none, and the same bytes for the same pixels.</summary>
public static class ImageWriter
{
    /// <summary>Writes a PNG file.</summary>
    /// <param name="path">The file; its folder is created and an existing file is replaced.</param>
    /// <param name="rgb">width · height · 3 bytes: rows from the top, red, green, blue.</param>
    /// <param name="width">The width in pixels.</param>
    /// <param name="height">The height in pixels.</param>
    /// <exception cref="QosValuationException">ImageNotWritable.</exception>
    public static void SavePng(string path, ReadOnlySpan<byte> rgb, int width, int height) => Save(path, EncodePng(rgb, width, height));

    /// <summary>Writes a JPEG file.</summary>
    /// <param name="path">The file; its folder is created and an existing file is replaced.</param>
    /// <param name="rgb">width · height · 3 bytes: rows from the top, red, green, blue.</param>
    /// <param name="width">The width in pixels.</param>
    /// <param name="height">The height in pixels.</param>
    /// <param name="quality">1 (smallest) to 100 (best).</param>
    /// <exception cref="QosValuationException">ImageNotWritable.</exception>
    public static void SaveJpeg(string path, ReadOnlySpan<byte> rgb, int width, int height, int quality = 90) =>
        Save(path, EncodeJpeg(rgb, width, height, quality));

    /// <summary>Encodes a PNG file in memory.</summary>
    /// <param name="rgb">width · height · 3 bytes: rows from the top, red, green, blue.</param>
    /// <param name="width">The width in pixels.</param>
    /// <param name="height">The height in pixels.</param>
    /// <returns>The bytes of the file.</returns>
    public static byte[] EncodePng(ReadOnlySpan<byte> rgb, int width, int height) =>
        Encode(rgb, width, height, static image => image.PngsaveBuffer(compression: 6));

    /// <summary>Encodes a JPEG file in memory.</summary>
    /// <param name="rgb">width · height · 3 bytes: rows from the top, red, green, blue.</param>
    /// <param name="width">The width in pixels.</param>
    /// <param name="height">The height in pixels.</param>
    /// <param name="quality">1 (smallest) to 100 (best).</param>
    /// <returns>The bytes of the file.</returns>
    public static byte[] EncodeJpeg(ReadOnlySpan<byte> rgb, int width, int height, int quality = 90)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        return Encode(rgb, width, height, image => image.JpegsaveBuffer(q: quality));
    }

    /// <summary>Renders an SVG drawing and encodes it as a JPEG file.</summary>
    /// <param name="svg">The drawing, UTF-8; its own width and height in pixels count.</param>
    /// <param name="quality">1 (smallest) to 100 (best).</param>
    /// <returns>The bytes of the file; transparent parts become white.</returns>
    public static byte[] RenderSvgAsJpeg(ReadOnlySpan<byte> svg, int quality = 90)
    {
        RgbImage image = RenderSvg(svg);
        return EncodeJpeg(image.Pixels, image.Width, image.Height, quality);
    }

    /// <summary>Renders an SVG drawing.</summary>
    /// <param name="svg">The drawing, UTF-8; its own width and height in pixels count.</param>
    /// <returns>The pixels; transparent parts are white.</returns>
    public static unsafe RgbImage RenderSvg(ReadOnlySpan<byte> svg)
    {
        var scratch = new ImageScratch();
        fixed (byte* data = svg)
        {
            using ImageRows rows = ImageRows.Open(data, (nuint)svg.Length, "SVG drawing", scratch, new ImageLimits { AllowSvg = true });
            byte[] rgb = new byte[3L * rows.Width * rows.Height];
            while (rows.TryReadStrip(out int first, out int count, out byte* strip))
            {
                new ReadOnlySpan<byte>(strip, 3 * rows.Width * count).CopyTo(rgb.AsSpan(3 * rows.Width * first));
            }

            return new RgbImage(rgb, rows.Width, rows.Height);
        }
    }

    private static unsafe byte[] Encode(ReadOnlySpan<byte> rgb, int width, int height, Func<Image, byte[]> save)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (rgb.Length != 3L * width * height)
        {
            throw new ArgumentException($"{width} × {height} pixels take {3L * width * height} bytes, not {rgb.Length}.", nameof(rgb));
        }

        LibVips.EnsureStarted();
        try
        {
            fixed (byte* data = rgb)
            {
                using var image = Image.NewFromMemory((nint)data, (ulong)rgb.Length, width, height, 3, Enums.BandFormat.Uchar);
                return save(image);
            }
        }
        catch (VipsException error)
        {
            throw new QosValuationException(Faults.ImageNotWritable, FaultKind.InvalidData, "The image could not be encoded: " + LibVips.Detail(error) + ".");
        }
    }

    /// <summary>Makes sure that a file can be written, before work is spent on what goes into it: creates its folder, and a file there for a moment.</summary>
    /// <param name="path">The file; one that exists stays as it is.</param>
    /// <exception cref="QosValuationException">ImageNotWritable.</exception>
    public static void RequireWritable(string path) => Attempt(path, () =>
    {
        string full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        using FileStream probe = new(
            AtomicFile.TemporaryNeighbour(full),
            new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.DeleteOnClose });
    });

    private static void Save(string path, byte[] encoded) => Attempt(path, () => AtomicFile.Write(path, stream => stream.Write(encoded)));

    private static void Attempt(string path, Action write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(Faults.ImageNotWritable, $"'{path}' could not be written: {error.Message}", path, error);
        }
    }
}
