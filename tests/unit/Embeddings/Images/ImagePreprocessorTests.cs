using System.Collections.Concurrent;
using System.Runtime.Loader;
using NetVips;
using QosValuation.Embeddings.Images;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

public sealed class ImagePreprocessorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a[1].png")]
    [InlineData("a[page=3].png")]
    [InlineData("übung 日本 ☃.png")]
    [InlineData("100% 'quoted' $name; #1.png")]
    [InlineData("-leading.png")]
    [InlineData("no-extension")]
    public void AFileNameMayHoldAnything(string name)
    {
        byte[] picture = TestImages.Picture(40, 30, 1);
        string path = _folder.File(name);
        ImageWriter.SavePng(path, picture, 40, 30);
        byte[] fromFile = Crop(path, 16), fromMemory = Crop(ImageWriter.EncodePng(picture, 40, 30), 16);
        Assert.Equal(fromMemory, fromFile);
        Assert.Equal([name], Directory.EnumerateFiles(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void GreyIsRepeatedAndSixteenBitsKeepTheUpperEight()
    {
        byte[] grey = [.. Enumerable.Range(0, 64).Select(i => (byte)(i * 4))];
        Assert.Equal(Repeat(grey), TestImages.Decode(TestImages.Png(8, 8, 8, 0, grey)).Rgb);

        byte[] wide = [.. grey.SelectMany((g, i) => new[] { g, (byte)(i % 2 == 0 ? 255 : 0) })];
        Assert.Equal(Repeat(grey), TestImages.Decode(TestImages.Png(8, 8, 16, 0, wide)).Rgb);

        byte[] colours = TestImages.Picture(8, 8, 3);
        byte[] wideColours = [.. colours.SelectMany(c => new[] { c, (byte)200 })];
        Assert.Equal(colours, TestImages.Decode(TestImages.Png(8, 8, 16, 2, wideColours)).Rgb);
    }

    [Fact]
    public void PalettesAndSingleBitsAreExpanded()
    {
        byte[] palette = [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30];
        (byte[] rgb, int width, int height) = TestImages.Decode(TestImages.Png(4, 1, 8, 3, [3, 0, 1, 2], palette));
        Assert.Equal((4, 1), (width, height));
        Assert.Equal([10, 20, 30, 255, 0, 0, 0, 255, 0, 0, 0, 255], rgb);

        Assert.Equal(Repeat([255, 0, 255, 255, 0, 0, 0, 255]), TestImages.Decode(TestImages.Png(8, 1, 1, 0, [0b1011_0001])).Rgb);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    public void TransparencyIsLaidOverWhite(int depth)
    {
        byte[] Samples(params byte[] samples) => depth == 8 ? samples : [.. samples.SelectMany(s => new byte[] { s, 77 })];
        byte[] rgba = Samples(200, 100, 0, 0, 200, 100, 0, 255, 200, 100, 0, 128);
        Assert.Equal([255, 255, 255, 200, 100, 0, 227, 177, 127], TestImages.Decode(TestImages.Png(3, 1, depth, 6, rgba)).Rgb);

        byte[] greyAlpha = Samples(0, 0, 50, 255, 100, 51);
        Assert.Equal(Repeat([255, 50, 224]), TestImages.Decode(TestImages.Png(3, 1, depth, 4, greyAlpha)).Rgb);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    public void CmykIsConvertedWithoutAProfile(int depth)
    {
        byte[] inks = [0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 128, 0, 10, 20, 30, 40, 0, 0, 0, 255, 7, 99, 201, 150];
        (byte[] rgb, int width, int height) = TestImages.Decode(TestImages.CmykTiff(6, 1, depth, inks));
        Assert.Equal((6, 1), (width, height));
        for (int i = 0; i < 6; i++)
        {
            for (int c = 0; c < 3; c++)
            {
                double expected = (255.0 - inks[4 * i + c]) * (255 - inks[4 * i + 3]) / 255;
                Assert.InRange(rgb[3 * i + c], expected - 0.5001, expected + 0.5001);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void ExifOrientationTurnsTheImageUpright(int orientation)
    {
        const int width = 48, height = 33;
        byte[] jpeg = ImageWriter.EncodeJpeg(TestImages.Picture(width, height, 9), width, height, 95);
        byte[] stored = TestImages.Decode(jpeg).Rgb;
        (byte[] upright, int uprightWidth, int uprightHeight) = TestImages.Decode(TestImages.WithOrientation(jpeg, orientation));
        Assert.Equal(orientation >= 5 ? (height, width) : (width, height), (uprightWidth, uprightHeight));
        for (int y = 0; y < uprightHeight; y++)
        {
            for (int x = 0; x < uprightWidth; x++)
            {
                // EXIF 2.3: where row 0 and column 0 of the stored image lie in the upright one.
                (int storedX, int storedY) = orientation switch
                {
                    1 => (x, y),
                    2 => (width - 1 - x, y),
                    3 => (width - 1 - x, height - 1 - y),
                    4 => (x, height - 1 - y),
                    5 => (y, x),
                    6 => (y, height - 1 - x),
                    7 => (width - 1 - y, height - 1 - x),
                    _ => (width - 1 - y, x),
                };
                Assert.Equal(stored[(3 * (storedY * width + storedX))..][..3], upright[(3 * (y * uprightWidth + x))..][..3]);
            }
        }

        byte[] crop = Crop(TestImages.WithOrientation(jpeg, orientation), 20);
        Assert.Equal(Crop(ImageWriter.EncodePng(upright, uprightWidth, uprightHeight), 20), crop);
    }

    [Fact]
    public void OnePixelFillsTheCropAndTwentyThousandColumnsAreCutToTheMiddle()
    {
        byte[] crop = Crop(ImageWriter.EncodePng([12, 34, 56], 1, 1), 32);
        for (int i = 0; i < crop.Length; i += 3)
        {
            Assert.Equal([12, 34, 56], crop[i..(i + 3)]);
        }

        // A white strip whose middle is red; 20,000 × 4 reduces to n × 5000n, of which n columns remain.
        byte[] wide = new byte[3 * 20_000 * 4];
        Array.Fill(wide, (byte)255);
        for (int y = 0; y < 4; y++)
        {
            for (int x = 9_990; x < 10_010; x++)
            {
                wide[3 * (y * 20_000 + x) + 1] = wide[3 * (y * 20_000 + x) + 2] = 0;
            }
        }

        crop = Crop(ImageWriter.EncodePng(wide, 20_000, 4), 24);
        for (int i = 0; i < crop.Length; i += 3)
        {
            Assert.Equal([255, 0, 0], crop[i..(i + 3)]);
        }

        byte[] tall = Crop(ImageWriter.EncodePng(TestImages.Picture(3, 20_000, 4), 3, 20_000), 24);
        Assert.True(tall.Distinct().Count() > 10);
    }

    [Theory]
    [InlineData("pngsave_buffer", 0)]
    [InlineData("tiffsave_buffer", 0)]
    [InlineData("webpsave_buffer", 25)]
    [InlineData("gifsave_buffer", 25)]
    [InlineData("heifsave_buffer", 25)]
    public unsafe void EveryRasterFormatOfTheHelpIsRead(string saver, double tolerance)
    {
        byte[] picture = TestImages.Picture(80, 60, 12);
        byte[] encoded;
        LibVips.EnsureStarted();
        fixed (byte* data = picture)
        {
            using var image = Image.NewFromMemory((nint)data, (ulong)picture.Length, 80, 60, 3, Enums.BandFormat.Uchar);
            VOption options = saver == "heifsave_buffer" ? new VOption { { "compression", Enums.ForeignHeifCompression.Av1 } } : [];
            encoded = (byte[])Operation.Call(saver, options, image);
        }

        (byte[] rgb, int width, int height) = TestImages.Decode(encoded);
        Assert.Equal((80, 60), (width, height));
        Assert.InRange(rgb.Zip(picture, (a, b) => (double)Math.Abs(a - b)).Average(), 0, tolerance);
    }

    [Fact]
    public void APhotographWithAGainMapGivesItsBaseImage()
    {
        LibVips.EnsureStarted();
        using Image position = Image.Xyz(40, 30);
        using Image light = (position[0] / 20).Bandjoin(position[1] / 10, position[0] / 40).Cast(Enums.BandFormat.Float).Copy(interpretation: Enums.Interpretation.Scrgb);
        byte[] encoded = light.UhdrsaveBuffer();
        Assert.Equal("VipsForeignLoadJpegBuffer", Image.FindLoadBuffer(encoded));
        using Image plain = Image.JpegloadBuffer(encoded);
        (byte[] rgb, int width, int height) = TestImages.Decode(encoded);
        Assert.Equal((40, 30), (width, height));
        Assert.Equal(plain.WriteToMemory<byte>(), rgb);
    }

    [Fact]
    public void ADrawingIsRenderedOverWhite()
    {
        byte[] svg = [.. """<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><rect width="10" height="10" fill="#ff0000"/></svg>"""u8];
        (byte[] rgb, int width, int height) = TestImages.Decode(svg);
        Assert.Equal((20, 10), (width, height));
        Assert.Equal([255, 0, 0], rgb[(3 * 22)..][..3]);
        Assert.Equal([255, 255, 255], rgb[(3 * 38)..][..3]);
    }

    [Fact]
    public void AnAnimationGivesItsFirstFrame()
    {
        // Two frames of 1 × 1: palette entry 0 (red), then entry 1 (blue).
        byte[] gif =
        [
            .. "GIF89a"u8, 1, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 255,
            0x21, 0xF9, 4, 0, 10, 0, 0, 0, 0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0,
            0x21, 0xF9, 4, 0, 10, 0, 0, 0, 0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4C, 1, 0,
            0x3B,
        ];
        (byte[] rgb, int width, int height) = TestImages.Decode(gif);
        Assert.Equal((1, 1), (width, height));
        Assert.Equal([255, 0, 0], rgb);
    }

    [Fact]
    public void DamagedMissingAndForeignFilesAreErrorsThatNameTheFile()
    {
        byte[] jpeg = ImageWriter.EncodeJpeg(TestImages.Picture(200, 300, 2), 200, 300), png = ImageWriter.EncodePng(TestImages.Picture(200, 300, 2), 200, 300);
        byte[] flipped = [.. png];
        flipped[flipped.Length / 2] ^= 0xFF;
        var cases = new Dictionary<string, byte[]>
        {
            ["half.jpg"] = jpeg[..(jpeg.Length / 2)],
            ["almost.jpg"] = jpeg[..(jpeg.Length - jpeg.Length / 50)],
            ["header.jpg"] = jpeg[..20],
            ["half.png"] = png[..(png.Length / 2)],
            ["flipped.png"] = flipped,
            ["empty.jpg"] = [],
            ["text.jpg"] = [.. "This is not a photograph."u8],
            ["zeros.png"] = new byte[5000],
        };
        foreach ((string name, byte[] content) in cases)
        {
            File.WriteAllBytes(_folder.File(name), content);
            QosValuationException error = Assert.Throws<QosValuationException>(() => Crop(_folder.File(name), 32));
            Assert.Equal(("ImageNotReadable", FaultKind.InvalidData), (error.ErrorId, error.Kind));
            Assert.Equal(_folder.File(name), error.Subject);
            Assert.Contains(name, error.Message, StringComparison.Ordinal);
        }

        Assert.Equal("ImageNotFound", Assert.Throws<QosValuationException>(() => Crop(_folder.File("absent.jpg"), 32)).ErrorId);
        Assert.Equal("ImageNotFound", Assert.Throws<QosValuationException>(() => Crop(_folder.File("absent/absent.jpg"), 32)).ErrorId);
        Assert.Equal("ImageNotReadable", Assert.Throws<QosValuationException>(() => Crop(_folder.Path, 32)).ErrorId);

        // And the same instance goes on working.
        Assert.Equal(Crop(png, 32), Crop(png, 32));
    }

    [Fact]
    public void ADecompressionBombIsRefusedBeforeItIsDecoded()
    {
        byte[] bomb = TestImages.Png(60_000, 60_000, 8, 2, []);
        Assert.Equal("ImageTooLarge", Assert.Throws<QosValuationException>(() => Crop(bomb, 32)).ErrorId);
    }

    [Fact]
    public void ManyThreadsGiveTheSameBytesAndFewAllocations()
    {
        byte[][] files = [.. Enumerable.Range(0, 12).Select(i => ImageWriter.EncodeJpeg(TestImages.Picture(100 + 13 * i, 90 + 7 * i, i), 100 + 13 * i, 90 + 7 * i))];
        files[5] = files[5][..200];
        var preprocessor = new ImagePreprocessor(new ImagePreprocessing { ImageSize = 48 });
        byte[]?[] expected = [.. files.Select((f, i) => i == 5 ? null : Crop(f, 48))];
        var failures = new ConcurrentBag<int>();
        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            byte[] crop = new byte[3 * 48 * 48];
            try
            {
                preprocessor.Crop(files[i % files.Length], "file", crop);
                Assert.Equal(expected[i % files.Length], crop);
            }
            catch (QosValuationException error) when (error.ErrorId == "ImageNotReadable")
            {
                failures.Add(i % files.Length);
            }
        });
        Assert.Equal([5], failures.Distinct());

        byte[] buffer = new byte[3 * 48 * 48];
        preprocessor.Crop(files[0], "file", buffer);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 50; i++)
        {
            preprocessor.Crop(files[0], "file", buffer);
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 50, 0, 2048);
    }

    [Theory]
    [InlineData(640, 480, 30, 1)] // a quarter of it: an eighth would be 60 × 80
    [InlineData(641, 483, 30, 1)] // no edge is divided without rest
    [InlineData(640, 480, 31, 6)] // EXIF turns it after it was divided
    [InlineData(1211, 163, 27, 1)] // halves, and most of its width is cut off
    public void FastDecodingOfALargeJpegComesNearTheExactOne(int width, int height, int side, int orientation)
    {
        byte[] jpeg = TestImages.WithOrientation(ImageWriter.EncodeJpeg(Smooth(width, height), width, height), orientation);
        byte[] exact = Crop(jpeg, side), fast = Crop(jpeg, side, ImageDecoding.Fast);
        Assert.NotEqual(exact, fast);
        int[] differences = [.. exact.Zip(fast, (a, b) => Math.Abs(a - b))];
        Assert.InRange(differences.Average(), 0, 1.0);
        Assert.InRange(differences.Max(), 0, 8);
    }

    [Fact]
    public void FastDecodingLeavesWhatIsNotALargeJpegAsItIs()
    {
        byte[] picture = TestImages.Picture(300, 200, 4);
        byte[] png = ImageWriter.EncodePng(picture, 300, 200), jpeg = ImageWriter.EncodeJpeg(picture, 300, 200);
        Assert.Equal(Crop(png, 20), Crop(png, 20, ImageDecoding.Fast));
        Assert.Equal(Crop(jpeg, 34), Crop(jpeg, 34, ImageDecoding.Fast)); // half of 200 is less than three times 34
        Assert.NotEqual(Crop(jpeg, 33), Crop(jpeg, 33, ImageDecoding.Fast));
    }

    [Fact]
    public void FastDecodingFindsDamageAndKeepsTheLimits()
    {
        byte[] jpeg = ImageWriter.EncodeJpeg(TestImages.Picture(640, 480, 1), 640, 480);
        Assert.Equal("ImageNotReadable", Assert.Throws<QosValuationException>(() => Crop(jpeg[..(jpeg.Length / 2)], 30, ImageDecoding.Fast)).ErrorId);

        // The limit is on what the file announces, not on what is left of it.
        var limited = new ImagePreprocessor(new ImagePreprocessing { ImageSize = 30 }, new ImageLimits { MaximumBytes = 3 * 640 * 480 - 1 }, ImageDecoding.Fast);
        Assert.Equal("ImageTooLarge", Assert.Throws<QosValuationException>(() => limited.Crop(jpeg, "memory", new byte[3 * 30 * 30])).ErrorId);
    }

    [Fact]
    public void NormalisationIsPlanarAndFollowsTheFormula()
    {
        var settings = new ImagePreprocessing { ImageSize = 4 };
        var preprocessor = new ImagePreprocessor(settings);
        byte[] rgb = TestImages.Picture(4, 4, 8);
        float[] chw = new float[48];
        preprocessor.Normalize(rgb, chw);
        for (int pixel = 0; pixel < 16; pixel++)
        {
            for (int c = 0; c < 3; c++)
            {
                Assert.Equal((rgb[3 * pixel + c] / 255f - settings.Mean[c]) / settings.Std[c], chw[c * 16 + pixel], 5);
            }
        }

        float[] direct = new float[48];
        preprocessor.Preprocess(ImageWriter.EncodePng(rgb, 4, 4), "picture", direct);
        Assert.Equal(chw, direct);
        ImageWriter.SavePng(_folder.File("picture.png"), rgb, 4, 4);
        preprocessor.Preprocess(_folder.File("picture.png"), direct);
        Assert.Equal(chw, direct);
        Assert.Throws<ArgumentException>(() => preprocessor.Normalize(rgb, new float[47]));
    }

    [Fact]
    public void StretchingAndALargerEdgeAreHonoured()
    {
        byte[] left = new byte[3 * 40 * 20];
        for (int i = 0; i < left.Length; i += 3)
        {
            left[i] = (byte)(i / 3 % 40 < 20 ? 255 : 0);
        }

        byte[] png = ImageWriter.EncodePng(left, 40, 20), crop = new byte[3 * 10 * 10];
        new ImagePreprocessor(new ImagePreprocessing { ImageSize = 10, Stretch = true }).Crop(png, "left", crop);
        Assert.Equal((255, 0), (crop[0], crop[27]));

        // Edge 20 keeps the size; the middle 10 columns of 40 hold five of each half.
        new ImagePreprocessor(new ImagePreprocessing { ImageSize = 10, ShortestEdge = 20 }).Crop(png, "left", crop);
        Assert.Equal([255, 255, 255, 255, 255, 0, 0, 0, 0, 0], Enumerable.Range(0, 10).Select(x => (int)crop[3 * x]));
    }

    [Fact]
    public void PngsAreWrittenWholeAndTheSameEachTime()
    {
        byte[] picture = TestImages.Picture(37, 21, 6);
        ImageWriter.SavePng(_folder.File("sub/a.png"), picture, 37, 21);
        ImageWriter.SavePng(_folder.File("sub/b.png"), picture, 37, 21);
        Assert.Equal(File.ReadAllBytes(_folder.File("sub/a.png")), File.ReadAllBytes(_folder.File("sub/b.png")));
        (byte[] back, int width, int height) = TestImages.Decode(_folder.File("sub/a.png"));
        Assert.Equal((37, 21), (width, height));
        Assert.Equal(picture, back);

        ImageWriter.SaveJpeg(_folder.File("a.jpg"), picture, 37, 21, 98);
        double error = TestImages.Decode(_folder.File("a.jpg")).Rgb.Zip(picture, (a, b) => (double)Math.Abs(a - b)).Average();
        Assert.InRange(error, 0.01, 25);

        Directory.CreateDirectory(_folder.File("folder.png"));
        Assert.Equal("ImageNotWritable", Assert.Throws<QosValuationException>(() => ImageWriter.SavePng(_folder.File("folder.png"), picture, 37, 21)).ErrorId);
        Assert.Throws<ArgumentException>(() => ImageWriter.EncodePng(picture, 37, 20));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageWriter.EncodeJpeg(picture, 37, 21, 101));
    }

    [Fact]
    public void TheNativeLibraryIsFoundFromAnotherLoadContext()
    {
        string assembly = typeof(ImagePreprocessor).Assembly.Location;
        var context = new FolderContext(Path.GetDirectoryName(assembly)!);
        Type type = context.LoadFromAssemblyPath(assembly).GetType(typeof(ImageWriter).FullName!)!;
        Assert.NotSame(typeof(ImageWriter), type);
        ImageWriterSavePng save = type.GetMethod(nameof(ImageWriter.SavePng))!.CreateDelegate<ImageWriterSavePng>();
        byte[] picture = TestImages.Picture(5, 6, 7);
        save(_folder.File("other.png"), picture, 5, 6);
        Assert.Equal(picture, TestImages.Decode(_folder.File("other.png")).Rgb);
    }

    private delegate void ImageWriterSavePng(string path, ReadOnlySpan<byte> rgb, int width, int height);

    private static byte[] Crop(string path, int side)
    {
        byte[] crop = new byte[3 * side * side];
        new ImagePreprocessor(new ImagePreprocessing { ImageSize = side }).Crop(path, crop);
        return crop;
    }

    // Slow waves of colour, of which a smaller picture keeps everything.
    private static byte[] Smooth(int width, int height)
    {
        byte[] pixels = new byte[3 * width * height];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                for (int c = 0; c < 3; c++)
                {
                    pixels[3 * (y * width + x) + c] = (byte)(128 + 60 * Math.Sin((x + 30 * c) / 40.0) + 60 * Math.Cos((y - 20 * c) / 30.0));
                }
            }
        }

        return pixels;
    }

    private static byte[] Crop(byte[] encoded, int side, ImageDecoding decoding = ImageDecoding.Exact)
    {
        byte[] crop = new byte[3 * side * side];
        new ImagePreprocessor(new ImagePreprocessing { ImageSize = side }, decoding: decoding).Crop(encoded, "memory", crop);
        return crop;
    }

    private static byte[] Repeat(byte[] grey) => [.. grey.SelectMany(g => new[] { g, g, g })];

    private sealed class FolderContext(string folder) : AssemblyLoadContext("images")
    {
        protected override System.Reflection.Assembly? Load(System.Reflection.AssemblyName assemblyName)
        {
            string path = Path.Combine(folder, assemblyName.Name + ".dll");
            return File.Exists(path) ? LoadFromAssemblyPath(path) : null;
        }
    }
}
