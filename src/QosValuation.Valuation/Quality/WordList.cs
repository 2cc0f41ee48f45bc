using QosValuation.Foundation.IO;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace QosValuation.Valuation.Quality;

/// <summary>A set of words in lower case that counts as correct spelling.</summary>
public sealed class WordList
{
    private const string Resource = "QosValuation.american-english.txt.gz";
    private const long LargestFile = 256L << 20;

    private static readonly Lazy<WordList> Shipped = new(() =>
    {
        using Stream stream = typeof(WordList).Assembly.GetManifestResourceStream(Resource)!;
        using var unpacked = new GZipStream(stream, CompressionMode.Decompress);
        using var memory = new MemoryStream();
        unpacked.CopyTo(memory);
        return new WordList("american-english", memory.ToArray());
    });

    private readonly HashSet<string> _words = new(StringComparer.Ordinal);
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    private WordList(string name, byte[] content)
    {
        Name = name;
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(content));
        ReadOnlySpan<byte> bytes = content.AsSpan() is [0xEF, 0xBB, 0xBF, ..] ? content.AsSpan(3) : content;
        foreach (string line in Encoding.UTF8.GetString(bytes).Split('\n'))
        {
            string word = line.Trim();
            if (word.Length > 0 && word[0] != '#')
            {
                _words.Add(WordForm.Normalize(word));
            }
        }

        _lookup = _words.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The English list: SCOWL as Debian's package wamerican 2020.12.07 has it, 104,334 entries.</summary>
    public static WordList English => Shipped.Value;

    /// <summary>The list's name, or its file.</summary>
    public string Name { get; }

    /// <summary>SHA-256 of its content, unpacked.</summary>
    public string Sha256 { get; }

    /// <summary>The number of different words, normalised.</summary>
    public int Count => _words.Count;

    /// <summary>Reads a list: a word a line in UTF-8, lines that begin with # left out; a name that ends in .gz is unpacked.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The list.</returns>
    /// <exception cref="QosValuationException"><c>DictionaryNotReadable</c>.</exception>
    public static WordList Load(string path)
    {
        try
        {
            byte[] content = RegularFile.ReadAllBytes(path);
            if (path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
            {
                using var unpacked = new GZipStream(new MemoryStream(content), CompressionMode.Decompress);
                using var memory = new MemoryStream();
                byte[] buffer = new byte[81920];
                for (int read; (read = unpacked.Read(buffer)) > 0;)
                {
                    memory.Write(buffer, 0, read);
                    if (memory.Length > LargestFile)
                    {
                        throw new InvalidDataException($"it unpacks to more than {LargestFile >> 20} MB");
                    }
                }

                content = memory.ToArray();
            }

            if (content.AsSpan().Contains((byte)0))
            {
                throw new InvalidDataException("it holds zero bytes, so it is no text file");
            }

            if (!System.Text.Unicode.Utf8.IsValid(content))
            {
                throw new InvalidDataException("it is not in UTF-8; save it as UTF-8");
            }

            var list = new WordList(path, content);
            return list.Count > 0 ? list : throw new InvalidDataException("it holds no word");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new QosValuationException(
                Faults.DictionaryNotReadable, $"The word list '{path}' cannot be read: {exception.Message.TrimEnd('.')}.", path, exception);
        }
    }

    /// <summary>Whether the list holds a word. O(length).</summary>
    /// <param name="word">A word in the form of <see cref="WordForm.Normalize(string)"/>.</param>
    /// <returns>True where it does.</returns>
    public bool Contains(ReadOnlySpan<char> word) => _lookup.Contains(word);
}
