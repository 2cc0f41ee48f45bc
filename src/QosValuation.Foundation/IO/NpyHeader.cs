using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace QosValuation.Foundation.IO;

/// <summary>The header of a NumPy array file (NEP 1), versions 1.0 to 3.0.</summary>
/// <param name="DataStart">Where the numbers start, in bytes.</param>
/// <param name="Description">The type as the file names it, such as <c>'&lt;f8'</c>.</param>
/// <param name="IsFortran">Whether columns are contiguous, not rows.</param>
/// <param name="Shape">The length of each dimension.</param>
public sealed partial record NpyHeader(long DataStart, string Description, bool IsFortran, long[] Shape)
{
    /// <summary>The length in bytes of the headers that <see cref="Of"/> makes.</summary>
    public const int WrittenLength = 128;

    private const int LargestHeader = 1 << 20;

    /// <summary>The kind of the numbers, f, i or u, and their size in bytes; null for any other type.</summary>
    public (char Kind, int Size, bool IsSwapped)? Type =>
        Description.Trim('\'', '"') is [var order and ('<' or '>' or '=' or '|'), var kind and ('f' or 'i' or 'u'), var size and ('1' or '2' or '4' or '8')]
            ? (kind, size - '0', order == '>' ? BitConverter.IsLittleEndian : order == '<' && !BitConverter.IsLittleEndian)
            : null;

    /// <summary>The header of an array in C order, format version 1.0, padded with blanks to a multiple of 64 bytes as NumPy does.</summary>
    /// <param name="type">The type of the numbers: <c>&lt;f4</c> or <c>&lt;f8</c>.</param>
    /// <param name="shape">The length of each dimension.</param>
    /// <returns>128 bytes, whatever the shape.</returns>
    public static byte[] Of(string type, params ReadOnlySpan<long> shape)
    {
        string lengths = string.Join(", ", shape.ToArray().Select(side => side.ToString(CultureInfo.InvariantCulture)))
            + (shape.Length == 1 ? "," : string.Empty);
        byte[] header = new byte[WrittenLength];
        header.AsSpan().Fill((byte)' ');
        ((ReadOnlySpan<byte>)[0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, WrittenLength - 10, 0]).CopyTo(header);
        Encoding.ASCII.GetBytes($"{{'descr': '{type}', 'fortran_order': False, 'shape': ({lengths}), }}", header.AsSpan(10));
        header[^1] = (byte)'\n';
        return header;
    }

    /// <summary>Reads the header at the start of a stream.</summary>
    /// <param name="stream">The file, from its first byte.</param>
    /// <param name="fault">Makes the error for a file that cannot be used; its argument ends a sentence that starts with the file's name.</param>
    /// <returns>The header.</returns>
    public static NpyHeader Read(Stream stream, Func<string, QosValuationException> fault)
    {
        string header = ReadText(stream, fault, out long dataStart);
        string descr = Value(header, "descr", fault);
        bool isFortran = Value(header, "fortran_order", fault) switch
        {
            "True" => true,
            "False" => false,
            string other => throw fault($"says fortran_order: {other}."),
        };
        RequireOneDictionary(header, fault);
        return new NpyHeader(dataStart, descr, isFortran, ParseShape(Value(header, "shape", fault), fault));
    }

    private static string ReadText(Stream stream, Func<string, QosValuationException> fault, out long dataStart)
    {
        Span<byte> start = stackalloc byte[12];
        int read = stream.ReadAtLeast(start, 12, throwOnEndOfStream: false);
        if (read < 10 || start[0] != 0x93 || !start[1..6].SequenceEqual("NUMPY"u8))
        {
            throw fault("does not start as a NumPy array does.");
        }

        int major = start[6];
        long length;
        switch (major)
        {
            case 1:
                length = BinaryPrimitives.ReadUInt16LittleEndian(start[8..]);
                dataStart = 10 + length;
                break;
            case 2 or 3 when read == 12:
                length = BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
                dataStart = 12 + length;
                break;
            default:
                throw fault($"has the format version {major}.{start[7]}; 1.0 to 3.0 are known.");
        }

        if (length > LargestHeader || dataStart > stream.Length)
        {
            throw fault("is cut off in its header.");
        }

        byte[] header = new byte[length];
        stream.Position = dataStart - length;
        stream.ReadExactly(header);
        return (major == 3 ? Encoding.UTF8 : Encoding.Latin1).GetString(header);
    }

    /// <summary>The value of a key of the header, which is a Python dictionary literal.</summary>
    private static string Value(string header, string key, Func<string, QosValuationException> fault)
    {
        int at = header.IndexOf($"'{key}'", StringComparison.Ordinal);
        if (at < 0)
        {
            at = header.IndexOf($"\"{key}\"", StringComparison.Ordinal);
        }

        int colon = at < 0 ? -1 : header.IndexOf(':', at);
        if (colon < 0)
        {
            throw fault($"says nothing about '{key}' in its header.");
        }

        ReadOnlySpan<char> rest = header.AsSpan(colon + 1).TrimStart();
        if (rest.IsEmpty)
        {
            throw fault("is cut off in its header.");
        }

        int end = rest[0] switch
        {
            '(' => rest.IndexOf(')') + 1,
            '[' => rest.LastIndexOf(']') + 1,
            '\'' or '"' => rest[1..].IndexOf(rest[0]) + 2,
            _ => rest.IndexOfAny(',', '}'),
        };
        return end <= 0 ? throw fault("is cut off in its header.") : rest[..end].Trim().ToString();
    }

    /// <summary>
    /// Refuses a header that is more, or less, than NumPy's: one dictionary of the three keys, each once. What says two things, such as a shape
    /// of two tuples, is damaged, and nobody knows which of them holds.
    /// </summary>
    private static void RequireOneDictionary(string header, Func<string, QosValuationException> fault)
    {
        if (!Dictionary().IsMatch(header))
        {
            throw fault("has a header that is not NumPy's: a dictionary of descr, fortran_order and shape, each once.");
        }

        foreach (string key in (ReadOnlySpan<string>)["descr", "fortran_order", "shape"])
        {
            if (header.Split(key).Length != 2)
            {
                throw fault($"says '{key}' more than once in its header.");
            }
        }
    }

    // A type is a text, or a list for records; a shape is one tuple of whole numbers.
    [GeneratedRegex(
        @"\A\s*\{(\s*['""](descr['""]\s*:\s*('[^'{}]*'|""[^""{}]*""|\[[^{}]*\])|fortran_order['""]\s*:\s*\w+"
        + @"|shape['""]\s*:\s*[(\[][^(){}\[\]]*[)\]])\s*(,|(?=\s*\}))){3}\s*\}\s*\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex Dictionary();

    private static long[] ParseShape(string shape, Func<string, QosValuationException> fault)
    {
        string inner = shape.Trim('(', ')', ' ');
        try
        {
            return [.. inner.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(side => long.Parse(side.TrimEnd('L'), NumberStyles.None, CultureInfo.InvariantCulture))];
        }
        catch (Exception exception) when (exception is FormatException or OverflowException)
        {
            throw fault($"has the shape {shape}.");
        }
    }
}
