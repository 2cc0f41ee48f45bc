using QosValuation.Foundation.IO;

namespace QosValuation.Tests;

public sealed class DisplayTextTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("plain, Grüße, 東京 😀 'x' \\ /", "plain, Grüße, 東京 😀 'x' \\ /")]
    [InlineData("\u001b[31mred\u001b[0m", @"\e[31mred\e[0m")]
    [InlineData("a\0b\tc\rd\ne", @"a\0b\tc\rd\ne")]
    [InlineData("\u009b2J\u007f", @"\u{9B}2J\u{7F}")]
    [InlineData("exe\u202egpj.\u2066", @"exe\u{202E}gpj.\u{2066}")]
    public void WhatCouldSteerATerminalIsShownAsAnEscape(string text, string shown) => Assert.Equal(shown, DisplayText.Of(text));

    [Fact]
    public void HalvesOfPairsAreShownAndPairsKept()
    {
        Assert.Equal(@"\u{D800}a\u{DC00}", DisplayText.Of("\ud800a\udc00"));
        Assert.Equal("\ud83d\ude00\u202f", DisplayText.Of("\ud83d\ude00\u202f"));
    }

    [Fact]
    public void AMessageKeepsItsLines() => Assert.Equal("a\n\tb\r\nc\\rd\\e", DisplayText.OfMessage("a\n\tb\r\nc\rd\u001b"));

    [Theory]
    [InlineData(0)]
    [InlineData(0x7F)]
    [InlineData(0xD83D, 0xDE00)]
    [InlineData(0x78, 0xD83D, 0xDE00)]
    [InlineData(0xD800)]
    [InlineData(0x78)]
    public void WhatIsShownIsNeverLongerThanTheLimitEscapesIncluded(params int[] units)
    {
        string part = string.Concat(units.Select(unit => (char)unit));
        foreach (int count in new[] { 900, 1100, 1901, 5000 })
        {
            string shown = DisplayText.Of(string.Concat(Enumerable.Repeat(part, count)));
            Assert.InRange(shown.Length, 1, DisplayText.LongestText);
            Assert.DoesNotContain('\uFFFD', System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(shown)));
            Assert.Equal(shown, DisplayText.Of(shown));
        }
    }

    [Fact]
    public void ALongTextIsCutInTheMiddle()
    {
        string shown = DisplayText.Of("start" + new string('x', 100_000_000) + "end");
        Assert.True(shown.Length < 4100);
        Assert.StartsWith("startx", shown, StringComparison.Ordinal);
        Assert.EndsWith("xend", shown, StringComparison.Ordinal);
        Assert.Contains("…", shown, StringComparison.Ordinal);
        Assert.True(new QosValuationException(Faults.ImageNotFound, $"'{new string('x', 1_000_000)}' does not exist.").Message.Length < 4100);
    }
}
