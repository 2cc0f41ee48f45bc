namespace QosValuation.Valuation.MarginalUtility;

/// <summary>Harmonic numbers.</summary>
internal static class Harmonic
{
    private const double EulerGamma = 0.57721566490153286;

    private static readonly double[] Small = Sums(1024);

    /// <summary>H_n = 1 + 1/2 + … + 1/n. O(1); by the expansion of Euler and Maclaurin above 1,024, to the last digits.</summary>
    /// <param name="n">0 or more.</param>
    /// <returns>H_n; 0 for n = 0.</returns>
    public static double Number(long n)
    {
        if (n < Small.Length)
        {
            return Small[n];
        }

        double inverse = 1.0 / n;
        double square = inverse * inverse;
        return Math.Log(n) + EulerGamma + inverse / 2 - square / 12 + square * square / 120;
    }

    private static double[] Sums(int count)
    {
        double[] sums = new double[count];
        for (int i = 1; i < count; i++)
        {
            sums[i] = sums[i - 1] + 1.0 / i;
        }

        return sums;
    }
}
