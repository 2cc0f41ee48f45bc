using System.Buffers;
using System.Collections.Concurrent;
using QosValuation.Foundation.IO;

namespace QosValuation.Embeddings.Images;

/// <summary>
/// Turns image files into what a CLIP encoder sees: the shortest edge resized to n (antialiased bicubic, the arithmetic of
/// Pillow), the n × n square at the centre, scaled and normalised. One instance serves any number of threads; each call
/// decodes on its own thread with buffers from a pool.
/// </summary>
/// <remarks>
/// <para>The longest edge becomes n·long/short, cut to an integer; the crop's offset is (side − n)/2, halves rounded to
/// even. Only the pixels of the crop are computed. Rows stream through the horizontal pass as they are decoded, so that
/// memory does not grow with the height of the image.</para>
/// <para>EXIF orientation is applied: a photograph is embedded upright. Grey is repeated in three channels; palettes are
/// expanded; 16-bit samples keep their upper 8 bits; CMYK is converted as (255 − C)(255 − K)/255 without a profile;
/// transparency is laid over white, because what a viewer shows is what a caption describes (dropping the alpha channel
/// would bring out colours that nobody sees); embedded ICC profiles are not applied; animations give their first frame.</para>
/// </remarks>
public sealed class ImagePreprocessor
{
    // From twice the size a few of 358 photographs of COCO came below a cosine of 0.999 (0.9978 at least, before odd sizes kept their extent).
    private const int KeptByFast = 3;

    private readonly ConcurrentBag<ImageScratch> _pool = [];
    private readonly float[] _lookup = new float[3 * 256];
    private readonly ImagePreprocessing _settings;
    private readonly ImageLimits _limits;
    private readonly int _edge;
    private readonly int _smallestEdge;

    /// <summary>Creates a preprocessor.</summary>
    /// <param name="settings">Size and normalisation.</param>
    /// <param name="limits">What an image may cost; null for the limits of the process.</param>
    /// <param name="decoding">Whether large JPEGs may be decoded at a fraction of their size.</param>
    /// <exception cref="QosValuationException">PreprocessorConfigInvalid: a size or normalisation out of range.</exception>
    public ImagePreprocessor(ImagePreprocessing settings, ImageLimits? limits = null, ImageDecoding decoding = ImageDecoding.Exact)
    {
        _limits = limits ?? ImageLimits.Current;
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate();
        _settings = settings;
        _edge = settings.ShortestEdge == 0 ? settings.ImageSize : settings.ShortestEdge;
        _smallestEdge = decoding == ImageDecoding.Fast ? KeptByFast * _edge : 0;
        for (int channel = 0; channel < 3; channel++)
        {
            for (int sample = 0; sample < 256; sample++)
            {
                _lookup[channel * 256 + sample] = (float)((sample * settings.RescaleFactor - settings.Mean[channel]) / settings.Std[channel]);
            }
        }
    }

    /// <summary>The side n of the square crop in pixels.</summary>
    public int ImageSize => _settings.ImageSize;

    /// <summary>Decodes, resizes and crops a file.</summary>
    /// <param name="path">The image file; its name may hold any characters.</param>
    /// <param name="rgb">Receives n · n · 3 bytes: rows from the top, pixels from the left, red, green, blue.</param>
    /// <exception cref="QosValuationException">ImageNotFound, ImageNotReadable, ImageTooLarge, SvgNotAllowed.</exception>
    public unsafe void Crop(string path, Span<byte> rgb)
    {
        CheckLength(rgb.Length, nameof(rgb));
        ImageScratch scratch = Rent();
        try
        {
            nuint length = ReadFile(path, scratch.File);
            Crop(scratch.File.Pointer, length, path, rgb, scratch);
        }
        finally
        {
            Return(scratch);
        }
    }

    /// <summary>Decodes, resizes and crops an encoded image in memory.</summary>
    /// <param name="encoded">The bytes of an image file.</param>
    /// <param name="name">Names the image in errors.</param>
    /// <param name="rgb">Receives n · n · 3 bytes: rows from the top, pixels from the left, red, green, blue.</param>
    /// <exception cref="QosValuationException">ImageNotReadable, ImageTooLarge.</exception>
    public unsafe void Crop(ReadOnlySpan<byte> encoded, string name, Span<byte> rgb)
    {
        CheckLength(rgb.Length, nameof(rgb));
        ImageScratch scratch = Rent();
        try
        {
            fixed (byte* data = encoded)
            {
                Crop(data, (nuint)encoded.Length, name, rgb, scratch);
            }
        }
        finally
        {
            Return(scratch);
        }
    }

    /// <summary>Scales and normalises a crop: (sample · factor − mean) / std, from interleaved to planar order.</summary>
    /// <param name="rgb">n · n · 3 bytes, interleaved.</param>
    /// <param name="chw">Receives 3 · n · n numbers: the red plane, the green, the blue.</param>
    public void Normalize(ReadOnlySpan<byte> rgb, Span<float> chw)
    {
        CheckLength(rgb.Length, nameof(rgb));
        CheckLength(chw.Length, nameof(chw));
        int plane = ImageSize * ImageSize;
        Span<float> red = chw[..plane], green = chw.Slice(plane, plane), blue = chw.Slice(2 * plane, plane);
        ReadOnlySpan<float> reds = _lookup.AsSpan(0, 256), greens = _lookup.AsSpan(256, 256), blues = _lookup.AsSpan(512, 256);
        rgb = rgb[..(3 * plane)];
        int at = 0;
        for (int i = 0; i < plane; i++)
        {
            red[i] = reds[rgb[at]];
            green[i] = greens[rgb[at + 1]];
            blue[i] = blues[rgb[at + 2]];
            at += 3;
        }
    }

    /// <summary>Decodes, resizes, crops and normalises a file.</summary>
    /// <param name="path">The image file; its name may hold any characters.</param>
    /// <param name="chw">Receives 3 · n · n numbers: the red plane, the green, the blue.</param>
    /// <exception cref="QosValuationException">ImageNotFound, ImageNotReadable, ImageTooLarge, SvgNotAllowed.</exception>
    public unsafe void Preprocess(string path, Span<float> chw)
    {
        CheckLength(chw.Length, nameof(chw));
        ImageScratch scratch = Rent();
        try
        {
            nuint length = ReadFile(path, scratch.File);
            Preprocess(scratch.File.Pointer, length, path, chw, scratch);
        }
        finally
        {
            Return(scratch);
        }
    }

    /// <summary>Decodes, resizes, crops and normalises an encoded image in memory.</summary>
    /// <param name="encodedFile">The bytes of an image file.</param>
    /// <param name="name">Names the image in errors.</param>
    /// <param name="chw">Receives 3 · n · n numbers: the red plane, the green, the blue.</param>
    /// <exception cref="QosValuationException">ImageNotReadable, ImageTooLarge.</exception>
    public unsafe void Preprocess(ReadOnlySpan<byte> encodedFile, string name, Span<float> chw)
    {
        CheckLength(chw.Length, nameof(chw));
        ImageScratch scratch = Rent();
        try
        {
            fixed (byte* data = encodedFile)
            {
                Preprocess(data, (nuint)encodedFile.Length, name, chw, scratch);
            }
        }
        finally
        {
            Return(scratch);
        }
    }

    /// <summary>The size of the whole image after resizing, before the crop.</summary>
    /// <param name="width">The image's width.</param>
    /// <param name="height">The image's height.</param>
    /// <returns>Width and height after resizing; only the crop of it is ever computed.</returns>
    internal (long Width, long Height) ResizedSize(int width, int height)
    {
        if (_settings.Stretch)
        {
            return (_edge, _edge);
        }

        if (_settings.Pads)
        {
            // Python's round(x / ratio): halves go to the even number.
            double ratio = (double)Math.Max(width, height) / _edge;
            return (Math.Max(1, (long)Math.Round(width / ratio)), Math.Max(1, (long)Math.Round(height / ratio)));
        }

        return width <= height ? (_edge, (long)_edge * height / width) : ((long)_edge * width / height, _edge);
    }

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="buffer">Receives the content.</param>
    /// <returns>Its length in bytes.</returns>
    private static unsafe nuint ReadFile(string path, PinnedBuffer buffer)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle file = RegularFile.OpenHandle(path);
            long length = RandomAccess.GetLength(file);
            if (length > int.MaxValue - 128)
            {
                throw new QosValuationException(Faults.ImageTooLarge, $"'{path}' has more than 2 GiB. Scale the image down first.", path);
            }

            byte* data = buffer.Require(length);
            int total = 0;
            while (total < length)
            {
                int read = RandomAccess.Read(file, new Span<byte>(data + total, (int)length - total), total);
                if (read == 0)
                {
                    break;
                }

                total += read;
            }

            return (nuint)total;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new QosValuationException(Faults.ImageNotFound, $"The image '{path}' does not exist.", path, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            string detail = Directory.Exists(path) ? "it is a folder" : error.Message.TrimEnd('.');
            throw new QosValuationException(Faults.ImageNotReadable, FaultKind.ReadFailed, $"'{path}' could not be read: {detail}.", path, error);
        }
    }

    private unsafe void Preprocess(byte* data, nuint length, string name, Span<float> chw, ImageScratch scratch)
    {
        int bytes = 3 * ImageSize * ImageSize;
        var rgb = new Span<byte>(scratch.Crop.Require(bytes), bytes);
        Crop(data, length, name, rgb, scratch);
        Normalize(rgb, chw);
    }

    private unsafe void Crop(byte* data, nuint length, string name, Span<byte> rgb, ImageScratch scratch)
    {
        int side = ImageSize;
        using ImageRows rows = ImageRows.Open(data, length, name, scratch, _limits, _smallestEdge);
        (long resizedWidth, long resizedHeight) = ResizedSize(rows.WholeWidth, rows.WholeHeight);
        int width = (int)Math.Min(side, resizedWidth), height = (int)Math.Min(side, resizedHeight);
        ResampleWeights across = ResampleWeights.Get(rows.Width, rows.ExtentAcross, resizedWidth, CropOffset(resizedWidth, width), width);
        ResampleWeights down = ResampleWeights.Get(rows.Height, rows.ExtentDown, resizedHeight, CropOffset(resizedHeight, height), height);

        // One spare byte per row for the vector kernel, rounded so that rows start on 32 bytes.
        int stride = (3 * width + 1 + 31) & ~31;
        long needed = (long)(down.EndInput - down.FirstInput) * stride;
        if (needed > _limits.MaximumBytes)
        {
            throw new QosValuationException(
                Faults.ImageTooLarge,
                $"'{name}' has {rows.Width} × {rows.Height} pixels; to resize it takes {needed} bytes, and {_limits.MaximumBytes} is the most. "
                + "Scale the image down first.",
                name);
        }

        byte* intermediate = scratch.Intermediate.Require(needed);
        while (rows.TryReadStrip(out int first, out int count, out byte* strip))
        {
            WorkCancellation.Current.ThrowIfCancellationRequested();

            // Rows outside the crop are decoded (a damaged file is an error wherever the damage is) but not resampled.
            int from = Math.Max(first, down.FirstInput);
            int to = Math.Min(first + count, down.EndInput);
            if (from < to)
            {
                nint rowBytes = (nint)rows.Width * 3;
                BicubicResampler.Horizontal(
                    strip + (from - first) * rowBytes, rowBytes, to - from, across, intermediate + (nint)(from - down.FirstInput) * stride, stride);
            }
        }

        if (width == side && height == side)
        {
            fixed (byte* output = rgb)
            {
                BicubicResampler.Vertical(intermediate, stride, 3 * side, down, output);
            }

            return;
        }

        // The image lies in the middle of a square of one colour; of an odd rest the larger part is to the right and below.
        byte[] inner = ArrayPool<byte>.Shared.Rent(3 * width * height);
        fixed (byte* output = inner)
        {
            BicubicResampler.Vertical(intermediate, stride, 3 * width, down, output);
        }

        rgb = rgb[..(3 * side * side)];
        rgb.Fill(_settings.FillColor);
        int left = (side - width) / 2, top = (side - height) / 2;
        for (int row = 0; row < height; row++)
        {
            inner.AsSpan(3 * width * row, 3 * width).CopyTo(rgb[(3 * (((top + row) * side) + left))..]);
        }

        ArrayPool<byte>.Shared.Return(inner);
    }

    /// <summary>Python's round((side − n)/2): halves go to the even number.</summary>
    private static long CropOffset(long side, int crop) => (long)Math.Round((side - crop) / 2.0, MidpointRounding.ToEven);

    private ImageScratch Rent() => _pool.TryTake(out ImageScratch? scratch) ? scratch : new ImageScratch();

    private void Return(ImageScratch scratch)
    {
        scratch.Trim();
        _pool.Add(scratch);
    }

    private void CheckLength(int length, string argument)
    {
        int expected = 3 * ImageSize * ImageSize;
        if (length < expected)
        {
            throw new ArgumentException($"The buffer holds {length} elements; 3 × {ImageSize} × {ImageSize} = {expected} are needed.", argument);
        }
    }
}
