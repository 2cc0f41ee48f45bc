using System.Buffers.Binary;
using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text;

namespace QosValuation.Datasets;

/// <summary>
/// NumPy's array format (NEP 1), versions 1.0 to 3.0: one or two dimensions of 16-, 32- or 64-bit floats, either byte order,
/// C or Fortran order. A block of rows is in memory at a time.
/// </summary>
internal sealed class NpyVectorSource : IVectorSource
{
    private const int BlockBytes = 1 << 20;
    private const int LargestHeader = 1 << 20;

    private readonly FileStream _stream;
    private readonly string _path;
    private readonly long _dataStart;
    private readonly int _itemSize;
    private readonly bool _isSwapped;
    private readonly bool _isFortran;
    private readonly long _rows;
    private readonly int _columns;

    public NpyVectorSource(string path)
    {
        _path = path;
        _stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        try
        {
            string header = ReadHeader(out _dataStart);
            string descr = Value(header, "descr");
            (_isSwapped, _itemSize) = ParseType(descr);
            _isFortran = Value(header, "fortran_order") switch
            {
                "True" => true,
                "False" => false,
                string other => throw NotReadable($"says fortran_order: {other}."),
            };
            long[] shape = ParseShape(Value(header, "shape"));
            (_rows, long columns) = shape switch
            {
                [0] => (0, 0),
                [long length] => (1, length),
                [long rows, long length] => (rows, length),
                _ => throw NotReadable($"holds an array of {shape.Length} dimensions. Embeddings are a matrix (a row each), or a single vector."),
            };
            if (columns > 1 << 20)
            {
                throw NotReadable($"holds rows of {columns:N0} numbers, which is no embedding.");
            }

            _columns = (int)columns;
            long needed = checked(_rows * _columns * _itemSize);
            if (_stream.Length - _dataStart < needed)
            {
                throw NotReadable($"is cut off: {needed:N0} bytes of numbers are announced, {_stream.Length - _dataStart:N0} are there. Copy or export it again.");
            }
        }
        catch (Exception exception) when (exception is OverflowException)
        {
            _stream.Dispose();
            throw NotReadable("announces more numbers than a file can hold.");
        }
        catch
        {
            _stream.Dispose();
            throw;
        }
    }

    public long? Count => _rows;

    public IEnumerable<VectorRow> Rows()
    {
        int blockRows = (int)Math.Clamp(BlockBytes / Math.Max(1L, (long)_columns * _itemSize), 1, Math.Max(1, _rows));
        byte[] block = new byte[(long)blockRows * _columns * _itemSize];
        for (long first = 0; first < _rows; first += blockRows)
        {
            int count = (int)Math.Min(blockRows, _rows - first);
            ReadBlock(block, first, count);
            for (int row = 0; row < count; row++)
            {
                float[] vector = new float[_columns];
                if (_isFortran)
                {
                    for (int column = 0; column < _columns; column++)
                    {
                        vector[column] = Single(block.AsSpan(((column * count) + row) * _itemSize, _itemSize));
                    }
                }
                else
                {
                    Convert(block.AsSpan(row * _columns * _itemSize, _columns * _itemSize), vector);
                }

                yield return new VectorRow(first + row, vector, null, null);
            }
        }
    }

    public void Dispose() => _stream.Dispose();

    private void ReadBlock(byte[] block, long first, int count)
    {
        try
        {
            if (!_isFortran)
            {
                _stream.Position = _dataStart + (first * _columns * _itemSize);
                _stream.ReadExactly(block.AsSpan(0, count * _columns * _itemSize));
                return;
            }

            for (int column = 0; column < _columns; column++)
            {
                _stream.Position = _dataStart + (((column * _rows) + first) * _itemSize);
                _stream.ReadExactly(block.AsSpan(column * count * _itemSize, count * _itemSize));
            }
        }
        catch (IOException exception)
        {
            throw new QosValuationException("EmbeddingFileNotReadable", FaultKind.ReadWrite, $"'{_path}' could not be read: {exception.Message}", _path, exception);
        }
    }

    private void Convert(Span<byte> bytes, Span<float> vector)
    {
        switch (_itemSize)
        {
            case 2:
                Span<ushort> halves = MemoryMarshal.Cast<byte, ushort>(bytes);
                Swap(halves);
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<ushort, Half>(halves), vector);
                break;
            case 4:
                Span<uint> singles = MemoryMarshal.Cast<byte, uint>(bytes);
                if (_isSwapped)
                {
                    BinaryPrimitives.ReverseEndianness(singles, singles);
                }

                MemoryMarshal.Cast<uint, float>(singles).CopyTo(vector);
                break;
            default:
                for (int i = 0; i < vector.Length; i++)
                {
                    vector[i] = Single(bytes.Slice(i * 8, 8));
                }

                break;
        }
    }

    private void Swap(Span<ushort> values)
    {
        if (_isSwapped)
        {
            BinaryPrimitives.ReverseEndianness(values, values);
        }
    }

    private float Single(ReadOnlySpan<byte> bytes)
    {
        bool isLittle = BitConverter.IsLittleEndian != _isSwapped;
        return _itemSize switch
        {
            2 => (float)(isLittle ? BinaryPrimitives.ReadHalfLittleEndian(bytes) : BinaryPrimitives.ReadHalfBigEndian(bytes)),
            4 => isLittle ? BinaryPrimitives.ReadSingleLittleEndian(bytes) : BinaryPrimitives.ReadSingleBigEndian(bytes),
            _ => (float)(isLittle ? BinaryPrimitives.ReadDoubleLittleEndian(bytes) : BinaryPrimitives.ReadDoubleBigEndian(bytes)),
        };
    }

    private string ReadHeader(out long dataStart)
    {
        Span<byte> start = stackalloc byte[12];
        int read = _stream.ReadAtLeast(start, 12, throwOnEndOfStream: false);
        if (read < 10 || start[0] != 0x93 || !start[1..6].SequenceEqual("NUMPY"u8))
        {
            throw NotReadable("does not start as a NumPy array does.");
        }

        int major = start[6];
        long length;
        switch (major)
        {
            case 1:
                length = BinaryPrimitives.ReadUInt16LittleEndian(start[8..]);
                dataStart = 10 + length;
                break;
            case 2 or 3 when read == 12:
                length = BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
                dataStart = 12 + length;
                break;
            default:
                throw NotReadable($"has the format version {major}.{start[7]}; 1.0 to 3.0 are known.");
        }

        if (length > LargestHeader || dataStart > _stream.Length)
        {
            throw NotReadable("is cut off in its header.");
        }

        byte[] header = new byte[length];
        _stream.Position = dataStart - length;
        _stream.ReadExactly(header);
        return (major == 3 ? Encoding.UTF8 : Encoding.Latin1).GetString(header);
    }

    /// <summary>The value of a key of the header, which is a Python dictionary literal.</summary>
    private string Value(string header, string key)
    {
        int at = header.IndexOf($"'{key}'", StringComparison.Ordinal);
        if (at < 0)
        {
            at = header.IndexOf($"\"{key}\"", StringComparison.Ordinal);
        }

        int colon = at < 0 ? -1 : header.IndexOf(':', at);
        if (colon < 0)
        {
            throw NotReadable($"says nothing about '{key}' in its header.");
        }

        ReadOnlySpan<char> rest = header.AsSpan(colon + 1).TrimStart();
        if (rest.IsEmpty)
        {
            throw NotReadable("is cut off in its header.");
        }

        int end = rest[0] switch
        {
            '(' => rest.IndexOf(')') + 1,
            '[' => rest.LastIndexOf(']') + 1,
            '\'' or '"' => rest[1..].IndexOf(rest[0]) + 2,
            _ => rest.IndexOfAny(',', '}'),
        };
        return end <= 0 ? throw NotReadable("is cut off in its header.") : rest[..end].Trim().ToString();
    }

    private (bool IsSwapped, int Size) ParseType(string descr)
    {
        string type = descr.Trim('\'', '"');
        if (type is not [var order and ('<' or '>' or '=' or '|'), 'f', var size and ('2' or '4' or '8')])
        {
            throw NotReadable($"holds numbers of type {descr}. Embeddings are 16-, 32- or 64-bit floats; convert them in NumPy with array.astype('float32').");
        }

        return (order == '>' ? BitConverter.IsLittleEndian : order == '<' && !BitConverter.IsLittleEndian, size - '0');
    }

    private long[] ParseShape(string shape)
    {
        string inner = shape.Trim('(', ')', ' ');
        try
        {
            return [.. inner.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(side => long.Parse(side.TrimEnd('L'), NumberStyles.None, CultureInfo.InvariantCulture))];
        }
        catch (Exception exception) when (exception is FormatException or OverflowException)
        {
            throw NotReadable($"has the shape {shape}.");
        }
    }

    private QosValuationException NotReadable(string reason) =>
        new("EmbeddingFileNotReadable", FaultKind.InvalidData, $"'{_path}' {reason}", _path);
}
