namespace QosValuation.Learning.Learners;

/// <summary>The scratch memory of one thread, and what a learner computes in it. Not thread-safe; it keeps nothing from one call to the next.</summary>
public interface ILearnerWorker
{
    /// <summary>The mean cross-entropy of some rows and its gradient. O(rows · parameters).</summary>
    /// <param name="parameters">The model.</param>
    /// <param name="rows">The data.</param>
    /// <param name="chosen">The rows that count, at least one; one may come twice.</param>
    /// <param name="gradient">Receives the gradient.</param>
    /// <param name="cancellationToken">Stops between blocks of rows, and a model of the user's own at the next node.</param>
    /// <returns>The mean of −ln p of the rows' classes, in nats.</returns>
    double MeanGradient(
        ReadOnlySpan<float> parameters, LabelledRows rows, ReadOnlySpan<int> chosen, Span<float> gradient, CancellationToken cancellationToken = default);

    /// <summary>
    /// The sum over rows of the gradient of the row's cross-entropy, each first scaled down to a norm of at most
    /// <paramref name="clip"/>: Σ gᵢ·min(1, C/|gᵢ|) (Abadi et al. 2016, algorithm 1). O(rows · parameters); of dense layers no row's gradient is ever written
    /// out, because the norm of a layer's is that of its input times that of its output's gradient (Goodfellow 2015, arXiv 1510.01799).
    /// </summary>
    /// <param name="parameters">The model.</param>
    /// <param name="rows">The data.</param>
    /// <param name="chosen">The rows that count; none gives a sum of 0.</param>
    /// <param name="clip">C &gt; 0.</param>
    /// <param name="sum">Receives the sum.</param>
    /// <param name="cancellationToken">Stops between blocks of rows, and a model of the user's own at the next node.</param>
    /// <returns>How many rows were scaled down.</returns>
    int ClippedGradientSum(
        ReadOnlySpan<float> parameters,
        LabelledRows rows,
        ReadOnlySpan<int> chosen,
        double clip,
        Span<float> sum,
        CancellationToken cancellationToken = default);

    /// <summary>The scores (logits) of a run of rows; the class with the largest is the prediction. O(rows · parameters).</summary>
    /// <param name="parameters">The model.</param>
    /// <param name="rows">The data.</param>
    /// <param name="first">The first row.</param>
    /// <param name="scores">Receives one score a class for each row: as many rows as it has room for.</param>
    /// <param name="cancellationToken">Stops between blocks of rows, and a model of the user's own at the next node.</param>
    void Scores(ReadOnlySpan<float> parameters, LabelledRows rows, int first, Span<float> scores, CancellationToken cancellationToken = default);
}
