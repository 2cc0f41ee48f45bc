using QosValuation.Valuation.Quality;

namespace QosValuation.Tests;

public sealed class MinHashDeduplicatorTests
{
    [Fact]
    public void TheSimilarityOfKnownTextsIsExact()
    {
        // Seven words: three 5-grams. One word added at the end: a fourth. So 3/4; changing the fourth word touches all: 0.
        ulong[] grams = MinHashDeduplicator.Grams("a b c d e f g");
        Assert.Equal(3, grams.Length);
        Assert.Equal(0.75, MinHashDeduplicator.Jaccard(grams, MinHashDeduplicator.Grams("A, b c: d e f g h")));
        Assert.Equal(0, MinHashDeduplicator.Jaccard(grams, MinHashDeduplicator.Grams("a b c x e f g")));
        Assert.Single(MinHashDeduplicator.Grams("a b"));
        Assert.Empty(MinHashDeduplicator.Grams("..."));
    }

    [Fact]
    public void ExactAndNearDuplicatesAreFound()
    {
        var set = new MinHashDeduplicator(0.7);
        Assert.False(set.IsDuplicate("one two three four five six seven"));
        Assert.True(set.IsDuplicate("One two three four five, six seven!"));
        Assert.True(set.IsDuplicate("one two three four five six seven eight"));
        Assert.False(set.IsDuplicate("one two three other five six seven"));
        Assert.False(set.IsDuplicate("a b"));
        Assert.False(set.IsDuplicate("a c"));
        Assert.True(set.IsDuplicate("A  B"));
        Assert.False(set.IsDuplicate(""));
        Assert.True(set.IsDuplicate("!"));
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.7)]
    [InlineData(0.9)]
    public void RecallAndPrecisionAgainstExactJaccard(double threshold)
    {
        // 300 texts of 60 words and, of each, three with some words changed at the end or inside. The exact answer compares with every kept text.
        var random = new Random(11);
        var texts = new List<string>();
        for (int i = 0; i < 300; i++)
        {
            string[] words = [.. Enumerable.Range(0, 60).Select(_ => "w" + random.Next(2000))];
            texts.Add(string.Join(' ', words));
            for (int copy = 0; copy < 3; copy++)
            {
                string[] changed = [.. words];
                for (int k = random.Next(0, 6); k > 0; k--)
                {
                    changed[random.Next(60)] = "x" + random.Next(2000);
                }

                texts.Add(string.Join(' ', changed));
            }
        }

        var set = new MinHashDeduplicator(threshold);
        var kept = new List<ulong[]>();
        int found = 0, missed = 0, wrong = 0;
        foreach (string text in texts)
        {
            ulong[] grams = MinHashDeduplicator.Grams(text);
            bool expected = kept.Exists(other => MinHashDeduplicator.Jaccard(grams, other) >= threshold);
            bool actual = set.IsDuplicate(text);
            found += expected && actual ? 1 : 0;
            missed += expected && !actual ? 1 : 0;
            wrong += !expected && actual ? 1 : 0;
            if (!actual)
            {
                kept.Add(grams);
            }
        }

        Assert.True(found > 100, $"{found} found");
        Assert.Equal(0, wrong);
        Assert.True(missed <= (threshold < 0.6 ? 0.06 : 0.005) * (found + missed), $"{missed} of {found + missed} missed");
    }
}
