using QosValuation.Foundation.Names;

namespace QosValuation.Tests;

public sealed class ContributorNameTests
{
    /// <summary>Spellings of alice that no reader can tell from it.</summary>
    public static readonly TheoryData<string> Same = new(
        " alice", "alice ", "\talice", "alice\r\n", "\u00A0alice", "alice\u3000", "ａｌｉｃｅ", "al\u200Bice", "al\u200Cice", "al\u200Dice", "\uFEFFalice",
        "al\u00ADice", "\u202Ealice", "alice\u200F", "\u2066alice\u2069", "al\u2060ice", "alice\uFE0F", "al\u0001ice", "alice\U000E0061", "ali\u034Fce",
        "𝐚lice");

    /// <summary>Spellings that a reader may take for alice.</summary>
    public static readonly TheoryData<string> Alike = new(
        "Alice", "ALICE", "аlice", "aliсe", "alicе", "al\u0456ce", "αlice", "al\u0131ce", "alıce", "ALİCE", "ＡＬＩＣＥ", "Al\u200Bice");

    [Theory]
    [MemberData(nameof(Same))]
    public void WhatNobodySeesIsFolded(string name)
    {
        foreach (string culture in new[] { "", "de-DE", "tr-TR", "fa-IR" })
        {
            using var scope = new CultureScope(culture);
            Assert.Equal("alice", ContributorName.Fold(name));
        }
    }

    [Theory]
    [MemberData(nameof(Alike))]
    public void WhatLooksAlikeHasOneSkeletonAndTwoNames(string name)
    {
        foreach (string culture in new[] { "", "de-DE", "tr-TR", "fa-IR" })
        {
            using var scope = new CultureScope(culture);
            Assert.NotEqual("alice", ContributorName.Fold(name));
            Assert.Equal("alice", ContributorName.Skeleton(name));
        }
    }

    [Theory]
    [InlineData("bob")]
    [InlineData("al ice")]
    [InlineData("al1ce")]
    [InlineData("alicé")]
    [InlineData("alice2")]
    [InlineData("愛麗絲")]
    public void OtherNamesStayApart(string name)
    {
        Assert.NotEqual("alice", ContributorName.Fold(name));
        Assert.NotEqual("alice", ContributorName.Skeleton(name));
    }

    [Theory]
    [InlineData("Jose\u0301", "José")]
    [InlineData("Ann  \u2003 Smith", "Ann Smith")]
    [InlineData("Straße", "Straße")]
    [InlineData("", "")]
    [InlineData(" \u200B ", "")]
    [InlineData(null, "")]
    [InlineData("می\u200Cخواهم", "میخواهم")]
    public void FoldingKeepsWhatIsSeen(string? name, string folded) => Assert.Equal(folded, ContributorName.Fold(name));

    [Fact]
    public void FoldingTwiceChangesNothing()
    {
        var random = new Random(5);
        for (int i = 0; i < 20_000; i++)
        {
            string name = string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => random.Next(3) switch
            {
                0 => ((char)random.Next(0x20, 0x7F)).ToString(),
                1 => char.ConvertFromUtf32(random.Next(2) == 0 ? random.Next(0xA0, 0xD800) : random.Next(0xE000, 0x1FFFF)),
                _ => "\u0301\u200B \u0307\u034F"[random.Next(5)].ToString(),
            }));
            string folded = ContributorName.Fold(name);
            Assert.Equal(folded, ContributorName.Fold(folded));
            Assert.Equal(ContributorName.Skeleton(name), ContributorName.Skeleton(folded));
        }
    }

    [Fact]
    public void APlainNameIsNotCopied()
    {
        string name = "Ann Smith-42";
        Assert.Same(name, ContributorName.Fold(name));
    }

    [Fact]
    public void BytesAreKnownToBePlain()
    {
        Assert.True(ContributorName.IsPlain("Ann Smith-42"u8));
        Assert.True(ContributorName.IsPlain([]));
        foreach (string name in Same.Concat(["Ann  Smith", "José"]))
        {
            Assert.False(ContributorName.IsPlain(System.Text.Encoding.UTF8.GetBytes(name)));
        }
    }

    [Fact]
    public void NamesThatLostLettersAreKnown()
    {
        Assert.False(ContributorName.IsDecoded("Jos\uFFFD"));
        Assert.True(ContributorName.IsDecoded("José"));
    }

    [Fact]
    public void AlikeNamesAreToldOnce()
    {
        var names = new AlikeNames();
        Assert.Null(names.Add("alice"));
        Assert.Null(names.Add("alice"));
        Assert.Null(names.Add("bob"));
        Assert.Null(names.Add(string.Empty));
        Assert.Null(names.Warning);
        Assert.Equal("alice", names.Add("Alice"));
        Assert.Null(names.Add("Alice"));
        Assert.Equal("alice", names.Add("аlice"));
        Assert.StartsWith("2 names look like another one, such as 'Alice' and 'alice'", names.Warning, StringComparison.Ordinal);
    }
}
