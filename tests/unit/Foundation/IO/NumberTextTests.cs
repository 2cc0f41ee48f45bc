using System.Globalization;
using System.Text;
using QosValuation.Foundation.IO;

namespace QosValuation.Tests;

public sealed class NumberTextTests
{
    private static readonly string[] Cultures = ["", "en-US", "de-DE", "de-CH", "tr-TR", "fa-IR", "fr-FR", "sv-SE", "ar-EG"];

    // Cultures that write decimals with a comma.
    private static readonly string[] CommaCultures = ["de-DE", "tr-TR", "fr-FR", "sv-SE"];

    /// <summary>These mean the same in every culture.</summary>
    [Theory]
    [InlineData("2.5", 2.5)]
    [InlineData("1.375", 1.375)]
    [InlineData("-1.375e-3", -1.375e-3)]
    [InlineData(" 3 ", 3)]
    [InlineData("\u00A03\t", 3)]
    [InlineData("+3", 3)]
    [InlineData(".5", 0.5)]
    [InlineData("1\u066B375", 1.375)]
    [InlineData("\u22122.5", -2.5)]
    [InlineData("\u200E\u22122.5", -2.5)]
    [InlineData("1e-999", 0)]
    [InlineData("NaN", double.NaN)]
    [InlineData("Infinity", double.PositiveInfinity)]
    [InlineData("\u221E", double.PositiveInfinity)]
    [InlineData("-\u221E", double.NegativeInfinity)]
    [InlineData("\u2212\u221E", double.NegativeInfinity)]
    public void ANumberIsTheSameInEveryCulture(string text, double expected)
    {
        foreach (string culture in Cultures)
        {
            using var scope = new CultureScope(culture);
            Assert.True(NumberText.TryParse(text, out double number), culture);
            Assert.Equal(expected, number);
            Assert.True(NumberText.TryParse(Encoding.UTF8.GetBytes(text), out number), culture);
            Assert.Equal(expected, number);
        }
    }

    /// <summary>Signs between thousands, other digits, other notations and what a double cannot hold.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("1,375.5")]
    [InlineData("1.375,5")]
    [InlineData("1,375,000")]
    [InlineData("1.375.000")]
    [InlineData("1 375")]
    [InlineData("1\u00A0375")]
    [InlineData("1\u202F375")]
    [InlineData("1'375")]
    [InlineData("1\u2019375")]
    [InlineData("1\u066C375")]
    [InlineData("１２")]
    [InlineData("۱۲")]
    [InlineData("0x10")]
    [InlineData("1kb")]
    [InlineData("10 %")]
    [InlineData("(3)")]
    [InlineData("$3")]
    [InlineData("1e999")]
    [InlineData("-1e999")]
    [InlineData("three")]
    public void WhatIsNoNumberIsOneInNoCulture(string text)
    {
        foreach (string culture in Cultures)
        {
            using var scope = new CultureScope(culture);
            Assert.False(NumberText.TryParse(text, out double _), culture);
            Assert.False(NumberText.TryParse(Encoding.UTF8.GetBytes(text), out double _), culture);
            Assert.False(NumberText.TryParseWhole(text, out _), culture);
        }
    }

    [Theory]
    [InlineData("1,375", 1.375)]
    [InlineData("3,25", 3.25)]
    [InlineData("-2,5e1", -25)]
    public void ACommaIsADecimalCommaWhereTheCultureHasOneAndNothingElsewhere(string text, double expected)
    {
        foreach (string culture in Cultures)
        {
            using var scope = new CultureScope(culture);
            bool isRead = NumberText.TryParse(text, out double number);
            Assert.Equal(CommaCultures.Contains(culture), isRead);
            Assert.True(!isRead || number == expected);
        }
    }

    /// <summary>Whatever a culture writes, it reads again, and no other culture reads another number in it.</summary>
    [Fact]
    public void EveryCultureReadsWhatItWritesAndNoneMisreadsIt()
    {
        var random = new Random(7);
        CultureInfo[] all = CultureInfo.GetCultures(CultureTypes.SpecificCultures);
        for (int i = 0; i < 300; i++)
        {
            double number = (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-12, 13));
            CultureInfo writer = all[random.Next(all.Length)];
            string text = number.ToString("R", writer);
            foreach (string name in Cultures.Append(writer.Name))
            {
                using var scope = new CultureScope(name);
                bool isRead = NumberText.TryParse(text, out double read);
                Assert.True(isRead ? read == number : name != writer.Name, $"{text} of {writer.Name} in {name}: {read}");
            }
        }
    }

    [Theory]
    [InlineData("12", 12L)]
    [InlineData("-12", -12L)]
    [InlineData("2.0", 2L)]
    [InlineData("1e3", 1000L)]
    [InlineData("\u22125", -5L)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void AWholeNumberIsReadExactly(string text, long expected)
    {
        foreach (string culture in Cultures)
        {
            using var scope = new CultureScope(culture);
            Assert.True(NumberText.TryParseWhole(text, out long number));
            Assert.Equal(expected, number);
        }
    }

    [Theory]
    [InlineData("1.5")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("9223372036854775808")]
    [InlineData("1e300")]
    [InlineData("1,000")]
    [InlineData("1.000")]
    public void WhatHasAFractionOrTooManyDigitsOrMayBeThousandsIsNotWhole(string text)
    {
        foreach (string culture in Cultures)
        {
            using var scope = new CultureScope(culture);
            Assert.False(NumberText.TryParseWhole(text, out _), culture);
        }
    }

    [Fact]
    public void SingleFloatsAreRoundedOnce()
    {
        var random = new Random(3);
        for (int i = 0; i < 10_000; i++)
        {
            float number = BitConverter.Int32BitsToSingle(random.Next());
            if (float.IsFinite(number))
            {
                Assert.True(NumberText.TryParse(Encoding.UTF8.GetBytes(number.ToString("R", CultureInfo.InvariantCulture)), out float read));
                Assert.Equal(number, read);
            }
        }

        Assert.True(NumberText.TryParse("1e39"u8, out float large));
        Assert.Equal(float.PositiveInfinity, large);
    }
}
