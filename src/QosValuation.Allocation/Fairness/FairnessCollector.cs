using QosValuation.Foundation.Numerics;

namespace QosValuation.Allocation.Fairness;

/// <summary>
/// Collects token grants, or bare rates, and measures their fairness. Grants of several schemes or supplies are measured apart, because a
/// report on all of them together would describe no allocation. Memory is 8 bytes a grant.
/// </summary>
public sealed class FairnessCollector
{
    private readonly Dictionary<(string Run, string Scheme, double Supply), Group> _groups = [];
    private readonly List<double> _rates = [];

    /// <summary>The number of grants collected.</summary>
    public int GrantCount { get; private set; }

    /// <summary>The number of bare rates collected.</summary>
    public int RateCount => _rates.Count;

    /// <summary>Adds a grant.</summary>
    /// <param name="grant">The grant; its rate is used as it stands.</param>
    /// <param name="run">The run that it belongs to; runs are measured apart.</param>
    /// <exception cref="QosValuationException"><c>FairnessInputMixed</c> after bare rates, or <c>RateNotValid</c>.</exception>
    public void Add(TokenGrant grant, string run = "")
    {
        ArgumentNullException.ThrowIfNull(grant);
        Add(grant.Scheme.ToString(), grant.Supply, grant.Value, grant.Tokens, grant.RewardRate, grant, run);
    }

    /// <summary>Adds a row that describes a grant.</summary>
    /// <param name="scheme">The name or number of the scheme; null where the row names none. Names that are no <see cref="AllocationScheme"/> are
    /// kept as they are.</param>
    /// <param name="supply">V; NaN where the row does not tell.</param>
    /// <param name="value">v, finite and at least 0.</param>
    /// <param name="tokens">u, finite and at least 0.</param>
    /// <param name="rate">r, finite and at least 0; null for u/v.</param>
    /// <param name="subject">The row, named in a fault.</param>
    /// <param name="run">The run that it belongs to; runs are measured apart.</param>
    /// <exception cref="QosValuationException"><c>FairnessInputMixed</c> after bare rates, or <c>RateNotValid</c>.</exception>
    public void Add(string? scheme, double supply, double value, double tokens, double? rate, object? subject, string run = "")
    {
        RequireUnmixed(_rates.Count, subject);
        if (!(value >= 0) || !double.IsFinite(value) || !(tokens >= 0) || !double.IsFinite(tokens))
        {
            throw new QosValuationException(
                Faults.RateNotValid,
                $"A grant of {tokens} tokens for a value of {value} has no reward rate; give finite numbers of at least 0.",
                subject);
        }

        double known = rate ?? FairnessMeasures.RewardRate(tokens, value);
        FairnessMeasures.RequireRate(known);
        var key = (run, NameOf(scheme), supply);
        if (!_groups.TryGetValue(key, out Group? group))
        {
            _groups.Add(key, group = new Group());
        }

        group.Add(known, value, tokens);
        GrantCount++;
    }

    /// <summary>Adds a bare rate.</summary>
    /// <param name="rate">The rate, finite and at least 0.</param>
    /// <param name="subject">Where it comes from, named in a fault.</param>
    /// <exception cref="QosValuationException"><c>FairnessInputMixed</c> after grants, or <c>RateNotValid</c>.</exception>
    public void AddRate(double rate, object? subject)
    {
        RequireUnmixed(GrantCount, subject);
        FairnessMeasures.RequireRate(rate);
        _rates.Add(rate);
    }

    /// <summary>Measures what was collected. O(N log N).</summary>
    /// <param name="aversion">ε ≥ 0 of Atkinson's index.</param>
    /// <param name="withLorenz">Whether reports hold the Lorenz curve.</param>
    /// <returns>A report for each run, scheme and supply, in the order in which they first came, with the run;
    /// one report for bare rates, and none where nothing was added.</returns>
    /// <exception cref="QosValuationException"><c>AversionNotValid</c>.</exception>
    public IEnumerable<(string Run, FairnessReport Report)> MeasureRuns(double aversion = 0.5, bool withLorenz = false)
    {
        Inequality.RequireAversion(aversion);
        if (RateCount > 0)
        {
            yield return (string.Empty, FairnessMeasures.Measure(_rates.ToArray(), aversion, withLorenz));
        }

        foreach (((string run, string scheme, double supply), Group group) in _groups)
        {
            yield return (run, FairnessMeasures.Measure(group.Rates, aversion, withLorenz) with
            {
                Scheme = scheme.Length > 0 ? scheme : null,
                SocialWelfare = group.Welfare,
                Allocated = group.Allocated,
                Supply = supply,
            });
        }
    }

    /// <summary>Measures what was collected. O(N log N).</summary>
    /// <param name="aversion">ε ≥ 0 of Atkinson's index.</param>
    /// <param name="withLorenz">Whether reports hold the Lorenz curve.</param>
    /// <returns>The reports of <see cref="MeasureRuns"/>, without the runs.</returns>
    /// <exception cref="QosValuationException"><c>AversionNotValid</c>.</exception>
    public IEnumerable<FairnessReport> Measure(double aversion = 0.5, bool withLorenz = false) =>
        MeasureRuns(aversion, withLorenz).Select(measured => measured.Report);

    // JSON holds a scheme's number, and CSV its name in any letter case.
    private static string NameOf(string? scheme)
    {
        string text = scheme?.Trim() ?? string.Empty;
        return !text.Contains(',', StringComparison.Ordinal) && Enum.TryParse(text, ignoreCase: true, out AllocationScheme known) && Enum.IsDefined(known)
            ? known.ToString()
            : text;
    }

    private static void RequireUnmixed(int others, object? subject)
    {
        if (others > 0)
        {
            throw new QosValuationException(
                Faults.FairnessInputMixed, "Token grants and plain rates do not mix in one report: measure them apart.", subject);
        }
    }

    /// <summary>The grants of one scheme and supply.</summary>
    private sealed class Group
    {
        private readonly List<double> _rates = [];
        private CompensatedSum _welfare;
        private CompensatedSum _allocated;

        public double[] Rates => [.. _rates];

        public double Welfare => _welfare.Value;

        public double Allocated => _allocated.Value;

        public void Add(double rate, double value, double tokens)
        {
            _rates.Add(rate);
            _welfare.Add(value * tokens);
            _allocated.Add(tokens);
        }
    }
}
