namespace QosValuation;

/// <summary>How an auction chooses providers of data and what it pays them.</summary>
public enum AuctionMechanism
{
    /// <summary>
    /// Quality-weighted marginal-incentive auction (seed 002, Algorithm 1): the cheapest per value first while the reports fit the budget; each
    /// winner is paid the most it could have asked. Truthful; the payments may exceed the budget.
    /// </summary>
    QMia,

    /// <summary>One price per unit of value for all winners, the highest that the budget bears. Truthful, and never over the budget.</summary>
    ProportionalShare,

    /// <summary>
    /// The most valuable provider alone, or proportional share, whichever is worth more (Chen, Gravin and Lu, SODA 2011), with payments that
    /// account for the choice between the two. Truthful, never over the budget, and within 1 + √2 + 1 of the best.
    /// </summary>
    ConstantRatio,

    /// <summary>A clock whose prices fall, for data whose value overlaps: recommended for diversity. Truthful, and never over the budget.</summary>
    Clock,

    /// <summary>
    /// Greedy by marginal value per cost, for data whose value overlaps (Chen, Gravin and Lu). Truthful, and never over the budget.
    /// </summary>
    SubmodularGreedy,

    /// <summary>Random order until the budget is spent; winners are paid what they ask. Not truthful: a baseline.</summary>
    Random,

    /// <summary>ConstantRatio with the payments of ProportionalShare, as often written. Not truthful: a target for Test-MechanismProperty.</summary>
    NaiveConstantRatio,
}
