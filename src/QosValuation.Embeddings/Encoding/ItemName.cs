using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;

namespace QosValuation.Embeddings.Encoding;

/// <summary>
/// Names records where their source does not: names that hold the source's identity, so that records of unlike sources never share one.
/// See <see cref="ClipEmbedding.Item"/>.
/// </summary>
public static class ItemName
{
    private const int LongestText = 40;
    private const int LongestBeginning = 24;

    // A text that holds it never stands for itself, so that none can pose as the beginning and digest of another.
    private const string Cut = "\u2026#";

    /// <summary>
    /// The name of a record of texts without an image: <c>text:</c> and the text, where it is a single one of at most 40 characters; else
    /// its beginning, … and 128 bits of SHA-256 over all texts. The same texts have the same name. O(length).
    /// </summary>
    /// <param name="texts">The texts; at least one.</param>
    /// <returns>The name. No two lists of texts share it, short of a collision of the digest.</returns>
    public static string OfTexts(params IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        string first = texts[0] ?? string.Empty;
        if (texts.Count == 1 && first.Length <= LongestText && !first.Any(char.IsControl) && !first.Contains(Cut, StringComparison.Ordinal))
        {
            return "text:" + first;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (string text in texts)
        {
            // Lengths go in, so that no two lists read alike.
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text ?? string.Empty);
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }

        int end = Math.Min(first.Length, LongestBeginning);
        end -= end > 0 && end < first.Length && char.IsHighSurrogate(first[end - 1]) ? 1 : 0;
        string beginning = string.Concat(first.AsSpan(0, end).ToString().Select(c => char.IsControl(c) ? ' ' : c));
        return "text:" + beginning + Cut + Digest(hash.GetHashAndReset());
    }

    /// <summary>The name of a record of a COCO file: <c>coco:</c>, the identity of the file and the image's id.</summary>
    /// <param name="identity">The file's identity, see <see cref="IdentityOf"/>.</param>
    /// <param name="imageId">The image's id in the file.</param>
    /// <returns>The name.</returns>
    public static string OfCoco(string identity, long imageId) => string.Create(CultureInfo.InvariantCulture, $"coco:{identity}:{imageId}");

    /// <summary>The name of a record that a file holds in a row: the file's full path, # and the row from 0.</summary>
    /// <param name="path">The file's full path.</param>
    /// <param name="row">The row.</param>
    /// <returns>The name.</returns>
    public static string OfRow(string path, long row) => string.Create(CultureInfo.InvariantCulture, $"{path}#{row}");

    /// <summary>The identity of a content: 128 bits of its SHA-256 in 22 characters (base64url). The same content has it under any name. O(length).</summary>
    /// <param name="content">The content.</param>
    /// <returns>The identity.</returns>
    public static string IdentityOf(ReadOnlySpan<byte> content) => Digest(SHA256.HashData(content));

    private static string Digest(byte[] hash) => Base64Url.EncodeToString(hash.AsSpan(0, 16));
}
