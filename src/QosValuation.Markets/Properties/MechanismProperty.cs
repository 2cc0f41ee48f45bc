namespace QosValuation;

/// <summary>What a mechanism may promise, and a search may refute.</summary>
public enum MechanismProperty
{
    /// <summary>No provider gains by reporting another cost than its own, whatever the others report (DSIC).</summary>
    Truthfulness,

    /// <summary>A provider that reports its own cost never loses money.</summary>
    IndividualRationality,

    /// <summary>The payments never exceed the budget, and the pool where there is one.</summary>
    Budget,

    /// <summary>A winner that asks less still wins.</summary>
    Monotonicity,

    /// <summary>No coalition can report together so that each member gains, without money moving between them.</summary>
    Collusion,

    /// <summary>
    /// No provider gains by offering its data under several names, each asking its part of the cost: not more than one name earns with all the
    /// data, or with those that are bought.
    /// </summary>
    Sybil,
}
