namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// When sampling stops: all standard errors have come down to the target, or the utilities that may be asked for are spent. Samples are
/// drawn in rounds whose size depends on nothing but what was drawn before.
/// </summary>
internal sealed class SamplingPlan
{
    private const long StandardMaximum = 100_000;

    // With fewer samples a standard error is a poor guess.
    private const int LeastSamples = 30;
    private const int Round = 32;
    private readonly long _maximum;
    private readonly long _cost;
    private long _samples;

    /// <summary>Creates a plan.</summary>
    /// <param name="options">The target and the maximum.</param>
    /// <param name="span">|U(all) − U(none)|, of which a hundredth is the target where none is given.</param>
    /// <param name="spent">The utilities asked for before the first sample.</param>
    /// <param name="cost">The most utilities that a sample asks for.</param>
    /// <exception cref="QosValuationException"><c>TooFewEvaluations</c>: not even two samples are allowed.</exception>
    public SamplingPlan(MarginalUtilityOptions options, double span, long spent, long cost)
    {
        _maximum = options.MaximumEvaluations ?? Math.Max(StandardMaximum, spent + (2 * cost));
        _cost = cost;
        Target = options.StandardError ?? span / 100;
        Spent = spent;
        if (spent + (2 * cost) > _maximum)
        {
            throw new QosValuationException(
                Faults.TooFewEvaluations,
                $"Two samples, the least that have a standard error, take up to {spent + (2 * cost)} utilities, and {_maximum} may be asked for.",
                _maximum);
        }
    }

    /// <summary>The standard error at which sampling stops.</summary>
    public double Target { get; }

    /// <summary>The utilities asked for so far.</summary>
    public long Spent { get; private set; }

    /// <summary>How many samples the next round has; 0 to stop.</summary>
    /// <param name="standardErrors">The standard errors so far; NaN where there is none yet.</param>
    public int Next(IEnumerable<double> standardErrors)
    {
        bool isMet = _samples >= LeastSamples && standardErrors.All(error => error <= Target);
        return isMet ? 0 : (int)Math.Min(Round, (_maximum - Spent) / _cost);
    }

    /// <summary>Notes what a round took.</summary>
    public void Note(int samples, long spent, MeasurementRun run)
    {
        _samples += samples;
        Spent += spent;
        run.Progress((double)Spent / _maximum);
    }
}
