namespace QosValuation.Onnx.Gradients;

/// <summary>One step from a model's graph to its gradient graph.</summary>
/// <param name="Name">The step's name.</param>
/// <param name="Run">Edits the draft; throws <see cref="QosValuationException"/> where it cannot be done.</param>
internal sealed record GradientPass(string Name, Action<GradientDraft> Run);
