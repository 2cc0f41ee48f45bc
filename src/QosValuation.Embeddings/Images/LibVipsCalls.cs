using System.Runtime.InteropServices;
using NetVips;

namespace QosValuation.Embeddings.Images;

/// <summary>
/// Calls of libvips beside NetVips, on NetVips's objects, for what every photograph goes through. NetVips's Region.Fetch returns a new
/// array with every call, as large as the photograph in all, and its properties box every number; these calls leave no garbage.
/// </summary>
internal static unsafe class LibVipsCalls
{
    private static readonly nint Library = NativeLibrary.Load(
        OperatingSystem.IsWindows() ? "libvips-42.dll" : OperatingSystem.IsMacOS() ? "libvips.42.dylib" : "libvips.so.42", typeof(Image).Assembly, null);

    private static readonly delegate* unmanaged[Cdecl]<nint, int> GetWidth = Getter("width");
    private static readonly delegate* unmanaged[Cdecl]<nint, int> GetHeight = Getter("height");
    private static readonly delegate* unmanaged[Cdecl]<nint, int> GetBands = Getter("bands");
    private static readonly delegate* unmanaged[Cdecl]<nint, int> GetFormat = Getter("format");
    private static readonly delegate* unmanaged[Cdecl]<nint, int> GetInterpretation = Getter("interpretation");
    private static readonly delegate* unmanaged[Cdecl]<nint, int> GetOrientation = Getter("orientation");

    private static readonly delegate* unmanaged[Cdecl]<nint, Rectangle*, int> RegionImage =
        (delegate* unmanaged[Cdecl]<nint, Rectangle*, int>)NativeLibrary.GetExport(Library, "vips_region_image");

    private static readonly delegate* unmanaged[Cdecl]<nint, nint, Rectangle*, int, int, int> RegionPrepareTo =
        (delegate* unmanaged[Cdecl]<nint, nint, Rectangle*, int, int, int>)NativeLibrary.GetExport(Library, "vips_region_prepare_to");

    /// <summary>Reads what an image's header says.</summary>
    /// <param name="image">The image.</param>
    /// <returns>Its size and its samples; the orientation is that of EXIF, 1 to 8, and 1 where the file has none.</returns>
    public static VipsHeader Header(Image image)
    {
        nint handle = image.DangerousGetHandle();
        var header = new VipsHeader(
            GetWidth(handle),
            GetHeight(handle),
            GetBands(handle),
            (Enums.BandFormat)GetFormat(handle),
            (Enums.Interpretation)GetInterpretation(handle),
            GetOrientation(handle) is int orientation and >= 1 and <= 8 ? orientation : 1);
        GC.KeepAlive(image);
        return header;
    }

    /// <summary>Decodes rows straight into the memory of another image.</summary>
    /// <param name="source">A region of the image to read.</param>
    /// <param name="destination">A region of an image around memory, as wide as the source and in its format.</param>
    /// <param name="width">The width of both in pixels.</param>
    /// <param name="first">The first row to read; it goes to the start of the memory.</param>
    /// <param name="count">How many rows.</param>
    /// <exception cref="VipsException">The file is damaged or ends early.</exception>
    public static void Read(Region source, Region destination, int width, int first, int count)
    {
        var target = new Rectangle(0, 0, width, count);
        var area = new Rectangle(0, first, width, count);
        bool read = RegionImage(destination.DangerousGetHandle(), &target) == 0
            && RegionPrepareTo(source.DangerousGetHandle(), destination.DangerousGetHandle(), &area, 0, 0) == 0;
        GC.KeepAlive(source);
        GC.KeepAlive(destination);
        if (!read)
        {
            throw new VipsException("unable to read rows");
        }
    }

    private static delegate* unmanaged[Cdecl]<nint, int> Getter(string field) =>
        (delegate* unmanaged[Cdecl]<nint, int>)NativeLibrary.GetExport(Library, "vips_image_get_" + field);

    /// <summary>A VipsRect.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Rectangle(int Left, int Top, int Width, int Height);
}

/// <summary>What the header of an image says.</summary>
/// <param name="Width">The width in pixels.</param>
/// <param name="Height">The height in pixels.</param>
/// <param name="Bands">Samples a pixel.</param>
/// <param name="Format">The type of a sample.</param>
/// <param name="Interpretation">What the samples mean.</param>
/// <param name="Orientation">EXIF orientation, 1 (upright) to 8.</param>
internal readonly record struct VipsHeader(
    int Width, int Height, int Bands, Enums.BandFormat Format, Enums.Interpretation Interpretation, int Orientation)
{
    /// <summary>The size of a sample in memory.</summary>
    public int BytesPerSample => Format switch
    {
        Enums.BandFormat.Uchar or Enums.BandFormat.Char => 1,
        Enums.BandFormat.Ushort or Enums.BandFormat.Short => 2,
        Enums.BandFormat.Uint or Enums.BandFormat.Int or Enums.BandFormat.Float => 4,
        Enums.BandFormat.Dpcomplex => 16,
        _ => 8,
    };
}
