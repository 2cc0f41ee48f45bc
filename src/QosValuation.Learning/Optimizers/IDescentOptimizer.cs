namespace QosValuation.Learning.Optimizers;

/// <summary>Moves parameters against the gradient of what is to be lowered. Not thread-safe: it keeps a state, such as momentum.</summary>
public interface IDescentOptimizer
{
    /// <summary>One step. O(parameters).</summary>
    /// <param name="parameters">The parameters, as many at every step; changed in place.</param>
    /// <param name="gradient">The gradient of what is to be lowered, in the order of the parameters.</param>
    void Descend(Span<float> parameters, ReadOnlySpan<float> gradient);

    /// <summary>Writes the state, from which another optimiser with the same settings goes on with the same bits.</summary>
    /// <param name="writer">Receives it.</param>
    void Save(BinaryWriter writer);

    /// <summary>Reads a state that <see cref="Save"/> has written.</summary>
    /// <param name="reader">Gives it.</param>
    void Restore(BinaryReader reader);
}
