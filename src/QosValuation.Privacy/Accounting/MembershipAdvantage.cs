namespace QosValuation.Privacy.Accounting;

/// <summary>What differential privacy leaves to an attacker on membership.</summary>
public static class MembershipAdvantage
{
    /// <summary>
    /// The largest advantage over guessing that (ε, δ)-differential privacy leaves to any attacker who knows all but one record
    /// (Kairouz, Oh and Viswanath 2015, "The composition theorem for differential privacy").
    /// </summary>
    /// <param name="epsilon">ε, at least 0.</param>
    /// <param name="delta">δ, in [0, 1].</param>
    /// <returns>(e^ε − 1 + 2δ)/(e^ε + 1), in [0, 1].</returns>
    public static double Largest(double epsilon, double delta) => Math.Min(1, Math.Tanh(epsilon / 2) + 2 * delta / (Math.Exp(epsilon) + 1));
}
