using System.Buffers.Binary;
using System.IO.Compression;
using QosValuation.Embeddings.Images;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

/// <summary>Makes and reads images for tests. The PNG writer here is independent of libvips, and writes what libvips would not.</summary>
internal static class TestImages
{
    /// <summary>Decodes a whole file to RGB.</summary>
    public static unsafe (byte[] Rgb, int Width, int Height) Decode(byte[] encoded)
    {
        fixed (byte* data = encoded)
        {
            using ImageRows rows = ImageRows.Open(data, (nuint)encoded.Length, "test", new ImageScratch(), new ImageLimits { AllowSvg = true });
            byte[] rgb = new byte[3 * rows.Width * rows.Height];
            while (rows.TryReadStrip(out int first, out int count, out byte* strip))
            {
                new ReadOnlySpan<byte>(strip, 3 * rows.Width * count).CopyTo(rgb.AsSpan(3 * rows.Width * first));
            }

            return (rgb, rows.Width, rows.Height);
        }
    }

    public static (byte[] Rgb, int Width, int Height) Decode(string path) => Decode(File.ReadAllBytes(path));

    /// <summary>Noise over slow gradients: sharp edges and flat parts both occur.</summary>
    public static byte[] Picture(int width, int height, int seed)
    {
        RandomSource random = RandomSource.Create(seed);
        byte[] rgb = new byte[3 * width * height];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int block = ((x / 7) + (y / 5)) % 2 * 90;
                for (int c = 0; c < 3; c++)
                {
                    double value = block + 120.0 * x / width * (c + 1) / 3 + 60.0 * y / height + random.NextInt32(60) - 30;
                    rgb[3 * (y * width + x) + c] = (byte)Math.Clamp(value, 0, 255);
                }
            }
        }

        return rgb;
    }

    /// <summary>Writes a PNG from its raw scan lines; colour type 0 is grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA.</summary>
    public static byte[] Png(int width, int height, int depth, int colourType, byte[] scanLines, byte[]? palette = null)
    {
        using var stream = new MemoryStream();
        stream.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = (byte)depth;
        header[9] = (byte)colourType;
        Chunk(stream, "IHDR", header);
        if (palette is not null)
        {
            Chunk(stream, "PLTE", palette);
        }

        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            int line = scanLines.Length / height;
            for (int y = 0; y < height; y++)
            {
                zlib.WriteByte(0);
                zlib.Write(scanLines, y * line, line);
            }
        }

        Chunk(stream, "IDAT", compressed.ToArray());
        Chunk(stream, "IEND", []);
        return stream.ToArray();
    }

    /// <summary>Puts an EXIF block with an orientation behind the start marker of a JPEG file.</summary>
    public static byte[] WithOrientation(byte[] jpeg, int orientation)
    {
        byte[] tiff =
        [
            (byte)'M', (byte)'M', 0, 42, 0, 0, 0, 8,
            0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0,
            0, 0, 0, 0,
        ];
        byte[] body = [.. "Exif"u8, 0, 0, .. tiff];
        return [0xFF, 0xD8, 0xFF, 0xE1, (byte)((body.Length + 2) >> 8), (byte)((body.Length + 2) & 255), .. body, .. jpeg.AsSpan(2)];
    }

    /// <summary>Writes an uncompressed little-endian TIFF with four inks a pixel.</summary>
    public static byte[] CmykTiff(int width, int height, int depth, byte[] inks)
    {
        byte[] samples = depth == 8 ? inks : [.. inks.SelectMany(ink => new byte[] { 99, ink })];
        (ushort Tag, ushort Type, int Count, int Value)[] entries =
        [
            (256, 4, 1, width), (257, 4, 1, height), (258, 3, 4, 8), (259, 3, 1, 1), (262, 3, 1, 5), (273, 4, 1, 16 + 2 + 10 * 12 + 4),
            (277, 3, 1, 4), (278, 4, 1, height), (279, 4, 1, samples.Length), (332, 3, 1, 1),
        ];
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write((byte[])[(byte)'I', (byte)'I', 42, 0]);
        writer.Write(16);
        for (int i = 0; i < 4; i++)
        {
            writer.Write((ushort)depth);
        }

        writer.Write((ushort)entries.Length);
        foreach ((ushort tag, ushort type, int count, int value) in entries)
        {
            writer.Write(tag);
            writer.Write(type);
            writer.Write(count);
            writer.Write(value);
        }

        writer.Write(0);
        writer.Write(samples);
        return stream.ToArray();
    }

    private static void Chunk(MemoryStream stream, string type, byte[] data)
    {
        Span<byte> word = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(word, data.Length);
        stream.Write(word);
        byte[] named = [.. System.Text.Encoding.ASCII.GetBytes(type), .. data];
        stream.Write(named);
        BinaryPrimitives.WriteUInt32BigEndian(word, Crc32(named));
        stream.Write(word);
    }

    private static uint Crc32(byte[] data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
            }
        }

        return ~crc;
    }
}
