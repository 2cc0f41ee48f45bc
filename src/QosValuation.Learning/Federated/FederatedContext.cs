using System.Numerics;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Learners;

namespace QosValuation.Learning.Federated;

/// <summary>What the algorithms share: the clients, their training and measurement, manipulation, distances and means.</summary>
/// <remarks>Clients are worked on in parallel, each with random streams of its own, so that the results are the same for any number of threads.</remarks>
public sealed class FederatedContext
{
    // What the streams of a run are for.
    private enum Purpose : ulong
    {
        Initial = 1,
        Training,
        PersonalTraining,
        Manipulation,
        Candidates,
        Validation,
    }

    private readonly float[] _initial;
    private readonly Action? _clientDone;

    /// <summary>Prepares a run.</summary>
    /// <param name="learner">What the clients train.</param>
    /// <param name="clients">The clients, at least one.</param>
    /// <param name="options">The settings, which have been validated.</param>
    /// <param name="imports">Who imports from whom, where the algorithm asks.</param>
    /// <param name="clientDone">Called when a client has been trained, on worker threads.</param>
    internal FederatedContext(
        ILearner learner, IReadOnlyList<FederatedClient> clients, FederatedOptions options, ImportChoice? imports, Action? clientDone)
    {
        Learner = learner;
        Clients = clients;
        Options = options;
        ImportChoice = imports;
        _clientDone = clientDone;
        _initial = new float[learner.ParameterCount];
        learner.Initialize(_initial, Random(Purpose.Initial, 0, 0));
        double total = CompensatedSum.Of([.. clients.Select(client => client.ReportedSize)]);
        Shares = [.. clients.Select(client => client.ReportedSize / total)];
    }

    /// <summary>What the clients train.</summary>
    public ILearner Learner { get; }

    /// <summary>The clients.</summary>
    public IReadOnlyList<FederatedClient> Clients { get; }

    /// <summary>The settings.</summary>
    public FederatedOptions Options { get; }

    /// <summary>n, the number of clients.</summary>
    public int Count => Clients.Count;

    /// <summary>Who imports from whom; null where nobody decides.</summary>
    public ImportChoice? ImportChoice { get; }

    /// <summary>θ_0: the common initial model.</summary>
    public ReadOnlyMemory<float> Initial => _initial;

    /// <summary>N_i over the sum of all: each client's share by reported size.</summary>
    public IReadOnlyList<double> Shares { get; }

    /// <summary>Whether the run follows the iPFL authors' code.</summary>
    public bool IsAuthors => Options.Defaults == FederatedDefaults.Authors;

    /// <summary>The same run with other training rows.</summary>
    /// <param name="train">The rows of each client.</param>
    /// <returns>A context that draws from the same streams.</returns>
    internal FederatedContext WithTraining(IReadOnlyList<LabelledRows> train) =>
        new(Learner, [.. Clients.Select((client, i) => client with { Train = train[i] })], Options, ImportChoice, _clientDone);

    /// <summary>A model for each client, at the common initial model.</summary>
    /// <returns>New rows.</returns>
    public ParameterMatrix NewModels()
    {
        var models = new ParameterMatrix(Count, _initial.Length);
        models.Fill(_initial);
        return models;
    }

    /// <summary>Trains every client's model on its rows; free riders leave theirs.</summary>
    /// <param name="round">The round, from 1.</param>
    /// <param name="models">The models; changed in place.</param>
    /// <param name="term">What is added to a client's loss; null for nothing.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <param name="isPersonal">Whether it is a client's second model in a round, which draws batches of its own.</param>
    public void Train(
        int round, ParameterMatrix models, Func<int, ILocalTerm?>? term, CancellationToken cancellationToken, bool isPersonal = false)
    {
        ArgumentNullException.ThrowIfNull(models);
        ForEachClient(i =>
        {
            if (Clients[i].IsTraining)
            {
                RandomSource random = Random(isPersonal ? Purpose.PersonalTraining : Purpose.Training, round, i);
                float[]? start = Options.Sharing is null ? null : models[i].ToArray();
                LocalTraining.Run(Learner, models[i], Clients[i].Train, Options.Training, term?.Invoke(i), random, cancellationToken: cancellationToken);
                Options.Sharing?.Apply(models[i], start, random);
                if (!isPersonal)
                {
                    RequireFinite(models[i], i, round);
                }
            }

            if (!isPersonal)
            {
                _clientDone?.Invoke();
            }
        }, cancellationToken);
    }

    /// <summary>Measures a model for each client on the client's test rows with its class weights.</summary>
    /// <param name="models">The models, one for each client.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>Accuracy from 0 to 1, and mean cross-entropy in nats.</returns>
    public (double[] Accuracy, double[] Loss) Measure(IReadOnlyList<ReadOnlyMemory<float>> models, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(models);
        double[] accuracy = new double[Count];
        double[] loss = new double[Count];
        ForEachClient(i =>
            (accuracy[i], loss[i]) = ModelEvaluation.Measure(
                Learner, models[i].Span, Clients[i].Test, [.. Clients[i].ClassWeights], cancellationToken: cancellationToken), cancellationToken);
        return (accuracy, loss);
    }

    /// <summary>The mean cross-entropy of a model on rows, each counting alike. O(rows · p).</summary>
    /// <param name="model">The model.</param>
    /// <param name="rows">The rows.</param>
    /// <returns>The loss in nats.</returns>
    public double LossOn(ReadOnlySpan<float> model, LabelledRows rows) => ModelEvaluation.Measure(Learner, model, rows, []).Loss;

    /// <summary>Lets attackers and free riders change the models that they share, in place.</summary>
    /// <param name="round">The round, from 1.</param>
    /// <param name="models">The models.</param>
    /// <returns>The models as they were before.</returns>
    public IReadOnlyList<ReadOnlyMemory<float>> Manipulate(int round, ParameterMatrix models)
    {
        ArgumentNullException.ThrowIfNull(models);
        ReadOnlyMemory<float>[] before = [.. models.Rows];
        for (int i = 0; i < Count; i++)
        {
            if (Clients[i].Attack is not (ClientAttack.None or ClientAttack.FreeRide))
            {
                before[i] = models[i].ToArray();
                Manipulation.Apply(Clients[i].Attack, models[i], Random(Purpose.Manipulation, round, i));
            }
        }

        return before;
    }

    /// <summary>Measures the models of a round, and lets attackers change them, in place.</summary>
    /// <param name="round">The round, from 1.</param>
    /// <param name="models">The models as they were trained.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>What is shared.</returns>
    internal SharedModels Share(int round, ParameterMatrix models, CancellationToken cancellationToken)
    {
        (double[] accuracy, double[] loss) = Measure(models.Rows, cancellationToken);
        return new SharedModels(this, round, accuracy, loss, Manipulate(round, models), models);
    }

    /// <summary>One model that stands for all clients.</summary>
    /// <param name="model">The model.</param>
    /// <returns>It, n times.</returns>
    public IReadOnlyList<ReadOnlyMemory<float>> ForAll(ReadOnlyMemory<float> model) => [.. Enumerable.Repeat(model, Count)];

    /// <summary>d_ij = 1 − cos of the updates from the common initial model. O(n²·p).</summary>
    /// <param name="models">The models.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The distances, n × n.</returns>
    public SquareMatrix Distances(ParameterMatrix models, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(models);
        return ModelDistances.Cosine(models.Rows, Initial, Options.MaxDegreeOfParallelism, cancellationToken);
    }

    /// <summary>Means of models: row i of the result is Σ_j graph_ij·θ_j, summed in double precision. O(n·imports·p).</summary>
    /// <param name="graph">The weights.</param>
    /// <param name="models">The models.</param>
    /// <param name="means">Receives the means; another matrix than <paramref name="models"/>.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public void Mix(SquareMatrix graph, ParameterMatrix models, ParameterMatrix means, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(means);
        ForEachClient(i => Mean(graph.Row(i), models.Rows, means[i]), cancellationToken);
    }

    /// <summary>A mean of models with weights, summed in double precision. O(n·p).</summary>
    /// <param name="weights">A weight for each model; models with weight 0 are not read.</param>
    /// <param name="models">The models.</param>
    /// <param name="mean">Receives the mean.</param>
    public static void Mean(ReadOnlySpan<double> weights, IReadOnlyList<ReadOnlyMemory<float>> models, Span<float> mean)
    {
        ArgumentNullException.ThrowIfNull(models);
        double[] sum = new double[mean.Length];
        for (int j = 0; j < weights.Length; j++)
        {
            if (weights[j] == 0)
            {
                continue;
            }

            double weight = weights[j];
            ReadOnlySpan<float> model = models[j].Span;
            int done = 0;
            for (; done + Vector<float>.Count <= sum.Length; done += Vector<float>.Count)
            {
                Vector.Widen(new Vector<float>(model[done..]), out Vector<double> low, out Vector<double> high);
                Span<double> here = sum.AsSpan(done);
                (new Vector<double>(here) + (low * weight)).CopyTo(here);
                here = here[Vector<double>.Count..];
                (new Vector<double>(here) + (high * weight)).CopyTo(here);
            }

            for (; done < sum.Length; done++)
            {
                sum[done] += weight * model[done];
            }
        }

        System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(sum.AsSpan(), mean);
    }

    /// <summary>Does a piece of work for each client, on all cores.</summary>
    /// <param name="work">Told the client's index.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public void ForEachClient(Action<int> work, CancellationToken cancellationToken)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Options.MaxDegreeOfParallelism, CancellationToken = cancellationToken };
        try
        {
            Parallel.For(0, Count, parallel, work);
        }
        catch (AggregateException exception)
        {
            Exception first = exception.Flatten().InnerExceptions.FirstOrDefault(inner => inner is not OperationCanceledException)
                ?? exception.InnerExceptions[0];
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
        }
    }

    /// <summary>The draws by which FedFomo chooses a client's candidates in a round.</summary>
    internal RandomSource CandidateDraws(int round, int client) => Random(Purpose.Candidates, round, client);

    /// <summary>The draws by which a client's rows are divided into training and validation rows.</summary>
    internal RandomSource ValidationDraws(int client) => Random(Purpose.Validation, 0, client);

    private RandomSource Random(Purpose purpose, int round, int client) =>
        RandomSource.Create(Options.Seed, RandomStreams.Mix((ulong)purpose, (ulong)round, (ulong)client));

    private void RequireFinite(ReadOnlySpan<float> model, int client, int round)
    {
        foreach (float parameter in model)
        {
            if (!float.IsFinite(parameter))
            {
                throw new QosValuationException(
                    Faults.FederatedRunDiverged,
                    $"The model of client '{Clients[client].Name}' is not finite after its training in round {round}: lower the learning rate.",
                    Clients[client].Name);
            }
        }
    }
}
