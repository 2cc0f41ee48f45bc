using System.Buffers;
using System.Globalization;
using System.Text;

namespace QosValuation.Foundation.Names;

/// <summary>The one rule by which names of contributors (agents, accounts) are compared, wherever one is valued, paid or charged.</summary>
/// <remarks>
/// <para><see cref="Fold"/> takes away what no reader sees, so that the same name written in two ways is one contributor:</para>
/// <list type="number">
/// <item>Unicode normalisation form KC: composed and decomposed letters, full-width and half-width forms, ligatures.</item>
/// <item>Characters without an image are dropped: format characters (zero-width spaces and joiners, marks of direction, soft hyphens, byte
/// order marks, tags), variation selectors, fillers, and control characters.</item>
/// <item>White space of any kind and length within a name becomes one blank, and is dropped at its ends.</item>
/// </list>
/// <para>Letter case stays, and so does every letter with a look of its own: two names that differ in these are two contributors. Where they
/// look alike to a hurried reader, <see cref="Skeleton"/> is the same: letter case, letters of Cyrillic and Greek that look like Latin ones
/// (after Unicode Technical Standard 39, a small part of its table), the dotless ı. A budget refuses such a name beside the other; elsewhere
/// <see cref="AlikeNames"/> warns. Digits are no letters: alice and al1ce are different names.</para>
/// <para>A name that holds U+FFFD lost a letter when its file was read in another encoding: José, Josè and Josë would be one. It is
/// refused (<see cref="IsDecoded"/>).</para>
/// </remarks>
public static class ContributorName
{
    /// <summary>What stands for a letter that could not be decoded.</summary>
    private const char Replacement = '\uFFFD';

    private const string PlainCharacters =
        " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";

    private static readonly SearchValues<char> Plain = SearchValues.Create(PlainCharacters);
    private static readonly SearchValues<byte> PlainBytes = SearchValues.Create(Encoding.ASCII.GetBytes(PlainCharacters));

    // Letters in lower case that look like a Latin letter in lower or upper case.
    private static readonly Dictionary<char, char> Looks = Table(
        "аaвbеeкkмmнhоoрpсcтtуyхxіiјjѕsԁdһhӏlԛqԝw",
        "αaβbεeζzηhιiκkμmνnοoρpτtυyχx",
        "ıiɑaɡg");

    /// <summary>The name by which a contributor is counted. O(length); a plain ASCII name is returned as it is.</summary>
    /// <param name="name">The name as it was written; null for none.</param>
    /// <returns>The folded name; empty where nothing is left. Folding it again changes nothing.</returns>
    public static string Fold(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return string.Empty;
        }

        if (!name.AsSpan().ContainsAnyExcept(Plain) && name[0] != ' ' && name[^1] != ' ' && !name.Contains("  ", StringComparison.Ordinal))
        {
            return name;
        }

        // What is dropped may have kept letters apart that compose.
        string folded = name;
        for (string before = string.Empty; folded != before;)
        {
            before = folded;
            folded = Visible(Normalized(folded));
        }

        return folded;
    }

    /// <summary>Whether a name is folded already, as far as its bytes tell without decoding them: printable ASCII with single blanks within.</summary>
    /// <param name="utf8">The name in UTF-8.</param>
    /// <returns>True where <see cref="Fold"/> would change nothing.</returns>
    public static bool IsPlain(ReadOnlySpan<byte> utf8) =>
        utf8.IsEmpty
        || (!utf8.ContainsAnyExcept(PlainBytes) && utf8[0] != (byte)' ' && utf8[^1] != (byte)' ' && utf8.IndexOf("  "u8) < 0);

    /// <summary>What two names that look alike have in common. O(length).</summary>
    /// <param name="name">A name, folded or not.</param>
    /// <returns>The folded name in lower case, with letters that look like Latin ones replaced by them.</returns>
    public static string Skeleton(string? name)
    {
        string folded = Fold(name);
        if (!folded.AsSpan().ContainsAnyExcept(Plain))
        {
            // Only letters of other scripts look like others. A name in lower case is its own skeleton, and takes no memory.
            return folded.ToLowerInvariant();
        }

        var skeleton = new StringBuilder(folded.Length);
        foreach (char c in folded)
        {
            // Upper case first: it joins ς and σ. İ is an i with a dot too many.
            char lower = c == 'İ' ? 'i' : char.ToLowerInvariant(char.ToUpperInvariant(c));
            skeleton.Append(Looks.GetValueOrDefault(lower, lower));
        }

        return skeleton.ToString();
    }

    /// <summary>Whether a name still has all its letters.</summary>
    /// <param name="name">The name.</param>
    /// <returns>False where it holds U+FFFD.</returns>
    public static bool IsDecoded(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return !name.Contains(Replacement, StringComparison.Ordinal);
    }

    /// <summary>What is wrong with a name that is not decoded; a sentence.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The sentence, with what to do.</returns>
    public static string NotDecoded(string name) =>
        $"The name '{name}' lost a letter when its file was read, so that others may have become the same: "
        + "save the file as UTF-8, or read it with its encoding (Import-Csv -Encoding).";

    private static string Normalized(string name)
    {
        try
        {
            return name.Normalize(NormalizationForm.FormKC);
        }
        catch (ArgumentException)
        {
            // A lone surrogate, which nothing can store: whoever stores names refuses it.
            return name;
        }
    }

    private static string Visible(string name)
    {
        var visible = new StringBuilder(name.Length);
        bool isBlankPending = false;
        for (int i = 0; i < name.Length; i++)
        {
            char c = name[i];
            if (char.IsWhiteSpace(c) || c is >= '\u001C' and <= '\u001F')
            {
                isBlankPending = visible.Length > 0;
                continue;
            }

            int length = char.IsHighSurrogate(c) && i + 1 < name.Length && char.IsLowSurrogate(name[i + 1]) ? 2 : 1;
            if (!IsInvisible(name, i, length))
            {
                if (isBlankPending)
                {
                    visible.Append(' ');
                    isBlankPending = false;
                }

                visible.Append(name, i, length);
            }

            i += length - 1;
        }

        return visible.ToString();
    }

    // U+0000 is left for those who cannot store it to refuse.
    private static bool IsInvisible(string name, int index, int length)
    {
        int code = length == 2 ? char.ConvertToUtf32(name, index) : name[index];
        return code != 0
            && (CharUnicodeInfo.GetUnicodeCategory(code) is UnicodeCategory.Format or UnicodeCategory.Control
                || code is 0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or (>= 0x180B and <= 0x180F) or 0x2065 or 0x3164
                    or (>= 0xFE00 and <= 0xFE0F) or 0xFFA0 or (>= 0xFFF0 and <= 0xFFF8) or (>= 0xE0000 and <= 0xE0FFF));
    }

    private static Dictionary<char, char> Table(params string[] pairs)
    {
        var table = new Dictionary<char, char>();
        foreach (string text in pairs)
        {
            for (int i = 0; i + 1 < text.Length; i += 2)
            {
                table.Add(text[i], text[i + 1]);
            }
        }

        return table;
    }
}
