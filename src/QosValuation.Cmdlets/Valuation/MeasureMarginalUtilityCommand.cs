using System.Globalization;
using System.Management.Automation;
using QosValuation.Cmdlets.Privacy;
using QosValuation.Markets.Models;
using QosValuation.Privacy.Budgets;
using QosValuation.Valuation.MarginalUtility;

namespace QosValuation.Cmdlets.Valuation;

/// <summary>Measures what each training item, or each contributor, adds to a learner's utility on test data.</summary>
/// <remarks>
/// <para>Training items come from the pipeline, test items with -Test. An item is an embedding, or any object with a Vector, and a class: a
/// property Label (Add-Member, Select-Object or Import-Embedding with a column Label give it), or what -Label says. Each embedding is valued
/// by itself; -GroupBy Contributor values contributors, -GroupBy Item records of several embeddings. Vectors are taken as they are: distances
/// are Euclidean, which puts unit vectors in the order of their cosines. An item that cannot be used costs one error and no other item.</para>
/// <para>KnnShapley (the default) is exact for the K-nearest-neighbour classifier whose utility is the part of the K nearest items that match, and
/// takes O(n log n) a test item and O(n) memory. SoftKnnShapley divides by the neighbours that there are, and gives 1/C for none.
/// WeightedKnnShapley votes with whole weights, exp(−d²) in -WeightLevel steps, and decides hard: utility 1 where the right class weighs at least as
/// much as the others; O(n²) a test item. ThresholdKnnShapley takes all items within -Threshold; O(n). For these, a contributor's value is the sum
/// over the items: the Shapley value of the items, not of contributors who come and go as a whole. The latter is -Method Shapley -Learner Knn
/// -GroupBy Contributor, exact for few contributors.</para>
/// <para>LeaveOneOut, Shapley, BetaShapley and Banzhaf ask what coalitions are worth: the accuracy or the negative loss of logistic regression
/// trained on their items alone (-Learner, -Utility), or any game (-UtilityTable). With -GroupBy whole contributors join and leave. Ten players or
/// fewer form few coalitions, and values are exact unless a parameter says how to sample; else Shapley draws orders of arrival, BetaShapley coalitions
/// with sizes by weight, Banzhaf coalitions that serve all players. Sampling stops when every standard error has come down to -StandardError, or after
/// -MaxEvaluation utilities; Converged tells which. -Tolerance cuts an order off within that part of |U(all)|; BiasBound tells how far that may have moved
/// a value where coalitions do not lose by growing.</para>
/// <para>Influence, NewtonStep and TracIn train logistic regression once and measure the test loss. Influence is +(1/n)·g_i·H⁻¹ḡ, ḡ the gradient of
/// the mean test loss: positive where leaving the item out would raise the loss. Appendix D of the paper (seed 002) has −g_i·H⁻¹ḡ, which is reversed:
/// its correlation with retraining was measured as −0.975 to −0.996 on four models, with the sign used here +0.975 to +0.996. It also names
/// Hutchinson's estimator, which estimates traces; H⁻¹ḡ is solved for here by conjugate gradients to twelve digits. NewtonStep takes one Newton step on the
/// items that remain, which follows retraining to 0.995 and better; a contributor leaves as a whole. TracIn is Σ η·g_i·ḡ along gradient descent.</para>
/// <para>ThresholdKnnShapley with -Epsilon is differentially private: a value depends on the other items through two counts a test item, and noise of the
/// discrete Gaussian is added to these once (L2 sensitivity √2 a test item, √(2·tests) for all) and reused for everyone. What is protected is each
/// item against whoever learns the values of the others; an item's own value still tells whether it lies within the threshold, so tell each
/// contributor its own values only. The test items, the number of classes and the threshold are taken as public. -Budget is charged once, to all
/// contributors, before the noise is drawn.</para>
/// <para>-Client values the clients of a model market by the models that they shared in the last round of a run: a coalition is worth what the mean of its
/// models, by reported size, achieves on the common test set, and nobody what the common initial model does. Nobody trains again (one-round
/// reconstruction; Song, Tong and Wei, 2019). Values add up to what the mean of all models achieves beyond the initial one.</para>
/// <para>-Rescale maps values to [0, 1] with a floor of 0.001, as appendix D does. It is not Sybil-proof: the minimum and the range depend on everyone, so
/// that a contributor who sends worthless items under other names raises its own share. RawValue keeps the value.</para>
/// <para>The same seed gives the same bytes for any number of threads. The exact methods draw nothing.</para>
/// </remarks>
/// <example>
/// <summary>What each photograph is worth to a classifier of its label.</summary>
/// <code>$train = Import-Embedding train.npy -MetadataPath train.csv
/// $test = Import-Embedding test.npy -MetadataPath test.csv
/// $train | Measure-MarginalUtility -Test $test -K 5 | Sort-Object Value | Select-Object -First 10</code>
/// </example>
/// <example>
/// <summary>Exact Shapley values of contributors who join and leave with all their items.</summary>
/// <code>$train | Measure-MarginalUtility -Test $test -Method Shapley -GroupBy Contributor -Utility NegativeLoss</code>
/// </example>
/// <example>
/// <summary>Labels that are not in the data yet.</summary>
/// <code>$train | Measure-MarginalUtility -Test $test -Label { $_.Contributor } -Method Influence</code>
/// </example>
/// <example>
/// <summary>Any game: two gloves on the left, one on the right.</summary>
/// <code>Measure-MarginalUtility -Method Shapley -UtilityTable @{ l1 = 0; l2 = 0; r = 0; 'l1,l2' = 0; 'l1,r' = 1; 'l2,r' = 1; 'l1,l2,r' = 1 }</code>
/// </example>
/// <example>
/// <summary>A game as a script block; $_ holds the names of a coalition's players.</summary>
/// <code>'ann', 'bob', 'cem' | Measure-MarginalUtility -Method Banzhaf -UtilityTable { [math]::Sqrt($_.Count) }</code>
/// </example>
/// <example>
/// <summary>Private values, charged once to a budget.</summary>
/// <code>$budget = New-PrivacyBudget -Epsilon 2 -Path ./values.db
/// $train | Measure-MarginalUtility -Test $test -Method ThresholdKnnShapley -Threshold 0.8 -Epsilon 1 -Budget $budget</code>
/// </example>
/// <example>
/// <summary>What each client brought to a federation, and tokens by that.</summary>
/// <code>$clients = $train | New-ModelClient -Test $test
/// $rows = $clients | Invoke-ModelMarket FedAvg -Round 3 -LocalStep 20 -PassThru -Seed 1
/// $rows | Measure-MarginalUtility -Client $clients -Utility NegativeLoss |
///     Select-Object Contributor, @{ n = 'Value'; e = { [Math]::Max(0.0, $_.Value) } } |
///     Invoke-TokenAllocation -Supply 100 -Capacity 50</code>
/// </example>
/// <seealso>Invoke-ModelMarket</seealso>
/// <seealso>Measure-ValuationQuality</seealso>
/// <seealso>Measure-DataValue</seealso>
/// <seealso>New-PrivacyBudget</seealso>
/// <seealso>Export-QosReport</seealso>
[Cmdlet(VerbsDiagnostic.Measure, "MarginalUtility", DefaultParameterSetName = PointSet, SupportsShouldProcess = true)]
[OutputType(typeof(MarginalUtility))]
public sealed class MeasureMarginalUtilityCommand : LabelledItemCommand
{
    private const string PointSet = "Item";
    private const string GameSet = "Game";
    private const string ModelSet = "Model";
    private readonly List<ModelMarketRound> _rounds = [];
    private readonly List<string> _players = [];
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private PrivacyBudgetStore? _budget;

    /// <summary>
    /// The training items: embeddings, or objects with a Vector, with a class each. With -UtilityTable as a script block: the players, texts or
    /// objects with the property that -GroupBy names. With -Client: the rows of one run of Invoke-ModelMarket -PassThru, of which the last round counts.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ModelSet)]
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = PointSet)]
    [Parameter(ValueFromPipeline = true, ParameterSetName = GameSet)]
    [ValidateNotNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>The test items that decide what is useful: embeddings, or objects with a Vector, with a class each.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PointSet)]
    [ValidateNotNull]
    public PSObject?[] Test { get; set; } = [];

    /// <summary>
    /// Any game instead of a learner: a hashtable from coalition (names between commas, the empty text for nobody) to worth, rows with the properties
    /// Coalition and Value, or a script block that gets the names of a coalition as $_ and returns its worth.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = GameSet)]
    [Alias("Game")]
    [ValidateNotNull]
    public object? UtilityTable { get; set; }

    /// <summary>The clients whose trained models are valued: those that Invoke-ModelMarket was run with.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ModelSet)]
    [Accepts(typeof(ModelClient))]
    [ValidateNotNull]
    public PSObject[] Client { get; set; } = [];

    /// <summary>How values are measured; KnnShapley by default, and Shapley for a game and for trained models.</summary>
    /// <value>KnnShapley</value>
    [Parameter(Position = 1)]
    [SingleValue]
    public MarginalUtilityMethod Method { get; set; } = MarginalUtilityMethod.KnnShapley;

    /// <summary>The property whose value tells who is valued as one player, such as Contributor or Item; by default each item by itself.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? GroupBy { get; set; }

    /// <summary>K, the number of neighbours, at least 1; 10 by default. It may exceed the number of items.</summary>
    /// <value>10</value>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    [WholeNumber]
    public int K { get; set; } = 10;

    /// <summary>
    /// τ of ThresholdKnnShapley, the Euclidean distance within which items are neighbours, at least 0; 0.8 by default: unit vectors with a
    /// cosine of 0.68.
    /// </summary>
    /// <value>0.8</value>
    [Parameter]
    [ValidateRange(0.0, double.MaxValue)]
    [Number]
    public double Threshold { get; set; } = 0.8;

    /// <summary>The number of steps that weights of WeightedKnnShapley are rounded to, from 1 to 10,000; 16 by default.</summary>
    /// <value>16</value>
    [Parameter]
    [ValidateRange(1, 10_000)]
    [WholeNumber]
    public int WeightLevel { get; set; } = 16;

    /// <summary>The learner of LeaveOneOut, Shapley, BetaShapley and Banzhaf: Logistic (the default) or Knn.</summary>
    /// <value>Logistic</value>
    [Parameter(ParameterSetName = PointSet)]
    [SingleValue]
    public UtilityLearner Learner { get; set; } = UtilityLearner.Logistic;

    /// <summary>
    /// The utility of logistic regression: Accuracy on the test items (the default), or NegativeLoss, minus their mean cross-entropy in nats.
    /// </summary>
    /// <value>Accuracy</value>
    [Parameter(ParameterSetName = PointSet)]
    [Parameter(ParameterSetName = ModelSet)]
    [SingleValue]
    public UtilityMeasure Utility { get; set; } = UtilityMeasure.Accuracy;

    /// <summary>α of BetaShapley, above 0; 16 by default. A large α favours small coalitions.</summary>
    /// <value>16</value>
    [Parameter]
    [Number]
    public double Alpha { get; set; } = 16;

    /// <summary>β of BetaShapley, above 0; 1 by default. α = β = 1 is Shapley.</summary>
    /// <value>1</value>
    [Parameter]
    [Number]
    public double Beta { get; set; } = 1;

    /// <summary>What is added to the Hessian's diagonal by Influence and NewtonStep, at least 0; 0 by default.</summary>
    /// <value>0</value>
    [Parameter]
    [Number]
    public double Damping { get; set; }

    /// <summary>
    /// λ of logistic regression, mean cross-entropy + λ/2·|W|², above 0; 0.001 by default. The intercept is penalised like the other weights.
    /// </summary>
    /// <value>0.001</value>
    [Parameter]
    [Number]
    public double Regularization { get; set; } = 0.001;

    /// <summary>The part of |U(all)| within which an order of arrival is cut off, from 0 (never, the default) to below 1.</summary>
    /// <value>0</value>
    [Parameter]
    [ValidateRange(0.0, 0.999999)]
    [Number]
    public double Tolerance { get; set; }

    /// <summary>Lets each order of arrival be followed by its reverse; standard errors come from the means of the pairs.</summary>
    [Parameter]
    public SwitchParameter Antithetic { get; set; }

    /// <summary>The standard error at which sampling stops, above 0; a hundredth of |U(all) − U(nobody)| by default.</summary>
    [Parameter]
    [Number(MayBeAbsent = true)]
    public double? StandardError { get; set; }

    /// <summary>The most utilities of coalitions that are asked for, at least 1; 100,000 by default.</summary>
    /// <value>100000</value>
    [Parameter]
    [ValidateRange(1L, long.MaxValue)]
    [WholeNumber(MayBeAbsent = true)]
    public long? MaxEvaluation { get; set; }

    /// <summary>Evaluates all coalitions, of at most 24 players.</summary>
    [Parameter]
    public SwitchParameter Exact { get; set; }

    /// <summary>The steps of gradient descent of TracIn, at least 1; 100 by default.</summary>
    /// <value>100</value>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    [WholeNumber]
    public int Step { get; set; } = 100;

    /// <summary>η of TracIn, above 0; 0.5 by default.</summary>
    /// <value>0.5</value>
    [Parameter]
    [Number]
    public double LearningRate { get; set; } = 0.5;

    /// <summary>Maps values to [0, 1] with a floor of 0.001, as the paper's appendix D does. Not Sybil-proof.</summary>
    [Parameter]
    public SwitchParameter Rescale { get; set; }

    /// <summary>ε of a differentially private release by ThresholdKnnShapley, above 0; not private without it.</summary>
    [Parameter(ParameterSetName = PointSet)]
    [Number(MayBeAbsent = true)]
    public double? Epsilon { get; set; }

    /// <summary>δ of a private release, between 0 and 1, both excluded; 1e-5 by default.</summary>
    /// <value>1e-05</value>
    [Parameter(ParameterSetName = PointSet)]
    [Number]
    public double Delta { get; set; } = 1e-5;

    /// <summary>
    /// The privacy budget to charge before any noise is drawn: from New-PrivacyBudget or Get-PrivacyBudget, or its path or address. Not with
    /// -Seed.
    /// </summary>
    [Parameter(ParameterSetName = PointSet)]
    [ValidateNotNullOrEmpty]
    public object? Budget { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        if (Budget is not null && Epsilon is null)
        {
            throw new QosValuationException(
                Faults.ParametersConflict, "-Budget is charged for a private release: give -Epsilon too, with -Method ThresholdKnnShapley.", nameof(Budget));
        }

        if (IsBound(nameof(Utility)) && MarginalUtilityMeasurement.MeasuresLoss(Method) && Utility != UtilityMeasure.NegativeLoss)
        {
            WriteWarning($"{Method} measures the test loss; -Utility {Utility} has no effect on it.");
        }

        _budget = Budget is null ? null : PrivacyBudgetStore.Open(ResolveStore(BudgetPath.Of(Budget)));
        AddTests(Test);
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (PSObject item in InputObject)
        {
            if (ParameterSetName == PointSet)
            {
                AddTrain(item, GroupBy);
            }
            else if (ParameterSetName == ModelSet)
            {
                _rounds.AddRange(Records<ModelMarketRound>([item]));
            }
            else
            {
                TryItem(item, () => AddPlayer(item));
            }
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (ParameterSetName == GameSet)
        {
            MeasureGame();
            return;
        }

        if (ParameterSetName == ModelSet)
        {
            MeasureModels();
            return;
        }

        ValuationProblem problem = Points.Complete();
        WriteVerbose(string.Create(
            CultureInfo.CurrentCulture,
            $"{Points.TrainCount} training items, {problem.Players.Count} players, {Points.TestCount} test items, "
            + $"classes {string.Join(", ", Points.Classes)}."));
        if (_budget is null || ShouldProcess($"{problem.Players.Count} players", $"Charge '{_budget.Budget.Path}' and release values"))
        {
            Write(RunBeside(
                "Measuring marginal utility", (progress, cancellation) => MarginalUtilityMeasurement.Run(problem, Options(Method), progress, cancellation)));
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _budget?.Dispose();
        }

        base.Dispose(disposing);
    }

    private void MeasureModels()
    {
        if (_rounds.Count == 0)
        {
            return;
        }

        ModelClient[] clients = [.. Records<ModelClient>(Client)];
        MarginalUtilityOptions options = Options(IsBound(nameof(Method)) ? Method : MarginalUtilityMethod.Shapley);
        ValuationProblem problem = ModelContribution.Of(clients, _rounds, Utility);
        Write(RunBeside(
            "Measuring marginal utility", (progress, cancellation) => MarginalUtilityMeasurement.Run(problem, options, progress, cancellation)));
    }

    private void MeasureGame()
    {
        MarginalUtilityOptions options = Options(IsBound(nameof(Method)) ? Method : MarginalUtilityMethod.Shapley);
        object given = UtilityTable is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : UtilityTable!;
        if (given is not ScriptBlock script)
        {
            TableUtility table = GameUtility.ReadTable(given);
            if (_players.Count > 0 && !_known.SetEquals(table.Names))
            {
                WriteWarning($"The players are those of the table, {string.Join(", ", table.Names)}; others that were piped in are left out.");
            }

            var game = new ValuationProblem(table, [.. table.Names.Select(name => new UtilityPlayer(name, string.Empty))]);
            Write(RunBeside("Measuring marginal utility", (progress, cancellation) => MarginalUtilityMeasurement.Run(game, options, progress, cancellation)));
            return;
        }

        if (_players.Count == 0)
        {
            throw new QosValuationException(Faults.InputNotRecognized, "A script block does not name the players: pipe their names in.", nameof(UtilityTable));
        }

        // A script block runs on the pipeline's thread alone.
        const int Parts = 1000;
        var meter = new ProgressMeter(this, "Measuring marginal utility", "parts");
        var problem = new ValuationProblem(new ScriptUtility(script, _players), [.. _players.Select(name => new UtilityPlayer(name, string.Empty))]);
        Write(MarginalUtilityMeasurement.Run(problem, options, part => meter.Report((long)(part * Parts), Parts), Cancellation));
        meter.Complete();
    }

    private void AddPlayer(PSObject item)
    {
        string? name = item.BaseObject is string text ? text
            : ItemLabel.Text(ItemLabel.Read(item, GroupBy ?? "Contributor")) is { Length: > 0 } group ? group
            : GroupBy is null ? ItemLabel.Text(ItemLabel.Read(item, "Item")) ?? (item.BaseObject is PSCustomObject ? null : item.ToString())
            : null;
        if (string.IsNullOrEmpty(name))
        {
            throw new QosValuationException(
                Faults.InputNotRecognized, $"'{item}' names no player: pipe in texts, or objects with a property {GroupBy ?? "Contributor"}.", item);
        }

        if (_known.Add(name))
        {
            _players.Add(name);
        }
    }

    private void Write(IReadOnlyList<MarginalUtility> rows)
    {
        int open = rows.Count(row => !row.Converged);
        if (open > 0)
        {
            WriteWarning(string.Create(
                CultureInfo.CurrentCulture,
                $"{open} of {rows.Count} values have not come down to the standard error asked for: raise -MaxEvaluation, or -StandardError."));
        }

        foreach (MarginalUtility row in rows)
        {
            WriteRecord(row);
        }
    }

    private MarginalUtilityOptions Options(MarginalUtilityMethod method) => new()
    {
        Method = method,
        Learner = Learner,
        Utility = Utility,
        Neighbors = K,
        Threshold = Threshold,
        WeightLevels = WeightLevel,
        Alpha = Alpha,
        Beta = Beta,
        Damping = Damping,
        Regularization = Regularization,
        Tolerance = Tolerance,
        Antithetic = Antithetic,
        StandardError = StandardError,
        MaximumEvaluations = MaxEvaluation,
        Exact = Exact ? true : null,
        Steps = Step,
        LearningRate = LearningRate,
        Rescale = Rescale,
        Epsilon = Epsilon,
        Delta = Delta,
        Budget = _budget,
        Seed = Seed,
        MaximumThreads = MaxDegreeOfParallelism ?? -1,
    };
}
