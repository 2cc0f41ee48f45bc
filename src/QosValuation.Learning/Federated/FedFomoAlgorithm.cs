using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Learners;

namespace QosValuation.Learning.Federated;

/// <summary>FedFomo (Zhang et al., ICLR 2021).</summary>
/// <remarks>
/// Each client is sent M = 6 models, drawn without replacement by its preferences, and takes the mean of those that lower its loss below that of its
/// model at the round's start, by weights max(0, L − L_j)/‖·‖; without such a model it goes back to its start. The weights are added to the
/// preferences, which begin at 1. The graph holds 1 for each model that was sent: that is what the others have work with.
/// The authors' code takes losses on training rows and the distance from the client's trained model (with 10⁻⁶ added to each difference); the
/// paper takes them on rows held out for validation, here a fifth, and the distance from the model at the round's start. How models are
/// drawn is the iPFL authors' under both; the paper's authors' own code (NVlabs/FedFomo) draws ε-greedily, and takes the 1-norm unless told. The
/// authors' code mixes clients one after the other, so that later ones see models already mixed; here all see the models that were shared.
/// O(n·M·(rows + 1)·p).
/// </remarks>
public sealed class FedFomoAlgorithm : IFederatedAlgorithm
{
    private const int Candidates = 6;
    private const double ValidationPart = 0.2;
    private const double Offset = 1e-6;

    /// <inheritdoc/>
    public FederatedAlgorithm Name => FederatedAlgorithm.FedFomo;

    /// <inheritdoc/>
    public bool LooksAtRows => true;

    /// <inheritdoc/>
    public FederatedProcess Start(FederatedContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.IsAuthors)
        {
            return new Process(context, [.. context.Clients.Select(client => client.Train)]);
        }

        (LabelledRows Train, LabelledRows Validation)[] divided = [.. context.Clients.Select((client, i) => Divide(client.Train, context.ValidationDraws(i)))];
        return new Process(
            context.WithTraining([.. divided.Select(rows => rows.Train)]), [.. divided.Select(rows => rows.Validation)]);
    }

    /// <summary>Draws indices without replacement, each time by weight. O(n·count).</summary>
    /// <param name="weights">The weights, above 0.</param>
    /// <param name="count">How many, at most n.</param>
    /// <param name="random">The source of draws.</param>
    /// <returns>The indices, ascending.</returns>
    internal static int[] DrawByWeight(ReadOnlySpan<double> weights, int count, RandomSource random)
    {
        double[] left = weights.ToArray();
        int[] drawn = new int[Math.Min(count, left.Length)];
        for (int k = 0; k < drawn.Length; k++)
        {
            double at = random.NextDouble() * CompensatedSum.Of(left);
            int last = -1;
            for (int j = 0; j < left.Length && (last < 0 || at >= 0); j++)
            {
                if (left[j] > 0)
                {
                    last = j;
                    at -= left[j];
                }
            }

            drawn[k] = last;
            left[last] = 0;
        }

        Array.Sort(drawn);
        return drawn;
    }

    private static (LabelledRows Train, LabelledRows Validation) Divide(LabelledRows rows, RandomSource random)
    {
        int held = Math.Clamp((int)Math.Round(ValidationPart * rows.Count), 1, Math.Max(1, rows.Count - 1));
        int[] order = [.. Enumerable.Range(0, rows.Count)];
        random.Shuffle(order.AsSpan());
        return (rows.Count == 1 ? rows : rows.Select(order.AsSpan(held)), rows.Select(order.AsSpan(0, held)));
    }

    private sealed class Process(FederatedContext context, LabelledRows[] judges) : FederatedProcess
    {
        private readonly ParameterMatrix _models = context.NewModels();
        private readonly SquareMatrix _preferences = Ones(context.Count);

        public override FederatedRound Next(int round, CancellationToken cancellationToken)
        {
            var shared = new ParameterMatrix(context.Count, _models.Width);
            shared.CopyFrom(_models);
            context.Train(round, shared, term: null, cancellationToken);
            SharedModels told = context.Share(round, shared, cancellationToken);
            var graph = new SquareMatrix(context.Count);
            context.ForEachClient(i =>
            {
                int[] sent = DrawByWeight(_preferences.Row(i), Candidates, context.CandidateDraws(round, i));
                double[] weights = Weigh(i, sent, shared, cancellationToken);
                double sum = CompensatedSum.Of(weights);
                for (int j = 0; j < weights.Length && sum > 0; j++)
                {
                    weights[j] /= sum;
                    _preferences[i, j] += weights[j];
                }

                // Without a model that helps, the start stays.
                if (sum > 0)
                {
                    FederatedContext.Mean(weights, shared.Rows, _models[i]);
                }

                foreach (int j in sent)
                {
                    graph[i, j] = 1;
                }
            }, cancellationToken);
            return told.End(graph, null, _models);
        }

        public override void Visit(FederatedState state)
        {
            state.Visit(_models);
            state.Visit(_preferences);
        }

        private static SquareMatrix Ones(int count)
        {
            var ones = new SquareMatrix(count);
            Array.Fill(ones.Values, 1);
            return ones;
        }

        private double[] Weigh(int client, int[] sent, ParameterMatrix shared, CancellationToken cancellationToken)
        {
            double before = context.LossOn(_models[client], judges[client]);
            double[] weights = new double[context.Count];
            foreach (int j in sent)
            {
                cancellationToken.ThrowIfCancellationRequested();
                double gain = before - context.LossOn(shared[j], judges[client]);
                double distance = context.IsAuthors ? Distance(shared[client], shared[j], Offset) : Distance(_models[client], shared[j], 0);
                weights[j] = gain > 0 && distance > 0 ? gain / distance : 0;
            }

            return weights;
        }

        private static double Distance(ReadOnlySpan<float> first, ReadOnlySpan<float> second, double offset)
        {
            double square = 0;
            for (int k = 0; k < first.Length; k++)
            {
                double difference = (double)first[k] - second[k] + offset;
                square += difference * difference;
            }

            return Math.Sqrt(square);
        }
    }
}
