using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace QosValuation.Embeddings.Text;

/// <summary>
/// The repair of text that OpenAI's tokenizer begins with: <c>ftfy.fix_text</c> with its defaults (Speer 2019, ftfy 6.3.1).
/// </summary>
/// <remarks>
/// <para><see cref="TextCleaner"/> leaves it out, as the Hugging Face tokenizer does: its guesses change what was written, down to
/// quotation marks. Whoever wants it repairs the text first.</para>
/// <para>In this order, again and again until nothing changes: HTML references with their semicolon are resolved (not after a line with
/// &lt;, which is HTML itself); text in UTF-8 that was read in another encoding is read again (<c>Ã©</c> becomes <c>é</c>), also where blanks,
/// � or ? took the place of bytes, and also in single places; control characters from U+0080 to U+009F get the meaning that Windows-1252 gives
/// them; ligatures of Latin letters are taken apart; full-width and half-width characters get their usual width; curly quotation marks become
/// straight; line breaks become U+000A; lone surrogates become U+FFFD; escapes of terminals and control characters that nobody sees are
/// dropped; Unicode normalisation form C.</para>
/// <para>What looks like text in the wrong encoding is decided by ftfy's table of unlikely sequences, which lies in the resource
/// ftfy-tables.txt together with its tables of encodings (Apache licence 2.0; the first line of the table says how it was made). Unlike ftfy,
/// a line is repaired in one piece however long it is; ftfy cuts after a million characters.</para>
/// </remarks>
public static partial class TextRepair
{
    private const char Replacement = '\uFFFD';
    private const byte Substitute = 0x1A;
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);
    private static readonly Lazy<RepairTables> Tables = new(RepairTables.Load);

    /// <summary>Repairs a text. O(n) where nothing is wrong with it.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The repaired text; the same instance where there was nothing to do.</returns>
    public static string Fix(string text)
    {
        if (!NeedsAttention(text))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        bool resolves = true;
        for (int start = 0; start < text.Length;)
        {
            int end = text.IndexOf('\n', start) + 1;
            end = end == 0 ? text.Length : end;
            string line = text[start..end];

            // From the first line of HTML on, references mean what they say.
            resolves &= !line.Contains('<', StringComparison.Ordinal);
            result.Append(FixLine(line, resolves));
            start = end;
        }

        return result.ToString();
    }

    /// <summary>Reads text in UTF-8 that was read in another encoding again, as <c>ftfy.fix_encoding</c> does.</summary>
    internal static string FixEncoding(string text)
    {
        while (true)
        {
            string before = text;
            text = FixEncodingOnce(text);
            if (text == before)
            {
                return text;
            }
        }
    }

    // Text of printable ASCII without references is as it should be.
    private static bool NeedsAttention(string text)
    {
        foreach (char c in text)
        {
            if (c is '&' or '\r' or '\v' or > '~' or (< ' ' and not ('\t' or '\n' or '\f')))
            {
                return true;
            }
        }

        return false;
    }

    private static string FixLine(string text, bool resolves)
    {
        while (true)
        {
            string before = text;
            if (resolves && !text.Contains('<', StringComparison.Ordinal))
            {
                text = Reference().Replace(text, static match => Resolve(match.Value));
            }
            else
            {
                resolves = false;
            }

            text = FixEncoding(text);
            text = FixControls(text);
            text = FixCharacters(text);
            text = TerminalEscape().Replace(text, string.Empty);
            text = WithoutControls(text).Normalize(NormalizationForm.FormC);
            if (text == before)
            {
                return text;
            }
        }
    }

    private static string Resolve(string reference)
    {
        if (reference[1] != '#')
        {
            return Tables.Value.Entities.TryGetValue(reference[1..], out string? capital) ? capital : HtmlEntities.Named(reference[1..]) ?? reference;
        }

        string resolved = HtmlEntities.Unescape(reference);
        return resolved.Contains(';', StringComparison.Ordinal) ? reference : resolved;
    }

    private static string FixEncodingOnce(string text)
    {
        RepairTables tables = Tables.Value;
        if (Ascii.IsValid(text) || !tables.Bad.IsMatch(text))
        {
            return text;
        }

        bool isLatin1 = false;
        foreach (RepairTables.Charmap encoding in tables.Charmaps)
        {
            if (encoding.Encode(text) is not byte[] bytes)
            {
                continue;
            }

            isLatin1 |= encoding.Name == "latin-1";
            if (encoding.Name != "macroman")
            {
                bytes = RestoreBlanks(bytes);
            }

            if (encoding.IsSloppy)
            {
                bytes = Bytes(LossySequence().Replace(Chars(bytes), "\u00EF\u00BF\u00BD"));
            }

            if (TryDecode(bytes, out string? decoded))
            {
                return decoded;
            }
        }

        string single = tables.Utf8.Replace(
            text, match => match.Length < text.Length && tables.Bad.IsMatch(match.Value) ? FixEncoding(match.Value) : match.Value);
        if (single != text)
        {
            return single;
        }

        if (isLatin1 && tables.Windows1252.DecodeLatin1(text) is string windows && windows != text)
        {
            return windows;
        }

        return FixControls(text);
    }

    // A byte A0 that became a blank, where it makes sense in UTF-8. "Ã la mode" keeps the blank between the words.
    private static byte[] RestoreBlanks(byte[] bytes)
    {
        string chars = Chars(bytes);
        if (!AlteredSequence().IsMatch(chars))
        {
            return bytes;
        }

        chars = GraveWord().Replace(chars, "\u00C3\u00A0 ");
        return Bytes(AlteredSequence().Replace(chars, static match => match.Value.Replace(' ', '\u00A0')));
    }

    // UTF-8, and in it what some programs write: C0 80 for U+0000, and surrogate pairs as two sequences of three bytes (CESU-8).
    private static bool TryDecode(byte[] bytes, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? text)
    {
        var decoded = new StringBuilder(bytes.Length);
        int start = 0;
        text = null;
        try
        {
            for (int i = 0; i < bytes.Length; i++)
            {
                bool isNull = bytes[i] == 0xC0 && i + 1 < bytes.Length && bytes[i + 1] == 0x80;
                bool isPair = bytes[i] == 0xED && i + 5 < bytes.Length && bytes[i + 1] is >= 0xA0 and <= 0xAF && (bytes[i + 2] & 0xC0) == 0x80
                    && bytes[i + 3] == 0xED && bytes[i + 4] is >= 0xB0 and <= 0xBF && (bytes[i + 5] & 0xC0) == 0x80;
                if (!isNull && !isPair)
                {
                    continue;
                }

                decoded.Append(Strict.GetString(bytes, start, i - start));
                decoded.Append(isNull ? "\0" : char.ConvertFromUtf32(
                    0x10000 + ((bytes[i + 1] & 0x0F) << 16) + ((bytes[i + 2] & 0x3F) << 10) + ((bytes[i + 4] & 0x0F) << 6) + (bytes[i + 5] & 0x3F)));
                i += isNull ? 1 : 5;
                start = i + 1;
            }

            decoded.Append(Strict.GetString(bytes, start, bytes.Length - start));
            text = decoded.ToString();
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    private static string FixControls(string text) =>
        text.AsSpan().ContainsAnyInRange('\u0080', '\u009F')
            ? string.Concat(text.Select(c => c is >= '\u0080' and <= '\u009F' ? Tables.Value.Windows1252.Decode((byte)c) : c))
            : text;

    private static string FixCharacters(string text)
    {
        var result = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            bool isPair = char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            if (isPair)
            {
                result.Append(c).Append(text[++i]);
                continue;
            }

            switch (c)
            {
                case '\r':
                    result.Append('\n');
                    i += i + 1 < text.Length && text[i + 1] == '\n' ? 1 : 0;
                    break;
                case '\u2028' or '\u2029' or '\u0085':
                    result.Append('\n');
                    break;
                case '\u02BC' or (>= '\u2018' and <= '\u201B'):
                    result.Append('\'');
                    break;
                case >= '\u201C' and <= '\u201F':
                    result.Append('"');
                    break;
                case '\u3000':
                    result.Append(' ');
                    break;
                case >= '\uFF01' and < '\uFFF0':
                    result.Append(c.ToString().Normalize(NormalizationForm.FormKC));
                    break;
                case >= '\uD800' and <= '\uDFFF':
                    result.Append(Replacement);
                    break;
                default:
                    result.Append(Ligature(c) ?? c.ToString());
                    break;
            }
        }

        return result.ToString();
    }

    private static string? Ligature(char c) => c switch
    {
        '\u0132' => "IJ",
        '\u0133' => "ij",
        '\u0149' => "\u02BCn",
        '\u01F1' => "DZ",
        '\u01F2' => "Dz",
        '\u01F3' => "dz",
        '\u01C4' => "D\u017D",
        '\u01C5' => "D\u017E",
        '\u01C6' => "d\u017E",
        '\u01C7' => "LJ",
        '\u01C8' => "Lj",
        '\u01C9' => "lj",
        '\u01CA' => "NJ",
        '\u01CB' => "Nj",
        '\u01CC' => "nj",
        '\uFB00' => "ff",
        '\uFB01' => "fi",
        '\uFB02' => "fl",
        '\uFB03' => "ffi",
        '\uFB04' => "ffl",
        '\uFB05' => "\u017Ft",
        '\uFB06' => "st",
        _ => null,
    };

    private static string WithoutControls(string text) => string.Concat(text.Where(c => !(c
        is <= '\u0008' or '\u000B' or (>= '\u000E' and <= '\u001F') or '\u007F' or (>= '\u206A' and <= '\u206F') or '\uFEFF'
        or (>= '\uFFF9' and <= '\uFFFC'))));

    // Bytes as the characters of the same number, so that expressions can look at them.
    private static string Chars(byte[] bytes) => System.Text.Encoding.Latin1.GetString(bytes);

    private static byte[] Bytes(string chars) => System.Text.Encoding.Latin1.GetBytes(chars);

    [GeneratedRegex("&#?[0-9A-Za-z]{1,24};")]
    private static partial Regex Reference();

    [GeneratedRegex(@"\x1B\[(?:\d|;)*[a-zA-Z]")]
    private static partial Regex TerminalEscape();

    [GeneratedRegex("\u00C3 (?! |quele|quela|quilo|s )")]
    private static partial Regex GraveWord();

    [GeneratedRegex(
        @"[\xc2\xc3\xc5\xce\xd0\xd9][ ]|[\xe2\xe3][ ][\x80-\x84\x86-\x9f\xa1-\xbf]|[\xe0-\xe3][\x80-\x84\x86-\x9f\xa1-\xbf][ ]"
        + @"|[\xf0][ ][\x80-\xbf][\x80-\xbf]|[\xf0][\x80-\xbf][ ][\x80-\xbf]|[\xf0][\x80-\xbf][\x80-\xbf][ ]")]
    private static partial Regex AlteredSequence();

    [GeneratedRegex(
        @"[\xc2-\xdf][\x1a]|[\xc2-\xc3][?]|\xed[\xa0-\xaf][\x1a?]\xed[\xb0-\xbf][\x1a?\x80-\xbf]|\xed[\xa0-\xaf][\x1a?\x80-\xbf]\xed[\xb0-\xbf][\x1a?]"
        + @"|[\xe0-\xef][\x1a?][\x1a\x80-\xbf]|[\xe0-\xef][\x1a\x80-\xbf][\x1a?]|[\xf0-\xf4][\x1a?][\x1a\x80-\xbf][\x1a\x80-\xbf]"
        + @"|[\xf0-\xf4][\x1a\x80-\xbf][\x1a?][\x1a\x80-\xbf]|[\xf0-\xf4][\x1a\x80-\xbf][\x1a\x80-\xbf][\x1a?]|\x1a")]
    private static partial Regex LossySequence();

    /// <summary>The tables of ftfy.</summary>
    private sealed record RepairTables(
        Regex Bad, Regex Utf8, IReadOnlyList<RepairTables.Charmap> Charmaps, IReadOnlyDictionary<string, string> Entities)
    {
        public Charmap Windows1252 { get; } = Charmaps.Single(map => map.Name == "sloppy-windows-1252");

        public static RepairTables Load()
        {
            using Stream stream = typeof(TextRepair).Assembly.GetManifestResourceStream("QosValuation.ftfy-tables.txt")
                ?? throw new InvalidOperationException("The tables of the text repair are missing from the assembly.");
            using var reader = new StreamReader(stream, System.Text.Encoding.ASCII);
            Regex? bad = null;
            Regex? utf8 = null;
            var charmaps = new List<Charmap>();
            var entities = new Dictionary<string, string>(StringComparer.Ordinal);
            while (reader.ReadLine() is { } line)
            {
                string[] fields = line.Split('\t');
                switch (fields[0])
                {
                    case "badness":
                        bad = new Regex(fields[1], RegexOptions.CultureInvariant);
                        break;
                    case "utf8":
                        utf8 = new Regex(fields[1], RegexOptions.CultureInvariant);
                        break;
                    case "charmap":
                        charmaps.Add(new Charmap(fields[1], Text(fields[2])));
                        break;
                    case "entity":
                        entities.Add(fields[1], Text(fields[2]));
                        break;
                }
            }

            return new RepairTables(bad!, utf8!, charmaps, entities);
        }

        private static string Text(string codes) => string.Concat(
            codes.Split(' ').Select(code => char.ConvertFromUtf32(int.Parse(code, NumberStyles.HexNumber, CultureInfo.InvariantCulture))));

        /// <summary>An encoding of one byte a character. A sloppy one has no unassigned bytes, and knows U+FFFD as the byte 1A.</summary>
        public sealed class Charmap(string name, string upperHalf)
        {
            private readonly Dictionary<char, byte> _bytes = upperHalf.Select((c, i) => (c, (byte)(0x80 + i))).ToDictionary();

            public string Name { get; } = name;

            public bool IsSloppy { get; } = name.StartsWith("sloppy", StringComparison.Ordinal);

            /// <summary>The character of a byte from 80 on.</summary>
            public char Decode(byte value) => upperHalf[value - 0x80];

            /// <summary>The bytes of a text; null where a character has none.</summary>
            public byte[]? Encode(string text)
            {
                byte[] bytes = new byte[text.Length];
                for (int i = 0; i < bytes.Length; i++)
                {
                    char c = text[i];
                    if (c < 0x80 && !(IsSloppy && c == Substitute))
                    {
                        bytes[i] = (byte)c;
                    }
                    else if (IsSloppy && c == Replacement)
                    {
                        bytes[i] = Substitute;
                    }
                    else if (!_bytes.TryGetValue(c, out bytes[i]))
                    {
                        return null;
                    }
                }

                return bytes;
            }

            /// <summary>Reads the bytes of a text of Latin-1; null where Windows-1252 leaves one of them unassigned.</summary>
            public string? DecodeLatin1(string text) => text.AsSpan().ContainsAny("\u0081\u008D\u008F\u0090\u009D")
                ? null
                : string.Concat(text.Select(c => c < 0x80 ? c : Decode((byte)c)));
        }
    }
}
