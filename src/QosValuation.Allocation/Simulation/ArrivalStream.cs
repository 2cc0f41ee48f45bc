using QosValuation.Foundation.Randomness;

namespace QosValuation.Allocation.Simulation;

/// <summary>The requests of one agent, one after another in order of time.</summary>
internal sealed class ArrivalStream
{
    private readonly RandomSource? _random;
    private readonly ReadOnlyMemory<RequestTrace.Request> _trace;
    private readonly double _meanGap;
    private readonly double _meanOn;
    private readonly double _meanOff;
    private readonly CostModel _cost;
    private int _next;
    private bool _isOn = true;
    private double _sojournEnd = double.PositiveInfinity;

    /// <summary>Creates a stream of Poisson arrivals; bursts where <paramref name="meanOff"/> is above 0.</summary>
    /// <param name="random">Draws gaps and costs.</param>
    /// <param name="rate">The long-run rate; 0 gives no request.</param>
    /// <param name="meanOn">The mean length of a burst.</param>
    /// <param name="meanOff">The mean length of the silence between bursts; 0 for none.</param>
    /// <param name="cost">Draws costs.</param>
    public ArrivalStream(RandomSource random, double rate, double meanOn, double meanOff, CostModel cost)
    {
        _random = random;
        _cost = cost;
        _meanOn = meanOn;
        _meanOff = meanOff;
        double onFraction = meanOff > 0 ? meanOn / (meanOn + meanOff) : 1;
        _meanGap = onFraction / rate;
        if (meanOff > 0)
        {
            // The process starts in its stationary state; the sojourns are memoryless.
            _isOn = random.NextDouble() < onFraction;
            _sojournEnd = Exponential(_isOn ? meanOn : meanOff);
        }

        MoveNext();
    }

    /// <summary>Creates a stream that follows a trace.</summary>
    /// <param name="trace">Requests in order of time.</param>
    /// <param name="meanCost">The cost of a request that names none.</param>
    public ArrivalStream(ReadOnlyMemory<RequestTrace.Request> trace, double meanCost)
    {
        _trace = trace;
        _cost = new CostModel(CostDistribution.Fixed, meanCost, 0);
        Time = 0;
        MoveNext();
    }

    /// <summary>When the next request arrives; infinite where none follows.</summary>
    public double Time { get; private set; }

    /// <summary>Its cost in tokens.</summary>
    public double Cost { get; private set; }

    /// <summary>Goes on to the following request.</summary>
    public void MoveNext()
    {
        if (_random is null)
        {
            ReadOnlySpan<RequestTrace.Request> trace = _trace.Span;
            if (_next < trace.Length)
            {
                (Time, double cost) = trace[_next++];
                Cost = double.IsNaN(cost) ? _cost.Mean : cost;
            }
            else
            {
                Time = double.PositiveInfinity;
            }

            return;
        }

        if (double.IsPositiveInfinity(_meanGap))
        {
            Time = double.PositiveInfinity;
            return;
        }

        double time = Time;
        while (true)
        {
            if (_isOn)
            {
                double arrival = time + Exponential(_meanGap);
                if (arrival <= _sojournEnd)
                {
                    Time = arrival;
                    break;
                }
            }

            time = _sojournEnd;
            _isOn = !_isOn;
            _sojournEnd = time + Exponential(_isOn ? _meanOn : _meanOff);
        }

        Cost = _cost.Draw(_random);
    }

    private double Exponential(double mean) => -mean * Math.Log(_random!.NextPositiveDouble());
}

/// <summary>Draws what requests cost.</summary>
internal readonly struct CostModel
{
    private readonly CostDistribution _distribution;
    private readonly double _first;
    private readonly double _second;

    /// <summary>Creates a model.</summary>
    /// <param name="distribution">The distribution.</param>
    /// <param name="mean">Its mean, above 0 (at least 1 for the geometric).</param>
    /// <param name="variation">The coefficient of variation of the log-normal.</param>
    public CostModel(CostDistribution distribution, double mean, double variation)
    {
        _distribution = distribution;
        Mean = mean;
        (_first, _second) = distribution switch
        {
            // P(cost > n) = (1 − 1/mean)ⁿ.
            CostDistribution.Geometric => (mean > 1 ? 1 / Math.Log(1 - 1 / mean) : 0, 0),
            CostDistribution.LogNormal => (Math.Log(mean) - 0.5 * Math.Log(1 + variation * variation), Math.Sqrt(Math.Log(1 + variation * variation))),
            _ => (mean, 0),
        };
    }

    /// <summary>The mean cost in tokens.</summary>
    public double Mean { get; }

    /// <summary>Draws one cost; the fixed cost uses no random number.</summary>
    /// <param name="random">The source.</param>
    /// <returns>Tokens, at least 0.</returns>
    public double Draw(RandomSource random) => _distribution switch
    {
        CostDistribution.Geometric => 1 + Math.Floor(_first * Math.Log(random.NextPositiveDouble())),
        CostDistribution.Exponential => -_first * Math.Log(random.NextPositiveDouble()),
        CostDistribution.LogNormal => Math.Exp(_first + _second * random.NextNormal()),
        _ => _first,
    };
}
