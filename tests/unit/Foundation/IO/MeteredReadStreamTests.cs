using QosValuation.Foundation.IO;

namespace QosValuation.Tests;

public class MeteredReadStreamTests
{
    [Fact]
    public void ReadsWhatLiesInTheFile()
    {
        using var stream = new MeteredReadStream(new MemoryStream([1, 2, 3, 4]));
        byte[] buffer = new byte[3];
        Assert.Equal(1, stream.ReadByte());
        Assert.Equal(3, stream.Read(buffer, 0, 3));
        Assert.Equal([2, 3, 4], buffer);
        Assert.Equal(-1, stream.ReadByte());
        Assert.Equal(4, stream.Position);
    }

    [Fact]
    public void EndsAReaderThatGoesRoundInCircles()
    {
        byte[] four = new byte[4];
        using var stream = new MeteredReadStream(new MemoryStream(new byte[8]));
        stream.Allow(25);
        for (int i = 0; i < 5; i++)
        {
            stream.Seek(0, SeekOrigin.Begin);
            stream.ReadExactly(four);
        }

        Assert.Throws<IOException>(() => stream.ReadByte());

        // At the end nothing is left to read, and a call costs all the same.
        stream.Allow(3);
        stream.Seek(0, SeekOrigin.End);
        Assert.Equal(-1, stream.ReadByte());
        Assert.Equal(-1, stream.ReadByte());
        Assert.Throws<IOException>(() => stream.ReadByte());
    }

    [Fact]
    public void ObeysTheCancellationOfTheWorkAtHand()
    {
        using var cancellation = new CancellationTokenSource();
        using var stream = new MeteredReadStream(new MemoryStream(new byte[8]));
        using IDisposable scope = WorkCancellation.Enter(cancellation.Token);
        Assert.Equal(0, stream.ReadByte());
        cancellation.Cancel();
        Assert.Throws<OperationCanceledException>(() => stream.ReadByte());
    }
}
