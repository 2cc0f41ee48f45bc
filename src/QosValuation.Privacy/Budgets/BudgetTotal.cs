using System.Buffers.Binary;
using QosValuation.Privacy.Accounting;

namespace QosValuation.Privacy.Budgets;

/// <summary>What a contributor has spent: Σμ² of Gaussian releases, Rényi divergences of others, and where those are all of samples, the samples.</summary>
/// <param name="SquaredMu">Σμ² ≥ 0.</param>
/// <param name="Curve">Divergences at <see cref="PrivacyCost.Orders"/>; null without any.</param>
/// <param name="Samples">The samples that make up all of <paramref name="Curve"/>; null where it holds anything else.</param>
internal readonly record struct BudgetTotal(double SquaredMu, double[]? Curve, SampledRelease[]? Samples = null)
{
    /// <summary>The most kinds of samples that are kept apart. Beyond it two that are alike count as the costlier of both.</summary>
    internal const int MostSamples = 48;

    /// <summary>Adds what a release costs.</summary>
    /// <param name="cost">The cost.</param>
    /// <returns>The sum, rounded up, so that no number of charges sums to less than it should.</returns>
    public BudgetTotal Plus(PrivacyCost cost) => Plus(new BudgetTotal(cost.SquaredMu, cost.Curve(), SamplesOf(cost)));

    /// <summary>Adds another total.</summary>
    /// <param name="other">The other.</param>
    /// <returns>The sum, rounded up.</returns>
    public BudgetTotal Plus(BudgetTotal other) => new(
        Sum(SquaredMu, other.SquaredMu),
        Curve is null ? other.Curve : other.Curve is null ? Curve : [.. Curve.Zip(other.Curve, Sum)],
        Curve is null ? other.Samples : other.Curve is null ? Samples : Together(Samples, other.Samples));

    /// <summary>The samples of a cost.</summary>
    /// <param name="cost">The cost.</param>
    /// <returns>Null where nothing was sampled, or something else than samples is not Gaussian.</returns>
    public static SampledRelease[]? SamplesOf(PrivacyCost cost) => cost.Rho == 0 && cost.Samples.Count > 0 ? Few([.. cost.Samples]) : null;

    /// <summary>Adds samples.</summary>
    /// <param name="first">Some; null where they are not all that counts.</param>
    /// <param name="second">Others.</param>
    /// <returns>All, in the order in which they came first; null where one of the two is not all that counts.</returns>
    public static SampledRelease[]? Together(SampledRelease[]? first, SampledRelease[]? second)
    {
        try
        {
            return first is null || second is null ? null : Few([.. PrivacyCost.Merge(first, second)]);
        }
        catch (OverflowException)
        {
            // More than 2⁶³ steps: divergences count them.
            return null;
        }
    }

    /// <summary>
    /// Whether a total costs no more than another, whatever ε and δ: fewer, rarer and noisier samples can be made of more by leaving out and adding noise.
    /// </summary>
    /// <param name="other">The other.</param>
    /// <returns>False also where that is not seen at once.</returns>
    public bool IsWithin(BudgetTotal other) => SquaredMu <= other.SquaredMu
        && (Curve is null || (Samples is not null && other.Samples is not null && Samples.Length <= other.Samples.Length
            && Samples.Zip(other.Samples).All(pair =>
                pair.First.Rate <= pair.Second.Rate && pair.First.SquaredMu <= pair.Second.SquaredMu && pair.First.Count <= pair.Second.Count)));

    // Joins the two that are most alike until there are few enough. More sampling, less noise and more releases cost more, so that the sum is a bound.
    private static SampledRelease[] Few(List<SampledRelease> samples)
    {
        while (samples.Count > MostSamples)
        {
            (int A, int B, double Distance) nearest = (0, 1, double.PositiveInfinity);
            for (int a = 0; a < samples.Count; a++)
            {
                for (int b = a + 1; b < samples.Count; b++)
                {
                    double distance = Math.Abs(Math.Log(samples[a].SquaredMu / samples[b].SquaredMu))
                        + (2 * Math.Abs(Math.Log(samples[a].Rate / samples[b].Rate)));
                    nearest = distance < nearest.Distance ? (a, b, distance) : nearest;
                }
            }

            (SampledRelease first, SampledRelease second) = (samples[nearest.A], samples[nearest.B]);
            samples[nearest.A] = new SampledRelease(
                Math.Max(first.Rate, second.Rate), Math.Max(first.SquaredMu, second.SquaredMu), checked(first.Count + second.Count));
            samples.RemoveAt(nearest.B);
        }

        return [.. samples];
    }

    /// <summary>Adds two costs, rounding up.</summary>
    /// <param name="total">What is spent.</param>
    /// <param name="cost">What is added.</param>
    /// <returns>At least the sum.</returns>
    public static double Sum(double total, double cost) => total == 0 ? cost : cost == 0 ? total : Math.BitIncrement(total + cost);

    /// <summary>Reads divergences as a file holds them.</summary>
    /// <param name="value">A BLOB of little-endian doubles, or NULL.</param>
    /// <returns>The divergences; null for NULL.</returns>
    /// <exception cref="InvalidCastException">It is something else.</exception>
    public static double[]? CurveOf(object? value)
    {
        if (value is not byte[] bytes)
        {
            return value is null or DBNull ? null : throw new InvalidCastException("Divergences are no numbers.");
        }

        if (bytes.Length != sizeof(double) * PrivacyCost.Orders.Count)
        {
            throw new InvalidCastException($"Divergences of {bytes.Length} bytes are for other orders than the {PrivacyCost.Orders.Count} known here.");
        }

        double[] curve = new double[PrivacyCost.Orders.Count];
        for (int i = 0; i < curve.Length; i++)
        {
            curve[i] = BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(i * sizeof(double)));
            if (!(curve[i] >= 0))
            {
                throw new InvalidCastException("A divergence is below 0 or no number.");
            }
        }

        return curve;
    }

    /// <summary>The bytes of divergences, as <see cref="CurveOf"/> reads them.</summary>
    /// <param name="curve">The divergences.</param>
    /// <returns>The bytes.</returns>
    public static byte[] BytesOf(double[] curve)
    {
        byte[] bytes = new byte[sizeof(double) * curve.Length];
        for (int i = 0; i < curve.Length; i++)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(i * sizeof(double)), curve[i]);
        }

        return bytes;
    }
}
