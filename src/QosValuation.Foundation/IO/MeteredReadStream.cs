namespace QosValuation.Foundation.IO;

/// <summary>
/// A file for a reader that is not trusted to end: what may be read is counted, and a cancellation stops it. A damaged file can lead a library
/// around in a circle, and there is no other place to stop it from.
/// </summary>
/// <param name="inner">The file; it is closed with this stream.</param>
public sealed class MeteredReadStream(Stream inner) : Stream
{
    private long _left = long.MaxValue;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => true;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => inner.Length;

    /// <inheritdoc/>
    public override long Position
    {
        get => inner.Position;
        set => inner.Position = value;
    }

    /// <summary>Sets how much may be read from here on.</summary>
    /// <param name="bytes">The number of bytes; a call that reads nothing or only moves counts as one.</param>
    public void Allow(long bytes) => _left = bytes;

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer) => Charge(inner.Read(buffer));

    /// <inheritdoc/>
    public override int ReadByte()
    {
        int value = inner.ReadByte();
        Charge(1);
        return value;
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken) : ValueTask.FromResult(Read(buffer.Span));

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin)
    {
        Charge(0);
        return inner.Seek(offset, origin);
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Charge(int read)
    {
        WorkCancellation.Current.ThrowIfCancellationRequested();
        _left -= Math.Max(read, 1);
        return _left >= 0 ? read : throw new IOException("it leads its reader around in a circle.");
    }
}
