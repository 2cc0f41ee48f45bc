using Google.Protobuf;

namespace QosValuation.Onnx.Model;

/// <summary>
/// Reads an ONNX model without reading its weights: large initialisers become references to their own bytes in the
/// model file, which ONNX Runtime maps into memory. A 350 MB model is read in milliseconds, and its weights are never
/// held twice.
/// </summary>
internal static class OnnxModelFile
{
    /// <summary>Initialisers up to this many bytes are read; larger ones stay in the file.</summary>
    private const int InlineLimit = 16 * 1024;

    /// <summary>Reads the graph of a model file.</summary>
    /// <param name="path">An .onnx file.</param>
    /// <returns>The model; large initialisers are external data in the same file.</returns>
    /// <exception cref="QosValuationException">ModelNotFound, OnnxModelInvalid.</exception>
    public static ModelProto Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new QosValuationException(Faults.ModelNotFound, $"There is no model at {path}.", path);
        }

        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            var reader = new WireReader(stream);
            using var rest = new MemoryStream();
            GraphProto? graph = null;
            while (reader.Position < stream.Length)
            {
                (int field, int wire, ulong tag) = reader.ReadTag();
                if (field == ModelProto.GraphFieldNumber && wire == 2)
                {
                    long end = reader.ReadLength(stream.Length);
                    graph = ReadGraph(reader, end, Path.GetFileName(path));
                }
                else
                {
                    reader.CopyField(tag, wire, rest, stream.Length);
                }
            }

            ModelProto model = ModelProto.Parser.ParseFrom(rest.ToArray());
            if (graph is null || graph.Node.Count == 0)
            {
                throw new InvalidDataException("it holds no graph");
            }

            model.Graph = graph;
            return model;
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or InvalidProtocolBufferException or OverflowException)
        {
            throw new QosValuationException(Faults.OnnxModelInvalid, $"{path} is not a readable ONNX model ({error.Message}); download or export it again.", path, error);
        }
        catch (IOException error)
        {
            throw new QosValuationException(Faults.OnnxModelInvalid, FaultKind.ReadFailed, $"{path} could not be read: {error.Message}", path, error);
        }
    }

    private static GraphProto ReadGraph(WireReader reader, long end, string fileName)
    {
        using var rest = new MemoryStream();
        var initializers = new List<TensorProto>();
        while (reader.Position < end)
        {
            (int field, int wire, ulong tag) = reader.ReadTag();
            if (field == GraphProto.InitializerFieldNumber && wire == 2)
            {
                initializers.Add(ReadTensor(reader, reader.ReadLength(end), fileName));
            }
            else
            {
                reader.CopyField(tag, wire, rest, end);
            }
        }

        GraphProto graph = GraphProto.Parser.ParseFrom(rest.ToArray());
        graph.Initializer.Add(initializers);
        return graph;
    }

    private static TensorProto ReadTensor(WireReader reader, long end, string fileName)
    {
        using var rest = new MemoryStream();
        long offset = -1;
        long length = 0;
        while (reader.Position < end)
        {
            (int field, int wire, ulong tag) = reader.ReadTag();
            if (field == TensorProto.RawDataFieldNumber && wire == 2 && end - reader.Position > InlineLimit)
            {
                long dataEnd = reader.ReadLength(end);
                offset = reader.Position;
                length = dataEnd - offset;
                reader.Skip(length);
            }
            else
            {
                reader.CopyField(tag, wire, rest, end);
            }
        }

        TensorProto tensor = TensorProto.Parser.ParseFrom(rest.ToArray());
        if (offset >= 0)
        {
            ExternalData.Point(tensor, fileName, offset, length);
        }

        return tensor;
    }

    /// <summary>Walks the protocol buffers wire format: varints, fixed words and length-delimited fields.</summary>
    private sealed class WireReader(Stream stream)
    {
        private readonly byte[] _buffer = new byte[1 << 16];

        public long Position => stream.Position;

        public (int Field, int Wire, ulong Tag) ReadTag()
        {
            ulong tag = ReadVarint();
            int field = checked((int)(tag >> 3));
            return field == 0 ? throw new InvalidDataException("a field has no number") : (field, (int)(tag & 7), tag);
        }

        public long ReadLength(long limit)
        {
            ulong length = ReadVarint();
            long end = checked(stream.Position + (long)length);
            return end <= limit ? end : throw new EndOfStreamException("it ends early");
        }

        public void Skip(long count) => stream.Position += count;

        public void CopyField(ulong tag, int wire, Stream target, long limit)
        {
            WriteVarint(target, tag);
            switch (wire)
            {
                case 0:
                    WriteVarint(target, ReadVarint());
                    break;
                case 1:
                    Copy(8, target);
                    break;
                case 5:
                    Copy(4, target);
                    break;
                case 2:
                    long end = ReadLength(limit);
                    long length = end - stream.Position;
                    WriteVarint(target, (ulong)length);
                    Copy(length, target);
                    break;
                default:
                    throw new InvalidDataException("a field has an unknown encoding");
            }
        }

        private ulong ReadVarint()
        {
            ulong value = 0;
            for (int shift = 0; shift < 64; shift += 7)
            {
                int next = stream.ReadByte();
                if (next < 0)
                {
                    throw new EndOfStreamException("it ends early");
                }

                value |= (ulong)(next & 0x7F) << shift;
                if (next < 0x80)
                {
                    return value;
                }
            }

            throw new InvalidDataException("a number is too long");
        }

        private static void WriteVarint(Stream target, ulong value)
        {
            while (value >= 0x80)
            {
                target.WriteByte((byte)(value | 0x80));
                value >>= 7;
            }

            target.WriteByte((byte)value);
        }

        private void Copy(long count, Stream target)
        {
            while (count > 0)
            {
                int read = stream.Read(_buffer, 0, (int)Math.Min(count, _buffer.Length));
                if (read == 0)
                {
                    throw new EndOfStreamException("it ends early");
                }

                target.Write(_buffer, 0, read);
                count -= read;
            }
        }
    }
}
