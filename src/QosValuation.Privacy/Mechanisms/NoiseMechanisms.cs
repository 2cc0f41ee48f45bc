namespace QosValuation.Privacy.Mechanisms;

/// <summary>The mechanisms there are.</summary>
public static class NoiseMechanisms
{
    /// <summary>All mechanisms; of the formal ones those with the stronger guarantee first.</summary>
    public static IReadOnlyList<INoiseMechanism> All { get; } =
    [
        new DiscreteGaussianMechanism(),
        new AnalyticGaussianMechanism(),
        new ClassicGaussianMechanism(),
        new ImageDpMechanism(),
        new NoNoiseMechanism(),
    ];

    /// <summary>Finds a mechanism by its name. O(1).</summary>
    /// <param name="name">The name.</param>
    /// <returns>The mechanism.</returns>
    /// <exception cref="QosValuationException"><c>MechanismNotSupported</c> for a value that is no mechanism.</exception>
    public static INoiseMechanism Of(PrivacyMechanism name)
    {
        foreach (INoiseMechanism mechanism in All)
        {
            if (mechanism.Name == name)
            {
                return mechanism;
            }
        }

        throw new QosValuationException(
            Faults.MechanismNotSupported, $"There is no mechanism {name}; use {string.Join(", ", All.Select(mechanism => mechanism.Name))}.", name);
    }
}
