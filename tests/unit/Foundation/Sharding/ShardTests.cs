using QosValuation.Foundation.Sharding;

namespace QosValuation.Tests;

public sealed class ShardTests
{
    [Theory]
    [InlineData("3/8", 3, 8)]
    [InlineData(" 3 / 8 ", 3, 8)]
    [InlineData("1/1", 1, 1)]
    [InlineData("01/002", 1, 2)]
    [InlineData("1000000/1000000", 1_000_000, 1_000_000)]
    public void ReadsAText(string text, int index, int count)
    {
        var shard = Shard.Parse(text);
        Assert.Equal((index, count), (shard.Index, shard.Count));
        Assert.Equal(shard, Shard.TryParse(text));
        Assert.Equal(shard, Shard.Parse(shard.ToString()));
    }

    [Theory]
    [InlineData("0/4")]
    [InlineData("5/4")]
    [InlineData("1/0")]
    [InlineData("-1/4")]
    [InlineData("1/-4")]
    [InlineData("a")]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("1/")]
    [InlineData("/4")]
    [InlineData("1,4")]
    [InlineData("1.0/4")]
    [InlineData("1/2/3")]
    [InlineData("1/1000001")]
    [InlineData("1/99999999999")]
    [InlineData("٣/٨")]
    public void RefusesWhatIsNoShard(string text)
    {
        QosValuationException fault = Assert.Throws<QosValuationException>(() => Shard.Parse(text));
        Assert.Equal("ShardNotValid", fault.ErrorId);
        Assert.Contains($"'{text}'", fault.Message, StringComparison.Ordinal);
        Assert.Null(Shard.TryParse(text));
    }

    // Computed in Python with hashlib and the pseudocode of Lamping and Veach.
    [Theory]
    [InlineData("file:a/1.jpg", 1, 2, 2, 8, 122, 994102)]
    [InlineData("coco:139", 1, 2, 2, 6, 207, 10284)]
    [InlineData("name:ein Müller", 1, 1, 1, 1, 823, 684985)]
    [InlineData("name:", 1, 2, 3, 3, 115, 703279)]
    [InlineData("file:photo.jpg", 1, 1, 3, 3, 23, 925108)]
    public void AgreesWithAnotherProgram(string identity, params int[] expected) =>
        Assert.Equal(expected, ((int[])[1, 2, 3, 8, 1000, 1_000_000]).Select(count => Shard.IndexOf(identity, count)));

    [Fact]
    public void OneMoreShardTakesItsShareAndMovesNothingElse()
    {
        const int Items = 20_000;
        for (int count = 1; count < 12; count++)
        {
            int moved = 0;
            for (int i = 0; i < Items; i++)
            {
                int before = Shard.IndexOf($"file:{i}.jpg", count);
                int after = Shard.IndexOf($"file:{i}.jpg", count + 1);
                Assert.True(after == before || after == count + 1);
                moved += after == before ? 0 : 1;
            }

            // Five standard deviations of a binomial count.
            double share = 1.0 / (count + 1);
            Assert.InRange(moved, (Items * share) - (5 * Math.Sqrt(Items * share * (1 - share))), (Items * share) + (5 * Math.Sqrt(Items * share * (1 - share))));
        }
    }

    [Fact]
    public void EveryItemIsInOneShard()
    {
        for (int i = 0; i < 200; i++)
        {
            Assert.Single(Enumerable.Range(1, 7), index => new Shard(index, 7).Contains($"coco:{i}"));
        }
    }

    [Fact]
    public void AFileIsWhatItIsBelowItsFolder()
    {
        string Full(params string[] parts) => Path.GetFullPath(Path.Combine([Path.GetTempPath(), .. parts]));
        Assert.Equal("file:a/1.jpg", ShardIdentity.OfFile(Full("x"), Full("x", "a", "1.jpg")));
        Assert.Equal(ShardIdentity.OfFile(Full("x"), Full("x", "a", "1.jpg")), ShardIdentity.OfFile(Full("y", "z"), Full("y", "z", "a", "1.jpg")));
        Assert.Equal("file:1.jpg", ShardIdentity.OfFile(Full("x"), Full("y", "1.jpg")));
        Assert.Equal("file:..1.jpg", ShardIdentity.OfFile(Full("x"), Full("x", "..1.jpg")));
        Assert.Equal("file:1.jpg", ShardIdentity.OfFile(Full("x", "1.jpg"), Full("x", "1.jpg")));
    }

    [Fact]
    public void AFullPathIsItsNameAndLettersAreComposed()
    {
        Assert.Equal("file:b.jpg", ShardIdentity.OfName("/mnt/a/b.jpg"));
        Assert.Equal("file:b.jpg", ShardIdentity.OfName(@"C:\a\b.jpg"));
        Assert.Equal("file:b.jpg", ShardIdentity.OfName(@"\\server\share\b.jpg"));
        Assert.Equal("name:text:a/b", ShardIdentity.OfName("text:a/b"));
        Assert.Equal(ShardIdentity.OfName("caf\u00e9"), ShardIdentity.OfName("cafe\u0301"));
        Assert.Equal("name:\ud800", ShardIdentity.OfName("\ud800"));
        Assert.Equal("row:v.npy#3", ShardIdentity.OfRow("/x/v.npy", 3));
    }
}
