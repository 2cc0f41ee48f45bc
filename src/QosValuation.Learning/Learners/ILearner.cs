using QosValuation.Foundation.Randomness;

namespace QosValuation.Learning.Learners;

/// <summary>
/// A classifier whose parameters are one vector of single precision, so that models can be averaged, compared and shared.
/// Immutable: the parameters live with the caller, and what a thread needs to compute lives in its <see cref="ILearnerWorker"/>.
/// </summary>
public interface ILearner
{
    /// <summary>Which learner it is.</summary>
    ModelLearner Name { get; }

    /// <summary>The length of a row of features.</summary>
    int Features { get; }

    /// <summary>The number of classes.</summary>
    int Classes { get; }

    /// <summary>The number of parameters.</summary>
    int ParameterCount { get; }

    /// <summary>Draws the parameters that training starts from. O(parameters).</summary>
    /// <param name="parameters">Receives them.</param>
    /// <param name="random">The source of the draws.</param>
    void Initialize(Span<float> parameters, RandomSource random);

    /// <summary>Makes what one thread needs to compute. Steps of dense learners allocate nothing.</summary>
    /// <returns>A worker, for one thread at a time.</returns>
    ILearnerWorker CreateWorker();
}
