using System.Text;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace QosValuation.Onnx.Model;

/// <summary>
/// Reads the outline of an ONNX file by walking its protocol-buffer wire format (field numbers as in the public onnx.proto).
/// Weights are stepped over, so that a file of hundreds of megabytes takes milliseconds.
/// </summary>
public sealed class OnnxOutlineReader
{
    private const int MaximumNameLength = 1 << 16;

    private readonly FileStream _file;
    private readonly byte[] _buffer = new byte[1 << 14];
    private long _bufferStart;
    private int _bufferLength;
    private int _bufferAt;

    private OnnxOutlineReader(FileStream file) => _file = file;

    private long Position => _bufferStart + _bufferAt;

    /// <summary>Reads a file's outline. O(nodes + constants), independent of the size of the weights.</summary>
    /// <param name="path">An ONNX file.</param>
    /// <returns>The outline.</returns>
    /// <exception cref="QosValuationException"><c>ModelNotFound</c>, <c>ModelNotReadable</c>.</exception>
    public static OnnxOutline Read(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            return new OnnxOutlineReader(file).ReadModel();
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new QosValuationException(Faults.ModelNotFound, $"The model file '{path}' does not exist.", path, exception);
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException)
        {
            string cause = IsLfsPointer(path)
                ? "is a Git LFS pointer, not the model itself. Fetch it with 'git lfs pull'"
                : $"is not a complete ONNX file ({exception.Message}). Download it again";
            throw new QosValuationException(Faults.ModelNotReadable, $"'{path}' {cause}.", path, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(Faults.ModelNotReadable, FaultKind.ReadFailed, $"The model file '{path}' cannot be read: {exception.Message}", path, exception);
        }
    }

    private static bool IsLfsPointer(string path)
    {
        Span<byte> head = stackalloc byte[24];
        using FileStream file = File.OpenRead(path);
        return file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length && head.SequenceEqual("version https://git-lfs."u8);
    }

    private OnnxOutline ReadModel()
    {
        long end = _file.Length;
        OnnxOutline? graph = null;
        while (Position < end)
        {
            (int field, int wire) = ReadTag(end);
            if (field == 7 && wire == 2)
            {
                graph = ReadGraph(ReadEnd(end));
            }
            else
            {
                Skip(wire, end);
            }
        }

        return graph ?? throw new InvalidDataException("it holds no graph");
    }

    private OnnxOutline ReadGraph(long end)
    {
        var inputs = new List<OnnxValue>();
        var outputs = new List<OnnxValue>();
        var nodes = new List<OnnxNode>();
        var constants = new Dictionary<string, OnnxConstant>(StringComparer.Ordinal);
        var external = new SortedSet<string>(StringComparer.Ordinal);
        while (Position < end)
        {
            (int field, int wire) = ReadTag(end);
            switch (field, wire)
            {
                case (1, 2):
                    ReadNode(ReadEnd(end), nodes, constants, external);
                    break;
                case (5, 2):
                    OnnxConstant constant = ReadTensor(ReadEnd(end), external);
                    constants[constant.Name] = constant;
                    break;
                case (11, 2):
                    inputs.Add(ReadValueInfo(ReadEnd(end)));
                    break;
                case (12, 2):
                    outputs.Add(ReadValueInfo(ReadEnd(end)));
                    break;
                default:
                    Skip(wire, end);
                    break;
            }
        }

        // Up to version 3 of the format every initialiser is listed among the inputs too.
        inputs.RemoveAll(input => constants.ContainsKey(input.Name));
        return new OnnxOutline { Inputs = inputs, Outputs = outputs, Nodes = nodes, Constants = constants, ExternalFiles = [.. external] };
    }

    private void ReadNode(long end, List<OnnxNode> nodes, Dictionary<string, OnnxConstant> constants, SortedSet<string> external)
    {
        var inputs = new List<string>();
        var outputs = new List<string>();
        string operatorType = string.Empty;
        OnnxConstant? tensor = null;
        while (Position < end)
        {
            (int field, int wire) = ReadTag(end);
            switch (field, wire)
            {
                case (1, 2):
                    inputs.Add(ReadString(end));
                    break;
                case (2, 2):
                    outputs.Add(ReadString(end));
                    break;
                case (4, 2):
                    operatorType = ReadString(end);
                    break;
                case (5, 2):
                    tensor = ReadAttributeTensor(ReadEnd(end), external) ?? tensor;
                    break;
                default:
                    Skip(wire, end);
                    break;
            }
        }

        if (operatorType == "Constant" && outputs is [string name])
        {
            if (tensor is not null)
            {
                constants[name] = tensor with { Name = name };
            }

            return;
        }

        nodes.Add(new OnnxNode(operatorType, inputs, outputs));
    }

    private OnnxConstant? ReadAttributeTensor(long end, SortedSet<string> external)
    {
        OnnxConstant? tensor = null;
        while (Position < end)
        {
            (int field, int wire) = ReadTag(end);
            if (field == 5 && wire == 2)
            {
                tensor = ReadTensor(ReadEnd(end), external);
            }
            else
            {
                Skip(wire, end);
            }
        }

        return tensor;
    }

    private OnnxConstant ReadTensor(long end, SortedSet<string> external)
    {
        var dimensions = new List<long>();
        int type = 0;
        string name = string.Empty;
        while (Position < end)
        {
            (int field, int wire) = ReadTag(end);
            switch (field, wire)
            {
                case (1, 0):
                    dimensions.Add((long)ReadVarint(end));
                    break;
                case (1, 2):
                    for (long packedEnd = ReadEnd(end); Position < packedEnd;)
                    {
                        dimensions.Add((long)ReadVarint(packedEnd));
                    }

                    break;
                case (2, 0):
                    type = (int)ReadVarint(end);
                    break;
                case (8, 2):
                    name = ReadString(end);
                    break;
                case (13, 2):
                    (string key, string value) = ReadEntry(ReadEnd(end));
                    if (key == "location")
                    {
                        external.Add(value);
                    }

                    break;
                default:
                    Skip(wire, end);
                    break;
            }
        }

        return new OnnxConstant(name, (TensorElementType)type, [.. dimensions]);
    }

    private (string Key, string Value) ReadEntry(long end)
    {
        string key = string.Empty, value = string.Empty;
        while (Position < end)
        {
            (int field, int wire) = ReadTag(end);
            switch (field, wire)
            {
                case (1, 2):
                    key = ReadString(end);
                    break;
                case (2, 2):
                    value = ReadString(end);
                    break;
                default:
                    Skip(wire, end);
                    break;
            }
        }

        return (key, value);
    }

    private OnnxValue ReadValueInfo(long end)
    {
        string name = string.Empty;
        int type = 0;
        long[]? dimensions = null;
        while (Position < end)
        {
            (int field, int wire) = ReadTag(end);
            switch (field, wire)
            {
                case (1, 2):
                    name = ReadString(end);
                    break;
                case (2, 2):
                    (type, dimensions) = ReadType(ReadEnd(end));
                    break;
                default:
                    Skip(wire, end);
                    break;
            }
        }

        return new OnnxValue(name, (TensorElementType)type, dimensions);
    }

    private (int ElementType, long[]? Dimensions) ReadType(long end)
    {
        int type = 0;
        long[]? dimensions = null;
        while (Position < end)
        {
            (int field, int wire) = ReadTag(end);
            if (field != 1 || wire != 2)
            {
                Skip(wire, end);
                continue;
            }

            long tensorEnd = ReadEnd(end);
            while (Position < tensorEnd)
            {
                (field, wire) = ReadTag(tensorEnd);
                switch (field, wire)
                {
                    case (1, 0):
                        type = (int)ReadVarint(tensorEnd);
                        break;
                    case (2, 2):
                        dimensions = ReadShape(ReadEnd(tensorEnd));
                        break;
                    default:
                        Skip(wire, tensorEnd);
                        break;
                }
            }
        }

        return (type, dimensions);
    }

    private long[] ReadShape(long end)
    {
        var dimensions = new List<long>();
        while (Position < end)
        {
            (int field, int wire) = ReadTag(end);
            if (field != 1 || wire != 2)
            {
                Skip(wire, end);
                continue;
            }

            long extent = -1;
            long dimensionEnd = ReadEnd(end);
            while (Position < dimensionEnd)
            {
                (field, wire) = ReadTag(dimensionEnd);
                if (field == 1 && wire == 0)
                {
                    // Some exporters write 0 for an extent that is not fixed.
                    extent = (long)ReadVarint(dimensionEnd) is > 0 and long value ? value : -1;
                }
                else
                {
                    Skip(wire, dimensionEnd);
                }
            }

            dimensions.Add(extent);
        }

        return [.. dimensions];
    }

    private (int Field, int Wire) ReadTag(long end)
    {
        ulong tag = ReadVarint(end);
        int field = tag >> 3 is > 0 and <= int.MaxValue ? (int)(tag >> 3) : throw new InvalidDataException("it is not in ONNX format");
        return (field, (int)(tag & 7));
    }

    private ulong ReadVarint(long end)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = ReadByte(end);
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException("it is not in ONNX format");
    }

    private long ReadEnd(long end)
    {
        ulong length = ReadVarint(end);
        return length <= (ulong)(end - Position) ? Position + (long)length : throw new InvalidDataException("it ends too early");
    }

    private string ReadString(long end)
    {
        long stringEnd = ReadEnd(end);
        int length = stringEnd - Position is <= MaximumNameLength and long size ? (int)size : throw new InvalidDataException("it is not in ONNX format");
        Span<byte> bytes = length <= 256 ? stackalloc byte[length] : new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = ReadByte(stringEnd);
        }

        return Encoding.UTF8.GetString(bytes);
    }

    private void Skip(int wire, long end)
    {
        switch (wire)
        {
            case 0:
                ReadVarint(end);
                break;
            case 1:
                SkipTo(Position + sizeof(ulong), end);
                break;
            case 2:
                SkipTo(ReadEnd(end), end);
                break;
            case 5:
                SkipTo(Position + sizeof(uint), end);
                break;
            default:
                throw new InvalidDataException("it is not in ONNX format");
        }
    }

    private void SkipTo(long position, long end)
    {
        if (position > end)
        {
            throw new InvalidDataException("it ends too early");
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

    private byte ReadByte(long end)
    {
        if (Position >= end)
        {
            throw new InvalidDataException("it ends too early");
        }

        if (_bufferAt == _bufferLength)
        {
            _bufferStart += _bufferLength;
            _bufferAt = 0;
            _bufferLength = RandomAccess.Read(_file.SafeFileHandle, _buffer, _bufferStart);
            if (_bufferLength == 0)
            {
                throw new EndOfStreamException("it ends too early");
            }
        }

        return _buffer[_bufferAt++];
    }
}
