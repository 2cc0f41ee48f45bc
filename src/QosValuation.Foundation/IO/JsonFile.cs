using System.Text;

namespace QosValuation.Foundation.IO;

/// <summary>JSON as programs write it, brought to the form that .NET's readers take: UTF-8 without a byte order mark.</summary>
public static class JsonFile
{
    /// <summary>Reads a file; UTF-16 of either byte order is recognised by its mark (older Windows tools write it).</summary>
    /// <param name="path">The file.</param>
    /// <returns>Its text as UTF-8, without a mark.</returns>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static ReadOnlyMemory<byte> ReadUtf8(string path)
    {
        byte[] bytes = RegularFile.ReadAllBytes(path);
        return bytes switch
        {
            [0xEF, 0xBB, 0xBF, ..] => bytes.AsMemory(3),
            [0xFF, 0xFE, ..] => Encoding.UTF8.GetBytes(Encoding.Unicode.GetString(bytes, 2, bytes.Length - 2)),
            [0xFE, 0xFF, ..] => Encoding.UTF8.GetBytes(Encoding.BigEndianUnicode.GetString(bytes, 2, bytes.Length - 2)),
            _ => bytes,
        };
    }
}
