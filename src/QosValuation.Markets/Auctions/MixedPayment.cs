namespace QosValuation.Markets.Auctions;

/// <summary>
/// Mixed-MIA (seed 002, section 8 and Algorithm 2): a winner is paid ρ·p + (1 − ρ)·s·U, with p the auction's payment and s its part of Σ q·φ.
/// </summary>
/// <remarks>
/// <para>As published, s divides by the sum over the winners. A provider that keeps others out raises its own share, and the whole cost is held
/// against a part of the payment: for ρ below 1 it is neither truthful nor individually rational.</para>
/// <para>Corrected, the shares b = (1 − ρ)·U·q·φ/Σ are posted over all eligible providers, whatever they report; the auction runs on the
/// residual costs r = max(0, (c − b)/ρ) and pays ρ·t(r) + b. Shares that nobody takes stay with the planner. At ρ = 0 it is a posted price:
/// who asks at most b accepts.</para>
/// </remarks>
internal sealed class MixedPayment
{
    private readonly double _liquidity;
    private readonly double _shared;
    private readonly bool _isCorrected;
    private readonly double[] _costs;
    private readonly double[] _values;
    private readonly double[] _weights;

    public MixedPayment(double liquidity, double pool, bool isCorrected, double[] costs, double[] quality, double[] utility, double[] values)
    {
        _liquidity = liquidity;
        _shared = (1 - liquidity) * pool;
        _isCorrected = isCorrected;
        _costs = costs;
        _values = values;
        _weights = new double[costs.Length];
        for (int i = 0; i < costs.Length; i++)
        {
            _weights[i] = quality[i] * Math.Max(utility[i], 0);
        }

        if (isCorrected)
        {
            Shares = SharesOf(i => values[i] > 0);
            Reports = new double[costs.Length];
            for (int i = 0; i < costs.Length; i++)
            {
                Reports[i] = Math.Max(0, (costs[i] - (Shares[i] * _shared)) / liquidity);
            }
        }
        else
        {
            Shares = [];
            Reports = costs;
        }
    }

    /// <summary>What the auction sees: the reports, or the residual costs.</summary>
    public double[] Reports { get; }

    /// <summary>Whether the auction is replaced by posted prices: corrected, ρ = 0.</summary>
    public bool IsPostedPrice => _isCorrected && _liquidity == 0;

    /// <summary>Whether nothing is shared, so that the auction stands as it is.</summary>
    public bool IsPlain => _liquidity == 1;

    /// <summary>Whether the mixture keeps a truthful auction truthful.</summary>
    public bool IsTruthful => _isCorrected || IsPlain;

    private double[] Shares { get; }

    /// <summary>Who asks at most its posted share wins. O(n).</summary>
    /// <param name="outcome">Receives the outcome.</param>
    public void AcceptPostedPrices(AuctionOutcome outcome)
    {
        for (int i = 0; i < _costs.Length; i++)
        {
            if (_values[i] > 0)
            {
                outcome.Reasons[i] = _costs[i] <= Shares[i] * _shared ? AwardReason.Won : AwardReason.TooDear;
            }
        }
    }

    /// <summary>Turns an auction's payments into mixed ones. O(n).</summary>
    /// <param name="outcome">The auction's outcome.</param>
    /// <param name="critical">The critical costs of the auction; those of the mixture afterwards, NaN where there is none.</param>
    /// <param name="payments">Receives all that is paid.</param>
    /// <param name="cash">Receives the part in money.</param>
    /// <returns>The winners' shares.</returns>
    public double[] Pay(AuctionOutcome outcome, double[] critical, out double[] payments, out double[] cash)
    {
        double[] shares = _isCorrected ? Shares : SharesOf(i => outcome.Reasons[i] == AwardReason.Won);
        payments = new double[_costs.Length];
        cash = new double[_costs.Length];
        for (int i = 0; i < _costs.Length; i++)
        {
            if (outcome.Reasons[i] != AwardReason.Won)
            {
                shares[i] = 0;
                continue;
            }

            cash[i] = _liquidity * outcome.Payments[i];
            payments[i] = cash[i] + (shares[i] * _shared);
            if (_isCorrected)
            {
                critical[i] = (_liquidity * critical[i]) + (shares[i] * _shared);
                payments[i] = Math.Max(payments[i], _costs[i]);
            }
        }

        return shares;
    }

    private double[] SharesOf(Func<int, bool> takesPart)
    {
        double[] shares = new double[_weights.Length];
        double sum = 0;
        for (int i = 0; i < shares.Length; i++)
        {
            sum += takesPart(i) ? _weights[i] : 0;
        }

        for (int i = 0; sum > 0 && i < shares.Length; i++)
        {
            shares[i] = takesPart(i) ? _weights[i] / sum : 0;
        }

        return shares;
    }
}
