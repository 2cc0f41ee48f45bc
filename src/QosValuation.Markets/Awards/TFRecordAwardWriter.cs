using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Google.Protobuf;

namespace QosValuation.Markets.Awards;

/// <summary>
/// TensorFlow's record file: for each record its length (uint64, little-endian), the masked CRC-32C of the length, the record, and its masked CRC-32C
/// (tensorflow/core/lib/io/record_writer.h). A record is a tf.train.Example: a map from names to lists of bytes, floats or integers
/// (tensorflow/core/example/example.proto).
/// </summary>
internal sealed class TFRecordAwardWriter(Stream stream) : IAwardWriter
{
    private const uint MaskDelta = 0xa282ead8;

    /// <inheritdoc/>
    public void Write(AwardedDocument document)
    {
        IReadOnlyList<string> names = AwardedDocument.FieldNames;
        IReadOnlyList<string> texts = document.Texts;
        var features = new List<byte[]>(names.Count);
        for (int i = 0; i < texts.Count; i++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(texts[i]);
            features.Add(Entry(names[i], 1, output =>
            {
                output.WriteTag(1, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(ByteString.CopyFrom(bytes));
            }));
        }

        features.Add(Entry(names[texts.Count], 3, output =>
        {
            output.WriteTag(1, WireFormat.WireType.Varint);
            output.WriteInt64(document.Award.Rank);
        }));
        for (int i = 0; i < document.Numbers.Count; i++)
        {
            float number = (float)document.Numbers[i];
            features.Add(Entry(names[texts.Count + 1 + i], 2, output =>
            {
                output.WriteTag(1, WireFormat.WireType.Fixed32);
                output.WriteFloat(number);
            }));
        }

        // Example.features = 1, and Features.feature = 1, a map whose entries are messages.
        byte[] map = Message(output =>
        {
            foreach (byte[] feature in features)
            {
                output.WriteTag(1, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(ByteString.CopyFrom(feature));
            }
        });
        WriteRecord(stream, Message(output =>
        {
            output.WriteTag(1, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(map));
        }));
    }

    /// <inheritdoc/>
    public void Complete()
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    /// <summary>CRC-32C, rotated right by 15 bits and offset, as TensorFlow masks it.</summary>
    /// <param name="data">The bytes.</param>
    /// <returns>The masked checksum.</returns>
    internal static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        ReadOnlySpan<byte> rest = data;
        for (; rest.Length >= sizeof(ulong); rest = rest[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(rest));
        }

        foreach (byte value in rest)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return unchecked(BitOperations.RotateRight(~crc, 15) + MaskDelta);
    }

    private static void WriteRecord(Stream stream, byte[] record)
    {
        Span<byte> length = stackalloc byte[8];
        Span<byte> crc = stackalloc byte[4];
        BinaryPrimitives.WriteInt64LittleEndian(length, record.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(crc, MaskedCrc(length));
        stream.Write(length);
        stream.Write(crc);
        BinaryPrimitives.WriteUInt32LittleEndian(crc, MaskedCrc(record));
        stream.Write(record);
        stream.Write(crc);
    }

    // An entry of the map: key = 1, value = 2; the value is a Feature, whose list is field 1 (bytes), 2 (floats) or 3 (integers).
    private static byte[] Entry(string name, int listField, Action<CodedOutputStream> values)
    {
        byte[] list = Message(values);
        byte[] feature = Message(output =>
        {
            output.WriteTag(listField, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(list));
        });
        return Message(output =>
        {
            output.WriteTag(1, WireFormat.WireType.LengthDelimited);
            output.WriteString(name);
            output.WriteTag(2, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(feature));
        });
    }

    private static byte[] Message(Action<CodedOutputStream> write)
    {
        using var buffer = new MemoryStream();
        using var output = new CodedOutputStream(buffer, leaveOpen: true);
        write(output);
        output.Flush();
        return buffer.ToArray();
    }
}
