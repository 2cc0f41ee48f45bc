using System.Numerics.Tensors;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Learning.Federated;

/// <summary>What attackers and free riders make of a model before it is shared (the authors' attack file; markets.md, section 7, fact 4).</summary>
internal static class Manipulation
{
    /// <summary>Changes a model as a client's behaviour says. O(p).</summary>
    /// <param name="attack">The behaviour.</param>
    /// <param name="model">The parameters; changed in place.</param>
    /// <param name="random">The source of draws.</param>
    public static void Apply(ClientAttack attack, Span<float> model, RandomSource random)
    {
        switch (attack)
        {
            case ClientAttack.SignFlip:
                TensorPrimitives.Negate(model, model);
                break;
            case ClientAttack.Shuffle:
                random.Shuffle(model);
                break;
            case ClientAttack.FreeRideConstant:
                model.Fill(1);
                break;
            case ClientAttack.FreeRideNoise:
                for (int k = 0; k < model.Length; k++)
                {
                    model[k] = (float)random.NextNormal();
                }

                break;
            default:
                break;
        }
    }
}
