using System.Globalization;

namespace QosValuation.Embeddings.Images;

/// <summary>
/// What an image may cost before any of its pixels is decoded. A file of a hundred bytes may announce a picture of gigabytes, so the
/// announcement is what counts.
/// </summary>
public sealed record ImageLimits
{
    /// <summary>The variable that sets <see cref="MaximumBytes"/> for a process.</summary>
    public const string MaximumBytesVariable = "QOSVALUATION_IMAGE_BYTES";

    /// <summary>The variable that sets <see cref="MaximumRowBytes"/> for a process.</summary>
    public const string MaximumRowBytesVariable = "QOSVALUATION_IMAGE_ROW_BYTES";

    /// <summary>The variable that, as 1, sets <see cref="AllowSvg"/> for a process.</summary>
    public const string AllowSvgVariable = "QOSVALUATION_ALLOW_SVG";

    /// <summary>The most bytes of pixels: 1 GiB unless set, or 18,900 × 18,900 pixels in colour.</summary>
    public long MaximumBytes { get; init; } = 1L << 30;

    /// <summary>The most bytes of a row: 4 MiB unless set, or 1.3 million pixels in colour. Several strips of 16 rows are in memory at a time.</summary>
    public long MaximumRowBytes { get; init; } = 1L << 22;

    /// <summary>
    /// Whether SVG is decoded. A drawing is a program: filters and references of a few hundred bytes may run for hours, and nothing in its
    /// header tells. So a drawing is refused unless its source is trusted.
    /// </summary>
    public bool AllowSvg { get; init; }

    /// <summary>The limits of this process: the defaults, and what the variables say instead.</summary>
    /// <exception cref="QosValuationException">ArgumentNotValid: a variable is no number of bytes.</exception>
    public static ImageLimits Current => new()
    {
        MaximumBytes = Bytes(MaximumBytesVariable) ?? 1L << 30,
        MaximumRowBytes = Bytes(MaximumRowBytesVariable) ?? 1L << 22,
        AllowSvg = Environment.GetEnvironmentVariable(AllowSvgVariable) == "1",
    };

    /// <summary>Refuses an image that costs more.</summary>
    /// <param name="header">What its header announces.</param>
    /// <param name="name">Names the image in the error.</param>
    /// <exception cref="QosValuationException">ImageTooLarge.</exception>
    internal void Require(VipsHeader header, string name)
    {
        // What is decoded becomes three bytes a pixel, and is as many as its bands before.
        long row = header.Width * (long)Math.Max(3, header.Bands * header.BytesPerSample);
        decimal total = (decimal)row * header.Height;
        if (row > MaximumRowBytes)
        {
            throw TooLarge(header, name, $"a row of {row:N0} bytes; at most {MaximumRowBytes:N0} are decoded", MaximumRowBytesVariable);
        }

        if (total > MaximumBytes)
        {
            throw TooLarge(header, name, $"{total:N0} bytes of pixels; at most {MaximumBytes:N0} are decoded", MaximumBytesVariable);
        }
    }

    private static QosValuationException TooLarge(VipsHeader header, string name, FormattableString what, string variable) => new(
        Faults.ImageTooLarge,
        string.Create(
            CultureInfo.InvariantCulture,
            $"'{name}' announces {header.Width} × {header.Height} pixels, {what.ToString(CultureInfo.InvariantCulture)}. ")
        + $"Scale the image down first, or set the variable {variable} where the memory suffices.",
        name);

    private static long? Bytes(string variable)
    {
        if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } text)
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) && bytes > 0
            ? bytes
            : throw new QosValuationException(
                Faults.ArgumentNotValid, $"The variable {variable} is '{text}', and should be a number of bytes of at least 1.", variable);
    }
}
