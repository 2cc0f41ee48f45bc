using QosValuation.Valuation.Quality;

namespace QosValuation.Tests;

public sealed class TextErrorCounterTests
{
    private static readonly TextErrorCounter Counter = new(WordList.English);

    // Tokens, corrupt characters, OCR artefacts, broken words, unknown words: counted by hand.
    [Theory]
    [InlineData("", 0, 0, 0, 0, 0)]
    [InlineData("  -- ... !", 0, 0, 0, 0, 0)]
    [InlineData("A man rides a brown horse.", 6, 0, 0, 0, 0)]
    [InlineData("The man's dogs' horses weren't there.", 6, 0, 0, 0, 0)]
    [InlineData("a well-known black/white cat", 6, 0, 0, 0, 0)]
    [InlineData("teh horse", 2, 0, 0, 0, 1)]
    [InlineData("We met Zbigniew in NASA today.", 6, 0, 0, 0, 0)]
    [InlineData("Zbigniewski met us", 3, 0, 0, 0, 1)]
    [InlineData("at 10:30 they paid 3.14 for the 20th b2b", 9, 0, 0, 0, 0)]
    [InlineData("see https://example.org/xqz?a=b or mail qzx@example.org", 5, 0, 0, 0, 0)]
    [InlineData("a caf\u00C3\u00A9 and a b\u00E2\u20AC\u2122d", 5, 2, 0, 0, 0)]
    [InlineData("a caf\u00E9 there", 3, 0, 0, 0, 0)]
    [InlineData("bro\uFFFDken t\u0001ext", 2, 2, 0, 0, 0)]
    [InlineData("\uFFFD\uFFFD one", 1, 1, 0, 0, 0)]
    [InlineData("he1lo wor|d", 2, 0, 2, 0, 0)]
    [InlineData("a zzzebra", 2, 0, 1, 0, 0)]
    [InlineData("a beauti-\nful day", 3, 0, 0, 1, 0)]
    [InlineData("a beauti ful day", 4, 0, 0, 1, 0)]
    [InlineData("the hors stood", 3, 0, 0, 0, 1)]
    public void ErrorsAreCounted(string text, int tokens, int corrupt, int ocr, int broken, int unknown) =>
        Assert.Equal(new TextErrors(tokens, corrupt, ocr, broken, unknown), Counter.Count(text));

    [Fact]
    public void CleanlinessIsOneMinusFiftyErrorsAWord()
    {
        // One error in 200 words: 1 − 50/200 = 0.75. One in 40: 1 − 1.25 is cut to 0. No word: 0.
        Assert.Equal(0.75, new TextErrors(200, 0, 0, 0, 1).Cleanliness(50), 12);
        Assert.Equal(0, new TextErrors(40, 1, 0, 0, 0).Cleanliness(50));
        Assert.Equal(0, default(TextErrors).Cleanliness(50));
        Assert.Equal(1, new TextErrors(40, 1, 0, 0, 0).Cleanliness(0));
        Assert.Equal(0.5, new TextErrors(200, 0, 0, 0, 1, 1).Cleanliness(50), 12);
    }

    [Fact]
    public void ErrorsNeverExceedWordsByMoreThanCorruptRuns()
    {
        // Random bytes as Latin-1 and as UTF-8: nothing throws, and counts stay consistent.
        var random = new Random(5);
        byte[] bytes = new byte[400];
        for (int round = 0; round < 500; round++)
        {
            random.NextBytes(bytes);
            foreach (string text in (string[])[System.Text.Encoding.Latin1.GetString(bytes), System.Text.Encoding.UTF8.GetString(bytes)])
            {
                TextErrors errors = Counter.Count(text);
                Assert.True(errors.Tokens >= 0 && errors.UnknownWords >= 0);
                Assert.True(errors.OcrArtifacts + errors.BrokenWords + errors.UnknownWords <= errors.Tokens);
                Assert.InRange(errors.Cleanliness(50), 0, 1);
            }
        }
    }

    [Fact]
    public void TheShippedListIsPinnedAndAnotherCanBeNamed()
    {
        Assert.Equal("9f513f1ceadb6a01c5485b7dbdfd5118dc66cd70b59cae2851292112d4066a32", WordList.English.Sha256);
        Assert.True(WordList.English.Contains("horse"));
        Assert.False(WordList.English.Contains("teh"));
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("words.txt"), "\uFEFF# a list\nPferd\r\nCaf\u00E9\n");
        WordList own = WordList.Load(folder.File("words.txt"));
        Assert.Equal(2, own.Count);
        Assert.Equal(new TextErrors(3, 0, 0, 0, 1), new TextErrorCounter(own).Count("pferd cafe\u0301 horse"));
        File.WriteAllText(folder.File("empty.txt"), "\n");
        Assert.True(Assert.Throws<QosValuationException>(() => WordList.Load(folder.File("empty.txt"))).Is(Faults.DictionaryNotReadable));
        Assert.True(Assert.Throws<QosValuationException>(() => WordList.Load(folder.File("absent.txt"))).Is(Faults.DictionaryNotReadable));
        File.WriteAllText(folder.File("bad.gz"), "no gzip");
        Assert.True(Assert.Throws<QosValuationException>(() => WordList.Load(folder.File("bad.gz"))).Is(Faults.DictionaryNotReadable));
    }
}
