namespace QosValuation.Embeddings.Images;

/// <summary>The buffers one worker needs to decode and resample, kept from image to image.</summary>
internal sealed class ImageScratch
{
    private const long KeepBytes = 64L << 20;

    /// <summary>The encoded file.</summary>
    public PinnedBuffer File { get; } = new();

    /// <summary>A strip of pixels as libvips delivers them.</summary>
    public PinnedBuffer Strip { get; } = new();

    /// <summary>A strip converted to 8-bit RGB, where it was something else.</summary>
    public PinnedBuffer Rgb { get; } = new();

    /// <summary>A whole image turned upright.</summary>
    public PinnedBuffer Oriented { get; } = new();

    /// <summary>Rows after the horizontal pass.</summary>
    public PinnedBuffer Intermediate { get; } = new();

    /// <summary>The crop before normalisation.</summary>
    public PinnedBuffer Crop { get; } = new();

    /// <summary>Lets go of buffers that one unusually large image made grow.</summary>
    public void Trim()
    {
        foreach (PinnedBuffer buffer in (ReadOnlySpan<PinnedBuffer>)[File, Strip, Rgb, Oriented, Intermediate, Crop])
        {
            buffer.Trim(KeepBytes);
        }
    }
}

/// <summary>A growing block of memory that the garbage collector does not move, with 64 spare bytes at its end.</summary>
internal sealed unsafe class PinnedBuffer
{
    private const int Spare = 64;
    private byte[] _bytes = [];

    /// <summary>The first byte; null before the first <see cref="Require"/>.</summary>
    public byte* Pointer { get; private set; }

    /// <summary>Makes room; the old content is lost where the buffer grows.</summary>
    /// <param name="length">The number of bytes needed.</param>
    /// <returns>The first byte.</returns>
    /// <exception cref="QosValuationException">ImageTooLarge: more than 2 GiB.</exception>
    public byte* Require(long length)
    {
        if (length + Spare > _bytes.LongLength)
        {
            if (length + Spare > Array.MaxLength)
            {
                throw new QosValuationException(Faults.ImageTooLarge, "The image needs a buffer of more than 2 GiB. Scale it down first.");
            }

            long rounded = Math.Min(Array.MaxLength, length + length / 4 + Spare);
            _bytes = GC.AllocateUninitializedArray<byte>((int)rounded, pinned: true);
            fixed (byte* first = _bytes)
            {
                Pointer = first;
            }
        }

        return Pointer;
    }

    /// <summary>Frees the memory where there is more of it than <paramref name="keep"/> bytes.</summary>
    /// <param name="keep">The most to keep.</param>
    public void Trim(long keep)
    {
        if (_bytes.LongLength > keep)
        {
            _bytes = [];
            Pointer = null;
        }
    }
}
