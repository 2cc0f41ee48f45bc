namespace QosValuation;

/// <summary>What a client does with the model that it shares.</summary>
public enum ClientAttack
{
    /// <summary>It trains, and shares what it trained.</summary>
    None,

    /// <summary>It shares its parameters with the sign reversed.</summary>
    SignFlip,

    /// <summary>It shares its parameters in a random order.</summary>
    Shuffle,

    /// <summary>A free rider: it does not train, and shares the model that it has.</summary>
    FreeRide,

    /// <summary>A free rider that shares the number 1 for each parameter.</summary>
    FreeRideConstant,

    /// <summary>A free rider that shares standard normal noise.</summary>
    FreeRideNoise,
}
