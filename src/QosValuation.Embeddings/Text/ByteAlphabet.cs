namespace QosValuation.Embeddings.Text;

/// <summary>The printable stand-ins for the 256 bytes that GPT-2 and CLIP spell their vocabulary with.</summary>
internal static class ByteAlphabet
{
    /// <summary>The mark of a word's last piece.</summary>
    public const string WordEnd = "</w>";

    private static readonly char[] Letters = Create();
    private static readonly Dictionary<char, byte> Bytes = Enumerable.Range(0, 256).ToDictionary(value => Letters[value], value => (byte)value);

    /// <summary>The stand-in of a byte: itself where it is printable Latin-1, else a letter from U+0100 on.</summary>
    /// <param name="value">The byte.</param>
    /// <returns>A printable character.</returns>
    public static char Letter(byte value) => Letters[value];

    /// <summary>The byte behind a stand-in.</summary>
    /// <param name="letter">The stand-in.</param>
    /// <param name="value">The byte.</param>
    /// <returns>False for a character outside the alphabet.</returns>
    public static bool TryGetByte(char letter, out byte value) => Bytes.TryGetValue(letter, out value);

    private static char[] Create()
    {
        var letters = new char[256];
        int extra = 0;
        for (int value = 0; value < 256; value++)
        {
            bool isPrintable = value is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174;
            letters[value] = isPrintable ? (char)value : (char)(256 + extra++);
        }

        return letters;
    }
}
