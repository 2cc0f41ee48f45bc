using System.Text.Json;
using QosValuation.Embeddings.Text;

namespace QosValuation.Tests;

/// <summary>
/// Against ftfy 6.3.1 itself: ftfy-reference.jsonl holds its own test cases and texts that were read in wrong encodings, each with what
/// <c>ftfy.fix_text</c> makes of it.
/// </summary>
public sealed class TextRepairTests
{
    public static TheoryData<int> Blocks => [.. Enumerable.Range(0, (Cases.Length + 49) / 50)];

    private static (string Text, string Fixed)[] Cases { get; } =
    [
        .. File.ReadLines(Path.Combine(TestData.RepositoryRoot, "tests", "unit", "Embeddings", "Text", "ftfy-reference.jsonl"))
            .Select(line => JsonSerializer.Deserialize<string[]>(line)!)
            .Select(pair => (pair[0], pair[1])),
    ];

    [Theory]
    [MemberData(nameof(Blocks))]
    public void AgreesWithFtfy(int block)
    {
        string[] wrong =
        [
            .. Cases.Skip(block * 50).Take(50)
                .Where(pair => TextRepair.Fix(pair.Text) != pair.Fixed)
                .Select(pair => $"'{pair.Text}' gives '{TextRepair.Fix(pair.Text)}', not '{pair.Fixed}'"),
        ];
        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("a dog & a cat, 100 % <b>")]
    [InlineData("")]
    [InlineData("tabs\tand\nlines")]
    public void PlainTextStaysAsItIs(string text) => Assert.Equal(text, TextRepair.Fix(text));

    [Theory]
    [InlineData("donâ€™t", "don't")]
    [InlineData("cafÃ© “au lait”", "café \"au lait\"")]
    [InlineData("l’humanitÃ©", "l'humanité")]
    public void WhatCaptionsSufferFrom(string text, string expected) => Assert.Equal(expected, TextRepair.Fix(text));

    [Fact]
    public void HalfAPairIsReplaced() => Assert.Equal("\uFFFD alone \U0001F415", TextRepair.Fix("\uD800 alone \uD83D\uDC15"));
}
