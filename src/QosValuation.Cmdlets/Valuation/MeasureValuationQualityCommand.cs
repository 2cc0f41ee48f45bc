using System.Globalization;
using System.Management.Automation;
using QosValuation.Valuation.MarginalUtility;

namespace QosValuation.Cmdlets.Valuation;

/// <summary>Tells how good values of training items are: whether low ones find wrong labels, and what removing items does to a learner.</summary>
/// <remarks>
/// <para>A part of the labels (-NoiseRate) is exchanged for wrong ones, each method values the items with them, and the values are tried three ways.
/// NoisyLabelDetection inspects the items of the lowest values first: Score is the part of the wrong labels found, F1 that of the inspected items as a
/// guess, TwoMeansF1 that of the lower of two clusters of the values. RemoveHighFirst and RemoveLowFirst remove items in steps of 5 %, the most or the
/// least valuable first, train the learner on the rest and give its test accuracy. Random is the baseline: the mean of -Rounds random orders with its
/// standard error. Test labels stay as they are.</para>
/// <para>Wrong labels that are known beforehand are named by -Noisy; -NoiseRate 0 then adds none. Values from elsewhere are tried with -Value.
/// Export-QosReport draws the curves.</para>
/// <para>The same seed gives the same rows for any number of threads. An item that cannot be used costs one error and no other item.</para>
/// </remarks>
/// <example>
/// <summary>Two methods side by side, as a page with figures.</summary>
/// <code>$train | Measure-ValuationQuality -Test $test -Method KnnShapley, Influence -Seed 1 | Export-QosReport ./values.html</code>
/// </example>
/// <example>
/// <summary>How many of the wrong labels are among the lowest tenth.</summary>
/// <code>$train | Measure-ValuationQuality -Test $test -NoiseRate 0.1 -Learner Knn -Seed 1 |
///     Where-Object { $_.Experiment -eq 'NoisyLabelDetection' -and $_.Fraction -eq 0.1 }</code>
/// </example>
/// <example>
/// <summary>Values from another program, for items whose true label is known.</summary>
/// <code>$train | Measure-ValuationQuality -Test $test -NoiseRate 0 -Noisy { $_.Label -ne $_.TrueLabel } -Value (Import-Csv values.csv)</code>
/// </example>
/// <seealso>Measure-MarginalUtility</seealso>
/// <seealso>Export-QosReport</seealso>
[Cmdlet(VerbsDiagnostic.Measure, "ValuationQuality")]
[OutputType(typeof(ValuationQuality))]
public sealed class MeasureValuationQualityCommand : LabelledItemCommand
{
    private readonly List<bool> _noisy = [];
    private readonly List<string> _items = [];

    /// <summary>The training items: embeddings, or objects with a Vector, with a class each.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>The test items: embeddings, or objects with a Vector, with a class each.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNull]
    public PSObject?[] Test { get; set; } = [];

    /// <summary>The methods of valuation that are compared; KnnShapley by default. With -Value none unless they are named.</summary>
    /// <value>KnnShapley</value>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public MarginalUtilityMethod[] Method { get; set; } = [MarginalUtilityMethod.KnnShapley];

    /// <summary>
    /// Values from elsewhere: objects with Value and Item, one for each training item in any order; or without Item, in the order of the items.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public PSObject[]? Value { get; set; }

    /// <summary>Tells which labels are known to be wrong: the name of a property that is true for them, or a script block in which $_ is the item.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public object? Noisy { get; set; }

    /// <summary>The part of the labels that are exchanged for wrong ones, from 0 to below 1; 0.1 by default.</summary>
    /// <value>0.1</value>
    [Parameter]
    [ValidateRange(0.0, 0.99)]
    [Number]
    public double NoiseRate { get; set; } = 0.1;

    /// <summary>The step of the curves, above 0 and at most 0.5; 0.05 by default.</summary>
    /// <value>0.05</value>
    [Parameter]
    [ValidateRange(0.001, 0.5)]
    [Number]
    public double Step { get; set; } = 0.05;

    /// <summary>The number of random orders of the baseline, at least 2; 10 by default.</summary>
    /// <value>10</value>
    [Parameter]
    [Alias("Repetition", "Replications")]
    [ValidateRange(2, 100_000)]
    [WholeNumber]
    public int Rounds { get; set; } = 10;

    /// <summary>The learner that removals are tried on, and of the methods that train one: Logistic (the default) or Knn.</summary>
    /// <value>Logistic</value>
    [Parameter]
    [SingleValue]
    public UtilityLearner Learner { get; set; } = UtilityLearner.Logistic;

    /// <summary>K, the number of neighbours, at least 1; 10 by default.</summary>
    /// <value>10</value>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    [WholeNumber]
    public int K { get; set; } = 10;

    /// <summary>τ of ThresholdKnnShapley, at least 0; 0.8 by default.</summary>
    /// <value>0.8</value>
    [Parameter]
    [ValidateRange(0.0, double.MaxValue)]
    [Number]
    public double Threshold { get; set; } = 0.8;

    /// <summary>λ of logistic regression, above 0; 0.001 by default.</summary>
    /// <value>0.001</value>
    [Parameter]
    [Number]
    public double Regularization { get; set; } = 0.001;

    /// <summary>The most utilities of coalitions that a sampling method asks for, at least 1; 100,000 by default.</summary>
    /// <value>100000</value>
    [Parameter]
    [ValidateRange(1L, long.MaxValue)]
    [WholeNumber(MayBeAbsent = true)]
    public long? MaxEvaluation { get; set; }

    /// <inheritdoc/>
    protected override void Begin() => AddTests(Test);

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (PSObject item in InputObject)
        {
            bool isNoisy = false;
            bool isRead = Noisy is null || TryItem(item, () => isNoisy = bool.TryParse(ItemLabel.Of(Noisy, item), out bool known) && known);
            if (isRead && AddTrain(item, groupBy: null))
            {
                _noisy.Add(isNoisy);
                _items.Add(ItemLabel.Text(ItemLabel.Read(item, "Item")) ?? string.Empty);
            }
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        var options = new ValuationQualityOptions
        {
            NoiseRate = NoiseRate,
            Step = Step,
            Rounds = Rounds,
            Methods = Value is not null && !IsBound(nameof(Method)) ? [] : Method,
            Measurement = new MarginalUtilityOptions
            {
                Learner = Learner,
                Neighbors = K,
                Threshold = Threshold,
                Regularization = Regularization,
                MaximumEvaluations = MaxEvaluation,
                Seed = Seed,
                MaximumThreads = MaxDegreeOfParallelism ?? -1,
            },
        };

        // Without points the problem says what is missing.
        Points.Complete();
        (string, double[])[] given = Value is null ? [] : [("Given", GivenValues())];
        IReadOnlyList<ValuationQuality> rows = RunBeside(
            "Trying values",
            (progress, cancellation) => ValuationQualityMeasurement.Run(
                Points.TrainPoints(), Points.TestPoints(), Points.Classes.Count, options, given, [.. _noisy], progress, cancellation));
        foreach (ValuationQuality row in rows)
        {
            WriteRecord(row);
        }
    }

    private double[] GivenValues()
    {
        var byItem = new Dictionary<string, double>(StringComparer.Ordinal);
        var inOrder = new List<double>();
        foreach (PSObject row in Value!)
        {
            if (!RecordProperties.TryGetNumber(row, "Value", out double value) || !double.IsFinite(value))
            {
                throw new QosValuationException(Faults.InputNotRecognized, $"'{row}' has no finite number as its Value.", row);
            }

            inOrder.Add(value);
            if (ItemLabel.Text(ItemLabel.Read(row, "Item")) is { Length: > 0 } item)
            {
                byItem[item] = value;
            }
        }

        if (byItem.Count == inOrder.Count)
        {
            return
            [
                .. _items.Select(item => byItem.TryGetValue(item, out double value)
                    ? value
                    : throw new QosValuationException(Faults.InputNotRecognized, $"-Value holds no value for the item '{item}'.", item)),
            ];
        }

        return inOrder.Count == _items.Count
            ? [.. inOrder]
            : throw new QosValuationException(
                Faults.InputNotRecognized,
                string.Create(
                    CultureInfo.CurrentCulture,
                    $"-Value holds {inOrder.Count} values for {_items.Count} items: name each item, or give one value an item."),
                inOrder.Count);
    }
}
