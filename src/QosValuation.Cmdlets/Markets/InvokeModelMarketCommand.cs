using System.Globalization;
using System.Management.Automation;
using QosValuation.Cmdlets.Privacy;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Federated;
using QosValuation.Learning.Learners;
using QosValuation.Markets.Models;
using QosValuation.Privacy.Budgets;

namespace QosValuation.Cmdlets.Markets;

/// <summary>Lets clients train models together and trade them, round by round.</summary>
/// <remarks>
/// <para>Under Ipfl (seed 003, by the authors' code) each client trains on its own rows, stays near its proxy from round 2 on, and buys models: of client j at
/// distance d = 1 − cos of the updates from the common initial model, at the price c_j + λ·d·N_j/N_i. With n rows in reach it gains √(K/N) − √(K/n).
/// -GraphStep: Threshold buys by falling threshold and stops at the first that is not worth it, as published; Skip goes on; Optimal finds the best
/// set, for small markets. -Payment: Marginal is the paper's, under which sellers gain by a false cost; Critical pays the most that the seller could have
/// asked, and is truthful in costs. Under both, sizes need to be verified and gain scales to be public: false ones gain.</para>
/// <para>Under the other algorithms nothing is paid: a client gains by all whose models it takes, and each export costs c. One row leaves for each
/// client as each round is ready. Its Check says whether payments sum up to 0, who is worse off, and which false cost would have gained; that is a search
/// among a few, not a proof. -PassThru adds the matrices Graph, Distance, Payment and Threshold, the Update of each client and its
/// Proxy (the model step).</para>
/// <para>-Distance or -Update clear one round without training: clients are then any objects with Contributor, Size and Cost, and where they have them
/// GainScale, ReportedSize, ReportedCost and ReportedGainScale. Row i of -Distance holds the distances of client i to each client; -Update holds what
/// each client's model differs by from the common initial one, and rows tell the model step as well. There matrices are always told.</para>
/// <para>-CheckpointPath saves the run from time to time and after each algorithm; with the same clients, settings and -Seed, which it needs,
/// it goes on from there, writes the earlier rows again, and ends in the same bytes. -Round may be raised, but
/// not with -Epsilon, whose noise depends on it.</para>
/// <para>-LearnerPath trains a model of your own instead: every client begins with the weights in the .onnx file, and trains its last linear layer or what
/// -Trainable names, by softmax cross-entropy and the model's own backward pass. Operators without a gradient are refused by name (opset 11 and later,
/// single precision). A step runs the whole model, frozen parts included; with -Epsilon once for each record. Export-ClientModel writes a model.</para>
/// <para>-Epsilon makes trainings private, for each algorithm and all its rounds together. -Unit Record protects a record by DP-SGD (Abadi et al. 2016): a
/// record takes part in a step with probability BatchSize over the client's records, its gradient is clipped to -ClippingNorm, and Gaussian noise is added.
/// A record with several vectors, such as captions, counts once: of them a step takes one. -Unit Contributor protects a client with all its records: what
/// a round's training changed in its model is clipped and noised (McMahan et al. 2018), which with few clients takes much noise, and needs a -ClippingNorm of
/// the size of that change. All clients get the noise that the client with the fewest records needs; Ditto trains twice. Measurement, distances, graph,
/// payments and -PassThru see the noised models alone. Not private are: the sizes, costs and gain scales that are traded by, the weights of classes and the
/// test rows by which Accuracy and Loss are measured, and which classes there are; a record that several clients hold loses ε to each.
/// FedFomo weighs models by losses on private rows and is refused. The
/// noise is drawn in floating point, which may leak more than (ε, δ) to whoever sees all bits (Mironov 2012).</para>
/// <para>-Budget charges each client that trains, by its name, for all algorithms together before training begins: all or nothing. The budget has to be for
/// -Neighboring AddRemove. It counts samples as noise is calibrated, by the distribution of the loss (Pld). -WhatIf and -Confirm say what each
/// would be charged and have left. What was charged stays charged where the pipeline is stopped. With -Seed the noise can be taken away
/// again: IsFormal is false, and a budget refuses it.</para>
/// </remarks>
/// <example>
/// <summary>Ten clients with skewed labels, nine algorithms.</summary>
/// <code>$clients = $train | New-ClientPartition -Count 10 -Kind Dirichlet -Beta 0.1 -Seed 1
/// $rows = $clients | Invoke-ModelMarket -Algorithm Ipfl, Local, FedAvg, FedProx, Ditto, FedAmp, Cfl, FedFomo, PFedGraph -Round 10 -Seed 1
/// $rows | Measure-ModelMarket
/// $rows | Export-QosReport ./market.html</code>
/// </example>
/// <example>
/// <summary>A false cost gains under the published payment, and not under the critical one.</summary>
/// <code>$traders = @(
///     [pscustomobject]@{ Contributor = 'buyer'; Size = 100; Cost = 0; GainScale = 1e4 }
///     [pscustomobject]@{ Contributor = 'cheap'; Size = 100; Cost = 1.4; GainScale = 0 }
///     [pscustomobject]@{ Contributor = 'liar'; Size = 100; Cost = 2; ReportedCost = 1; GainScale = 0 }
/// )
/// $near = @((0, 0, 0), (0, 0, 0), (0, 0, 0))
/// $traders | Invoke-ModelMarket -Distance $near -Payment Marginal
/// $traders | Invoke-ModelMarket -Distance $near -Payment Critical</code>
/// </example>
/// <example>
/// <summary>A long run that may be interrupted.</summary>
/// <code>$clients | Invoke-ModelMarket -Round 50 -Payment Critical -Seed 1 -CheckpointPath ./market.state</code>
/// </example>
/// <example>
/// <summary>Private training on a budget, and accuracy against ε over seeds.</summary>
/// <code>$budget = New-PrivacyBudget -Epsilon 8 -Delta 1e-5 -Neighboring AddRemove -Path ./clients.db
/// $clients | Invoke-ModelMarket -Round 10 -Epsilon 4 -Budget $budget
/// $rows = foreach ($epsilon in 1, 2, 4, 8) { foreach ($seed in 1..5) { $clients | Invoke-ModelMarket -Round 10 -Epsilon $epsilon -Seed $seed } }
/// $rows | Measure-ModelMarket</code>
/// </example>
/// <seealso>New-ModelClient</seealso>
/// <seealso>New-ClientPartition</seealso>
/// <seealso>Measure-ModelMarket</seealso>
/// <seealso>Test-MechanismProperty</seealso>
/// <seealso>New-PrivacyBudget</seealso>
/// <seealso>Export-ClientModel</seealso>
/// <seealso>Invoke-MembershipInferenceAttack</seealso>
[Cmdlet(VerbsLifecycle.Invoke, "ModelMarket", DefaultParameterSetName = TrainSet, SupportsShouldProcess = true)]
[OutputType(typeof(ModelMarketRound))]
public sealed class InvokeModelMarketCommand : QosCmdlet
{
    private const string TrainSet = "Train";
    private const string DistanceSet = "Distance";
    private const string UpdateSet = "Update";
    private static readonly string[] PrivateParameters = [nameof(Budget), nameof(Delta), nameof(ClippingNorm), nameof(Unit)];

    private readonly List<ModelClient> _clients = [];
    private readonly List<ModelTrader?> _traders = [];
    private PrivacyBudgetStore? _budget;

    /// <summary>The clients: of New-ModelClient or New-ClientPartition; with -Distance or -Update also objects with Contributor, Size and Cost.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [Accepts(typeof(ModelClient), typeof(ModelTrader))]
    [AllowEmptyCollection]
    [AllowNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>The algorithms, one after the other; Ipfl by default.</summary>
    [Parameter(Position = 0, ParameterSetName = TrainSet)]
    [ValidateNotNullOrEmpty]
    [ValueList]
    public FederatedAlgorithm[] Algorithm { get; set; } = [FederatedAlgorithm.Ipfl];

    /// <summary>The number of rounds, at least 1; 50 by default.</summary>
    [Parameter(ParameterSetName = TrainSet)]
    [WholeNumber]
    public int Round { get; set; } = 50;

    /// <summary>The steps that a client trains in a round, at least 1; 400 by default.</summary>
    [Parameter(ParameterSetName = TrainSet)]
    [WholeNumber]
    public int LocalStep { get; set; } = 400;

    /// <summary>The rows of a batch, at least 1; 64 by default.</summary>
    [Parameter(ParameterSetName = TrainSet)]
    [WholeNumber]
    public int BatchSize { get; set; } = 64;

    /// <summary>λ, at least 0: what distance costs a buyer, and how strongly a client stays near its proxy; 1 by default.</summary>
    [Parameter]
    [Number]
    public double Lambda { get; set; } = 1;

    /// <summary>η, above 0: the size of the model step; 5 by default.</summary>
    [Parameter(ParameterSetName = TrainSet)]
    [Parameter(ParameterSetName = UpdateSet)]
    [Number]
    public double Eta { get; set; } = 5;

    /// <summary>How a client chooses its imports; Threshold, the paper's, by default.</summary>
    [Parameter]
    [SingleValue]
    public ModelGraphStep GraphStep { get; set; }

    /// <summary>What it pays for them; Marginal, the paper's, by default.</summary>
    [Parameter]
    [SingleValue]
    public ModelPayment Payment { get; set; }

    /// <summary>What clients train: Logistic (the default), Mlp, or Onnx, which -LearnerPath says as well.</summary>
    [Parameter(ParameterSetName = TrainSet)]
    [SingleValue]
    public ModelLearner Learner { get; set; }

    /// <summary>The widths of one or two hidden layers of Mlp; 64 where none is given.</summary>
    [Parameter(ParameterSetName = TrainSet)]
    [WholeNumber(MayBeAbsent = true, TakesList = true)]
    [ValidateNotNullOrEmpty]
    public int[]? Hidden { get; set; }

    /// <summary>
    /// An .onnx file that every client begins with and trains: float vectors [N, D], of the embeddings' length, in; scores before a softmax, float [N, C], out.
    /// The classes are taken in the order of their names; further scores are of classes that no client has.
    /// </summary>
    [Parameter(ParameterSetName = TrainSet)]
    [ValidateNotNullOrEmpty]
    public string? LearnerPath { get; set; }

    /// <summary>
    /// The weights of -LearnerPath to train, by the names of initialisers; * stands for any characters, and '*' alone for all. By default those of the last
    /// linear layer (Gemm, or MatMul and the Add behind it). All others stay as they are.
    /// </summary>
    [Parameter(ParameterSetName = TrainSet)]
    [ValidateNotNullOrEmpty]
    public string[]? Trainable { get; set; }

    /// <summary>The optimiser; Sgd by default.</summary>
    [Parameter(ParameterSetName = TrainSet)]
    [SingleValue]
    public ModelOptimizer Optimizer { get; set; }

    /// <summary>The learning rate, above 0; 0.01 by default.</summary>
    [Parameter(ParameterSetName = TrainSet)]
    [Number]
    public double LearningRate { get; set; } = 0.01;

    /// <summary>The momentum of Sgd, at least 0 and below 1; 0.9 by default.</summary>
    [Parameter(ParameterSetName = TrainSet)]
    [Number]
    public double Momentum { get; set; } = 0.9;

    /// <summary>The weight decay, at least 0; 1e-5 by default.</summary>
    [Parameter(ParameterSetName = TrainSet)]
    [Number]
    public double WeightDecay { get; set; } = 1e-5;

    /// <summary>Whose choices an algorithm follows where the iPFL authors' code and the algorithm's own paper differ; Authors by default.</summary>
    [Parameter(ParameterSetName = TrainSet)]
    [SingleValue]
    public FederatedDefaults Defaults { get; set; }

    /// <summary>The weight of the proximal term of FedProx, Ditto, FedAmp and PFedGraph, at least 0; by default that of -Defaults.</summary>
    [Parameter(ParameterSetName = TrainSet)]
    [Number(MayBeAbsent = true)]
    public double? Proximal { get; set; }

    /// <summary>The seed: the same seed gives the same bytes on any number of threads. Without it draws are cryptographic.</summary>
    [Parameter]
    [WholeNumber(MayBeAbsent = true)]
    public int? Seed { get; set; }

    /// <summary>ε above 0: trains privately, so that each client loses at most ε over all rounds of an algorithm.</summary>
    /// <value>plain training</value>
    [Parameter(ParameterSetName = TrainSet)]
    [Number(MayBeAbsent = true)]
    public double? Epsilon { get; set; }

    /// <summary>δ, between 0 and 1, both excluded; 1e-5 by default. Keep it well below one over the number of records.</summary>
    [Parameter(ParameterSetName = TrainSet)]
    [Number]
    public double Delta { get; set; } = 1e-5;

    /// <summary>C, above 0: the longest gradient of a record, or change of a client's model in a round; 1 by default. Noise grows with it.</summary>
    [Parameter(ParameterSetName = TrainSet)]
    [Number]
    public double ClippingNorm { get; set; } = 1;

    /// <summary>What ε protects: one Record (the default), or a client (Contributor) with all its records.</summary>
    /// <value>Record</value>
    [Parameter(ParameterSetName = TrainSet)]
    [SingleValue]
    public PrivacyUnit Unit { get; set; } = PrivacyUnit.Record;

    /// <summary>The privacy budget to charge before training: from New-PrivacyBudget or Get-PrivacyBudget, or its path or address. With -Epsilon.</summary>
    [Parameter(ParameterSetName = TrainSet)]
    [ValidateNotNullOrEmpty]
    public object? Budget { get; set; }

    /// <summary>Where the run is saved, and goes on from where the file is there; it takes -Seed.</summary>
    [Parameter(ParameterSetName = TrainSet)]
    [ValidateNotNullOrEmpty]
    public string? CheckpointPath { get; set; }

    /// <summary>
    /// The distances of the clients, for one round without training: an array with an array for each client, in the order of the clients.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = DistanceSet)]
    [ValidateNotNull]
    public object? Distance { get; set; }

    /// <summary>The clients' updates from the common initial model, for one round without training: an array with an array for each client.</summary>
    [Parameter(Mandatory = true, ParameterSetName = UpdateSet)]
    [ValidateNotNull]
    public object? Update { get; set; }

    /// <summary>Adds to each row Graph, Distance, Payment and Threshold as matrices, and the client's Update and Proxy.</summary>
    [Parameter(ParameterSetName = TrainSet)]
    public SwitchParameter PassThru { get; set; }

    private ModelMarketRules Rules => new() { Lambda = Lambda, GraphStep = GraphStep, Payment = Payment };

    private ModelMarketOptions Options => new()
    {
        Algorithms = [.. Algorithm.Distinct()],
        Rounds = Round,
        Federated = new FederatedOptions
        {
            Defaults = Defaults,
            Lambda = Lambda,
            Eta = Eta,
            Proximal = Proximal,
            Seed = Seed,
            Training = new LocalTrainingOptions
            {
                Optimizer = Optimizer,
                LearningRate = LearningRate,
                Momentum = Momentum,
                WeightDecay = WeightDecay,
                BatchSize = BatchSize,
                Steps = LocalStep,
            },
        },
        Rules = Rules,
        Choice = LearnerArgument.Of(IsBound(nameof(Learner)) ? Learner : null, Hidden, LearnerPath is null ? null : ResolveNewPath(LearnerPath), Trainable),
        HasMatrices = PassThru,
        Privacy = Epsilon is null ? null : new ModelMarketPrivacy
        {
            Epsilon = Epsilon.Value,
            Delta = Delta,
            ClippingNorm = ClippingNorm,
            Unit = Unit,
        },
        RunNumber = RunNumber,
        CheckpointPath = CheckpointPath is null ? null : ResolveNewPath(CheckpointPath),
    };

    private int RunNumber => _runNumber ??= Seed ?? RandomSource.Create(null).NextInt32(int.MaxValue);

    private int? _runNumber;

    /// <inheritdoc/>
    protected override void Begin()
    {
        if (ParameterSetName == TrainSet)
        {
            Options.Validate();
            OpenBudget();
        }
        else
        {
            Rules.Validate();
            Options.Federated.Validate();
        }
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (PSObject? item in InputObject ?? [])
        {
            if (ParameterSetName == TrainSet)
            {
                _clients.AddRange(Records<ModelClient>([item]));
            }
            else
            {
                // One that cannot be read has its error, and keeps its place: the rows of matrices are counted with it.
                _traders.Add(RecordReader.TypeOf(item) == typeof(ModelClient)
                    ? Records<ModelClient>([item]).Select(ModelTrader.Of).SingleOrDefault()
                    : Records<ModelTrader>([item]).SingleOrDefault());
            }
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (ParameterSetName == TrainSet)
        {
            if (_clients.Count > 0)
            {
                Train();
            }

            return;
        }

        int[] read = [.. Enumerable.Range(0, _traders.Count).Where(i => _traders[i] is not null)];
        ModelTrader[] traders = [.. read.Select(i => _traders[i]!)];
        if (traders.Length == 0)
        {
            return;
        }

        bool isDistance = ParameterSetName == DistanceSet;
        string name = isDistance ? nameof(Distance) : nameof(Update);
        object? given = isDistance ? Distance : Update;
        QosValuationException Refuse(string message) => new(Faults.ModelDistanceNotValid, message, given);
        double[][] rows = OfferFields.Matrix(name, given, Refuse) ?? throw Refuse($"-{name} is no matrix: give an array with one array for each client.");
        if (rows.Length != _traders.Count)
        {
            throw Refuse($"-{name} has {rows.Length} rows for {_traders.Count} clients; give one for each.");
        }

        SquareMatrix? distances = isDistance ? Square(rows, read, Refuse) : null;
        rows = [.. read.Select(i => rows[i])];
        foreach (ModelMarketRound row in BackgroundWork.Run(
            (_, token) => distances is not null
                ? ModelMarketRows.Trade(traders, distances, Rules, RunNumber, token)
                : ModelMarketRows.Trade(traders, rows, Rules, Eta, RunNumber, token),
            static _ => { },
            Cancellation))
        {
            WriteRecord(row);
        }
    }

    // The distances of those that could be read.
    private static SquareMatrix Square(double[][] rows, int[] read, Func<string, QosValuationException> refuse)
    {
        var matrix = new SquareMatrix(read.Length);
        for (int i = 0; i < rows.Length; i++)
        {
            if (rows[i].Length != rows.Length)
            {
                throw refuse($"Row {i + 1} of -Distance holds {rows[i].Length} numbers for {rows.Length} clients; give one for each.");
            }

        }

        for (int i = 0; i < read.Length; i++)
        {
            for (int j = 0; j < read.Length; j++)
            {
                matrix[i, j] = rows[read[i]][read[j]];
            }
        }

        return matrix;
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

    private void OpenBudget()
    {
        if (Epsilon is null)
        {
            string[] alone = [.. PrivateParameters.Where(IsBound)];
            if (alone.Length > 0)
            {
                throw new QosValuationException(
                    Faults.ParametersConflict, $"-{alone[0]} belongs to private training: give -Epsilon too, or leave it out.", alone[0]);
            }

            return;
        }

        if (Budget is null)
        {
            return;
        }

        _budget = PrivacyBudgetStore.Open(ResolveStore(BudgetPath.Of(Budget)));
        _budget.RequireUnit(Unit);
        if (Seed is not null)
        {
            throw _budget.NotApplicable("Whoever knows the seed can take the noise away again, so that nothing is protected: leave -Seed out.");
        }
    }

    private void Train()
    {
        ModelMarketOptions options = Options;
        if (options.Choice.Path is not null)
        {
            // What does not fit is refused before anything is charged.
            BackgroundWork.Run((_, _) => { ModelMarketRun.RequireLearner(_clients, options); return true; }, static _ => { }, Cancellation);
        }

        ModelMarketNoise? noise = Epsilon is null
            ? null
            : BackgroundWork.Run((_, token) => ModelMarketNoise.Calibrate(_clients, options, token), static _ => { }, Cancellation);
        foreach (FederatedAlgorithm algorithm in noise is null ? [] : options.Algorithms)
        {
            WriteVerbose(string.Create(CultureInfo.CurrentCulture, $"{algorithm}: σ is {noise!.Multiplier(algorithm):G6} times the clipping norm."));
        }

        if (!MayTrain(options, noise, out IReadOnlyList<PrivacyCharge> charges))
        {
            return;
        }

        Cancellation.ThrowIfCancellationRequested();
        if (charges.Count > 0)
        {
            _budget!.Charge(charges);
        }

        long rows = 0;
        long total = (long)_clients.Count * options.Rounds * options.Algorithms.Count;
        try
        {
            Trade(options, noise, total, ref rows);
        }
        finally
        {
            // From the charge on all is paid for: what does not leave is lost, and that is said.
            if (charges.Count > 0 && rows < total)
            {
                TellLost(BudgetSentences.LostTraining(_budget!, rows / _clients.Count, total / _clients.Count));
            }
        }
    }

    private bool MayTrain(ModelMarketOptions options, ModelMarketNoise? noise, out IReadOnlyList<PrivacyCharge> charges)
    {
        charges = [];
        if (_budget is null)
        {
            return options.CheckpointPath is null || ShouldProcess(options.CheckpointPath, $"Train the models of {_clients.Count} clients and save the run");
        }

        // What would be refused is refused before anybody is asked about it.
        charges = noise!.Charges();
        string plan = BudgetSentences.PlanTraining(_budget.Budget, options.Rounds, options.Algorithms.Count, _budget.Preview(charges));
        return ShouldProcess(plan, plan, "Train on a privacy budget");
    }

    private void Trade(ModelMarketOptions options, ModelMarketNoise? noise, long total, ref long rows)
    {
        var meter = new ProgressMeter(this, "Training and trading models", "clients trained");
        var done = new ProgressCount();
        int lies = 0;
        long written = 0;
        try
        {
            BackgroundWork.Stream(
                token => ModelMarketRun.Run(_clients, options, done, noise, token),
                row =>
                {
                    lies += row.Client == _clients[0].Contributor && row.Check?.IsTruthful == false ? 1 : 0;
                    WriteRecord(row);
                    written++;
                },
                () => meter.Report(done.Value, total),
                Cancellation);
        }
        finally
        {
            rows = written;
        }

        meter.Complete();
        if (lies > 0)
        {
            WriteVerbose(string.Create(
                CultureInfo.CurrentCulture, $"In {lies} rounds a client would have gained by a false cost; -Payment Critical is truthful in costs."));
        }
    }
}
