namespace QosValuation.Onnx.Model;

/// <summary>
/// Walks a file in the protocol buffers wire format: varints, words of 4 and 8 bytes, and fields that state their length.
/// Skipped bytes are not read from the disk.
/// </summary>
/// <param name="file">The open file.</param>
internal sealed class WireReader(FileStream file)
{
    /// <summary>The wire type of a field that states its length: a string, bytes, a message, or packed numbers.</summary>
    public const int LengthDelimited = 2;

    private const ulong LargestField = (1UL << 29) - 1;
    private const string Foreign = "it is not in ONNX format";
    private const string Short = "it ends too early";

    private readonly byte[] _buffer = new byte[1 << 14];
    private long _bufferStart;
    private int _bufferLength;
    private int _bufferAt;

    /// <summary>The offset of the next byte in the file.</summary>
    public long Position => _bufferStart + _bufferAt;

    /// <summary>Reads the head of a field.</summary>
    /// <param name="end">The end of the enclosing message.</param>
    /// <returns>The field's number, at least 1, and its wire type, 0 to 7.</returns>
    /// <exception cref="InvalidDataException">The bytes are no head of a field.</exception>
    public (int Field, int Wire) ReadTag(long end)
    {
        ulong tag = ReadVarint(end);
        return tag >> 3 is > 0 and <= LargestField ? ((int)(tag >> 3), (int)(tag & 7)) : throw new InvalidDataException(Foreign);
    }

    /// <summary>Reads the length of a field.</summary>
    /// <param name="end">The end of the enclosing message.</param>
    /// <returns>The offset of the byte after the field.</returns>
    /// <exception cref="InvalidDataException">The field is longer than the message around it.</exception>
    public long ReadEnd(long end)
    {
        ulong length = ReadVarint(end);
        return length <= (ulong)(end - Position) ? Position + (long)length : throw new InvalidDataException(Short);
    }

    /// <summary>Steps over a field whose head was read.</summary>
    /// <param name="wire">Its wire type.</param>
    /// <param name="end">The end of the enclosing message.</param>
    /// <exception cref="InvalidDataException">The wire type is unknown, or the field is too long.</exception>
    public void Skip(int wire, long end)
    {
        switch (wire)
        {
            case 0:
                ReadVarint(end);
                break;
            case 1:
                SkipTo(Position + sizeof(ulong), end);
                break;
            case LengthDelimited:
                SkipTo(ReadEnd(end), end);
                break;
            case 5:
                SkipTo(Position + sizeof(uint), end);
                break;
            default:
                throw new InvalidDataException(Foreign);
        }
    }

    /// <summary>Moves forward to an offset.</summary>
    /// <param name="position">The offset, not before <see cref="Position"/>.</param>
    /// <param name="end">The end of the enclosing message.</param>
    /// <exception cref="InvalidDataException">The offset is beyond the end.</exception>
    public void SkipTo(long position, long end)
    {
        if (position > end)
        {
            throw new InvalidDataException(Short);
        }

        if (position - _bufferStart <= _bufferLength)
        {
            _bufferAt = (int)(position - _bufferStart);
            return;
        }

        _bufferStart = position;
        _bufferLength = 0;
        _bufferAt = 0;
    }

    /// <summary>Copies a field whose head was read, head included.</summary>
    /// <param name="field">Its number.</param>
    /// <param name="wire">Its wire type, other than <see cref="LengthDelimited"/>.</param>
    /// <param name="end">The end of the enclosing message.</param>
    /// <param name="target">Receives the bytes.</param>
    /// <exception cref="InvalidDataException">The wire type is unknown, or the field is too long.</exception>
    public void CopyNumber(int field, int wire, long end, Stream target)
    {
        WriteVarint(target, ((ulong)field << 3) | (uint)wire);
        switch (wire)
        {
            case 0:
                WriteVarint(target, ReadVarint(end));
                break;
            case 1:
                CopyTo(Position + sizeof(ulong), end, target);
                break;
            case 5:
                CopyTo(Position + sizeof(uint), end, target);
                break;
            default:
                throw new InvalidDataException(Foreign);
        }
    }

    /// <summary>Copies a field that states its length, with head and length.</summary>
    /// <param name="field">Its number.</param>
    /// <param name="fieldEnd">Its end, from <see cref="ReadEnd"/>.</param>
    /// <param name="target">Receives the bytes.</param>
    public void CopyDelimited(int field, long fieldEnd, Stream target)
    {
        WriteVarint(target, ((ulong)field << 3) | LengthDelimited);
        WriteVarint(target, (ulong)(fieldEnd - Position));
        CopyTo(fieldEnd, fieldEnd, target);
    }

    private static void WriteVarint(Stream target, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            target.WriteByte((byte)(value | 0x80));
        }

        target.WriteByte((byte)value);
    }

    private ulong ReadVarint(long end)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if (Position >= end)
            {
                throw new InvalidDataException(Short);
            }

            Fill();
            byte next = _buffer[_bufferAt++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException(Foreign);
    }

    private void CopyTo(long position, long end, Stream target)
    {
        if (position > end)
        {
            throw new InvalidDataException(Short);
        }

        while (Position < position)
        {
            Fill();
            int count = (int)Math.Min(_bufferLength - _bufferAt, position - Position);
            target.Write(_buffer, _bufferAt, count);
            _bufferAt += count;
        }
    }

    /// <summary>Makes sure that the buffer holds the next byte.</summary>
    private void Fill()
    {
        if (_bufferAt < _bufferLength)
        {
            return;
        }

        _bufferStart += _bufferLength;
        _bufferAt = 0;
        _bufferLength = RandomAccess.Read(file.SafeFileHandle, _buffer, _bufferStart);
        if (_bufferLength == 0)
        {
            throw new InvalidDataException(Short);
        }
    }
}
