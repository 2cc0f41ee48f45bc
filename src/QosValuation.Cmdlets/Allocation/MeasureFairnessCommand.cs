using System.Globalization;
using System.Management.Automation;
using QosValuation.Allocation.Fairness;

namespace QosValuation.Cmdlets.Allocation;

/// <summary>Measures how evenly reward rates are distributed: Jain, Gini, entropy, Theil, Atkinson and the Lorenz curve.</summary>
/// <remarks>
/// <para>The reward rate of an agent is r = u/v, tokens per unit of value, and 0 where v is 0 (paper, Eq. 5). Jain's index (Σr)²/(N·Σr²) is 1
/// where all rates are equal and 1/N where one agent has everything (Eq. 6). The Gini coefficient Σ|rᵢ − rⱼ|/(2N·Σr) is 0 where all rates are
/// equal and 1 − 1/N where one agent has everything (Eq. 8). Where all rates are 0 the distribution is perfectly even: 1 and 0.</para>
/// <para>Beside them, with x = r/μ and μ the mean rate: MinMaxRatio is the smallest rate over the largest. Entropy is Shannon's entropy
/// −Σ p·ln p of the shares p = r/Σr over its maximum ln N: 1 where all rates are equal, 0 where one agent has everything. Theil is
/// (1/N)·Σ x·ln x, which is (1 − Entropy)·ln N. Atkinson is 1 − ((1/N)·Σ x^(1−ε))^(1/(1−ε)) with -Aversion ε, for ε = 1 one minus the
/// geometric mean of x: the part of all rates that could be given up at no loss of welfare, were the rest shared evenly. A rate of 0 counts
/// 0·ln 0 = 0 in Entropy and Theil, and makes Atkinson 1 where ε is 1 or more. Where all rates are 0, and for a single agent, MinMaxRatio and
/// Entropy are 1, Theil and Atkinson 0. With -Lorenz the report also holds the LorenzCurve: the agents with the smallest rates, Population of
/// all, have Share of all rates.</para>
/// <para>No index depends on the unit of the rates. Sums are compensated, so that a million tiny rates keep their digits, and so do indices near
/// evenness.</para>
/// <para>The input is token grants, objects with the properties Tokens and Value (or RewardRate), or plain numbers, which are taken as rates;
/// grants and numbers do not mix. SocialWelfare Σ v·u, Allocated Σ u and Supply are not a number where only rates are known. At the end one
/// report leaves for each Scheme and Supply that the grants name, in the order in which they first came, so that grants of several schemes are
/// never measured as if they were one allocation; -GroupBy tells runs apart by other properties too. Without input nothing leaves but a warning.</para>
/// <para>A rate, a value or a number of tokens that is negative, infinite or not a number costs one error record and is left out.</para>
/// </remarks>
/// <example>
/// <summary>The fairness of an allocation.</summary>
/// <code>$values | Invoke-TokenAllocation -Supply 1000 -Capacity 4 | Measure-Fairness</code>
/// </example>
/// <example>
/// <summary>The fairness of several schemes.</summary>
/// <code>$values | Invoke-TokenAllocation -Supply 1000 -Scheme Proposed, WaterFilling, MaxMin | Measure-Fairness |
///     Format-Table Scheme, Jain, Gini, SocialWelfare</code>
/// </example>
/// <example>
/// <summary>The fairness of each of three draws.</summary>
/// <code>1..3 | ForEach-Object { $values | Invoke-TokenAllocation -Supply 100 -Scheme Random -Seed $_ | Add-Member Seed $_ -PassThru } |
///     Measure-Fairness -GroupBy Seed</code>
/// </example>
/// <example>
/// <summary>The fairness of any numbers.</summary>
/// <code>1, 1, 2, 4 | Measure-Fairness</code>
/// </example>
/// <example>
/// <summary>Check the fairness bounds of the paper, Eqs. 7 and 9.</summary>
/// <code>$report = Import-Csv grants.csv | Measure-Fairness
/// $report.Jain -ge 0.9 -and $report.Gini -le 0.2</code>
/// </example>
/// <example>
/// <summary>The Lorenz curve as a table for a plot, and an Atkinson index that looks closely at the poorest.</summary>
/// <code>$report = $grants | Measure-Fairness -Aversion 2 -Lorenz
/// $report.Atkinson
/// $curve = $report.LorenzCurve
/// 0..($curve.Count - 1) | ForEach-Object { [pscustomobject]@{ Population = $curve.Population[$_]; Share = $curve.Share[$_] } } |
///     Export-Csv lorenz.csv</code>
/// </example>
/// <seealso>Invoke-TokenAllocation</seealso>
/// <seealso>Invoke-AllocationSimulation</seealso>
[Cmdlet(VerbsDiagnostic.Measure, "Fairness")]
[OutputType(typeof(FairnessReport))]
public sealed class MeasureFairnessCommand : QosCmdlet
{
    private readonly FairnessCollector _collector = new();
    private readonly Dictionary<string, object?[]> _runs = new(StringComparer.Ordinal) { [string.Empty] = [] };

    /// <summary>Token grants, objects with Tokens and Value (or RewardRate), or numbers.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [AllowEmptyCollection]
    [AllowNull]
    [Accepts(typeof(TokenGrant), AndOthers = true)]
    public PSObject?[]? InputObject { get; set; }

    /// <summary>
    /// ε: the aversion to inequality of Atkinson's index, 0 or more; 0.5 by default. At 0 the index is 0; the larger ε, the more the smallest
    /// rates weigh.
    /// </summary>
    [Parameter]
    [Number]
    public double Aversion { get; set; } = 0.5;

    /// <summary>
    /// Properties that tell runs apart, such as a Seed or a Threshold that was added to the grants: each combination of their values is measured
    /// on its own, and its report carries them.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] GroupBy { get; set; } = [];

    /// <summary>Adds the Lorenz curve to the report: a point an agent up to 1,000 agents, 1,001 points above.</summary>
    [Parameter]
    public SwitchParameter Lorenz { get; set; }

    /// <inheritdoc/>
    protected override void Begin() => Inequality.RequireAversion(Aversion);

    /// <inheritdoc/>
    private protected override bool OnlyCollects => true;

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (PSObject? item in InputObject ?? [])
        {
            TryItem(item, (Command: this, Item: item), static work => work.Command.Add(work.Item));
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        WriteVerbose(_collector.GrantCount > 0
            ? $"{_collector.GrantCount} token grants: rates are tokens per value."
            : $"{_collector.RateCount} plain numbers, taken as rates.");
        if (_collector.GrantCount + _collector.RateCount == 0)
        {
            WriteWarning("There was nothing to measure: no grant and no number came.");
        }

        foreach ((string run, FairnessReport report) in _collector.MeasureRuns(Aversion, Lorenz))
        {
            if (report.Allocated > report.Supply * (1 + 1e-9))
            {
                WriteWarning(
                    $"{report.Scheme}: {report.Allocated:G6} tokens of a supply of {report.Supply:G6} were granted, so that grants of several runs seem to "
                    + "come together. Name a property that tells them apart with -GroupBy.");
            }

            PSObject written = PSObject.AsPSObject(report);
            foreach ((string name, object? value) in GroupBy.Zip(_runs[run]))
            {
                if (written.Properties[name] is null)
                {
                    written.Properties.Add(new PSNoteProperty(name, value));
                }
            }

            WriteRecord(written);
        }
    }

    // The key of the run that an object belongs to.
    private string RunOf(PSObject? item)
    {
        if (GroupBy.Length == 0)
        {
            return string.Empty;
        }

        object?[] values = Array.ConvertAll(GroupBy, name => item?.Properties[name]?.Value);
        string run = string.Join('\u001F', values.Select(value => Convert.ToString(value, CultureInfo.InvariantCulture)));
        _runs.TryAdd(run, values);
        return run;
    }

    private void Add(PSObject? item)
    {
        if (item?.BaseObject is TokenGrant grant)
        {
            _collector.Add(grant, RunOf(item));
        }
        else if (RecordProperties.TryGetNumber(item, nameof(TokenGrant.Tokens), out double tokens)
            && RecordProperties.TryGetNumber(item, nameof(TokenGrant.Value), out double value))
        {
            double? rate = RecordProperties.TryGetNumber(item, nameof(TokenGrant.RewardRate), out double known) ? known : null;
            double supply = RecordProperties.TryGetNumber(item, nameof(TokenGrant.Supply), out double given) ? given : double.NaN;
            _collector.Add(item!.Properties[nameof(TokenGrant.Scheme)]?.Value?.ToString(), supply, value, tokens, rate, item, RunOf(item));
        }
        else if (RecordProperties.TryGetNumber(item, nameof(TokenGrant.RewardRate), out double rate) || RecordProperties.TryRead(item, out rate))
        {
            _collector.AddRate(rate, item);
        }
        else
        {
            throw new QosValuationException(
                Faults.NotARate,
                RecordReader.Bare(item) is string text
                    ? $"'{text}' is no number: give numbers, or pipe token grants from Invoke-TokenAllocation."
                    : Refusal([typeof(TokenGrant)], item, "numbers").Message,
                item);
        }
    }
}
