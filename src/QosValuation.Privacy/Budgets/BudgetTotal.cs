using System.Buffers.Binary;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Privacy.Budgets;

/// <summary>What a contributor has spent: Σμ² of Gaussian releases, and Rényi divergences of others.</summary>
/// <param name="SquaredMu">Σμ² ≥ 0.</param>
/// <param name="Curve">Divergences at <see cref="PrivacyCost.Orders"/>; null without any.</param>
internal readonly record struct BudgetTotal(double SquaredMu, double[]? Curve)
{
    /// <summary>Adds what a release costs.</summary>
    /// <param name="cost">The cost.</param>
    /// <returns>The sum, rounded up, so that no number of charges sums to less than it should.</returns>
    public BudgetTotal Plus(PrivacyCost cost) => Plus(new BudgetTotal(cost.SquaredMu, cost.Curve()));

    /// <summary>Adds another total.</summary>
    /// <param name="other">The other.</param>
    /// <returns>The sum, rounded up.</returns>
    public BudgetTotal Plus(BudgetTotal other) => new(
        Sum(SquaredMu, other.SquaredMu),
        Curve is null ? other.Curve : other.Curve is null ? Curve : [.. Curve.Zip(other.Curve, Sum)]);

    /// <summary>The ε that all of it costs together.</summary>
    /// <param name="delta">δ in (0, 1).</param>
    /// <returns>ε ≥ 0.</returns>
    public double Epsilon(double delta) =>
        Curve is null ? GaussianCalibration.EpsilonOfSquaredMu(SquaredMu, delta) : PrivacyCost.EpsilonOfCurve(SquaredMu, Curve, delta);

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
