namespace QosValuation;

/// <summary>How photographs are decoded before they are resized for an encoder.</summary>
public enum ImageDecoding
{
    /// <summary>Every pixel is decoded and resampled, with the arithmetic of Pillow.</summary>
    Exact,

    /// <summary>
    /// A large JPEG is decoded at a half, a quarter or an eighth of its size, the smallest that keeps three times the encoder's size, and resampled from
    /// there. Everything else is decoded as by <see cref="Exact"/>, to the bit.
    /// </summary>
    Fast,
}
