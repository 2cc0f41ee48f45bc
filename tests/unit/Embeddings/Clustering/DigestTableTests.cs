using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class DigestTableTests
{
    public static TheoryData<ulong, ulong, int> Kinds => new()
    {
        // Any digests; few of them; digests that share a half; digests of small numbers, which begin with zeros.
        { ulong.MaxValue, ulong.MaxValue, 200_000 },
        { 0xF, 0xF, 20_000 },
        { 0, ulong.MaxValue, 100_000 },
        { ulong.MaxValue << 48, 0, 150_000 },
        { 0xFFFF, 1, 150_000 },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ATableIsADictionaryInOrderOfAddition(ulong high, ulong low, int asked)
    {
        RandomSource random = RandomSource.Create(7);
        DigestTable table = new();
        Dictionary<(ulong High, ulong Low), DigestEntry> expected = [];
        List<(ulong High, ulong Low)> order = [];
        for (int i = 0; i < asked; i++)
        {
            (ulong High, ulong Low) key = (random.NextUInt64() & high, random.NextUInt64() & low);
            ref DigestEntry entry = ref table.FindOrAdd(key.High, key.Low, out bool known);
            Assert.Equal(expected.ContainsKey(key), known);
            if (!known)
            {
                Assert.Equal(new DigestEntry(key.High, key.Low, 0, 0), entry);
                order.Add(key);
                entry.Index = i;
            }
            else
            {
                Assert.Equal(expected[key], entry);
                entry.Source++;
            }

            expected[key] = entry;
            Assert.Equal(expected.Count, table.Count);
        }

        Assert.Equal(order.Select(key => expected[key]), Enumerable.Range(0, table.Count).Select(i => table[i]));
    }

    [Fact]
    public void APlaceInAListStaysWhileItGrows()
    {
        SegmentedList<(int Number, byte Kind)> list = new();
        list.Add((-1, 1));
        ref (int Number, byte Kind) first = ref list[0];
        for (int i = 1; i < 100_000; i++)
        {
            list.Add((i, 2));
        }

        first.Number = 0;
        Assert.Equal(Enumerable.Range(0, 100_000), Enumerable.Range(0, list.Count).Select(i => list[i].Number));
        Assert.Throws<ArgumentOutOfRangeException>(() => list[100_000]);
        Assert.Throws<ArgumentOutOfRangeException>(() => list[-1]);
        list.Zero();
        Assert.Equal((100_000, default), (list.Count, list[99_999]));
        list.GrowTo(100_001);
        Assert.True(list.Count > 100_000);
        Assert.Equal(default, list[list.Count - 1]);
    }
}
