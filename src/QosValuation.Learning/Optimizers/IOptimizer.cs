namespace QosValuation.Learning.Optimizers;

/// <summary>Moves parameters along the gradient of what is to be raised.</summary>
public interface IOptimizer
{
    /// <summary>One step.</summary>
    /// <param name="parameters">The parameters; changed in place.</param>
    /// <param name="gradient">The gradient of what is to be raised, in the order of the parameters.</param>
    void Ascend(float[] parameters, float[] gradient);
}
