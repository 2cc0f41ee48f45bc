using System.Collections.Concurrent;
using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Gradients;

namespace QosValuation.Learning.Learners;

/// <summary>
/// A classifier from an ONNX file: chosen weights of it, its last linear layer by default, are the parameters, and all others stay as they are. Gradients
/// come from the model's own backward pass (<see cref="GradientGraph"/>), which ONNX Runtime runs on one thread, so that results do not depend on the number
/// of threads. Training starts from the weights in the file. Disposing ends the sessions, one for each thread that worked at once.
/// </summary>
public sealed class OnnxLearner : ILearner, IDisposable
{
    private readonly ConcurrentBag<GradientModel> _idle = [];
    private volatile bool _isDisposed;

    /// <summary>Opens a model.</summary>
    /// <param name="path">The .onnx file: vectors [N, D] in, scores without softmax [N, C] out.</param>
    /// <param name="features">D.</param>
    /// <param name="classes">The number of classes, at most C; further scores are of classes that no row has.</param>
    /// <param name="trainable">Names of the weights to train, with * and ?; none for the last linear layer.</param>
    /// <exception cref="QosValuationException"><c>ClassifierNotValid</c>, <c>ClassifierWeightNotFound</c>, and what reading and differentiating models
    /// refuses.</exception>
    public OnnxLearner(string path, int features, int classes, IReadOnlyList<string> trainable)
    {
        Model = ClassifierModel.Open(path, features, classes, trainable);

        // What ONNX Runtime refuses is refused now, and not on a worker's thread.
        Return(Model.Start());
    }

    /// <summary>The model that is trained.</summary>
    public ClassifierModel Model { get; }

    /// <inheritdoc/>
    public ModelLearner Name => ModelLearner.Onnx;

    /// <inheritdoc/>
    public int Features => Model.Features;

    /// <inheritdoc/>
    public int Classes => Model.Classes;

    /// <inheritdoc/>
    public int ParameterCount => Model.Initial.Length;

    /// <inheritdoc/>
    /// <remarks>The weights in the file; nothing is drawn.</remarks>
    public void Initialize(Span<float> parameters, RandomSource random)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(parameters.Length, ParameterCount, nameof(parameters));
        Model.Initial.CopyTo(parameters);
    }

    /// <inheritdoc/>
    public ILearnerWorker CreateWorker() => new OnnxWorker(this);

    /// <inheritdoc/>
    public void Dispose()
    {
        _isDisposed = true;
        while (_idle.TryTake(out GradientModel? model))
        {
            model.Dispose();
        }
    }

    /// <summary>Takes a session, or opens one.</summary>
    internal GradientModel Borrow()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _idle.TryTake(out GradientModel? model) ? model : Model.Start();
    }

    /// <summary>Gives a session back.</summary>
    internal void Return(GradientModel model)
    {
        _idle.Add(model);
        if (_isDisposed)
        {
            Dispose();
        }
    }
}
