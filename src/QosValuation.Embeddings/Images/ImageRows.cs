using System.Globalization;
using System.Runtime.CompilerServices;
using NetVips;

namespace QosValuation.Embeddings.Images;

/// <summary>
/// An encoded image read from the top in strips of 8-bit sRGB rows. The file's pixels are decoded by libvips straight
/// into this reader's buffer, on the calling thread; only one strip is held, unless EXIF asks for a rotation.
/// </summary>
/// <remarks>
/// What each kind of file becomes:
/// grey is repeated in three channels; palettes and 1-bit images are expanded; 16-bit samples keep their upper 8 bits;
/// CMYK is converted without a profile, as (255 − C)(255 − K)/255; transparency is laid over white; of animations and
/// multi-page files the first frame is taken; EXIF orientation is applied; embedded ICC profiles are not.
/// </remarks>
internal sealed unsafe class ImageRows : IDisposable
{
    private const string LoadOptions = "access=sequential,fail_on=error";
    private const int LargestShrink = 8;
    private const int StripBytes = 1 << 18;
    private readonly string _name;
    private readonly ImageScratch _scratch;
    private readonly Image _image;
    private readonly Image _strip;
    private readonly Region _source;
    private readonly Region _destination;
    private readonly int _fileWidth;
    private readonly int _fileHeight;
    private readonly int _stripRows;
    private readonly int _orientation;
    private readonly SampleLayout _layout;
    private readonly int _shrink;
    private int _next;

    private ImageRows(Image image, VipsHeader header, VipsHeader whole, int shrink, SampleLayout layout, string name, ImageScratch scratch)
    {
        bool lies = header.Orientation >= 5;
        (WholeWidth, WholeHeight) = lies ? (whole.Height, whole.Width) : (whole.Width, whole.Height);
        _shrink = shrink;
        _name = name;
        _scratch = scratch;
        _image = image;
        _fileWidth = header.Width;
        _fileHeight = header.Height;
        _orientation = header.Orientation;
        _layout = layout;
        int rowBytes = checked(_fileWidth * layout.BytesPerPixel);
        _stripRows = Math.Min(_fileHeight, Math.Max(16, (StripBytes / rowBytes) & ~15));
        byte* buffer = scratch.Strip.Require((long)rowBytes * _stripRows);
        _strip = Image.NewFromMemory((nint)buffer, (ulong)rowBytes * (ulong)_stripRows, _fileWidth, _stripRows, header.Bands, header.Format);
        _destination = Region.New(_strip);
        _source = Region.New(image);
    }

    /// <summary>The width in pixels, after EXIF orientation.</summary>
    public int Width => _orientation >= 5 ? _fileHeight : _fileWidth;

    /// <summary>The height in pixels, after EXIF orientation.</summary>
    public int Height => _orientation >= 5 ? _fileWidth : _fileHeight;

    /// <summary>The width of the picture in pixels, after EXIF orientation: more than <see cref="Width"/> where a fraction of its size is decoded.</summary>
    public int WholeWidth { get; }

    /// <summary>The height of the picture in pixels, after EXIF orientation.</summary>
    public int WholeHeight { get; }

    /// <summary>The width of the picture in pixels that are decoded: the last of them may cover more than is there.</summary>
    public double ExtentAcross => (double)WholeWidth / _shrink;

    /// <summary>The height of the picture in pixels that are decoded.</summary>
    public double ExtentDown => (double)WholeHeight / _shrink;

    /// <summary>Reads the header.</summary>
    /// <param name="data">The encoded file; it must stay in place until the reader is disposed.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="name">Names the image in errors.</param>
    /// <param name="scratch">Buffers, for this reader alone while it lives.</param>
    /// <param name="limits">What the image may cost; null for the limits of the process.</param>
    /// <param name="smallestEdge">
    /// A JPEG may be decoded at a half, a quarter or an eighth of its size where the shorter edge keeps this many pixels; 0 for the whole size.
    /// </param>
    /// <returns>A reader at row 0.</returns>
    /// <exception cref="QosValuationException">ImageNotReadable, ImageTooLarge.</exception>
    public static ImageRows Open(byte* data, nuint length, string name, ImageScratch scratch, ImageLimits? limits = null, int smallestEdge = 0)
    {
        limits ??= ImageLimits.Current;
        if (length == 0)
        {
            throw NotReadable(name, "the file is empty");
        }

        LibVips.EnsureStarted();
        Image? image = null;
        try
        {
            image = Load(new ReadOnlySpan<byte>(data, checked((int)length)), name, limits);
            VipsHeader header = LibVipsCalls.Header(image);
            limits.Require(header, name);
            VipsHeader whole = header;
            int shrink = smallestEdge > 0 && IsJpeg(data, length) ? Shrink(header, smallestEdge) : 1;
            if (shrink > 1)
            {
                image.Dispose();
                string options = string.Create(CultureInfo.InvariantCulture, $"{LoadOptions},shrink={shrink}");
                image = Image.NewFromBuffer(new ReadOnlySpan<byte>(data, (int)length), options);
                header = LibVipsCalls.Header(image);
            }

            if (!IsKnown(header, name))
            {
                Image converted = image.Colourspace(Enums.Interpretation.Srgb);
                image.Dispose();
                image = converted;
                header = LibVipsCalls.Header(image);
                if (header.Format != Enums.BandFormat.Uchar)
                {
                    throw NotReadable(name, "its colour space has no conversion to 8-bit sRGB");
                }
            }

            return new ImageRows(image, header, whole, shrink, DescribeSamples(image, header, name), name, scratch);
        }
        catch (VipsException error)
        {
            image?.Dispose();
            throw NotReadable(name, LibVips.Detail(error));
        }
        catch
        {
            image?.Dispose();
            throw;
        }
    }

    /// <summary>Decodes the next strip.</summary>
    /// <param name="firstRow">The number of its first row.</param>
    /// <param name="rowCount">Its number of rows.</param>
    /// <param name="rgb">Its pixels, 3 bytes each, rows without gaps; at least 64 bytes beyond the last may be read.</param>
    /// <returns>False after the last strip.</returns>
    /// <exception cref="QosValuationException">ImageNotReadable: the file is damaged or ends early.</exception>
    public bool TryReadStrip(out int firstRow, out int rowCount, out byte* rgb)
    {
        if (_orientation != 1)
        {
            return TryReadOriented(out firstRow, out rowCount, out rgb);
        }

        return TryReadFileStrip(out firstRow, out rowCount, out rgb);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _destination.Dispose();
        _source.Dispose();
        _strip.Dispose();
        _image.Dispose();
    }

    private static bool IsJpeg(byte* data, nuint length) => length > 3 && data[0] == 0xFF && data[1] == 0xD8 && data[2] == 0xFF;

    /// <summary>The most by which a JPEG can be divided while it is decoded and keep its shorter edge.</summary>
    private static int Shrink(VipsHeader header, int smallestEdge)
    {
        int shrink = 1;
        while (shrink < LargestShrink && Math.Min(header.Width, header.Height) / (2 * shrink) >= smallestEdge)
        {
            shrink *= 2;
        }

        return shrink;
    }

    private static Image Load(ReadOnlySpan<byte> data, string name, ImageLimits limits)
    {
        // Asked before it is loaded: to load a drawing is to parse all of it.
        if (!limits.AllowSvg && Image.FindLoadBuffer(data) is { } loader && loader.Contains("Svg", StringComparison.OrdinalIgnoreCase))
        {
            throw new QosValuationException(
                Faults.SvgNotAllowed,
                $"'{name}' is an SVG drawing, which may take any time and memory to paint, so it is not decoded unless that is allowed. "
                + $"Convert it to PNG; or, where you trust its source, use -AllowSvg or set the variable {ImageLimits.AllowSvgVariable} to 1.",
                name);
        }

        try
        {
            return Image.NewFromBuffer(data, LoadOptions);
        }
        catch (VipsException) when (Image.FindLoadBuffer(data) is null)
        {
            throw NotReadable(name, "it is in no known image format (JPEG, PNG, WebP, GIF, TIFF, AVIF, SVG)");
        }
    }

    /// <summary>Whether the samples are read as they are; others are converted to sRGB first.</summary>
    private static bool IsKnown(VipsHeader header, string name)
    {
        bool known = header.Interpretation is Enums.Interpretation.Multiband or Enums.Interpretation.Bw or Enums.Interpretation.Cmyk
            or Enums.Interpretation.Rgb or Enums.Interpretation.Srgb or Enums.Interpretation.Rgb16 or Enums.Interpretation.Grey16;
        return known && header.Format is not (Enums.BandFormat.Uchar or Enums.BandFormat.Ushort)
            ? throw NotReadable(name, "its samples are neither 8-bit nor 16-bit unsigned integers; convert it to 8 bits first")
            : known;
    }

    private static QosValuationException NotReadable(string name, string detail) => new(
        Faults.ImageNotReadable,
        $"'{name}' could not be decoded: {detail}. Repair, replace or leave out the file.",
        name);

    private QosValuationException NotReadable(string detail) => NotReadable(_name, detail);

    private static SampleLayout DescribeSamples(Image image, VipsHeader header, string name)
    {
        int bands = header.Bands;
        bool cmyk = header.Interpretation == Enums.Interpretation.Cmyk && bands >= 4;
        int colours = cmyk ? 4 : bands <= 2 ? 1 : 3;
        bool alpha = bands > colours && (bands == colours + 1 || image.HasAlpha());
        return bands <= 8
            ? new SampleLayout(bands, header.Format == Enums.BandFormat.Ushort, colours, alpha)
            : throw NotReadable(name, $"it has {bands} channels; at most 8 are understood");
    }

    private bool TryReadFileStrip(out int firstRow, out int rowCount, out byte* rgb)
    {
        firstRow = _next;
        rowCount = Math.Min(_stripRows, _fileHeight - _next);
        rgb = _scratch.Strip.Pointer;
        if (rowCount <= 0)
        {
            return false;
        }

        try
        {
            LibVipsCalls.Read(_source, _destination, _fileWidth, firstRow, rowCount);
        }
        catch (VipsException error)
        {
            throw NotReadable(LibVips.Detail(error));
        }

        _next += rowCount;
        if (!_layout.IsRgb)
        {
            long pixels = (long)_fileWidth * rowCount;
            rgb = _scratch.Rgb.Require(pixels * 3);
            ToRgb(_scratch.Strip.Pointer, rgb, pixels);
        }

        return true;
    }

    /// <summary>Decodes the whole image, then moves every pixel to where EXIF orientation wants it.</summary>
    private bool TryReadOriented(out int firstRow, out int rowCount, out byte* rgb)
    {
        firstRow = 0;
        rowCount = Height;
        rgb = null;
        if (_next > 0)
        {
            return false;
        }

        rgb = _scratch.Oriented.Require((long)_fileWidth * _fileHeight * 3);
        long width = Width;
        while (TryReadFileStrip(out int first, out int count, out byte* strip))
        {
            for (int y = first; y < first + count; y++)
            {
                // The file's pixel (x, y) goes to a place that is linear in x: a start and a step.
                (long start, long step) = _orientation switch
                {
                    2 => (y * width + _fileWidth - 1, -1L),
                    3 => ((_fileHeight - 1L - y) * width + _fileWidth - 1, -1L),
                    4 => ((_fileHeight - 1L - y) * width, 1L),
                    5 => (y, width),
                    6 => (_fileHeight - 1L - y, width),
                    7 => ((_fileWidth - 1L) * width + _fileHeight - 1 - y, -width),
                    _ => ((_fileWidth - 1L) * width + y, -width),
                };
                byte* from = strip + (long)(y - first) * _fileWidth * 3;
                byte* to = rgb + start * 3;
                for (int x = 0; x < _fileWidth; x++)
                {
                    to[0] = from[0];
                    to[1] = from[1];
                    to[2] = from[2];
                    from += 3;
                    to += step * 3;
                }
            }
        }

        return true;
    }

    private void ToRgb(byte* source, byte* rgb, long pixels)
    {
        int bands = _layout.Bands;
        byte* samples = source;
        if (_layout.IsWide)
        {
            // The upper 8 bits, in place: the write position never overtakes the read position.
            ushort* wide = (ushort*)source;
            for (long i = 0; i < pixels * bands; i++)
            {
                samples[i] = (byte)(wide[i] >> 8);
            }
        }

        for (long i = 0; i < pixels; i++, samples += bands, rgb += 3)
        {
            switch (_layout.Colours)
            {
                case 1:
                    rgb[0] = rgb[1] = rgb[2] = samples[0];
                    break;
                case 3:
                    rgb[0] = samples[0];
                    rgb[1] = samples[1];
                    rgb[2] = samples[2];
                    break;
                default:
                    int light = 255 - samples[3];
                    rgb[0] = (byte)(light - Multiply255(samples[0], light));
                    rgb[1] = (byte)(light - Multiply255(samples[1], light));
                    rgb[2] = (byte)(light - Multiply255(samples[2], light));
                    break;
            }

            if (_layout.HasAlpha)
            {
                int alpha = samples[_layout.Colours];
                int white = 255 - alpha;
                rgb[0] = (byte)(Multiply255(rgb[0], alpha) + white);
                rgb[1] = (byte)(Multiply255(rgb[1], alpha) + white);
                rgb[2] = (byte)(Multiply255(rgb[2], alpha) + white);
            }
        }
    }

    /// <summary>a·b/255, rounded to nearest; exact for 0 ≤ a, b ≤ 255.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Multiply255(int a, int b)
    {
        int product = a * b + 128;
        return ((product >> 8) + product) >> 8;
    }

    private readonly record struct SampleLayout(int Bands, bool IsWide, int Colours, bool HasAlpha)
    {
        public int BytesPerPixel => Bands * (IsWide ? 2 : 1);

        public bool IsRgb => Bands == 3 && Colours == 3 && !IsWide;
    }
}
