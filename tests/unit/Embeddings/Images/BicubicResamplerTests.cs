using QosValuation.Embeddings.Images;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed unsafe class BicubicResamplerTests
{
    public static TheoryData<int, int, int> Sizes() => new()
    {
        { 640, 480, 224 },
        { 333, 500, 96 },
        { 31, 17, 64 },
        { 224, 300, 224 },
        { 1, 1, 16 },
        { 1, 37, 8 },
        { 900, 3, 10 },
        { 97, 98, 97 },
        { 15, 16, 7 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void TwoPassesMatchTheFormulaInDoublePrecision(int width, int height, int side)
    {
        byte[] picture = TestImages.Picture(width, height, 100 + width);
        var preprocessor = new ImagePreprocessor(new ImagePreprocessing { ImageSize = side });
        byte[] crop = new byte[3 * side * side];
        preprocessor.Crop(ImageWriter.EncodePng(picture, width, height), "picture", crop);

        (long resizedWidth, long resizedHeight) = preprocessor.ResizedSize(width, height);
        double[,,] first = Resize(picture, width, height, (int)resizedWidth, horizontal: true);
        byte[] rounded = Round(first);
        double[,,] second = Resize(rounded, (int)resizedWidth, height, (int)resizedHeight, horizontal: false);
        int left = (int)Math.Round((resizedWidth - side) / 2.0, MidpointRounding.ToEven);
        int top = (int)Math.Round((resizedHeight - side) / 2.0, MidpointRounding.ToEven);
        int unequal = 0;
        for (int y = 0; y < side; y++)
        {
            for (int x = 0; x < side; x++)
            {
                for (int c = 0; c < 3; c++)
                {
                    double expected = second[top + y, left + x, c];
                    int actual = crop[3 * (y * side + x) + c];

                    // 22-bit weights move a sum by less than 0.01, and a rounding between the passes by a weight (< 1.2).
                    Assert.InRange(actual, Math.Clamp(expected, 0, 255) - 1.7, Math.Clamp(expected, 0, 255) + 1.7);
                    unequal += actual == (int)Math.Floor(Math.Clamp(expected, 0, 255) + 0.5) ? 0 : 1;
                }
            }
        }

        Assert.True(unequal <= 3 * side * side / 200, $"{unequal} of {3 * side * side} samples differ.");
    }

    [Fact]
    public void EveryKernelGivesTheSameBytes()
    {
        RandomSource random = RandomSource.Create(5);
        for (int round = 0; round < 60; round++)
        {
            int width = 1 + random.NextInt32(round % 3 == 0 ? 3000 : 90), rows = 1 + random.NextInt32(9);
            long output = 1 + random.NextInt32(120);
            int count = 1 + random.NextInt32((int)output), first = random.NextInt32((int)output - count + 1);
            var weights = ResampleWeights.Get(width, output, first, count);
            byte[] source = new byte[width * rows * 3 + 64];
            random.NextBytes(source);
            if (round % 2 == 0)
            {
                // Extremes: overshoot on both sides must be clipped alike.
                for (int i = 0; i < source.Length; i++)
                {
                    source[i] = source[i] < 128 ? (byte)0 : (byte)255;
                }
            }

            int stride = 3 * count + 5;
            byte[] scalar = Across(source, width, rows, weights, stride, ResampleKernel.Scalar);
            Assert.Equal(scalar, Across(source, width, rows, weights, stride, ResampleKernel.Vector128));
            if (System.Runtime.Intrinsics.X86.Avx2.IsSupported)
            {
                Assert.Equal(scalar, Across(source, width, rows, weights, stride, ResampleKernel.Avx2));
            }

            Assert.Equal(Down(source, width, weights, scalar: true), Down(source, width, weights, scalar: false));
        }
    }

    [Fact]
    public void AWindowOfOutputsIsTheSameAsTheWholeCutDown()
    {
        var whole = ResampleWeights.Get(1000, 357, 0, 357);
        var window = ResampleWeights.Get(1000, 357, 66, 224);
        for (int i = 0; i < 224; i++)
        {
            Assert.Equal(whole.Starts[66 + i], window.Starts[i]);
            Assert.Equal(whole.Taps[66 + i], window.Taps[i]);
            Assert.Equal(whole.Values[((66 + i) * whole.Stride)..((66 + i) * whole.Stride + whole.Taps[66 + i])], window.Values[(i * window.Stride)..(i * window.Stride + window.Taps[i])]);
        }
    }

    [Theory]
    [InlineData(3, 200)]
    [InlineData(200, 3)]
    [InlineData(20_000, 224)]
    [InlineData(1, 1)]
    [InlineData(640, 224)]
    public void WeightsSumToOne(int input, int output)
    {
        var weights = ResampleWeights.Get(input, output, 0, output);
        for (int i = 0; i < output; i++)
        {
            long sum = 0;
            foreach (int value in weights.Values.AsSpan(i * weights.Stride, weights.Taps[i]))
            {
                sum += value;
            }

            Assert.InRange(sum, (1 << 22) - weights.Taps[i], (1 << 22) + weights.Taps[i]);
            Assert.True(weights.Starts[i] >= 0 && weights.Starts[i] + weights.Taps[i] <= input);
        }
    }

    private static byte[] Across(byte[] source, int width, int rows, ResampleWeights weights, int stride, ResampleKernel kernel)
    {
        byte[] output = new byte[stride * rows + 4];
        fixed (byte* from = source, to = output)
        {
            BicubicResampler.Horizontal(from, width * 3, rows, weights, to, stride, kernel);
        }

        // What lies between the rows is not part of the result.
        byte[] compact = new byte[3 * weights.Count * rows];
        for (int y = 0; y < rows; y++)
        {
            output.AsSpan(y * stride, 3 * weights.Count).CopyTo(compact.AsSpan(y * 3 * weights.Count));
        }

        return compact;
    }

    /// <summary>The same samples taken as a column of pixels, repeated to a row of 50 bytes.</summary>
    private static byte[] Down(byte[] source, int height, ResampleWeights weights, bool scalar)
    {
        const int rowBytes = 50;
        byte[] column = new byte[(weights.EndInput - weights.FirstInput) * rowBytes];
        for (int i = 0; i < column.Length; i++)
        {
            column[i] = source[(i / rowBytes * 31 + i % rowBytes * 7) % (height * 3)];
        }

        byte[] output = new byte[weights.Count * rowBytes];
        fixed (byte* from = column, to = output)
        {
            BicubicResampler.Vertical(from, rowBytes, rowBytes, weights, to, scalar);
        }

        return output;
    }

    /// <summary>One pass by the definition: Keys' kernel with a = −1/2, stretched when reducing, normalised.</summary>
    private static double[,,] Resize(byte[] rgb, int width, int height, int size, bool horizontal)
    {
        int input = horizontal ? width : height;
        double scale = (double)input / size, stretch = Math.Max(1, scale);
        double[,,] result = new double[horizontal ? height : size, horizontal ? size : width, 3];
        for (int o = 0; o < size; o++)
        {
            double centre = (o + 0.5) * scale;
            int start = Math.Max(0, (int)(centre - 2 * stretch + 0.5)), end = Math.Min(input, (int)(centre + 2 * stretch + 0.5));
            double[] weights = [.. Enumerable.Range(start, end - start).Select(i => Keys((i + 0.5 - centre) / stretch))];
            double total = weights.Sum();
            for (int other = 0; other < (horizontal ? height : width); other++)
            {
                for (int c = 0; c < 3; c++)
                {
                    double sum = 0;
                    for (int i = start; i < end; i++)
                    {
                        sum += weights[i - start] / total * rgb[3 * (horizontal ? other * width + i : i * width + other) + c];
                    }

                    result[horizontal ? other : o, horizontal ? o : other, c] = sum;
                }
            }
        }

        return result;
    }

    private static double Keys(double x)
    {
        x = Math.Abs(x);
        return x < 1 ? 1.5 * x * x * x - 2.5 * x * x + 1 : x < 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2 : 0;
    }

    private static byte[] Round(double[,,] image) => [.. image.Cast<double>().Select(v => (byte)Math.Clamp(Math.Floor(v + 0.5), 0, 255))];
}
