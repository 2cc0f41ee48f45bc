namespace QosValuation.Markets.Dynamics;

/// <summary>
/// Multiplicative weights over a finite set of actions whose utilities are all known after each round (Hedge: Freund and Schapire 1997): action k is
/// played with probability p_k ∝ exp(η·U_k), U_k its utility summed over the rounds so far.
/// </summary>
/// <remarks>
/// η = λ·√(8·ln K / Σ r²), r a round's largest less its smallest utility, so that the units do not matter and nothing need be known in advance (the rate
/// of the fixed-horizon bound √(T·ln K / 2) for r = 1; the idea of scale-free rates is Orabona and Pál, 2015). Before the first round in which
/// the actions differ all are alike. O(K) a round.
/// </remarks>
/// <param name="count">K ≥ 1: the number of actions.</param>
/// <param name="rate">λ &gt; 0.</param>
internal sealed class MultiplicativeWeights(int count, double rate)
{
    private readonly double[] _sums = new double[count];
    private double _squares;

    /// <summary>p: the probabilities of the actions in the next round.</summary>
    public double[] Probabilities { get; } = Uniform(count);

    /// <summary>Takes what each action would have gained in a round.</summary>
    /// <param name="utilities">A finite number for each action.</param>
    public void Learn(ReadOnlySpan<double> utilities)
    {
        double least = double.PositiveInfinity;
        double most = double.NegativeInfinity;
        for (int k = 0; k < utilities.Length; k++)
        {
            _sums[k] += utilities[k];
            least = Math.Min(least, utilities[k]);
            most = Math.Max(most, utilities[k]);
        }

        _squares += (most - least) * (most - least);
        if (!(_squares > 0))
        {
            return;
        }

        double step = rate * Math.Sqrt(8 * Math.Log(_sums.Length) / _squares);
        double best = _sums.Max();
        double total = 0;
        for (int k = 0; k < _sums.Length; k++)
        {
            Probabilities[k] = Math.Exp(step * (_sums[k] - best));
            total += Probabilities[k];
        }

        for (int k = 0; k < _sums.Length; k++)
        {
            Probabilities[k] /= total;
        }
    }

    /// <summary>The action at a place of the cumulative distribution.</summary>
    /// <param name="uniform">In [0, 1).</param>
    public int Draw(double uniform)
    {
        double sum = 0;
        for (int k = 0; k < Probabilities.Length; k++)
        {
            sum += Probabilities[k];
            if (uniform < sum)
            {
                return k;
            }
        }

        return Array.FindLastIndex(Probabilities, probability => probability > 0);
    }

    private static double[] Uniform(int count)
    {
        double[] probabilities = new double[count];
        Array.Fill(probabilities, 1.0 / count);
        return probabilities;
    }
}
