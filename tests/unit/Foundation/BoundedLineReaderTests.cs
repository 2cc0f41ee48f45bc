using QosValuation.Foundation.IO;

namespace QosValuation.Tests;

public sealed class BoundedLineReaderTests
{
    [Fact]
    public void LinesAreThoseOfTextReader()
    {
        var random = new Random(7);
        for (int round = 0; round < 300; round++)
        {
            // Also lines and ends that lie across the reader's buffer.
            string text = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => random.Next(5) switch
            {
                0 => "\r\n",
                1 => "\n",
                2 => "\r",
                3 => new string('ä', random.Next(40)),
                _ => new string('x', (1 << 15) - random.Next(3)),
            }));
            using var expected = new StringReader(text);
            using var read = new BoundedLineReader(new StringReader(text));
            string? line;
            do
            {
                line = read.ReadLine();
                Assert.Equal(expected.ReadLine(), line);
            }
            while (line is not null);
        }
    }

    [Theory]
    [InlineData(5, true)]
    [InlineData(4, false)]
    public void ALineThatIsTooLongIsRefused(int most, bool isRead)
    {
        using var read = new BoundedLineReader(new StringReader("12\r\n12345\n1"), most);
        Assert.Equal("12", read.ReadLine());
        if (!isRead)
        {
            Assert.Throws<InvalidDataException>(read.ReadLine);
            return;
        }

        Assert.Equal("12345", read.ReadLine());
        Assert.Equal("1", read.ReadLine());
        Assert.Null(read.ReadLine());
    }

    [Fact]
    public void ALineWithoutEndDoesNotFillTheMemory()
    {
        using var read = new BoundedLineReader(new Endless(), 100_000);
        Assert.Throws<InvalidDataException>(read.ReadLine);
    }

    private sealed class Endless : TextReader
    {
        public override int Read(char[] buffer, int index, int count)
        {
            buffer.AsSpan(index, count).Fill('1');
            return count;
        }
    }
}
