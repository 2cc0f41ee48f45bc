using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QosValuation.Foundation.IO;

namespace QosValuation.Embeddings.Datasets;

/// <summary>
/// NumPy's array format (NEP 1), versions 1.0 to 3.0: one or two dimensions of 16-, 32- or 64-bit floats, either byte order,
/// C or Fortran order. A block of rows is in memory at a time.
/// </summary>
internal sealed class NpyVectorSource : IVectorSource
{
    private const int BlockBytes = 1 << 20;

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
        _stream = RegularFile.OpenRead(path, bufferSize: 0);
        try
        {
            NpyHeader header = NpyHeader.Read(_stream, NotReadable);
            _dataStart = header.DataStart;
            _isFortran = header.IsFortran;
            long[] shape = header.Shape;
            (_itemSize, _isSwapped) = header.Type is ('f', 2 or 4 or 8, _) and var (_, size, isSwapped)
                ? (size, isSwapped)
                : throw NotReadable(
                    $"holds numbers of type {header.Description}. Embeddings are 16-, 32- or 64-bit floats; "
                    + "convert them in NumPy with array.astype('float32').");
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

            if (columns == 0 && _rows > 0)
            {
                throw NotReadable($"announces {_rows:N0} rows of no numbers, which are no embeddings.");
            }

            _columns = (int)columns;
            long needed = checked(_rows * _columns * _itemSize);
            if (_stream.Length - _dataStart < needed)
            {
                throw NotReadable(
                    $"is cut off: {needed:N0} bytes of numbers are announced, {_stream.Length - _dataStart:N0} are there. Copy or export it again.");
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

    /// <summary>The length of the vectors.</summary>
    public int Dimension => _columns;

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
                        vector[column] = (float)Number(block.AsSpan(((column * count) + row) * _itemSize, _itemSize));
                    }
                }
                else
                {
                    Convert(block.AsSpan(row * _columns * _itemSize, _columns * _itemSize), vector);
                }

                int own = row;
                yield return new VectorRow(first + row, vector, null, null, _itemSize == sizeof(double) ? () => Wide(block, own, count) : null);
            }
        }
    }

    /// <summary>The digest of the numbers as they lie in the file. O(size of the file).</summary>
    /// <param name="cancellation">Stops the reading.</param>
    /// <returns>SHA-256 in lower-case hexadecimal.</returns>
    /// <exception cref="QosValuationException">EmbeddingFileNotReadable.</exception>
    public string Digest(CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] block = new byte[BlockBytes];
        try
        {
            _stream.Position = _dataStart;
            for (long left = _rows * _columns * _itemSize; left > 0;)
            {
                cancellation.ThrowIfCancellationRequested();
                int count = (int)Math.Min(left, block.Length);
                _stream.ReadExactly(block, 0, count);
                hash.AppendData(block, 0, count);
                left -= count;
            }

            return System.Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        catch (IOException exception)
        {
            throw new QosValuationException(Faults.EmbeddingFileNotReadable, $"'{_path}' could not be read: {exception.Message}", _path, exception);
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
            throw new QosValuationException(
                Faults.EmbeddingFileNotReadable,
                $"'{_path}' could not be read: {exception.Message}",
                _path,
                exception);
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
                    vector[i] = (float)Number(bytes.Slice(i * sizeof(double), sizeof(double)));
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

    /// <summary>A row of a block in double precision.</summary>
    private double[] Wide(byte[] block, int row, int count)
    {
        double[] wide = new double[_columns];
        for (int column = 0; column < _columns; column++)
        {
            int place = _isFortran ? (column * count) + row : (row * _columns) + column;
            wide[column] = Number(block.AsSpan(place * sizeof(double), sizeof(double)));
        }

        return wide;
    }

    private double Number(ReadOnlySpan<byte> bytes)
    {
        bool isLittle = BitConverter.IsLittleEndian != _isSwapped;
        return _itemSize switch
        {
            2 => (double)(isLittle ? BinaryPrimitives.ReadHalfLittleEndian(bytes) : BinaryPrimitives.ReadHalfBigEndian(bytes)),
            4 => isLittle ? BinaryPrimitives.ReadSingleLittleEndian(bytes) : BinaryPrimitives.ReadSingleBigEndian(bytes),
            _ => isLittle ? BinaryPrimitives.ReadDoubleLittleEndian(bytes) : BinaryPrimitives.ReadDoubleBigEndian(bytes),
        };
    }

    private QosValuationException NotReadable(string reason) =>
        new(Faults.EmbeddingFileNotReadable, $"'{_path}' {reason}", _path);
}
