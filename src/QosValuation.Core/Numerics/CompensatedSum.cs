namespace QosValuation.Numerics;

/// <summary>
/// A running sum with a correction term (Neumaier 1974): the error is about one rounding of the result plus
/// n·2⁻¹⁰⁶ of Σ|x|, so that a million tiny terms keep all their digits.
/// </summary>
internal struct CompensatedSum
{
    private double _sum;
    private double _correction;

    /// <summary>Adds one finite term. O(1).</summary>
    /// <param name="term">The term.</param>
    public void Add(double term)
    {
        double next = _sum + term;
        _correction += Math.Abs(_sum) >= Math.Abs(term) ? (_sum - next) + term : (term - next) + _sum;
        _sum = next;
    }

    /// <summary>The sum so far.</summary>
    public readonly double Value => _sum + _correction;

    /// <summary>Sums a span. O(n).</summary>
    /// <param name="terms">Finite terms.</param>
    /// <returns>Σ terms; 0 for an empty span.</returns>
    public static double Of(ReadOnlySpan<double> terms)
    {
        CompensatedSum sum = default;
        foreach (double term in terms)
        {
            sum.Add(term);
        }

        return sum.Value;
    }
}
