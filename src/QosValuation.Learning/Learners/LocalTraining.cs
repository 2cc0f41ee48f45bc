using System.Numerics.Tensors;
using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Optimizers;

namespace QosValuation.Learning.Learners;

/// <summary>Trains one client's model on its own rows, on one thread: clients are what runs in parallel.</summary>
public static class LocalTraining
{
    /// <summary>
    /// Takes a number of steps. Batches are those of PyTorch's shuffled loader: a new order at the start of each pass over the rows, the last, short
    /// batch kept; a call starts a new pass. Private training draws each record for a step with probability batch/records instead, and of a record
    /// with several rows one row, with equal probability: a step sees at most one gradient of a record.
    /// O(steps · batch · parameters); dense learners allocate nothing a step.
    /// </summary>
    /// <param name="learner">The learner.</param>
    /// <param name="parameters">The model; changed in place. Left as it was after the last whole step where the work is cancelled.</param>
    /// <param name="rows">The client's rows, at least one.</param>
    /// <param name="options">Optimiser, batches, steps and privacy.</param>
    /// <param name="term">What is added to the loss; null for nothing.</param>
    /// <param name="random">The source of orders, coins and noise. Private noise needs a cryptographic one to be a guarantee.</param>
    /// <param name="worker">A worker of the learner to use again; null makes one.</param>
    /// <param name="optimizer">An optimiser to go on with; null starts a new one, as the code of iPFL does in every round.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>What was done.</returns>
    public static LocalTrainingResult Run(
        ILearner learner,
        Span<float> parameters,
        LabelledRows rows,
        LocalTrainingOptions options,
        ILocalTerm? term,
        RandomSource random,
        ILearnerWorker? worker = null,
        IDescentOptimizer? optimizer = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(learner);
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfZero(rows.Count, nameof(rows));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.BatchSize, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.Steps, nameof(options));
        worker ??= learner.CreateWorker();
        optimizer ??= ModelOptimizers.Create(options.Optimizer, options.LearningRate, options.Momentum, options.WeightDecay);
        float[] gradient = new float[learner.ParameterCount];
        int[] order = new int[rows.Count];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        (int[] members, int[] starts) = options.Privacy is null ? ([], []) : rows.ByRecord();

        double loss = 0;
        long clipped = 0;
        long seen = 0;
        int next = rows.Count;
        for (int step = 0; step < options.Steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (options.Privacy is PrivateTraining privacy)
            {
                double rate = PrivateTraining.RateOf(rows.Records, options.BatchSize);
                int count = Sample(order, members, starts, rate, random);
                clipped += worker.ClippedGradientSum(parameters, rows, order.AsSpan(0, count), privacy.Clip, gradient, cancellationToken);
                seen += count;
                GaussianNoise.Add(gradient, privacy.NoiseMultiplier * privacy.Clip, random);
                TensorPrimitives.Divide(gradient, (float)(rate * rows.Records), gradient);
            }
            else
            {
                if (next >= rows.Count)
                {
                    next = 0;
                    if (options.BatchSize < rows.Count)
                    {
                        random.Shuffle(order.AsSpan());
                    }
                }

                ReadOnlySpan<int> batch = order.AsSpan(next, Math.Min(options.BatchSize, rows.Count - next));
                next += batch.Length;
                loss += worker.MeanGradient(parameters, rows, batch, gradient, cancellationToken);
            }

            term?.Add(parameters, gradient);
            optimizer.Descend(parameters, gradient);
        }

        bool isPrivate = options.Privacy is not null;
        return new LocalTrainingResult(options.Steps, isPrivate ? double.NaN : loss / options.Steps, isPrivate ? (double)clipped / seen : double.NaN);
    }

    // Each record by a coin of its own; of its rows one.
    private static int Sample(int[] chosen, int[] members, int[] starts, double rate, RandomSource random)
    {
        int count = 0;
        for (int record = 0; record + 1 < starts.Length; record++)
        {
            if (random.NextDouble() < rate)
            {
                int rows = starts[record + 1] - starts[record];
                chosen[count++] = members[starts[record] + (rows == 1 ? 0 : random.NextInt32(rows))];
            }
        }

        return count;
    }
}
