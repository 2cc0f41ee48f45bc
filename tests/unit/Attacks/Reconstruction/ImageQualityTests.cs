using QosValuation.Attacks.Reconstruction;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class ImageQualityTests
{
    [Fact]
    public void PsnrIsTheLogarithmOfTheMeanSquare()
    {
        byte[] a = [.. Enumerable.Repeat((byte)100, 300)];
        byte[] b = [.. Enumerable.Repeat((byte)110, 300)];
        Assert.Equal(20 * Math.Log10(25.5), ImageQuality.Psnr(a, b), 1e-9);
        Assert.Equal(double.PositiveInfinity, ImageQuality.Psnr(a, a));
        Assert.Throws<ArgumentException>(() => ImageQuality.Psnr(a, b.AsSpan(0, 3)));
    }

    [Fact]
    public void SsimOfFlatImagesIsItsLuminanceTerm()
    {
        // Without variance only (2xy + c₁)/(x² + y² + c₁) is left.
        byte[] a = [.. Enumerable.Repeat((byte)100, 3 * 16 * 12)];
        byte[] b = [.. Enumerable.Repeat((byte)150, 3 * 16 * 12)];
        const double c1 = 6.5025;
        Assert.Equal(((2 * 100.0 * 150) + c1) / ((100.0 * 100) + (150.0 * 150) + c1), ImageQuality.Ssim(a, b, 16, 12), 1e-9);
        Assert.Equal(1, ImageQuality.Ssim(a, a, 16, 12), 1e-12);
    }

    [Fact]
    public void SsimFallsWithNoiseAndIsNegativeForANegative()
    {
        RandomSource random = RandomSource.Create(2);
        byte[] image = new byte[3 * 32 * 32];
        for (int i = 0; i < image.Length; i += 3)
        {
            image[i] = image[i + 1] = image[i + 2] = (byte)random.NextInt32(256);
        }

        byte[] Noisy(int amplitude) => [.. image.Select(v => (byte)Math.Clamp(v + random.NextInt32((2 * amplitude) + 1) - amplitude, 0, 255))];
        double little = ImageQuality.Ssim(image, Noisy(10), 32, 32);
        double much = ImageQuality.Ssim(image, Noisy(80), 32, 32);
        Assert.InRange(little, much + 0.01, 0.9999);
        Assert.True(ImageQuality.Ssim(image, [.. image.Select(v => (byte)(255 - v))], 32, 32) < -0.5);
        Assert.Throws<ArgumentException>(() => ImageQuality.Ssim(image, image, 8, 128));
    }
}
