using System.Buffers;

namespace QosValuation.Learning.Learners;

/// <summary>How good a model is on a test set that is weighted by class.</summary>
public static class ModelEvaluation
{
    private const int Block = 256;

    /// <summary>
    /// Accuracy and mean cross-entropy on test rows, each row counted with the weight of its class. A common test set becomes a client's own by
    /// weights p_c/n_c, the client's share of class c over the test set's (the evaluation of 19dx/iPFL, whose test sets are balanced).
    /// O(rows · parameters).
    /// </summary>
    /// <param name="learner">The learner.</param>
    /// <param name="parameters">The model.</param>
    /// <param name="test">The test rows.</param>
    /// <param name="classWeights">The weight of a row of each class, at least 0; none for equal weights.</param>
    /// <param name="worker">A worker of the learner to use again; null makes one.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>
    /// The weighted part of rows whose class has the largest score, from 0 to 1 (of several largest the first class is predicted), and the weighted mean
    /// of −ln p in nats. NaN where no row has a weight.
    /// </returns>
    public static (double Accuracy, double Loss) Measure(
        ILearner learner,
        ReadOnlySpan<float> parameters,
        LabelledRows test,
        ReadOnlySpan<double> classWeights,
        ILearnerWorker? worker = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(learner);
        ArgumentNullException.ThrowIfNull(test);
        if (classWeights.Length > 0)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(classWeights.Length, test.Classes, nameof(classWeights));
        }

        worker ??= learner.CreateWorker();
        int classes = learner.Classes;
        float[] scores = ArrayPool<float>.Shared.Rent(Block * classes);
        double total = 0;
        double right = 0;
        double loss = 0;
        for (int start = 0; start < test.Count; start += Block)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Span<float> block = scores.AsSpan(0, Math.Min(Block, test.Count - start) * classes);
            worker.Scores(parameters, test, start, block, cancellationToken);
            for (int i = 0; i * classes < block.Length; i++)
            {
                ReadOnlySpan<float> row = block.Slice(i * classes, classes);
                int label = test.Labels[start + i];
                double weight = classWeights.Length == 0 ? 1 : classWeights[label];
                int best = 0;
                for (int c = 1; c < classes; c++)
                {
                    best = row[c] > row[best] ? c : best;
                }

                double sum = 0;
                foreach (float score in row)
                {
                    sum += Math.Exp((double)score - row[best]);
                }

                total += weight;
                right += best == label ? weight : 0;
                loss += weight == 0 ? 0 : weight * (Math.Log(sum) + row[best] - row[label]);
            }
        }

        ArrayPool<float>.Shared.Return(scores);
        return (right / total, loss / total);
    }
}
