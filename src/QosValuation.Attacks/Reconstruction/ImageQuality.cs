namespace QosValuation.Attacks.Reconstruction;

/// <summary>Full-reference measures between two 8-bit RGB images of one size.</summary>
public static class ImageQuality
{
    /// <summary>The side of the window of SSIM, and so of the smallest picture it is defined for.</summary>
    public const int SmallestSide = 11;

    /// <summary>Peak signal-to-noise ratio over all samples.</summary>
    /// <param name="image">width · height · 3 bytes.</param>
    /// <param name="reference">As many bytes.</param>
    /// <returns>10·log₁₀(255²/MSE) in decibels; +∞ for equal images.</returns>
    /// <exception cref="ArgumentException">The images differ in size.</exception>
    public static double Psnr(ReadOnlySpan<byte> image, ReadOnlySpan<byte> reference)
    {
        if (image.Length != reference.Length || image.IsEmpty)
        {
            throw new ArgumentException("The images must be of one size.", nameof(reference));
        }

        long squares = 0;
        for (int i = 0; i < image.Length; i++)
        {
            int difference = image[i] - reference[i];
            squares += difference * difference;
        }

        return squares == 0 ? double.PositiveInfinity : 10 * Math.Log10(255.0 * 255.0 * image.Length / squares);
    }

    /// <summary>
    /// Structural similarity (Wang, Bovik, Sheikh and Simoncelli 2004) of the luma planes: Gaussian window of 11 × 11 with
    /// σ = 1.5, K₁ = 0.01, K₂ = 0.03, averaged over all whole windows.
    /// </summary>
    /// <param name="image">width · height · 3 bytes.</param>
    /// <param name="reference">As many bytes.</param>
    /// <param name="width">At least 11.</param>
    /// <param name="height">At least 11.</param>
    /// <returns>−1 to 1; 1 for equal images.</returns>
    /// <exception cref="ArgumentException">The images differ in size or are smaller than the window.</exception>
    public static double Ssim(ReadOnlySpan<byte> image, ReadOnlySpan<byte> reference, int width, int height)
    {
        if (image.Length != reference.Length || image.Length != 3 * width * height || width < SmallestSide || height < SmallestSide)
        {
            throw new ArgumentException("The images must be of one size, at least 11 × 11 pixels.", nameof(reference));
        }

        double[] x = Luma(image);
        double[] y = Luma(reference);
        double[] xx = [.. x.Select(v => v * v)];
        double[] yy = [.. y.Select(v => v * v)];
        double[] xy = [.. x.Zip(y, (a, b) => a * b)];
        double[] kernel = new double[11];
        for (int i = 0; i < 11; i++)
        {
            kernel[i] = Math.Exp(-(i - 5) * (i - 5) / (2 * 1.5 * 1.5));
        }

        double total = kernel.Sum();
        kernel = Array.ConvertAll(kernel, k => k / total);
        double[] meanX = Blur(x, width, height, kernel);
        double[] meanY = Blur(y, width, height, kernel);
        double[] meanXX = Blur(xx, width, height, kernel);
        double[] meanYY = Blur(yy, width, height, kernel);
        double[] meanXY = Blur(xy, width, height, kernel);
        const double c1 = 0.01 * 255 * 0.01 * 255;
        const double c2 = 0.03 * 255 * 0.03 * 255;
        double sum = 0;
        for (int i = 0; i < meanX.Length; i++)
        {
            double mx = meanX[i];
            double my = meanY[i];
            double numerator = ((2 * mx * my) + c1) * ((2 * (meanXY[i] - (mx * my))) + c2);
            double denominator = ((mx * mx) + (my * my) + c1) * (meanXX[i] - (mx * mx) + meanYY[i] - (my * my) + c2);
            sum += numerator / denominator;
        }

        return sum / meanX.Length;
    }

    /// <summary>Rec. 601 luma.</summary>
    private static double[] Luma(ReadOnlySpan<byte> rgb)
    {
        double[] luma = new double[rgb.Length / 3];
        for (int i = 0; i < luma.Length; i++)
        {
            luma[i] = (0.299 * rgb[3 * i]) + (0.587 * rgb[(3 * i) + 1]) + (0.114 * rgb[(3 * i) + 2]);
        }

        return luma;
    }

    private static double[] Blur(double[] plane, int width, int height, double[] kernel)
    {
        int innerWidth = width - 10;
        int innerHeight = height - 10;
        double[] rows = new double[innerWidth * height];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < innerWidth; x++)
            {
                double sum = 0;
                for (int k = 0; k < 11; k++)
                {
                    sum += kernel[k] * plane[(y * width) + x + k];
                }

                rows[(y * innerWidth) + x] = sum;
            }
        }

        double[] result = new double[innerWidth * innerHeight];
        for (int y = 0; y < innerHeight; y++)
        {
            for (int k = 0; k < 11; k++)
            {
                for (int x = 0; x < innerWidth; x++)
                {
                    result[(y * innerWidth) + x] += kernel[k] * rows[((y + k) * innerWidth) + x];
                }
            }
        }

        return result;
    }
}
